"""The executor does for whole columns what the naive interpreter does for one run after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from tests.journeys.differ import Columnar, differences, parsed
from tests.journeys.drawing_logs import MINUTE, STARTS, Case, Quantum, Seeded, case, cases
from tests.journeys.naive_starts import crowded
from tests.journeys.sql_executor.cases import plain
from tests.journeys.sql_executor.executor import SqlExecutor
from tests.journeys.vocabulary import CHANNELS, context

from onepool.audience.conditions.reference import Event
from onepool.journeys.executor import ports, pressure
from onepool.journeys.executor.columns import I64
from onepool.journeys.executor.plan import Plan
from onepool.journeys.executor.turn import Turn
from onepool.journeys.model import DateEntry, OneOffEntry, ScheduleEntry

SEEDS = 240
CUSTOMERS = 8
PARTS = 8
START = STARTS[0]


@pytest.mark.parametrize("part", range(PARTS))
def test_many_customers_of_drawn_journeys_fare_alike(part: int) -> None:
    """Eight customers, eight steps a case; together with the other parts 1,920 customers."""
    for seed in range(part, SEEDS, PARTS):
        found = differences(case(Seeded(seed), CUSTOMERS, 8))
        assert not found, (seed, found[:6])


def test_in_small_portions_everybody_fares_alike() -> None:
    """Three timers a step, three runs a step of those that go on after a pause."""
    for seed in range(300, 340):
        found = differences(case(Seeded(seed), CUSTOMERS, 8), partial(Columnar, most=3))
        assert not found, (seed, found[:6])


@pytest.mark.parametrize("part", range(2))
def test_runs_fare_alike_that_move_to_another_version_or_are_stopped(part: int) -> None:
    """While a version is published in which nodes have other numbers, and some another name."""
    kinds: Counter[str] = Counter()
    for seed in range(8000 + part, 8060, 2):
        made = case(Seeded(seed), CUSTOMERS, 8, changes=True)
        kinds.update(request[2] for quantum in made.quanta for request in quantum.requests)
        found = differences(made)
        assert not found, (seed, found[:6])
    assert min(kinds[kind] for kind in ("move", "stop_versions", "stop_run")) >= 3


@pytest.mark.parametrize("most", [ports.MOST_DUE, 3])
def test_while_channels_are_full_holds_rates_and_pauses_change_nobodys_place(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    met = Counter[str]()

    def refused(turn: Turn, plan: Plan, rows: I64, until: int) -> int:
        met["since others wait"] += rows.size * (until != turn.at + MINUTE)
        met["again"] += int((turn.runs.hop[rows] == pressure.FULL).sum())
        left = refuse(turn, plan, rows, until)
        met["too old"] += rows.size - left
        return left

    refuse = pressure._refuse
    monkeypatch.setattr(pressure, "_refuse", refused)
    for seed in range(9000, 9015):
        made = case(Seeded(seed), CUSTOMERS, 12, changes=seed % 3 == 0, presses=True)
        found = differences(made, partial(Columnar, most=most))
        assert not found, (seed, found[:6])
    assert len(met) == 3 and min(met.values()) > 5, met


@pytest.mark.parametrize("seed", [21268, 21460])
def test_who_is_merged_when_his_journey_goes_on_ends_as_he_was(seed: int) -> None:
    """Merges come before requests: the naive one let the run go on first, whose wait then began with the end of the
    pause."""
    assert differences(case(Seeded(seed), CUSTOMERS, 8, presses=True)) == []


def test_of_two_audiences_that_had_to_wait_the_earlier_one_comes_first() -> None:
    """Drawn as case 31002810: customers were let in by their places, whichever audience they were in, and of somebody
    who had gone up in another one there was a place less."""
    assert differences(case(Seeded(31002810), 25, 10)) == []


@pytest.mark.parametrize("seed", [30010, 30032, 30126, 30204])
def test_after_a_merge_what_has_another_name_counts_at_the_very_instant_of_the_entry(seed: int) -> None:
    """Whose number is no longer known started the run; but an erasure, an order paid or a goal of another name did not:
    the executor overlooked it. Of one name the two of them can't be told apart, and neither counts: the naive one, who
    knows, counted the other customer's."""
    assert differences(case(Seeded(seed), CUSTOMERS, 8, presses=True)) == []


