"""Rows of a table that hold the same numbers, found in one pass."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from onepool.identity.matching.threads import each

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Small = npt.NDArray[np.int32]
#: rows among which equal ones are looked for
_PART = 1_000_000


def same_rows(rows: Floats) -> tuple[Small, Ints]:
    """Group of each row (equal numbers: the same group, by order of appearance), and the first row of each group.

    Rows far apart are looked at side by side: equal ones of different parts are of different groups."""
    bits = np.ascontiguousarray(rows, dtype=np.float32).view(np.uint32)
    group = np.empty(len(rows), dtype=np.int32)

    def part(start: int) -> Ints:
        some, own = bits[start : start + _PART], group[start : start + _PART]
        first = np.empty(len(some), dtype=np.int64)
        slots = np.full(1 << max(4, (2 * len(some) - 1).bit_length()), -1, dtype=np.int32)
        return first[: _groups(some, slots, own, first)] + start

    firsts = each(part, range(0, len(rows), _PART))
    before = 0
    for number, found in enumerate(firsts):
        if before:
            group[number * _PART : (number + 1) * _PART] += before
        before += len(found)
    return group, np.concatenate([np.empty(0, dtype=np.int64), *firsts])


@numba.njit(cache=True, nogil=True)
def _groups(bits: npt.NDArray[np.uint32], slots: Small, group: Small, first: Ints) -> int:
    """Open addressing over a hash of each row (multiply and shift); how many groups there are."""
    found = 0
    mask = np.uint64(len(slots) - 1)
    for row in range(len(bits)):
        key = np.uint64(0x9E3779B97F4A7C15)
        for column in range(bits.shape[1]):
            key = (key ^ np.uint64(bits[row, column])) * np.uint64(0xBF58476D1CE4E5B9)
            key ^= key >> np.uint64(29)
        at = key & mask
        while True:
            known = slots[at]
            if known < 0:
                slots[at], group[row], first[found] = found, found, row
                found += 1
                break
            same = True
            for column in range(bits.shape[1]):
                if bits[first[known], column] != bits[row, column]:
                    same = False
                    break
            if same:
                group[row] = known
                break
            at = (at + np.uint64(1)) & mask
    return found
