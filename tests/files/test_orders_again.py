"""A later export of the same orders: what it says otherwise arrives, and what was said before changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onepool.clock import FakeClock
from onepool.imports import Outcome, import_into
from onepool.workspace import Workspace, init_workspace

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
HEAD = "订单号,手机号,付款时间,实付金额,优惠金额,退款时间,退款金额,退款单号"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return init_workspace(tmp_path / "ws", clock=FakeClock(NOW))


def export(workspace: Workspace, *lines: str, **options: Any) -> Outcome:
    path = workspace.root / "orders.csv"
    path.write_text("\n".join((HEAD, *lines)) + "\n", encoding="utf-8")
    return import_into(workspace, "orders", [path], **options)


def order(workspace: Workspace, order_id: str = "A1") -> tuple[Any, ...]:
    found = workspace.pool.query(
        "SELECT status, amount, discount, refunded_amount, net_amount FROM analyst.orders WHERE order_id = $id",
        {"id": order_id},
    )
    return tuple(found.to_pylist()[0].values())


def line(amount: str, refund: str = "", discount: str = "", refund_id: str = "") -> str:
    at = "2026-10-08 10:00:00" if refund else ""
    return f"A1,13800138001,2026-10-01 10:00:00,{amount},{discount},{at},{refund},{refund_id}"


def test_a_corrected_amount_arrives(workspace: Workspace) -> None:
    assert (export(workspace, line("1000")).accepted, order(workspace)[1]) == (1, 1000)
    done = export(workspace, line("900", discount="100"))
    assert (done.accepted, done.duplicates) == (1, 1)
    assert order(workspace) == ("paid", 900, 100, None, 900)
    # Paid is paid once: nobody paid again because the books were corrected.
    events = workspace.pool.query("SELECT event, amount FROM events ORDER BY seq").to_pylist()
    assert [tuple(row.values()) for row in events] == [("order_paid", 1000), ("order_corrected", 900)]
    for again in (line("900", discount="100"), line("1000"), line("")):
        assert export(workspace, again).accepted == 0
    assert order(workspace)[1:3] == (900, 100)
    assert (export(workspace, line("850")).accepted, order(workspace)[1]) == (1, 850)


def test_a_refund_that_grew_arrives(workspace: Workspace) -> None:
    export(workspace, line("1000", "100"))
    assert order(workspace)[3:] == (100, 900)
    done = export(workspace, line("1000", "300"))
    assert (done.accepted, done.duplicates, order(workspace)[3:]) == (1, 2, (300, 700))
    for again in ("300", "100", ""):
        assert export(workspace, line("1000", again)).accepted == 0
    assert export(workspace, line("1000", "250")).accepted == 1
    assert order(workspace)[3:] == (250, 750)


def test_refunds_are_known_by_their_numbers(workspace: Workspace) -> None:
    export(workspace, line("1000", "100", refund_id="R1"))
    export(workspace, line("1000", "50", refund_id="R2"))
    assert order(workspace)[3] == 150
    export(workspace, line("1000", "120", refund_id="R1"))
    assert order(workspace)[3] == 170
    # An export without numbers tells what all of them come to.
    assert export(workspace, line("1000", "170")).accepted == 0
    export(workspace, line("1000", "200"))
    assert order(workspace)[3] == 200


def test_two_files_of_one_import_are_two_exports(workspace: Workspace) -> None:
    paths = []
    for name, amount in (("1.csv", "1000"), ("2.csv", "900")):
        paths.append(workspace.root / name)
        paths[-1].write_text(f"{HEAD}\n{line(amount)}\n", encoding="utf-8")
    done = import_into(workspace, "orders", paths)
    assert (done.accepted, done.duplicates, order(workspace)[1]) == (2, 1, 900)


def test_a_dry_run_tells_of_corrections(workspace: Workspace) -> None:
    export(workspace, line("1000"))
    dry = export(workspace, line("900"), dry_run=True)
    assert dry.report.files[0].names == {"order_paid": 1, "order_corrected": 1}
    assert order(workspace)[1] == 1000


def test_what_is_counted_in_hundredths_is_compared_so(workspace: Workspace) -> None:
    body = {"touchpoint": "till", "channel": "file", "mapping": {"money": "fen"}}
    workspace.save("touchpoint", "till", body, author="test", reason="")
    export(workspace, line("100000", "10000"), touchpoint="till")
    assert export(workspace, line("100000", "10000"), touchpoint="till").accepted == 0
    export(workspace, line("90000", "20000"), touchpoint="till")
    assert order(workspace)[1:4] == (900, None, 200)


EXPORT = st.tuples(st.sampled_from(["1000", "900", "800"]), st.sampled_from(["", "100", "200", "300"]))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(exports=st.lists(EXPORT, min_size=1, max_size=4), data=st.data())
def test_importing_again_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, exports: list[tuple[str, str]], data: st.DataObject
) -> None:
    workspace = init_workspace(tmp_path_factory.mktemp("ws") / "ws", clock=FakeClock(NOW))
    amounts: list[str] = []
    refunds: list[str] = []
    for amount, refund in exports:
        export(workspace, line(amount, refund))
        # The newest figure that was not told before counts.
        amounts += [amount] if amount not in amounts else []
        refunds += [refund] if refund and refund not in refunds else []
        found = order(workspace)
        assert (found[1], found[3]) == (Decimal(amounts[-1]), Decimal(refunds[-1]) if refunds else None)
    before = order(workspace)
    again = data.draw(st.sampled_from(exports))
    assert export(workspace, line(*again)).accepted == 0
    assert order(workspace) == before
    workspace.close()
