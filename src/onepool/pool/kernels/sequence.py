"""Ordered steps with gaps and absences: is there a chain of events that fits, for every customer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from onepool.pool.kernels.chains import alone, finish, walk
from onepool.pool.kernels.pattern import I64, NEVER, U64, Bools, Found, Pattern
from onepool.pool.kernels.threads import lent, share

_NONE = NEVER


@numba.njit(cache=True, nogil=True)
def _all_there(there: Any, steps: U64) -> bool:
    """Whether there is an event for each step."""
    found = True
    for i in range(steps.size):
        found = found and (there & steps[i]) != 0
    return found


@numba.njit(cache=True, nogil=True)
def _before(offsets: I64, time: I64, masks: U64, at: int, upto: I64, there: U64) -> None:
    for customer in range(upto.size):
        low, high = offsets[customer], offsets[customer + 1]
        while high > low and time[high - 1] >= at:
            high -= 1
        found = np.uint64(0)
        for p in range(low, high):
            found |= masks[p]
        upto[customer], there[customer] = high, found


@dataclass(frozen=True)
class Before:
    """Of each customer, where events at or after an instant begin, and the bits of all before it.

    `events`: of which events that is so: `offsets`, `time` and `masks` as `before` was given them.
    """

    events: tuple[I64, I64, U64]
    at: int
    upto: I64
    there: U64

    def fits(self, events: tuple[I64, I64, U64], at: int) -> bool:
        """Whether it says this of these very arrays, at this instant."""
        return self.at == at and all(mine is given for mine, given in zip(self.events, events, strict=True))


def before(offsets: I64, time: I64, masks: U64, at: int) -> Before:
    """What several sequences at one instant over the same events share."""
    customers = offsets.size - 1
    found = Before((offsets, time, masks), at, np.empty(customers, np.int64), np.empty(customers, np.uint64))
    _before(lent(offsets), lent(time), lent(masks), at, found.upto, found.there)
    return found


@numba.njit(cache=True, nogil=True)
def _search(
    offsets: I64,
    upto: I64,
    present: U64,
    time: I64,
    masks: U64,
    first: int,
    last: int,
    steps: U64,
    least: I64,
    most: I64,
    between: U64,
    after: I64,
    quiet: U64,
    spans: I64,
    span: int,
    start: int,
    end: int,
    at: int,
    every: int,
    holds: Bools,
    until: I64,
    pending: I64,
    ahead: I64,
    seen: Bools,
) -> None:
    largest = 1
    for customer in range(first, last):
        largest = max(largest, offsets[customer + 1] - offsets[customer])
    count_of_steps = steps.size
    best = np.empty((count_of_steps, largest), np.int64)
    back = np.empty((count_of_steps, largest), np.int64)
    queue = np.empty(largest, np.int64)
    over = np.empty(largest, np.int64)
    times = np.empty(largest, np.int64)
    kinds = np.empty(largest, np.uint64)
    wanted = np.uint64(0)
    for i in range(count_of_steps):
        wanted |= steps[i]
    for customer in range(first, last):
        low, high, coming = offsets[customer], upto[customer], offsets[customer + 1]
        holds[customer] = False
        until[customer] = _NONE
        pending[customer] = _NONE
        ahead[customer] = _NONE
        there, known = present[customer], np.uint64(0)
        for p in range(high, coming):
            if masks[p] & every:
                ahead[customer] = time[p]
                known |= masks[p]
                break
        seen[customer] = ((there | known) & wanted) != 0
        if not _all_there(there, steps):
            continue
        if count_of_steps == 1 and after.size <= 1:
            if after.size == 1:
                until[customer], pending[customer] = alone(
                    time, masks, low, high, steps[0], between[1], quiet[0], spans[0], start, end, at
                )
            else:
                until[customer], pending[customer] = alone(
                    time, masks, low, high, steps[0], between[1], np.uint64(0), 0, start, end, at
                )
            holds[customer] = until[customer] != _NONE
            continue
        # Only events of this pattern, and none before its window: no chain begins there, so nothing can break one.
        count, there, begin = 0, np.uint64(0), high
        while begin > low and time[begin - 1] >= start:
            begin -= 1
        for p in range(begin, high):
            if masks[p] & every:
                times[count] = time[p]
                kinds[count] = masks[p]
                there |= masks[p]
                count += 1
        if not _all_there(there, steps):
            continue
        came = walk(
            times,
            kinds,
            0,
            count,
            steps,
            least,
            most,
            between,
            after,
            quiet,
            spans,
            span,
            start,
            end,
            best,
            back,
            queue,
        )
        if came < count_of_steps:
            continue
        until[customer], pending[customer] = finish(
            times,
            kinds,
            0,
            count,
            between[count_of_steps],
            after,
            quiet,
            spans,
            count_of_steps - 1,
            at,
            best[count_of_steps - 1],
            queue,
            over,
        )
        holds[customer] = until[customer] != _NONE


def sequence(
    offsets: I64, time: I64, masks: U64, pattern: Pattern, *, threads: int = 1, known: Before | None = None
) -> Found:
    """Look for the pattern in every customer's events.

    `offsets` int64[customers + 1], `time` int64[events] in microseconds, `masks` uint64[events]; events sorted by
    (customer, time, arrival). Reads are O(steps x events that matter). `known`: as `before` gives it for the pattern's
    instant and these very arrays, where several patterns share it; else it is made anew.
    """
    if known is None or not known.fits((offsets, time, masks), pattern.at):
        known = before(offsets, time, masks, pattern.at)
    customers = offsets.size - 1
    found = Found(
        np.empty(customers, np.bool_),
        np.empty(customers, np.int64),
        np.empty(customers, np.int64),
        np.empty(customers, np.int64),
        np.empty(customers, np.bool_),
    )
    arrays = pattern.arrays()
    every: Any = np.uint64(pattern.every_bit)
    offsets, time, masks = lent(offsets), lent(time), lent(masks)

    def work(first: int, last: int) -> None:
        _search(
            offsets,
            known.upto,
            known.there,
            time,
            masks,
            first,
            last,
            *arrays,
            pattern.span,
            pattern.start,
            pattern.end,
            pattern.at,
            every,
            found.holds,
            found.until,
            found.pending,
            found.ahead,
            found.seen,
        )

    share(offsets, threads, work)
    return found
