"""Orders from lines: grouping, amounts, the events an order becomes, what is refused."""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onepool.collect.files import orders as orders_module

from .conftest import Import, Imported


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def events(found: Imported) -> list[tuple[str, str]]:
    return [(item.name, str(item.time)) for item in found.items]


def test_lines_of_an_order_are_brought_together(tmp_path: Path, run: Import) -> None:
    path = written(
        tmp_path / "orders.csv",
        "订单号,手机号,下单时间,付款时间,商品编号,商品名称,单价,数量,优惠金额,门店编号,备注",
        "A1,13800000001,2026-01-01 10:00:00,2026-01-01 10:05:00,P1,口红,99.90,2,10,S1,急",
        "B2,13800000002,2026-01-01 11:00:00,,P2,面霜,200,1,,S2,",
        'A1,13800000001,2026-01-01 10:00:00,2026-01-01 10:05:00,P3,香水,"1,000.00",1,10,S1,',
    )
    found = run("orders", path)
    assert events(found) == [
        ("order_placed", "2026-01-01 10:00:00"),
        ("order_paid", "2026-01-01 10:05:00"),
        ("order_placed", "2026-01-01 11:00:00"),
    ]
    paid = found.items[1]
    assert paid.message_id == "order_paid:A1"
    assert paid.ids == [("phone", "", "13800000001")]
    assert paid.fields == {
        "order_id": "A1",
        "amount": "1199.8000",
        "discount": "10.0000",
        "quantity": 3.0,
        "store_id": "S1",
        "备注": "急",
        "items": [
            {"product_id": "P1", "name": "口红", "price": "99.90", "quantity": "2"},
            {"product_id": "P3", "name": "香水", "price": "1,000.00", "quantity": "1"},
        ],
    }
    assert found.report.files[0].columns["订单号"] == "control order_id"
    assert found.report.files[0].columns["商品名称"] == "item name"
    assert paid.context["import"]["row"] == 2


def test_a_field_is_taken_from_the_first_line_that_has_it(tmp_path: Path, run: Import) -> None:
    path = written(
        tmp_path / "orders.csv",
        "订单号,手机号,下单时间,商品编号,数量,门店编号,备注",
        "A1,13800000001,2026-01-01 10:00:00,P1,1,,",
        "A1,13800000001,2026-01-01 10:00:00,P2,1,S1,",
        "A1,13800000001,2026-01-01 10:00:00,P3,1,S2,急",
    )
    (placed,) = run("orders", path).items
    assert (placed.fields["store_id"], placed.fields["备注"]) == ("S1", "急")


STATUSES = [
    ("待付款", ["order_placed"]),
    ("已发货", ["order_placed", "order_paid"]),
    ("交易成功", ["order_placed", "order_paid"]),
    ("Cancelled", ["order_placed", "order_cancelled"]),
    ("已退款", ["order_placed", "order_paid", "order_refunded"]),
    ("something else", ["order_placed"]),
    ("", ["order_placed"]),
]


@pytest.mark.parametrize(("status", "expected"), STATUSES)
def test_a_status_tells_what_has_happened(tmp_path: Path, run: Import, status: str, expected: list[str]) -> None:
    path = written(tmp_path / "o.csv", "order_id,phone,placed_at,amount,订单状态", f"1,138,2026-01-01,5.00,{status}")
    found = run("orders", path)
    assert [item.name for item in found.items] == expected
    assert all(item.time == "2026-01-01" for item in found.items)
    assert found.items[0].fields.get("order_status", "") == status
    assert found.items[0].fields["amount"] == "5.0000"


def test_every_stage_with_a_time_is_an_event(tmp_path: Path, run: Import) -> None:
    path = written(
        tmp_path / "o.csv",
        "order_id,phone,下单时间,付款时间,发货时间,完成时间,退款时间,refund_id,退款金额,amount",
        "1,138,2026-01-01,2026-01-02,2026-01-03,2026-01-04,2026-01-05,R1,3.00,10",
        "2,138,,2026-01-02,,,,,,10",
    )
    found = run("orders", path)
    assert events(found) == [
        ("order_placed", "2026-01-01"),
        ("order_paid", "2026-01-02"),
        ("order_shipped", "2026-01-03"),
        ("order_completed", "2026-01-04"),
        ("order_refunded", "2026-01-05"),
        ("order_paid", "2026-01-02"),
    ]
    refund = found.items[4]
    assert refund.message_id == "order_refunded:1:R1"
    assert refund.fields == {"order_id": "1", "refund_id": "R1", "amount": "3.0000"}


