from __future__ import annotations

import base64
import gzip
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onepool.collect.inbound import Decoded, Item, decode
from onepool.collect.log import Record
from onepool.collect.sensors import names, wire

WEB = "web-shop"
LIB = {"$lib": "python", "$lib_version": "1.11.0"}
TRACK = {"type": "track", "time": 1704164645000, "distinct_id": "anon-1", "event": "ViewProduct", "properties": {}}


def record(form: bytes, **headers: Any) -> Record:
    return Record(datetime(2026, 1, 1, tzinfo=UTC), WEB, "sensors", json.dumps(headers).encode(), form, 1)


def packed(value: Any, *, zipped: bool = False) -> bytes:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.b64encode(gzip.compress(raw) if zipped else raw)


def form(value: Any, *, many: bool = True, zipped: bool = False, extra: str = "") -> bytes:
    name = "data_list" if many else "data"
    return f"{name}={quote(packed(value, zipped=zipped))}{'&gzip=1' if zipped else ''}{extra}".encode()


def read(*records: Any, **headers: Any) -> Decoded:
    return decode(record(form(list(records)), **headers))


def one(sent: dict[str, Any], **headers: Any) -> Item:
    decoded = read({**TRACK, **sent}, **headers)
    assert decoded.broken == []
    return decoded.items[0]


def ids(sent: dict[str, Any], **headers: Any) -> list[tuple[str, str, str]]:
    return one(sent, **headers).ids


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("many", [False, True])
def test_one_or_many_zipped_or_not(zipped: bool, many: bool) -> None:
    decoded = decode(record(form([TRACK] if many else TRACK, many=many, zipped=zipped)))
    assert decoded == Decoded(
        [Item("event", 0, None, "ViewProduct", 1704164645000, None, [("anonymous_id", WEB, "anon-1")], {}, {}, {})], []
    )


def test_the_query_of_an_image_is_read_like_a_form() -> None:
    data = quote(packed(TRACK))
    query = f"project=default&data={data}&ext=crc%3D1916910088".encode()
    assert decode(record(query, query=True)).items[0].name == "ViewProduct"


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(b"+", b" "),
        lambda text: text.rstrip(b"="),
        lambda text: text.replace(b"+", b"-").replace(b"/", b"_"),
        lambda text: b"\r\n".join(text[at : at + 76] for at in range(0, len(text), 76)),
    ],
)
def test_base64_as_it_arrives(change: Any) -> None:
    text = packed({**TRACK, "properties": {"x": "\u00fb\u00ff~~~>>>???" * 9}})
    decoded = decode(record(b"data=" + change(text)))
    assert decoded.broken == []
    assert decoded.items[0].fields["x"].startswith("ûÿ~")


def test_the_crc_is_that_of_the_clients() -> None:
    assert wire.checksum(b"eyJ0eXBlIjoidHJhY2siLCJldmVudCI6IkEiLCJkaXN0aW5jdF9pZCI6InUxIn0=") == 104966075
    assert wire.checksum(b"") == 0


@given(st.binary(max_size=300))
def test_the_crc_is_the_hash_of_java(value: bytes) -> None:
    naive = 0
    for code in value:
        naive = (naive * 31 + code) & 0xFFFFFFFF
    assert wire.checksum(value) == (naive - (1 << 32) if naive >= 1 << 31 else naive)


