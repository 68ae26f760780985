from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onepool.collect import segment
from onepool.collect.inbound import Broken, Item, decode
from onepool.collect.log import Record

WEB = "web-shop"


def record(body: bytes | dict[str, Any], *, call: str = "batch", **headers: Any) -> Record:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Record(
        datetime(2026, 1, 1, tzinfo=UTC), WEB, "segment", json.dumps({"call": call, **headers}).encode(), raw, 1
    )


def one(event: dict[str, Any], **envelope: Any) -> Item:
    decoded = decode(record({"batch": [event], "sentAt": "2026-11-21T17:23:24.481298+00:00", **envelope}))
    assert decoded.broken == []
    return decoded.items[0]


def broken(event: Any) -> Broken:
    decoded = decode(record({"batch": [event, {"type": "track", "event": "Good", "userId": "u"}]}))
    assert [item.name for item in decoded.items] == ["Good"]
    assert [item.item for item in decoded.items] == [1]
    return decoded.broken[0]


# Events as the real clients sent them, and the items they stand for.
PYTHON = {
    "integrations": {},
    "anonymousId": None,
    "timestamp": "2026-11-21T17:23:23.982+00:00",
    "context": {"ip": "1.2.3.4", "library": {"name": "analytics-python", "version": "2.4.0"}},
    "type": "identify",
    "userId": "u1",
    "traits": {"email": "a@b.cn", "name": "\u5f20\u4e09", "createdAt": "2024-01-02T03:04:05.678000"},
    "messageId": "67dc0d36-1",
}
RUDDER_PYTHON = {
    "type": "identify",
    "userId": "u1",
    "anonymousId": None,
    "channel": "server",
    "timestamp": "2026-11-21T17:23:23.982123+00:00",
    "context": {"traits": {"email": "a@b.cn"}, "library": {"name": "analytics-python", "version": "2.1.9"}},
    "messageId": "m2",
}
RUDDER_BROWSER = {
    "type": "track",
    "event": "Order Completed",
    "userId": "",
    "anonymousId": "c2e45089-0000-4000-8000-000000000000",
    "channel": "web",
    "originalTimestamp": "2026-11-21T17:27:28.398Z",
    "sentAt": "2026-11-21T17:27:28.408Z",
    "properties": {"revenue": 9.9, "tab_url": "http://x/", "initial_referrer": "$direct"},
    "context": {"sessionId": 1795282048398, "sessionStart": True, "traits": {"stale": 1}, "screen": {"width": 800}},
    "messageId": "m3",
}


def test_identify_becomes_a_profile_update_with_its_traits() -> None:
    assert one(PYTHON) == Item(
        kind="event",
        item=0,
        message_id="67dc0d36-1",
        name="profile_updated",
        time="2026-11-21T17:23:23.982+00:00",
        sent_at="2026-11-21T17:23:24.481298+00:00",
        ids=[("user_id", WEB, "u1")],
        fields={},
        traits={"email": "a@b.cn", "name": "张三", "createdAt": "2024-01-02T03:04:05.678000"},
        context={"ip": "1.2.3.4", "library": {"name": "analytics-python", "version": "2.4.0"}},
    )


def test_traits_may_stand_in_the_context_of_an_identify_only() -> None:
    item = one(RUDDER_PYTHON)
    assert item.traits == {"email": "a@b.cn"}
    assert item.time == "2026-11-21T17:23:23.982123+00:00"
    # A browser repeats the traits that it remembers with every event; they are no news.
    assert one(RUDDER_BROWSER).traits == {}


def test_an_empty_user_id_is_no_user_id() -> None:
    item = one(RUDDER_BROWSER)
    assert item.ids == [("anonymous_id", WEB, "c2e45089-0000-4000-8000-000000000000")]
    assert item.name == "Order Completed"
    assert item.fields == {"revenue": 9.9, "tab_url": "http://x/", "initial_referrer": "$direct"}


def test_the_time_of_sending_is_the_envelopes_and_else_the_events() -> None:
    assert one(RUDDER_BROWSER).sent_at == "2026-11-21T17:23:24.481298+00:00"
    assert one(RUDDER_BROWSER, sentAt=None).sent_at == "2026-11-21T17:27:28.408Z"
    assert one(PYTHON, sentAt="").sent_at is None


def test_the_original_timestamp_goes_before_the_timestamp() -> None:
    event = {"type": "track", "event": "A", "userId": "u", "timestamp": "2026-02-02", "originalTimestamp": "2026-01-01"}
    assert one(event).time == "2026-01-01"
    assert one({**event, "originalTimestamp": None}).time == "2026-02-02"
    assert one({**event, "originalTimestamp": "", "timestamp": 1704164645000}).time == 1704164645000
    assert one({"type": "track", "event": "A", "userId": "u"}).time is None


