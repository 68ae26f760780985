"""What holds after facts that change a value: the set-based fold against one fact after the other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onepool.clock import from_micros
from onepool.pool.duckdb import DuckDBEngine
from onepool.pool.schema import Columns, create
from onepool.tick import folding

START = 1_700_000_000_000_000
_PLACES = Decimal("1e-9")


@dataclass(frozen=True)
class Said:
    """One fact: when, what is done, and with what. Several may stand at one time; the order of receipt counts then."""

    time: int
    change: str | None
    text: str | None


def naive(facts: list[Said]) -> list[str | None]:
    """What holds after each fact, in the order of (time, place in the list)."""
    held: dict[int, str | None] = {}
    state: str | None = None
    for place, fact in sorted(enumerate(facts), key=lambda one: (one[1].time, one[0])):
        if fact.change is None or state is None:
            state = fact.text
        elif fact.change == "add":
            state = _plus(state, str(fact.text))
        elif fact.change == "append":
            state = _with(state, json.loads(str(fact.text)))
        held[place] = state
    return [held[place] for place in range(len(facts))]


def _plus(state: str, operand: str) -> str:
    try:
        number = Decimal(state)
    except ArithmeticError:
        return state
    total = number.quantize(_PLACES, ROUND_HALF_UP) + Decimal(operand)
    written = f"{total:f}"
    written = written.rstrip("0").rstrip(".") if "." in written else written
    return "0" if total == 0 else written


def _with(state: str, texts: list[str]) -> str:
    if not state.startswith("["):
        return state
    present = list(dict.fromkeys(json.loads(state)))
    new = [text for text in dict.fromkeys(texts) if text not in present]
    if not new:
        return state
    return json.dumps((present + new)[: folding.MOST_TEXTS], ensure_ascii=False, separators=(",", ":"))


_words = st.sampled_from(["a", "b", "c", "中", 'q"', "d e"])
_lists = st.lists(_words, min_size=1, max_size=4, unique=True).map(
    lambda texts: json.dumps(texts, ensure_ascii=False, separators=(",", ":"))
)
_numbers = st.sampled_from(["1", "2", "-3", "0.5", "0.1", "0.2", "9000000000000000", "-0.000000001"])
_plain = st.one_of(st.none(), _numbers, _lists, st.sampled_from(["gold", "true", "1.25", "0.0001234567"]))
_facts = st.builds(
    lambda time, said: Said(START + time, *said),
    st.integers(0, 5),
    st.one_of(
        st.tuples(st.none(), _plain),
        st.tuples(st.just("once"), st.one_of(_numbers, _lists, st.just("gold"))),
        st.tuples(st.just("add"), _numbers),
        st.tuples(st.just("append"), _lists),
    ),
)


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    engine = DuckDBEngine(tmp_path_factory.mktemp("folding") / "pool.duckdb")
    with engine.write() as session:
        create(session, Columns(events={}, items={"name": "VARCHAR"}, attributes={"n": "DOUBLE"}))
    yield engine
    engine.close()


def folded(pool: DuckDBEngine, people: list[list[Said]], *, twice: bool = False) -> list[list[str | None]]:
    """The same in the pool: every person has two identifiers, facts alternate between them."""
    rows = [
        {
            "seq": (person << 20) + place,
            "identifier_id": person * 2 + place % 2,
            "attribute": "n",
            "value": fact.text,
            "time": from_micros(fact.time),
            "touchpoint": "shop",
            "change": fact.change,
            "operand": fact.text if fact.change else None,
        }
        for person, facts in enumerate(people)
        for place, fact in enumerate(facts)
    ]
    schema = pa.schema(
        [
            *(("seq", pa.int64()), ("identifier_id", pa.int64()), ("attribute", pa.string()), ("value", pa.string())),
            *(("time", pa.timestamp("us", tz="UTC")), ("touchpoint", pa.string())),
            *(("change", pa.string()), ("operand", pa.string())),
        ]
    )
    ids = [{"identifier_id": at, "customer_id": at // 2} for at in range(2 * len(people))]
    with pool.write() as session:
        session.execute("DELETE FROM attribute_facts")
        session.execute("DELETE FROM customer_of")
        session.append("attribute_facts", pa.Table.from_pylist(rows, schema=schema))
        session.append("customer_of", pa.Table.from_pylist(ids))
        session.relation("_changed", pa.table({"customer_id": pa.array(range(len(people)), pa.int64())}))
        for _ in range(2 if twice else 1):
            folding.fold(session)
        found = session.query("SELECT seq, value FROM attribute_facts ORDER BY seq").to_pylist()
    held: list[list[str | None]] = [[] for _ in people]
    for row in found:
        held[row["seq"] >> 20].append(row["value"])
    return held


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people=st.lists(st.lists(_facts, min_size=1, max_size=12), min_size=1, max_size=6), twice=st.booleans())
def test_the_fold_is_the_same_as_one_fact_after_the_other(
    pool: DuckDBEngine, people: list[list[Said]], twice: bool
) -> None:
    assert folded(pool, people, twice=twice) == [naive(facts) for facts in people]


def test_lists_stop_growing(pool: DuckDBEngine) -> None:
    facts = [Said(START + n, "append", json.dumps([f"t{n}", "same"])) for n in range(600)]
    (held,) = folded(pool, [facts])
    assert json.loads(held[0] or "") == ["t0", "same"]
    assert len(json.loads(held[-1] or "")) == folding.MOST_TEXTS
    assert held == naive(facts)


@pytest.mark.parametrize(
    ("said", "held"),
    [
        ([("add", "2"), ("add", "3")], ["2", "5"]),
        ([(None, "10"), ("add", "0.1"), ("add", "0.2")], ["10", "10.1", "10.3"]),
        ([("once", "x"), ("once", "y"), (None, None), ("once", "z")], ["x", "x", None, "z"]),
        ([(None, "gold"), ("add", "1"), ("append", '["a"]')], ["gold", "gold", "gold"]),
        ([("append", '["x"]'), ("append", '["y","x"]')], ['["x"]', '["x","y"]']),
        ([("add", "1"), ("add", "-1")], ["1", "0"]),
    ],
)
def test_what_holds_after_each(
    pool: DuckDBEngine, said: list[tuple[str | None, str | None]], held: list[str | None]
) -> None:
    facts = [Said(START + at, *one) for at, one in enumerate(said)]
    assert folded(pool, [facts]) == [held]
    assert naive(facts) == held
