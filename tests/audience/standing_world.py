"""Histories of words, follows, bounces and identifiers, and a pool filled with them, for the leaves on standing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from onepool.audience.conditions.names import Context, EventNames, Names
from onepool.audience.conditions.reference import Event, Fact, History, Identifier
from onepool.audience.conditions.standing.ways import ways_of
from onepool.clock import from_micros
from onepool.collect.touchpoint import Touchpoint
from onepool.pool import Columns, DuckDBEngine
from onepool.pool.schema import create

TOUCHPOINTS = [
    Touchpoint("oa", "wechat_oa", settings={"appid": "wx1"}),
    Touchpoint("oa2", "wechat_oa", settings={"appid": "wx2"}),
    Touchpoint("mini", "wechat_mini", settings={"appid": "wx1"}),
    Touchpoint("qw", "wecom", settings={"corpid": "c1"}),
    Touchpoint("sms", "sms"),
    Touchpoint("edm", "email"),
]
COLUMNS = {
    "purpose": "VARCHAR",
    "category": "VARCHAR",
    "for_channel": "VARCHAR",
    "message_channel": "VARCHAR",
    "template_id": "VARCHAR",
    "staff_id": "VARCHAR",
    "bounce_type": "VARCHAR",
    "failure_reason": "VARCHAR",
    "city": "VARCHAR",
    "valid_until": "TIMESTAMPTZ",
    "opened_on": "DATE",
}
ATTRIBUTES = {
    "birthday": "DATE",
    "member_since": "TIMESTAMPTZ",
    "province": "VARCHAR",
    "city": "VARCHAR",
    "district": "VARCHAR",
    "region_code": "VARCHAR",
}
WORDS = ("consent_granted", "consent_withdrawn", "opted_in", "opted_out")
LIVES = (
    *("followed", "unfollowed", "message_received", "contact_added", "contact_removed"),
    *("message_failed", "message_delivered"),
)
CHANNELS = {one.name: one.channel for one in TOUCHPOINTS} | {"web": "web"}
NAMES = Names(
    events={name: EventNames(frozenset(COLUMNS)) for name in (*WORDS, *LIVES)},
    columns=COLUMNS,
    attributes=ATTRIBUTES,
    lists=frozenset({"vip", "staff"}),
    ways=ways_of(TOUCHPOINTS),
    levels={"attribute:province": 1, "attribute:city": 2, "attribute:district": 3, "field:city": 2},
)
DAY = 86_400_000_000
IDENTIFIERS = [
    *(("openid", "wx1"), ("openid", "wx2"), ("external_userid", "c1"), ("phone", ""), ("email", "")),
    *(("openid", "elsewhere"), ("unionid", "main")),
]


def context(zone: str) -> Context:
    return Context(NAMES, zone)


def engine(zone: str) -> DuckDBEngine:
    pool = DuckDBEngine(":memory:", zone, threads=1)
    with pool.write() as session:
        create(session, Columns(events=COLUMNS, items={"price": "DOUBLE"}, attributes=ATTRIBUTES))
    return pool


offsets = st.one_of(
    st.sampled_from([-DAY, -1, 0, 1, DAY, -30 * DAY]),
    st.integers(-40 * 24, 12).map(lambda hours: hours * DAY // 24),
)


def maybe(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from([None, None, "", *values])


OFTEN = {
    "qw": ("contact_added", "contact_added", "contact_removed"),
    "oa": ("followed", "followed", "message_received", "unfollowed"),
    "oa2": ("followed", "unfollowed"),
    "sms": ("message_failed", "message_delivered", "opted_out", "opted_in"),
    "edm": ("message_failed", "message_delivered", "opted_out", "opted_in"),
}
"""What happens at a touchpoint mostly, so that addresses live and die."""


@st.composite
def events(draw: st.DrawFn, at: int, bearers: int) -> Event:
    touchpoint = draw(st.sampled_from(sorted(CHANNELS)))
    return Event(
        seq=draw(st.integers(0, 2**62)),
        event=draw(st.one_of(st.sampled_from(OFTEN.get(touchpoint, WORDS)), st.sampled_from((*WORDS, *LIVES)))),
        time=at + draw(offsets),
        channel=CHANNELS[touchpoint],
        touchpoint=touchpoint,
        values={
            "purpose": draw(maybe("marketing", "marketing", "service", "all", "service, marketing", ",", "marketing2")),
            "category": draw(st.sampled_from([None, None, None, None, "", "promotion", "promotion, service", "all"])),
            "for_channel": draw(maybe("sms", "email", "wecom")),
            "message_channel": draw(maybe("sms", "email")),
            "template_id": draw(st.sampled_from([None, None, None, "", "t1"])),
            "staff_id": draw(maybe("anna", "bo")),
            "bounce_type": draw(maybe("hard", "soft")),
            "failure_reason": draw(maybe("bad_address", "transient")),
        },
        bearer=draw(st.integers(0, max(0, bearers - 1))),
    )


@st.composite
def identifiers(draw: st.DrawFn, at: int) -> Identifier:
    kind, scope = draw(st.sampled_from(IDENTIFIERS))
    seen = draw(st.one_of(st.just(-60 * DAY), st.just(-60 * DAY), offsets))
    until = draw(st.sampled_from([None, None, None, None, None, -DAY, 0, 1, DAY]))
    return Identifier(kind, scope, at + seen, None if until is None else at + until)


@st.composite
def histories(draw: st.DrawFn, at: int) -> History:
    ids = draw(st.lists(identifiers(at), min_size=2, max_size=5))
    told = draw(st.lists(events(at, len(ids)), min_size=1, max_size=7, unique_by=lambda event: event.seq))
    near = st.sampled_from([-DAY, -1, 0, 1, DAY])
    spans = st.tuples(near, st.one_of(st.none(), near)).filter(lambda span: span[1] is None or span[0] < span[1])
    drawn = draw(st.dictionaries(st.sampled_from(["vip", "staff"]), spans))
    lists = {name: (at + since, None if until is None else at + until) for name, (since, until) in drawn.items()}
    return History(told, identifiers=ids, lists=lists)


asked = st.one_of(
    st.builds(
        lambda purpose, channel, category: {
            "consent": {
                "purpose": purpose,
                **({"channel": channel} if channel else {}),
                **({"category": category} if category else {}),
            }
        },
        st.sampled_from(["marketing", "service", "all", "m.*"]),
        st.sampled_from([None, "sms", "email", "wecom"]),
        st.sampled_from([None, None, "promotion", "service"]),
    ),
    st.sampled_from(["wecom", "sms", "email", "wechat_oa", "wechat_mini"]).map(lambda channel: {"reachable": channel}),
    st.sampled_from(["oa", "oa2"]).map(lambda one: {"reachable": {"channel": "wechat_oa", "touchpoint": one}}),
    st.sampled_from(["vip", "staff"]).map(lambda one: {"list": one}),
)
conditions = st.recursive(
    asked,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=4,
)

_TIME = pa.timestamp("us", tz="UTC")
_IDENTIFIERS = pa.schema(
    [("identifier_id", pa.int64()), ("type", pa.string()), ("scope", pa.string()), ("value", pa.string()),
     ("first_seen", _TIME), ("last_seen", _TIME), ("base", pa.int64()), ("generation", pa.int32()),
     ("valid_from", _TIME), ("valid_to", _TIME)]
)  # fmt: skip
_EVENTS = pa.schema(
    [("seq", pa.int64()), ("event_id", pa.string()), ("identifier_id", pa.int64()), ("event", pa.string()),
     ("time", _TIME), ("received_at", _TIME), ("channel", pa.string()), ("touchpoint", pa.string()),
     *((name, _TIME if kind == "TIMESTAMPTZ" else pa.date32() if kind == "DATE" else pa.string())
       for name, kind in COLUMNS.items()), ("fields", pa.string())]
)  # fmt: skip
_FACTS = pa.schema(
    [("seq", pa.int64()), ("identifier_id", pa.int64()), ("attribute", pa.string()), ("value", pa.string()),
     ("time", _TIME)]
)  # fmt: skip
_MOST = 10


def fill(pool: DuckDBEngine, people: Mapping[int, History]) -> None:
    """Put the histories into an emptied pool."""
    with pool.write() as session:
        for table in ("events", "attribute_facts", "customer_of", "identifiers", "list_entries", "list_past"):
            session.execute(f"DELETE FROM {table}")
        owned = [
            (c * _MOST + place, c) for c, history in people.items() for place in range(max(1, len(history.identifiers)))
        ]
        session.append(
            "customer_of",
            pa.table(
                {"identifier_id": pa.array([i for i, _ in owned], pa.int64()), "customer_id": [c for _, c in owned]}
            ),
        )
        rows = [
            {
                "identifier_id": customer * _MOST + place, "type": one.type, "scope": one.scope,
                "value": f"v{customer}.{place}", "first_seen": from_micros(one.seen), "generation": 0,
                "valid_to": None if one.until is None else from_micros(one.until),
            }
            for customer, history in people.items()
            for place, one in enumerate(history.identifiers)
        ]  # fmt: skip
        session.append("identifiers", pa.Table.from_pylist(rows, schema=_IDENTIFIERS))
        told = [
            {
                "seq": event.seq, "event_id": f"00000000-0000-0000-{customer:04d}-{index:012d}",
                "identifier_id": customer * _MOST + event.bearer, "event": event.event, "time": from_micros(event.time),
                "received_at": from_micros(event.time), "channel": event.channel, "touchpoint": event.touchpoint,
                "fields": "{}", **event.values,
            }
            for customer, history in people.items()
            for index, event in enumerate(history.events)
        ]  # fmt: skip
        session.append("events", pa.Table.from_pylist(told, schema=_EVENTS))
        facts = [
            {"seq": fact.seq, "identifier_id": customer * _MOST, "attribute": fact.attribute, "value": fact.value,
             "time": from_micros(fact.time)}
            for customer, history in people.items()
            for fact in history.facts
        ]  # fmt: skip
        session.append("attribute_facts", pa.Table.from_pylist(facts, schema=_FACTS))
        listed = [
            {
                "list": name,
                "type": "phone",
                "scope": "",
                "value": f"{name}{customer}",
                "time": from_micros(since),
                "identifier_id": customer * _MOST,
            }
            for customer, history in people.items()
            for name, (since, until) in history.lists.items()
            if until is None
        ]
        past = [
            {
                "list": name,
                "identifier_id": customer * _MOST,
                "time": from_micros(since),
                "until": from_micros(until),
            }
            for customer, history in people.items()
            for name, (since, until) in history.lists.items()
            if until is not None
        ]
        session.append("list_past", pa.Table.from_pylist(past) if past else _EVENTS.empty_table().select([]))
        session.append("list_entries", pa.Table.from_pylist(listed) if listed else _EVENTS.empty_table().select([]))


def fact(attribute: str, value: str | None, time: int) -> Fact:
    return Fact(attribute, value, time, 1)
