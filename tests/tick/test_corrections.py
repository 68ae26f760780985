"""Orders that are fetched again with other figures: what a platform says otherwise now is what the pool has then."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
import zstandard
from tests.tick.conftest import World
from tests.tick.test_duplicates import counts, fetched, pushed_trade
from tests.tick.test_recovery import same_when_rebuilt

from onepool.channels.base import Account, Request
from onepool.collect.hooked import pulled, pushed

AT, PAID = "2026-02-20 10:00:00", "2026-02-20 10:05:00"
MS, PAID_MS = 1_771_552_800_000, 1_771_553_100_000


class Shop(NamedTuple):
    """A shop and how it shows its one order: amount and discount in yuan, and whether it is paid."""

    account: Account
    call: str
    page: Callable[[str, str, bool], bytes]
    discounts: bool = True


def _top(amount: str, discount: str, paid: bool) -> bytes:
    trade = {"tid": "A1", "status": "TRADE", "payment": amount, "discount_fee": discount, "created": AT,
             "pay_time": PAID if paid else None, "buyer_open_uid": "B1"}  # fmt: skip
    return _json({"trades_sold_increment_get_response": {"total_results": 1, "trades": {"trade": [trade]}}})


def _jd(amount: str, discount: str, paid: bool) -> bytes:
    order = {"orderId": "A1", "orderState": "WAIT", "orderPayment": amount, "sellerDiscount": discount,
             "orderStartTime": AT, "paymentConfirmTime": PAID if paid else "0001-01-01 00:00:00",
             "open_id_buyer": "B1"}  # fmt: skip
    result = {"apiResult": {"success": True}, "orderTotal": 1, "orderInfoList": [order]}
    return _json({"jingdong_pop_order_search_responce": {"code": "0", "searchorderinfo_result": result}})


def _youzan(amount: str, discount: str, paid: bool) -> bytes:
    whole = {
        "full_order_info": {
            "order_info": {"tid": "A1", "created": AT, "pay_time": PAID if paid else "", "update_time": PAID},
            "buyer_info": {"yz_open_id": "B1"}, "pay_info": {"payment": amount},
        },
        "order_promotion": {"order_discount_fee": discount},
    }  # fmt: skip
    return _json({"success": True, "data": {"full_order_info_list": [whole], "total_results": 1}})


def _xiaohongshu(amount: str, discount: str, paid: bool) -> bytes:
    del discount  # not told
    order = {"orderId": "A1", "orderStatus": 2, "totalPayAmount": int(Decimal(amount) * 100), "createdTime": MS,
             "paidTime": PAID_MS if paid else 0, "userOpenId": "B1"}  # fmt: skip
    return _json({"success": True, "error_code": 0, "data": order})


_TABLE = {
    "name": "sales", "table": "sale", "kind": "order", "key": "id", "ids": {"member_no": "member"},
    "fields": {"order_id": "no", "amount": "total", "discount": "off", "refund_amount": "back"},
    "steps": {"placed": "placed", "paid": "paid", "refunded": "returned"},
}  # fmt: skip
_COLUMNS = ["~key", "~at", "id", "no", "member", "total", "off", "back", "placed", "paid", "returned"]


def _row(amount: str, discount: str, paid: bool, back: str | None = None) -> bytes:
    head = {"table": "sales", "columns": _COLUMNS, "run": "1"}
    at = "2026-02-20T10:00:00+08:00"
    row = ["1", None, 1, "A1", "M1", amount, discount, back, at, at if paid else None, at if back else None]
    return zstandard.compress(b"\n".join((msgspec.json.encode(head), msgspec.json.encode(row))))


def _json(content: dict[str, Any]) -> bytes:
    return json.dumps(content).encode()


SHOPS = {
    "tmall": Shop(Account("shop", "tmall", {"app_key": "k"}), "trades", _top),
    "taobao": Shop(Account("shop", "taobao", {"app_key": "k"}), "trades", _top),
    "jd": Shop(Account("shop", "jd", {"app_key": "k"}), "orders", _jd),
    "youzan": Shop(Account("shop", "youzan", {"client_id": "c", "kdt_id": "5"}), "orders", _youzan),
    "xiaohongshu": Shop(Account("shop", "xiaohongshu", {"app_id": "x"}), "orders", _xiaohongshu, discounts=False),
    "store": Shop(Account("shop", "store", {"url": "env:X", "tables": [_TABLE]}), "sales", _row),
}


@pytest.fixture(params=sorted(SHOPS))
def shop(request: pytest.FixtureRequest, world: World) -> Shop:
    found = SHOPS[request.param]
    world.define("touchpoint", "shop", channel=found.account.channel, title="shop", settings=found.account.settings)
    return found


def told(world: World, shop: Shop, amount: str, discount: str = "0.00", *, paid: bool = True) -> None:
    fetched(world, shop.account, shop.call, shop.page(amount, discount, paid))
    world.clock.advance(timedelta(minutes=10))


def order(world: World) -> tuple[Any, ...]:
    (found,) = world.rows("SELECT order_id, status, amount, discount, refunded_amount FROM orders")
    return tuple(found.values())


def test_what_is_fetched_again_with_another_amount_is_corrected(world: World, shop: Shop, tmp_path: Path) -> None:
    told(world, shop, "100.00")
    told(world, shop, "100.00")
    assert counts(world) == {"order_placed": 1, "order_paid": 1}
    told(world, shop, "90.00")
    assert order(world)[:3] == ("A1", "paid", 90)
    told(world, shop, "90.00")
    # Paid is paid once: nobody paid again because a price was changed.
    assert counts(world) == {"order_placed": 1, "order_paid": 1, "order_corrected": 1}
    # Months later, and back to what it was: a page tells what holds now.
    world.clock.advance(timedelta(days=40))
    world.restart()
    told(world, shop, "100.00")
    told(world, shop, "100.00")
    assert order(world)[2] == 100
    amounts = world.rows("SELECT event, amount FROM events ORDER BY seq")
    assert [float(one["amount"]) for one in amounts] == [100.0, 100.0, 90.0, 100.0]
    assert world.value("SELECT count(DISTINCT identifier_id) FROM events") == 1
    same_when_rebuilt(world, tmp_path)


def test_a_price_changed_before_it_is_paid(world: World, shop: Shop, tmp_path: Path) -> None:
    told(world, shop, "100.00", paid=False)
    told(world, shop, "80.00", paid=False)
    assert order(world)[1:3] == ("placed", 80)
    # Paid, it describes itself.
    told(world, shop, "75.00")
    assert counts(world) == {"order_placed": 1, "order_corrected": 1, "order_paid": 1}
    assert order(world)[1:3] == ("paid", 75)
    # What was placed says no more of it.
    told(world, shop, "100.00", paid=False)
    assert counts(world)["order_corrected"] == 1 and order(world)[2] == 75
    same_when_rebuilt(world, tmp_path)


@pytest.mark.parametrize("shop", sorted(name for name, one in SHOPS.items() if one.discounts), indirect=True)
def test_a_discount_given_later(world: World, shop: Shop, tmp_path: Path) -> None:
    told(world, shop, "100.00")
    told(world, shop, "100.00", "20.00")
    assert order(world)[2:4] == (100, 20)
    assert counts(world)["order_corrected"] == 1
    same_when_rebuilt(world, tmp_path)


def test_pages_of_one_batch_are_as_pages_of_many(world: World, shop: Shop, tmp_path: Path) -> None:
    for amount in ("100.00", "90.00", "90.00", "100.00"):
        body = shop.page(amount, "0.00", True)
        world.workspace.log.append([pulled(shop.account, shop.call, body, world.clock.now())])
    world.settle()
    assert counts(world) == {"order_placed": 1, "order_paid": 1, "order_corrected": 2}
    assert order(world)[2] == 100
    same_when_rebuilt(world, tmp_path)


def test_a_row_whose_refund_grew(world: World, tmp_path: Path) -> None:
    shop = SHOPS["store"]
    world.define("touchpoint", "shop", channel="store", title="shop", settings=shop.account.settings)
    for back in ("30.00", "30.00", "50.00", "50.00", "40.00"):
        fetched(world, shop.account, shop.call, _row("100.00", "0.00", True, back))
        world.clock.advance(timedelta(days=20))
    assert counts(world) == {"order_placed": 1, "order_paid": 1, "order_refunded": 3}
    assert order(world)[2:] == (100, 0, 40)
    found = world.rows("SELECT amount, fields FROM events WHERE event = 'order_refunded' ORDER BY seq")
    assert [float(one["amount"]) for one in found] == [30.0, 20.0, -10.0]
    assert [json.loads(one["fields"])["amount"] for one in found] == [30, 20, -10]
    same_when_rebuilt(world, tmp_path)


def test_a_push_that_comes_late_corrects_nothing(world: World, tmp_path: Path) -> None:
    shop = SHOPS["youzan"]
    world.define("touchpoint", "shop", channel="youzan", title="shop", settings=shop.account.settings)
    body = json.loads(pushed_trade("2026-02-20 10:06:00").decode().replace("E1", "A1"))
    request = Request("POST", "", "", {}, json.dumps(body).encode(), "")
    told(world, shop, "100.00")
    told(world, shop, "90.00")
    world.workspace.log.append([pushed(request, shop.account, world.clock.now(), None)])
    world.settle()
    assert order(world)[2] == 90
    same_when_rebuilt(world, tmp_path)
