"""Compiled tags agree with the reference on generated histories and definitions."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onepool.audience.conditions.compiler.scope import Scope
from onepool.audience.conditions.reference import History
from onepool.audience.tags import check_definition, needs_population, parse_tag
from onepool.audience.tags.compiler import compile_tags
from onepool.audience.tags.reference import population_of, value_of
from onepool.clock import from_micros, to_micros

from . import world

ZONES = ["Asia/Shanghai", "America/New_York"]


@pytest.fixture(scope="module", params=ZONES)
def pool(request):
    engine = world.engine(request.param)
    yield request.param, engine
    engine.close()


def _entry(names: list[str]) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    return world.where_entry.filter(lambda entry: entry[0] not in names)


wheres = st.one_of(st.just({}), world.where_entry.map(lambda entry: {"where": dict([entry])}))
at_slices = st.one_of(st.just({}), world.slices.map(lambda one: {"at": one}))
withins = st.one_of(st.just({}), world.windows.map(lambda one: {"within": one}))
several = st.sampled_from([["order_paid"], ["app_opened"], ["order_paid", "app_opened"]])
keeping = st.sampled_from([{}, {"when_missing": "keep_last"}])

attribute_tags = st.one_of(
    st.sampled_from(sorted(world.ATTRIBUTES)).map(lambda name: {"kind": "attribute", "from": {"attribute": name}}),
    st.just({"kind": "attribute", "from": {"attribute": "city"}, "map": {"上海": "一线", "A": "二线"}}),
    st.just({"kind": "attribute", "from": {"attribute": "city"}, "map": {"上海": "一线"}, "otherwise": "其他"}),
)
first_last_tags = st.builds(
    lambda take, did, field, where, at, within: {
        "kind": "first_last",
        "take": take,
        "from": {"did": did, "field": field, **where, **at},
        **within,
    },
    st.sampled_from(["first", "last"]),
    several,
    st.sampled_from([*world.COLUMNS, "time", "channel", "fields.note", "fields.deep.inner"]),
    wheres,
    at_slices,
    withins,
)
figures = st.sampled_from(
    [
        {"times": True},
        {"days": True},
        {"sum": "amount"},
        {"avg": "amount"},
        {"max": "amount", "currency": "USD"},
        {"avg": "quantity"},
        {"min": "score"},
        {"sum": "score"},
        {"distinct": "product_id"},
        {"sum": "items.price"},
        {"avg": "items.weight"},
        {"distinct": "items.category"},
    ]
)
sources = st.builds(
    lambda event, figure, where, at: {"did": event, **figure, **where, **at},
    st.sampled_from(world.EVENTS),
    figures,
    wheres,
    at_slices,
)
cuts = st.sampled_from(
    [
        {},
        {"cut": {"by": "number", "at": [1, 50.5], "labels": ["低", "中", "高"]}},
        {"cut": {"by": "percent", "at": [20, 80], "labels": ["低", "中", "高"]}},
        {"cut": {"by": "percent", "at": [33.3], "labels": ["低", "高"]}},
        {"cut": {"by": "rank", "at": [1, 3], "labels": ["第一", "前三", "其他"]}},
    ]
)
metric_tags = st.builds(
    lambda source, over, within, cut: {"kind": "metric", "from": source, **over, **within, **cut},
    sources,
    st.one_of(st.just({}), sources.map(lambda source: {"over": source})),
    withins,
    cuts,
)
preference_tags = st.builds(
    lambda did, field, weights, where, at, within, life, score, top, least: {
        "kind": "preference",
        "from": {
            "did": did,
            "field": field,
            **weights,
            **where,
            **at,
            **({"of": _of(field)} if score == "sum" else {}),
        },
        **within,
        **life,
        "score": score,
        "top": top,
        "min_events": least,
    },
    several,
    st.sampled_from(["product_id", "items.category", "fields.note", "channel"]),
    st.just({}),
    wheres,
    at_slices,
    withins,
    st.sampled_from([{}, {"half_life": "7 days"}, {"half_life": "36 hours"}]),
    st.sampled_from(["count", "sum", "lift"]),
    st.integers(1, 3),
    st.integers(1, 2),
)


def _of(field: str) -> str:
    return "items.quantity" if field.startswith("items.") else "quantity"


state_tags = st.builds(
    lambda rules, otherwise: {
        "kind": "state",
        "states": [{"value": f"v{index}", "when": when} for index, when in enumerate(rules)],
        **otherwise,
    },
    st.lists(world.conditions, min_size=1, max_size=3),
    st.sampled_from([{}, {"otherwise": "其他"}]),
)
definitions = st.builds(
    lambda tag, keep: {**tag, **keep},
    st.one_of(attribute_tags, first_last_tags, metric_tags, preference_tags, state_tags),
    keeping,
)


def _tag(name: str, body: dict[str, Any]):
    return parse_tag({"tag": name, "title": name, "says": "behaviour", **body})


def _rows(table: pa.Table) -> tuple[dict[tuple[int, str], tuple], dict[int, Any]]:
    values, alarms = {}, {}
    for row in table.to_pylist():
        if row["tag"] is None:
            before = alarms.get(row["customer_id"], row["next_at"])
            alarms[row["customer_id"]] = min(before, row["next_at"])
        else:
            assert (row["customer_id"], row["tag"]) not in values
            values[row["customer_id"], row["tag"]] = (row["value"], row["number"], row["list"])
    return values, alarms


@given(data=st.data())
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_compiled_tags_mean_what_the_reference_says(pool, data):
    zone, engine = pool
    ctx = world.context(zone)
    at = data.draw(st.sampled_from(world.INSTANTS))
    drawn = data.draw(st.lists(world.histories(to_micros(at)), min_size=1, max_size=5))
    tags = {
        name: _tag(name, body)
        for name, body in zip(
            ["level", "points", "likes"], data.draw(st.lists(definitions, min_size=1, max_size=3)), strict=False
        )
    }
    for tag in tags.values():
        assert [str(one) for one in check_definition(tag, ctx.names) if "at least once" not in one.message] == []
    people = dict(enumerate(drawn, 1))
    world.fill(engine, people, at)
    with engine.write() as session:
        plan = compile_tags(tags, at, Scope.all(), ctx)
        values, alarms = _rows(plan.run(session))
        session.execute("DELETE FROM meta")
        plan.save_populations(session)
        some = sorted(people)[::2]
        session.relation("touched", pa.table({"customer_id": pa.array(some, pa.int64())}))
        few, few_alarms = _rows(compile_tags(tags, at, Scope.customers("touched"), ctx).run(session))
        session.execute("DELETE FROM meta")
        unkept, _ = _rows(compile_tags(tags, at, Scope.customers("touched"), ctx).run(session))
    assert few == unkept == {key: value for key, value in values.items() if key[0] in some}
    assert few_alarms == {customer: at for customer, at in alarms.items() if customer in some}
    for name, tag in tags.items():
        population = population_of(tag, drawn, at, ctx)
        if needs_population(tag):
            assert plan.populations[name] == pytest.approx(population)
        for customer, history in people.items():
            expected = _expected(value_of(tag, history, at, ctx, population))
            assert values.get((customer, name)) == expected, (name, customer)
            _steady(tag, history, at, alarms.get(customer), population, ctx, data)


def _expected(value):
    if value is None:
        return None
    number = None if value.number is None else pytest.approx(value.number, rel=1e-12)
    return value.value, number, None if value.list is None else list(value.list)


def _steady(tag, history: History, at, next_at, population, ctx, data):
    """Until `next_at`, time alone changes nothing."""
    start = to_micros(at)
    limit = None if next_at is None else to_micros(next_at)
    assert limit is None or limit > start
    moments = {start + data.draw(st.integers(1, 70 * world.DAY))}
    for event in history.events:
        for span in (0, 7 * world.DAY, world.DAY, 12 * world.HOUR, 28 * world.DAY, 31 * world.DAY):
            moments |= {event.time + span, event.time + span + 1}
    now = _expected(value_of(tag, history, at, ctx, population))
    later = sorted(moment for moment in moments if moment > start and (limit is None or moment < limit))
    for moment in {*later[:: max(1, len(later) // 6)], *later[-2:]}:
        assert _expected(value_of(tag, history, from_micros(moment), ctx, population)) == now, from_micros(moment)
