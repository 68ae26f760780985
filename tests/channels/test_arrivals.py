"""What came last at a touchpoint, as it is shown to whoever connects it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from onepool import connect
from onepool.channels.base import Account
from onepool.collect import hooked
from onepool.collect.log import SqliteLog

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SHOP = Account("xhs", "xiaohongshu", {"app_id": "A"})
EMPTY = b'{"success": true, "data": {"total": 0, "haveMore": false, "afterSaleInfos": []}}'
ORDER = b'{"success": true, "data": {"orderId": "P768", "orderStatus": 7, "createdTime": 1752812659421}}'


def test_pages_that_hold_nothing_do_not_hide_what_came(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.sqlite")
    try:
        order = hooked.pulled(SHOP, "order_detail", ORDER, NOW)
        broken = hooked.pulled(SHOP, "order_detail", b"<html>", NOW)
        empty = [hooked.pulled(SHOP, "after_sales", EMPTY, NOW), hooked.pulled(SHOP, "window", b"{}", NOW)]
        log.append([*empty * 15, order, *empty * 15, broken, *empty * 15])
        assert [one.body for one in connect.records_of(log, "xhs", 20)] == [b"<html>", ORDER]
        assert connect.records_of(log, "xhs", 1)[0].body == b"<html>"
    finally:
        log.close()
