"""Every fast path agrees with the reference on generated histories and conditions."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onepool.audience.conditions.check import check
from onepool.audience.conditions.compiler.plan import compile_conditions
from onepool.audience.conditions.compiler.scope import Scope
from onepool.audience.conditions.reference import holds
from onepool.clock import from_micros, to_micros

from . import world

ZONES = ["Asia/Shanghai", "America/New_York"]


@pytest.fixture(scope="module", params=ZONES)
def pool(request):
    engine = world.engine(request.param)
    yield request.param, engine
    engine.close()


def people(at: int):
    return st.lists(world.histories(at), min_size=1, max_size=4)


def _agree(pool, data, at, histories, conditions):
    """All customers, some customers, and the reference give the same; and nothing turns before it is said to."""
    zone, engine = pool
    ctx = world.context(zone)
    for condition in conditions.values():
        # Sequences that can never be are refused; they mean something all the same.
        harmless = ("at least once", "can't come within", "add up to", "take longer")
        found = [p for p in check(condition, ctx.names) if not any(words in p.message for words in harmless)]
        assert [str(p) for p in found] == []
    world.fill(engine, histories, at)
    with engine.read() as session:
        table = compile_conditions(conditions, at, Scope.all(), ctx).run(session)
        some = sorted(histories)[::2]
        session.relation("touched", pa.table({"customer_id": pa.array(some, pa.int64())}))
        sparse = compile_conditions(conditions, at, Scope.all(), ctx, sparse=True).run(session).to_pylist()
        few = compile_conditions(conditions, at, Scope.customers("touched"), ctx).run(session).to_pylist()
    rows = {row["customer_id"]: row for row in table.to_pylist()}
    assert sorted(rows) == sorted(histories)
    assert all(rows[row["customer_id"]] == row for row in sparse)
    left_out = rows.keys() - {row["customer_id"] for row in sparse}
    assert not any(rows[customer][name] for customer in left_out for name in conditions)
    for customer in left_out:
        _nothing_turns_before(None, histories[customer], conditions, at, ctx, data)
    assert sorted(few, key=lambda row: row["customer_id"]) == [rows[customer] for customer in some]
    for customer, history in histories.items():
        for name, condition in conditions.items():
            assert rows[customer][name] == holds(condition, history, at, ctx), (name, customer)
        _nothing_turns_before(rows[customer]["next_at"], history, conditions, at, ctx, data)


@given(data=st.data())
@settings(max_examples=35, deadline=None, suppress_health_check=list(HealthCheck))
def test_compiled_conditions_mean_what_the_reference_says(pool, data):
    at = data.draw(st.sampled_from(world.INSTANTS))
    histories = dict(enumerate(data.draw(people(to_micros(at))), 1))
    drawn = data.draw(st.lists(world.any_conditions, min_size=1, max_size=5))
    _agree(pool, data, at, histories, {f"c{index}": world.parsed(one) for index, one in enumerate(drawn)})


@given(data=st.data())
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_operator_and_figure_agrees(pool, data):
    """Many simple conditions at once over few customers: one test of one field each, or one figure."""
    at = data.draw(st.sampled_from(world.INSTANTS))
    histories = dict(enumerate(data.draw(st.lists(world.histories(to_micros(at)), min_size=2, max_size=4)), 1))
    simple = st.one_of(
        world.where_entry.map(lambda entry: {"did": "order_paid", "where": dict([entry])}),
        world.where_entry.map(lambda entry: {"did": "order_paid", "where": dict([entry])}),
        world.figures.map(lambda figure: {"did": "order_paid", **figure}),
        world.attribute_leaves,
        world.tag_leaves,
    )
    drawn = data.draw(st.lists(simple, min_size=10, max_size=16))
    _agree(pool, data, at, histories, {f"c{index}": world.parsed(one) for index, one in enumerate(drawn)})


@given(data=st.data())
@settings(max_examples=35, deadline=None, suppress_health_check=list(HealthCheck))
def test_windows_agree_to_the_microsecond(pool, data):
    """Few events at the edges of few windows, every count and first and last over them; one condition at a time."""
    at = data.draw(st.sampled_from(world.INSTANTS))
    orders = data.draw(st.lists(world.crowded(at), max_size=6))
    histories = {index: world.History(events) for index, events in enumerate(orders, 1)}
    condition = {"did": "order_paid", "within": data.draw(world.windows), **data.draw(world.asked)}
    _agree(pool, data, at, histories, {"c": world.parsed(condition)})


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_sequences_agree_to_the_microsecond(pool, data):
    """Events of two names and products at the edges of windows and gaps, also at the same instant."""
    at = data.draw(st.sampled_from(world.INSTANTS))
    crowded = st.lists(
        st.builds(
            lambda offset, seq, event, product: world.Event(
                seq, event, to_micros(at) + offset, channel="tmall", touchpoint="mini", values={"product_id": product}
            ),
            st.one_of(world.edges, st.sampled_from([0, -1, -7 * world.DAY, -8 * world.DAY, -world.DAY // 2])),
            st.integers(0, 9),
            st.sampled_from(world.EVENTS),
            st.sampled_from(["A", "B"]),
        ),
        min_size=1,
        max_size=7,
        unique_by=lambda event: event.seq,
    )
    histories = {
        index: world.History(events)
        for index, events in enumerate(data.draw(st.lists(crowded, min_size=1, max_size=6)), 1)
    }
    kinds = st.sampled_from([{}, {}, {"where": {"product_id": "A"}}, {"at": {"channel": "tmall"}}])
    drawn = data.draw(st.lists(world.sequences(kinds, possible=False), min_size=1, max_size=4))
    _agree(pool, data, at, histories, {f"c{index}": world.parsed(one) for index, one in enumerate(drawn)})


def _nothing_turns_before(next_at, history, conditions, at, ctx, data):
    """Up to `next_at` the truth stays what it is at `at`, without new events."""
    start = to_micros(at)
    moments = {start + data.draw(st.integers(1, 70 * world.DAY)) for _ in range(3)}
    for event in history.events:
        marks = [event.time, *(event.values[name] for name in ("valid_until",) if event.values.get(name))]
        for mark in marks:
            for span in (0, 7 * world.DAY, world.DAY, world.HOUR * 12, 28 * world.DAY, 31 * world.DAY, 90 * 60_000_000):
                moments |= {mark + span, mark + span + 1, mark - span, mark - span + 1}
    for move in history.moves:
        for span in (0, 7 * world.DAY, world.DAY, world.HOUR * 12):
            moments |= {move.time + span, move.time + span + 1}
    for fact in history.facts:
        moments |= {fact.time, fact.time + 1}
    limit = to_micros(next_at) if next_at is not None else None
    assert limit is None or limit > start
    later = sorted(moment for moment in moments if moment > start and (limit is None or moment < limit))
    for moment in {*later[:: max(1, len(later) // 8)], *later[-2:]}:
        for name, condition in conditions.items():
            then = holds(condition, history, from_micros(moment), ctx)
            assert then == holds(condition, history, at, ctx), (name, from_micros(moment), next_at)


def test_as_of_counts_only_what_was_known_then(pool):
    zone, engine = pool
    ctx = world.context(zone)
    at = world.INSTANTS[0]
    history = world.History([world.Event(1, "order_paid", to_micros(at))])
    world.fill(engine, {1: history}, at)
    condition = {"c": world.parsed({"did": "order_paid"})}
    with engine.read() as session:
        now = compile_conditions(condition, at, Scope.all(), ctx).run(session).to_pylist()[0]
        after = (
            compile_conditions(condition, at + timedelta(microseconds=1), Scope.all(), ctx).run(session).to_pylist()[0]
        )
    assert (now["c"], now["next_at"]) == (False, at + timedelta(microseconds=1))
    assert (after["c"], after["next_at"]) == (True, None)


@pytest.mark.parametrize(
    ("at", "edge"),
    [
        ("2026-03-08T15:30", "2026-02-08T15:30"),
        ("2026-12-01T00:30", "2026-11-01T00:30"),
    ],
)
def test_a_window_of_months_is_left_within_the_day(pool, at, edge):
    """Leaf and sequence turn in the microsecond in which their event is older than the window."""
    zone, engine = pool
    here, ctx = ZoneInfo(zone), world.context(zone)
    at, edge = (datetime.fromisoformat(one).replace(tzinfo=here) for one in (at, edge))
    within = {"within": {"last": "1 month"}}
    conditions = {
        "leaf": world.parsed({"did": "order_paid", **within}),
        "one": world.parsed({"sequence": [{"did": "order_paid"}], **within}),
        "two": world.parsed({"sequence": [{"did": "order_paid"}, {"did": "app_opened"}], **within}),
    }
    for ahead in (timedelta(0), timedelta(microseconds=1), timedelta(minutes=20)):
        first = world.Event(1, "order_paid", to_micros(edge + ahead))
        world.fill(engine, {1: world.History([first, world.Event(2, "app_opened", to_micros(at) - 1)])}, at)
        turns = from_micros(to_micros(at + ahead) + 1)
        for name, condition in conditions.items():
            with engine.read() as session:
                now = compile_conditions({name: condition}, at, Scope.all(), ctx).run(session).to_pylist()[0]
            assert (now[name], now["next_at"]) == (True, turns), (name, ahead)


def test_what_left_a_window_of_months_comes_back_where_the_months_clip(pool):
    """On 28 March at noon the last month begins on 28 February at noon; at midnight it begins 12 hours earlier."""
    zone, engine = pool
    here, ctx = ZoneInfo(zone), world.context(zone)
    at = datetime(2026, 3, 28, 12, tzinfo=here)
    history = world.History([world.Event(1, "order_paid", to_micros(datetime(2026, 2, 28, 6, tzinfo=here)))])
    condition = {"c": world.parsed({"did": "order_paid", "within": {"last": "1 month"}})}
    world.fill(engine, {1: history}, at)
    midnight = datetime(2026, 3, 29, tzinfo=here)
    with engine.read() as session:
        now = compile_conditions(condition, at, Scope.all(), ctx).run(session).to_pylist()[0]
        then = compile_conditions(condition, midnight, Scope.all(), ctx).run(session).to_pylist()[0]
    assert (now["c"], now["next_at"]) == (False, midnight)
    assert then["c"] and holds(condition["c"], history, midnight, ctx)
