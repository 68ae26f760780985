"""Lines of an order that don't say the same: identifiers, times, status, amounts as people write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Import, Imported


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def told(found: Imported) -> list[tuple[str, str | None]]:
    return [(item.name, item.fields.get("amount")) for item in found.items]


def test_lines_that_do_not_all_repeat_the_customer_are_one_order(tmp_path: Path, run: Import) -> None:
    path = written(
        tmp_path / "o.csv",
        "订单号,手机号,会员号,付款时间,商品ID,单价,数量",
        "A1,13800000001,m1,2026-01-05,p1,10,1",
        "A1,13800000001,,2026-01-05,p2,20,1",
        "A1,,,2026-01-05,p3,5,1",
        "A2,,m2,2026-01-05,p1,10,1",
        "A2,13800000002,,2026-01-05,p2,20,1",
        "A3,13800000003,m3,2026-01-05,p1,10,1",
        "A3,13800000003,m4,2026-01-05,p2,20,1",
    )
    found = run("orders", path)
    assert [item.ids for item in found.items] == [
        [("phone", "", "13800000001"), ("member_no", "club", "m1")],
        [("member_no", "club", "m2"), ("phone", "", "13800000002")],
    ]
    assert [item.fields["amount"] for item in found.items] == ["35.0000", "30.0000"]
    assert [broken.rule for broken in found.broken] == ["order.identifiers"]


def test_the_time_of_a_stage_is_that_of_the_first_line_that_has_it(tmp_path: Path, run: Import) -> None:
    path = written(
        tmp_path / "o.csv",
        "order_id,phone,paid_at,shipped_at,product_id",
        "1,138,2024/9/1,,P1",
        "1,138,2024/9/1,2024/9/30 12:00,P2",
        "1,138,2024/9/1,2024/10/1 12:00,P3",
    )
    assert [item.time for item in run("orders", path).items] == ["2024/9/1", "2024/9/30 12:00"]


HEAD = "order_id,phone,下单时间,订单状态,product_id,单价,数量"


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (("已付款", "已退款"), [("order_placed", "30.0000"), ("order_paid", "30.0000"), ("order_refunded", "20.0000")]),
        (("已发货", "已取消"), [("order_placed", "30.0000"), ("order_paid", "30.0000"), ("order_refunded", "20.0000")]),
        (("已退款", "已退款"), [("order_placed", "30.0000"), ("order_paid", "30.0000"), ("order_refunded", None)]),
        (("已取消", "已取消"), [("order_placed", "30.0000"), ("order_cancelled", "30.0000")]),
        (("待付款", "已取消"), [("order_placed", "30.0000")]),
        (("待付款", "已付款"), [("order_placed", "30.0000"), ("order_paid", "30.0000")]),
    ],
)
def test_what_only_some_lines_say_is_said_of_them(
    tmp_path: Path, run: Import, statuses: tuple[str, str], expected: list[tuple[str, str | None]], turned: bool
) -> None:
    lines = [f"1,138,2026-01-01,{statuses[0]},P1,10,1", f"1,138,2026-01-01,{statuses[1]},P2,20,1"]
    found = run("orders", written(tmp_path / "o.csv", HEAD, *(reversed(lines) if turned else lines)))
    assert told(found) == expected
    refunds = [item for item in found.items if item.name == "order_refunded" and "amount" in item.fields]
    for refund in refunds:
        assert [line["product_id"] for line in refund.fields["items"]] == ["P2"]
        assert refund.fields["quantity"] == 1.0
    if refunds:
        assert found.items[0].fields["order_status"] == statuses[0]


def test_a_part_that_went_back_has_the_amount_that_its_lines_say(tmp_path: Path, run: Import) -> None:
    path = written(
        tmp_path / "o.csv",
        "order_id,phone,付款时间,订单状态,product_id,amount,退款金额",
        "1,138,2026-01-01,已付款,P1,10,0",
        "1,138,2026-01-01,已退款,P2,20,15",
        "1,138,2026-01-01,已退款,P3,20,15",
        "2,138,2026-01-01,已付款,P1,10,",
        "2,138,2026-01-01,已退款,P2,20,",
        "3,138,2026-01-01,已付款,P1,30,",
        "3,138,2026-01-01,已退款,P2,30,",
    )
    found = run("orders", path)
    assert told(found) == [
        ("order_paid", "50.0000"), ("order_refunded", "30.0000"), ("order_paid", "30.0000"),
        ("order_refunded", "20.0000"),
    ]  # fmt: skip
    assert [(broken.rule, broken.message.split(": ")[0]) for broken in found.broken] == [
        ("order.refund", "o.csv, row 7")
    ]


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("12.30", "12.3000"), ('"1,234.50"', "1234.5000"), ('"1,234,567"', "1234567.0000"), ("1.2万", "12000.0000"),
        ("$12", "12.0000 $"), ("¥12.00元", "12.0000 CNY"), ("￥ 12", "12.0000 ¥"), ("JP¥1200", "1200.0000 JPY"),
        ("１２．５", "12.5000"), ("+12", "12.0000"), ("12元整", "12.0000 CNY"), ("'12.5", "12.5000"), ("-", None),
        ("1.00005", "1.0000"),
    ],
)  # fmt: skip
def test_amounts_are_read_as_the_standard_reads_them(
    tmp_path: Path, run: Import, amount: str, expected: str | None
) -> None:
    path = written(tmp_path / "o.csv", "order_id,phone,paid_at,amount", f"1,138,2026-01-01,{amount}")
    (paid,) = run("orders", path).items
    assert paid.fields.get("amount") == expected


@pytest.mark.parametrize("amount", ['"1.234,50"', '"12,5"', "abc", "1_000", "12.5.0", '"1,2345"', "(12"])
def test_what_is_no_amount_is_refused(tmp_path: Path, run: Import, amount: str) -> None:
    path = written(tmp_path / "o.csv", "order_id,phone,paid_at,amount", f"1,138,2026-01-01,{amount}")
    found = run("orders", path)
    assert found.items == []
    assert [broken.rule for broken in found.broken] == ["order.number"]
    assert amount.strip('"') in found.broken[0].message


def test_an_amount_in_brackets_is_a_return(tmp_path: Path, run: Import) -> None:
    path = written(tmp_path / "o.csv", "order_id,phone,paid_at,product_id,小计", "1,138,2026-01-01,P1,(12.00)")
    (refund,) = run("orders", path).items
    assert (refund.name, refund.fields["amount"]) == ("order_refunded", "12.0000")
    assert refund.fields["items"] == [{"product_id": "P1", "amount": "12.0000"}]


def test_lines_in_two_currencies_are_no_order(tmp_path: Path, run: Import) -> None:
    path = written(
        tmp_path / "o.csv",
        "order_id,phone,paid_at,product_id,price,quantity",
        "1,138,2026-01-01,P1,$5,1",
        "1,138,2026-01-01,P2,€5,1",
        "2,138,2026-01-01,P1,$5,1",
        "2,138,2026-01-01,P2,5,2",
    )
    found = run("orders", path)
    assert told(found) == [("order_paid", "15.0000 $")]
    assert [broken.rule for broken in found.broken] == ["order.currency"]


def test_an_apostrophe_before_a_number_is_a_spreadsheets_mark(tmp_path: Path, run: Import) -> None:
    path = written(tmp_path / "c.csv", "会员号,备注", "'00123,'=1+1", "00123,'n Sync")
    first, second = run("customers", path).items
    assert first.ids == second.ids == [("member_no", "club", "00123")]
    assert (first.traits["remark"], second.traits["remark"]) == ("=1+1", "'n Sync")


MERGED = (
    "订单号,手机号,付款时间,实付金额,商品名称,单价,数量",
    "A1,13800000001,2026-01-05,30,口红,10,1",
    ",,,,面霜,20,1",
    "A2,13800000002,2026-01-05,5,口红,5,1",
    ",,,,合计,,3",
    ",,,,面霜,20,1",
)


def test_a_line_of_merged_cells_goes_on_with_the_order_above(tmp_path: Path, run: Import) -> None:
    found = run("orders", written(tmp_path / "o.csv", *MERGED))
    assert [(item.fields["order_id"], item.fields["amount"]) for item in found.items] == [
        ("A1", "30.0000"),
        ("A2", "5.0000"),
    ]
    assert [line["name"] for line in found.items[0].fields["items"]] == ["口红", "面霜"]
    assert [broken.rule for broken in found.broken] == ["order.time", "order.time"]


def test_merged_cells_of_a_workbook_hold_for_all_their_rows(tmp_path: Path, run: Import) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["导出", None])
    sheet.append(["订单号", "手机号", "付款时间", "实付金额", "商品名称", "小计"])
    for row in (
        ["A1", "13800000001", "2026-01-05", 60, "口红", 30], [None, "13800000001", "2026-01-05", None, "面霜", None],
        ["A2", "13800000002", "2026-01-05", 5, "口红", 5],
    ):  # fmt: skip
        sheet.append(row)
    for cells in ("A3:A4", "D3:D4", "F3:F4"):
        sheet.merge_cells(cells)
    book.save(tmp_path / "o.xlsx")
    found = run("orders", tmp_path / "o.xlsx")
    assert [(item.fields["order_id"], item.fields["amount"]) for item in found.items] == [
        ("A1", "60.0000"),
        ("A2", "5.0000"),
    ]
    # What is the line's own is said once.
    assert [line.get("amount") for line in found.items[0].fields["items"]] == ["30", None]
