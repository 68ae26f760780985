"""What arrays of the behaviour index say of everybody is what queries say: of the build and of what came since."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onepool.audience.conditions.compiler import answering, events
from onepool.audience.conditions.compiler.answering import Conditions, Values
from onepool.audience.conditions.compiler.days import local_days
from onepool.audience.conditions.compiler.plan import compile_conditions
from onepool.audience.conditions.compiler.scope import Scope
from onepool.audience.conditions.sequence.passes import Batch
from onepool.audience.tags import compile_tags
from onepool.clock import FakeClock, from_micros, to_micros
from onepool.pool.behaviour import BehaviourIndex, files

from . import test_further_parity, test_tag_parity, world

ZONE = "America/New_York"
NOBODY = np.empty(0, np.int64)
COLUMNS = ("amount", "currency", "product_id", "quantity", "score", "gift", "valid_until", "delivery_day")


@pytest.fixture(scope="module", autouse=True)
def always():
    """Arrays answer however little there is to measure; queries count by themselves."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(answering, "LEAST_MEASURES", 1)
        patch.setattr(events, "LEAST_MEASURES", 1 << 40)
        # Nothing here has to outlive the machine.
        patch.setattr(files, "_sync", lambda path: None)
        yield


@pytest.fixture(scope="module")
def pool():
    engine = world.engine(ZONE)
    yield ZONE, engine
    engine.close()


@contextmanager
def _indexed(engine, people, later, at):
    """The index of a pool with these people, of whose events so many came after it was built; one identifier of the
    first customer has become the second one's."""
    with TemporaryDirectory() as folder:
        world.fill(engine, {one: replace(h, events=h.events[: later[one]]) for one, h in people.items()}, at)
        index = BehaviourIndex(Path(folder), engine, FakeClock(at))
        with engine.write() as session:
            BehaviourIndex.unsettle(session)
            index.attach(session)
        index.want(COLUMNS)
        assert index.build(threading.Event())
        with engine.write() as session:
            rows = [
                world.event_row(one, place, event)
                for one, history in people.items()
                for place, event in list(enumerate(history.events))[later[one] :]
            ]
            session.append("events", pa.Table.from_pylist(rows, schema=world.EVENT_SCHEMA))
            moved = pa.table({"identifier_id": [2], "customer_id": [2], "was": [1]})
            session.execute("UPDATE customer_of SET customer_id = 2 WHERE identifier_id = 2")
            index.note(session, np.array([row["seq"] for row in rows], np.int64), moved, NOBODY)
        yield index


def _numbered(histories):
    """Events in the order that they have, but never one number for two: the log gives each its own."""
    found = {}
    for one, history in enumerate(histories, 1):
        places = sorted(range(len(history.events)), key=lambda place: history.events[place].seq)
        ranks = {place: rank for rank, place in enumerate(places)}
        numbered = [replace(event, seq=ranks[place] * 10 + one) for place, event in enumerate(history.events)]
        found[one] = replace(history, events=numbered)
    return found


def _people(data, at):
    people = _numbered(data.draw(st.lists(world.histories(to_micros(at)), min_size=2, max_size=5)))
    return people, {one: data.draw(st.integers(0, len(history.events))) for one, history in people.items()}


class _Answers:
    """Whether arrays answered."""

    def __init__(self, monkeypatch):
        self.found = []
        for plan in (Conditions, Values):
            monkeypatch.setattr(plan, "run", self._noting(plan.run))

    def _noting(self, real):
        def run(*arguments):
            found = real(*arguments)
            self.found.append(found is not None)
            return found

        return run


def _sorted(table: pa.Table) -> list:
    rows = table.to_pylist()
    return sorted(rows, key=lambda row: [str(row[name]) for name in table.column_names])


def _same_conditions(pool, data, conditions, monkeypatch, *, answered=None):
    at = data.draw(st.sampled_from(world.INSTANTS))
    people, later = _people(data, at)
    _same(pool, people, later, at, conditions, monkeypatch, answered=answered)


