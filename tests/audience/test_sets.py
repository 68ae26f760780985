"""Sets of customers: never stale, whatever ticks brought; set algebra as Python's sets have it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import combinations
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyroaring import BitMap64

from onepool.audience.algebra import (
    MOST_SETS,
    Every,
    Expression,
    One,
    Some,
    Without,
    evaluate,
    exclusive,
    jaccard,
    leaves,
)
from onepool.audience.outcomes import SEGMENT_SCHEMA, TAG_SCHEMA, Outcome, OutcomeLog
from onepool.audience.sets import MOST_VALUES, Sets, ids_of, members_of
from onepool.pool import Columns, DuckDBEngine, Session
from onepool.pool.schema import create
from onepool.tick import marks
from onepool.tick.recovery import OUTCOME

AT = datetime(2026, 11, 22, tzinfo=UTC)
PEOPLE = st.integers(0, 11)
# Far above 2^32 some of them: numbers of customers are 64 bits wide.
NUMBERS = st.one_of(PEOPLE, st.integers(2**33, 2**33 + 3))


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDBEngine]:
    pool = DuckDBEngine(":memory:", "Asia/Shanghai", threads=1)
    with pool.write() as session:
        create(session, Columns({}, {"category": "VARCHAR"}, {"city": "VARCHAR"}))
        marks.make(session)
    yield pool
    pool.close()


@pytest.fixture
def pool(engine: DuckDBEngine) -> DuckDBEngine:
    clear(engine)
    return engine


def clear(engine: DuckDBEngine) -> None:
    with engine.write() as session:
        for table in ("segment_members", "segment_changes", "tag_values", "tag_changes", "customer_of", "meta"):
            session.execute(f"DELETE FROM {table}")


class Ticks:
    """Takes outcomes into the pool as the tick does, and keeps the truth in plain sets beside."""

    def __init__(self, pool: DuckDBEngine) -> None:
        self.pool = pool
        self.number = 0
        self.segments: dict[str, set[int]] = {"a": set(), "b": set()}
        self.tags: dict[int, Any] = {}

    def take(self, flips: dict[tuple[int, str], bool], values: dict[int, Any]) -> None:
        moves = []
        for (customer, segment), inside in flips.items():
            if (customer in self.segments[segment]) != inside:
                moves.append((customer, segment, "enter" if inside else "exit"))
                (self.segments[segment].add if inside else self.segments[segment].discard)(customer)
        self.tags |= values
        self.tags = {customer: value for customer, value in self.tags.items() if value is not None}
        rows = [
            {
                "customer_id": customer,
                "tag": "t",
                "value": value if isinstance(value, str) else None,
                "number": value if isinstance(value, float) else None,
                "list": value if isinstance(value, list) else None,
            }
            for customer, value in values.items()
        ]
        self.number += 1
        columns = zip(*moves, strict=True) if moves else ((), (), ())
        outcome = Outcome(
            AT,
            pa.Table.from_pylist(rows, TAG_SCHEMA),
            pa.table([list(column) for column in columns], schema=SEGMENT_SCHEMA),
        )
        with self.pool.write() as session:
            OutcomeLog.fold(OutcomeLog(None), session, self.number, outcome)  # type: ignore[arg-type]
            marks.put(session, OUTCOME, str(self.number))

    def having(self, value: str) -> set[int]:
        return {one for one, said in self.tags.items() if said == value or (isinstance(said, list) and value in said)}


tick = st.tuples(
    st.dictionaries(st.tuples(NUMBERS, st.sampled_from("ab")), st.booleans(), max_size=6),
    st.dictionaries(
        NUMBERS,
        st.one_of(
            st.none(),
            st.sampled_from(["x", "y", "z"]),
            st.floats(0, 9, allow_nan=False),
            st.lists(st.sampled_from(["x", "y", "z"]), unique=True, max_size=3),
        ),
        max_size=6,
    ),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ticks=st.lists(st.tuples(tick, st.booleans()), min_size=1, max_size=6))
def test_sets_are_what_the_pool_says_after_every_tick(engine: DuckDBEngine, ticks: list[Any]) -> None:
    clear(engine)
    world, sets = Ticks(engine), Sets()
    for (flips, values), look in ticks:
        world.take(flips, values)
        if not look:
            continue
        with engine.read() as session:
            for names in (["a"], ["b", "a"]):
                found = sets.segments(session, names)
                assert {name: set(members) for name, members in found.items()} == {
                    name: world.segments[name] for name in names
                }
            tag = sets.tags(session, ["t"])["t"]
            assert set(tag.customers) == set(world.tags)
            assert {value: set(members) for value, members in tag.values.items()} == {
                value: world.having(value) for value in "xyz" if world.having(value)
            }
            assert set(sets.tag_value(session, "t", "y")) == world.having("y")


def test_a_reader_of_an_older_snapshot_sees_that_one(pool: DuckDBEngine) -> None:
    world, sets = Ticks(pool), Sets()
    world.take({(1, "a"): True}, {1: "x"})
    with pool.read() as older:
        # The snapshot is taken with the first statement.
        assert older.query("SELECT count(*) AS n FROM segment_members")["n"][0].as_py() == 1
        world.take({(1, "a"): False, (2, "a"): True}, {1: None, 2: "y"})
        with pool.read() as newer:
            assert set(sets.segments(newer, ["a"])["a"]) == {2}
            assert set(sets.tags(newer, ["t"])["t"].values) == {"y"}
        assert set(sets.segments(older, ["a"])["a"]) == {1}
        assert set(sets.tags(older, ["t"])["t"].values) == {"x"}
    with pool.read() as newest:
        assert set(sets.segments(newest, ["a"])["a"]) == {2}


def test_what_was_given_out_does_not_change(pool: DuckDBEngine) -> None:
    world, sets = Ticks(pool), Sets()
    world.take({(1, "a"): True}, {1: "x"})
    with pool.read() as session:
        first, tag = sets.segments(session, ["a"])["a"], sets.tags(session, ["t"])["t"]
    world.take({(2, "a"): True}, {1: "y", 2: "x"})
    with pool.read() as session:
        assert set(sets.segments(session, ["a"])["a"]) == {1, 2}
        assert set(sets.tags(session, ["t"])["t"].values["x"]) == {2}
    assert set(first) == {1} and set(tag.values["x"]) == {1}


def test_nothing_is_kept_of_a_pool_without_outcomes(pool: DuckDBEngine) -> None:
    sets = Sets()
    for expected in (1, 2):
        with pool.write() as session:
            session.append("segment_members", pa.table({"customer_id": [expected], "segment": ["a"]}))
            session.append("customer_of", pa.table({"identifier_id": [expected], "customer_id": [expected]}))
        with pool.read() as session:
            assert len(sets.segments(session, ["a"])["a"]) == expected == len(sets.everyone(session))
    assert sets.size() == 0


def test_everyone_follows_merges_and_newcomers(pool: DuckDBEngine) -> None:
    sets = Sets()

    def now(owners: dict[int, int], mark: str) -> set[int]:
        with pool.write() as session:
            session.execute("DELETE FROM customer_of")
            session.append(
                "customer_of", pa.table({"identifier_id": list(owners), "customer_id": list(owners.values())})
            )
            marks.put(session, "log_offset", mark)
        with pool.read() as session:
            assert set(sets.everyone(session)) == set(sets.everyone(session))
            return set(sets.everyone(session))

    assert now({1: 1, 2: 2}, "1") == {1, 2}
    assert now({1: 1, 2: 1, 3: 3}, "2") == {1, 3}
    assert sets.size() > 0


def test_rare_values_are_counted_but_not_kept(pool: DuckDBEngine) -> None:
    world, sets = Ticks(pool), Sets()
    many = {number: f"v{number:04}" for number in range(MOST_VALUES + 5)}
    world.take({}, {**many, 9_000: "v0204"})
    with pool.read() as session:
        tag = sets.tags(session, ["t"])["t"]
        assert (len(tag.values), tag.complete, len(tag.customers)) == (MOST_VALUES, False, MOST_VALUES + 6)
        assert set(tag.values["v0204"]) == {204, 9_000}
        assert set(sets.tag_value(session, "t", "v0203")) == {203}
        assert set(sets.tag_value(session, "t", "none")) == set()
    world.take({}, {0: "v0203", 9_001: "new"})
    with pool.read() as session:
        tag = sets.tags(session, ["t"])["t"]
        assert len(tag.customers) == MOST_VALUES + 7 and "new" not in tag.values
        assert set(sets.tag_value(session, "t", "new")) == {9_001}
        assert set(sets.tag_value(session, "t", "v0000")) == set()


# --- algebra ---------------------------------------------------------------------------------------------------------

NAMES = ("a", "b", "c", "d")
EVERYONE = set(range(12))
expressions = st.recursive(
    st.sampled_from(NAMES).map(lambda name: One("segment", name)),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: Every(tuple(parts))),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: Some(tuple(parts))),
        inner.map(Without),
    ),
    max_leaves=6,
)
worlds = st.fixed_dictionaries({name: st.sets(PEOPLE) for name in NAMES})


def plain(expression: Expression, world: dict[str, set[int]]) -> set[int]:
    match expression:
        case One():
            return world[expression.name]
        case Every(parts):
            return set.intersection(*(plain(part, world) for part in parts))
        case Some(parts):
            return set().union(*(plain(part, world) for part in parts))
        case Without(part):
            return EVERYONE - plain(part, world)


@given(expression=expressions, world=worlds)
def test_expressions_are_python_sets(expression: Expression, world: dict[str, set[int]]) -> None:
    bitmaps = {name: BitMap64(members) for name, members in world.items()}
    before = {name: set(members) for name, members in bitmaps.items()}
    found = evaluate(expression, lambda one: bitmaps[one.name], lambda: BitMap64(EVERYONE))
    assert set(found) == plain(expression, world)
    assert {name: set(members) for name, members in bitmaps.items()} == before, "the sets themselves stay as they are"
    assert {one.name for one in leaves(expression)} <= set(NAMES)


@given(world=st.dictionaries(st.sampled_from("abcdef"), st.sets(PEOPLE), min_size=1, max_size=6))
def test_exclusive_intersections(world: dict[str, set[int]]) -> None:
    cells = exclusive({name: BitMap64(members) for name, members in world.items()})
    found = {cell.inside: set(cell.members) for cell in cells}
    names = list(world)
    for count in range(1, len(names) + 1):
        for inside in combinations(names, count):
            outside = [name for name in names if name not in inside]
            expected = set.intersection(*(world[name] for name in inside)) - set().union(
                *(world[name] for name in outside)
            )
            assert found.pop(inside, set()) == expected
    assert not found
    sizes = [len(cell.members) for cell in cells]
    assert sizes == sorted(sizes, reverse=True) and all(sizes)
    assert sum(sizes) == len(set().union(*world.values()))
    assert all({*cell.inside, *cell.outside} == set(names) for cell in cells)


def test_at_most_six_sets() -> None:
    with pytest.raises(ValueError, match="at most 6"):
        exclusive({str(number): BitMap64() for number in range(MOST_SETS + 1)})


def test_jaccard() -> None:
    assert jaccard(BitMap64([1, 2, 3]), BitMap64([2, 3, 4])) == 0.5
    assert jaccard(BitMap64(), BitMap64([1])) == 0
    assert jaccard(BitMap64(), BitMap64()) is None


def test_numbers_there_and_back() -> None:
    ids = [2**62, 5, 0, 2**40]
    assert ids_of(members_of(pa.array(ids, pa.int64()))).to_pylist() == sorted(ids)
    assert ids_of(BitMap64()).to_pylist() == [] and ids_of(BitMap64()).type == pa.int64()


def test_sessions_are_asked_little(pool: DuckDBEngine) -> None:
    """What is kept is not read again: once a set is there, only the number of the outcome is asked for."""
    world, sets = Ticks(pool), Sets()
    world.take({(1, "a"): True}, {})
    with pool.read() as session:
        sets.segments(session, ["a"])

        class Counting:
            def __init__(self) -> None:
                self.asked: list[str] = []

            def query(self, sql: str, params: Any = None) -> pa.Table:
                self.asked.append(sql)
                return session.query(sql, params)

        counting: Any = Counting()
        narrow: Session = counting
        sets.segments(narrow, ["a"])
        assert len(counting.asked) == 1 and "meta" in counting.asked[0]
