"""Imported, sequence, quiet, RFM and expression tags: compiled, they mean what the reference says."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onepool.audience.conditions.compiler.scope import Scope
from onepool.audience.conditions.reference import Fact, History
from onepool.audience.tags import check_definition, compile_tags, needs_population
from onepool.audience.tags.reference import population_of, value_of
from onepool.clock import from_micros, to_micros

from . import world
from .test_tag_parity import _expected, _rows, _tag, at_slices, wheres, withins

SOURCES = st.builds(
    lambda event, where, at: {"did": event, **where, **at}, st.sampled_from(world.EVENTS), wheres, at_slices
)


@pytest.fixture(scope="module")
def pool():
    engine = world.engine("Asia/Shanghai")
    yield engine
    engine.close()


rfm_tags = st.builds(
    lambda source, within, split, often: {
        "kind": "rfm",
        "from": {**source, "sum": "amount"},
        **within,
        **split,
        **often,
    },
    SOURCES,
    withins,
    st.sampled_from(
        [
            {},
            {"by": "rank"},
            {"by": "rank", "cells": 125},
            {"by": "rank", "cells": 125, "labels": {"555": "最好", "111": "最差"}},
            {"by": "value", "at": {"recency": 7, "frequency": 2, "monetary": 50.5}},
            {"by": "value", "cells": 125, "at": {k: [0.5, 1, 2, 30] for k in ("recency", "frequency", "monetary")}},
        ]
    ),
    st.sampled_from([{}, {"frequency": "days"}]),
)
quiets = st.builds(
    lambda source, percentile, of: {"quiet": {**source, "percentile": percentile, **of}},
    SOURCES,
    st.sampled_from([10, 50, 75, 90, 99.9]),
    st.sampled_from([{}, {"of": "own", "min_intervals": 1}, {"of": "own", "min_intervals": 2}]),
)
state_tags = st.builds(
    lambda rules, otherwise: {
        "kind": "state",
        "states": [{"value": f"v{index}", **rule} for index, rule in enumerate(rules)],
        **otherwise,
    },
    st.lists(st.one_of(quiets, quiets, world.behaviours().map(lambda one: {"when": one})), min_size=1, max_size=3),
    st.sampled_from([{}, {"otherwise": "其他"}]),
)


def _without_time(leaf: dict[str, Any]) -> dict[str, Any]:
    """The sequence with a last step done at any time."""
    steps = list(leaf["sequence"])
    place = max(number for number, step in enumerate(steps) if "did" in step)
    where = {name: tests for name, tests in steps[place].get("where", {}).items() if name != "time"}
    steps[place] = {
        **{key: value for key, value in steps[place].items() if key != "where"},
        **({"where": where} if where else {}),
    }
    return {**leaf, "sequence": steps}


sequence_tags = st.builds(
    lambda leaf, life, otherwise: {
        "kind": "sequence",
        **(_without_time(leaf) if life else leaf),
        **life,
        "value": "是",
        **otherwise,
    },
    world.sequences(),
    st.sampled_from([{}, {"valid_for": "7 days"}, {"valid_for": "90 minutes"}]),
    st.sampled_from([{}, {"otherwise": "否"}]),
)
plain = st.one_of(
    st.sampled_from(
        ["paid", "opened", "spent", "tag.points", "attribute.age", "attribute.height", "attribute.balance"]
    ),
    st.integers(0, 20).map(str),
    st.sampled_from(["0.5", "2.25"]),
)


def _truth(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, st.sampled_from(["<", "<=", ">", ">=", "=", "!="]), inner).map(
            lambda p: f"{p[0]} {p[1]} {p[2]}"
        ),
        inner.map(lambda one: f"known({one})"),
        st.sampled_from(
            ["attribute.opted_in", "not attribute.opted_in", "attribute.city = '上海'", "tag.level != 'x'"]
        ),
        st.tuples(inner, inner).map(lambda p: f"known({p[0]}) and not {p[1]} > 1 or attribute.opted_in"),
    )


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/"]), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        inner.map(lambda one: f"-{one}"),
        st.tuples(st.sampled_from(["abs", "floor", "ceil", "sqrt", "log", "ln", "exp"]), inner).map(
            lambda p: f"{p[0]}({p[1]})"
        ),
        st.tuples(st.sampled_from(["min", "max", "coalesce"]), inner, inner).map(lambda p: f"{p[0]}({p[1]}, {p[2]})"),
        st.tuples(inner, inner).map(lambda p: f"pow({p[0]}, {p[1]})"),
        inner.map(lambda one: f"clamp({one}, 0, 10)"),
        st.tuples(_truth(inner), inner, inner).map(lambda p: f"if({p[0]}, {p[1]}, {p[2]})"),
    )


numbers = st.recursive(plain, _larger, max_leaves=5)
compared = st.tuples(st.sampled_from(["rank_share", "min_max"]), numbers).map(lambda p: f"{p[0]}({p[1]})")
formulas = st.one_of(
    numbers,
    numbers,
    compared,
    st.tuples(compared, numbers, compared).map(lambda p: f"0.25 * {p[0]} + {p[1]} - log({p[2]})"),
    _truth(numbers).map(lambda one: f"if({one}, '高', '低')"),
)
expression_tags = st.builds(
    lambda text, cut, within: {
        "kind": "expression",
        "inputs": {
            name: figure
            for name, figure in {
                "paid": {"did": "order_paid", "times": True, **within},
                "opened": {"did": "app_opened", "days": True},
                "spent": {"did": "order_paid", "sum": "quantity"},
            }.items()
            if name in text
        },
        "expression": text,
        **({} if "高" in text else cut),
    },
    formulas,
    st.sampled_from(
        [
            {},
            {"cut": {"by": "number", "at": [1, 50.5], "labels": ["低", "中", "高"]}},
            {"cut": {"by": "percent", "at": [20, 80], "labels": ["低", "中", "高"]}},
        ]
    ),
    withins,
)
import_tags = st.sampled_from([{"kind": "import"}, {"kind": "import", "type": "number"}])
definitions = st.one_of(rfm_tags, state_tags, sequence_tags, expression_tags, import_tags)


@st.composite
def given_values(draw: st.DrawFn, count: int, at: int) -> tuple[list[list[Fact]], list[tuple[int, int]]]:
    """Imported values of `level` for so many customers, as facts of each, and marks (time, seq) of whole files."""
    files = draw(st.lists(st.tuples(st.integers(1, 40), st.booleans()), max_size=3, unique_by=lambda one: one[0]))
    found: list[list[Fact]] = [[] for _ in range(count)]
    marks = []
    for number, (hours, overwrites) in enumerate(sorted(files, reverse=True), 1):
        time = at - hours * world.HOUR
        if overwrites:
            marks.append((time, 2 * number))
            for facts in found:
                facts.append(Fact("tag:level", None, time, 2 * number))
        for facts in found:
            if draw(st.booleans()):
                facts.append(Fact("tag:level", draw(st.sampled_from(["1", "2.5", "30"])), time, 2 * number + 1))
    return found, marks


def _import(engine: Any, given_: list[list[Fact]], marks: list[tuple[int, int]]) -> None:
    rows = [
        {"seq": fact.seq, "tag": "level", "identifier_id": (customer + 1) * 2 + index % 2, "value": fact.value,
         "number": float(fact.value), "time": from_micros(fact.time)}
        for customer, facts in enumerate(given_)
        for index, fact in enumerate(facts)
        if fact.value is not None
    ]  # fmt: skip
    rows += [
        {"seq": seq, "tag": "level", "identifier_id": -1, "value": None, "number": None, "time": from_micros(time)}
        for time, seq in marks
    ]
    with engine.write() as session:
        session.execute("DELETE FROM tag_inputs")
        schema = pa.schema(
            [("seq", pa.int64()), ("tag", pa.string()), ("identifier_id", pa.int64()), ("value", pa.string()),
             ("number", pa.float64()), ("time", pa.timestamp("us", tz="UTC"))]
        )  # fmt: skip
        session.append("tag_inputs", pa.Table.from_pylist(rows, schema=schema))


@given(data=st.data())
@settings(max_examples=35, deadline=None, suppress_health_check=list(HealthCheck))
def test_compiled_tags_mean_what_the_reference_says(pool, data):
    ctx = world.context("Asia/Shanghai")
    at = data.draw(st.sampled_from(world.INSTANTS))
    drawn = data.draw(st.lists(world.histories(to_micros(at)), min_size=1, max_size=5))
    bodies = data.draw(st.lists(definitions, min_size=1, max_size=2))
    tags = {name: _tag(name, body) for name, body in zip(["level", "points"], bodies, strict=False)}
    for tag in tags.values():
        assert [str(one) for one in check_definition(tag, ctx.names) if not _lenient(one.message)] == []
    facts, marks = data.draw(given_values(len(drawn), to_micros(at)))
    drawn = [History(one.events, [*one.facts, *more], one.tags) for one, more in zip(drawn, facts, strict=True)]
    people = dict(enumerate(drawn, 1))
    world.fill(pool, {number: History(one.events, _own(one), one.tags) for number, one in people.items()}, at)
    _import(pool, facts, marks)
    with pool.write() as session:
        plan = compile_tags(tags, at, Scope.all(), ctx)
        values, alarms = _rows(plan.run(session))
        session.execute("DELETE FROM meta")
        plan.save_populations(session)
        some = sorted(people)[::2]
        session.relation("touched", pa.table({"customer_id": pa.array(some, pa.int64())}))
        few, few_alarms = _rows(compile_tags(tags, at, Scope.customers("touched"), ctx).run(session))
    assert few == {key: value for key, value in values.items() if key[0] in some}
    assert few_alarms == {customer: at for customer, at in alarms.items() if customer in some}
    for name, tag in tags.items():
        population = population_of(tag, drawn, at, ctx)
        if needs_population(tag):
            assert plan.populations[name] == pytest.approx(population, rel=1e-9)
        for customer, history in people.items():
            expected = value_of(tag, history, at, ctx, plan.populations.get(name, {}))
            found = values.get((customer, name))
            if expected is not None and expected.number is not None and found is not None:
                assert found[1] == pytest.approx(expected.number, rel=1e-9)
                found, expected = (found[1],), (pytest.approx(expected.number, rel=1e-9),)
                assert found == expected
                continue
            assert found == _expected(expected), (name, customer)
            _steady(tag, history, at, alarms.get(customer), plan.populations.get(name, {}), ctx, data)


def _own(history: History) -> list[Fact]:
    return [fact for fact in history.facts if not fact.attribute.startswith("tag:")]


def _lenient(message: str) -> bool:
    return "at least once" in message or "does not use" in message


def _steady(tag, history, at, next_at, population, ctx, data):
    """Until `next_at`, time alone changes nothing."""
    start = to_micros(at)
    limit = None if next_at is None else to_micros(next_at)
    assert limit is None or limit > start
    moments = {start + data.draw(st.integers(1, 70 * world.DAY))} | ({limit - 1} if limit else set())
    for span in (0, 7 * world.DAY, world.DAY, 12 * world.HOUR, *(int(one) for one in population.values())):
        moments |= {event.time + span + extra for event in history.events for extra in (0, 1)}
    now = value_of(tag, history, at, ctx, population)
    later = sorted(moment for moment in moments if moment > start and (limit is None or moment < limit))
    for moment in {*later[:: max(1, len(later) // 6)], *later[-2:]}:
        assert value_of(tag, history, from_micros(moment), ctx, population) == now, from_micros(moment)
