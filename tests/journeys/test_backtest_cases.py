"""Regression cases: what a journey did once it has to do again, or somebody is told what is other."""

from __future__ import annotations

import gc
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from click.testing import Result
from pyroaring import BitMap64
from tests.api.conftest import World, empty, quick_hashes, world  # noqa: F401
from tests.journeys.brand import STAFF
from typer.testing import CliRunner

from onepool import apply
from onepool.api import backtest_cases
from onepool.api.backtest_jobs import Backtests
from onepool.api.backtests import asked_of, simulated
from onepool.api.models.journey_simulate import JourneyCaseRequest, SimulationRequest
from onepool.api.problems import Conflict, Invalid
from onepool.audience.catalog import load_catalog
from onepool.cli.app import app
from onepool.clock import SystemClock
from onepool.journeys.cases import CaseError, parse_case, running
from onepool.journeys.cases.running import carried_out, cases_of, run, run_kept, save
from onepool.workspace import Workspace, init_workspace, open_workspace

BODY: dict[str, Any] = {
    "journey": "carts", "entry": {"did": "cart_added", "reentry": {"when": "after_exit"}}, "max_life": "5 days",
    "start": "wait",
    "nodes": {
        "wait": {"do": "wait", "for": "1 hour", "until": {"did": "order_paid"}, "next": "late", "on_event": "paid"},
        "paid": {"do": "end", "as": "paid"},
        "late": {"do": "end", "as": "late"},
    },
}  # fmt: skip
SLOWER = {**BODY, "nodes": {**BODY["nodes"], "wait": {**BODY["nodes"]["wait"], "for": "3 hours"}}}
BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(days=5)


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    """Six carts; the odd customers pay half an hour later, the even ones two hours later."""
    init_workspace(tmp_path / "w").close()
    settings = tmp_path / "w" / "onepool.yaml"
    settings.write_text(settings.read_text().replace("language: zh-CN", "language: en"))
    made = open_workspace(tmp_path / "w", SystemClock())
    made.save("touchpoint", "shop", {"touchpoint": "shop", "channel": "web"}, author="test")
    made.definitions.save("journey", "carts", BODY, author="test")
    rows = []
    for customer in range(1, 7):
        paid = BEGAN + timedelta(minutes=30 if customer % 2 else 120)
        for name, time in (("cart_added", BEGAN), ("order_paid", paid)):
            seq = (customer * 10 + len(rows)) << 20
            rows.append(
                {
                    "seq": seq, "event_id": f"00000000-0000-0000-0000-{seq:012d}", "identifier_id": customer,
                    "event": name, "time": time, "received_at": time, "channel": "web", "touchpoint": "shop",
                }
            )  # fmt: skip
    ids = pa.array(range(1, 7), pa.int64())
    with made.pool.write() as session:
        session.append("customer_of", pa.table({"identifier_id": ids, "customer_id": ids}))
        session.append("events", pa.Table.from_pylist(rows))
    yield made
    made.close()


def case(name: str = "all", **more: Any) -> dict[str, Any]:
    start = BEGAN - timedelta(hours=1)
    end = start + timedelta(days=2)
    return {"case": f"carts.{name}", "journey": "carts", "start": start.isoformat(), "end": end.isoformat(), **more}


def test_a_case_passes_until_the_journey_changes(ws: Workspace) -> None:
    ctx = load_catalog(ws).context
    save(ws, ctx, parse_case(case("everybody")), BODY, author="ann")
    save(ws, ctx, parse_case(case("two", customers=[1, 2])), BODY, author="ann")
    assert [one.name for one in cases_of(ws, "carts")] == ["carts.everybody", "carts.two"]
    assert [one.passed for one in run(ws, ctx, BODY)] == [True, True]
    everybody, two = run(ws, ctx, SLOWER)
    figures = {one.figure: (one.expected, one.found) for one in everybody.differences}
    assert figures == {"ended:late": ("3", "0"), "ended:paid": ("3", "6")}
    (path,) = [one for one in two.differences if one.figure.startswith("path:")]
    assert path.figure == "path:2" and (path.expected, path.found) == ("wait next", "wait on_event")
    assert path.step == 2
    # Saved anew, the new outcome is what is expected.
    save(ws, ctx, parse_case(case("two", customers=[1, 2])), SLOWER, author="bob")
    assert [one.passed for one in run(ws, ctx, SLOWER)] == [False, True]
    assert ws.definitions.history("case", "carts.two")[0].author == "bob"
    for one in cases_of(ws, "carts"):
        ws.definitions.delete("case", one.name, author="ann")
    assert list(run(ws, ctx, BODY)) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"case": "other.x"}, "the name is the journey's"),
        ({"end": BEGAN.isoformat(), "start": BEGAN.isoformat()}, "behind `start`"),
        ({"customers": [1], "segment": "vip"}, "not both"),
        ({"start": "2026-03-01T00:00:00"}, "with its zone"),
        ({"wrong": 1}, "wrong"),
        ({"acceptance": {"sms": {"accepted": 0.9, "reasons": {"refused": 0.2}}}}, "1.1 together"),
    ],
)
def test_what_is_wrong_with_a_case_is_said(change: dict[str, Any], words: str) -> None:
    with pytest.raises(CaseError, match=words):
        parse_case(case() | change)


