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
I32 = npt.NDArray[np.int32]

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
def _map_put(slots, keys, new):  # type: ignore[no-untyped-def]
    mask = np.uint64(slots.size - 1)
    for i in range(new.size):
        at = keys[new[i], 0] & mask
        while slots[at] >= 0:
            at = (at + np.uint64(1)) & mask
        slots[at] = new[i]


@numba.njit(cache=True)
def _map_get(slots, keys, wanted, out):  # type: ignore[no-untyped-def]
    mask = np.uint64(slots.size - 1)
    for i in range(out.size):
        high, low = wanted[i, 0], wanted[i, 1]
        at = high & mask
        found = slots[at]
        while found >= 0 and not (keys[found, 0] == high and keys[found, 1] == low):
            at = (at + np.uint64(1)) & mask
            found = slots[at]
        out[i] = found


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
    """A map from 128-bit keys, as uint64 arrays of shape (n, 2), to ids below 2**31.

    Keys lie by id, so ids should have few gaps: 16 bytes for each id up to the greatest, and 4 for each slot.
    """

    def __init__(self, capacity: int = 1 << 12) -> None:
        self._keys: U64 = np.zeros((capacity, 2), np.uint64)
        self._slots: I32 = np.full(_size(capacity), -1, np.int32)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def reserve(self, size: int) -> None:
        """Have room for ids below `size`, so that it is not made little by little."""
        if size > len(self._keys):
            keys = np.zeros((size, 2), np.uint64)
            keys[: len(self._keys)] = self._keys
            self._keys = keys
        if size > self._slots.size * _LOAD:
            ids = np.sort(self._slots[self._slots >= 0]).astype(np.int64)
            self._slots = np.full(_least(size), -1, np.int32)
            _map_put(self._slots, self._keys, ids)

    def put(self, keys: U64, ids: I64) -> None:
        """Store ids of shape (n,), each once, under keys that are not in the map yet."""
        if ids.size == 0:
            return
        most = int(ids.max()) + 1
        if most > len(self._keys):
            self.reserve(max(most, 2 * len(self._keys)))
        elif (self._count + ids.size) > self._slots.size * _LOAD:
            self.reserve(max(len(self._keys), 2 * self._count))
        self._keys[ids] = keys
        _map_put(self._slots, self._keys, ids)
        self._count += ids.size

    def get(self, keys: U64) -> I64:
        """The id of each key, -1 where it is unknown."""
        out = np.full(len(keys), -1, np.int64)
        _map_get(self._slots, self._keys, keys, out)
        return out


def _size(entries: int) -> int:
    """A power of two with room for twice the entries at the load limit."""
    return 1 << max(12, int(entries * 2 / _LOAD).bit_length())


def _least(entries: int) -> int:
    """The least power of two that holds so many entries at the load limit."""
    return 1 << max(12, int(entries / _LOAD).bit_length())


def _nonzero(hashes: U64) -> U64:
    # Zero marks an empty slot.
    return np.where(hashes == 0, np.uint64(1), hashes).astype(np.uint64)
