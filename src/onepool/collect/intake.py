"""The collection path: one HTTP request in, one durable log record, then the answer.

It stands before everything else of the application and does as little as it can for a request: find the key's owner,
check that the body can be read and is within the limits, put the raw bytes into the log.
"""

from __future__ import annotations

import base64
import binascii
import functools
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec
from starlette.types import ASGIApp, Receive, Scope, Send

from onepool.clock import Clock
from onepool.collect import answers, client_settings, segment
from onepool.collect.doors import Doors
from onepool.collect.doorway import IntakeFigures, Limits, LogWriter, Refused, read_body, refuse
from onepool.collect.group_commit import Overloaded
from onepool.collect.log import LogUnavailable, NewRecord
from onepool.collect.touchpoint import Refreshing, Touchpoint, TouchpointSource, TouchpointsUnavailable
from onepool.collect.wire import UNREADABLE, GzipError, gunzip, repair

__all__ = ["Intake", "IntakeFigures", "Limits", "LogWriter"]

_LONG: Final = {call: call for call in (*segment.CALLS, "batch")}
_SHORT: Final = {call[0]: call for call in _LONG}
_PATHS: Final = {
    f"{prefix}{name}{end}": call
    for prefix in ("/v1/", "/beacon/v1/")
    for name, call in {**_LONG, **_SHORT, "import": "batch"}.items()
    for end in ("", "/")
}
_GZIP_MAGIC: Final = b"\x1f\x8b"


class _Key(msgspec.Struct, gc=False):
    writeKey: Any = None


_key = msgspec.json.Decoder(_Key).decode
_encode = msgspec.json.Encoder().encode


