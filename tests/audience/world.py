"""A small world for the audience tests: names, generated histories and conditions, a pool filled with them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from onepool.audience.conditions.model import Condition
from onepool.audience.conditions.moves.model import MOVES
from onepool.audience.conditions.names import Context, EventNames, Names, TagNames
from onepool.audience.conditions.parse import parse_condition
from onepool.audience.conditions.reference import Event, Fact, History, TagValue
from onepool.clock import from_micros, to_micros
from onepool.pool import Columns, DuckDBEngine
from onepool.pool.schema import create

COLUMNS = {
    "amount": "DECIMAL(18,4)",
    "currency": "VARCHAR",
    "product_id": "VARCHAR",
    "quantity": "BIGINT",
    "score": "DOUBLE",
    "gift": "BOOLEAN",
    "valid_until": "TIMESTAMPTZ",
    "delivery_day": "DATE",
    "labels": "VARCHAR[]",
}
ITEMS = {"category": "VARCHAR", "quantity": "BIGINT", "price": "DECIMAL(18,4)", "weight": "DOUBLE"}
ATTRIBUTES = {
    "city": "VARCHAR",
    "age": "BIGINT",
    "height": "DOUBLE",
    "balance": "DECIMAL(18,4)",
    "opted_in": "BOOLEAN",
    "birthday": "DATE",
    "member_since": "TIMESTAMPTZ",
    "hobbies": "VARCHAR[]",
}
EVENTS = ("order_paid", "app_opened")
FIELDS = frozenset({*COLUMNS, "items"})
NAMES = Names(
    events={name: EventNames(FIELDS) for name in EVENTS},
    columns=COLUMNS,
    items=ITEMS,
    attributes=ATTRIBUTES,
    tags={"level": TagNames("text"), "points": TagNames("number"), "likes": TagNames("list")},
    segments={
        "buyers": parse_condition({"did": "order_paid"}),
        "town_buyers": parse_condition({"all": [{"segment": "buyers"}, {"attribute": "city", "is_set": True}]}),
    },
    channels=frozenset({"wechat", "tmall"}),
    touchpoints=frozenset({"shop", "mini"}),
)
HOUR = 3_600_000_000
DAY = 24 * HOUR
INSTANTS = [
    datetime(2026, 11, 21, 4, 30, tzinfo=UTC),
    datetime(2026, 2, 28, 4, 0, tzinfo=UTC),
    datetime(2026, 3, 8, 7, 30, tzinfo=UTC),
    datetime(2026, 10, 31, 16, 0, tzinfo=UTC),
    # A month before, New York's clocks change on the same day.
    datetime(2026, 4, 8, 6, 30, tzinfo=UTC),
    datetime(2026, 12, 1, 5, 30, tzinfo=UTC),
]


def engine(zone: str) -> DuckDBEngine:
    pool = DuckDBEngine(":memory:", zone, threads=1)
    with pool.write() as session:
        create(session, Columns(events=COLUMNS, items=ITEMS, attributes=ATTRIBUTES))
    return pool


# --- histories -------------------------------------------------------------------------------------------------------

words = st.sampled_from(["A", "B", "上海", "杭州", "a.b", "", "Ünï"])
cents = st.integers(-300, 30_000).map(lambda value: Decimal(value) / 100)
floats = st.sampled_from([0.0, 0.1, 0.25, 1.5, -2.0, 3.3333, 100.0, 99.99])
# Where windows begin and end, to the microsecond, again and again: that is where evaluators come to differ.
edges = st.sampled_from(
    [edge + step for edge in (-7 * DAY, -DAY, 0) for step in (-1, 0, 1)]
    + [-30 * DAY, -28 * DAY, -31 * DAY, -HOUR, HOUR]
)
offsets = st.one_of(
    edges,
    edges,
    st.integers(-70 * DAY // HOUR, 20).map(lambda hours: hours * HOUR),
    st.integers(-40 * DAY, DAY),
)


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), values)


item = st.fixed_dictionaries(
    {
        "category": maybe(words),
        "quantity": maybe(st.integers(0, 3)),
        "price": maybe(cents),
        "weight": maybe(floats),
    }
)
further = st.dictionaries(
    st.sampled_from(["note", "rank", "deep"]),
    st.one_of(
        words,
        st.none(),
        st.booleans(),
        st.integers(-5, 5),
        floats,
        st.sampled_from(["5", "1.5", "x", "2026-11-20", "2026-11-20T10:00:00+08:00", "2026-11-20T10:00:00"]),
        st.lists(words, max_size=2),
        st.fixed_dictionaries({"inner": st.one_of(words, st.integers(0, 3))}),
    ),
    max_size=3,
)


@st.composite
def histories(draw: st.DrawFn, at: int) -> History:
    events = []
    for _ in range(draw(st.integers(0, 6))):
        time = at + draw(offsets)
        values = {
            "amount": draw(maybe(cents)),
            "currency": draw(st.sampled_from([None, "CNY", "USD"])),
            "product_id": draw(maybe(words)),
            "quantity": draw(maybe(st.integers(0, 4))),
            "score": draw(maybe(floats)),
            "gift": draw(maybe(st.booleans())),
            "valid_until": draw(maybe(offsets.map(lambda offset: at + offset))),
            "delivery_day": draw(maybe(st.integers(-40, 5))),
            "labels": draw(maybe(st.lists(words, max_size=3))),
        }
        if values["delivery_day"] is not None:
            values["delivery_day"] = from_micros(at).date() + timedelta(days=values["delivery_day"])
        events.append(
            Event(
                seq=draw(st.integers(0, 2**62)),
                event=draw(st.sampled_from(EVENTS)),
                time=time,
                received_at=time + draw(st.integers(0, 5)) * HOUR,
                channel=draw(st.sampled_from(["wechat", "tmall"])),
                touchpoint=draw(st.sampled_from(["shop", "mini"])),
                values=values,
                items=draw(maybe(st.lists(item, max_size=3))),
                fields=draw(further),
            )
        )
    facts = [draw(fact(at)) for _ in range(draw(st.integers(0, 6)))]
    tags: dict[str, TagValue] = {}
    if draw(st.booleans()):
        tags["level"] = TagValue(value=draw(words))
    if draw(st.booleans()):
        tags["points"] = TagValue(value="n", number=draw(floats))
    if draw(st.booleans()):
        tags["likes"] = TagValue(list=draw(st.lists(words, max_size=3)))
    return History(events, facts, tags)


FACT_TEXTS: Mapping[str, st.SearchStrategy[str]] = {
    "city": words,
    "age": st.sampled_from(["5", "18", "-3", "x", "1.5"]),
    "height": st.sampled_from(["1.5", "0.1", "100", "nan", "1e2", ""]),
    "balance": st.sampled_from(["0.1", "100", "99.99995", "1e3", "-5.5"]),
    "opted_in": st.sampled_from(["true", "false", "yes"]),
    "birthday": st.sampled_from(["2026-11-20", "2026-02-28", "2000-02-29", "2026-13-01", "soon"]),
    "member_since": st.sampled_from(
        ["2026-11-20T10:00:00+00:00", "2026-02-27 04:00:00Z", "2026-10-31", "2026-11-14T12:30:00.000001+08:00", "x"]
    ),
    "hobbies": st.sampled_from(['["A","B"]', "[]", '["上海"]', "A", '{"a":1}']),
}


@st.composite
def fact(draw: st.DrawFn, at: int) -> Fact:
    attribute = draw(st.sampled_from(sorted(ATTRIBUTES)))
    value = draw(maybe(FACT_TEXTS[attribute]))
    return Fact(attribute, value, at + draw(offsets), draw(st.integers(0, 2**62)))


# --- conditions ------------------------------------------------------------------------------------------------------

numbers = st.sampled_from([0, 1, 2, 3, 5, 18, 100, 0.1, 1.5, 99.99, 0.00005, -2, 3.3333])
spans = st.sampled_from(["7 days", "1 day", "7 days", "1 day", "12 hours", "1 month", "2 months", "4 weeks"])
moments = st.sampled_from(
    [
        "2026-11-20",
        "2026-02-27",
        "2026-03-08",
        "2026-11-20T12:00:00",
        "2026-10-31T16:00:00+00:00",
        "2026-11-21T12:30:00",
    ]
)
ordered = st.tuples(numbers, numbers).map(lambda pair: sorted(pair))
number_tests = st.one_of(
    st.tuples(st.sampled_from(["is", "is_not", "at_least", "at_most", "above", "below"]), numbers).map(
        lambda p: dict([p])
    ),
    ordered.map(lambda pair: {"between": pair}),
)
presence = st.sampled_from([{"is_set": True}, {"is_unset": True}])
time_tests = st.one_of(
    st.tuples(st.sampled_from(["before", "after", "on"]), moments).map(lambda p: dict([p])),
    st.tuples(moments, moments).map(lambda pair: {"between": sorted(pair)}),
    st.tuples(st.sampled_from(["last", "next"]), spans).map(lambda p: dict([p])),
    st.lists(st.integers(1, 7), min_size=1, max_size=4).map(lambda days: {"day_of_week": days}),
)
TESTS: Mapping[str, st.SearchStrategy[dict[str, Any]]] = {
    "VARCHAR": st.one_of(
        st.tuples(st.sampled_from(["is", "is_not", "contains", "starts_with", "ends_with"]), words).map(
            lambda p: dict([p])
        ),
        st.tuples(st.sampled_from(["in", "not_in"]), st.lists(words, min_size=1, max_size=3)).map(lambda p: dict([p])),
        st.sampled_from(["a.b", "^[A-Z]$", "上|杭", ".", "(?i)a", "\\pL"]).map(lambda pattern: {"matches": pattern}),
        presence,
    ),
    "BIGINT": st.one_of(
        number_tests,
        st.tuples(st.sampled_from(["in", "not_in"]), st.lists(numbers, min_size=1, max_size=3)).map(
            lambda p: dict([p])
        ),
        presence,
    ),
    "BOOLEAN": st.one_of(
        st.tuples(st.sampled_from(["is", "is_not"]), st.booleans()).map(lambda p: dict([p])), presence
    ),
    "TIMESTAMPTZ": st.one_of(
        time_tests,
        presence,
        st.lists(st.integers(0, 23), min_size=1, max_size=9).map(lambda hours: {"hour_of_day": hours}),
    ),
    "DATE": st.one_of(time_tests, presence),
    "VARCHAR[]": st.one_of(
        st.tuples(st.sampled_from(["any_of", "all_of", "none_of"]), st.lists(words, min_size=1, max_size=2)).map(
            lambda p: dict([p])
        ),
        number_tests.map(lambda test: {"size": test}),
        presence,
    ),
}
MONEY = st.one_of(TESTS["BIGINT"], st.builds(lambda test: {**test, "currency": "USD"}, number_tests))


def tests_of(sql_type: str) -> st.SearchStrategy[dict[str, Any]]:
    return {**TESTS, "DOUBLE": TESTS["BIGINT"], "DECIMAL(18,4)": MONEY}[sql_type]


json_tests = st.one_of(
    TESTS["VARCHAR"],
    number_tests,
    TESTS["BOOLEAN"].filter(lambda test: "is_not" not in test),
    time_tests,
    TESTS["VARCHAR[]"],
)
CORE = {"time": "TIMESTAMPTZ", "received_at": "TIMESTAMPTZ", "channel": "VARCHAR"}
where_entry = st.one_of(
    st.sampled_from(sorted({**COLUMNS, **CORE})).flatmap(
        lambda name: st.tuples(st.just(name), tests_of({**COLUMNS, **CORE}[name]))
    ),
    st.sampled_from(sorted(ITEMS)).flatmap(lambda name: st.tuples(st.just(f"items.{name}"), tests_of(ITEMS[name]))),
    st.tuples(st.sampled_from(["fields.note", "fields.rank", "fields.deep.inner", "fields.deep"]), json_tests),
)
sliding = spans.map(lambda span: {"last": span})
windows = st.one_of(
    sliding,
    sliding,
    sliding,
    st.sampled_from(["today", "yesterday"]),
    st.tuples(st.sampled_from(["this", "previous"]), st.sampled_from(["day", "week", "month", "quarter", "year"])).map(
        lambda p: dict([p])
    ),
    st.tuples(moments, moments).map(lambda pair: {"between": sorted(pair)}),
    moments.map(lambda moment: {"after": moment}),
    moments.map(lambda moment: {"before": moment}),
)
slices = st.sampled_from(
    [{"channel": "wechat"}, {"touchpoint": ["shop"]}, {"channel": ["tmall"], "touchpoint": ["mini"]}]
)
counted = st.one_of(
    st.integers(1, 3).map(lambda least: {"at_least": least}),
    st.sampled_from([{"at_most": 2}, {"is": 1}, {"between": [2, 3]}, {"above": 1}, {"below": 3}, {"is_not": 2}]),
)
FIGURE_FIELDS = ["amount", "quantity", "score", "items.price", "items.quantity", "items.weight", "fields.rank"]
figures = st.one_of(
    counted.map(lambda test: {"times": test}),
    counted.map(lambda test: {"days": test}),
    st.tuples(
        st.sampled_from(["sum", "avg", "min", "max"]), st.sampled_from(FIGURE_FIELDS), number_tests, st.booleans()
    ).map(lambda p: {p[0]: {"of": p[1], **p[2], **({"currency": "USD"} if p[3] and p[1] in _MONEY else {})}}),
    st.tuples(
        st.sampled_from(["product_id", "amount", "items.category", "fields.note", "delivery_day", "valid_until"]),
        counted,
    ).map(lambda p: {"distinct": {"of": p[0], **p[1]}}),
)
_MONEY = ("amount", "items.price")
asked = st.one_of(
    counted.map(lambda test: {"times": test}),
    counted.map(lambda test: {"days": test}),
    counted.map(lambda test: {"sum": {"of": "quantity", **test}}),
    st.sampled_from([{}, {"first": True}, {"last": True}]),
    st.sampled_from([{"first": True, "where": {"product_id": "A"}}, {"last": True, "where": {"product_id": "A"}}]),
)
"""What is asked of `crowded` orders."""


def crowded(at: datetime) -> st.SearchStrategy[list[Event]]:
    """Few orders at the edges of windows around an instant, also at the same one."""
    order = st.builds(
        lambda offset, seq, product: Event(
            seq, "order_paid", to_micros(at) + offset, values={"product_id": product, "quantity": 1}
        ),
        edges,
        st.integers(0, 3),
        st.sampled_from(["A", "B"]),
    )
    return st.lists(order, min_size=1, max_size=5, unique_by=lambda event: event.seq)


@st.composite
def behaviours(draw: st.DrawFn) -> dict[str, Any]:
    leaf: dict[str, Any] = {draw(st.sampled_from(["did", "did", "did_not"])): draw(st.sampled_from(EVENTS))}
    where = dict(draw(st.lists(where_entry, max_size=3)))
    if where:
        leaf["where"] = where
    for name, values in (("at", slices), ("within", windows)):
        if draw(st.booleans()):
            leaf[name] = draw(values)
    last_part = draw(st.integers(0, 3))
    if last_part == 1:
        leaf |= draw(figures)
    elif last_part == 2 and "did" in leaf:
        leaf[draw(st.sampled_from(["first", "last"]))] = True
    return leaf


MINUTES = {"1 minute": 1, "90 minutes": 90, "12 hours": 720, "1 day": 1440, "7 days": 10_080, "28 days": 40_320}
lengths = st.sampled_from(["1 day", "7 days", "12 hours", "1 day", "28 days", "90 minutes"])
gaps = st.one_of(
    lengths,
    st.just("1 minute"),
    lengths.map(lambda length: {"at_least": length}),
    st.sampled_from([{"at_least": "12 hours", "at_most": "7 days"}, {"at_least": "1 day", "at_most": "1 day"}]),
)
kinds = st.one_of(
    st.just({}),
    st.sampled_from([{"where": {"product_id": "A"}}, {"where": {"product_id": "B"}}]),
    slices.map(lambda one: {"at": one}),
    where_entry.map(lambda entry: {"where": dict([entry])}),
)


@st.composite
def sequences(
    draw: st.DrawFn, kinds: st.SearchStrategy[dict[str, Any]] = kinds, *, possible: bool = True
) -> dict[str, Any]:
    """Ordered steps that the checker admits; unless `possible`, also such as take longer than they may."""
    steps: list[dict[str, Any]] = [{"did": draw(st.sampled_from(EVENTS)), **draw(kinds)}]
    # Minutes: what all gaps take at least, and the longest absence since the step before.
    taken = quiet = 0
    for _ in range(draw(st.integers(0, 3))):
        head = draw(st.sampled_from(["did", "did", "did_not"]))
        step = {head: draw(st.sampled_from(EVENTS)), **draw(kinds)}
        if head == "did_not" and draw(st.booleans()):
            step["for"] = draw(lengths)
            quiet = max(quiet, MINUTES[step["for"]])
        if head == "did":
            least = quiet
            if draw(st.integers(0, 2)) == 0:
                step["gap"] = draw(gaps.filter(lambda gap, quiet=quiet: not possible or _most(gap) >= quiet))
                least = max(quiet, _least(step["gap"]))
            taken, quiet = taken + least, 0
        steps.append(step)
    leaf: dict[str, Any] = {"sequence": steps}
    if draw(st.booleans()):
        leaf["within"] = draw(windows.filter(lambda window: not possible or _room(window) > taken + quiet))
    if draw(st.integers(0, 3)) == 0:
        spans = [one for one in ("1 day", "7 days", "12 hours", "28 days", "90 minutes") if MINUTES[one] >= taken]
        if not possible:
            leaf["span"] = draw(lengths)
        elif spans:
            leaf["span"] = draw(st.sampled_from(spans))
    return leaf


def _least(gap: Any) -> int:
    return MINUTES[gap["at_least"]] if isinstance(gap, dict) else 0


def _most(gap: Any) -> float:
    most = gap.get("at_most") if isinstance(gap, dict) else gap
    return math.inf if most is None else MINUTES[most]


def _room(window: Any) -> float:
    """Minutes that a sliding window holds, months by their longest; other windows are not looked at by the checker."""
    if not isinstance(window, dict) or "last" not in window:
        return math.inf
    count, unit = window["last"].split()
    return int(count) * {"hour": 60, "day": 1440, "week": 10_080, "month": 31 * 1440}[unit.removesuffix("s")]


attribute_leaves = st.sampled_from(sorted(ATTRIBUTES)).flatmap(
    lambda name: (tests_of(ATTRIBUTES[name]) if ATTRIBUTES[name] != "DECIMAL(18,4)" else TESTS["BIGINT"]).map(
        lambda tests: {"attribute": name, **tests}
    )
)
tag_leaves = st.one_of(
    TESTS["VARCHAR"].map(lambda tests: {"tag": "level", **tests}),
    TESTS["BIGINT"].map(lambda tests: {"tag": "points", **tests}),
    TESTS["VARCHAR[]"].map(lambda tests: {"tag": "likes", **tests}),
)


def _leaves(sequences: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(
        behaviours(),
        behaviours(),
        sequences,
        attribute_leaves,
        tag_leaves,
        st.sampled_from([{"segment": "buyers"}, {"segment": "town_buyers"}]),
    )


def joined(leaves: st.SearchStrategy[dict[str, Any]], most: int = 4) -> st.SearchStrategy[dict[str, Any]]:
    """Conditions of so many leaves, under `all`, `any` and `not`."""
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
            inner.map(lambda part: {"not": part}),
        ),
        max_leaves=most,
    )


leaves = _leaves(sequences())
conditions = joined(leaves)
# With sequences that take longer than they may: refused where somebody writes them, and meaning something all the same.
any_conditions = joined(_leaves(sequences(possible=False)))


# --- the pool --------------------------------------------------------------------------------------------------------


def fill(pool: DuckDBEngine, people: Mapping[int, History], at: datetime) -> None:
    """Put the histories into an emptied pool. Every customer has two identifiers; events alternate between them."""
    with pool.write() as session:
        for table in ("events", "attribute_facts", "customer_of", "tag_values", "tag_changes", "segment_changes"):
            session.execute(f"DELETE FROM {table}")
        ids = [(customer * 2 + which, customer) for customer in people for which in (0, 1)]
        session.append("customer_of", _table(ids, [("identifier_id", pa.int64()), ("customer_id", pa.int64())]))
        rows = [
            event_row(customer, index, event)
            for customer, history in people.items()
            for index, event in enumerate(history.events)
        ]
        session.append("events", pa.Table.from_pylist(rows, schema=EVENT_SCHEMA))
        facts = [
            (fact.seq, customer * 2 + index % 2, fact.attribute, fact.value, from_micros(fact.time))
            for customer, history in people.items()
            for index, fact in enumerate(history.facts)
        ]
        session.append("attribute_facts", _table(facts, _FACTS))
        tags = [
            (customer, tag, value.value, value.number, value.list, at)
            for customer, history in people.items()
            for tag, value in history.tags.items()
        ]
        session.append("tag_values", _table(tags, _TAGS))
        changes = [
            (move.seq, customer, move.segment, MOVES[move.event], from_micros(move.time))
            for customer, history in people.items()
            for move in history.moves
        ]
        session.append("segment_changes", _table(changes, _CHANGES))


_TIME = pa.timestamp("us", tz="UTC")
_FACTS = [
    ("seq", pa.int64()),
    ("identifier_id", pa.int64()),
    ("attribute", pa.string()),
    ("value", pa.string()),
    ("time", _TIME),
]
_CHANGES = [
    ("change_id", pa.int64()),
    ("customer_id", pa.int64()),
    ("segment", pa.string()),
    ("change", pa.string()),
    ("at", _TIME),
]
_TAGS = [
    ("customer_id", pa.int64()),
    ("tag", pa.string()),
    ("value", pa.string()),
    ("number", pa.float64()),
    ("list", pa.list_(pa.string())),
    ("as_of", _TIME),
]
EVENT_SCHEMA = pa.schema(
    [
        ("seq", pa.int64()),
        ("event_id", pa.string()),
        ("identifier_id", pa.int64()),
        ("event", pa.string()),
        ("time", _TIME),
        ("received_at", _TIME),
        ("channel", pa.string()),
        ("touchpoint", pa.string()),
        ("amount", pa.decimal128(18, 4)),
        ("currency", pa.string()),
        ("product_id", pa.string()),
        ("quantity", pa.int64()),
        ("score", pa.float64()),
        ("gift", pa.bool_()),
        ("valid_until", _TIME),
        ("delivery_day", pa.date32()),
        ("labels", pa.list_(pa.string())),
        (
            "items",
            pa.list_(
                pa.struct(
                    [
                        ("category", pa.string()),
                        ("quantity", pa.int64()),
                        ("price", pa.decimal128(18, 4)),
                        ("weight", pa.float64()),
                    ]
                )
            ),
        ),
        ("fields", pa.string()),
    ]
)


def event_id(customer: int, index: int) -> str:
    return f"00000000-0000-0000-{customer:04d}-{index:012d}"


def event_row(customer: int, index: int, event: Event) -> dict[str, Any]:
    values = dict(event.values)
    if values.get("valid_until") is not None:
        values["valid_until"] = from_micros(values["valid_until"])
    return {
        "seq": event.seq,
        "event_id": event_id(customer, index),
        "identifier_id": customer * 2 + index % 2,
        "event": event.event,
        "time": from_micros(event.time),
        "received_at": from_micros(event.received_at),
        "channel": event.channel,
        "touchpoint": event.touchpoint,
        **values,
        "items": event.items,
        "fields": json.dumps(event.fields, ensure_ascii=False),
    }


def _table(rows: Sequence[tuple[Any, ...]], columns: Sequence[tuple[str, pa.DataType]]) -> pa.Table:
    arrays = [pa.array([row[index] for row in rows], kind) for index, (_, kind) in enumerate(columns)]
    return pa.table(arrays, names=[name for name, _ in columns])


def context(zone: str) -> Context:
    return Context(NAMES, zone, "CNY")


def parsed(data: Mapping[str, Any]) -> Condition:
    return parse_condition(dict(data))