@pytest.mark.parametrize(
    ("event", "name", "fields"),
    [
        (
            {"type": "page", "category": "Docs", "name": "Python", "properties": {"url": "http://x/"}},
            "page_viewed",
            {"url": "http://x/", "name": "Python", "category": "Docs"},
        ),
        (  # Node repeats the category inside
            {"type": "page", "category": "Docs", "name": "P", "properties": {"category": "Docs"}},
            "page_viewed",
            {"name": "P", "category": "Docs"},
        ),
        ({"type": "screen", "name": "Home", "category": None, "properties": None}, "screen_viewed", {"name": "Home"}),
        (
            {"type": "group", "groupId": "g1", "traits": {"plan": "vip"}},
            "group_joined",
            {"group_id": "g1", "group_traits": {"plan": "vip"}},
        ),
        ({"type": "track", "event": "order_paid", "properties": []}, "order_paid", {}),  # PHP's empty object
    ],
)
def test_each_kind_of_call(event: dict[str, Any], name: str, fields: dict[str, Any]) -> None:
    item = one({**event, "userId": "u1"})
    assert (item.name, item.fields, item.traits) == (name, fields, {})


@pytest.mark.parametrize(
    ("event", "ids"),
    [
        (
            {"previousId": "anon-1", "userId": "u1"},
            [("user_id", "u1"), ("anonymous_id", "anon-1"), ("user_id", "anon-1")],
        ),
        (
            {"previousId": "c2e45089-1111-4111-8111-111111111111", "userId": "u1"},
            [("user_id", "u1"), ("anonymous_id", "c2e45089-1111-4111-8111-111111111111")],
        ),
        ({"previousId": "x", "userId": "u1", "anonymousId": "x"}, [("user_id", "u1"), ("anonymous_id", "x")]),
        ({"previousId": 7, "userId": 8}, [("user_id", "8"), ("anonymous_id", "7"), ("user_id", "7")]),
    ],
)
def test_alias_names_both_ids(event: dict[str, Any], ids: list[tuple[str, str]]) -> None:
    item = one({"type": "alias", **event})
    assert item.name == "identity_aliased"
    assert [(kind, value) for kind, _, value in item.ids] == ids


def test_ids_live_in_the_scopes_that_the_collector_noted() -> None:
    body = {"batch": [{"type": "track", "event": "A", "userId": "u", "anonymousId": "a"}]}
    decoded = decode(record(body, scopes={"user_id": "crm"}))
    assert decoded.items[0].ids == [("user_id", "crm", "u"), ("anonymous_id", WEB, "a")]


def test_external_ids_of_the_context_are_ids() -> None:
    external = [{"id": "oABC", "type": "openid@wx123"}, {"id": 13800138000, "type": "phone"}, {"type": "x"}, "y"]
    event = {"type": "track", "event": "A", "context": {"externalIds": external}}
    assert one(event).ids == [("openid", "wx123", "oABC"), ("phone", WEB, "13800138000")]
    event = {"type": "track", "event": "A", "context": {"externalId": [{"id": "b", "type": "brush"}]}}
    assert one(event).ids == [("brush", WEB, "b")]


@pytest.mark.parametrize(("sent", "value"), [(12345, "12345"), (12345.0, "12345"), (1.5, "1.5"), ("007", "007")])
def test_ids_may_be_numbers(sent: object, value: str) -> None:
    assert one({"type": "track", "event": "A", "userId": sent}).ids == [("user_id", WEB, value)]


def test_a_missing_message_id_stays_missing() -> None:
    assert one({"type": "track", "event": "A", "userId": "u"}).message_id is None
    assert one({"type": "track", "event": "A", "userId": "u", "messageId": ""}).message_id is None


def test_a_single_call_needs_no_type_in_its_body() -> None:
    decoded = decode(record({"userId": "u1", "traits": {"a": 1}, "sentAt": "2026-01-01"}, call="identify"))
    assert decoded.items[0].name == "profile_updated"
    assert decoded.items[0].sent_at == "2026-01-01"


def test_the_envelopes_context_holds_for_all_its_events() -> None:
    item = one({"type": "track", "event": "A", "userId": "u", "context": {"b": 2}}, context={"a": 1, "b": 1})
    assert item.context == {"a": 1, "b": 2}


def test_a_gzip_body_is_unpacked() -> None:
    packed = gzip.compress(json.dumps({"batch": [PYTHON]}).encode())
    assert decode(record(packed, **{"content-encoding": "gzip"})).items[0].name == "profile_updated"
    assert decode(record(packed[:20], **{"content-encoding": "gzip"})).broken[0].rule == "segment.unreadable"


