"""What the way in of a protocol without a header of its own for the write key tells the collector.

Their keys stand in the address or inside the records; what is logged is the request as it came, and one log record per
touchpoint if the records of one request belong to several.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec
from starlette.types import Scope, Send

from onepool.collect.touchpoint import Touchpoint


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

    protocol: str
    methods: frozenset[str]

    def leads(self, path: str) -> bool:
        """Whether the path is one of this protocol's."""
        ...

    def parcel(self, scope: Scope, body: bytes) -> Parcel:
        """The request as a parcel; raises Refused."""
        ...

    async def accepted(self, scope: Scope, send: Send) -> None:
        """The answer that makes the client forget what it sent."""
        ...
