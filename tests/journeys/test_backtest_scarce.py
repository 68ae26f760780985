"""Back-tests where customers concern each other: stock, rate, audiences; and what the journey itself wrote."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pytest
from tests.reach.outbox import NOON

from onepool.audience.catalog import load_catalog
from onepool.clock import FakeClock, to_micros
from onepool.journeys.backtest.gating import HistoryGate, Ledger
from onepool.journeys.backtest.lines import People
from onepool.journeys.backtest.outbox import Fates, Outbox
from onepool.journeys.backtest.run import backtest
from onepool.journeys.backtest.types import DAY, HOUR, SECOND, Asked, Outcome
from onepool.journeys.executor import starts
from onepool.journeys.executor.ports import CANCELLED, Clocks
from onepool.journeys.keys import lots, run_keys
from onepool.reach.gate import DECIDED, LEDGER, PLANNED
from onepool.reach.lives import Lives
from onepool.reach.policy_model import Policy
from onepool.reach.rules import ContactPolicy, SendPolicy
from onepool.reach.states import SendState
from onepool.workspace import Workspace, init_workspace

MESSAGE = {
    "message": "hello", "title": "Hello", "category": "service",
    "contents": [{"channel": "sms", "kind": "notice", "content": {"text": "hello"}}],
}  # fmt: skip
PEOPLE = 40
START = to_micros(NOON) - 10 * DAY
APART = SECOND // 5


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Forty customers who put something into a cart, five a second."""
    made = init_workspace(tmp_path_factory.mktemp("scarce") / "w", clock=FakeClock(NOON))
    made.save("touchpoint", "shop", {"touchpoint": "shop", "channel": "web"}, author="test")
    coupon = {"coupon": "FEW", "face": {"amount": 20}, "codes": {"generated": {"on_demand": True}}, "stock": 15}
    made.definitions.save("coupon", "FEW", coupon, author="test")
    made.definitions.save("message", "hello", MESSAGE, author="test")
    ids = np.arange(1, PEOPLE + 1)
    with made.pool.write() as session:
        session.append("customer_of", pa.table({"identifier_id": ids, "customer_id": ids}))
        session.execute(
            """INSERT INTO events BY NAME SELECT range << 20 AS seq, uuid() AS event_id, range AS identifier_id,
                'cart_added' AS event, make_timestamptz($start + range * 200000) AS time,
                make_timestamptz($start + range * 200000) AS received_at, 'web' AS channel, 'shop' AS touchpoint
            FROM range(1, $n + 1)""",
            {"start": START, "n": PEOPLE},
        )
    yield made
    made.close()


def body(nodes: dict[str, Any], **more: Any) -> dict[str, Any]:
    entry = {"did": "cart_added"} | more.pop("entry", {})
    return {"journey": "few", "entry": entry, "max_life": "5 days", "start": next(iter(nodes)), "nodes": nodes, **more}


ALWAYS = {"when": "always"}
DONE = {"done": {"do": "end", "as": "completed"}, "none": {"do": "end", "as": "no_coupon"}}


def run(ws: Workspace, definition: dict[str, Any], **more: Any) -> Outcome:
    asked = Asked(definition, START, START + 2 * DAY, paths=True, **more)
    return backtest(ws, load_catalog(ws).context, asked)


def entered(outcome: Outcome, reason: str) -> list[int]:
    return sorted(row["entered"] - START for row in outcome.runs.to_pylist() if row["reason"] == reason)


def test_the_first_ones_get_what_there_is(ws: Workspace) -> None:
    give = {"do": "issue_coupon", "batch": "FEW", "save": "code", "next": "done", "else": "none"}
    wait = {"do": "wait", "for": "2 hours", "next": "give"}
    found = run(ws, body({"wait": wait, "give": give, **DONE}))
    assert entered(found, "completed") == [number * APART for number in range(1, 16)]
    assert entered(found, "no_coupon") == [number * APART for number in range(16, PEOPLE + 1)]
    assert not found.together
    unknown = run(ws, body({"give": {**give, "batch": "NONE"}, **DONE}))
    assert entered(unknown, "completed") == []