@pytest.mark.parametrize("extra", ["&crc=1", "&ext=crc%3D-5", "&crc=x", "&crc="])
def test_a_wrong_crc_costs_nothing(extra: str) -> None:
    assert decode(record(form([TRACK], extra=extra))).broken == []
    assert wire.crc_differs(wire.parameters(form([TRACK], extra=extra))) == (extra != "&crc=")


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ({}, [("anonymous_id", WEB, "anon-1")]),
        ({"distinct_id": 12}, [("anonymous_id", WEB, "12")]),
        ({"distinct_id": "u1", "properties": {"$is_login_id": True}}, [("user_id", WEB, "u1")]),
        ({"distinct_id": "u1", "properties": {"$is_login_id": False}}, [("anonymous_id", WEB, "u1")]),
        (
            {"distinct_id": "u1", "login_id": "u1", "anonymous_id": "1a1f"},
            [("user_id", WEB, "u1"), ("anonymous_id", WEB, "1a1f")],
        ),
        (
            {"distinct_id": "1a", "identities": {"$identity_cookie_id": "1a", "$identity_anonymous_id": "1a"}},
            [("anonymous_id", WEB, "1a")],
        ),
        ({"distinct_id": "$identity_mobile+13912345678"}, [("phone", WEB, "13912345678")]),
        (
            {"distinct_id": "$identity_email+a@b.cn", "login_id": "$identity_email+a@b.cn"},
            [("email", WEB, "a@b.cn")],
        ),
        (
            {"distinct_id": "member_no+8", "identities": {"member_no": "8", "$identity_mobile": "13912345678"}},
            [("member_no", WEB, "8"), ("phone", WEB, "13912345678")],
        ),
        ({"distinct_id": "a+b"}, [("anonymous_id", WEB, "a+b")]),
        (
            {
                "distinct_id": "oABC",
                "anonymous_id": "oABC",
                "identities": {
                    "$identity_mp_id": "m1",
                    "$identity_mp_wx1234567890abcdef_openid": "oABC",
                    "$identity_mp_unionid": "oUnion1",
                    "$identity_login_id": "u1",
                },
            },
            [
                ("anonymous_id", WEB, "m1"),
                ("openid", "wx1234567890abcdef", "oABC"),
                ("unionid", WEB, "oUnion1"),
                ("user_id", WEB, "u1"),
            ],
        ),
        (
            {"distinct_id": "0f48", "identities": {"$identity_android_id": "0f48", "$identity_oaid": "o"}},
            [("android_id", WEB, "0f48"), ("oaid", WEB, "o")],
        ),
        (
            {"type": "track_signup", "event": "$SignUp", "distinct_id": "u1", "original_id": "anon-1"},
            [("user_id", WEB, "u1"), ("anonymous_id", WEB, "anon-1")],
        ),
    ],
)
def test_whom_a_record_is_about(sent: dict[str, Any], found: list[tuple[str, str, str]]) -> None:
    assert ids(sent) == found


def test_scopes_are_those_of_the_touchpoint_when_it_was_logged() -> None:
    sent = {"login_id": "u1", "identities": {"$identity_mp_unionid": "o", "$identity_mp_wx1_openid": "p"}}
    found = ids(sent, scopes={"user_id": "crm", "unionid": "open-platform"})
    assert found[:3] == [("user_id", "crm", "u1"), ("unionid", "open-platform", "o"), ("openid", "wx1", "p")]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("2024-01-02 03:04:05.7", "2024-01-02 03:04:05.007"),
        ("2024-01-02 03:04:05.69", "2024-01-02 03:04:05.069"),
        ("2024-01-02 03:04:05.678", "2024-01-02 03:04:05.678"),
        ("未取到值_直接打开", "未取到值_直接打开"),
    ],
)
def test_milliseconds_without_zeros(sent: str, kept: str) -> None:
    assert one({"properties": {"x": sent}}).fields == {"x": kept}


@pytest.mark.parametrize("placeholder", ["未取到值_直接打开", "url的domain解析失败", "取值异常", "直接打开"])
def test_what_clients_write_for_nothing_is_nothing(placeholder: str) -> None:
    assert one({"properties": {"$referrer": placeholder, "$title": "T"}}).fields == {"$referrer": None, "$title": "T"}


def test_times_are_corrected_by_the_clock_that_sends_and_not_for_what_is_imported() -> None:
    assert one({"_flush_time": 1704164646000}).sent_at == 1704164646000
    assert one({"_flush_time": 1704164646000, "time_free": True}).sent_at is None
    lifted = one({"properties": {"$time": 1704164640000, "$token": "t", "$project": "p", "$is_login_id": True}})
    assert (lifted.time, lifted.fields) == (1704164640000, {})


