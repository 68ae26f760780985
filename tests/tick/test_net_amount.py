"""What orders brought: money that went back is nobody's spend, however the shop's export says so."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from tests.tick.conftest import World
from tests.tick.test_recovery import same_when_rebuilt

from onepool.imports import import_into
from onepool.pool import customers

EXPORT = """\
订单号,手机号,实付金额,下单时间,付款时间,订单状态
O1,13812345601,100,2026-01-05,2026-01-05,已退款
O2,13812345602,100,2026-01-05,2026-01-05,已取消
O3,13812345603,100,2026-01-05,2026-01-05,交易成功
O4,13812345604,100,2026-01-05,2026-01-05,已付款
"""
BROUGHT = {"O1": 0, "O2": 0, "O3": 100, "O4": 70}


def test_orders_whose_money_went_back_are_no_spend(world: World, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(EXPORT, encoding="utf-8")
    import_into(world.workspace, "orders", [path])
    path.write_text(
        "订单号,手机号,退款金额,付款时间,退款时间\nO4,13812345604,30,2026-01-05,2026-01-06\n", encoding="utf-8"
    )
    import_into(world.workspace, "orders", [path])
    with world.workspace.pool.read() as session:
        owner = {
            row["order_id"]: row["customer_id"]
            for row in session.query(
                "SELECT order_id, customer_id FROM orders JOIN customer_of USING (identifier_id)"
            ).to_pylist()
        }
        pages = {order: customers.page(session, one, currency="CNY") for order, one in owner.items()}
        rows = customers.rows(session, list(owner.values()), attributes=[], currency="CNY")
        listed = {row.customer_id: row.spend for row in rows}
        views = session.query("SELECT order_id, net_amount FROM analyst.orders").to_pylist()
    assert {order: int(page.spend) for order, page in pages.items()} == BROUGHT
    assert {order: int(listed[one]) for order, one in owner.items()} == BROUGHT
    assert {row["order_id"]: int(row["net_amount"]) for row in views} == BROUGHT
    assert isinstance(pages["O1"].spend, Decimal)
    same_when_rebuilt(world, tmp_path)