@pytest.mark.parametrize("rate", [{"per_second": 1}, {"per_day": 30}])
def test_the_rate_holds_up(ws: Workspace, rate: dict[str, int]) -> None:
    found = run(ws, body(DONE, entry={"rate": rate}))
    assert found.steps is not None
    began = sorted(row["at"] - START for row in found.steps.to_pylist() if row["edge"] == "enter")
    assert len(began) == PEOPLE
    if "per_second" in rate:
        assert (np.diff(began) == SECOND).all(), "one a second, though five come"
    else:
        days = [(NOON - timedelta(days=10) + timedelta(microseconds=one) + timedelta(hours=8)).date() for one in began]
        assert sorted(days.count(one) for one in set(days)) == [10, 30]


def test_an_audience_goes_in_at_its_rate(ws: Workspace) -> None:
    at = (NOON - timedelta(days=10) + timedelta(hours=1)).isoformat()
    who = {"did": "cart_added"}
    plain = {**body(DONE), "entry": {"one_off": {"who": who, "start": at}}}
    assert entered(run(ws, plain), "completed") == [HOUR] * PEOPLE
    slow = {**plain, "entry": {**plain["entry"], "rate": {"per_second": 2}}}
    found = entered(run(ws, slow), "completed")
    assert len(found) == PEOPLE and found[0] == HOUR
    assert 19 * SECOND <= found[-1] - HOUR <= 21 * SECOND
    days = run(ws, {**body(DONE), "entry": {"schedule": "0 4 * * *", "who": who, "reentry": ALWAYS}})
    assert len(entered(days, "completed")) == 2 * PEOPLE