def _same(pool, people, later, at, conditions, monkeypatch, *, answered):
    zone, engine = pool
    with _indexed(engine, people, later, at) as index, monkeypatch.context() as patch:
        answers = _Answers(patch)
        for sparse in (False, True):
            plan = compile_conditions(conditions, at, Scope.all(), world.context(zone), sparse=sparse)
            with engine.read() as session:
                by_query = plan.run(session)
                by_arrays = plan.run(session, index.view)
            if sparse:
                # Either may leave out more of those for whom nothing holds nor will.
                rows = [{row["customer_id"]: row for row in table.to_pylist()} for table in (by_query, by_arrays)]
                for customer in rows[0].keys() ^ rows[1].keys():
                    row = rows[0].get(customer) or rows[1][customer]
                    assert row["next_at"] is None and not any(row[name] for name in conditions)
                for customer in rows[0].keys() & rows[1].keys():
                    assert rows[0][customer] == rows[1][customer]
            else:
                assert by_arrays.schema == by_query.schema
                assert _sorted(by_arrays) == _sorted(by_query)
        assert answered is None or answers.found == [answered] * 2


@given(data=st.data())
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
def test_conditions_of_any_kind(pool, data, monkeypatch):
    drawn = data.draw(st.lists(world.any_conditions, min_size=1, max_size=5))
    conditions = {f"c{index}": world.parsed(one) for index, one in enumerate(drawn)}
    _same_conditions(pool, data, conditions, monkeypatch)


@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_field_and_figure(pool, data, monkeypatch):
    """Many at once: one test of one field each, or one figure, over windows and slices."""
    behaviour = st.one_of(
        world.where_entry.map(lambda entry: {"where": dict([entry])}),
        world.figures,
        world.figures,
        st.sampled_from([{}, {"first": True}, {"last": True}]),
    )
    placed = st.one_of(st.just({}), world.slices.map(lambda one: {"at": one}))
    built = st.builds(
        lambda one, window, at: {"did": "order_paid", **one, "within": window, **at}, behaviour, world.windows, placed
    )
    drawn = [{"did": "order_paid", "within": {"last": "7 days"}}, *data.draw(st.lists(built, min_size=6, max_size=12))]
    conditions = {f"c{index}": world.parsed(one) for index, one in enumerate(drawn)}
    _same_conditions(pool, data, conditions, monkeypatch)


MOST_ASKED = [
    {"did": "order_paid", "where": {"amount": {"at_least": 100}}, "times": {"at_least": 2}},
    {"did": "order_paid", "where": {"product_id": {"in": ["A", "B"]}}, "days": {"at_least": 2}},
    {"did": "order_paid", "sum": {"of": "amount", "at_least": 100}, "within": {"last": "7 days"}},
    {"did": "order_paid", "avg": {"of": "amount", "at_least": 100}},
    {"did": "order_paid", "distinct": {"of": "product_id", "at_least": 2}, "at": {"channel": "tmall"}},
    {"did": "order_paid", "first": True, "within": {"last": "7 days"}},
    {"did": "order_paid", "last": True, "where": {"gift": {"is": True}}},
    {"did": "order_paid", "max": {"of": "score", "above": 1}},
    {"did_not": "app_opened", "within": {"last": "1 day"}},
    {"sequence": [{"did": "app_opened"}, {"did_not": "order_paid", "for": "1 day"}]},
]


@given(data=st.data())
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
def test_arrays_answer_what_segments_ask_most(pool, data, monkeypatch):
    """By themselves: no query is asked for any leaf."""
    monkeypatch.setattr(answering, "_asked", None)
    conditions = {f"c{number}": world.parsed(asked) for number, asked in enumerate(MOST_ASKED)}
    _same_conditions(pool, data, conditions, monkeypatch, answered=True)


PLACED = st.one_of(st.just({}), world.slices.map(lambda one: {"at": one}))


@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_arrays_answer_sequences_of_names_and_places(pool, data, monkeypatch):
    """Block by block beside the measures: nothing is asked for beside them, nor put into the session."""
    monkeypatch.setattr(answering, "_asked", None)
    monkeypatch.setattr(Batch, "run", None)
    zone, engine = pool
    at = data.draw(st.sampled_from(world.INSTANTS))
    people, later = _people(data, at)
    drawn = data.draw(st.lists(world.sequences(PLACED), min_size=1, max_size=5))
    conditions = {f"c{number}": world.parsed(one) for number, one in enumerate([*drawn, MOST_ASKED[0]])}
    plan = compile_conditions(conditions, at, Scope.all(), world.context(zone))
    with _indexed(engine, people, later, at) as index:
        with engine.read() as session:
            found = plan.run(session, index.view)
        monkeypatch.undo()
        with engine.read() as session:
            wanted = plan.run(session)
    assert _sorted(found) == _sorted(wanted)


