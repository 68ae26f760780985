"""HTTP/1.1 for clients that nobody knows: heads that end, bodies that move, answers that are read.

uvicorn bounds none of these. A few thousand connections that send a byte now and then would hold every descriptor of
the process; one header that never ends would fill its memory. The rule for bodies is that of Apache's
mod_reqtimeout: some time to begin with, then a least rate.
"""

from __future__ import annotations

import asyncio
import resource
from enum import Enum
from typing import Final, NoReturn

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES: Final = 64 << 10
"""Names and values of all headers of a request together; more is answered 400."""

HEADERS: Final = 200
"""Headers of a request; more is answered 400."""

_UNREADABLE_BYTES: Final = (1 << 20) + (512 << 10)
"""Bytes that may come without being part of a body: the longest address, all headers, and one read."""

_DRAINED_BYTES: Final = 16 << 20
_EVERY: Final = 5.0


_DESCRIPTORS: Final = 65_536


def make_room() -> None:
    """Let this process have as many connections as the machine allows, and files beside them. Called once, at start."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        soft = most
    if soft != resource.RLIM_INFINITY:
        PatientProtocol.crowd = min(PatientProtocol.crowd, soft // 2)


class _Phase(Enum):
    HEAD = "head"
    BODY = "body"
    ANSWER = "answer"


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's protocol with an end to its patience. Seconds and rates may be set on a class for tests.

    ``head_seconds``: for a head, from the connection or from its first byte. ``body_seconds``: after which a body must
    have come at ``body_rate`` bytes a second on average. ``answer_seconds``: within which some of an answer must be
    taken. ``crowd``: open connections above which those that only wait are closed after ``crowd_seconds``.
    """

    head_seconds = 30.0
    body_seconds = 20.0
    body_rate = 500
    answer_seconds = 60.0
    every = _EVERY
    crowd = 4096
    crowd_seconds = 2.0

    _swept = float("-inf")

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._phase = _Phase.HEAD
        self._since = self.loop.time()
        self._got = self._stray = self._head_bytes = self._hosts = 0
        self._unsent: tuple[int, float] | None = None
        self._watch = self.loop.call_later(min(self.every, self.head_seconds), self._look)
        if len(self.connections) > self.crowd:
            self._sweep()

    def connection_lost(self, exc: Exception | None) -> None:
        self._watch.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._stray += len(data)
        if self._stray > _UNREADABLE_BYTES:
            self.send_400_response("The head of the request does not end.")
            return
        super().data_received(data)
        if self._phase is _Phase.ANSWER and self._answered and self.timeout_keep_alive_task is None:
            self._enter(_Phase.HEAD)  # blank lines between requests: they stop uvicorn's own clock

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_bytes = self._hosts = 0
        self._enter(_Phase.HEAD)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > HEAD_BYTES or len(self.headers) >= HEADERS:
            _invalid()
        if name.lower() == b"host":
            self._hosts += 1
            if self._hosts > 1:  # RFC 9112, 3.2: which one a proxy before us went by can't be known
                _invalid()
        if self._phase is _Phase.HEAD:  # what trails a body is no header: the application has read them
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._enter(_Phase.BODY)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._got += len(body)
        self._stray = 0
        if self._got > _DRAINED_BYTES and self._answered:
            _invalid()
        super().on_body(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._enter(_Phase.ANSWER)

    @property
    def _answered(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _enter(self, phase: _Phase) -> None:
        self._phase, self._since, self._got, self._stray = phase, self.loop.time(), 0, 0

    def _look(self) -> None:
        """Close the connection if it waits for nothing, else look again later."""
        now = self.loop.time()
        if self._too_slow(now - self._since) or self._unread(now):
            self.transport.abort()
            return
        self._watch = self.loop.call_later(self.every, self._look)

    def _too_slow(self, waited: float) -> bool:
        if self._phase is _Phase.HEAD:
            # While an answer is on its way nothing more need come.
            return self._answered and waited > self.head_seconds
        if self._phase is _Phase.ANSWER or waited <= self.body_seconds:
            return False
        if self._answered:
            return True
        if self.flow.read_paused:  # it is us who do not read
            self._enter(_Phase.BODY)
            return False
        return self._got < self.body_rate * waited

    def _unread(self, now: float) -> bool:
        """Whether nothing of an answer was taken for long."""
        left = self.transport.get_write_buffer_size()
        if not left:
            self._unsent = None
        elif self._unsent is None or self._unsent[0] != left:
            self._unsent = (left, now)
        return self._unsent is not None and now - self._unsent[1] > self.answer_seconds

    def _sweep(self) -> None:
        """Make room: at most once a second, everybody who has not said what they want yet is asked to go."""
        now = self.loop.time()
        if now - PatientProtocol._swept < 1.0:
            return
        PatientProtocol._swept = now
        for one in list(self.connections):
            if isinstance(one, PatientProtocol) and one._waits(now):
                one.transport.abort()

    def _waits(self, now: float) -> bool:
        waited = now - self._since
        if waited <= self.crowd_seconds:
            return False
        if self._phase is _Phase.BODY:
            return not self.flow.read_paused and self._got < self.body_rate * waited
        return self._answered


def _invalid() -> NoReturn:
    raise ValueError("not a request that is taken")  # httptools makes it an error of the request
