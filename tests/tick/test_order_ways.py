"""One order by every way that it comes: a file, a push and a fetched page tell one order, whichever is first."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from tests.tick.conftest import World
from tests.tick.test_corrections import SHOPS, Shop, order, told
from tests.tick.test_duplicates import SHOP, counts, fetched, refund, trade
from tests.tick.test_recovery import same_when_rebuilt

from onepool import connect
from onepool.channels.base import Request
from onepool.collect.hooked import pushed
from onepool.imports import import_into
from onepool.standards.gathered import as_told_by_shops, event_id
from onepool.workspace import touchpoint_of

FILE = "订单号,手机号,实付金额,下单时间,付款时间\nA1,13812345601,100.00,2026-02-20 10:00:00,2026-02-20 10:05:00\n"


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("order_paid:A1", "A1:order_paid"),
        ("order_placed:S1:7", "S1:7:order_placed"),
        ("A1:order_paid", "A1:order_paid"),
        ("order_refunded:A1:R1", "R1:refunded"),
        ("order_refunded:A1", "order_refunded:A1"),
        ("order_refunded:A1:=30", "order_refunded:A1:=30"),
        ("order_refunded:A1:R1:=30", "order_refunded:A1:R1:=30"),
        ("order_corrected:A1:30", "order_corrected:A1:30"),
        ("order_paid", "order_paid"),
        ("order_paid:", "order_paid:"),
        ("", ""),
    ],
)
def test_a_step_has_one_identity(written: str, wanted: str) -> None:
    assert as_told_by_shops(written) == wanted
    assert event_id("shop", written) == event_id("shop", wanted)


def _imported(world: World, folder: Path, content: str = FILE, touchpoint: str = "shop") -> None:
    path = folder / "orders.csv"
    path.write_text(content, encoding="utf-8")
    world.restart()
    import_into(world.workspace, "orders", [path], touchpoint=touchpoint)
    world.restart()
    world.clock.advance(timedelta(minutes=10))


def _pushed(world: World, shop: Shop) -> None:
    """The steps of the order as Youzan pushes them."""
    whole = json.loads(shop.page("100.00", "0.00", True))["data"]["full_order_info_list"][0]
    for kind in ("trade_TradeCreate", "trade_TradePaid"):
        body = {"client_id": "c", "id": "A1", "kdt_id": 5, "type": kind, "msg": quote_plus(json.dumps(whole))}
        request = Request("POST", "", "", {}, json.dumps(body).encode(), "")
        world.workspace.log.append([pushed(request, shop.account, world.clock.now(), None)])
    world.settle()


@pytest.mark.parametrize(
    ("name", "ways"),
    [
        ("jd", "fetch file fetch"),
        ("tmall", "file fetch file"),
        ("xiaohongshu", "file fetch"),
        ("youzan", "file push fetch"),
        ("youzan", "push file"),
    ],
)
def test_an_order_is_one_whichever_way_it_comes(world: World, name: str, ways: str, tmp_path: Path) -> None:
    shop = SHOPS[name]
    world.define("touchpoint", "shop", channel=name, title="shop", settings=shop.account.settings)
    for way in ways.split():
        if way == "file":
            _imported(world, tmp_path)
        elif way == "push":
            _pushed(world, shop)
        else:
            told(world, shop, "100.00")
    assert counts(world) == {"order_placed": 1, "order_paid": 1}
    assert order(world)[:3] == ("A1", "paid", 100)
    same_when_rebuilt(world, tmp_path)


REFUND = (
    "订单号,手机号,实付金额,下单时间,付款时间,完成时间,退款单号,退款金额,退款时间\n"
    "T1,13812345601,100.00,2026-02-20 10:00:00,2026-02-20 10:05:00,2026-02-28 10:00:00,R1,30.00,2026-02-28 11:00:00\n"
)


@pytest.mark.parametrize("first", ["file", "fetch"])
def test_a_refund_in_part_is_one_and_leaves_a_completed_order_completed(
    world: World, first: str, tmp_path: Path
) -> None:
    world.define("touchpoint", "tm", channel="tmall", title="tm", settings={"app_key": "k"})
    for way in (first, "fetch" if first == "file" else "file"):
        if way == "file":
            _imported(world, tmp_path, REFUND, "tm")
        else:
            fetched(world, SHOP, "trades", json.dumps(trade("2026-02-28 10:00:00")).encode())
            fetched(world, SHOP, "refunds", json.dumps(refund("2026-02-28 11:00:00")).encode())
    assert counts(world) == {"order_placed": 1, "order_paid": 1, "order_completed": 1, "order_refunded": 1}
    assert order(world) == ("T1", "completed", 100, None, 30)
    assert world.value("SELECT net_amount FROM analyst.orders") == 70
    same_when_rebuilt(world, tmp_path)


def _numbered(world: World, *refunds: tuple[str, str]) -> None:
    """Refunds with numbers, as the shop's page tells them."""
    for number, amount in refunds:
        page = refund("2026-02-28 11:00:00")
        (one,) = page["refunds_receive_get_response"]["refunds"]["refund"]
        one.update(refund_id=number, refund_fee=amount)
        fetched(world, SHOP, "refunds", json.dumps(page).encode())


def _unnumbered(world: World, folder: Path, amount: str) -> None:
    _imported(world, folder, REFUND.replace(",R1,30.00,", f",,{amount},"), "tm")