def test_a_query_of_the_rest_has_the_sequences_that_it_names(pool):
    """A value that arrays can't work out names a sequence: the query that does finds it in its session."""
    zone, engine = pool
    at = world.INSTANTS[0]
    day = to_micros(at) - 3 * 86_400_000_000
    people = _numbered(
        [
            world.History([world.Event(seq, "app_opened", day, values={}) for seq in (1, 2)]),
            world.History([]),
            world.History([], [world.Fact("city", "上海", day, 3)]),
            world.History([]),
        ]
    )
    body = {
        "kind": "state",
        "states": [{"value": "a", "when": {"any": [{"attribute": "city", "is": "上海"}, MOST_ASKED[-1]]}}],
    }
    counted = {"kind": "metric", "from": {"did": "order_paid", "times": True}}
    tags = {name: test_tag_parity._tag(name, one) for name, one in (("t", body), ("n", counted))}
    with _indexed(engine, people, dict.fromkeys(people, 1), at) as index, engine.write() as session:
        plan = compile_tags(tags, at, Scope.all(), world.context(zone))
        measured = Values.run(plan.arrays, session, index.view)
        assert measured is not None and "t value" not in measured.outputs
        rows = plan.run(session, index.view).to_pylist()
    assert {row["customer_id"]: row["value"] for row in rows if row["tag"] == "t"} == {1: "a", 2: "a", 3: "a"}


CITIES = st.sampled_from(
    [
        {"is": "上海"},
        {"is_not": "A"},
        {"in": ["A", "上海"]},
        {"not_in": ["a", "B"]},
        {"is_set": True},
        {"is_unset": True},
    ]
)


@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_arrays_answer_attributes_that_are_texts(pool, data, monkeypatch):
    """The latest of each, what was taken back and what is dated ahead included; no query is asked for any leaf."""
    monkeypatch.setattr(answering, "_asked", None)
    asked = [{"attribute": "city", **data.draw(CITIES)}, {"not": {"attribute": "city", **data.draw(CITIES)}}]
    conditions = {f"c{number}": world.parsed(one) for number, one in enumerate([*asked, *MOST_ASKED[:2]])}
    at = data.draw(st.sampled_from(world.INSTANTS))
    people, later = _people(data, at)
    towns = st.builds(
        world.Fact,
        st.just("city"),
        st.one_of(st.none(), st.sampled_from(["上海", "A", "a", "B", ""])),
        st.sampled_from([-5, -1, 0, 1, 7]).map(lambda off: to_micros(at) + off),
        st.integers(0, 1000),
    )
    for one, history in people.items():
        facts = data.draw(st.lists(towns, max_size=5, unique_by=lambda fact: (fact.time, fact.seq)))
        # Two customers' facts may become one's: no two have one number.
        people[one] = replace(history, facts=[replace(fact, seq=fact.seq * 10 + one) for fact in facts])
    _same(pool, people, later, at, conditions, monkeypatch, answered=True)


@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_tags_of_any_kind(pool, data):
    zone, engine = pool
    at = data.draw(st.sampled_from(world.INSTANTS))
    people, later = _people(data, at)
    kinds = st.one_of(test_tag_parity.definitions, test_further_parity.definitions)
    bodies = data.draw(st.lists(kinds, min_size=1, max_size=3))
    tags = {f"t{index}": test_tag_parity._tag(f"t{index}", body) for index, body in enumerate(bodies)}
    with _indexed(engine, people, later, at) as index, engine.write() as session:
        by_query, by_arrays = (compile_tags(tags, at, Scope.all(), world.context(zone)) for _ in range(2))
        wanted, found = by_query.run(session), by_arrays.run(session, index.view)
    assert found.schema == wanted.schema
    assert _sorted(found) == _sorted(wanted)
    assert by_arrays.populations == by_query.populations


