"""Touched customers, read as arrays from the table and from the index: what the reference says, turns included."""

from __future__ import annotations

import threading
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onepool.audience.conditions.compiler.scope import Scope
from onepool.audience.conditions.reference import holds
from onepool.audience.members import KeptMembers
from onepool.audience.outcomes import MEMBERS, SEGMENT_SCHEMA, apply_segments
from onepool.audience.touched import Program, from_index, from_table
from onepool.audience.touched.leaves import NEVER, question_of
from onepool.clock import SystemClock, from_micros, to_micros
from onepool.pool.behaviour import BehaviourIndex

from . import test_parity, world

SOME, OWNED = "some_customers", "owned_identifiers"


@pytest.fixture(scope="module", params=test_parity.ZONES)
def pool(request):
    engine = world.engine(request.param)
    yield request.param, engine
    engine.close()


def _indexed(folder, engine, extra):
    """The state of an index of the pool as it is, with some events behind the build."""
    index = BehaviourIndex(folder, engine, SystemClock())
    with engine.write() as session:
        index.attach(session)
    index.want([*world.COLUMNS, "received_at"])
    assert index.build(threading.Event())
    with engine.write() as session:
        session.append("events", pa.Table.from_pylist(extra, schema=world.EVENT_SCHEMA))
        index.note(session, np.array([row["seq"] for row in extra]), _nobody(), np.empty(0, np.int64))
    return index


def _nobody():
    kinds = [("identifier_id", pa.int64()), ("customer_id", pa.int64()), ("was", pa.int64())]
    return pa.schema(kinds).empty_table()


def _answers(session, program, at, customers, state=None):
    session.relation(SOME, pa.table({"customer_id": customers}))
    owned = session.query(f"SELECT identifier_id, customer_id FROM customer_of SEMI JOIN {SOME} USING (customer_id)")
    session.relation(OWNED, owned)
    plan = program.rest(at, Scope.customers(SOME, owned=OWNED))
    rest = plan.run(session) if plan.steps else None
    starts = program.starts(at)
    if state is not None:
        rows = from_index(state, customers, starts)
    else:
        rows = from_table(session, OWNED, customers, starts, program.reads)
    return program.run(customers, at, rows, rest)


def _agree(pool, data, at, histories, conditions):
    zone, engine = pool
    ctx = world.context(zone)
    world.fill(engine, histories, at)
    customers = np.array(sorted(histories), np.int64)
    with engine.read() as session:
        found = _answers(session, Program(conditions, ctx), at, customers)
    _means(found, data, at, histories, conditions, ctx)


def _means(found, data, at, histories, conditions, ctx):
    assert found.customers.tolist() == sorted(histories)
    for place, customer in enumerate(sorted(histories)):
        history = histories[customer]
        for name, condition in conditions.items():
            assert found.holds[name][place] == holds(condition, history, at, ctx), (name, customer)
        turn = None if found.turns[place] == NEVER else from_micros(int(found.turns[place]))
        test_parity._nothing_turns_before(turn, history, conditions, at, ctx, data)


@given(data=st.data())
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_conditions_mean_what_the_reference_says(pool, data):
    at = data.draw(st.sampled_from(world.INSTANTS))
    histories = dict(enumerate(data.draw(test_parity.people(to_micros(at))), 1))
    drawn = data.draw(st.lists(world.any_conditions, min_size=1, max_size=5))
    _agree(pool, data, at, histories, {f"c{index}": world.parsed(one) for index, one in enumerate(drawn)})


def _answered_here(zone):
    """Leaves that no query is asked for."""
    ctx = world.context(zone)
    return world.behaviours().filter(lambda one: question_of(world.parsed(one), ctx) is not None)


@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_customers_did_needs_no_query_and_means_the_same(pool, data):
    at = data.draw(st.sampled_from(world.INSTANTS))
    histories = dict(enumerate(data.draw(st.lists(world.histories(to_micros(at)), min_size=2, max_size=4)), 1))
    drawn = data.draw(st.lists(_answered_here(pool[0]), min_size=3, max_size=6))
    conditions = {f"c{index}": world.parsed(one) for index, one in enumerate(drawn)}
    assert Program(conditions, world.context(pool[0])).rest(at, Scope.customers(SOME)).steps == []
    _agree(pool, data, at, histories, conditions)


@given(data=st.data())
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_windows_agree_to_the_microsecond(pool, data):
    at = data.draw(st.sampled_from(world.INSTANTS))
    orders = data.draw(st.lists(world.crowded(at), max_size=6))
    histories = {index: world.History(events) for index, events in enumerate(orders, 1)}
    drawn = data.draw(st.lists(st.tuples(world.windows, world.asked), min_size=1, max_size=4))
    conditions = {
        f"c{index}": world.parsed({"did": "order_paid", "within": window, **one})
        for index, (window, one) in enumerate(drawn)
    }
    _agree(pool, data, at, histories, conditions)


