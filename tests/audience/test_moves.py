"""That somebody entered a segment or left it, as an event that conditions ask for."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onepool.audience.conditions.anchors.compile import compile_runs
from onepool.audience.conditions.anchors.model import Anchors
from onepool.audience.conditions.anchors.reference import Run, run_holds
from onepool.audience.conditions.check import check, segments_of
from onepool.audience.conditions.explain import explain_condition
from onepool.audience.conditions.moves.reference import Move
from onepool.audience.conditions.sentence import sentence
from onepool.clock import to_micros

from . import test_parity, world

SEGMENTS = ("buyers", "town_buyers")
named = st.one_of(st.sampled_from(SEGMENTS), st.just(list(SEGMENTS))).map(lambda one: {"where": {"segment": one}})
leaves = st.builds(
    lambda head, event, where, within, asked: {head: event, **where, **within, **asked},
    st.sampled_from(["did", "did_not"]),
    st.sampled_from(["segment_entered", "segment_left"]),
    named,
    st.one_of(st.just({}), world.windows.map(lambda one: {"within": one})),
    st.one_of(
        st.just({}),
        world.counted.map(lambda one: {"times": one}),
        world.counted.map(lambda one: {"days": one}),
    ),
)
moves = st.lists(
    st.tuples(
        st.sampled_from(["segment_entered", "segment_left"]), st.sampled_from(SEGMENTS), world.edges, st.integers(0, 9)
    ),
    max_size=6,
)


@pytest.fixture(scope="module")
def pool():
    engine = world.engine("America/New_York")
    yield "America/New_York", engine
    engine.close()


@given(data=st.data())
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_moves_are_counted_as_the_reference_says(pool, data):
    """Alone, beside what customers did, and for all, some and one; nothing turns before it is said to."""
    at = data.draw(st.sampled_from(world.INSTANTS))
    histories = {}
    for number, orders in enumerate(data.draw(st.lists(world.crowded(at), min_size=1, max_size=4)), 1):
        told = [Move(event, name, to_micros(at) + off, seq) for event, name, off, seq in data.draw(moves)]
        histories[number] = world.History(orders, moves=told)
    bought = {"did": "order_paid", "times": {"at_least": 2}, "within": {"last": "7 days"}}
    drawn = data.draw(st.lists(world.joined(st.one_of(leaves, leaves, st.just(bought))), min_size=1, max_size=4))
    test_parity._agree(pool, data, at, histories, {f"c{n}": world.parsed(one) for n, one in enumerate(drawn)})


VIP = {"did": "segment_entered", "where": {"segment": "buyers"}}


@pytest.mark.parametrize(
    ("asked", "place", "says"),
    [
        ({"did": "segment_entered"}, "where.segment", "say which segment"),
        ({**VIP, "where": {"segment": {"contains": "b"}}}, "where.segment", "say which segment"),
        ({**VIP, "where": {"segment": "buyer"}}, "where.segment", "there is no segment buyer; did you mean buyers?"),
        ({**VIP, "where": {"segment": "buyers", "amount": 3}}, "where.amount", "no such field"),
        ({**VIP, "at": {"channel": "tmall"}}, "at", "on no channel"),
        ({**VIP, "first": True}, "first", "can't be asked"),
        ({**VIP, "sum": {"of": "amount", "at_least": 1}}, "sum", "only times and days"),
        ({**VIP, "times": {"is": 0}}, "times.is", "did_not"),
        ({"sequence": [{"did": "segment_entered"}, {"did": "order_paid"}]}, "sequence[0].did", "not here"),
    ],
)
def test_faults_name_their_place(asked, place, says):
    found = check(world.parsed(asked), world.NAMES)
    assert any(one.place == place and says in str(one) for one in found), [str(one) for one in found]


def test_a_segment_may_not_ask_whether_somebody_came_into_itself():
    assert check(world.parsed(VIP), world.NAMES, "town_buyers") == []
    assert "buyers -> buyers" in str(check(world.parsed(VIP), world.NAMES, "buyers")[0])
    through = {"did_not": "segment_left", "where": {"segment": "town_buyers"}}
    assert "buyers -> town_buyers -> buyers" in str(check(world.parsed(through), world.NAMES, "buyers")[0])


def test_it_names_the_segments_it_depends_on():
    assert segments_of(world.parsed({"not": {**VIP, "where": {"segment": list(SEGMENTS)}}})) == [
        ("not", "buyers"),
        ("not", "town_buyers"),
    ]


@pytest.mark.parametrize(
    ("asked", "zh", "en"),
    [
        (
            {**VIP, "within": {"last": "30 days"}},
            "最近 30 天内进入过人群「buyers」",
            "entered the segment “buyers” in the last 30 days",
        ),
        (
            {"did": "segment_left", "where": {"segment": list(SEGMENTS)}, "times": {"at_least": 2}},
            "离开过人群「buyers」或「town_buyers」，至少 2 次",
            "left the segment “buyers” or “town_buyers”, at least 2 times",
        ),
        (
            {"did_not": "segment_entered", "where": {"segment": "buyers"}, "within": {"last": "7 days"}},
            "最近 7 天内没有进入过人群「buyers」",
            "did not enter the segment “buyers” in the last 7 days",
        ),
        (
            {"did_not": "segment_left", "where": {"segment": "buyers"}, "days": {"at_least": 2}},
            "不满足（离开过人群「buyers」，至少 2 天）",
            "not (left the segment “buyers”, at least 2 days)",
        ),
    ],
)
def test_the_sentence(asked, zh, en):
    assert sentence(world.parsed(asked), "zh", world.NAMES) == zh
    assert sentence(world.parsed(asked), "en", world.NAMES) == en


def test_why_tells_when_they_came(pool):
    zone, engine = pool
    at = world.INSTANTS[0]
    told = [Move("segment_entered", name, to_micros(at) - days * world.DAY, days) for name, days in
            (("buyers", 3), ("buyers", 9), ("town_buyers", 1), ("buyers", 40))]  # fmt: skip
    world.fill(engine, {1: world.History(moves=told)}, at)
    asked = world.parsed({**VIP, "times": {"at_least": 2}, "within": {"last": "30 days"}})
    with engine.read() as session:
        why = explain_condition(asked, 1, at, session, world.context(zone))
    assert (why.holds, why.figure, why.events) == (True, 2, [])
    assert [to_micros(at) - to_micros(one.figure) for one in why.parts] == [3 * world.DAY, 9 * world.DAY]
    assert sentence(why.parts[0].condition, "en", world.NAMES) == "entered the segment “buyers”"


def test_a_run_of_a_journey_counts_moves_since_its_entry(pool):
    zone, engine = pool
    at = world.INSTANTS[0]
    told = [Move("segment_entered", "buyers", to_micros(at) - days * world.DAY, days) for days in (3, 9)]
    history = world.History(moves=told)
    world.fill(engine, {1: history, 2: world.History()}, at)
    anchors = Anchors(nodes=frozenset({"send"}))
    ctx = replace(world.context(zone), anchored=anchors)
    asked = world.parsed({**VIP, "times": {"at_least": 2}, "since": "entry"})
    assert check(asked, world.NAMES, anchored=anchors) == []
    entries = [to_micros(at) - days * world.DAY for days in (10, 9, 4)]
    instant = pa.timestamp("us", tz="UTC")
    runs = pa.table(
        {
            "run_id": pa.array([1, 2, 3, 4], pa.int64()),
            "customer_id": pa.array([1, 1, 1, 2], pa.int64()),
            "entered_at": pa.array([*entries, entries[0]], pa.int64()).cast(instant),
        }
    )
    with engine.read() as session:
        session.relation("runs_asked", runs)
        rows = compile_runs({"c": asked}, at, "runs_asked", ctx).run(session).to_pylist()
    found = {row["run_id"]: row["c"] for row in rows}
    said = {n: run_holds(asked, history, Run(entered), at, ctx) for n, entered in enumerate(entries, 1)}
    assert found == {**said, 4: False} == {1: True, 2: True, 3: False, 4: False}