@pytest.mark.parametrize(
    ("sent", "change", "traits"),
    [
        ({"type": "profile_set", "properties": {"nickname": "张三"}}, "set", {"nickname": "张三"}),
        ({"type": "profile_set_once", "properties": {"a": 1}}, "once", {"a": 1}),
        ({"type": "profile_increment", "properties": {"n": 2}}, "add", {"n": 2}),
        ({"type": "profile_append", "properties": {"tags": ["x"]}}, "append", {"tags": ["x"]}),
        ({"type": "profile_unset", "properties": {"first": True}}, "unset", {"first": True}),
    ],
)
def test_profiles(sent: dict[str, Any], change: str, traits: dict[str, Any]) -> None:
    item = one(sent)
    assert (item.kind, item.name, item.change, item.traits, item.fields) == (
        *("profile", "profile_updated", change, traits),
        {},
    )


def test_items() -> None:
    sent = {"type": "item_set", "item_type": "book", "item_id": "b1", "properties": {"price": 3}, "time": 1704164645000}
    gone = {"type": "item_delete", "item_type": "book", "item_id": "b1", "time": 1704164646000}
    decoded = read(sent, gone)
    assert decoded.broken == []
    assert [(item.kind, item.name, item.fields, item.change, item.ids) for item in decoded.items] == [
        ("object", "book", {"price": 3, "id": "b1"}, "set", []),
        ("object", "book", {"id": "b1"}, "delete", []),
    ]


@pytest.mark.parametrize(
    ("sent", "rule", "words"),
    [
        ({"type": "track_id_unbind", "event": "$UnbindID"}, "sensors.not_done", "identity split"),
        ({"type": "profile_delete"}, "sensors.not_done", "forget"),
        ({"type": "nonsense"}, "sensors.type", "nonsense"),
        ({"type": None}, "sensors.type", "unknown type"),
        ({"type": "profile_set"}, "sensors.empty", "profile_set"),
        ({"event": "9lives"}, "sensors.name", "event: '9lives'"),
        ({"event": "users"}, "sensors.name", "reserved"),
        ({"event": None}, "sensors.name", "event"),
        ({"event": {"a": 1}}, "sensors.name", "event"),
        ({"properties": {"User_Id": 1}}, "sensors.name", "properties.User_Id"),
        ({"properties": {"user_group_x": 1}}, "sensors.name", "reserved"),
        ({"properties": {"a-b": 1}}, "sensors.name", "properties.a-b"),
        ({"properties": {"a" * 101: 1}}, "sensors.name", "100"),
        ({"distinct_id": ""}, "sensors.id", "distinct_id"),
        ({"distinct_id": None}, "sensors.id", "distinct_id"),
        ({"distinct_id": "x" * 256}, "sensors.id", "256"),
        ({"distinct_id": ["x"]}, "sensors.id", "distinct_id"),
        ({"identities": {"$identity_mobile": {"a": 1}}}, "sensors.id", "identities.$identity_mobile"),
        ({"type": "track_signup", "event": "$SignUp"}, "sensors.id", "original_id"),
        ({"type": "track_id_bind", "event": "$BindID"}, "sensors.id", "two"),
        ({"type": "item_set", "item_id": "1"}, "sensors.name", "item_type"),
        ({"type": "item_set", "item_type": "book"}, "sensors.id", "item_id"),
        ({"properties": [1]}, "sensors.shape", "properties"),
    ],
)
def test_what_can_not_be_taken_waits_with_its_reason_and_the_others_go_through(
    sent: dict[str, Any], rule: str, words: str
) -> None:
    decoded = read(TRACK, {**TRACK, **sent}, {**TRACK, "event": "Last"})
    assert [(item.item, item.name) for item in decoded.items] == [(0, "ViewProduct"), (2, "Last")]
    (broken,) = decoded.broken
    assert (broken.item, broken.rule) == (1, rule)
    assert words in broken.message
    assert '"type"' in broken.sample


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "neither"),
        (b"x=1", "neither"),
        (b"data=", "neither"),
        (b"data=abcde", "cut off"),
        (b"data=ab!d", "not base64"),
        (b"data=" + packed(b"{}") + b"&gzip=9", "encrypted"),
        (b"data=" + base64.b64encode(gzip.compress(b"{}" * 99, mtime=0)[:-9]), "gzip"),
        (b"data_list=" + packed(b'{"type": "track"}'), "array"),
        (b"data_list=" + packed(b"[{]"), "data"),
        (b"data=" + base64.b64encode(gzip.compress(b" " * (wire.UNPACKED_BYTES + 1))), "more than"),
        (b"data_list=" + packed(b"[" + b"1," * wire.MOST_RECORDS + b"1]"), "10,001 records"),
        (b"data_list=" + packed(b"[" * 100_000), "data"),
        (b"data_list=" + packed([TRACK] * (wire.MOST_RECORDS + 1), zipped=True), "10,001 records"),
    ],
)
def test_an_envelope_that_can_not_be_opened_waits_as_a_whole(body: bytes, words: str) -> None:
    decoded = decode(record(body))
    assert decoded.items == []
    (broken,) = decoded.broken
    assert broken.rule == "sensors.unreadable"
    assert words in broken.message


