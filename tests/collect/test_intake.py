from __future__ import annotations

import base64
import functools
import gzip
import json
import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.clients.server import TOUCHPOINT, WRITE_KEY, Running, running_collector

from onepool.clock import FakeClock
from onepool.collect import serve
from onepool.collect.group_commit import GroupCommit
from onepool.collect.inbound import Item
from onepool.collect.log import LogUnavailable, NewRecord, Record, SqliteLog
from onepool.collect.touchpoint import Touchpoint

NOW = datetime(2026, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)
OTHER = Touchpoint("crm-site", "site", {}, "OTHER_KEY", {"user_id": "crm"})
EVENT = {"type": "track", "event": "Order Completed", "userId": "u1", "messageId": "m1", "properties": {"revenue": 9.9}}


def basic(key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}


AUTH = basic(WRITE_KEY)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("intake")
    with running_collector(folder, clock=FakeClock(NOW), touchpoints=[TOUCHPOINT, OTHER]) as server:
        yield server


class Server:
    """The shared server as one test sees it: only what came in since the test began."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._start = running.log.end()
        self.url = running.url
        self.port = running.port

    def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return httpx.post(self.url + path, content=content, headers=headers)

    def records(self) -> list[Record]:
        return self._running.log.read(self._start, 1000, 1 << 30)

    def items(self) -> list[Item]:
        return [item for item in self._running.items() if item][-len(self.records()) :] if self.records() else []


@pytest.fixture
def server(shared: Running) -> Server:
    return Server(shared)


def test_an_accepted_batch_is_in_the_log_as_received(server: Server) -> None:
    body = json.dumps({"batch": [EVENT, EVENT], "sentAt": "2026-05-06T07:08:09Z"}, indent=3).encode()
    answer = server.post("/v1/batch", body, {**AUTH, "User-Agent": "shop/1"})
    assert answer.status_code == 200
    assert answer.content == b'{"success": true}'
    [record] = server.records()
    assert (record.received_at, record.touchpoint, record.protocol, record.body) == (NOW, "web-shop", "segment", body)
    assert json.loads(record.headers) == {"user-agent": "shop/1", "ip": "127.0.0.1"}


@pytest.mark.parametrize("call", ["track", "identify", "page", "screen", "group", "alias"])
@pytest.mark.parametrize("short", [False, True])
def test_single_calls_by_their_long_and_short_paths(server: Server, call: str, short: bool) -> None:
    event = {"userId": "u1", "event": "A", "groupId": "g", "previousId": "p"}
    answer = server.post(f"/v1/{call[0] if short else call}", event, AUTH)
    assert answer.status_code == 200
    assert json.loads(server.records()[0].headers)["call"] == call
    assert len(server.items()) == 1


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/b", "/v1/import", "/v1/batch/"])
@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None]
)
def test_any_content_type_is_taken_raw(server: Server, path: str, content_type: str | None) -> None:
    headers = {**AUTH, **({"Content-Type": content_type} if content_type else {})}
    assert server.post(path, {"batch": [EVENT]}, headers).status_code == 200
    assert server.items()[0].name == "Order Completed"


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", None])
def test_gzip_stays_gzip_in_the_log(server: Server, encoding: str | None) -> None:
    packed = gzip.compress(json.dumps({"batch": [EVENT]}).encode())
    answer = server.post("/v1/batch", packed, {**AUTH, **({"Content-Encoding": encoding} if encoding else {})})
    assert answer.status_code == 200
    [record] = server.records()
    assert record.body == packed
    assert json.loads(record.headers)["content-encoding"] == "gzip"
    assert server.items()[0].name == "Order Completed"


def test_a_body_that_a_proxy_unpacked_is_taken(server: Server) -> None:
    assert server.post("/v1/batch", {"batch": [EVENT]}, {**AUTH, "Content-Encoding": "gzip"}).status_code == 200
    assert server.items()[0].name == "Order Completed"


def test_beacons_carry_the_key_in_the_query(server: Server) -> None:
    answer = server.post(f"/beacon/v1/batch?writeKey={WRITE_KEY}", {"batch": [EVENT]}, {"Content-Type": "text/plain"})
    assert answer.status_code == 200
    assert server.records()[0].touchpoint == "web-shop"


@pytest.mark.parametrize(
    ("header", "query", "body", "touchpoint"),
    [
        ("OTHER_KEY", WRITE_KEY, WRITE_KEY, "crm-site"),
        (None, "OTHER_KEY", WRITE_KEY, "crm-site"),
        (None, None, "OTHER_KEY", "crm-site"),
        (None, None, {"event": "OTHER_KEY"}, "crm-site"),
        ("nobody", "OTHER_KEY", "OTHER_KEY", None),
        (None, "nobody", "OTHER_KEY", None),
        (None, None, "nobody", None),
        (None, None, None, None),
        (None, None, {"event": 5}, None),
    ],
)
def test_the_key_of_the_header_goes_before_query_before_body(
    server: Server, header: str | None, query: str | None, body: Any, touchpoint: str | None
) -> None:
    event = {**EVENT, "writeKey": body["event"]} if isinstance(body, dict) else EVENT
    data = {"batch": [event], **({"writeKey": body} if isinstance(body, str) else {})}
    path = "/v1/batch" + (f"?writeKey={query}" if query else "")
    answer = server.post(path, data, basic(header) if header else None)
    if touchpoint is None:
        assert answer.status_code == 401
        assert answer.json()["code"] in ("write-key-unknown", "write-key-missing")
        assert answer.json()["message"] and answer.json()["hint"]
        assert server.records() == []
    else:
        assert answer.status_code == 200
        assert [record.touchpoint for record in server.records()] == [touchpoint]


def test_single_events_may_carry_the_key_themselves(server: Server) -> None:
    assert server.post("/v1/t", {**EVENT, "writeKey": "OTHER_KEY"}, {"Content-Type": "text/plain"}).status_code == 200
    [record] = server.records()
    assert json.loads(record.headers)["scopes"] == {"user_id": "crm"}
    assert server.items()[0].ids == [("user_id", "crm", "u1")]


@pytest.mark.parametrize("header", ["Basic %%%", "Basic", "Bearer x", "Basic " + base64.b64encode(b"\xff:").decode()])
def test_an_unreadable_authorization_is_as_none(server: Server, header: str) -> None:
    assert server.post("/v1/batch", {"batch": [EVENT]}, {"Authorization": header}).status_code == 401
    answer = server.post("/v1/batch", {"batch": [EVENT], "writeKey": WRITE_KEY}, {"Authorization": header})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("body", "message", "where"),
    [
        (b'{"batch": [tru]}', "malformed", "body, byte 12"),
        (b'{"batch": [1,]}', "malformed", "byte"),
        (b'{"batch": ', "truncated", "body"),
        (b"", "truncated", "body"),
        (b"[]", "Expected `object`", "body"),
        (b'{"batch": null}', "Expected `array`", "$.batch"),
        (b'{"sentAt": "x"}', "required field `batch`", "body"),
    ],
)
def test_broken_json_is_answered_with_place_and_reason(server: Server, body: bytes, message: str, where: str) -> None:
    answer = server.post("/v1/batch", body, AUTH)
    assert answer.status_code == 400
    told = answer.json()
    assert told["success"] is False
    assert told["code"] == "malformed"
    assert message in told["message"]
    assert where in told["where"]
    assert server.records() == []


def test_broken_gzip_is_malformed(server: Server) -> None:
    answer = server.post("/v1/batch", gzip.compress(b"{}" * 1000)[:-20], {**AUTH, "Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json()["code"]) == (400, "gzip")


def test_an_unknown_encoding_is_refused(server: Server) -> None:
    answer = server.post("/v1/batch", b"x", {**AUTH, "Content-Encoding": "br"})
    assert (answer.status_code, answer.json()["code"]) == (415, "content-encoding")


def padded(size: int) -> bytes:
    """A batch of many events with exactly ``size`` bytes."""
    batch = json.dumps({"batch": [{**EVENT, "properties": {"x": "y" * 1000}}] * (size // 1300)}).encode()
    return batch + b" " * (size - len(batch))


def test_a_batch_may_have_500_kb(server: Server) -> None:
    limit = 500 * 1024
    assert server.post("/v1/batch", padded(limit), AUTH).status_code == 200
    answer = server.post("/v1/batch", padded(limit + 1), AUTH)
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
    assert server.post("/v1/batch", padded(limit * 8), AUTH).status_code == 413
    assert server.post("/v1/batch", gzip.compress(padded(limit)), AUTH).status_code == 200
    assert server.post("/v1/batch", gzip.compress(padded(limit + 1)), AUTH).status_code == 413
    assert len(server.records()) == 2


def test_a_gzip_bomb_is_not_unpacked(server: Server) -> None:
    bomb = gzip.compress(b" " * 50_000_000, 1)
    assert len(bomb) < 500_000
    assert server.post("/v1/batch", bomb, {**AUTH, "Content-Encoding": "gzip"}).status_code == 413


def test_an_event_may_have_32_kb(server: Server) -> None:
    event = json.dumps({**EVENT, "properties": {"x": ""}}).encode()
    largest = event.replace(b'"x": ""', b'"x": "' + b"y" * (32 * 1024 - len(event)) + b'"')
    assert len(largest) == 32 * 1024
    assert server.post("/v1/track", largest, AUTH).status_code == 200
    answer = server.post("/v1/track", largest.replace(b"yy", b"yyy", 1), AUTH)
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


def test_one_large_event_does_not_cost_its_batch(server: Server, shared: Running) -> None:
    large = {**EVENT, "properties": {"x": "y" * 33_000}}
    assert server.post("/v1/batch", {"batch": [EVENT, large, EVENT]}, AUTH).status_code == 200
    before = len(shared.broken())
    [record] = server.records()
    assert json.loads(record.headers)["event_bytes"] == 32 * 1024
    assert before >= 1
    assert shared.broken()[-1].rule == "size.event"
    assert shared.broken()[-1].item == 1


def test_an_empty_batch_is_fine_and_stores_nothing(server: Server) -> None:
    assert server.post("/v1/batch", {"batch": []}, AUTH).status_code == 200
    assert server.records() == []


def test_a_body_in_pieces_is_put_together(server: Server) -> None:
    body = json.dumps({"batch": [EVENT]}).encode()
    answer = httpx.post(
        server.url + "/v1/batch", content=(body[n : n + 7] for n in range(0, len(body), 7)), headers=AUTH
    )
    assert answer.status_code == 200
    assert server.records()[0].body == body


def test_a_client_that_leaves_while_sending_stores_nothing(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        head = f"POST /v1/batch?writeKey={WRITE_KEY} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{{"
        connection.sendall(head.encode())
    assert httpx.get(server.url + "/healthz").status_code == 200
    assert server.records() == []


def test_events_are_sent_with_post(server: Server) -> None:
    answer = httpx.get(server.url + "/v1/track")
    assert answer.status_code == 405
    assert "POST" in answer.headers["allow"]


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/t", "/sourceConfig/", f"/v1/projects/{WRITE_KEY}/settings"])
def test_browsers_of_other_origins_are_let_in(server: Server, path: str) -> None:
    origin = "https://shop.example"
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "anonymousid,authorization,content-type,sentat",
    }
    answer = httpx.request("OPTIONS", server.url + path, headers=asked)
    assert answer.status_code in (200, 204)
    assert answer.headers["access-control-allow-origin"] == origin
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert {"GET", "POST", "OPTIONS"} <= set(answer.headers["access-control-allow-methods"].split(", "))
    allowed = set(answer.headers["access-control-allow-headers"].split(", "))
    assert {"authorization", "content-type", "anonymousid", "sentat"} <= allowed
    assert int(answer.headers["access-control-max-age"]) > 0


@pytest.mark.parametrize("key", [WRITE_KEY, "nobody"])
def test_answers_can_be_read_by_the_page_that_asked(server: Server, key: str) -> None:
    answer = server.post("/v1/batch", {"batch": [EVENT]}, {**basic(key), "Origin": "https://shop.example"})
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert answer.headers["vary"] == "Origin"


def test_the_settings_steer_the_segment_browser_client_here(server: Server) -> None:
    settings = httpx.get(f"{server.url}/v1/projects/{WRITE_KEY}/settings").json()
    segment = settings["integrations"]["Segment.io"]
    assert (segment["apiKey"], segment["apiHost"], segment["protocol"]) == (
        WRITE_KEY,
        f"127.0.0.1:{server.port}/v1",
        "http",
    )
    assert httpx.get(f"{server.url}/v1/projects/nobody/settings").status_code == 404


def test_the_source_config_of_the_rudderstack_browser_client(server: Server) -> None:
    query = "?p=npm&v=3.34.1&build=modern&writeKey=" + WRITE_KEY
    for answer in (
        httpx.get(f"{server.url}/sourceConfig/{query}"),
        httpx.get(f"{server.url}/sourceConfig/?p=npm", headers=AUTH),
    ):
        source = answer.json()["source"]
        assert (source["writeKey"], source["enabled"]) == (WRITE_KEY, True)
    assert httpx.get(f"{server.url}/sourceConfig/?writeKey=nobody").status_code == 404


def test_operation_pages(server: Server) -> None:
    server.post("/v1/batch", {"batch": [EVENT]}, AUTH)
    assert httpx.get(server.url + "/healthz").json() == {"status": "ok"}
    assert httpx.get(server.url + "/readyz").json() == {"status": "ready"}
    metrics = httpx.get(server.url + "/metrics").text
    assert 'onepool_collect_requests_total{outcome="accepted"}' in metrics
    assert "onepool_log_writable 1.0" in metrics
    assert httpx.get(server.url + "/nowhere").json()["code"] == "not-found"


class FailingLog(SqliteLog):
    """Fails on demand, as a full disk does."""

    full = False

    def append(self, records: Sequence[NewRecord]) -> list[int]:
        if self.full:
            raise LogUnavailable("disk full", where="/secret/place", hint="free some")
        return super().append(records)


def test_a_full_disk_is_a_503_and_red_until_it_works_again(tmp_path: Path) -> None:
    log = FailingLog(tmp_path / "log.sqlite")
    with running_collector(tmp_path, log=log) as running:
        server = Server(running)
        assert server.post("/v1/batch", {"batch": [EVENT]}, AUTH).status_code == 200
        log.full = True
        answer = server.post("/v1/batch", {"batch": [EVENT]}, AUTH)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert answer.json()["code"] == "log-unavailable"
        assert "secret" not in answer.text
        ready = httpx.get(server.url + "/readyz")
        assert ready.status_code == 503
        assert "disk full" in ready.json()["checks"]["log"]
        assert "onepool_log_writable 0.0" in httpx.get(server.url + "/metrics").text
        assert httpx.get(server.url + "/healthz").status_code == 200
        log.full = False
        assert server.post("/v1/batch", {"batch": [EVENT]}, AUTH).status_code == 200
        assert httpx.get(server.url + "/readyz").status_code == 200
        assert len(server.records()) == 2


class SlowLog(SqliteLog):
    """Holds every append back until it is let go."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.entered = threading.Event()
        self.go_on = threading.Event()

    def append(self, records: Sequence[NewRecord]) -> list[int]:
        self.entered.set()
        self.go_on.wait()
        return super().append(records)


def test_the_answer_comes_after_the_commit_and_overload_is_a_503(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "GroupCommit", functools.partial(GroupCommit, max_records=1))
    log = SlowLog(tmp_path / "log.sqlite")
    with running_collector(tmp_path, log=log) as running, ThreadPoolExecutor(3) as pool:
        server = Server(running)
        try:
            first = pool.submit(server.post, "/v1/batch", {"batch": [EVENT]}, AUTH)
            log.entered.wait()
            rest = [pool.submit(server.post, "/v1/batch", {"batch": [EVENT]}, AUTH) for _ in range(2)]
            refused = next(as_completed(rest)).result()  # one waits for the disk, there is no room for the other
            assert not first.done()
        finally:
            log.go_on.set()
        assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
        assert int(refused.headers["retry-after"]) > 0
        assert first.result().status_code == 200
        assert sorted(one.result().status_code for one in rest) == [200, 503]
        assert len(server.records()) == 2
