"""The invariants of journeys as properties. Where each is shown:

| # | Property | Test |
|---|---|---|
| P1 | one accepted call a key, one delivery | `test_crash`, `test_properties_reach.test_p1_…` |
| P2 | conservation | `test_p2_what_flows_in_flows_out_or_is_there` |
| P3 | no run is lost | `test_p3_every_live_run_waits_for_something_with_an_end` |
| P4 | caps under concurrent claims | `test_properties_reach.test_p4_…`, `test_crash` |
| P5 | quiet hours in every zone | `test_properties_reach.test_p5_…`, `test_crash` |
| P6 | a goal beats a step | `test_p6_a_goal_up_to_the_timer_leaves_the_step_undone` |
| P7 | deferred: at the first open minute or cancelled | `test_properties_reach.test_p7_…` |
| P8 | determinism | `test_properties_tick.test_p8_…` |
| P9 | withdrawal stops claims | `test_properties_reach.test_p9_…` |
| P10 | stable assignment, control gets nothing | `test_p10_…` |
| P11 | re-entry under duplicates and disorder | `test_p11_…` |
| P12 | versions are pinned | `test_p12_…` |
| P13 | a reason for everything | `test_p13_…` |
| P14 | order of the chain | `test_p14_…` |
| P15 | what came twice changes nothing | `test_properties_tick.test_p15_…` |
| P16 | erasure | `test_p16_…`, `test_properties_reach.test_p16_…` |
| P17 | executor = naive interpreter = SQL alone | `test_differential`, `test_differential_stored` |
| P18 | bounded work | `test_p18_…` |
"""

from __future__ import annotations

import random
from collections import Counter
from copy import deepcopy
from dataclasses import replace
from functools import cache
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare
from sqlalchemy import func, select, text
from tests.journeys import differ
from tests.journeys.differ import Columnar, parsed
from tests.journeys.differ_stored import Stored
from tests.journeys.drawing_logs import HOUR, MINUTE, START, Case, Quantum, Seeded, case
from tests.journeys.vocabulary import context

from onepool.audience.conditions.reference import Event
from onepool.channels.base.receipts import Reason
from onepool.journeys.executor.book import Book
from onepool.journeys.executor.executor import Executor
from onepool.journeys.executor.plan import Plan
from onepool.journeys.executor.ports import Inputs
from onepool.journeys.executor.times import later
from onepool.journeys.graph import edges
from onepool.journeys.keys import bucket
from onepool.journeys.parse import parse_journey
from onepool.journeys.states import RunState
from onepool.reach.rules import Control
from onepool.reach.states import SendState
from onepool.state import State
from onepool.state.journeys import runs

SEEDS = range(9000, 9090)


class Lived(Columnar):
    """A case lived through. `owners`: whose each message was when it was planned; `arms`: (run, node, arm, whose the
    run was when it came to the split); `merged`: customers who went up in another or in whom another did."""

    def __init__(self, made: Case) -> None:
        super().__init__(made, parsed(made), context(made.zone))
        self.owners: dict[int, int] = {}
        self.arms: list[tuple[int, int, str, int]] = []
        self.merged = {one for quantum in made.quanta for pair in quantum.merges for one in pair[:2]}

    def step(self, quantum: Quantum, since: int) -> None:
        before = set(self.steps())
        super().step(quantum, since)
        for send_id, send in self.world.sends.items():
            self.owners.setdefault(send_id, int(send["customer_id"]))
        for run_id, _, node, _, edge, _ in set(self.steps()) - before:
            if edge.startswith("arms["):
                self.arms.append((run_id, node, edge, int(self.world.rows[run_id]["customer_id"])))


@cache
def lived() -> list[Lived]:
    """Many drawn cases lived through, for several properties; they look, and change nothing."""
    return [live_through(case(Seeded(seed), 16, 8)) for seed in SEEDS]


def live_through(made: Case) -> Lived:
    """The executor over all steps of a case."""
    found = Lived(made)
    since = made.start
    for quantum in made.quanta:
        found.step(quantum, since)
        since = quantum.at
    return found


