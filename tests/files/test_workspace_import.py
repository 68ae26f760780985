"""Importing into a workspace: what a dry run promises, what is kept, and that a second time changes nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from onepool.cli.app import app
from onepool.clock import FakeClock
from onepool.errors import UsageError
from onepool.imports import import_into
from onepool.workspace import Workspace, init_workspace

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
ORDERS = """\
订单号,手机号,下单时间,付款时间,商品名称,单价,数量
A1,13800138001,2026-10-01 10:00:00,2026-10-01 10:05:00,口红,99.90,2
A1,13800138001,2026-10-01 10:00:00,2026-10-01 10:05:00,面霜,200,1
A2,13800138002,2026-10-02 10:00:00,,面霜,200,1
A3,,2026-10-02 11:00:00,,面霜,200,1
A4,13800138003,2026-10-03 11:00:00,,口红,abc,1
A5,13800138003,2036-10-03 11:00:00,,口红,99.90,1
A6,13800138003,2026-10-03 11:00:00,,口红,-1,1
A7,13800138003,2026-10-03 11:00:00
"""
REFUSED = {"file.columns": 1, "identifier.none": 1, "order.negative_price": 1, "time.future": 1, "type.money": 1}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return init_workspace(tmp_path / "ws", clock=FakeClock(NOW))


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    path = tmp_path / "orders.csv"
    path.write_text(ORDERS, encoding="gb18030")
    return path


def test_a_dry_run_says_what_the_import_will_do(workspace: Workspace, orders: Path) -> None:
    end = workspace.log.end()
    dry = import_into(workspace, "orders", [orders], dry_run=True)
    assert (dry.accepted, {rule: refusals.count for rule, refusals in dry.refused.items()}) == (3, REFUSED)
    assert all(refusals.samples for refusals in dry.refused.values())
    assert workspace.log.end() == end
    assert workspace.touchpoints() == {}

    done = import_into(workspace, "orders", [orders])
    assert (done.accepted, done.duplicates) == (3, 0)
    assert {rule: refusals.count for rule, refusals in done.refused.items()} == REFUSED
    with workspace.pool.read() as session:
        found = session.query("SELECT order_id, status, amount, len(items) AS lines FROM orders ORDER BY order_id")
        assert [tuple(map(str, row.values())) for row in found.to_pylist()] == [
            ("A1", "paid", "399.8000", "2"),
            ("A2", "placed", "200.0000", "1"),
        ]


def test_a_file_without_a_row_of_orders_is_reported(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("订单号,付款时间\n", encoding="utf-8")
    done = import_into(workspace, "orders", [path])
    assert (done.accepted, done.quarantined, done.duplicates) == (0, 0, 0)


def test_a_second_time_changes_nothing(workspace: Workspace, orders: Path) -> None:
    import_into(workspace, "orders", [orders])
    tables = ("events", "orders", "identifiers", "customer_of", "attribute_facts", "quarantine")

    def contents() -> list[str]:
        with workspace.pool.read() as session:
            return [str(sorted(map(str, session.query(f"SELECT * FROM {table}").to_pylist()))) for table in tables]

    before = contents()
    again = import_into(workspace, "orders", [orders])
    # The three events, and what waits in quarantine already.
    assert (again.accepted, again.duplicates) == (0, 3 + sum(REFUSED.values()))
    assert contents() == before


def test_a_touchpoint_must_be_known(workspace: Workspace, orders: Path) -> None:
    with pytest.raises(UsageError, match="no touchpoint 'tmall'"):
        import_into(workspace, "orders", [orders], touchpoint="tmall")
    workspace.save("touchpoint", "tmall", {"touchpoint": "tmall", "channel": "tmall"}, author="test")
    # One more than elsewhere: a shop that hides its buyers identifies orders by their numbers.
    assert import_into(workspace, "orders", [orders], touchpoint="tmall").accepted == 4
    with workspace.pool.read() as session:
        found = session.query("SELECT DISTINCT channel, touchpoint FROM events").to_pylist()
    assert found == [{"channel": "tmall", "touchpoint": "tmall"}]


def test_every_kind_ends_where_it_belongs(workspace: Workspace, tmp_path: Path) -> None:
    files = {
        "customers": "手机号,会员号,姓名,城市\n13800138001,M1,王芳,上海\n138****8001,M2,李雷,杭州\n",
        "products": "商品编号,商品名称,单价\nP1,口红,99.90\n",
        "stores": "门店编号,门店名称\nS1,南京路店\n",
        "coupons": "优惠券编号,优惠券名称,面额\nC1,满减券,20\n",
        "campaigns": "活动编号,活动名称\nK1,双十一\n",
        "links": "phone,openid@wx1\n13800138001,oABC\n",
        "events": "event,time,openid@wx1,商品编号\n加购,2026-10-05 08:00:00,oABC,P1\n",
    }
    for kind, text in files.items():
        path = tmp_path / f"{kind}.csv"
        path.write_text(text, encoding="utf-8")
        outcome = import_into(workspace, kind, [path])  # type: ignore[arg-type]
        assert (outcome.accepted, outcome.refused) == (text.count("\n") - 1, {}), kind
    with workspace.pool.read() as session:
        profile = session.query("SELECT name, city FROM profiles WHERE name = '王芳'").to_pylist()
        kinds = session.query("SELECT kind, object_id FROM objects ORDER BY kind").to_pylist()
        one = session.query(
            """SELECT count(DISTINCT customer_id) AS n FROM customer_of JOIN identifiers USING (identifier_id)
               WHERE value IN ('oABC', '+8613800138001', 'M1')"""
        ).to_pylist()
        event = session.query("SELECT event, product_id FROM events WHERE event = 'cart_added'").to_pylist()
    assert profile == [{"name": "王芳", "city": "上海"}]
    assert [(row["kind"], row["object_id"]) for row in kinds] == [
        ("campaign", "K1"),
        ("coupon", "C1"),
        ("product", "P1"),
        ("store", "S1"),
    ]
    assert one == [{"n": 1}]
    assert event == [{"event": "cart_added", "product_id": "P1"}]


def test_the_command(workspace: Workspace, orders: Path) -> None:
    root = str(workspace.root)
    runner = CliRunner()
    dry = runner.invoke(app, ["import", "orders", str(orders), "-w", root, "--dry-run", "--json"])
    assert dry.exit_code == 0, dry.output
    told = json.loads(dry.stdout)
    assert told["accepted"] == 3
    assert {rule: entry["count"] for rule, entry in told["by_rule"].items()} == REFUSED
    assert told["import"]["files"][0]["encoding"] == "gb18030"
    shown = runner.invoke(app, ["import", "orders", str(orders), "-w", root])
    assert shown.exit_code == 0, shown.output
    assert "accepted: 3   quarantined: 5   duplicates: 0" in shown.output
    wrong = runner.invoke(app, ["import", "shoes", str(orders), "-w", root])
    assert isinstance(wrong.exception, UsageError)


@pytest.mark.parametrize("word", ["#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!"])
def test_cells_of_failed_formulas_name_nobody(workspace: Workspace, tmp_path: Path, word: str) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    rows = [["member_no", "phone", "name"], *([word, f"1391234560{n}", word] for n in range(3))]
    for row in rows:
        book.active.append(row)
    book.save(tmp_path / "customers.xlsx")
    assert import_into(workspace, "customers", [tmp_path / "customers.xlsx"]).accepted == 3
    (tmp_path / "events.jsonl").write_text(
        "\n".join(
            json.dumps({"event": "page_viewed", "time": "2026-10-01", "member_no": word, "phone": f"1391234560{n}"})
            for n in range(3)
        )
    )
    assert import_into(workspace, "events", [tmp_path / "events.jsonl"]).accepted == 3
    found = workspace.pool.query("SELECT count(DISTINCT customer_id) AS n FROM customer_of").to_pylist()
    assert found == [{"n": 3}]
    assert workspace.pool.query("SELECT 1 FROM attribute_facts WHERE value = $word", {"word": word}).num_rows == 0


def test_ids_that_a_spreadsheet_rounded_are_refused(workspace: Workspace, tmp_path: Path) -> None:
    import openpyxl

    path = tmp_path / "orders.csv"
    lines = ["4.30E+18,13912345602,60,2026-01-02 11:00", "4.30E+18,13912345602,60,2026-01-03 11:00"]
    path.write_text("\n".join(["order_id,phone,amount,paid_at", *lines]), encoding="utf-8")
    done = import_into(workspace, "orders", [path])
    assert (done.accepted, {rule: one.count for rule, one in done.refused.items()}) == (0, {"identifier.rounded": 2})
    book = openpyxl.Workbook()
    book.active.append(["order_id", "phone", "amount", "paid_at"])
    for number, amount in ((4200001234567890123, 10), (4200001234567890456, 20)):
        book.active.append([number, "13912345605", amount, "2026-01-01 10:00"])
    book.save(tmp_path / "orders.xlsx")
    done = import_into(workspace, "orders", [tmp_path / "orders.xlsx"])
    assert (done.accepted, {rule: one.count for rule, one in done.refused.items()}) == (0, {"identifier.rounded": 2})
    path = tmp_path / "customers.csv"
    path.write_text("member_no,phone\n4.20E+18,13812345601\n4.20E+18,13812345602\n", encoding="utf-8")
    done = import_into(workspace, "customers", [path])
    assert (done.accepted, {rule: one.count for rule, one in done.refused.items()}) == (0, {"identifier.rounded": 2})
    path = tmp_path / "events.csv"
    rows = ["event_id,event,time,user_id", *(f"4.2E+18,page_viewed,2026-10-0{n},u{n}" for n in (1, 2))]
    path.write_text("\n".join(rows), encoding="utf-8")
    assert import_into(workspace, "events", [path]).accepted == 2


@pytest.mark.parametrize("depth", [250, 900, 100_000])
def test_a_line_nested_without_end_is_one_refused_row(workspace: Workspace, tmp_path: Path, depth: int) -> None:
    lines = [f'{{"event":"page_viewed","time":"2026-10-01T00:00:00Z","user_id":"u{n}"}}' for n in (1, 2)]
    lines.insert(1, f'{{"event":"page_viewed","x":{"[" * depth}{"]" * depth}}}')
    path = tmp_path / "events.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    done = import_into(workspace, "events", [path])
    assert (done.accepted, {rule: one.count for rule, one in done.refused.items()}) == (2, {"file.json": 1})
