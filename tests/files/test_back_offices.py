"""Exports as the back offices of shops give them: their words, their signs for nothing, their lines of totals."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from onepool.clock import FakeClock
from onepool.imports import Outcome, import_into
from onepool.workspace import Workspace, init_workspace

TMALL = (
    "订单编号,买家会员名,买家应付邮费,总金额,买家实际支付金额,订单状态,收货人姓名,收货地址,联系手机,订单创建时间,"
    "订单付款时间,宝贝标题,宝贝总数量,退款金额,发货时间,确认收货时间"
)
JD = (
    "订单号,商品ID,商品名称,订购数量,下单时间,京东价,订单金额,订单状态,下单帐号,客户姓名,客户地址,联系电话,"
    "付款确认时间,订单完成时间"
)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    found = init_workspace(tmp_path / "ws", clock=FakeClock(datetime(2026, 11, 1, 12, tzinfo=UTC)))
    for name, channel in (("tmall", "tmall"), ("jd", "jd"), ("crm", "file")):
        body = {"touchpoint": name, "channel": channel, "title": {"zh": "店", "en": name}}
        found.save("touchpoint", name, body, author="test", reason="")
    return found


def tmall(
    order: str, status: str, paid: str = "", refund: str = "无退款申请", shipped: str = "", done: str = ""
) -> str:
    head = f'="{order}",t**1,10.00,"1,299.00","1,299.00",{status},王**,杭州,138****1234,2026/1/5 9:03'
    return f"{head},{paid},纸尿裤,2,{refund},{shipped},{done}"


def imported(workspace: Workspace, kind: Any, name: str, content: bytes, touchpoint: str) -> Outcome:
    path = workspace.root / name
    path.write_bytes(content)
    return import_into(workspace, kind, [path], touchpoint=touchpoint)


def orders(workspace: Workspace) -> dict[str, tuple[str, float, bool]]:
    """Status, amount, and whether something was refunded."""
    found = workspace.pool.query(
        "SELECT order_id, status, amount, refunded_amount IS NOT NULL AS back FROM orders"
    ).to_pylist()
    return {row["order_id"]: (row["status"], float(row["amount"]), row["back"]) for row in found}


def test_orders_of_tmall(workspace: Workspace) -> None:
    lines = [
        "店铺：棉屿母婴旗舰店", "导出时间：2026-11-20 10:00:00,,,共 6 条", "", TMALL,
        tmall("3900000000000000001", "等待买家付款"),
        tmall("3900000000000000002", "买家已付款，等待卖家发货", "2026年01月05日 09:05:00"),
        tmall("3900000000000000003", "卖家已发货，等待买家确认", "2026-01-05 09:05:00", shipped="2026-01-06 10:00:00"),
        tmall("3900000000000000004", "交易成功", "2026-01-05 09:05:00", "0.00", shipped="2026-01-06 10:00:00",
              done="2026.01.09 10:00"),
        tmall("3900000000000000005", "交易关闭"),
        ",,,,,,,,,,,,,,,", "合计,,,\"6,495.00\",\"6,495.00\",,,,,,,,,,,",
    ]  # fmt: skip
    done = imported(workspace, "orders", "tmall.csv", "\r\n".join(lines).encode("gb18030"), "tmall")
    assert (done.quarantined, done.refused) == (0, {})
    assert done.report.files[0].totals == [11]
    assert orders(workspace) == {
        "3900000000000000001": ("placed", 1299.0, False),
        "3900000000000000002": ("paid", 1299.0, False),
        "3900000000000000003": ("shipped", 1299.0, False),
        "3900000000000000004": ("completed", 1299.0, False),
        "3900000000000000005": ("cancelled", 1299.0, False),
    }
    found = workspace.pool.query(
        "SELECT receiver_name, receiver_phone, shipping, quantity, items FROM events WHERE event = 'order_paid' LIMIT 1"
    ).to_pylist()[0]
    assert (found["receiver_name"], float(found["shipping"]), found["quantity"]) == ("王**", 10.0, 2)
    assert [(one["name"], one["quantity"]) for one in found["items"]] == [("纸尿裤", 2)]
    again = imported(workspace, "orders", "tmall.csv", "\r\n".join(lines).encode("gb18030"), "tmall")
    assert (again.accepted, again.quarantined) == (0, 0)


def test_orders_of_jd(workspace: Workspace) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["京东商家后台订单导出"])
    sheet.merge_cells("A1:N1")
    sheet.append(JD.split(","))
    at, paid = (datetime(2026, 1, 5, 9, minute, tzinfo=UTC).replace(tzinfo=None) for minute in (3, 8))
    for number, status in (("250000000001", "等待出库"), ("250000000002", "等待确认收货"), ("250000000003", "完成")):
        row: list[Any] = [number, 7, "湿巾", 2, at, "1,058.00", 2116, status, "jd_1", "赵**", "北京", "139****1"]
        sheet.append([*row, paid, "2026/01/09 10:00" if status == "完成" else ""])
    sheet.append([])
    sheet.append(["总计", "", "", 6, "", "", 6348])
    path = workspace.root / "jd.xlsx"
    book.save(path)
    done = import_into(workspace, "orders", [path], touchpoint="jd")
    assert (done.quarantined, done.report.files[0].totals) == (0, [7])
    assert {order: one[:2] for order, one in orders(workspace).items()} == {
        "250000000001": ("paid", 2116.0), "250000000002": ("paid", 2116.0), "250000000003": ("completed", 2116.0),
    }  # fmt: skip
    items = workspace.pool.query("SELECT items FROM events WHERE event = 'order_paid' LIMIT 1").to_pylist()[0]["items"]
    assert [(one["product_id"], one["quantity"], float(one["price"])) for one in items] == [("7", 2, 1058.0)]


def test_an_order_whose_buyer_the_shop_hides_is_known_by_its_number(workspace: Workspace) -> None:
    """As a fetched one; what is fetched later names the buyer. Elsewhere it is nobody's, and refused."""
    content = "\n".join((TMALL, tmall("A1", "交易成功", "2026-01-05 09:05:00"))).encode()
    assert imported(workspace, "orders", "a.csv", content, "tmall").quarantined == 0
    found = workspace.pool.query("SELECT type, scope, value FROM identifiers").to_pylist()
    assert [tuple(row.values()) for row in found] == [("order_no", "tmall", "A1")]
    assert set(imported(workspace, "orders", "b.csv", content, "crm").refused) == {"identifier.none"}
    named = (
        content.replace("买家会员名".encode(), "手机号".encode()).replace(b"t**1", b"13800138001").replace(b"A1", b"A2")
    )
    assert imported(workspace, "orders", "c.csv", named, "tmall").quarantined == 0
    found = workspace.pool.query("SELECT type, value FROM identifiers ORDER BY type").to_pylist()
    assert [row["type"] for row in found] == ["order_no", "phone"]


def test_members_with_a_line_of_totals_and_days_that_are_none(workspace: Workspace) -> None:
    lines = ["昵称,手机号,生日,积分", '小一,13800138001,0000-00-00,"1,200"', "合计 先生,13800138002,1990年5月6日,5"]
    lines += ["小三,12,1990-05-06,1", '合计：,,,"1,206"']
    done = imported(workspace, "customers", "m.csv", b"\xef\xbb\xbf" + "\n".join(lines).encode(), "crm")
    assert (done.accepted, done.quarantined, done.report.files[0].totals) == (2, 1, [5])
    assert done.report.as_dict()["files"][0]["totals"] == [5]
    # What is refused says where it stood.
    assert done.refused["type.phone"].samples[0].startswith("m.csv, row 4: phone: ")


def test_a_line_that_is_only_called_so_stays(workspace: Workspace) -> None:
    lines = ["昵称,手机号,生日,积分", "合计,13800138002,1990-05-06,5"]
    done = imported(workspace, "customers", "m.csv", "\n".join(lines).encode(), "crm")
    assert (done.accepted, done.report.files[0].totals) == (1, [])