def simple(body: dict[str, Any], *quanta: Quantum, start: int = START) -> Case:
    """A case of one journey and one customer."""
    whole = {"journey": "one", "max_life": "30 days", "start": "n", **body}
    return Case("Asia/Shanghai", start, [whole], [1000], list(quanta), {})


def did(name: str, time: int, number: int, received: int | None = None, **values: Any) -> tuple[int, Event, str]:
    event = Event(number, name, time, received or time, "web", "shop", values, None, {})
    return 1000, event, f"00000000-0000-0000-0000-{number:012d}"


# ------------------------------------------------------------------------------------------------------------ P2, P3


def test_p2_what_flows_in_flows_out_or_is_there() -> None:
    """By SQL after every step: what came to a node over edges, less what left it, is who is there."""
    occupied = 0
    for seed in (9011, 9017, 9024, 9049, 9065):
        made = case(Seeded(seed), 30, 8)
        journeys = parsed(made)
        state = State("sqlite://")
        stored = Stored(made, journeys, context(made.zone), state=state)
        since = made.start
        for quantum in made.quanta:
            stored.step(quantum, since)
            since = quantum.at
            occupied += _conserved(state, stored)
        assert stored.stored_edges() == stored.edges
        state.close()
    assert occupied > 40, "too few runs were at a node for this to prove anything"


def _conserved(state: State, stored: Stored) -> int:
    counted = "SELECT version_id, node, edge, sum(count) AS count FROM journey_edges GROUP BY 1, 2, 3"
    there = "SELECT version_id, node, count(*) AS count FROM runs WHERE state <> 9 AND node >= 0 GROUP BY 1, 2"
    with state.read() as connection:
        flows = connection.execute(text(counted)).all()
        found = {(row.version_id, row.node): row.count for row in connection.execute(text(there))}
        all_runs = connection.execute(select(func.count()).select_from(runs)).scalar_one()
    balance: Counter[tuple[int, int]] = Counter()
    for row in flows:
        plan = stored.plans[row.version_id]
        if row.node < 0:
            if row.edge == "enter":
                balance[row.version_id, plan.start] += row.count
            continue
        ways = {edge.label: edge.target for edge in edges(plan.nodes[row.node])}
        if row.edge in ways:
            balance[row.version_id, row.node] -= row.count
            balance[row.version_id, plan.number[ways[row.edge]]] += row.count
        elif row.edge.startswith("end:"):
            balance[row.version_id, row.node] -= row.count
    assert {place: count for place, count in balance.items() if count} == found
    steps = stored.steps()
    began = {step[0] for step in steps if step[4] in ("held", "enter", "holdout")}
    assert all_runs == len(began - {step[0] for step in steps if step[4] == "not_qualified"})
    return sum(found.values())


def test_p3_every_live_run_waits_for_something_with_an_end() -> None:
    """A static look at the table: a live run has an instant at which it goes on, at the latest the end of its life; who
    waits for a message has one in flight."""
    seen: Counter[int] = Counter()
    for found in lived():
        flying = {(one["run_id"], one["hop"]) for one in found.world.sends.values()}
        for row in found.world.rows.values():
            if row["state"] == RunState.ENDED:
                continue
            seen[row["state"]] += 1
            plan = found.plans[row["version_id"]]
            assert row["due"] >= row["entered"], row
            assert row["due"] <= row["entered"] + 31 * 24 * HOUR
            assert row["state"] != RunState.READY, "who is ready goes on in the same step"
            if row["state"] == RunState.WAIT_OUTCOME and plan.nodes[row["node"]].do == "send":
                assert (row["run_id"], row["hop"]) in flying
    assert set(seen) >= {RunState.HELD, RunState.WAIT_TIME, RunState.WAIT_OUTCOME}


# ---------------------------------------------------------------------------------------------------------------- P6