@pytest.mark.parametrize("seed", [20388, 20868, 21012, 22308])
def test_while_a_journey_is_stopped_in_small_portions_nobody_of_it_takes_a_step(seed: int) -> None:
    """Those left for the next portion went on before: timers let them begin or held them again, goals ended them, and
    a journey of the same group refused whoever was in it still."""
    assert differences(case(Seeded(seed), CUSTOMERS, 8, presses=True), partial(Columnar, most=3)) == []


@pytest.mark.parametrize("most", [ports.MOST_DUE, 3, 1])
def test_whoever_is_to_be_stopped_sends_nothing_though_his_timer_is_due(most: int) -> None:
    nodes = {
        "n0": {"do": "wait", "for": "1 hour", "next": "n1"},
        "n1": {"do": "send", "message": "recall", "chain": [{"channel": "sms", "kind": CHANNELS["sms"]}],
               "next": "over", "else": "over"},
        "over": {"do": "end", "as": "other"},
    }  # fmt: skip
    body = {"journey": "above", "entry": {"api": True, "fields": {}}, "max_life": "1 month", "start": "n0",
            "policy": {"category": "promotion", "expire_after": "1 day"}, "nodes": nodes}  # fmt: skip
    who = list(range(1000, 1007))
    asked = [(one, "above", "enter", one, "", {}, START + MINUTE - 2) for one in who]
    later = START + 120 * MINUTE
    quanta = [Quantum(START + MINUTE, requests=asked), Quantum(later, statuses=[("above", "stopping")])]
    made = Case("Europe/Berlin", START, [body], who, quanta, {})
    assert differences(made, partial(Columnar, most=most)) == []
    decided = lived(made, partial(Columnar, most=most))
    assert decided.sends() == {}
    assert [(edge, at) for *_, edge, at in decided.steps() if edge != "enter"] == [("end:stopped", later)] * len(who)


def called(*quanta: Quantum) -> Case:
    """One customer, who is asked into a journey that calls another one and waits for it."""
    nodes = {
        "below": {"n0": {"do": "wait", "for": "2 days", "next": "over"}},
        "above": {"n0": {"do": "call_journey", "journey": "below", "wait": True, "next": "over"}},
    }
    bodies = [
        {"journey": name, "entry": {"api": True, "fields": {}}, "policy": {"category": "promotion"},
         "max_life": "1 month", "start": "n0", "nodes": {**one, "over": {"do": "end", "as": "other"}}}
        for name, one in nodes.items()
    ]  # fmt: skip
    first = Quantum(START + MINUTE, requests=[(1, "above", "enter", 1000, "", {}, START + MINUTE - 2)])
    return Case("Europe/Berlin", START, bodies, [1000], [first, *quanta], {})


@pytest.mark.parametrize("order", [("below", "above"), ("above", "below")])
def test_whoever_is_stopped_together_with_those_he_called_takes_no_step(order: tuple[str, str]) -> None:
    """Drawn as case 1003672: the naive one let the caller go on first, who was then stopped one node further."""
    later = START + 60 * MINUTE
    made = called(Quantum(later, statuses=[(name, "stopping") for name in order]))
    assert differences(made) == []
    decided = lived(made)
    assert [run["reason"] for run in decided.runs().values()] == ["stopped", "stopped"]
    assert [(edge, at) for *_, edge, at in decided.steps() if edge != "enter"] == [("end:stopped", later)] * 2


def test_who_called_a_run_that_is_stopped_alone_goes_on() -> None:
    later = START + 60 * MINUTE
    made = called(Quantum(later, statuses=[("below", "stopping")]))
    assert differences(made) == []
    assert sorted(run["reason"] for run in lived(made).runs().values()) == ["other", "stopped"]


def test_a_caller_is_stopped_where_he_is_though_the_run_he_called_was_stopped_by_itself_just_before() -> None:
    later = START + 60 * MINUTE
    one = (2, "below", "stop_run", 1000, "", {"pick": 0}, later - 2)
    made = called(Quantum(later, requests=[one], statuses=[("above", "stopping")]))
    assert differences(made) == []
    assert [edge for *_, edge, _ in lived(made).steps()].count("next") == 0