def test_bytes_that_are_no_text_cost_their_record_only() -> None:
    good = json.dumps(TRACK).encode()
    decoded = decode(record(form(b"[" + good + b"," + good.replace(b"View", b"\xff\xfe") + b"," + good + b"]")))
    assert [item.item for item in decoded.items] == [0, 2]
    assert [(one.item, one.rule) for one in decoded.broken] == [(1, "sensors.encoding")]


def test_half_a_character_costs_nothing() -> None:
    text = json.dumps([TRACK, {**TRACK, "properties": {"b": "x"}}]).replace('"x"', r'"\ud83d"')
    decoded = decode(record(form(text.encode())))
    assert decoded.broken == []
    assert decoded.items[1].fields == {"b": "\N{REPLACEMENT CHARACTER}"}


def test_json_as_some_clients_write_it() -> None:
    text = json.dumps([{**TRACK, "properties": {"a": 1, "b": "x"}}]).replace('"x"', r'"\ud83d"').replace(" 1,", " NaN,")
    decoded = decode(record(form(text.encode())))
    assert decoded.broken == []
    assert decoded.items[0].fields == {"a": None, "b": "\N{REPLACEMENT CHARACTER}"}


def test_a_request_sent_twice_counts_once_and_equal_records_of_one_request_twice() -> None:
    marked = {**TRACK, "_track_id": 805405093}
    first = read(TRACK, TRACK, {**TRACK, "_flush_time": 5}, {**TRACK, "properties": {"x": 1}}, marked, marked)
    again = read(TRACK, TRACK, {**TRACK, "_flush_time": 9}, {**TRACK, "properties": {"x": 1}}, marked, marked)
    marks = [item.message_id for item in first.items]
    assert marks == [item.message_id for item in again.items]
    assert marks[0] is None and marks[3] is None
    assert len({marks[1], marks[2], marks[4]} - {None}) == 3
    assert marks[4] == marks[5]


def test_a_record_of_another_touchpoint_is_left_to_it() -> None:
    decoded = read(TRACK, {**TRACK, "event": "Other"}, {**TRACK, "type": "x"}, only=[1])
    assert ([item.name for item in decoded.items], decoded.broken) == (["Other"], [])


def test_names_are_judged_alike_however_often() -> None:
    for _ in range(2):
        assert names.wrong({"good_name": 1, "$url": 2, "_x": 3}) is None
        assert names.wrong({"good_name": 1, "time": 2}) is not None


_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=8,
)
_keys = st.sampled_from(
    [
        *("type", "time", "distinct_id", "event", "properties", "identities", "login_id", "anonymous_id"),
        *("original_id", "_track_id", "_flush_time", "time_free", "item_type", "item_id"),
    ]
)
_types = st.sampled_from(["track", "profile_set", "profile_increment", "item_set", "track_signup", "track_id_bind"])
_records = st.builds(
    lambda fields, kind: {**fields, "type": kind} if kind else fields,
    st.dictionaries(_keys, _json, max_size=8),
    st.one_of(st.none(), _types),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(_records, _json), max_size=5))
def test_every_record_becomes_an_item_or_is_broken(sent: list[Any]) -> None:
    decoded = decode(record(form(sent)))
    assert sorted([item.item for item in decoded.items] + [one.item for one in decoded.broken]) == list(
        range(len(sent))
    )


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.binary(max_size=60).map(lambda raw: b"data_list=" + packed(raw))))
def test_any_bytes_decode_without_raising(body: bytes) -> None:
    decoded = decode(record(body))
    assert decoded.items or decoded.broken or b"=" in body
