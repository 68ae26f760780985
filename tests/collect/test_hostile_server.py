"""The outside world at its worst, against a running collector: refused or kept, never a 500, never a stall."""

from __future__ import annotations

import gzip
import socket
import threading
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs
from tests.channels.forge import ADDRESS_ONLY, PLATFORMS, SECRET, TOKEN, Platform
from tests.channels.hostile import BODIES, HEAD, LINES, PATHS
from tests.clients.server import Running, running_collector

from onepool.channels import registry
from onepool.channels.base import Request
from onepool.clock import FakeClock
from onepool.collect.accounts import Accounts
from onepool.collect.inbound import MOST_BROKEN, decode
from onepool.collect.long_urls import LongUrls
from onepool.collect.once import Once
from onepool.collect.touchpoint import CachedTouchpoints, Touchpoint

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BY_NAME = {one.name: one for one in PLATFORMS}
SITE = Touchpoint("site", "web", write_key="wk_hostile")
EVERY = pytest.mark.parametrize("platform", PLATFORMS, ids=lambda one: one.name)
UNCOVERED = ("oa_plain", "xhs")
"""Platforms whose signature does not cover the body."""


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def server(tmp_path: Path, clock: FakeClock) -> Iterator[Running]:
    with _serving(tmp_path, clock) as running:
        yield running


def _serving(folder: Path, clock: FakeClock, once: Once | None = None) -> Any:
    """``once``: of several collectors of one workspace."""
    (folder / "secrets").mkdir(exist_ok=True)
    for one in PLATFORMS:
        for name, value in one.secrets.items():
            (folder / f"secrets/{one.name}.{name}").write_text(value)
    known = [SITE, *(one.touchpoint() for one in PLATFORMS)]
    source = CachedTouchpoints(lambda: known)
    return running_collector(folder, source=source, accounts=Accounts(folder), clock=clock, once=once)


def _push(server: Running, platform: Platform, request: Request, **more: Any) -> httpx.Response:
    headers = {**request.headers, **more.pop("headers", {})}
    url = f"{server.url}{platform.url(request)}"
    return httpx.request(
        request.method, url, content=more.pop("content", request.body), headers=headers, timeout=20, verify=False
    )


