"""Hashes that decide: keys of messages, buckets of customers. The same on every machine and in every edition.

Texts are hashed by BLAKE2b (8 bytes, little endian); numbers are mixed by the finaliser of SplitMix64 (Steele, Lea and
Flood, "Fast splittable pseudorandom number generators", 2014), whole columns at a time.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

I64: TypeAlias = npt.NDArray[np.int64]
U64: TypeAlias = npt.NDArray[np.uint64]
Part: TypeAlias = "str | int | I64 | U64"

BUCKETS: Final = 10_000

_PLACE: Final = 43
_PLACES: Final = (1 << 20) - 1

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)
_SHARE: Final = np.uint64(BUCKETS)


@lru_cache(maxsize=4096)
def of_text(text: str) -> int:
    """64 bits of a text."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def key(*parts: Part) -> I64:
    """63 bits (never negative) of the parts in their order, for each row; single parts stand for every row."""
    return (_mixed(parts) >> np.uint64(1)).astype(np.int64)


def distinct(values: I64) -> I64:
    """Each value once, ascending: a plain sort, several times faster on large columns than `np.unique`. Columns that
    are alike throughout, or ascend already, cost a look."""
    if values.size < 2:
        return values.copy()
    if values[0] == values[-1] and (values == values[0]).all():
        return values[:1].copy()
    if (values[1:] > values[:-1]).all():
        return values.copy()
    ordered = np.sort(values)
    return ordered[np.r_[True, ordered[1:] != ordered[:-1]]]


def among_ordered(values: I64, ordered: I64) -> npt.NDArray[np.bool_]:
    """Whether each value is among ascending ones: a search, several times faster on large columns than `np.isin`."""
    if ordered.size == 0:
        return np.zeros(values.size, np.bool_)
    found: npt.NDArray[np.bool_] = ordered[np.minimum(np.searchsorted(ordered, values), ordered.size - 1)] == values
    return found


def near(places: I64, hashes: I64) -> I64:
    """63 bits of which the upper 20 are the lowest of `places`, the rest of `hashes`.

    Keys of customers whose numbers lie side by side lie side by side too: what concerns a million customers at once
    is written from one end of a table to the other, not all over it. Two keys of one customer
    meet with a chance of 2**-43; of customers whose numbers differ in the lowest 20 bits, never.
    """
    return ((places & _PLACES) << _PLACE) | (hashes & ((1 << _PLACE) - 1))


def beside(others: I64, hashes: I64) -> I64:
    """Keys that lie where others made by `near` lie."""
    return near(others >> _PLACE, hashes)


def bucket(salt: str, customers: I64) -> I64:
    """The bucket (0 to 9,999) of each customer under a salt: hold-outs, splits, global control."""
    return (_mixed(("bucket", salt, customers)) % _SHARE).astype(np.int64)


def _mixed(parts: tuple[Part, ...]) -> U64:
    found = np.zeros(1, np.uint64)
    for part in parts:
        value = np.uint64(of_text(part)) if isinstance(part, str) else _bits(part)
        with np.errstate(over="ignore"):
            found = _final((found ^ value) + _GOLDEN)
    return found


def _bits(part: int | I64 | U64) -> U64:
    if isinstance(part, int):
        return np.array([part & 0xFFFFFFFFFFFFFFFF], np.uint64)
    return np.ascontiguousarray(part).view(np.uint64)


def _final(value: U64) -> U64:
    value = (value ^ (value >> np.uint64(30))) * _FIRST
    value = (value ^ (value >> np.uint64(27))) * _SECOND
    mixed: U64 = value ^ (value >> np.uint64(31))
    return mixed