@pytest.mark.parametrize("offset", [-1, 0, 1])
@pytest.mark.parametrize("held", [True, False])
def test_p6_a_goal_up_to_the_timer_leaves_the_step_undone(offset: int, held: bool) -> None:
    """Goal and timer in one and the same step; also while the run is held. Later goals of the same step win as well,
    since they are known before anything is done."""
    entry: dict[str, Any] = {"did": "cart_added"}
    if held:
        entry["hold"] = {"for": "1 hour"}
    nodes = {
        "n": {"do": "wait", "for": "1 hour", "next": "give"},
        "give": {"do": "issue_coupon", "batch": "PLENTY", "save": "code", "next": "z", "else": "z"},
        "z": {"do": "end", "as": "completed"},
    }
    due = START + HOUR
    first = Quantum(START + 10 * MINUTE, [did("cart_added", START, 1)])
    both = Quantum(due + 10 * MINUTE, [did("order_paid", due + offset, 2)])
    found = live_through(simple({"entry": entry, "goal": {"did": "order_paid"}, "nodes": nodes}, first, both))
    [row] = found.world.rows.values()
    assert (row["state"], row["reason"], row["goal_at"]) == (RunState.ENDED, "goal", due + offset)
    assert row["vars"] is None
    assert [step[4] for step in found.steps()] == (["held", "end:goal"] if held else ["enter", "end:goal"])


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_an_awaited_event_at_the_time_out_wins(offset: int) -> None:
    nodes = {
        "n": {"do": "wait", "until": {"did": "order_paid"}, "for": "1 hour", "next": "late", "on_event": "came"},
        "came": {"do": "end", "as": "came"},
        "late": {"do": "end", "as": "late"},
    }
    due = START + HOUR
    first = Quantum(START + 10 * MINUTE, [did("cart_added", START, 1)])
    both = Quantum(due + 10 * MINUTE, [did("order_paid", due + offset, 2)])
    found = live_through(simple({"entry": {"did": "cart_added"}, "nodes": nodes}, first, both))
    [row] = found.world.rows.values()
    assert row["reason"] == ("late" if offset > 0 else "came")


# --------------------------------------------------------------------------------------------------------------- P10


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=12), st.integers(0, 2**40))
def test_p10_an_arm_depends_on_salt_and_customer_alone(salt: str, first: int) -> None:
    customers = np.arange(first, first + 500, dtype=np.int64)
    places = bucket(salt, customers)
    assert ((places >= 0) & (places < 10_000)).all()
    shuffled = np.random.default_rng(1).permutation(500)
    assert (bucket(salt, customers[shuffled]) == places[shuffled]).all()


