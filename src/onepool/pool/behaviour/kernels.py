"""Compiled parts of building and reading the index. Arrays only; they let go of the interpreter while they run."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np


def _compiled(function: Any) -> Any:
    return numba.njit(cache=True, nogil=True)(function)


@_compiled
def count(slots: Any, counts: Any) -> None:
    """Add up how many rows each slot has."""
    for i in range(slots.size):
        counts[slots[i]] += 1


@_compiled
def scatter(slots: Any, first: int, last: int, base: int, filled: Any, given: Any, to: Any) -> None:
    """Put the rows of the slots in [first, last) behind those that the slots have; `filled` says where (from `base`).

    `given`: the rows' times, seqs and table rows; `to`: the three arrays that take them.
    """
    times, seqs, rows = given
    time_to, seq_to, row_to = to
    for i in range(slots.size):
        slot = slots[i]
        if first <= slot < last:
            at = filled[slot] - base
            filled[slot] += 1
            time_to[at] = times[i]
            seq_to[at] = seqs[i]
            row_to[at] = rows[i]


@_compiled
def order(offsets: Any, first: int, last: int, base: int, times: Any, seqs: Any, rows: Any) -> None:
    """Order the rows of each slot in [first, last) by (time, seq), in place."""
    for slot in range(first, last):
        start, end = offsets[slot] - base, offsets[slot + 1] - base
        if end - start > 64:
            tidy = True
            for i in range(start + 1, end):
                if times[i] < times[i - 1]:
                    tidy = False
                    break
            if not tidy:
                by = np.argsort(times[start:end], kind="mergesort")
                times[start:end] = times[start:end][by]
                seqs[start:end] = seqs[start:end][by]
                rows[start:end] = rows[start:end][by]
        # Few rows, and those of equal time by arrival; what is in order already costs one comparison each.
        for i in range(start + 1, end):
            time, seq, row = times[i], seqs[i], rows[i]
            j = i - 1
            while j >= start and (times[j] > time or (times[j] == time and seqs[j] > seq)):
                times[j + 1], seqs[j + 1], rows[j + 1] = times[j], seqs[j], rows[j]
                j -= 1
            times[j + 1], seqs[j + 1], rows[j + 1] = time, seq, row


@_compiled
def place(rows: Any, base: int, places: Any) -> None:
    """Note at which place each row of the table lies."""
    for i in range(rows.size):
        places[rows[i]] = base + i


@_compiled
def spread(places: Any, rows: Any, first: int, last: int, values: Any, to: Any) -> None:
    """Put the values of table rows at their places, where those are in [first, last)."""
    for i in range(rows.size):
        at = places[rows[i]]
        if first <= at < last:
            to[at - first] = values[i]


@_compiled
def ranges(starts: Any, ends: Any, rows: Any, which: Any) -> None:
    """Write out ranges of rows: `rows` gets each row, `which` the number of its range."""
    at = 0
    for i in range(starts.size):
        for row in range(starts[i], ends[i]):
            rows[at] = row
            which[at] = i
            at += 1