def test_negative_lines_are_returns(tmp_path: Path, run: Import) -> None:
    path = written(
        tmp_path / "o.csv",
        "order_id,phone,paid_at,product_id,quantity,price",
        "C1,138,2026-01-01,P1,-2,5.00",
        "C1,138,2026-01-01,P2,-1,1.50",
        "X2,138,2026-01-02,P1,3,5.00",
        "X2,138,2026-01-02,P9,-1,4.00",
    )
    found = run("orders", path)
    assert events(found) == [
        ("order_refunded", "2026-01-01"),
        ("order_paid", "2026-01-02"),
        ("order_refunded", "2026-01-02"),
    ]
    credit, paid, refund = (item.fields for item in found.items)
    assert credit == {
        "order_id": "C1",
        "amount": "11.5000",
        "quantity": 3.0,
        "items": [
            {"product_id": "P1", "price": "5.00", "quantity": "2"},
            {"product_id": "P2", "price": "1.50", "quantity": "1"},
        ],
    }
    assert paid["amount"] == "15.0000"
    assert paid["items"] == [{"product_id": "P1", "price": "5.00", "quantity": "3"}]
    assert refund["amount"] == "4.0000"
    assert refund["items"] == [{"product_id": "P9", "price": "4.00", "quantity": "1"}]


def test_a_negative_amount_alone_is_a_refund(tmp_path: Path, run: Import) -> None:
    (item,) = run("orders", written(tmp_path / "o.csv", "order_id,phone,paid_at,amount", "1,138,2026-01-01,-7.5")).items
    assert (item.name, item.fields["amount"]) == ("order_refunded", "7.5000")


def test_what_is_no_order_is_refused_as_a_whole(tmp_path: Path, run: Import) -> None:
    path = written(
        tmp_path / "o.csv",
        "order_id,phone,paid_at,product_id,quantity,price",
        "1,138,2026-01-01,P1,1,5.00",
        "1,139,2026-01-01,P2,1,5.00",
        "2,138,2026-01-01,P1,1,5.00",
        "2,138,2026-01-01,P2,1,-5.00",
        "3,138,,P1,1,5.00",
        "4,138,2026-01-01,P1,1,5.00",
        ",138,2026-01-01,P1,1,5.00",
        ",138,2026-01-01,P1,1,5.00",
    )
    found = run("orders", path)
    assert [item.fields.get("order_id") for item in found.items] == ["4", None, None]
    assert [(broken.rule, broken.message.split(":")[0]) for broken in found.broken] == [
        ("order.identifiers", "o.csv, row 2"),
        ("order.negative_price", "o.csv, row 4"),
        ("order.time", "o.csv, row 6"),
    ]
    # Without an id the standard refuses the line; nothing may make two of them one.
    assert [item.message_id for item in found.items[1:]] == [None, None]


def test_a_line_that_is_no_number_leaves_the_amount_open(tmp_path: Path, run: Import) -> None:
    path = written(
        tmp_path / "o.csv",
        "order_id,phone,paid_at,quantity,price",
        "1,138,2026-01-01,1,5.00",
        "1,138,2026-01-01,x,5.00",
    )
    (item,) = run("orders", path).items
    assert "amount" not in item.fields
    assert [line["quantity"] for line in item.fields["items"]] == ["1", "x"]


def test_an_id_on_too_many_lines_is_no_order(tmp_path: Path, run: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders_module, "MOST_LINES", 5)
    path = written(
        tmp_path / "o.csv",
        "order_id,phone,paid_at,product_id",
        *(f"same,138,2026-01-01,P{n}" for n in range(6)),
        *(f"ok,138,2026-01-01,P{n}" for n in range(5)),
    )
    found = run("orders", path)
    assert [len(item.fields["items"]) for item in found.items] == [5]
    assert [broken.rule for broken in found.broken] == ["order.lines"]


