"""Lists of platforms while their rows change: what leaves a window lets others move up, and none of those is missed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.channels import cases

from onepool.channels.base import Account, Answer, Call, Page, PullFailed
from onepool.collect import hooked

NOW = datetime(2026, 1, 2, 4, 0, tzinfo=UTC)
CHINA = ZoneInfo("Asia/Shanghai")


@dataclass
class Shop:
    """Orders with the time of their last change; between two calls some of them change."""

    random: Random
    now: datetime
    changed: dict[str, datetime]
    seen: dict[str, datetime] = field(default_factory=dict)

    def window(self, since: datetime, until: datetime) -> list[str]:
        found = sorted((at, number) for number, at in self.changed.items() if since <= at < until)
        return [number for _, number in found]

    def tick(self) -> None:
        self.now += timedelta(seconds=1)
        for number in self.random.sample(sorted(self.changed), 3):
            self.changed[number] = self.now


def _wall(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)


def _top(shop: Shop, call: Call) -> dict[str, Any]:
    form = dict(call.form or {})
    rows = shop.window(_wall(form["start_modified"]), _wall(form["end_modified"]))
    page, size = int(form["page_no"]), int(form["page_size"])
    trades = [{"tid": one, "created": "2026-01-01 10:00:00"} for one in rows[(page - 1) * size : page * size]]
    return {"trades_sold_increment_get_response": {"total_results": len(rows), "trades": {"trade": trades}}}


def _jd(shop: Shop, call: Call) -> dict[str, Any]:
    asked = json.loads(dict(call.form or {})["360buy_param_json"])
    rows = shop.window(_wall(asked["start_date"]), _wall(asked["end_date"]))
    page, size = asked["page"], asked["page_size"]
    orders = [
        {"orderId": one, "orderStartTime": "2026-01-01 10:00:00"} for one in rows[(page - 1) * size : page * size]
    ]
    found = {"orderTotal": len(rows), "orderInfoList": orders}
    return {"jingdong_pop_order_search_responce": {"code": "0", "searchorderinfo_result": found}}


def _youzan(shop: Shop, call: Call) -> dict[str, Any]:
    asked = call.json
    rows = shop.window(_wall(asked["start_update"]), _wall(asked["end_update"]))
    page, size = asked["page_no"], asked["page_size"]
    orders = [
        {"full_order_info": {"order_info": {"tid": one, "created": "2026-01-01 10:00:00"}}}
        for one in rows[(page - 1) * size : page * size]
    ]
    return {"success": True, "code": 200, "data": {"full_order_info_list": orders, "total_results": len(rows)}}


def _youzan_customers(shop: Shop, call: Call) -> dict[str, Any]:
    asked = call.json
    since = datetime.fromtimestamp(asked["customer"]["updated_at_start"], UTC)
    rows = shop.window(since, shop.now + timedelta(seconds=1))
    page, size = asked["page_no"], asked["page_size"]
    listed = [{"yz_open_id": one, "nick_name": one} for one in rows[(page - 1) * size : page * size]]
    return {"success": True, "code": 200, "data": {"record_list": listed}}


def _xiaohongshu(shop: Shop, call: Call) -> dict[str, Any]:
    asked = call.json
    if asked["method"] == "order.getOrderDetail":
        return {"success": True, "data": {"orderId": asked["orderId"], "createdTime": 1767232800000}}
    unit = 1000 if asked["method"].startswith("afterSale") else 1
    since, until = (datetime.fromtimestamp(asked[name] / unit, UTC) for name in ("startTime", "endTime"))
    rows = shop.window(since, until)
    page, size = asked["pageNo"], asked["pageSize"]
    listed = rows[(page - 1) * size : page * size]
    if unit == 1:
        orders = [{"orderId": one} for one in listed]
        return {"success": True, "data": {"maxPageNo": max(1, -(-len(rows) // size)), "orderList": orders}}
    refunds = [{"returnsId": one, "orderId": one, "createTime": 1767232800000} for one in listed]
    return {"success": True, "data": {"haveMore": page * size < len(rows), "afterSaleInfos": refunds}}


PLATFORMS: Mapping[str, tuple[str, str, Any]] = {
    "tmall": ("tmall", "trades", _top),
    "jd": ("jd", "orders", _jd),
    "youzan": ("youzan", "orders", _youzan),
    "customers": ("youzan", "customers", _youzan_customers),
    "xiaohongshu": ("xiaohongshu", "orders", _xiaohongshu),
    "after-sales": ("xiaohongshu", "after_sales", _xiaohongshu),
}


def _pull(shop: Shop, name: str, cursor: dict[str, Any], *, changing: bool) -> dict[str, Any]:
    """One run of a stream; returns its cursor. What was read goes into ``shop.seen``."""
    channel, stream, answer = PLATFORMS[name]
    table = next(one for one in cases.tables() if one.name == channel)
    account: Account = table.account({})
    start = table.channel.streams[stream].start
    assert start is not None
    steps = start(account, cursor, shop.now)
    given: Answer | None = None
    while True:
        try:
            step = steps.send(given)
        except StopIteration:
            return cursor
        given = None
        if isinstance(step, Page):
            items, _ = cases.items_of(hooked.pulled(account, step.call, step.body, shop.now))
            for item in items:
                shop.seen[item["fields"]["order_id"] if "fields" in item else item["ids"][0][2]] = shop.now
            cursor = step.cursor if step.cursor is not None else cursor
            continue
        if changing:
            shop.tick()
        given = Answer(200, json.dumps(answer(shop, step)).encode())


@pytest.mark.parametrize("name", PLATFORMS)
def test_what_moves_up_while_pages_are_read_is_not_missed(name: str) -> None:
    random = Random(7)
    # Several pages within one window, and many orders changed in one second.
    changed = {f"N{number:04d}": NOW - timedelta(seconds=600 + number // 40) for number in range(430)}
    shop = Shop(random, NOW, changed)
    cursor: dict[str, Any] = {"since": (NOW - timedelta(minutes=25)).isoformat()}
    before = dict(changed)
    cursor = _pull(shop, name, cursor, changing=True)
    still = {number for number, at in before.items() if shop.changed[number] == at}
    assert len(still) < len(before), "nothing moved: the test shows nothing"
    assert still <= set(shop.seen), "an order that stood behind others and did not change was passed over"
    shop.now += timedelta(minutes=5)
    _pull(shop, name, cursor, changing=False)
    assert set(shop.seen) == set(before)
    late = {number for number, at in shop.changed.items() if shop.seen[number] < at}
    assert not late, "a change after the first run was not read by the second"


def test_more_pages_than_the_platform_shows_are_read_in_smaller_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("xiaohongshu", "youzan"):
        monkeypatch.setattr(f"onepool.channels.{module}.pull._PAGES", 2)
    for name in ("xiaohongshu", "after-sales", "youzan"):
        shop = Shop(Random(1), NOW, {f"N{n:04d}": NOW - timedelta(seconds=200 + 3 * n) for n in range(380)})
        cursor = _pull(shop, name, {"since": (NOW - timedelta(minutes=25)).isoformat()}, changing=False)
        assert set(shop.seen) == set(shop.changed)
        assert cursor == {"since": (NOW - timedelta(seconds=60)).isoformat()}


@pytest.mark.parametrize("name", ["xiaohongshu", "after-sales", "youzan"])
def test_more_pages_in_a_second_than_are_shown_are_never_cut_silently(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("xiaohongshu", "youzan"):
        monkeypatch.setattr(f"onepool.channels.{module}.pull._PAGES", 2)
    shop = Shop(Random(1), NOW, {f"N{n:04d}": NOW - timedelta(seconds=200) for n in range(301)})
    with pytest.raises(PullFailed) as failed:
        _pull(shop, name, {"since": (NOW - timedelta(minutes=25)).isoformat()}, changing=False)
    assert failed.value.code == "too-many-pages" and "2 pages" in failed.value.message