def test_a_kept_case_is_about_the_same_people_for_good(ws: Workspace) -> None:
    ctx = load_catalog(ws).context
    kept = save(ws, ctx, parse_case(case()), BODY, author="ann")
    frozen = kept.frozen()
    assert frozen is not None and frozen.tolist() == [1, 2, 3, 4, 5, 6]
    assert parse_case(kept.body()) == kept
    later = BEGAN + timedelta(minutes=1)
    late = {
        "seq": 99 << 20, "event_id": "00000000-0000-0000-0000-000000000099", "identifier_id": 7, "event": "cart_added",
        "time": later, "received_at": later, "channel": "web", "touchpoint": "shop",
    }  # fmt: skip
    with ws.pool.write() as session:
        session.append("customer_of", pa.table({"identifier_id": [7], "customer_id": [7]}))
        session.append("events", pa.Table.from_pylist([late]))
        # Two of them are one by now: that one is looked at.
        session.execute("UPDATE customer_of SET customer_id = 1 WHERE identifier_id = 2")
    (again,) = run(ws, ctx, BODY)
    assert (kept.expected.entered, again.found.entered) == (6, 5), "who came later is not in it"
    with pytest.raises(CaseError, match="as it was kept"):
        parse_case(case(audience="AAAA"))


def test_a_simulation_is_kept_with_the_people_it_was_of(ws: Workspace) -> None:
    """A segment is simulated with whom it has today; nobody was in it when the days began."""
    ws.definitions.save("segment", "staff", STAFF, author="test")
    members = pa.table({"segment": ["staff", "staff"], "customer_id": pa.array([1, 4], pa.int64())})
    with ws.pool.write() as session:
        session.append("segment_members", members)
    days = {"definition": BODY, "start": BEGAN - timedelta(hours=1), "days": 2, "segment": "staff"}
    asked, total = asked_of(ws, SimulationRequest(**days))
    shown, _ = simulated(ws, asked, total, lambda *_: {})
    kept = backtest_cases.keep(ws, JourneyCaseRequest(**days, name="staff", note=""), "ann")
    assert (shown.entered, kept.entered) == (2, 2)
    (again,) = run(ws, load_catalog(ws).context, BODY)
    assert again.passed and again.found.entered == 2
    with pytest.raises(CaseError, match="no segment"):
        backtest_cases.keep(ws, JourneyCaseRequest(**{**days, "segment": "nobody"}, name="none", note=""), "ann")


def test_a_case_is_about_the_past(ws: Workspace) -> None:
    ctx = load_catalog(ws).context
    later = parse_case(case() | {"end": (datetime.now(UTC) + timedelta(days=2)).isoformat()})
    with pytest.raises(CaseError, match="future"):
        carried_out(ws, ctx, later, BODY)
    with pytest.raises(CaseError, match="no segment"):
        carried_out(ws, ctx, parse_case(case(segment="nobody")), BODY)


def test_an_audience_is_of_what_the_case_names(ws: Workspace) -> None:
    kept = save(ws, load_catalog(ws).context, parse_case(case()), BODY, author="ann").body()
    for change in ({"segment": "vip"}, {"sample": 10}):
        with pytest.raises(CaseError, match="another segment or sample"):
            parse_case(kept | change)
    # Two thousand bytes may say that they are ten millions.
    many = BitMap64(range(10_000_000))
    many.run_optimize()
    with pytest.raises(CaseError, match="10000000 customers, 20000 at most"):
        parse_case(case(audience=b64encode(many.serialize()).decode()))


def test_a_case_that_cannot_be_carried_out_fails_alone(ws: Workspace) -> None:
    ctx = load_catalog(ws).context
    save(ws, ctx, parse_case(case("two", customers=[1, 2])), BODY, author="ann")
    old = case("all", acceptance={"sms": {"accepted": 0.9, "reasons": {"refused": 0.2}}})
    ws.definitions.save("case", "carts.all", old, author="ann")
    ws.definitions.save("case", "gone.one", case() | {"case": "gone.one", "journey": "gone"}, author="ann")
    found = {one.name: (one.passed, one.problem) for name in running.tested(ws) for one in run_kept(ws, ctx, name)}
    assert found.pop("carts.two") == (True, None)
    assert [passed for passed, _ in found.values()] == [False, False]
    assert "1.1 together" in (found["carts.all"][1] or "") and "no journey gone" in (found["gone.one"][1] or "")
    assert [one.name for one in backtest_cases.listed(ws, "carts")] == ["all", "two"]  # type: ignore[arg-type]
    folder = str(ws.root)
    ws.close()
    code, output = told("journey", "test", "-w", folder)
    assert code == 1 and "1.1 together" in output and "no journey gone" in output and "passed  carts.two" in output


