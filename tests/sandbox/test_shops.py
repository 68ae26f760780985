"""Shops over days: what is asked for in a window, and what happens to it long after."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.channels import cases
from tests.sandbox.loop import NOW, account, client, sandbox

from onepool.channels import registry
from onepool.channels.base import Page
from onepool.channels.connection import Connection
from onepool.clock import FakeClock
from onepool.collect import hooked


def test_a_refund_that_is_approved_days_later_is_told_once_more() -> None:
    """JD lists applications by the time of application or of check, never by the time of change."""
    clock, shop = FakeClock(NOW), account("jd")
    box = sandbox(shop, clock=clock)
    told: list[str] = []
    cursor: dict[str, Any] = {"since": NOW.isoformat()}
    with client(box) as other:
        line = Connection(registry.channel("jd"), shop, clock, other)

        def fetch() -> None:
            nonlocal cursor
            for page in line.pull(registry.channel("jd").streams["refunds"], cursor):
                assert isinstance(page, Page)
                items, broken = cases.items_of(hooked.pulled(shop, page.call, page.body, clock.now()))
                assert broken == []
                told.extend(item["message_id"] for item in items)
                cursor = page.cursor or cursor

        box.act("order", "jd", "p1", {"pay": True})
        box.act("refund", "jd", "p1", {"done": False})
        (refund,) = box.doubles["jd"].refunds.values()  # type: ignore[attr-defined]
        for run in range(12 * 6):
            clock.advance(timedelta(minutes=10))
            if run == 60:
                refund.done, refund.updated = True, clock.now().replace(microsecond=0)
                told.append("approved")
            fetch()
    number = refund.number
    assert list(dict.fromkeys(told)) == [f"{number}:requested", "approved", f"{number}:refunded"]