def test_p10_buckets_are_even_and_salts_are_strangers() -> None:
    customers = np.arange(1, 200_001, dtype=np.int64)
    one, other = bucket("one", customers), bucket("two", customers)
    assert chisquare(np.bincount(one // 100, minlength=100)).pvalue > 0.001
    table = np.histogram2d(one, other, bins=10)[0].ravel()
    assert chisquare(table).pvalue > 0.001


def test_p10_control_and_holdout_get_nothing_and_merges_keep_the_arm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is planned for who is of the control group by then, nor claimed; a run that comes to a split goes where
    the lot sends him whose run it is then, the survivor of a merge."""
    control = Control(0.4, "everybody")
    monkeypatch.setattr(differ, "CONTROL", control)
    controlled: set[int] = set()
    splits = merged = 0
    for seed in range(9200, 9230):
        found = live_through(case(Seeded(seed), 16, 8))
        respected = {plan.journey: plan.definition.experiment.respect_global_control for plan in found.plans.values()}
        for send_id, send in found.world.sends.items():
            place = int(bucket(control.salt, np.array([found.owners[send_id]], np.int64))[0])
            if place < 4000 and send["category"] in control.categories and respected[send["journey"]]:
                assert send["state"] == SendState.SUPPRESSED and send["claimed"] is None, send
                controlled.add(place)
            else:
                assert send["reason"] != "control"
        held_out = {row["run_id"] for row in found.world.rows.values() if row["reason"] == "holdout"}
        assert not held_out & {send["run_id"] for send in found.world.sends.values()}
        for run_id, node, edge, who in found.arms:
            plan = found.plans[found.world.rows[run_id]["version_id"]]
            said = plan.nodes[node]
            place = int(bucket(said.salt or f"{plan.journey}.{plan.names[node]}", np.array([who], np.int64))[0])
            ends = np.cumsum([arm.weight for arm in said.arms])
            assert edge == f"arms[{int(np.argmax(place * ends[-1] < ends * 10_000))}]"
            splits += 1
            merged += who in found.merged
    assert min(controlled) < 1000 and max(controlled) > 3000, "of the whole group, so that no part of it is overlooked"
    assert splits > 20 and merged


# --------------------------------------------------------------------------------------------------------------- P11


@pytest.mark.parametrize("seed", range(9100, 9110))
def test_p11_doubled_and_shuffled_events_start_the_same_runs(seed: int) -> None:
    """Within a step events count in the order of their times, however they came; the same one twice is one."""
    made = case(Seeded(seed), 15, 6)
    chance = random.Random(seed)
    mixed = deepcopy(made)
    for quantum in mixed.quanta:
        quantum.events += [chance.choice(quantum.events)] if quantum.events else []
        chance.shuffle(quantum.events)
    one, other = live_through(made), live_through(mixed)
    assert one.runs() == other.runs()
    assert one.sends() == other.sends()
    _within_limits(one)


def test_p11_entries_are_as_rare_as_the_journey_says() -> None:
    """Counted from the runs there are, over all windows; and the rules were asked, each of them."""
    refused: Counter[str] = Counter()
    for found in lived():
        _within_limits(found)
        refused.update(edge for *_, edge, _ in found.steps() if edge.startswith("refused:"))
    assert min(refused[f"refused:{why}"] for why in ("reentry", "parallel", "cooldown", "max")) >= 3, refused


def _within_limits(found: Lived) -> None:
    for plan in found.plans.values():
        rule = plan.definition.entry.reentry
        live: Counter[int] = Counter()
        entries: dict[int, list[int]] = {}
        for row in found.world.rows.values():
            if row["version_id"] != plan.version_id or row["parent"] >= 0:
                continue
            live[row["customer_id"]] += row["state"] != RunState.ENDED
            # Two who become one entered each as often as he might.
            if row["customer_id"] not in found.merged:
                entries.setdefault(row["customer_id"], []).append(row["entered"])
        assert max(live.values(), default=0) <= (rule.parallel if rule.when == "always" else 1)
        for times in map(sorted, entries.values()):
            assert rule.when != "never" or len(times) == 1
            at = np.array(times, np.int64)
            if rule.cooldown is not None and rule.when != "never":
                assert (at[1:] >= later(at[:-1], rule.cooldown, plan.zone)).all(), (plan.journey, times)
            if rule.max is not None and rule.when != "never":
                over = later(at, rule.max.per, plan.zone)
                for number, now in enumerate(times):
                    assert int((over[: number + 1] > now).sum()) <= rule.max.runs, (plan.journey, times)


# --------------------------------------------------------------------------------------------------------------- P12


def test_p12_a_run_goes_on_in_its_own_version() -> None:
    old = {
        "n": {"do": "wait", "for": "2 hours", "next": "old"},
        "old": {"do": "wait", "for": "2 hours", "next": "z"},
        "z": {"do": "end", "as": "completed"},
    }
    new = {"n": {"do": "wait", "for": "1 hour", "next": "a"}, "a": {"do": "end", "as": "other"}}
    entry = {"did": "cart_added", "reentry": {"when": "always", "parallel": 3}}
    made = simple({"entry": entry, "nodes": old}, Quantum(START + MINUTE, [did("cart_added", START, 1)]))
    found = live_through(made)
    body = {**made.bodies[0], "nodes": new}
    found.plans[2] = Plan(2, parse_journey(body), body, found.plans[1].messages)
    standing = replace(found.book.standings["one"], version_id=2)
    found.book = Book(found.plans, {"one": standing})
    at = START + 30 * MINUTE
    found.step(Quantum(at, [did("cart_added", at - MINUTE, 2)]), START + MINUTE)
    for hour in range(1, 7):
        found.step(Quantum(START + hour * HOUR + MINUTE), START + (hour - 1) * HOUR + MINUTE)
    ends = {row["version_id"]: row["reason"] for row in found.world.rows.values()}
    assert ends == {1: "completed", 2: "other"}
    edges_of = {run_id: [] for run_id in found.world.rows}
    for run_id, _, node, _, _, _ in found.steps():
        edges_of[run_id].append(node)
    assert sorted(map(max, edges_of.values())) == [1, 2]


# ---------------------------------------------------------------------------------------------------------- P13, P14


def test_p13_everything_that_did_not_happen_has_its_reason() -> None:
    reasons = frozenset(get_args(Reason))
    kept = {"goal", "completed", "holdout", "expired", "stopped", "merged", "erased", "other"}
    for found in lived():
        for send in found.world.sends.values():
            if send["state"] >= SendState.SUPPRESSED or send["state"] == SendState.UNKNOWN:
                assert send["reason"] in reasons, send
        for row in found.world.rows.values():
            if row["state"] == RunState.ENDED:
                assert row["reason"] in kept or row["reason"].startswith("exit:"), row
                assert row["ended"] >= row["entered"]


def test_p14_a_hop_follows_a_listed_final_reason_only() -> None:
    followed = 0
    for found in lived():
        sends = {(one["run_id"], one["node"], one["visit"], one["hop"]): one for one in found.world.sends.values()}
        for (run_id, node, visit, hop), _ in sends.items():
            if hop == 0:
                continue
            before = sends[run_id, node, visit, hop - 1]
            plan = found.plans[before["version_id"]]
            listed = plan.nodes[node].chain[hop - 1].next_on
            assert before["state"] >= SendState.SUPPRESSED or before["state"] == SendState.UNKNOWN
            assert before["reason"] in listed
            followed += 1
    assert followed > 10


# --------------------------------------------------------------------------------------------------------------- P16


def test_p16_nothing_goes_on_for_who_was_erased() -> None:
    erased = 0
    for found in lived():
        for row in found.world.rows.values():
            if row["reason"] == "erased":
                erased += 1
                for send in found.world.sends.values():
                    if send["run_id"] == row["run_id"]:
                        assert send["state"] not in (SendState.QUEUED, SendState.DEFERRED, SendState.RETRY)
    assert erased >= 2


# --------------------------------------------------------------------------------------------------------------- P18


def test_p18_a_step_takes_so_many_and_the_oldest_first() -> None:
    """Two journeys, one with many timers: each step takes a hundred, those longest due first, until none is left."""
    nodes = {"n": {"do": "wait", "for": "1 hour", "next": "z"}, "z": {"do": "end", "as": "completed"}}
    body = {"journey": "one", "entry": {"did": "cart_added"}, "max_life": "30 days", "start": "n", "nodes": nodes}
    many, few = {**body}, {**body, "journey": "two", "entry": {"did": "app_opened"}}
    events = []
    for number in range(450):
        name = "app_opened" if number % 45 == 44 else "cart_added"
        _, event, event_id = did(name, START + number, number + 1)
        events.append((2000 + number, event, event_id))
    made = Case("Asia/Shanghai", START, [many, few], [], [Quantum(START + MINUTE, events)], {})
    found = live_through(made)
    found.world.at = at = START + 2 * HOUR
    found.world.events = []
    oldest = []
    for _ in range(4):
        step = Executor(found.book, found.world, most=100).step(Inputs(), at)
        assert len(step.runs) == 100
        assert step.more
        found.world.save(step)
        oldest.append(min(row["due"] for row in found.world.rows.values() if row["state"] != RunState.ENDED))
    assert oldest == sorted(oldest) and len(set(oldest)) == 4
    last = Executor(found.book, found.world, most=100).step(Inputs(), at)
    assert (len(last.runs), last.more) == (50, False)
    found.world.save(last)
    assert all(row["state"] == RunState.ENDED for row in found.world.rows.values())