def test_of_an_audience_the_lot_says_who_gets_what_there_is_in_however_many_steps(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not those with the lowest numbers, in every journey anew, nor those of the first portion."""
    start = to_micros(NOON) - 10 * DAY + HOUR
    give = {"do": "issue_coupon", "batch": "FEW", "save": "code", "next": "done", "else": "none"}
    entry = {"one_off": {"who": {"did": "cart_added"}, "start": (NOON - timedelta(days=10, hours=-1)).isoformat()}}

    def given(journey: str) -> set[int]:
        found = run(ws, {**body({"give": give, **DONE}), "journey": journey, "entry": entry})
        rows = found.runs.to_pylist()
        assert {row["entered"] for row in rows} == {start} and len(rows) == PEOPLE
        return {row["customer_id"] for row in rows if row["reason"] == "completed"}

    def first(journey: str) -> set[int]:
        people = np.arange(1, PEOPLE + 1)
        order = np.argsort(lots(run_keys(journey, people, [""] * PEOPLE, np.full(PEOPLE, start))))
        return set(people[order][:15].tolist())

    at_once = {journey: given(journey) for journey in ("few", "more")}
    assert at_once == {journey: first(journey) for journey in at_once}
    assert at_once["few"] != at_once["more"]
    monkeypatch.setattr(starts, "MOST_DUE", 7)
    assert {journey: given(journey) for journey in at_once} == at_once


def test_later_conditions_see_what_was_written(ws: Workspace) -> None:
    nodes = {
        "write": {"do": "set_profile", "set": {"city": "Hangzhou"}, "next": "wait"},
        "wait": {"do": "wait", "for": "1 hour", "next": "look"},
        "look": {
            "do": "branch", "cases": [{"when": {"attribute": "city", "is": "Hangzhou"}, "next": "done"}],
            "else": "none",
        },
    }  # fmt: skip
    found = run(ws, body({**nodes, **DONE}))
    assert len(entered(found, "completed")) == PEOPLE
    first = {**nodes["look"], "else": "write"}
    again = run(ws, {**body({"look": first, "write": {**nodes["write"], "next": "none"}, **DONE}), "start": "look"})
    assert len(entered(again, "no_coupon")) == PEOPLE, "nobody lived there before"


def test_of_many_some_are_told(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    from onepool.journeys.backtest import scope

    monkeypatch.setattr(scope, "MANY", 10)
    monkeypatch.setattr(scope, "TOLD", 7)
    found = run(ws, body(DONE))
    assert found.people == PEOPLE and found.entered == PEOPLE
    assert found.steps is not None and len(set(found.steps.column("customer_id").to_pylist())) == 7


def test_a_batch_that_is_not_valid_yet_is_given_out_in_order_too(ws: Workspace) -> None:
    opens = (NOON - timedelta(days=10) + timedelta(hours=1)).isoformat()
    coupon = {"coupon": "SOON", "face": {"amount": 20}, "codes": {"generated": {"on_demand": True}}, "stock": 15}
    ws.definitions.save("coupon", "SOON", {**coupon, "valid": {"from": opens}}, author="test")
    give = {"do": "issue_coupon", "batch": "SOON", "save": "code", "next": "done", "else": "none"}
    arms = [{"name": "soon", "weight": 1, "next": "one"}, {"name": "late", "weight": 1, "next": "three"}]
    nodes = {
        "part": {"do": "split", "salt": "x", "arms": arms},
        "one": {"do": "wait", "for": "90 minutes", "next": "two"},
        "two": {"do": "wait", "for": "30 minutes", "next": "give"},
        "three": {"do": "wait", "for": "3 hours", "next": "give"},
    }
    found = run(ws, body({**nodes, "give": give, **DONE}))
    assert found.steps is not None
    asked = [row for row in found.steps.to_pylist() if found.node(row["node"]) == "give"]
    got = [row["at"] for row in asked if row["edge"] == "next"]
    none = [row["at"] for row in asked if row["edge"] == "else"]
    assert len(got) == 15 and len(none) == PEOPLE - 15
    assert max(got) < min(none), "whoever came first got one, though others go through fewer nodes"


def test_what_its_own_step_cancelled_never_went_out() -> None:
    planned = {"send_id": 7, "run_id": 3, "customer_id": 1, "channel": "sms", "kind": "notice", "planned": 5}
    planned |= {"node": 0, "visit": 0, "hop": 0, "policy": 0, "state": int(SendState.QUEUED), "due": 5}
    table = pa.Table.from_pylist(
        [planned, {**planned, "send_id": 8, "run_id": 4}], schema=pa.schema([*PLANNED, *DECIDED])
    )
    cancelled = pa.Table.from_pylist([{"run_id": 3, "reason": "goal_reached"}], schema=CANCELLED)
    outbox = Outbox(Fates({}), Policy())
    step = SimpleNamespace(sends=table, policies=[SendPolicy()], cancelled=cancelled, gone=[])
    assert outbox.take(step).tolist() == [7]  # type: ignore[arg-type]
    told = outbox.claim(
        lambda who: np.full(who.size, 9), lambda rows, _, __: rows, lambda rows, _: np.ones(0, np.bool_)
    )
    assert told.column("key").to_pylist() == [8]
    stands = {row["send_id"]: (row["state"], row["reason"]) for row in outbox.table().to_pylist()}
    assert stands == {7: (SendState.CANCELLED, "goal_reached"), 8: (SendState.ACCEPTED, None)}


def test_quiet_hours_go_by_the_zone_of_then(ws: Workspace) -> None:
    moved = START + DAY

    def texts(attribute: str, places: Any, instants: Any) -> list[str | None]:
        return ["Europe/Berlin" if one < moved else "Asia/Tokyo" for one in instants.tolist()]

    people = People(np.array([1, 2], np.int64))
    with ws.pool.read() as session:
        session.relation("_zoned", pa.table({"customer_id": people.customers}))
        gate = HistoryGate(
            session, ContactPolicy(), cast(Any, None), Lives(), people, cast(Any, None),
            Ledger(people, LEDGER.empty_table()), lambda rows: np.ones(rows.num_rows, np.bool_), texts,
        )  # fmt: skip
        for at, zone in ((START, "Europe/Berlin"), (moved, "Asia/Tokyo")):
            gate.clocks = Clocks(people.customers, np.full(2, at))
            names, codes = gate.zones(people.customers, "time_zone")
            assert [names[code] for code in codes.tolist()] == [zone, zone]
