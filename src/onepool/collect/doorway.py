"""What all ways in share: limits, figures, reading a body, saying no.

And what the way in of a protocol without a header of its own for the write key tells the collector: such keys stand in
the address or inside the records. What is logged is the request as it came, and one log record per touchpoint if the
records of one request belong to several.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec
from starlette.types import Receive, Scope, Send

from onepool.collect import answers
from onepool.collect.group_commit import Overloaded
from onepool.collect.log import LogUnavailable, NewRecord
from onepool.collect.touchpoint import Touchpoint, TouchpointsUnavailable

_DRAINED_BYTES: Final = 16 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a request may be, unpacked, in bytes; a larger batch or single event is answered 413.

    One larger event inside a batch does not cost the others: the batch is taken and that event is quarantined.
    ``form_bytes`` is for protocols whose clients send a hundred events as base64 in a form, as it arrives.
    """

    batch_bytes: int = 500 * 1024
    event_bytes: int = 32 * 1024
    form_bytes: int = 2 << 20


class LogWriter(Protocol):
    """What the collection path needs of GroupCommit."""

    @property
    def trouble(self) -> LogUnavailable | None: ...

    @property
    def queued(self) -> int: ...

    def append(self, record: NewRecord) -> Awaitable[int]: ...


@dataclass(slots=True)
class IntakeFigures:
    """Requests since the start by how they ended, for metrics."""

    accepted: int = 0
    accepted_bytes: int = 0
    unauthorized: int = 0
    malformed: int = 0
    too_large: int = 0
    unavailable: int = 0

    def refused(self, status: int) -> None:
        """Counts a request answered with this status."""
        if status == 401:
            self.unauthorized += 1
        elif status == 413:
            self.too_large += 1
        elif status == 503:
            self.unavailable += 1
        else:
            self.malformed += 1


class Refused(Exception):
    """A request that is not taken: the HTTP status, a stable code, and words for whoever sent it."""

    def __init__(
        self, status: int, code: str, message: str, *, where: str | None = None, hint: str | None = None
    ) -> None:
        self.status = status
        self.code = code
        self.message = message
        self.where = where
        self.hint = hint


async def refuse(
    scope: Scope,
    send: Send,
    error: Refused | LogUnavailable | Overloaded | TouchpointsUnavailable,
    figures: IntakeFigures,
) -> None:
    """Answers that nothing was stored, and why."""
    if isinstance(error, Refused):
        figures.refused(error.status)
        await answers.refuse(scope, send, error.status, error.code, error.message, where=error.where, hint=error.hint)
    else:
        figures.refused(503)
        # The reason (a path on our disk) is for the operator's log, not for any sender.
        await answers.refuse(scope, send, 503, error.code, "nothing was stored; send it again", hint=error.hint)


async def read_body(receive: Receive, limit: int) -> bytes | None:
    """The raw body; None if the client went away. Of more than ``limit`` bytes one more than it comes back.

    Too much is read and thrown away, so that the answer arrives.
    """
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        return bytes(message["body"])
    chunks: list[bytes] = []
    size = 0
    while message["type"] == "http.request":
        size += len(message["body"])
        if size <= limit + 1:
            chunks.append(message["body"])
        elif size > _DRAINED_BYTES:
            break
        if not message.get("more_body"):
            break
        message = await receive()
    else:
        return None
    return b"".join(chunks) if size <= limit + 1 else bytes(limit + 1)


class Parcel(msgspec.Struct):
    """One request.

    ``keys``: texts of the address that may be a write key, the most trusted first. ``inside``: the same of each record
    in the body, asked only if none of ``keys`` is one; it never raises. ``headers``: the log record's headers for a
    touchpoint and the numbers of the records that are its own (None: all). ``check``: whoever sent it wants to know
    what is wrong with it at once. ``keep``: whether it is to be logged.
    """

    body: bytes
    keys: list[str]
    inside: Callable[[], list[list[str]]]
    headers: Callable[[Touchpoint, list[int] | None], bytes]
    check: bool = False
    keep: bool = True


class Door(Protocol):
    """The way in of one protocol."""

    @property
    def protocol(self) -> str:
        """Its name in log records."""
        ...

    @property
    def methods(self) -> frozenset[str]:
        """HTTP methods that its clients send events with."""
        ...

    def leads(self, path: str) -> bool:
        """Whether the path is one of this protocol's."""
        ...

    def parcel(self, scope: Scope, body: bytes) -> Parcel:
        """The request as a parcel; raises Refused."""
        ...

    async def accepted(self, scope: Scope, send: Send) -> None:
        """The answer that makes the client forget what it sent."""
        ...
