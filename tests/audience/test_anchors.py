"""Journeys' conditions: counted from entry or a node, compared with what each run carries."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onepool.audience.conditions import Context, check, parse_condition, sentence
from onepool.audience.conditions.anchors.compile import compile_runs
from onepool.audience.conditions.anchors.model import Anchors, with_params
from onepool.audience.conditions.anchors.reference import Run, run_holds
from onepool.clock import from_micros, to_micros

from . import world

ZONE = "Asia/Shanghai"
ANCHORS = Anchors(frozenset({"send", "wait"}), frozenset({"product_id", "amount", "when"}), frozenset({"code", "many"}))
CARRIED = ("$trigger.product_id", "$trigger.amount", "$trigger.when", "$vars.code", "$vars.many")
AT = datetime(2026, 11, 21, 4, 30, tzinfo=UTC)
quick = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def pool():
    engine = world.engine(ZONE)
    yield engine
    engine.close()


@pytest.mark.parametrize(
    ("data", "anchored", "expected"),
    [
        (
            {"did": "order_paid", "since": "entry"},
            None,
            "since: only in journeys: segments and tags have no run to count from",
        ),
        (
            {"all": [{"did": "order_paid", "where": {"product_id": "$trigger.product_id"}}]},
            None,
            "all[0].where.product_id.is: $trigger.product_id has a meaning only in journeys: put in a value",
        ),
        (
            {"did": "order_paid", "since": {"node": "sent"}},
            ANCHORS,
            "since.node: the journey has no node sent; did you mean send?",
        ),
        (
            {"did": "order_paid", "where": {"product_id": {"is": "$trigger.produkt_id"}}},
            ANCHORS,
            "where.product_id.is: the journey has no $trigger.produkt_id; did you mean $trigger.product_id?",
        ),
        (
            {"sequence": [{"did": "order_paid", "where": {"product_id": {"matches": "$vars.code"}}}]},
            ANCHORS,
            "sequence[0].where.product_id.matches: `matches` can't be compared with $vars.code",
        ),
        (
            {"did": "order_paid", "where": {"product_id": {"in": ["A", "$params.products"]}}},
            ANCHORS,
            "where.product_id.in: the journey has no $params.products",
        ),
    ],
)
def test_anchors_belong_to_journeys(data: dict[str, Any], anchored: Anchors | None, expected: str) -> None:
    (problem,) = check(parse_condition(data), world.NAMES, anchored=anchored)
    assert str(problem).startswith(expected)


def test_a_field_without_its_sign_is_pointed_out() -> None:
    with pytest.raises(Exception, match=r"is written \$trigger.product_id"):
        parse_condition({"did": "order_paid", "where": {"product_id": "trigger.product_id"}})


def test_parameters_are_put_in() -> None:
    data = {
        "did": "order_paid",
        "where": {"product_id": {"in": "$params.products"}, "amount": {"above": "$params.least"}},
    }
    found = with_params(data, {"products": ["P-1", "P-2"], "least": 5})
    assert found["where"] == {"product_id": {"in": ["P-1", "P-2"]}, "amount": {"above": 5}}
    assert with_params(["$params.products", "$params.gone"], {"products": [1, 2]}) == [1, 2, "$params.gone"]


def test_it_reads_in_both_languages() -> None:
    condition = parse_condition(
        {"did_not": "order_paid", "since": {"node": "send"}, "where": {"product_id": "$trigger.product_id"}}
    )
    assert (
        sentence(condition, "zh")
        == "到达节点「send」后没有做过「order_paid」（product_id 是 触发事件的「product_id」）"
    )
    assert (
        sentence(condition, "en")
        == "did not do “order_paid” (product_id is the triggering event's product_id) since coming to “send”"
    )


def test_sequences_count_from_there_too() -> None:
    condition = parse_condition(
        {"sequence": [{"did": "cart_added"}, {"did_not": "order_paid", "for": "1 day"}], "since": "entry"}
    )
    assert sentence(condition, "zh").startswith("进入旅程后依次做过「cart_added」")
    assert sentence(condition, "en").startswith("did since entering the journey, in this order: “cart_added”")
    names = {**world.NAMES.events, "cart_added": world.NAMES.events["order_paid"]}
    (problem,) = check(condition, replace(world.NAMES, events=names))
    assert str(problem) == "since: only in journeys: segments and tags have no run to count from"


# --- parity ----------------------------------------------------------------------------------------------------------

lent = st.sampled_from(CARRIED)
text_tests = st.one_of(
    st.tuples(st.sampled_from(["is", "is_not", "contains", "starts_with", "ends_with"]), lent).map(lambda p: dict([p])),
    st.tuples(st.sampled_from(["in", "not_in"]), st.lists(st.one_of(lent, world.words), min_size=1, max_size=3)).map(
        lambda p: dict([p])
    ),
)
number_tests = st.one_of(
    st.tuples(st.sampled_from(["is", "is_not", "at_least", "at_most", "above", "below"]), lent).map(
        lambda p: dict([p])
    ),
    st.tuples(st.sampled_from(["in", "not_in"]), st.lists(lent, min_size=1, max_size=2)).map(lambda p: dict([p])),
)
compared = st.one_of(
    st.tuples(st.sampled_from(["product_id", "channel", "items.category", "fields.note"]), text_tests),
    st.tuples(st.sampled_from(["amount", "quantity", "score", "items.price"]), number_tests),
    st.tuples(st.just("gift"), lent.map(lambda one: {"is": one})),
    st.tuples(
        st.sampled_from(["time", "valid_until"]),
        st.tuples(st.sampled_from(["before", "after"]), lent).map(lambda p: dict([p])),
    ),
    st.tuples(
        st.just("labels"),
        st.tuples(st.sampled_from(["any_of", "all_of", "none_of"]), st.lists(lent, min_size=1, max_size=2)).map(
            lambda p: dict([p])
        ),
    ),
    st.tuples(st.just("fields.rank"), st.tuples(st.sampled_from(["above", "at_most"]), lent).map(lambda p: dict([p]))),
)
since = st.sampled_from(["entry", {"node": "send"}, {"node": "wait"}])


@st.composite
def anchored_leaves(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.integers(0, 5))
    if kind == 0:
        return {"attribute": "city", **draw(text_tests)}
    if kind == 1:
        return {"tag": "points", **draw(number_tests)}
    if kind == 2:
        found = draw(world.sequences(st.one_of(st.just({}), compared.map(lambda entry: {"where": dict([entry])}))))
        return found if draw(st.booleans()) else {**found, "since": draw(since)}
    leaf = draw(world.behaviours())
    if draw(st.booleans()):
        leaf["since"] = draw(since)
    if draw(st.booleans()):
        leaf["where"] = {**leaf.get("where", {}), **dict([draw(compared)])}
    return leaf


conditions = world.joined(st.one_of(anchored_leaves(), anchored_leaves(), world.leaves), 3)
texts = st.one_of(
    st.none(),
    world.words,
    st.sampled_from(["A", "B", "3", "99.99", "0.25", "true", "2026-11-20", "2026-11-20T10:00:00Z"]),
)
moments = st.one_of(world.edges, st.sampled_from([0, -2 * world.DAY])).filter(lambda offset: offset <= 0)
runs = st.builds(
    lambda entered, send, wait, carried: Run(
        to_micros(AT) + entered,
        {node: to_micros(AT) + offset for node, offset in (("send", send), ("wait", wait)) if offset is not None},
        dict(zip(CARRIED, carried, strict=True)),
    ),
    moments,
    st.one_of(st.none(), moments),
    st.one_of(st.none(), moments),
    st.tuples(*[texts] * len(CARRIED)),
)


def table_of(flow: list[tuple[int, Run]]) -> pa.Table:
    instant = pa.timestamp("us", tz="UTC")

    def times(values: list[int | None]) -> pa.Array:
        return pa.array([None if value is None else from_micros(value) for value in values], instant)

    columns: dict[str, pa.Array] = {
        "run_id": pa.array(range(100, 100 + len(flow)), pa.int64()),
        "customer_id": pa.array([customer for customer, _ in flow], pa.int64()),
        "entered_at": times([run.entered for _, run in flow]),
    }
    for node in ("send", "wait"):
        columns[f"node.{node}"] = times([run.nodes.get(node) for _, run in flow])
    for name in CARRIED:
        columns[name.removeprefix("$")] = pa.array([run.carries[name] for _, run in flow], pa.string())
    return pa.table(columns)


@given(data=st.data())
@quick
def test_every_run_gets_what_the_reference_says(pool, data):
    ctx = Context(world.NAMES, ZONE, "CNY", anchored=ANCHORS)
    people = dict(enumerate(data.draw(st.lists(world.histories(to_micros(AT)), min_size=1, max_size=3)), 1))
    flow = data.draw(st.lists(st.tuples(st.sampled_from(sorted(people)), runs), min_size=1, max_size=5))
    asked = {
        f"c{number}": parse_condition(one)
        for number, one in enumerate(data.draw(st.lists(conditions, min_size=1, max_size=3)))
    }
    for condition in asked.values():
        assert not [p for p in check(condition, ctx.names, anchored=ANCHORS) if "journey" in p.message]
    world.fill(pool, people, AT)
    with pool.read() as session:
        session.relation("flow", table_of(flow))
        rows = compile_runs(asked, AT, "flow", ctx).run(session).sort_by("run_id").to_pylist()
    assert [(row["run_id"], row["customer_id"]) for row in rows] == [
        (100 + place, customer) for place, (customer, _) in enumerate(flow)
    ]
    for row, (customer, run) in zip(rows, flow, strict=True):
        for name, condition in asked.items():
            assert row[name] == run_holds(condition, people[customer], run, AT, ctx), (name, run)
        _nothing_turns_before(row["next_at"], people[customer], run, asked, ctx)


def _nothing_turns_before(next_at, history, run, asked, ctx):
    start, limit = to_micros(AT), None if next_at is None else to_micros(next_at)
    marks = {event.time for event in history.events} | {fact.time for fact in history.facts}
    spans = (0, world.DAY, 7 * world.DAY, world.DAY // 2, 28 * world.DAY, 31 * world.DAY)
    moments = sorted(
        {mark + span + step for mark in marks for span in spans for step in (0, 1)} | {start + 90 * world.DAY}
    )
    for moment in [one for one in moments if one > start and (limit is None or one < limit)][-6:]:
        for name, condition in asked.items():
            then = run_holds(condition, history, run, from_micros(moment), ctx)
            assert then == run_holds(condition, history, run, AT, ctx), (name, from_micros(moment), next_at)


def test_two_runs_of_one_customer_are_told_apart(pool) -> None:
    ctx = Context(world.NAMES, ZONE, "CNY", anchored=ANCHORS)
    now = to_micros(AT)
    paid = world.Event(1, "order_paid", now - 2 * world.HOUR, values={"product_id": "A"})
    world.fill(pool, {1: world.History([paid])}, AT)
    nothing = dict.fromkeys(CARRIED)
    flow = [
        (1, Run(now - 3 * world.HOUR, {}, nothing | {"$trigger.product_id": "A"})),
        (1, Run(now - 3 * world.HOUR, {}, nothing | {"$trigger.product_id": "B"})),
        (1, Run(now - world.HOUR, {}, nothing | {"$trigger.product_id": "A"})),
        (1, Run(now - 3 * world.HOUR, {}, nothing)),
    ]
    where = {"product_id": "$trigger.product_id"}
    asked = {
        "bought": parse_condition({"did": "order_paid", "since": "entry", "where": where}),
        "recently": parse_condition({"did": "order_paid", "where": where, "within": {"last": "6 hours"}}),
    }
    with pool.read() as session:
        session.relation("flow", table_of(flow))
        rows = compile_runs(asked, AT, "flow", ctx).run(session).sort_by("run_id").to_pylist()
    assert [row["bought"] for row in rows] == [True, False, False, False]
    assert [row["recently"] for row in rows] == [True, False, True, False]
    leaves = AT + timedelta(hours=4, microseconds=1)
    assert [row["next_at"] for row in rows] == [leaves, None, leaves, None]