def _raw(server: Running, data: bytes, *, shut: bool = True) -> bytes:
    """What comes back for these bytes, until the server closes or has answered."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as line:
        found = bytearray()
        try:
            line.sendall(data)
            if shut:
                line.shutdown(socket.SHUT_WR)
            while piece := line.recv(65_536):
                found += piece
        except TimeoutError:
            raise
        except OSError:  # closed in the middle of what we say
            pass
        return bytes(found)


def _statuses(answer: bytes) -> list[int]:
    parts = answer.split(b"HTTP/1.1 ")[1:]
    return [int(one[:3]) for one in parts]


def _alive(server: Running) -> None:
    assert httpx.get(f"{server.url}/healthz", timeout=20, verify=False).status_code == 200


@EVERY
def test_only_what_the_platform_signed_now_is_kept(server: Running, clock: FakeClock, platform: Platform) -> None:
    body = platform.samples[0]
    good = platform.sign(body, NOW)
    for wrong in (
        replace(good, query="", headers={}, rest=""),
        replace(good, query=good.query.replace("ature=", "ature=0"), rest=good.rest + "x",
                headers={name: value + "0" for name, value in good.headers.items()}),
        replace(good, query="signature=&msg_signature=&timestamp=&nonce=", headers={"event-sign": ""}, rest="report/"),
        replace(good, query="&".join(f"a{n}=1" for n in range(500)), headers={}, rest="x"),
    ):  # fmt: skip
        answer = _push(server, platform, wrong)
        assert (answer.status_code, answer.json()["code"]) in {(403, "signature"), (400, "malformed")}, answer.text
    assert server.records() == []
    if "timestamp" in good.query + str(good.headers):
        for shift in (-86_400, -3_600, 3_600, 10**9):
            answer = _push(server, platform, platform.sign(body, NOW + timedelta(seconds=shift)))
            assert (answer.status_code, answer.json()["code"]) == (403, "stale")
        assert server.records() == []
    assert _push(server, platform, good).status_code == 200
    assert len(server.records()) == 1


def test_every_channel_that_is_called_is_here() -> None:
    called = {one.name for one in registry.manifests() if registry.channel(one.name).check is not None}
    assert called == {one.channel for one in PLATFORMS}


@EVERY
def test_a_kept_signature_carries_no_other_body(server: Running, clock: FakeClock, platform: Platform) -> None:
    first = platform.sign(platform.samples[0], NOW)
    assert _push(server, platform, first).status_code == 200
    assert _push(server, platform, first).status_code == 200, "a platform's repetition"
    other, kept = platform.samples[-1].replace(b"1", b"2") + b" ", {first.body}
    if platform.name == "xhs":
        # It signs the time and no more: the second message of a second comes with the first one's signature.
        second = platform.samples[-1] + b" "
        assert _push(server, platform, first, content=second).status_code == 200
        kept.add(second)
        clock.advance(timedelta(minutes=3))
    answer = _push(server, platform, first, content=other)
    if platform.name in ADDRESS_ONLY:
        return  # the secret is all that this platform has
    wanted = {"oa_plain": "replayed", "xhs": "replayed"}.get(platform.name, "signature")
    # One of the platform's that comes late is to come again, signed anew.
    assert answer.status_code in ((503,) if platform.name == "xhs" else (400, 403))
    assert answer.json()["code"] in {wanted, "malformed"}
    clock.advance(timedelta(hours=2))
    if platform.name in UNCOVERED:
        answer = _push(server, platform, first, content=other)
        assert answer.json()["code"] == "stale", "it is forgotten when it is too old to be taken"
    bodies = {record.body for record in server.records()}
    assert bodies == kept


@pytest.mark.parametrize("platform", [one for one in PLATFORMS if one.name in UNCOVERED], ids=lambda one: one.name)
def test_a_kept_signature_carries_no_other_body_past_another_collector(
    tmp_path: Path, clock: FakeClock, platform: Platform
) -> None:
    """What one collector took is known to the others of its workspace, and to itself after a restart."""
    first = platform.sign(platform.samples[0], NOW)
    other = platform.samples[-1].replace(b"1", b"2") + b" "
    seen = tmp_path / "signatures.sqlite"
    with _serving(tmp_path, clock, Once(seen)) as here, _serving(tmp_path, clock, Once(seen)) as there:
        assert _push(here, platform, first).status_code == 200
        clock.advance(timedelta(minutes=3))
        answer = _push(there, platform, first, content=other)
        assert (answer.status_code in (403, 503), answer.json()["code"]) == (True, "replayed")
        assert _push(there, platform, first).status_code == 200, "a platform's repetition"
    with _serving(tmp_path, clock, Once(seen)) as again:
        answer = _push(again, platform, first, content=other)
        assert (answer.status_code in (403, 503), answer.json()["code"]) == (True, "replayed")
        assert {record.body for record in again.records()} == {first.body}
        named = {item.message_id for item in again.items()}
        assert len(again.records()) == 2 and len(named) * 2 == len(again.items()), "the tick drops it by its id"


def test_where_signatures_can_not_be_looked_up_nothing_is_taken(tmp_path: Path, clock: FakeClock) -> None:
    platform = next(one for one in PLATFORMS if one.name == "oa_plain")
    once = Once(tmp_path / "none" / "signatures.sqlite")
    with _serving(tmp_path, clock, once) as server:
        answer = _push(server, platform, platform.sign(platform.samples[0], NOW))
        assert (answer.status_code, answer.json()["code"], server.records()) == (503, "once-unavailable", [])
        (tmp_path / "none").mkdir()
        assert _push(server, platform, platform.sign(platform.samples[0], NOW)).status_code == 200


def test_of_all_bodies_that_come_at_once_to_several_collectors_one_is_taken(tmp_path: Path) -> None:
    ready = threading.Barrier(8)

    def offered(number: int) -> int:
        once = Once(tmp_path / "signatures.sqlite")
        ready.wait(20)
        found = [once.first(f"k{key}", b"%d" % number, NOW) for key in range(50)]
        once.close()
        return sum(found)

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(offered, range(8)))
    assert sum(taken) == 50


@EVERY
def test_bodies_that_are_larger_than_they_look(server: Running, platform: Platform) -> None:
    good = platform.sign(platform.samples[0], NOW)
    limit = registry.channel(platform.channel).manifest.body_bytes
    bomb = gzip.compress(b"0" * (64 << 20))
    cases: list[tuple[bytes, str, set[int]]] = [
        (b"[" * (limit + 1), "", {413}),
        (bomb, "gzip", {413}),
        (gzip.compress(bomb), "gzip", {400, 403}),
        (gzip.compress(good.body)[:-9], "gzip", {400}),
        (good.body, "gzip", {400}),
        (zlib.compress(good.body), "deflate", {415}),
        (b"\x8b\x02\x80hello\x03", "br", {415}),
        (gzip.compress(good.body), "gzip, gzip", {415}),
        (bomb, "zstd", {415}),
    ]
    for body, encoding, wanted in cases:
        answer = _push(server, platform, good, content=body, headers={"content-encoding": encoding} if encoding else {})
        if platform.name in (*UNCOVERED, *ADDRESS_ONLY) and answer.status_code == 200:
            continue  # its signature says nothing of the body: kept as it is, read as nothing below
        assert answer.status_code in wanted, (encoding, answer.text)
    assert _push(server, platform, good, content=gzip.compress(good.body), headers={"content-encoding": "gzip"})
    for record in server.records():
        assert "channel.failed" not in {one.rule for one in decode(record).broken}
    _alive(server)


@EVERY
def test_whatever_is_in_a_signed_body_is_refused_or_read(server: Running, platform: Platform) -> None:
    for name, body in BODIES.items():
        answer = _push(server, platform, platform.sign(body, NOW))
        assert answer.status_code in (200, 400, 403, 413), (name, answer.text)
    records = server.records()
    assert records
    for record in records:
        found = decode(record)
        rules = [one.rule for one in found.broken]
        assert "channel.failed" not in rules, (record.body[:80], found.broken)
        assert len(rules) <= MOST_BROKEN + 1
        assert b"root:" not in record.headers and "root:" not in str(found.items)[:10_000]
        numbers = [one.item for one in found.items] + [one.item for one in found.broken]
        assert len(set(numbers)) == len(numbers)
    _alive(server)


@pytest.mark.parametrize("name", LINES)
def test_lines_that_are_no_request_are_refused_and_nothing_else_happens(server: Running, name: str) -> None:
    for shut in (True, False) if len(LINES[name]) > 2_000_000 else (True,):
        answer = _raw(server, LINES[name], shut=shut)
        assert all(status < 500 or status == 503 for status in _statuses(answer)), answer[:300]
        assert b"Set-Cookie" not in answer and b"root:" not in answer
    assert server.records() == []
    _alive(server)


def test_paths_lead_nowhere_else(server: Running) -> None:
    for path in PATHS:
        for method in ("GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"):
            line = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}"
            answer = _raw(server, line.encode("utf-8"), shut=False)
            assert _statuses(answer), (method, path)
            assert all(status < 500 for status in _statuses(answer)), (method, path, answer[:300])
            head, _, content = answer.partition(b"\r\n\r\n")
            assert b"set-cookie" not in head.lower()
            assert b"root:" not in content and b"<script>" not in content
    assert server.records() == []


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"\r\n",
        b"P",
        b"POST /hooks/forms HTTP/1.1\r\nHost: x\r\nX: a",
        HEAD + b"Content-Length: 1000\r\n\r\n{",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
        b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
        b"POST /sa HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nd",
        b"POST /api/v1/login HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
        HEAD + b"Content-Length: 9999999\r\nX-Signature: no\r\n\r\n" + b"a" * (2 << 20),
    ],
)
def test_who_does_not_go_on_is_asked_to_go(server: Running, begun: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"head_seconds": 0.3, "body_seconds": 0.3, "every": 0.05}.items():
        monkeypatch.setattr(LongUrls, name, value)
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as line:
        line.sendall(begun)
        try:
            while line.recv(65_536):
                pass
        except ConnectionResetError:
            pass
    assert server.records() == []


def test_blank_lines_do_not_keep_a_connection(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LongUrls, "head_seconds", 0.2)
    monkeypatch.setattr(LongUrls, "every", 0.05)
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert line.recv(65_536).endswith(b'{"status":"ok"}')
        line.sendall(b"\r\n")
        assert line.recv(10) == b""


def test_a_byte_now_and_then_is_not_enough(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"head_seconds": 0.3, "body_seconds": 0.3, "every": 0.05}.items():
        monkeypatch.setattr(LongUrls, name, value)
    for start in (b"POST /hooks/forms HTTP/1.1\r\nX: ", HEAD + b"Content-Length: 100000\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", server.port), timeout=0.02) as line:
            line.sendall(start)
            for _ in range(1000):
                try:
                    line.sendall(b"a")
                    if line.recv(1000) == b"":
                        break
                except TimeoutError:
                    continue
                except (ConnectionResetError, BrokenPipeError):
                    break
            else:
                pytest.fail("the connection was left open")


def test_a_crowd_that_waits_makes_room(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LongUrls, "crowd", 100)
    monkeypatch.setattr(LongUrls, "crowd_seconds", 0.0)
    good = BY_NAME["forms"].sign(BY_NAME["forms"].samples[0], NOW)
    with ExitStack() as stack:
        lines = []
        for number in range(400):
            lines.append(stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=20)))
            lines[-1].sendall(b"POST /hooks/forms HTTP/1.1\r\nX: a" if number % 2 else b"")
            if number % 100 == 0:
                assert _push(server, BY_NAME["forms"], good).status_code == 200
        assert _push(server, BY_NAME["forms"], good).status_code == 200
        assert lines[0].recv(10) == b"", "those that waited longest were closed"


def test_who_sends_steadily_is_waited_for(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"head_seconds": 5.0, "body_seconds": 0.1, "every": 0.02, "body_rate": 50}.items():
        monkeypatch.setattr(LongUrls, name, value)
    good = BY_NAME["forms"].sign(BY_NAME["forms"].samples[0], NOW)
    lines = "".join(f"{name}: {value}\r\n" for name, value in good.headers.items())
    head = f"POST /hooks/forms HTTP/1.1\r\nHost: x\r\n{lines}Content-Length: {len(good.body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=0.02) as line:
        line.sendall(head.encode())
        for at in range(0, len(good.body), 10):
            line.sendall(good.body[at : at + 10])
            try:
                assert at + 10 >= len(good.body) or line.recv(1) == b"never"
            except TimeoutError:
                continue
        line.settimeout(20)
        assert line.recv(100).startswith(b"HTTP/1.1 200")


def test_secrets_in_addresses_are_nowhere_afterwards(server: Running) -> None:
    platform = BY_NAME["sms"]
    ways = [SECRET, "".join(f"%{ord(one):02x}" for one in SECRET), SECRET.replace("!", "%21").replace("s", "%73", 1)]
    with capture_logs() as lines:
        for way in ways:
            good = platform.sign(platform.samples[0], NOW)
            url = f"{server.url}/hooks/sms/report/{way}?key={way}&x={TOKEN}"
            assert httpx.post(url, content=good.body).status_code == 200
            assert httpx.post(url.replace("report", "%00"), content=b"[1]").status_code == 200
            assert httpx.post(f"{server.url}/hooks/sms/{way}x", content=good.body).status_code == 403
    records = server.records()
    assert len(records) == 2 * len(ways)
    shown = httpx.get(f"{server.url}/metrics").text + str(lines)
    shown += "".join(f"{one.headers!r}{decode(one)}" for one in records)
    for secret in ways:
        assert secret not in shown


def test_what_is_counted_does_not_grow_with_what_is_sent(server: Running) -> None:
    with httpx.Client(base_url=server.url) as client:
        for number in range(50):
            client.post(f"/hooks/none{number}/x{number}?y{number}=1", headers={f"x{number}": "1"})
            client.post(f"/hooks/forms?code={number}", content=b"{}")
            client.request("PUT", "/hooks/forms")
        lines = [line for line in client.get("/metrics").text.splitlines() if "hooks_requests" in line]
    outcomes = {line.partition('outcome="')[2].partition('"')[0] for line in lines if "{" in line}
    assert outcomes == {"no-touchpoint", "signature", "method"}


def test_remembered_signatures_are_bounded() -> None:
    once = Once(most=100, seconds=10)
    for number in range(1000):
        assert once.first(f"k{number}", b"body", NOW + timedelta(milliseconds=number))
    assert once.bodies() <= 101


def test_one_signature_of_a_busy_second_carries_many_bodies_and_not_any_number() -> None:
    once = Once()
    taken = [once.first("k", b"%d" % number, NOW, 120.0, NOW.timestamp()) for number in range(2_100)]
    assert taken == [True] * 2_000 + [False] * 100
    assert once.first("k", b"7", NOW + timedelta(minutes=10), 120.0, NOW.timestamp()), "a platform's repetition"


def test_a_kept_signature_carries_one_body_after_a_restart() -> None:
    """What came before is forgotten then; the time that was signed says that its second is over."""
    signed = (NOW - timedelta(minutes=5)).timestamp()
    once = Once()
    assert once.first("k", b"late", NOW, 120.0, signed)
    assert not once.first("k", b"another", NOW, 120.0, signed)
    assert not once.first("k", b"another", NOW + timedelta(seconds=1), 120.0, signed)


_NAMES = st.sampled_from([one.name for one in PLATFORMS])
_HEADERS = st.dictionaries(
    st.sampled_from(["content-type", "content-encoding", "x-signature", "timestamp", "sign", "event-sign", "expect",
                     "cookie", "host", "x-forwarded-for", "authorization"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=40),
    max_size=4,
)  # fmt: skip


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=_NAMES, headers=_HEADERS, data=st.data(), method=st.sampled_from(["GET", "POST", "PUT", "HEAD", "OPTIONS"]),
    tail=st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#"), max_size=40),
)  # fmt: skip
def test_a_changed_push_is_refused_or_kept(
    server: Running, name: str, headers: dict[str, str], data: Any, method: str, tail: str
) -> None:
    platform = BY_NAME[name]
    sample = data.draw(st.sampled_from(platform.samples))
    start = data.draw(st.integers(0, len(sample)))
    end = data.draw(st.integers(start, min(len(sample), start + 30)))
    piece = data.draw(st.binary(max_size=20) | st.sampled_from([b"<", b"]]>", b'"', b"\\", b"{}", b"null", b"&#0;"]))
    request = platform.sign(sample[:start] + piece + sample[end:], NOW)
    before = len(server.records())
    lines = {**request.headers, **headers, "content-length": str(len(request.body)), "connection": "close"}
    lines.setdefault("host", "x")
    head = "".join(f"{key}: {value}\r\n" for key, value in lines.items())
    url = platform.url(request) + data.draw(st.sampled_from(["", tail]))
    raw = f"{method} {url} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + request.body
    statuses = _statuses(_raw(server, raw, shut=False))
    assert statuses and all(status < 500 for status in statuses), (raw[:500], statuses)
    for record in server.records()[before:]:
        assert "channel.failed" not in {one.rule for one in decode(record).broken}
