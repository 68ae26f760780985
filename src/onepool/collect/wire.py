"""Bytes on the wire: bounded unpacking, and JSON as real clients write it."""

from __future__ import annotations

import json
import re
import zlib
from typing import Final

import msgspec

UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises on bytes that are not the JSON asked for."""

MEMBERS: Final = 1000
"""More gzip members than this are no honest body: each costs an unpacker."""

_LONE_SURROGATES: Final = re.compile("[\ud800-\udfff]")


class GzipError(Exception):
    """The body is said to be gzip and is not, or it unpacks to more than the limit."""

    def __init__(self, message: str, *, too_large: bool = False) -> None:
        super().__init__(message)
        self.too_large = too_large


def gunzip(packed: bytes, limit: int) -> bytes:
    """Unpacks gzip, of one or more members (RFC 1952), never making more than ``limit`` + 1 bytes. Raises GzipError."""
    members: list[bytes] = []
    size, rest = 0, packed
    while True:
        unpacker = zlib.decompressobj(wbits=31)
        try:
            plain = unpacker.decompress(rest, limit + 1 - size)
        except zlib.error as error:
            raise GzipError(f"the body is not valid gzip: {error}") from error
        size += len(plain)
        if size > limit:
            raise GzipError(f"the body unpacks to more than {limit:,} bytes", too_large=True)
        if not unpacker.eof:
            raise GzipError("the gzip body ends too early")
        members.append(plain)
        # Padding after the last member is no part of it; a member is never shorter than its header and trailer.
        rest = unpacker.unused_data.lstrip(b"\0")
        if not rest:
            return members[0] if len(members) == 1 else b"".join(members)
        if len(members) == MEMBERS:
            raise GzipError(f"the gzip body has more than {MEMBERS} members")


def repair(body: bytes) -> bytes | None:
    """Strict JSON from what some clients take for JSON, or None if it is beyond that.

    Python's encoder writes NaN and Infinity (they become null); browsers write half of an emoji, cut by a length limit,
    as a lone surrogate (it becomes U+FFFD). Refusing those would lose the other events of the batch.
    """
    try:
        value = json.loads(body, parse_constant=lambda name: None)
        text = json.dumps(value, ensure_ascii=False)
    except (ValueError, RecursionError):
        return None
    return _LONE_SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text).encode()