def test_nested_items_are_taken_as_they_are(tmp_path: Path, run: Import) -> None:
    path = written(
        tmp_path / "o.jsonl",
        '{"order_id": 1, "phone": "138", "paid_at": "2026-01-01", "amount": 9.5,'
        ' "items": [{"product_id": "P", "quantity": 1}]}',
    )
    (item,) = run("orders", path).items
    assert item.fields["items"] == [{"product_id": "P", "quantity": 1}]
    assert (item.fields["order_id"], item.fields["amount"]) == ("1", "9.5000")


LINE = st.fixed_dictionaries(
    {
        "order_id": st.integers(1, 6),
        "quantity": st.integers(1, 9),
        "price": st.decimals(0, 1000, places=2),
        "product_id": st.sampled_from("ABCD"),
    }
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(LINE, min_size=1, max_size=40), small=st.booleans())
def test_grouping_agrees_with_a_plain_reading(
    tmp_path: Path, run: Import, monkeypatch: pytest.MonkeyPatch, lines: list[dict[str, Any]], small: bool
) -> None:
    monkeypatch.setattr(orders_module, "RANGE", 3 if small else 50_000)
    expected: dict[str, dict[str, Any]] = {}
    for line in lines:
        order = expected.setdefault(str(line["order_id"]), {"amount": Decimal(0), "items": []})
        order["amount"] += line["price"] * line["quantity"]
        order["items"].append(line["product_id"])
    table = pa.table(
        {
            "order_id": [line["order_id"] for line in lines],
            "member_no": [f"m{line['order_id']}" for line in lines],
            "paid_at": ["2026-01-01"] * len(lines),
            "product_id": [line["product_id"] for line in lines],
            "quantity": [line["quantity"] for line in lines],
            "price": [line["price"] for line in lines],
        }
    )
    path = tmp_path / "any.parquet"
    pq.write_table(table, path)
    found = run("orders", path)
    assert [item.fields["order_id"] for item in found.items] == list(expected)  # in order of the first line
    for item in found.items:
        order = expected[item.fields["order_id"]]
        assert Decimal(item.fields["amount"]) == order["amount"]
        assert [line["product_id"] for line in item.fields["items"]] == order["items"]
        assert item.ids == [("member_no", "club", f"m{item.fields['order_id']}")]
    shuffled = random.Random(1).sample(range(len(lines)), len(lines))
    pq.write_table(table.take(shuffled), path)
    again = run("orders", path)
    assert {item.message_id for item in again.items} == {item.message_id for item in found.items}


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [(("10", "20"), "30.0000"), (("30", "30"), "30.0000"), (("30", ""), "30.0000"), (("10", "10", "5"), "25.0000")],
)
def test_an_amount_that_differs_between_lines_is_theirs(
    tmp_path: Path, run: Import, amounts: tuple[str, ...], expected: str
) -> None:
    lines = [f"A1,13800000001,{amount},2026-01-05,p{number}" for number, amount in enumerate(amounts)]
    (paid,) = run("orders", written(tmp_path / "o.csv", "订单号,手机号,金额,付款时间,商品ID", *lines)).items
    assert paid.fields["amount"] == expected


def test_refunds_and_discounts_that_differ_between_lines_are_theirs(tmp_path: Path, run: Import) -> None:
    path = written(
        tmp_path / "o.csv",
        "订单号,手机号,金额,优惠金额,退款金额,付款时间,退款时间,商品ID",
        "A1,13800000001,100,5,0,2026-01-05,2026-01-06,p1",
        "A1,13800000001,100,10,30,2026-01-05,2026-01-06,p2",
    )
    paid, refunded = run("orders", path).items
    assert (paid.fields["amount"], paid.fields["discount"]) == ("100.0000", "15.0000")
    assert refunded.fields["amount"] == "30.0000"