@given(data=st.data())
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_index_gives_what_the_table_gives(pool, tmp_path_factory, data):
    zone, engine = pool
    ctx = world.context(zone)
    at = data.draw(st.sampled_from(world.INSTANTS))
    histories = dict(enumerate(data.draw(test_parity.people(to_micros(at))), 1))
    late = dict(enumerate(data.draw(test_parity.people(to_micros(at))), 1))
    drawn = data.draw(st.lists(_answered_here(zone), min_size=3, max_size=8))
    program = Program({f"c{index}": world.parsed(one) for index, one in enumerate(drawn)}, ctx)
    world.fill(engine, histories, at)
    extra = [
        world.event_row(customer, 50 + index, event)
        for customer, history in late.items()
        if customer in histories
        for index, event in enumerate(history.events)
    ]
    index = _indexed(tmp_path_factory.mktemp("index"), engine, extra)
    customers = np.array(sorted(histories), np.int64)
    with engine.read() as session:
        state = index.state(session)
        assert state is not None
        assert state.has(program.further)
        by_index = _answers(session, program, at, customers, state)
        by_table = _answers(session, program, at, customers)
    assert by_index.turns.tolist() == by_table.turns.tolist()
    for name in by_table.holds:
        assert by_index.holds[name].tolist() == by_table.holds[name].tolist(), name


def _counted(amounts, condition):
    at = world.INSTANTS[0]
    events = [
        world.Event(number, "order_paid", to_micros(at) - 1 - number, values={"quantity": amount})
        for number, amount in enumerate(amounts)
    ]
    return at, {1: world.History(events)}, {"c": world.parsed(condition)}


def test_sums_beyond_64_bits_are_exact(pool):
    large = 9 * 10**18
    at, histories, conditions = _counted(
        [large, large, -large], {"did": "order_paid", "sum": {"of": "quantity", "above": 10**13}}
    )
    zone, engine = pool
    world.fill(engine, histories, at)
    with engine.read() as session:
        found = _answers(session, Program(conditions, world.context(zone)), at, np.array([1]))
    assert found.holds["c"].tolist() == [True]


def test_a_program_serves_every_instant(pool):
    """It was made once; where windows lie is said when it is run."""
    zone, engine = pool
    ctx = world.context(zone)
    at = world.INSTANTS[0]
    condition = world.parsed({"did": "order_paid", "within": {"last": "7 days"}})
    history = world.History([world.Event(1, "order_paid", to_micros(at) - 1)])
    world.fill(engine, {1: history}, at)
    program = Program({"c": condition}, ctx)
    answers = []
    with engine.read() as session:
        for days in (-1, 0, 3, 7, 8):
            moment = at + timedelta(days=days)
            found = _answers(session, program, moment, np.array([1]))
            assert found.holds["c"][0] == holds(condition, history, moment, ctx)
            answers.append(bool(found.holds["c"][0]))
    assert answers == [False, True, True, False, False]


# --- members in memory -----------------------------------------------------------------------------------------------


def _version(session):
    found = session.query("SELECT value FROM meta WHERE key = $key", {"key": MEMBERS})
    return found.column("value")[0].as_py() if found.num_rows else None


def _table_of(session):
    found = session.query("SELECT customer_id, segment FROM segment_members ORDER BY ALL")
    return [tuple(row.values()) for row in found.to_pylist()]


class _Undone(Exception):
    pass


@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["commit", "roll back", "other"]),
            st.dictionaries(st.sampled_from(["a", "b"]), st.sets(st.integers(0, 5)), min_size=1),
            st.sets(st.integers(0, 5), min_size=1),
        ),
        max_size=12,
    )
)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_members_in_memory_are_those_of_the_table_whatever_is_rolled_back(pool, steps):
    _, engine = pool
    at = world.INSTANTS[0]
    with engine.write() as session:
        session.execute("DELETE FROM segment_members")
        session.execute("DELETE FROM meta")
    kept = KeptMembers()
    now = {"a": set(), "b": set()}
    for how, wanted, scope in steps:
        customers = np.array(sorted(scope), np.int64)
        holds = {name: np.isin(customers, sorted(inside)) for name, inside in wanted.items()}
        try:
            with engine.write() as session:
                if how == "other":
                    # Written by somebody else: it must be seen.
                    rows = [(c, n) for n in wanted for c in sorted(scope - now[n])]
                    columns = [[c for c, _ in rows], [n for _, n in rows], ["enter"] * len(rows)]
                    apply_segments(session, pa.table(columns, schema=SEGMENT_SCHEMA), at)
                    for customer, name in rows:
                        now[name].add(customer)
                    continue
                kept.at(_version(session))
                changes = kept.changes(session, customers, holds)
                expected = {
                    (c, n, "enter" if c in wanted[n] else "exit")
                    for n in wanted
                    for c in scope
                    if (c in wanted[n]) != (c in now[n])
                }
                assert {tuple(row.values()) for row in changes.to_pylist()} == expected
                kept.note(apply_segments(session, changes, at), changes)
                if how == "roll back":
                    raise _Undone
        except _Undone:
            continue
        for customer, name, change in expected:
            (now[name].add if change == "enter" else now[name].discard)(customer)
        with engine.read() as session:
            assert _table_of(session) == sorted((c, n) for n, inside in now.items() for c in inside)