@pytest.mark.parametrize(
    ("event", "rule"),
    [
        ({"type": "track", "userId": "u"}, "segment.event"),
        ({"type": "track", "event": " ", "userId": "u"}, "segment.event"),
        ({"type": "trick", "event": "A", "userId": "u"}, "segment.type"),
        ({"event": "A", "userId": "u"}, "segment.type"),
        ({"type": "track", "event": "A", "userId": {"x": 1}}, "segment.shape"),
        ({"type": "track", "event": "A", "userId": True}, "segment.shape"),
        ({"type": "track", "event": "A", "properties": "no"}, "segment.shape"),
        ({"type": "track", "event": "A", "properties": [1]}, "segment.shape"),
        ({"type": "track", "event": 5}, "segment.shape"),
        ({"type": "group", "userId": "u"}, "segment.id"),
        ({"type": "alias", "userId": "u"}, "segment.id"),
        ("text", "segment.shape"),
        (None, "segment.shape"),
    ],
)
def test_a_broken_event_is_named_and_the_others_come_through(event: Any, rule: str) -> None:
    found = broken(event)
    assert (found.item, found.rule) == (0, rule)
    assert found.message
    assert json.loads(found.sample) == event


def test_what_clients_take_for_json_is_mended() -> None:
    nan = b'{"batch":[{"type":"track","event":"A","userId":"u","properties":{"a":NaN,"b":-Infinity,"c":1}}]}'
    assert decode(record(nan)).items[0].fields == {"a": None, "b": None, "c": 1}
    half = b'{"batch":[{"type":"track","event":"A","userId":"u","properties":{"q":"cut \\ud83d"}}]}'
    assert decode(record(half)).items[0].fields == {"q": "cut \N{REPLACEMENT CHARACTER}"}
    assert decode(record(b'{"type":"track","event":"A","properties":{"a":NaN}}', call="track")).items[0].fields == {
        "a": None
    }


def test_an_event_over_the_limit_does_not_cost_the_others() -> None:
    batch = [{"type": "track", "event": "A", "properties": {"x": "x" * 2000}}, {"type": "track", "event": "B"}]
    decoded = decode(record({"batch": batch}, event_bytes=1000))
    assert [item.name for item in decoded.items] == ["B"]
    assert [(found.item, found.rule) for found in decoded.broken] == [(0, "size.event")]


def test_samples_are_cut_and_storable() -> None:
    found = broken({"type": "nope", "x": "\0" + "长" * 5000})
    assert len(found.sample.encode()) <= 4096 + 3
    assert "\0" not in found.sample


def test_a_record_of_an_unknown_protocol_is_broken_not_an_error() -> None:
    odd = Record(datetime(2026, 1, 1, tzinfo=UTC), WEB, "morse", b"{}", b"...", 1)
    assert decode(odd).broken[0].rule == "protocol.unknown"
    control = Record(datetime(2026, 1, 1, tzinfo=UTC), "", "replay", b"{}", b"[[1,2]]", 1)
    assert decode(control).items == [] == decode(control).broken


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
keys = st.sampled_from(segment._Event.__struct_fields__)
types = st.sampled_from(["track", "identify", "page", "screen", "group", "alias", "other", None])
events = st.dictionaries(keys, values, max_size=6).flatmap(
    lambda event: types.map(lambda kind: {**event, "type": kind} if kind else event)
)


@settings(deadline=None)
@given(st.lists(events | values, max_size=5), st.dictionaries(st.sampled_from(["sentAt", "context"]), values))
def test_every_event_of_a_batch_is_an_item_or_broken(batch: list[Any], envelope: dict[str, Any]) -> None:
    decoded = decode(record(json.dumps({"batch": batch, **envelope}).encode()))
    numbers = sorted([item.item for item in decoded.items] + [found.item for found in decoded.broken])
    assert numbers == list(range(len(batch)))
    for item in decoded.items:
        assert item.name
        assert all(isinstance(part, str) for one_id in item.ids for part in one_id)
        msgspec.json.encode(item)  # whatever was read can be written


@settings(deadline=None)
@given(values | events, st.sampled_from(["batch", "track", "identify", "page", "screen", "group", "alias"]))
def test_any_json_can_be_decoded(value: Any, call: str) -> None:
    decoded = decode(record(json.dumps(value).encode(), call=call))
    assert decoded.items or decoded.broken or value == {"batch": []}


@settings(deadline=None)
@given(st.binary(max_size=300), st.binary(max_size=100), st.sampled_from(["", "gzip"]))
def test_any_bytes_can_be_decoded(body: bytes, headers: bytes, encoding: str) -> None:
    decode(record(body, **{"content-encoding": encoding}))
    decode(Record(datetime(2026, 1, 1, tzinfo=UTC), WEB, "segment", headers, body, 1))


def test_deep_nesting_is_broken_not_an_error() -> None:
    deep = b'{"batch":[{"type":"track","event":"A","properties":{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}}]}"
    assert decode(record(deep)).broken