def test_a_timer_that_is_due_when_its_caller_ends_is_not_taken() -> None:
    """Drawn as case 7002725: what was called took a step at the very instant at which its caller's life was over."""
    assert differences(case(Seeded(7002725), 25, 10)) == []


@pytest.mark.parametrize("most", [ports.MOST_DUE, 1])
@pytest.mark.parametrize("waits", [True, False])
@pytest.mark.parametrize(("first", "below"), [(46, "1 month"), (47, "47 hours"), (48, "1 month"), (48, "48 hours")])
def test_a_caller_whose_life_is_over_ends_before_what_he_called(first: int, below: str, waits: bool, most: int) -> None:
    """After ten hours without a step: whatever else is due in it, and whichever timers a step takes at once."""
    lives = {"below": below, "above": "2 days"}
    over = {"do": "end", "as": "other"}
    nodes = {
        "below": {"n0": {"do": "wait", "for": f"{first} hours", "next": "n1"},
                  "n1": {"do": "wait", "for": "30 minutes", "next": "over"}, "over": over},
        "above": {"n0": {"do": "call_journey", "journey": "below", "wait": waits, "next": "n1"},
                  "n1": {"do": "wait", "until": {"did": "cart_added"}, "for": "2 days", "next": "over"},
                  "over": over},
    }  # fmt: skip
    bodies = [
        {"journey": name, "entry": {"api": True, "fields": {}}, "policy": {"category": "promotion"},
         "max_life": lives[name], "start": "n0", "nodes": nodes[name]}
        for name in nodes
    ]  # fmt: skip
    asked = Quantum(START + MINUTE, requests=[(1, "above", "enter", 1000, "", {}, START + MINUTE - 2)])
    made = Case("Europe/Berlin", START, bodies, [1000], [asked, Quantum(START + 56 * 60 * MINUTE)], {})
    whole = partial(Columnar, most=most)
    assert differences(made, whole) == []
    decided = lived(made, whole)
    assert sorted(str(run["reason"]) for run in decided.runs().values()) == ["expired", "stopped"]
    assert [edge for *_, edge, _ in decided.steps()].count("next") == (0 if waits else 1)


def brief(seed: int) -> Case:
    """A case in which runs live for a day or two, as far as waits allow it: many end in the middle of something."""
    made = case(Seeded(seed), 12, 12)
    for body in made.bodies:
        lives = [body["max_life"], *(("3 days", "2 days", "1 day") if seed % 2 else ("1 day", "2 days"))]
        if seed % 3 and not any(node["do"] == "call_journey" for node in body["nodes"].values()):
            continue
        while len(lives) > 1:
            body["max_life"] = lives.pop()
            try:
                parsed(made)
                break
            except AssertionError:
                body["max_life"] = lives[0]
    return made


@pytest.mark.parametrize("seeds", [(582, 681, 1140, 1275, 1511, 2677, 3389), range(20), range(20, 40)])
def test_runs_of_brief_lives_fare_alike(seeds: Sequence[int]) -> None:
    """The first ones differed: of a caller and what he called, over at one instant, which ends first; an end before the
    run came where it is; an event that takes away who is held, while his journey rests; a date beyond the run's life,
    met by a late step."""
    for seed in seeds:
        found = differences(brief(seed), partial(Columnar, most=3) if seed % 2 else Columnar)
        assert not found, (seed, found[:6])


