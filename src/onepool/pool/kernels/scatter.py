"""Aggregates of rows in any order into one place per customer.

Each function takes rows (`slot` int32[rows]: the customer's place, below 0 for rows of nobody; `keep` uint8[rows]:
which rows count) and changes its answer (one value per place) in one pass. `keep` of no length: all rows count.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]

ALL: U8 = np.empty(0, np.uint8)


@numba.njit(cache=True, nogil=True)
def seen(slot: I32, keep: U8, into: U8) -> None:
    """Mark the places that have a row."""
    some = keep.size > 0
    for row in range(slot.size):
        place = slot[row]
        if place >= 0 and (not some or keep[row]):
            into[place] = 1


@numba.njit(cache=True, nogil=True)
def count(slot: I32, keep: U8, into: I64) -> None:
    """Count the rows of each place."""
    some = keep.size > 0
    for row in range(slot.size):
        place = slot[row]
        if place >= 0 and (not some or keep[row]):
            into[place] += 1


@numba.njit(cache=True, nogil=True)
def total(slot: I32, keep: U8, value: I64, into: I64, there: U8) -> None:
    """Sum whole numbers; the caller makes sure that they fit."""
    some = keep.size > 0
    for row in range(slot.size):
        place = slot[row]
        if place >= 0 and (not some or keep[row]):
            into[place] += value[row]
            there[place] = 1


@numba.njit(cache=True, nogil=True)
def least(slot: I32, keep: U8, value: Any, into: Any, there: U8) -> None:
    """The smallest value of each place."""
    some = keep.size > 0
    for row in range(slot.size):
        place = slot[row]
        if place >= 0 and (not some or keep[row]) and (not there[place] or value[row] < into[place]):
            into[place] = value[row]
            there[place] = 1


@numba.njit(cache=True, nogil=True)
def greatest(slot: I32, keep: U8, value: Any, into: Any, there: U8) -> None:
    """The largest value of each place."""
    some = keep.size > 0
    for row in range(slot.size):
        place = slot[row]
        if place >= 0 and (not some or keep[row]) and (not there[place] or value[row] > into[place]):
            into[place] = value[row]
            there[place] = 1


@numba.njit(cache=True, nogil=True)
def latest(
    slot: I32, time: I64, seq: I64, code: I32, at: int, into_time: I64, into_seq: I64, into: I32, ahead: I64
) -> None:
    """The code of the latest row of each place, by (time, seq), of those up to an instant, and the earliest time of
    those after it. `into_time` and `into_seq` begin before, `ahead` after all of them."""
    for row in range(slot.size):
        place, when = slot[row], time[row]
        if place < 0:
            continue
        if when > at:
            ahead[place] = min(ahead[place], when)
        elif when > into_time[place] or (when == into_time[place] and seq[row] > into_seq[place]):
            into_time[place], into_seq[place], into[place] = when, seq[row], code[row]
