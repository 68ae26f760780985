"""The pool of codes of a batch: made, uploaded, taken out of use."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from sqlalchemy import BigInteger, Connection, insert, literal, select, update

from onepool.errors import OnePoolError
from onepool.reach.coupons import figures
from onepool.reach.coupons.among import among, each
from onepool.reach.coupons.model import ALPHABET, Coupon
from onepool.state import State
from onepool.state.coupons import coupon_codes

MOST: Final = 10_000_000
"""Codes that are made or uploaded at a time."""

_CHUNK: Final = 1_000_000
_PORTION: Final = 50_000
"""Codes that are taken in while others wait for the state."""

_CODE: Final = re.compile(r"[\x21-\x7e]{1,64}")
_COLUMNS: Final = ("batch", "code", "status", "loaded")


class CodesError(OnePoolError):
    """Codes can't be made or taken in."""

    code = "coupon-codes"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of a list of codes: taken in; there before (or twice in the list); not usable, with examples."""

    added: int
    duplicates: int
    refused: int
    samples: tuple[str, ...] = ()


def generate(connection: Connection, coupon: Coupon, count: int, at: int) -> int:
    """Make codes ahead, within the stock; how many were made. Raises CodesError."""
    made = coupon.codes.generated
    if made is None:
        raise CodesError("the codes of this batch are not made here", where=coupon.coupon, hint="upload them")
    if not 1 <= count <= MOST:
        raise CodesError(f"between 1 and {MOST:,} codes are made at a time", where="count")
    now = figures.lock(connection, coupon.coupon, at)
    if coupon.stock is not None:
        count = min(count, max(coupon.stock - now.given - now.free, 0))
    for start in range(0, count, _CHUNK):
        _put(connection, coupon.coupon, fresh_codes(connection, coupon, min(_CHUNK, count - start)), at)
    figures.change(connection, coupon.coupon, at, free=count)
    return count


def load(
    state: State, coupon: Coupon, codes: Iterable[str], at: int, done: Callable[[Connection, Loaded], None]
) -> Loaded:
    """Take in a list of codes. Raises CodesError where the batch takes none.

    Nobody waits long for the state: the list is read before, and taken in by portions, each a transaction of its own;
    `done` is called in the last one. A list that broke off is simply given again.
    """
    fresh, told = _read(coupon, codes)
    added = 0
    # An empty list is done too.
    for start in range(0, max(len(fresh), 1), _PORTION):
        with state.write() as connection:
            figures.lock(connection, coupon.coupon, at)
            added += _take(connection, coupon.coupon, fresh[start : start + _PORTION], at)
            if start + _PORTION >= len(fresh):
                done(connection, told(added))
    return told(added)


def _read(coupon: Coupon, codes: Iterable[str]) -> tuple[list[str], Callable[[int], Loaded]]:
    """The different codes of a list, ascending, and what became of the list when so many of them were new."""
    if coupon.codes.uploaded is None:
        raise CodesError(
            "this batch takes no list of codes", where=coupon.coupon, hint="write `codes: {uploaded: true}`"
        )
    wanted: dict[str, None] = {}
    read = refused = 0
    samples: list[str] = []
    for code in codes:
        read += 1
        plain = code.strip()
        if not _CODE.fullmatch(plain):
            refused += 1
            samples += [f"line {read}: 1 to 64 letters, digits or signs are wanted, without blanks"][: 5 - len(samples)]
        else:
            wanted[plain] = None
    found = tuple(samples)
    return sorted(wanted), lambda added: Loaded(added, read - refused - added, refused, found)


def _take(connection: Connection, batch: str, fresh: Sequence[str], at: int) -> int:
    """Put those of the codes into the batch (which is held) that it does not have; how many."""
    added = 0
    for start in range(0, len(fresh), _CHUNK):
        part = fresh[start : start + _CHUNK]
        there = _there(connection, batch, part)
        new = [code for code in part if code not in there]
        _put(connection, batch, new, at)
        added += len(new)
    figures.change(connection, batch, at, free=added)
    return added


def void(connection: Connection, batch: str, codes: Sequence[str] | None, at: int) -> int:
    """Take codes out of use: these, or (None) all that nobody has yet. Redeemed and expired ones stay; how many."""
    figures.lock(connection, batch, at)
    table = coupon_codes.c
    total = 0
    for status in ("free", "issued") if codes is not None else ("free",):
        where = [table.batch == batch, table.status == status]
        if codes is not None:
            where.append(among(connection, table.code, list(codes)))
        count = connection.execute(update(coupon_codes).where(*where).values(status="void")).rowcount
        recalled = count if status == "issued" else 0
        figures.change(connection, batch, at, recalled=recalled, **{status: -count, "void": count})
        total += count
    return total


def fresh_codes(connection: Connection, coupon: Coupon, count: int) -> list[str]:
    """Random codes that the batch does not have yet, ascending: an index takes them in faster by far.

    Each letter is five bits of the system's randomness (ALPHABET has 32). The order gives nothing away: how far the
    next code lies is as open as where any code lies.
    """
    made = coupon.codes.generated
    assert made is not None
    letters = np.frombuffer(ALPHABET.encode(), dtype=np.uint8)
    found: list[str] = []
    while len(found) < count:
        raw = np.frombuffer(os.urandom((count - len(found)) * made.length), dtype=np.uint8) & 31
        drawn = np.unique(letters[raw].view(f"S{made.length}")).astype(f"U{made.length}")
        codes = [made.prefix + code for code in drawn.tolist()]
        there = _there(connection, coupon.coupon, codes)
        if found or there:
            there |= set(found)
            codes = [code for code in codes if code not in there]
        found += codes
    return found


def _put(connection: Connection, batch: str, codes: Sequence[str], at: int) -> None:
    if codes:
        values = each(connection, codes).c.value
        rows = select(literal(batch), values, literal("free"), literal(at, BigInteger))
        connection.execute(insert(coupon_codes).from_select(list(_COLUMNS), rows))


def _there(connection: Connection, batch: str, codes: Sequence[str]) -> set[str]:
    """Those of the codes that the batch has."""
    table = coupon_codes.c
    if connection.execute(select(table.id).where(table.batch == batch).limit(1)).first() is None:
        return set()
    found = connection.execute(select(table.code).where(table.batch == batch, among(connection, table.code, codes)))
    return set(found.scalars())