def _paid(amounts, at):
    return world.History(
        [
            world.Event(100 * seq, "order_paid", to_micros(at - timedelta(days=1)), values={"amount": amount})
            for seq, amount in enumerate(amounts)
        ]
    )


@pytest.mark.parametrize("many", [4, 12])
def test_sums_that_64_bits_do_not_hold_are_left_to_the_query(pool, many, monkeypatch):
    zone, engine = pool
    at = world.INSTANTS[0]
    largest = Decimal(99_999_999_999_999)
    people = _numbered([_paid([largest] * many, at), _paid([Decimal(5)], at), world.History([])])
    above = {"did": "order_paid", "sum": {"of": "amount", "above": int(largest)}}
    below = {"did": "order_paid", "sum": {"of": "amount", "below": 6}}
    conditions = {"above": world.parsed(above), "below": world.parsed(below)}
    answers = _Answers(monkeypatch)
    with _indexed(engine, people, {1: many, 2: 1, 3: 0}, at) as index, engine.read() as session:
        plan = compile_conditions(conditions, at, Scope.all(), world.context(zone))
        rows = plan.run(session, index.view).to_pylist()
    assert answers.found == [many == 4]
    assert {row["customer_id"]: (row["above"], row["below"]) for row in rows} == {
        1: (True, False),
        # Every other event went from the first customer to the second with its identifier.
        2: (True, False),
        3: (False, False),
    }


@given(
    zone=st.sampled_from(["Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "UTC", "Asia/Kathmandu"]),
    moments=st.lists(
        st.integers(to_micros(datetime(2019, 1, 1, tzinfo=UTC)), to_micros(datetime(2031, 1, 1, tzinfo=UTC))).map(
            from_micros
        ),
        max_size=30,
    ),
    edges=st.lists(st.sampled_from([-1, 0, 1]), min_size=1, max_size=3),
    far=st.lists(st.sampled_from(["1890-06-01T12:00+00:00", "9990-01-01T00:00+00:00"]).map(datetime.fromisoformat)),
)
def test_days_are_those_of_the_zone(zone, moments, edges, far):
    known = ZoneInfo(zone)
    midnights = [datetime(m.year, m.month, m.day, tzinfo=known) for m in (*moments, *far)]
    instants = [to_micros(m) + edge for m in (*moments, *midnights, *far) for edge in edges]
    days = local_days(np.array(instants, np.int64), zone).tolist()
    assert days == [(from_micros(one).astimezone(known).date() - date(1970, 1, 1)).days for one in instants]


FEW = {"did": "order_paid", "times": {"at_least": 2}, "within": {"last": "7 days"}}
SILENT = {"did_not": "app_opened", "within": {"last": "1 day"}}


@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_who_has_too_few_is_left_out_by_arrays_and_queries_alike(pool, data):
    """What leaves its window makes few of them fewer: only who has enough, or has events dated ahead, is looked at."""
    zone, engine = pool
    at = data.draw(st.sampled_from(world.INSTANTS))
    people, later = _people(data, at)
    conditions = {"frequent": world.parsed({"all": [FEW, SILENT]})}
    plans = [compile_conditions(conditions, at, Scope.all(), world.context(zone), sparse=sparse) for sparse in (1, 0)]
    with _indexed(engine, people, later, at) as index, engine.read() as session:
        by_query, by_arrays = plans[0].run(session), plans[0].run(session, index.view)
        everybody = plans[1].run(session).to_pylist()
        ahead = session.query("SELECT DISTINCT customer_id FROM events JOIN customer_of USING (identifier_id) "
                              "WHERE event = 'order_paid' AND time >= $at", {"at": at})  # fmt: skip
    assert _sorted(by_arrays) == _sorted(by_query)
    enough = {row["customer_id"] for row in everybody if row["frequent"]} | {*ahead.column(0).to_pylist()}
    found = {row["customer_id"] for row in by_query.to_pylist()}
    assert {row["customer_id"] for row in everybody if row["frequent"]} <= found
    for row in everybody:
        few = compile_conditions({"few": world.parsed(FEW)}, at, Scope.one(row["customer_id"]), world.context(zone))
        with engine.read() as session:
            (own,) = few.run(session).to_pylist()
        if row["customer_id"] in found:
            assert own["few"] or row["customer_id"] in enough