def said(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), env={"COLUMNS": "200"})


def told(*words: str) -> tuple[int, str]:
    """Exit status and output; what a command that failed had open is closed."""
    result = said(*words)
    found = result.exit_code, result.output
    del result
    gc.collect()
    return found


def test_cases_are_files_and_commands(ws: Workspace, tmp_path: Path) -> None:
    folder = str(ws.root)
    ws.close()
    kept = said("journey", "case", "carts", "recent", "--days", "6", "--customer", "2", "-w", folder)
    assert kept.exit_code == 0, kept.output
    passed = said("journey", "test", "carts", "-w", folder)
    assert passed.exit_code == 0 and "passed" in passed.output and "carts.recent" in passed.output
    again = open_workspace(folder)
    again.definitions.save("journey", "carts", SLOWER, author="test")
    (written,) = [one for one in apply.export(again, tmp_path / "out") if one.parent.name == "cases"]
    body = yaml.safe_load(written.read_text(encoding="utf-8"))
    assert body["expected"]["ended"] == {"late": 1}
    assert body["expected"]["paths"] == {"2": [["enter", "wait next", "late end:late"]]}
    (tmp_path / "out" / "cases" / "carts.recent.yaml").write_text(
        yaml.safe_dump(body | {"note": "kept"}), encoding="utf-8"
    )
    apply.apply(again, author="test", root=tmp_path / "out")
    assert again.definitions.get("case", "carts.recent").body["note"] == "kept"  # type: ignore[union-attr]
    again.close()
    code, output = told("journey", "test", "carts", "--json", "-w", folder)
    assert code == 1 and '"ended:paid"' in output
    code, output = told("journey", "test", "-w", folder)
    assert code == 1 and "FAILED" in output
    code, output = told("journey", "publish", "carts", "-w", folder)
    assert code == 1 and "ended:paid" in output and "is live" not in output
    code, output = told("journey", "publish", "carts", "--anyway", "-w", folder)
    assert code == 0 and "is live" in output


def test_over_http(world: World) -> None:  # noqa: F811
    browser = world.signed_in()
    start = (world.clock.now() - timedelta(days=10)).isoformat()
    asked = {
        "definition": BODY,
        "start": start,
        "days": 10,
        "customers": [2, 1],
        "name": "first",
        "note": "two of them",
    }
    made = browser.post("/api/v1/journeys/cases", asked)
    assert made.status_code == 201, made.text
    assert (made.json()["name"], made.json()["customers"], made.json()["note"]) == ("first", [1, 2], "two of them")
    (listed,) = browser.get("/api/v1/journeys/carts/cases").json()["items"]
    assert listed == made.json()
    (result,) = browser.post("/api/v1/journeys/cases/run", {"definition": BODY}).json()["items"]
    assert (result["name"], result["passed"], result["differences"], result["problem"]) == ("first", True, [], None)
    # Publishing asks for one after the other, to show how far it is.
    for names, count in ((["first"], 1), ([], 0)):
        some = browser.post("/api/v1/journeys/cases/run", {"definition": BODY, "names": names}).json()["items"]
        assert len(some) == count
    # What was retired meanwhile must not look as if it had passed.
    gone = browser.post("/api/v1/journeys/cases/run", {"definition": BODY, "names": ["first", "second"]})
    assert (gone.status_code, gone.json()["code"]) == (404, "case-unknown")
    many = browser.post("/api/v1/journeys/cases/run", {"definition": BODY, "names": ["first"] * 51})
    assert many.status_code == 422
    faulty = browser.post("/api/v1/journeys/cases/run", {"definition": {"journey": "carts"}})
    assert faulty.json()["code"] == "journey-faults"
    assert browser.delete("/api/v1/journeys/carts/cases/first").status_code == 204
    assert browser.get("/api/v1/journeys/carts/cases").json()["items"] == []
    assert browser.delete("/api/v1/journeys/carts/cases/first").status_code == 404


def test_the_cases_of_one_request_are_carried_out_at_a_time() -> None:
    jobs = Backtests()
    with jobs.carrying(), pytest.raises(Conflict, match="ask again"), jobs.carrying():
        pass
    with jobs.carrying():
        pass


def test_all_cases_of_a_journey_with_very_many_are_not_carried_out_at_once(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctx = load_catalog(ws).context
    for name in ("one", "two"):
        save(ws, ctx, parse_case(case(name, customers=[1])), BODY, author="ann")
    monkeypatch.setattr(backtest_cases, "MOST_CASES", 1)
    with pytest.raises(Invalid, match="name some"):
        backtest_cases.carried(ws, BODY)  # type: ignore[arg-type]
    some = backtest_cases.carried(ws, BODY, ["two"])  # type: ignore[arg-type]
    assert [one.passed for one in some] == [True]
