"""Unpacking what comes gzipped."""

from __future__ import annotations

import gzip

import pytest

from onepool.collect.wire import MEMBERS, GzipError, gunzip


def test_all_members_of_a_gzip_body_are_read() -> None:
    """RFC 1952, 2.2: a file is a series of members, and unpacks to all of them joined."""
    parts = [b'{"batch":[', b"1,2", b"]}"]
    packed = b"".join(gzip.compress(part, mtime=0) for part in parts)
    assert gunzip(packed, 1 << 10) == b"".join(parts)
    assert gunzip(packed + b"\0" * 9, 1 << 10) == b"".join(parts)


@pytest.mark.parametrize(
    ("body", "large"),
    [
        (gzip.compress(b"x" * 60, mtime=0) * 2, True),
        (gzip.compress(b"x", mtime=0) + b"rest", False),
        (gzip.compress(b"x", mtime=0) + gzip.compress(b"y", mtime=0)[:-3], False),
        (gzip.compress(b"", mtime=0) * (MEMBERS + 1), False),
    ],
    ids=["together too large", "no member", "cut", "endless members"],
)
def test_what_is_not_whole_or_too_large_is_refused(body: bytes, large: bool) -> None:
    with pytest.raises(GzipError) as told:
        gunzip(body, 100)
    assert told.value.too_large == large
