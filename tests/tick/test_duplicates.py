"""Orders that are told again as a whole, long after: by platforms, and by tables that are read from their start."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import msgspec
import zstandard
from tests.tick.conftest import World
from tests.tick.test_recovery import same_when_rebuilt

from onepool.channels import registry
from onepool.channels.base import Account, Answer, Page, Request
from onepool.collect.hooked import pulled, pushed

SHOP = Account("tm", "tmall", {"app_key": "k"})
TABLE = {
    "name": "sales", "table": "sale", "kind": "order", "key": "id", "ids": {"member_no": "member"},
    "fields": {"order_id": "no", "amount": "total", "refund_amount": "back"},
    "steps": {"paid": "paid", "refunded": "returned"},
}  # fmt: skip
TILL = Account("till", "store", {"url": "env:X", "tables": [TABLE]})


def trade(modified: str) -> dict[str, Any]:
    """A page with one finished trade, as it is after any later change of a memo or a review."""
    one = {
        "tid": "T1", "status": "TRADE_FINISHED", "payment": "100.00", "created": "2026-02-20 10:00:00",
        "pay_time": "2026-02-20 10:05:00", "end_time": "2026-02-28 10:00:00", "modified": modified,
        "buyer_open_uid": "B1",
    }  # fmt: skip
    return {"trades_sold_increment_get_response": {"total_results": 1, "trades": {"trade": [one]}}}


def refund(modified: str) -> dict[str, Any]:
    one = {
        "refund_id": "R1", "tid": "T1", "status": "SUCCESS", "refund_fee": "30.00", "created": "2026-02-25 10:00:00",
        "modified": modified, "buyer_open_uid": "B1",
    }  # fmt: skip
    return {"refunds_receive_get_response": {"refunds": {"refund": [one]}}}


def fetched(world: World, account: Account, call: str, body: bytes) -> None:
    world.workspace.log.append([pulled(account, call, body, world.clock.now())])
    world.settle()


def counts(world: World) -> dict[str, int]:
    found = world.rows("SELECT event, count(*) AS n FROM events GROUP BY event ORDER BY event")
    return {row["event"]: row["n"] for row in found}


def test_a_trade_that_changes_again_after_a_month_counts_once(world: World, tmp_path: Path) -> None:
    world.define("touchpoint", "tm", channel="tmall", title="tm", settings={"app_key": "k"})
    fetched(world, SHOP, "trades", json.dumps(trade("2026-02-28 10:00:00")).encode())
    fetched(world, SHOP, "refunds", json.dumps(refund("2026-02-28 11:00:00")).encode())
    told = counts(world)
    assert told == {"order_placed": 1, "order_paid": 1, "order_completed": 1, "order_refunded": 1}
    for _ in range(2):
        world.clock.advance(timedelta(days=32))
        world.restart()
        fetched(world, SHOP, "trades", json.dumps(trade("2026-04-02 12:00:00")).encode())
        fetched(world, SHOP, "refunds", json.dumps(refund("2026-04-02 13:00:00")).encode())
    assert counts(world) == told
    (order,) = world.rows("SELECT order_id, amount, refunded_amount FROM orders")
    assert (order["order_id"], float(order["amount"]), float(order["refunded_amount"])) == ("T1", 100.0, 30.0)
    same_when_rebuilt(world, tmp_path)


def test_a_table_that_is_read_whole_again_and_again_counts_once(world: World, tmp_path: Path) -> None:
    world.define("touchpoint", "till", channel="store", title="till", settings={"url": "env:X", "tables": [TABLE]})
    head = {"table": "sales", "columns": ["~key", "~at", "id", "no", "member", "total", "back", "paid", "returned"]}
    row = ["1", None, 1, "S1", "M1", "80.00", "20.00", "2026-02-20T10:00:00+08:00", "2026-02-21T10:00:00+08:00"]
    for run in range(3):
        lines = [msgspec.json.encode({**head, "run": str(run)}), msgspec.json.encode(row)]
        fetched(world, TILL, "sales", zstandard.compress(b"\n".join(lines)))
        world.clock.advance(timedelta(days=32))
    assert counts(world) == {"order_paid": 1, "order_refunded": 1}
    assert float(world.value("SELECT refunded_amount FROM orders")) == 20.0
    same_when_rebuilt(world, tmp_path)


def pushed_trade(memo: str) -> bytes:
    """A message with one whole paid trade, as it is after any later change."""
    order = {"tid": "E1", "created": "2026-02-20 10:00:00", "pay_time": "2026-02-20 10:05:00", "update_time": memo}
    whole = {
        "order_info": order, "buyer_info": {"yz_open_id": "A"}, "pay_info": {"payment": "100.00"},
        "orders": [{"oid": "1", "item_id": 7, "num": 1, "price": "100.00"}],
    }  # fmt: skip
    message = quote_plus(json.dumps({"full_order_info": whole}))
    return json.dumps({"client_id": "c", "id": "E1", "kdt_id": 5, "type": "trade_TradePaid", "msg": message}).encode()


def test_an_order_that_is_pushed_again_after_a_month_counts_once(world: World, tmp_path: Path) -> None:
    world.define("touchpoint", "yz", channel="youzan", title="yz", settings={"client_id": "c", "kdt_id": "5"})
    account = Account("yz", "youzan", {"client_id": "c", "kdt_id": "5"})
    for day in range(3):
        request = Request("POST", "", "", {}, pushed_trade(f"2026-03-0{day + 1} 10:00:00"), "")
        world.workspace.log.append([pushed(request, account, world.clock.now(), None)])
        world.settle()
        world.clock.advance(timedelta(days=32))
        world.restart()
    told = counts(world)
    assert told["order_paid"] == 1 and set(told.values()) == {1}
    (order,) = world.rows("SELECT order_id, amount FROM orders")
    assert (order["order_id"], float(order["amount"])) == ("E1", 100.0)
    same_when_rebuilt(world, tmp_path)


def test_points_that_go_back_are_those_of_the_latest_page(world: World, tmp_path: Path) -> None:
    world.define("touchpoint", "yz", channel="youzan", title="yz", settings={"client_id": "c", "kdt_id": "5"})
    account = Account(
        "yz", "youzan", {"client_id": "c", "kdt_id": "5", "customers_api": "youzan.scrm.customer.list/1.0.0"}
    )
    stream = registry.channel("youzan").streams["customers"]
    for points in (100, 50, 100):
        body = {"success": True, "data": {"record_list": [{"yz_open_id": "A", "nick_name": "笑", "points": points}]}}
        assert stream.start is not None
        steps = stream.start(replace(account, endpoints={"api": "https://x.test"}), {}, world.clock.now())
        next(steps)
        page = steps.send(Answer(200, json.dumps(body).encode()))
        assert isinstance(page, Page)
        for _ in range(2):  # a page comes twice after a crash
            fetched(world, account, page.call, page.body)
        world.clock.advance(timedelta(hours=1))
    assert int(world.value("SELECT points_balance FROM profiles")) == 100
    assert int(world.value("SELECT count(*) FROM attribute_facts WHERE attribute = 'points_balance'")) == 3
    same_when_rebuilt(world, tmp_path)


def test_a_push_that_two_collectors_take_is_one_event(world: World, tmp_path: Path) -> None:
    """A signature of plain mode that somebody kept: it carries the same body only, and that one counts once."""
    settings = {"appid": "wx1", "mode": "plain"}
    world.define("touchpoint", "oa", channel="wechat_oa", title="oa", settings=settings)
    body = (
        b"<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><CreateTime>1771552800</CreateTime>"
        b"<MsgType>text</MsgType><Content>hello</Content><MsgId>23456789012345678</MsgId></xml>"
    )
    for _ in range(3):
        record = pushed(
            Request("POST", "", "", {}, body, ""), Account("oa", "wechat_oa", settings), world.clock.now(), None
        )
        world.workspace.log.append([record])
        world.settle()
        world.clock.advance(timedelta(minutes=2))
    assert counts(world) == {"message_received": 1}
    same_when_rebuilt(world, tmp_path)