@pytest.mark.parametrize("first", ["file", "fetch"])
def test_a_refund_without_a_number_in_a_file_and_with_one_in_the_shop_is_one(
    world: World, first: str, tmp_path: Path
) -> None:
    world.define("touchpoint", "tm", channel="tmall", title="tm", settings={"app_key": "k"})
    for way in (first, "fetch" if first == "file" else "file"):
        if way == "file":
            _unnumbered(world, tmp_path, "30.00")
        else:
            _numbered(world, ("R1", "30.00"))
        assert order(world)[4] == 30
    # What comes after adds up, with numbers or in a later file, and neither counts what the other told.
    _numbered(world, ("R2", "20.00"))
    assert order(world)[4] == 50
    for amount, whole in (("50.00", 50), ("30.00", 50), ("60.00", 60), ("55.00", 55), ("10.00", 50)):
        _unnumbered(world, tmp_path, amount)
        assert order(world)[4] == whole
    _numbered(world, ("R3", "25.00"), ("R3", "25.00"))
    assert order(world)[4] == 75
    same_when_rebuilt(world, tmp_path)


def test_a_later_file_says_more_than_the_numbered_refunds(world: World, tmp_path: Path) -> None:
    world.define("touchpoint", "tm", channel="tmall", title="tm", settings={"app_key": "k"})
    _numbered(world, ("R1", "30.00"))
    _unnumbered(world, tmp_path, "45.00")
    assert order(world)[4] == 45
    _numbered(world, ("R2", "15.00"))
    assert order(world)[4] == 45
    assert world.value("SELECT net_amount FROM analyst.orders") == 55
    same_when_rebuilt(world, tmp_path)


def _made_before(world: World) -> None:
    """The pool as an earlier OnePool left it: files' steps by names of their own, and no stages."""
    world.worker.close()
    with world.workspace.pool.write() as session:
        found = session.query(
            "SELECT seq, touchpoint, event, order_id, refund_id FROM events WHERE order_id IS NOT NULL"
        )
        for row in found.to_pylist():
            number = f":{row['refund_id']}" if row["event"] == "order_refunded" else ""
            written = f"{row['touchpoint']}\0{row['event']}:{row['order_id']}{number}"
            old = hashlib.blake2b(written.encode(), digest_size=16).hexdigest()
            session.execute("UPDATE events SET event_id = $id::UUID WHERE seq = $seq", {"id": old, "seq": row["seq"]})
        session.execute("UPDATE orders SET status = 'refunded'")
        for column in ("refunded_numbered", "refunded_unnumbered"):
            session.execute(f"ALTER TABLE orders DROP COLUMN {column}")
        session.execute("ALTER TABLE orders DROP COLUMN stage")
        session.execute("ALTER TABLE orders DROP COLUMN stage_at")
        session.execute("DELETE FROM meta WHERE key = 'orders'")
    world.restart()


def test_a_pool_that_was_made_before_knows_its_orders_by_the_names_of_now(world: World, tmp_path: Path) -> None:
    world.define("touchpoint", "tm", channel="tmall", title="tm", settings={"app_key": "k"})
    _imported(world, tmp_path, REFUND, "tm")
    wanted = counts(world)
    named = world.rows("SELECT seq, event_id FROM events ORDER BY seq")
    _made_before(world)
    world.drain()
    assert order(world) == ("T1", "completed", 100, None, 30)
    assert world.rows("SELECT seq, event_id FROM events ORDER BY seq") == named
    _imported(world, tmp_path, REFUND, "tm")
    fetched(world, SHOP, "trades", json.dumps(trade("2026-02-28 10:00:00")).encode())
    fetched(world, SHOP, "refunds", json.dumps(refund("2026-02-28 11:00:00")).encode())
    assert counts(world) == wanted == dict.fromkeys(wanted, 1)


def test_a_push_that_is_delivered_again_is_told_apart_where_the_latest_arrivals_are_shown(world: World) -> None:
    """Before the pool has it, and after; another step of the order is none."""
    shop = SHOPS["youzan"]
    world.define("touchpoint", "shop", channel="youzan", title="shop", settings=shop.account.settings)
    workspace = world.workspace
    touchpoint = touchpoint_of("shop", {"touchpoint": "shop", "channel": "youzan", "settings": shop.account.settings})

    def repeated(after: int = 0) -> list[bool]:
        records = connect.records_of(workspace.log, "shop", 20, after)
        found = connect.arrivals(records, workspace.standard(), workspace.standard_settings, touchpoint)
        with workspace.pool.read() as session:
            again = connect.repeats(session, found)
        return [one.offset in again for one in reversed(found)]

    whole = json.loads(shop.page("100.00", "0.00", True))["data"]["full_order_info_list"][0]
    body = {"client_id": "c", "id": "A1", "kdt_id": 5, "type": "trade_TradePaid", "msg": quote_plus(json.dumps(whole))}

    def push() -> None:
        request = Request("POST", "", "", {}, json.dumps(body).encode(), "")
        workspace.log.append([pushed(request, shop.account, world.clock.now(), None)])
        world.clock.advance(timedelta(seconds=5))

    push()
    push()
    assert repeated() == [False, True]
    world.settle()
    assert repeated() == [False, True]
    end = workspace.log.end()
    push()
    assert repeated(end) == [True], "what it repeats lies before what is asked for"
    body["id"], body["msg"] = "A2", quote_plus(json.dumps(whole).replace("A1", "A2"))
    push()
    assert repeated() == [False, True, True, False]
    assert counts(world) == {"order_paid": 1}
