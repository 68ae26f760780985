"""The ways in whose key stands in the address or in the records, over HTTP."""

from __future__ import annotations

import base64
import gzip
import http.client
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.clients.server import TOUCHPOINT, WRITE_KEY, Running, running_collector

from onepool.clock import FakeClock
from onepool.collect.inbound import decode
from onepool.collect.log import Record
from onepool.collect.touchpoint import Touchpoint

NOW = datetime(2026, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)
OTHER = Touchpoint("crm-site", "site", {}, "OTHER_KEY", {"user_id": "crm"})
TRACK = {"type": "track", "time": 1704164645000, "distinct_id": "a", "event": "A", "properties": {}}
SA = f"/sa?project=default&token={WRITE_KEY}"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("doors")
    with running_collector(folder, clock=FakeClock(NOW), touchpoints=[TOUCHPOINT, OTHER]) as server:
        yield server


class Answer:
    def __init__(self, found: http.client.HTTPResponse) -> None:
        self.status = found.status
        self.body = found.read()
        self.headers = {name.lower(): value for name, value in found.getheaders()}


class Server:
    """The shared server as one test sees it: only what came in since the test began."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._start = running.log.end()

    def ask(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self._running.port, timeout=20)
        try:
            connection.request(method, path, body or None, headers or {})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def records(self) -> list[Record]:
        return self._running.log.read(self._start, 1000, 1 << 30)

    def names(self) -> list[tuple[str, str]]:
        return [(record.touchpoint, item.name) for record in self.records() for item in decode(record).items]


@pytest.fixture
def server(shared: Running) -> Server:
    return Server(shared)


def packed(value: Any) -> str:
    return quote(base64.b64encode(json.dumps(value).encode()).decode())


def form(*records: Any) -> bytes:
    return f"data_list={packed(list(records))}".encode()


@pytest.mark.parametrize(
    "path", [SA, SA.replace("/sa", "/sa.gif"), SA.replace("/sa", "/sa/"), f"/sa?project={WRITE_KEY}"]
)
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain;charset=UTF-8", None])
def test_a_form_is_in_the_log_as_received(server: Server, path: str, kind: str | None) -> None:
    answer = server.ask("POST", path, form(TRACK), {"Content-Type": kind} if kind else {})
    assert (answer.status, answer.body) == (200, b'{"success": true}')
    [record] = server.records()
    assert (record.received_at, record.touchpoint, record.protocol, record.body) == (
        NOW,
        "web-shop",
        "sensors",
        form(TRACK),
    )
    assert server.names() == [("web-shop", "A")]


@pytest.mark.parametrize("size", [10, 64 << 10, 70_000, 400_000])
def test_an_image_with_a_long_address(server: Server, size: int) -> None:
    data = packed({**TRACK, "properties": {"x": "y" * (size * 3 // 4)}})
    answer = server.ask("GET", f"/sa.gif?token={WRITE_KEY}&data={data}&ext=crc%3D5")
    assert (answer.status, answer.headers["content-type"], answer.body[:6]) == (200, "image/gif", b"GIF89a")
    assert server.names() == [("web-shop", "A")]


def test_an_address_without_end_is_refused(server: Server) -> None:
    assert server.ask("GET", f"/sa.gif?token={WRITE_KEY}&data={'A' * 1_100_000}").status == 400
    assert server.records() == []


@pytest.mark.parametrize("path", ["/sa?project=default", "/sa?project=web-shop&token=x", "/sa", "/sa?token="])
@pytest.mark.parametrize("name", ["production", "web-shop", None])
def test_a_name_opens_nothing(server: Server, path: str, name: str | None) -> None:
    answer = server.ask("POST", path, form({**TRACK, "project": name}))
    assert answer.status == 401
    told = json.loads(answer.body)
    assert told["code"] in ("write-key-missing", "write-key-unknown")
    assert told["hint"]
    assert server.records() == []


def test_records_may_carry_their_keys_and_go_each_to_its_own(server: Server) -> None:
    sent = form(
        {**TRACK, "event": "One", "token": WRITE_KEY},
        {**TRACK, "event": "Two", "project": "OTHER_KEY", "login_id": "u"},
        {**TRACK, "event": "Three", "project": "default"},
        17,
    )
    assert server.ask("POST", "/sa?project=default", sent).status == 200
    assert sorted(server.names()) == [("crm-site", "Two"), ("web-shop", "One"), ("web-shop", "Three")]
    assert [[one.item for one in decode(record).broken] for record in server.records()] == [[3], []]
    assert ("user_id", "crm", "u") in [one for r in server.records() for item in decode(r).items for one in item.ids]


def test_broken_data_is_accepted_and_waits(server: Server) -> None:
    for body in (b"data=%%%", b"hello", b"data=" + base64.b64encode(gzip.compress(b"0" * (32 << 20)))):
        assert server.ask("POST", SA, body).status == 200
    assert [decode(record).broken[0].rule for record in server.records()] == ["sensors.unreadable"] * 3


@pytest.mark.parametrize(("method", "path"), [("GET", SA), ("POST", SA), ("GET", "/sa.gif")])
def test_nothing_sent_is_told(server: Server, method: str, path: str) -> None:
    assert server.ask(method, path).status == 400


def test_too_much_is_told(server: Server) -> None:
    assert server.ask("POST", SA, b"data=" + b"A" * (2 << 20)).status == 413
    assert server.ask("DELETE", SA).status == 405


@pytest.mark.parametrize("dry", [True, False])
def test_debugging(server: Server, dry: bool) -> None:
    headers = {"Dry-Run": "true"} if dry else {}
    path = SA.replace("/sa", "/debug")
    assert server.ask("POST", path, form(TRACK), headers).status == 200
    assert len(server.records()) == (0 if dry else 1)
    answer = server.ask("POST", path, form({**TRACK, "event": "1"}), headers)
    assert (answer.status, json.loads(answer.body)["code"]) == (400, "invalid")
    assert "event" in json.loads(answer.body)["message"]
    assert len(server.records()) == (0 if dry else 1)


def test_a_page_of_another_origin_may_send(server: Server) -> None:
    origin = {"Origin": "https://shop.example"}
    for answer in (server.ask("OPTIONS", SA, headers=origin), server.ask("POST", SA, form(TRACK), origin)):
        assert answer.headers["access-control-allow-origin"] == "https://shop.example"
        assert answer.headers["access-control-allow-credentials"] == "true"


def test_growingio(server: Server) -> None:
    path = f"/v3/projects/{WRITE_KEY}/collect?stm=1795283051500&compress=0"
    body = json.dumps([{"eventType": "CUSTOM", "eventName": "AddCart", "deviceId": "d", "timestamp": 1795283051498}])
    assert server.ask("POST", path, body.encode()).status == 200
    assert server.names() == [("web-shop", "AddCart")]
    assert server.ask("POST", path.replace(WRITE_KEY, "nobody"), body.encode()).status == 401
    assert server.ask("POST", path.replace("compress=0", "compress=7"), body.encode()).status == 415
    assert server.ask("POST", path.replace("compress=0", "compress=1"), b"x" * 600_000).status == 413
    assert server.ask("POST", path).status == 400
    assert server.ask("GET", path).status == 405


_paths = st.sampled_from(
    [SA, "/sa", "/sa.gif", f"/sa.gif?token={WRITE_KEY}", f"/debug?token={WRITE_KEY}", "/debug/"]
) | (st.sampled_from([f"/v3/projects/{WRITE_KEY}/collect?compress={n}&stm=1" for n in (0, 1, 2)]))
_bodies = st.one_of(
    st.binary(max_size=300),
    st.binary(max_size=100).map(lambda raw: b"data=" + quote(base64.b64encode(raw)).encode()),
    st.binary(max_size=100).map(lambda raw: b"gzip=1&data_list=" + base64.b64encode(gzip.compress(raw))),
    st.just(form({**TRACK, "token": WRITE_KEY}, 5, None, [])),
    st.just(b"data=" + quote(base64.b64encode(b"[" * 5000)).encode()),
)


@settings(max_examples=80, deadline=None)
@given(method=st.sampled_from(["GET", "POST"]), path=_paths, body=_bodies, query=st.text("abcdat=&%+/", max_size=30))
def test_whatever_is_sent_is_answered_and_what_is_kept_decodes(
    shared: Running, method: str, path: str, body: bytes, query: str
) -> None:
    server = Server(shared)
    whole = f"{path}{'&' if '?' in path else '?'}{query}" + (f"&data={quote(body)}" if method == "GET" else "")
    answer = server.ask(method, whole, body if method == "POST" else b"")
    assert answer.status < 500
    for record in server.records():
        decode(record)
    if answer.status != 200:
        assert server.records() == []
