"""Compiled hash tables over integer arrays: a set of 64-bit hashes and a map from 128-bit keys to ids.

Open addressing with linear probing, grown at 60 % load. Both hold what a database also holds; they exist because
looking up a batch of ten thousand keys must cost microseconds, not a scan.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]

_LOAD = 0.6


@numba.njit(cache=True)
def _set_add(slots, keys):  # type: ignore[no-untyped-def]
    mask = np.uint64(slots.size - 1)
    added = 0
    for i in range(keys.size):
        key = keys[i]
        at = (key ^ (key >> np.uint64(32))) & mask
        while slots[at] != 0 and slots[at] != key:
            at = (at + np.uint64(1)) & mask
        if slots[at] == 0:
            slots[at] = key
            added += 1
    return added


@numba.njit(cache=True)
def _set_find(slots, keys, out):  # type: ignore[no-untyped-def]
    mask = np.uint64(slots.size - 1)
    for i in range(keys.size):
        key = keys[i]
        at = (key ^ (key >> np.uint64(32))) & mask
        while slots[at] != 0 and slots[at] != key:
            at = (at + np.uint64(1)) & mask
        out[i] = slots[at] == key


@numba.njit(cache=True)
def _map_put(high, low, values, keys, new):  # type: ignore[no-untyped-def]
    mask = np.uint64(values.size - 1)
    for i in range(new.size):
        at = keys[i, 0] & mask
        while values[at] >= 0 and not (high[at] == keys[i, 0] and low[at] == keys[i, 1]):
            at = (at + np.uint64(1)) & mask
        high[at] = keys[i, 0]
        low[at] = keys[i, 1]
        values[at] = new[i]


@numba.njit(cache=True)
def _map_get(high, low, values, keys, out):  # type: ignore[no-untyped-def]
    mask = np.uint64(values.size - 1)
    for i in range(out.size):
        at = keys[i, 0] & mask
        while values[at] >= 0 and not (high[at] == keys[i, 0] and low[at] == keys[i, 1]):
            at = (at + np.uint64(1)) & mask
        out[i] = values[at]


class HashSet:
    """A set of 64-bit hashes. A miss is certain; a hit may (about once in 2**64 / size) be another key."""

    def __init__(self, capacity: int = 1 << 12) -> None:
        self._slots: U64 = np.zeros(_size(capacity), np.uint64)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, hashes: U64) -> None:
        """Add hashes of shape (n,)."""
        if (self._count + hashes.size) > self._slots.size * _LOAD:
            old = self._slots[self._slots != 0]
            self._slots = np.zeros(_size(self._count + hashes.size), np.uint64)
            _set_add(self._slots, old)
        self._count += int(_set_add(self._slots, _nonzero(hashes)))

    def find(self, hashes: U64) -> npt.NDArray[np.bool_]:
        """Which of the hashes of shape (n,) are in the set."""
        out = np.zeros(hashes.size, np.bool_)
        _set_find(self._slots, _nonzero(hashes), out)
        return out


class KeyMap:
    """A map from 128-bit keys, as uint64 arrays of shape (n, 2), to non-negative ids."""

    def __init__(self, capacity: int = 1 << 12) -> None:
        self._allocate(_size(capacity))
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def put(self, keys: U64, ids: I64) -> None:
        """Store ids of shape (n,) under keys that are not in the map yet."""
        if (self._count + ids.size) > self._values.size * _LOAD:
            used = self._values >= 0
            old_keys = np.stack([self._high[used], self._low[used]], axis=1)
            old_ids = self._values[used]
            self._allocate(_size(self._count + ids.size))
            _map_put(self._high, self._low, self._values, old_keys, old_ids)
        _map_put(self._high, self._low, self._values, keys, ids)
        self._count += ids.size

    def get(self, keys: U64) -> I64:
        """The id of each key, -1 where it is unknown."""
        out = np.full(len(keys), -1, np.int64)
        _map_get(self._high, self._low, self._values, keys, out)
        return out

    def _allocate(self, size: int) -> None:
        self._high: U64 = np.zeros(size, np.uint64)
        self._low: U64 = np.zeros(size, np.uint64)
        self._values: I64 = np.full(size, -1, np.int64)


def _size(entries: int) -> int:
    """A power of two with room for twice the entries at the load limit."""
    return 1 << max(12, int(entries * 2 / _LOAD).bit_length())


def _nonzero(hashes: U64) -> U64:
    # Zero marks an empty slot.
    return np.where(hashes == 0, np.uint64(1), hashes).astype(np.uint64)
