"""A plan says in which order it reads events, and why."""

from __future__ import annotations

from onepool.audience.conditions import Context, Scope, compile_conditions, parse_condition

from .world import INSTANTS, NAMES


def text(scope: Scope, **condition: object) -> str:
    context = Context(names=NAMES, zone="Asia/Shanghai")
    return compile_conditions({"asked": parse_condition(condition)}, INSTANTS[0], scope, context).text()


def test_a_recent_window_is_read_in_order_of_arrival() -> None:
    said = text(Scope.all(), did="order_paid", within={"last": "7 days"})
    assert "-- reads order_paid from 2026-11-14 04:30 UTC in arrival order: a window over recent time" in said


def test_all_of_history_is_one_scan_where_nothing_needs_order() -> None:
    said = text(Scope.all(), did="order_paid", times={"at_least": 3})
    assert "-- reads order_paid in arrival order: all of history in one scan" in said


def test_where_order_counts_the_index_is_read() -> None:
    said = text(Scope.all(), sequence=[{"did": "app_opened"}, {"did": "order_paid"}])
    assert "-- reads app_opened in customer order: order counts" in said
    assert "-- reads order_paid in customer order: order counts" in said


def test_a_few_customers_are_read_from_the_index() -> None:
    said = text(Scope.customers("some").reading("gathered"), did="order_paid", times={"at_least": 3})
    assert "-- reads order_paid in customer order: a few customers" in said
