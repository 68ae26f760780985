"""Fetching at the platform's pace: its quota of calls, answers that put a call off, and what is not asked for again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.sandbox.loop import SETTINGS

from onepool.channels import registry
from onepool.channels.base import Account, Answer, Cursor, Page, PullFailed
from onepool.channels.connection import Connection
from onepool.channels.pacing import TRIES, Pace, Stopped, put_off
from onepool.clock import FakeClock

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
BUSY = {"success": False, "error_code": -1, "error_msg": "接口调用频率超限"}


class Shop:
    """Xiaohongshu with so many orders changed in the last half hour; `refuse` answers a call instead."""

    def __init__(self, orders: int) -> None:
        self.clock = FakeClock(NOW)
        self.orders = [f"P{number}" for number in range(orders)]
        self.asked: list[str] = []
        self.times: list[datetime] = []
        self.refuse: Callable[[str], Any] = lambda what: None
        self.waited = 0.0
        self.stop = False
        account = Account("xhs", "xiaohongshu", {**SETTINGS["xiaohongshu"], "first_days": 0, "lag_seconds": 0},
                          {}, {"api": "http://xhs.test"})  # fmt: skip
        client = httpx.Client(transport=httpx.MockTransport(self._answer))
        self.line = Connection(registry.channel("xiaohongshu"), account, self.clock, client)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        what = str(body.get("orderId") or f"page {body['pageNo']}")
        self.asked.append(what)
        self.times.append(self.clock.now())
        refused = self.refuse(what)
        if refused is not None:
            return refused if isinstance(refused, httpx.Response) else httpx.Response(200, json=refused)
        if "orderId" in body:
            return httpx.Response(200, json={"success": True, "data": {"orderId": what, "updateTime": 1}})
        changed = (NOW - timedelta(minutes=10)).timestamp() * (1000 if body["startTime"] > 10**11 else 1)
        there = self.orders if body["startTime"] <= changed <= body["endTime"] else []
        page = there[(body["pageNo"] - 1) * 100 : body["pageNo"] * 100]
        said = {"orderList": [{"orderId": one} for one in page], "maxPageNo": -(-len(there) // 100)}
        return httpx.Response(200, json={"success": True, "data": said})

    def wait(self, seconds: float) -> bool:
        self.waited += seconds
        self.clock.advance(timedelta(seconds=seconds))
        return self.stop

    def run(self, cursor: Cursor) -> tuple[list[Page], Cursor, str]:
        """A run: its pages, where the cursor stands then, and why it ended."""
        pages: list[Page] = []
        stream = registry.channel("xiaohongshu").streams["orders"]
        try:
            for page in self.line.pull(stream, cursor, self.wait):
                pages.append(page)
                cursor = page.cursor if page.cursor is not None else cursor
        except (PullFailed, Stopped) as failed:
            return pages, cursor, str(failed) or type(failed).__name__
        return pages, cursor, ""


SINCE = {"since": (NOW - timedelta(minutes=20)).isoformat()}


def test_calls_keep_to_the_platforms_pace() -> None:
    shop = Shop(100)
    pages, _, why = shop.run(SINCE)
    assert why == "" and len([page for page in pages if page.call == "order_detail"]) == 100
    # Ten a second (unverified).
    for number in range(len(shop.times) - 10):
        assert shop.times[number + 10] - shop.times[number] >= timedelta(seconds=0.999)
    assert shop.waited == pytest.approx((len(shop.times) - 1) / 10, abs=0.1)


def test_a_pace_by_a_clock_that_stands_still_does_not_add_up() -> None:
    pace = Pace(registry.channel("xiaohongshu").manifest, FakeClock(NOW))
    assert [round(pace.turn(), 3) for _ in range(14)] == [0.0] + [0.1] * 13
    assert Pace(registry.channel("wecom").manifest, FakeClock(NOW)).turn() == 0.0


@pytest.mark.parametrize("refusal", [BUSY, httpx.Response(429), httpx.Response(429, headers={"retry-after": "7"})])
def test_what_is_put_off_is_asked_for_again_and_the_run_goes_on(refusal: Any) -> None:
    shop = Shop(200)
    shop.refuse = lambda what: refusal if len(shop.asked) % 50 == 0 else None
    pages, cursor, why = shop.run(SINCE)
    assert why == ""
    kept = Counter(json.loads(page.body)["data"]["orderId"] for page in pages if page.call == "order_detail")
    assert kept == Counter(shop.orders)
    assert cursor == {"since": NOW.isoformat()}


def test_a_platform_that_puts_off_for_ever_ends_the_run_and_a_stop_breaks_the_waiting_off() -> None:
    shop = Shop(5)
    shop.refuse = lambda what: BUSY if what == "P1" else None
    _, _, why = shop.run(SINCE)
    assert "code -1" in why and shop.asked.count("P1") == TRIES + 1
    shop.stop = True
    assert shop.run(SINCE)[2] == "Stopped"


def test_a_big_window_gets_through_though_each_run_is_put_off_on_the_way() -> None:
    """Two hundred orders in one window, of which each run gets sixty."""
    shop = Shop(200)
    left = 0

    def refuse(what: str) -> Any:
        nonlocal left
        left -= 1 if what.startswith("P") else 0
        return BUSY if left < 0 else None

    shop.refuse = refuse
    cursor: Cursor = dict(SINCE)
    kept: Counter[str] = Counter()
    runs = 0
    while runs < 9:
        runs += 1
        left = 60
        pages, cursor, why = shop.run(cursor)
        kept.update(json.loads(page.body)["data"]["orderId"] for page in pages if page.call == "order_detail")
        shop.clock.advance(timedelta(seconds=20))
        if why == "":
            break
    assert why == "" and runs == 4
    assert set(kept) == set(shop.orders) and max(kept.values()) == 1
    assert datetime.fromisoformat(cursor["since"]) >= NOW and "done" not in cursor


def _said(body: Any, status: int = 200, **headers: str) -> float | None:
    return put_off(Answer(status, json.dumps(body).encode(), headers))


def test_what_is_no_putting_off() -> None:
    assert _said({"errcode": 45033, "errmsg": "api concurrent out of limit"}) == 0.0
    assert _said({"errcode": 45009, "errmsg": "api freq out of limit"}) == 0.0
    assert _said({"errcode": 45009, "errmsg": "reach max api daily quota limit"}) is None
    assert _said({"errcode": 0, "errmsg": "ok", "note": "频率"}) is None
    assert _said({"success": True, "data": {"memo": "too many"}}) is None
    words = "This ban will last for 3 more seconds"
    assert _said({"error_response": {"code": 7, "msg": "App Call Limited", "sub_msg": words}}) == 3.0
    day = {"code": 7, "sub_code": "accesscontrol.limited-by-app-access-count", "sub_msg": "App Call Limited"}
    assert _said({"error_response": day}) is None
    assert _said({"gw_err_resp": {"err_code": 4004, "err_msg": "调用频率超限"}}) == 0.0
    assert _said({"code": 40001, "msg": "token expired"}) is None
    assert _said([1]) is None and _said({}, status=503) is None
