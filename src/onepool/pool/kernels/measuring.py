"""Measures of each customer over events in customer order.

A *selection* is some rows of events, in order, with `starts` int64[customers + 1]: customer n has the rows `starts[n]`
to `starts[n + 1]`. Because a customer's rows lie in order of time, a window over them is a range of rows: what is
counted, the first and the last of a window cost two places per customer, whatever the window, and nothing per row.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

I16 = npt.NDArray[np.int16]
I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LATEST = np.iinfo(np.int64).max
"""An instant after all others: where there is none."""
EARLIEST = np.iinfo(np.int64).min
"""An instant before all others."""


@numba.njit(cache=True, nogil=True)
def found(known: I64, offsets: I64, customers: I64, begins: I64, ends: I64) -> None:
    """From where to where some customers have rows. `known` and `customers` ascend; who is not known has none."""
    at, count = 0, known.size
    for place in range(customers.size):
        while at < count and known[at] < customers[place]:
            at += 1
        begins[place] = ends[place] = offsets[at]
        if at < count and known[at] == customers[place]:
            ends[place] = offsets[at + 1]


@numba.njit(cache=True, nogil=True)
def sizes(begins: I64, ends: I64, codes: Any, time: I64, family: I16, since: I64, kinds: I16, starts: I64) -> None:
    """How many events of each family each customer has: `starts[f, n + 1]`; the events of none are family 0.

    `begins`, `ends` int64[customers]: from where to where each has events in `codes` and `time`, one behind the other;
    `family` int16[codes]: of which family each code is (0: none that matters); `since` int64[codes]: older events do
    not matter. `kinds` int16[events]: filled with the family of each event.
    """
    # No branches: which family comes next can't be foretold.
    for customer in range(begins.size):
        for row in range(begins[customer], ends[customer]):
            code = codes[row]
            which = family[code] * (time[row] >= since[code])
            kinds[row - begins[0]] = which
            starts[which, customer + 1] += 1


@numba.njit(cache=True, nogil=True)
def split(first: int, kinds: I16, time: I64, at: I64, rows: I64, times: I64) -> None:
    """The rows of each family and their times, in order, of the events from row number `first` on.

    `kinds`: as `sizes` gave them; `at` int64[families + 1]: where each one's rows begin in `rows`; moved on. There is
    one place more in `rows` and `times`, at `at[0]`, for the events of none.
    """
    for place in range(kinds.size):
        which = kinds[place]
        to = at[which]
        rows[to] = first + place
        times[to] = time[first + place]
        at[which] = to + (which > 0)


@numba.njit(cache=True, nogil=True)
def kept(starts: I64, keep: Bools, rows: I64, time: I64, into: I64, some: I64, times: I64) -> None:
    """Only the rows to keep, with their times, and where each customer's begin then. `some` and `times` have one place
    more than there are such rows."""
    count = 0
    for customer in range(starts.size - 1):
        into[customer] = count
        for row in range(starts[customer], starts[customer + 1]):
            some[count] = rows[row]
            times[count] = time[row]
            count += keep[row]
    into[starts.size - 1] = count


@numba.njit(cache=True, nogil=True)
def recent(starts: I64, time: I64, since: int, rows: I64, into: I64, some: I64, times: I64) -> int:
    """Only the rows from an instant on, with their times, and where each customer's begin then. Returns how many;
    `some` and `times` have room for one more."""
    count = 0
    for customer in range(starts.size - 1):
        into[customer] = count
        for row in range(starts[customer], starts[customer + 1]):
            some[count] = rows[row]
            times[count] = time[row]
            count += time[row] >= since
    into[starts.size - 1] = count
    return count


@numba.njit(cache=True, nogil=True)
def windows(starts: I64, time: I64, instants: I64, whose: I64, ends: I64, into: I64) -> int:
    """Which customers have rows from the first instant on, up to where, and the first of their rows at or after each
    instant: `into[instant, place]`. `instants` ascend; there is one at least.

    Returns how many; behind them is an empty range.
    """
    many, count = instants.size, 0
    older = np.empty(many, np.int64)
    for customer in range(starts.size - 1):
        begin, last = starts[customer], starts[customer + 1]
        if begin == last or time[last - 1] < instants[0]:
            continue
        # No branches: where a window begins among a few rows can't be foretold.
        older[:] = begin
        for row in range(begin, last):
            now = time[row]
            for number in range(many):
                older[number] += now < instants[number]
        for number in range(many):
            into[number, count] = older[number]
        whose[count], ends[count] = customer, last
        count += 1
    ends[count] = 0
    into[:, count] = 0
    return count


@numba.njit(cache=True, nogil=True)
def sooner(soonest: I64, instants: I64, missing: Bools) -> None:
    """The earlier of two, of those instants that are there."""
    for place in range(soonest.size):
        if not missing[place] and instants[place] < soonest[place]:
            soonest[place] = instants[place]


@numba.njit(cache=True, nogil=True)
def oldest(first: I64, last: I64, time: I64, into: I64) -> None:
    """The time of the first row of a range, LATEST where it has none. Behind the last row of `time` there is memory."""
    for customer in range(first.size):
        # Read in any case: whether a range has rows can't be foretold.
        here = time[first[customer]]
        into[customer] = here if first[customer] < last[customer] else LATEST


@numba.njit(cache=True, nogil=True)
def newest(first: I64, last: I64, time: I64, into: I64) -> None:
    """The time of the last row of a range, LATEST where it has none."""
    for customer in range(first.size):
        here = time[max(last[customer] - 1, 0)]
        into[customer] = here if first[customer] < last[customer] else LATEST


@numba.njit(cache=True, nogil=True)
def total(first: I64, last: I64, value: I64, into: I64) -> None:
    """The sum of whole numbers; the caller makes sure that it fits."""
    for customer in range(first.size):
        found = 0
        for row in range(first[customer], last[customer]):
            found += value[row]
        into[customer] = found


@numba.njit(cache=True, nogil=True)
def least(first: I64, last: I64, value: Any, into: Any) -> None:
    """The smallest value, nothing certain where the range has no row."""
    for customer in range(first.size):
        for row in range(first[customer], last[customer]):
            if row == first[customer] or value[row] < into[customer]:
                into[customer] = value[row]


@numba.njit(cache=True, nogil=True)
def greatest(first: I64, last: I64, value: Any, into: Any) -> None:
    """The largest value, nothing certain where the range has no row."""
    for customer in range(first.size):
        for row in range(first[customer], last[customer]):
            if row == first[customer] or value[row] > into[customer]:
                into[customer] = value[row]


@numba.njit(cache=True, nogil=True)
def different(first: I64, last: I64, code: Any, stamps: I64, into: I64) -> None:
    """How many different codes. `stamps` int64[codes], at first below 0, is scratch."""
    for customer in range(first.size):
        found = 0
        for row in range(first[customer], last[customer]):
            if stamps[code[row]] != customer:
                stamps[code[row]] = customer
                found += 1
        into[customer] = found