def held_for(seed: int) -> Case:
    """A case whose journeys hold, and whose goal or exit is the very event that the hold looks out for."""
    made = case(Seeded(seed), CUSTOMERS, 8)
    for body in made.bodies:
        unless = {"did": "order_paid"}
        if "did" not in body["entry"]:
            body["entry"] = {"did": "cart_added", "reentry": {"when": "always", "parallel": 3}}
        body["entry"]["hold"] = {"for": ("30 minutes", "2 hours", "1 day")[seed % 3], "unless": unless}
        if seed % 2:
            body["goal"] = {**unless, "then": ("exit", "continue")[seed // 2 % 2]}
        body["exit"] = [*body.get("exit", []), {**unless, "as": "paid", "before": body["start"]}]
    return made


@pytest.mark.parametrize("part", range(2))
def test_what_a_hold_looks_out_for_comes_before_goal_and_exit(part: int) -> None:
    kinds: Counter[str] = Counter()
    for seed in range(12_000 + 30 * part, 12_030 + 30 * part):
        made = held_for(seed)
        found = differences(made, partial(Columnar, most=3) if seed % 3 == 0 else Columnar)
        assert not found, (seed, found[:6])
        simple = plain(made)
        found = differences(simple, SqlExecutor)
        assert not found, (seed, found[:6])
        kinds.update(edge for *_, edge, _ in lived(simple).steps())
    assert min(kinds[edge] for edge in ("not_qualified", "enter")) >= 10, kinds


def test_an_outcome_counts_for_nobody_who_is_to_be_stopped() -> None:
    """It let a run go on that the step's portion had left, which was stopped one node further."""
    assert differences(held_for(22473), partial(Columnar, most=3)) == []


@pytest.mark.parametrize("then", ["exit", "continue"])
@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_one_event_is_what_the_hold_looks_out_for_goal_and_exit(then: str, offset: int) -> None:
    """Up to the end of the hold the run never qualified: it is gone, and ended by nothing. Afterwards it ends."""
    entry = {"did": "cart_added", "hold": {"for": "1 hour", "unless": {"did": "order_paid"}}}
    body = {
        "journey": "one", "entry": entry, "policy": {"category": "promotion"}, "max_life": "3 days", "start": "n",
        "zone": {"default": "Asia/Shanghai"}, "goal": {"did": "order_paid", "then": then},
        "exit": [{"did": "order_paid", "as": "paid", "before": "n"}],
        "nodes": {"n": {"do": "wait", "for": "1 day", "next": "z"}, "z": {"do": "end", "as": "completed"}},
    }  # fmt: skip
    due = START + 60 * MINUTE
    came = [Quantum(START + MINUTE, [event("cart_added", START, 1)]),
            Quantum(due + 5 * MINUTE, [event("order_paid", due + offset, 2)])]  # fmt: skip
    made = Case("Asia/Shanghai", START, [body], [1000], came, {})
    for columnar in (Columnar, SqlExecutor):
        assert differences(made, columnar) == []
        decided = lived(made, columnar)
        edges = [edge for *_, edge, _ in sorted(decided.steps(), key=lambda one: one[1])]
        if offset <= 0:
            assert edges == ["held", "not_qualified"] and not decided.runs()
        else:
            assert edges == (["held", "end:goal"] if then == "exit" else ["held", "goal", "end:exit:paid"])


def event(name: str, time: int, number: int) -> tuple[int, Event, str]:
    return 1000, Event(number, name, time, time, "web", "shop", {}, None, {}), f"00000000-0000-0000-0000-{number:012d}"


def test_a_second_message_is_out_when_a_version_with_one_message_comes() -> None:
    """The version lists no reason for a hop that it does not have, so whoever it failed for leaves by `else`."""
    chain = [
        {"channel": "sms", "kind": CHANNELS["sms"], "next_on": ["refused", "over_limit", "bad_address", "unknown"]},
        {"channel": "sms", "kind": CHANNELS["sms"], "next_on": ["unknown"]},
    ]
    send = {"do": "send", "message": "recall", "chain": chain, "next": "good", "else": "lost"}
    ends = {"good": {"do": "end", "as": "completed"}, "lost": {"do": "end", "as": "other"}}
    body: dict[str, Any] = {
        "journey": "above", "entry": {"api": True, "fields": {}}, "max_life": "1 month", "start": "n0",
        "policy": {"category": "promotion", "expire_after": "1 day"}, "nodes": {"n0": send, **ends},
    }  # fmt: skip
    later = {**body, "nodes": {"n0": {**send, "chain": [{**chain[0], "next_on": []}]}, **ends}}
    who = list(range(1000, 1120))
    asked = [(one, "above", "enter", one, "", {}, START + MINUTE - 2) for one in who]
    steps = [1, 2, 4, 6, 400, 1500, 3000, 4500, 6000]
    quanta = [Quantum(START + step * MINUTE) for step in steps]
    quanta[0].requests = asked
    quanta[3].published = [("above", 0)]
    quanta[3].requests = [(-1, "above", "move", 0, "", {"to": 2}, quanta[3].at - 1)]
    made = Case("Europe/Berlin", START, [body], who, quanta, {}, [later])
    assert differences(made) == []
    decided = lived(made)
    second = {one["customer"] for one in decided.sends().values() if one["hop"] == 1}
    moved = [run["reason"] for run in decided.runs().values() if run["version"] == 2 and run["customer"] in second]
    assert {"completed", "other"} == set(moved)


def lived(made: Case, columnar: Callable[..., Any] = Columnar) -> Any:
    """The executor when a case is over."""
    decided = columnar(made, parsed(made), context(made.zone))
    for since, quantum in zip([made.start, *(one.at for one in made.quanta)], made.quanta, strict=False):
        decided.step(quantum, since)
    return decided


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases(customers=3, steps=5))
def test_a_case_that_differs_is_made_small(made: Case) -> None:
    assert differences(made) == []


@pytest.mark.parametrize("part", range(4))
def test_statements_of_sql_decide_alike(part: int) -> None:
    """A third way, in SQL alone, and the executor over the same cases: what it leaves out says its package."""
    for seed in range(7000 + part, 7160, 4):
        made = plain(case(Seeded(seed), CUSTOMERS, 8))
        for other in (SqlExecutor, Columnar):
            found = differences(made, other)
            assert not found, (seed, other.__name__, found[:6])


def test_what_sql_decides_is_worth_it() -> None:
    """Every kind of node but calls, and enough of runs that end in every way, wait and send."""
    kinds: set[str] = set()
    ends: Counter[str] = Counter()
    edges: Counter[str] = Counter()
    for seed in range(7000, 7100):
        made = plain(case(Seeded(seed), CUSTOMERS, 8))
        journeys = parsed(made)
        kinds |= {node.do for journey in journeys for node in journey.nodes.values()}
        decided = SqlExecutor(made, journeys, context(made.zone))
        for since, quantum in zip([made.start, *(one.at for one in made.quanta)], made.quanta, strict=False):
            decided.step(quantum, since)
        ends.update(str(one["reason"]) for one in decided.runs().values() if one["ended"] is not None)
        edges.update(step[4] for step in decided.steps())
    wanted = {"send", "wait", "branch", "split", "issue_coupon", "set_profile", "task", "webhook", "repeat", "end"}
    assert wanted <= kinds
    assert {"goal", "completed", "other", "holdout", "exit:way0", "erased"} <= set(ends)
    assert {"held", "not_qualified", "hop", "back", "on_event", "refused:eligible", "refused:reentry"} <= set(edges)
    assert edges["hop"] > 50


def test_what_is_drawn_is_worth_it() -> None:
    """Every kind of node and of entry comes up, customers are merged, journeys rest, and something comes late."""
    kinds: set[str] = set()
    entries: set[str] = set()
    merges = late = erased = pauses = rates = groups = stops = crowds = holds = 0
    for seed in range(80):
        made = case(Seeded(seed), CUSTOMERS, 8)
        for journey in parsed(made):
            kinds |= {node.do for node in journey.nodes.values()}
            entries.add(type(journey.entry).__name__)
            rates += journey.entry.rate is not None
            groups += journey.group is not None
            if isinstance(journey.entry, ScheduleEntry | OneOffEntry | DateEntry):
                holds += any(crowded(journey, quantum.crowded) for quantum in made.quanta)
        pauses += sum(status == "paused" for quantum in made.quanta for _, status in quantum.statuses)
        stops += sum(status == "stopping" for quantum in made.quanta for _, status in quantum.statuses)
        crowds += sum(bool(quantum.crowded) for quantum in made.quanta)
        merges += sum(len(quantum.merges) for quantum in made.quanta)
        late += sum(event.received_at > event.time for quantum in made.quanta for _, event, _ in quantum.events)
        erased += sum(event.event == "customer_erased" for quantum in made.quanta for _, event, _ in quantum.events)
    wanted = {"send", "wait", "branch", "split", "issue_coupon", "set_profile", "task", "call_journey", "repeat", "end"}
    assert wanted | {"webhook", "tag"} <= kinds
    assert {"EventEntry", "SegmentEntry", "SegmentLeaveEntry", "ApiEntry"} <= entries
    assert {"ScheduleEntry", "OneOffEntry", "DateEntry"} <= entries
    assert min(merges, late, erased) > 20
    assert min(pauses, rates, groups, crowds) > 10 and stops > 5 and holds > 2