class Intake:
    """ASGI middleware that answers the collection paths itself and passes everything else on."""

    def __init__(
        self,
        app: ASGIApp,
        writer: LogWriter,
        touchpoints: TouchpointSource,
        clock: Clock,
        limits: Limits,
        figures: IntakeFigures,
    ) -> None:
        self._app = app
        self._writer = writer
        self._touchpoints = touchpoints
        self._clock = clock
        self._limits = limits
        self._figures = figures
        self._doors = Doors(writer, touchpoints, clock, limits, figures)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        call = _PATHS.get(path)
        if call is None and (door := self._doors.behind(path)) is not None:
            await self._doors.through(door, scope, receive, send)
        elif call is None and not client_settings.is_asked(path):
            await self._app(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            await answers.preflight(scope, send)
        elif call is None:
            await self._settings(scope, send)
        elif scope["method"] != "POST":
            await answers.refuse(scope, send, 405, "method", "events are sent with POST")
        else:
            await self._collect(scope, receive, send, call)

    async def _collect(self, scope: Scope, receive: Receive, send: Send, call: str) -> None:
        body = await read_body(receive, self._limits.batch_bytes)
        if body is None:
            return
        try:
            record = await self._record(scope, body, call)
            if record is not None:
                await self._writer.append(record)
        except (Refused, LogUnavailable, Overloaded, TouchpointsUnavailable) as error:
            await refuse(scope, send, error, self._figures)
        else:
            self._figures.accepted += 1
            self._figures.accepted_bytes += len(body)
            await answers.success(scope, send)

    async def _record(self, scope: Scope, body: bytes, call: str) -> NewRecord | None:
        """The record to log; None for a batch without events. Raises Refused or TouchpointsUnavailable."""
        received_at = self._clock.now()
        authorization = encoding = agent = b""
        for name, value in scope["headers"]:
            if name == b"authorization":
                authorization = value
            elif name == b"content-encoding":
                encoding = value
            elif name == b"user-agent":
                agent = value
        key = _basic_key(authorization) if authorization else None
        if key is None and scope["query_string"]:
            key = _query_key(scope["query_string"])
        if key is not None:
            touchpoint = await self._owner(key)  # before the body is read: a stranger costs us little
        plain = self._plain(body, encoding)
        events, oversize, body_key = self._frame(plain, call, key_known=key is not None)
        if key is None:
            if body_key is None:
                raise Refused(
                    401,
                    "write-key-missing",
                    "no write key was sent",
                    hint="send it as the user name of Authorization: Basic, as ?writeKey=, or as writeKey in the body",
                )
            touchpoint = await self._owner(body_key)
        if events == 0:
            return None
        client = scope.get("client")
        headers = segment.Headers(
            call=call,
            encoding="gzip" if plain is not body else "",
            agent=agent[:512].decode("latin-1"),
            ip=client[0] if client else "",
            scopes=dict(touchpoint.scopes),
            event_bytes=self._limits.event_bytes if oversize else 0,
        )
        return NewRecord(received_at, touchpoint.name, segment.PROTOCOL, _encode(headers), body)

    async def _owner(self, key: str) -> Touchpoint:
        touchpoint = self._touchpoints.by_write_key(key)
        if touchpoint is None and isinstance(self._touchpoints, Refreshing):
            await self._touchpoints.refresh()  # a key made a moment ago must not be refused
            touchpoint = self._touchpoints.by_write_key(key)
        if touchpoint is None:
            hint = "copy the write key of a touchpoint; keys that were replaced stop working"
            raise Refused(401, "write-key-unknown", "the write key belongs to no touchpoint", hint=hint)
        return touchpoint

    def _plain(self, body: bytes, encoding: bytes) -> bytes:
        limit = self._limits.batch_bytes
        encoding = encoding.strip().lower()
        if encoding not in (b"", b"identity", b"gzip", b"x-gzip"):
            raise Refused(415, "content-encoding", "the body may be plain or gzip", where="header Content-Encoding")
        if len(body) > limit:
            raise Refused(413, "too-large", f"a request may have {limit:,} bytes at most", hint="send smaller batches")
        if not body.startswith(_GZIP_MAGIC):  # also when a proxy on the way unpacked it and left the header
            return body
        try:
            return gunzip(body, limit)
        except GzipError as error:
            status, code = (413, "too-large") if error.too_large else (400, "gzip")
            raise Refused(status, code, str(error)) from error

    def _frame(self, body: bytes, call: str, *, key_known: bool) -> tuple[int, bool, str | None]:
        """Number of events, whether one of a batch is too large, the write key. Raises Refused."""
        limit = self._limits.event_bytes
        try:
            if call == "batch":
                batch = segment.read_batch(body)
                events = batch.batch
                oversize = len(body) > limit and max(map(len, events), default=0) > limit
                key = batch.writeKey
                if not key and not key_known and events:
                    key = _key_of(events[0])
                return len(events), oversize, key if isinstance(key, str) and key else None
            if len(body) > limit:
                message = f"an event may have {limit:,} bytes at most, this one has {len(body):,}"
                raise Refused(413, "too-large", message)
            key = _strict_key(body)
            return 1, False, key if isinstance(key, str) and key else None
        except UNREADABLE as error:
            raise _malformed(error, call) from error

    async def _settings(self, scope: Scope, send: Send) -> None:
        """The two configurations without which the browser clients send nothing."""
        path = scope["path"]
        key = client_settings.key_in_path(path)
        if key is None:
            authorization = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
            key = _query_key(scope["query_string"]) or _basic_key(authorization)
        try:
            touchpoint = await self._owner(key or "")
        except TouchpointsUnavailable as error:
            await answers.refuse(scope, send, 503, error.code, error.message, hint=error.hint)
        except Refused as refused:
            await answers.refuse(scope, send, 404, refused.code, refused.message, hint=refused.hint)
        else:
            data = client_settings.reply(scope, key or "", touchpoint, self._clock)
            await answers.reply(scope, send, data, headers=[(b"cache-control", b"no-cache")])


@functools.lru_cache(maxsize=1024)
def _basic_key(authorization: bytes) -> str | None:
    """The user name of ``Authorization: Basic``, which is the write key; the password is empty."""
    scheme, _, credentials = authorization.strip().partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        pair = base64.b64decode(credentials.strip()).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return pair.partition(":")[0] or None


def _query_key(query: bytes) -> str | None:
    found = parse_qs(query.decode("latin-1"))
    values = found.get("writeKey") or found.get("write_key")
    return values[0] if values else None


def _key_of(event: msgspec.Raw) -> Any:
    """The key inside an event of a batch, which need not be readable."""
    try:
        return _key(event).writeKey
    except UNREADABLE:
        return None


def _strict_key(body: bytes) -> Any:
    """The key inside a single event; one of UNREADABLE if it is not a JSON object."""
    try:
        return _key(body).writeKey
    except msgspec.ValidationError:
        raise
    except UNREADABLE:
        mended = repair(body)
        if mended is None:
            raise
        return _key(mended).writeKey


def _malformed(error: Exception, call: str) -> Refused:
    """msgspec says the place at the end of its message: ``… (byte 14)`` or ``… - at `$.batch` ``."""
    text = str(error)
    reason, _, place = text.partition(" - at ")
    if not place and text.endswith(")"):
        reason, _, place = text.rstrip(")").rpartition(" (")
    wanted = '{"batch": [...], "sentAt": ...}' if call == "batch" else "one event as a JSON object"
    return Refused(
        400, "malformed", reason or text, where=f"body, {place.strip('`')}" if place else "body", hint=f"send {wanted}"
    )
