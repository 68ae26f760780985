from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.clients.drive import NODE_FOLDER, node_modules

from onepool.collect.growingio import lz
from onepool.collect.inbound import Decoded, decode
from onepool.collect.log import Record

WEB = "web-shop"
EVENT = {
    "eventType": "CUSTOM",
    "eventName": "AddCart",
    "appVersion": "1.0.0",
    "dataSourceId": "ds456",
    "deviceId": "ede858f8",
    "domain": "shop.example.com:9911",
    "language": "en-US",
    "path": "/static/gio.html",
    "platform": "web",
    "query": "c=0",
    "sessionId": "644dd413",
    "timestamp": 1795283051498,
    "title": "T",
    "userId": "u1",
    "attributes": {"sku": "A1", "price": "9.9"},
    "eventSequenceId": 3,
}
_PACK = """
const { compressToUint8Array } = require("lz-string");
const texts = JSON.parse(require("fs").readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(texts.map((text) => Buffer.from(compressToUint8Array(text)).toString("hex"))));
"""


def record(body: bytes, **headers: Any) -> Record:
    return Record(datetime(2026, 1, 1, tzinfo=UTC), WEB, "growingio", json.dumps(headers).encode(), body, 1)


def read(*events: Any, **headers: Any) -> Decoded:
    return decode(record(json.dumps(list(events)).encode(), **headers))


def test_an_event_as_the_web_client_sends_it() -> None:
    decoded = read(EVENT, stm="1795283051500")
    assert decoded.broken == []
    (item,) = decoded.items
    assert (item.kind, item.name, item.time, item.sent_at) == ("event", "AddCart", 1795283051498, 1795283051500)
    assert item.ids == [("user_id", WEB, "u1"), ("anonymous_id", WEB, "ede858f8")]
    assert item.fields == {"domain": "shop.example.com:9911", "query": "c=0", "sku": "A1", "price": "9.9"}
    assert item.context["page"]["url"] == "https://shop.example.com:9911/static/gio.html?c=0"
    assert item.context["sessionId"] == "644dd413"
    assert item.message_id == "ede858f8:644dd413:CUSTOM:3:1795283051498"


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ({"eventType": "VISIT"}, "session_start"),
        ({"eventType": "PAGE"}, "PAGE"),
        ({"eventType": "VIEW_CLICK", "textValue": "Buy", "index": 2}, "VIEW_CLICK"),
        ({"eventType": "APP_CLOSED"}, "app_closed"),
    ],
)
def test_kinds_of_events(sent: dict[str, Any], name: str) -> None:
    assert read({**EVENT, **sent}).items[0].name == name


def test_attributes_of_the_person() -> None:
    (item,) = read({**EVENT, "eventType": "LOGIN_USER_ATTRIBUTES", "userKey": "phone", "userId": "13912345678"}).items
    assert (item.kind, item.traits) == ("profile", {"sku": "A1", "price": "9.9"})
    assert item.ids[0] == ("phone", WEB, "13912345678")


@pytest.mark.parametrize(
    ("sent", "rule"),
    [
        ({"eventType": "CUSTOM", "eventName": " "}, "growingio.event"),
        ({"eventType": None}, "growingio.type"),
        ({"eventType": "LOGIN_USER_ATTRIBUTES", "attributes": {}}, "growingio.empty"),
        ({"attributes": 5}, "growingio.shape"),
    ],
)
def test_what_can_not_be_taken_waits_and_the_others_go_through(sent: dict[str, Any], rule: str) -> None:
    decoded = read(EVENT, {**EVENT, **sent}, EVENT)
    assert [item.item for item in decoded.items] == [0, 2]
    assert [(one.item, one.rule) for one in decoded.broken] == [(1, rule)]


@pytest.mark.parametrize("body", [b"", b"{}", b"[1", b"\xff\xfe", b"[" * 100_000])
@pytest.mark.parametrize("packed", [False, True])
def test_a_body_that_can_not_be_read_waits_as_a_whole(body: bytes, packed: bool) -> None:
    decoded = decode(record(body, packed=packed))
    assert decoded.items == []
    assert [one.rule for one in decoded.broken] == ["growingio.unreadable"]


# Made by lz-string 1.5.0, compressToUint8Array.
VECTORS = [
    ("", "4000"),
    ("a", "2190"),
    ("aaaaaaaaaaaaaaaaaaaa", "218d7f90"),
    (
        '[{"eventType":"CUSTOM","eventName":"AddCart"}]',
        "3686f0440a606e107602e015027801c26017180c20550195101e40593001a48604039010c05b0db01040137677a02778c00be0174800",
    ),
    ("张三😀 AddCart 张三😀", "813ea48394bc1b8007b0040820267030810c04e0172a9240"),
]


@pytest.mark.parametrize(("text", "packed"), VECTORS)
def test_lz_string_as_its_author_packs_it(text: str, packed: str) -> None:
    assert lz.unpack(bytes.fromhex(packed), 10_000) == text


def test_lz_string_stops_at_the_limit() -> None:
    _, packed = VECTORS[2]
    with pytest.raises(lz.LzError, match="more than 10"):
        lz.unpack(bytes.fromhex(packed), 10)
    with pytest.raises(lz.LzError, match="too early"):
        lz.unpack(bytes.fromhex(packed)[:2], 100)


def test_a_packed_request() -> None:
    text, packed = VECTORS[3]
    decoded = decode(record(bytes.fromhex(packed), packed=True))
    assert json.loads(text)[0]["eventName"] == decoded.items[0].name


@settings(max_examples=20, deadline=None)
@given(st.lists(st.text(max_size=200), min_size=20, max_size=60))
def test_whatever_lz_string_packs_is_unpacked(texts: list[str]) -> None:
    if not node_modules():
        pytest.skip("the Node clients are not installed: npm ci in tests/clients/node")
    texts = [*texts, "ab" * 5000, "".join(map(chr, range(32, 3000)))]
    done = subprocess.run(
        ["node", "-e", _PACK], cwd=NODE_FOLDER, input=json.dumps(texts), capture_output=True, text=True
    )
    assert [lz.unpack(bytes.fromhex(one), 20_000) for one in json.loads(done.stdout)] == texts


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=100), st.booleans())
def test_any_bytes_decode_without_raising(body: bytes, packed: bool) -> None:
    decoded = decode(record(body, packed=packed))
    assert decoded.items or decoded.broken or packed or body.strip() == b"[]"
