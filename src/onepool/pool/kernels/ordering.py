"""Bringing events into the order (customer, time, arrival), and picking those that matter from events in that order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numba
import numpy as np

from onepool.pool.kernels.pattern import I64, U16, U64
from onepool.pool.kernels.threads import lent, share

_SMALL = 24


@dataclass(frozen=True)
class Marked:
    """Events that matter, in order. `customers` are ascending; `rows` says where each event came from."""

    customers: I64
    offsets: I64
    time: I64
    masks: U64
    rows: I64


@numba.njit(cache=True, nogil=True)
def _later(time: I64, seq: I64, a: int, b: int) -> bool:
    return bool(time[a] > time[b] or (time[a] == time[b] and seq[a] > seq[b]))


@numba.njit(cache=True, nogil=True)
def _merge(time: I64, seq: I64, rows: I64, low: int, high: int, spare: I64) -> None:
    """Sort rows[low:high] by (time, seq): runs of a few by insertion, then merged (arrivals are nearly in order)."""
    for first in range(low, high, _SMALL):
        last = min(first + _SMALL, high)
        for p in range(first + 1, last):
            row, at = rows[p], p
            while at > first and _later(time, seq, rows[at - 1], row):
                rows[at] = rows[at - 1]
                at -= 1
            rows[at] = row
    width = _SMALL
    while width < high - low:
        for first in range(low, high, 2 * width):
            middle, last = min(first + width, high), min(first + 2 * width, high)
            if middle >= last or not _later(time, seq, rows[middle - 1], rows[middle]):
                continue
            left, right, to = first, middle, first
            spare[first:last] = rows[first:last]
            while left < middle and right < last:
                if _later(time, seq, spare[left], spare[right]):
                    rows[to] = spare[right]
                    right += 1
                else:
                    rows[to] = spare[left]
                    left += 1
                to += 1
            while left < middle:
                rows[to] = spare[left]
                left += 1
                to += 1
            while right < last:
                rows[to] = spare[right]
                right += 1
                to += 1
        width *= 2


@numba.njit(cache=True, nogil=True)
def _sort_customers(offsets: I64, time: I64, seq: I64, rows: I64, spare: I64, first: int, last: int) -> None:
    for customer in range(first, last):
        if offsets[customer + 1] - offsets[customer] > 1:
            _merge(time, seq, rows, offsets[customer], offsets[customer + 1], spare)


@numba.njit(cache=True, nogil=True)
def _count(customer: I64, low: int, counts: I64) -> None:
    for row in range(customer.size):
        counts[customer[row] - low] += 1


@numba.njit(cache=True, nogil=True)
def _scatter(customer: I64, low: int, ends: I64, rows: I64) -> None:
    """Counting sort; `ends` begins as the place after each customer's last row."""
    for row in range(customer.size - 1, -1, -1):
        place = customer[row] - low
        ends[place] -= 1
        rows[ends[place]] = row


def ordered(customer: I64, time: I64, seq: I64, masks: U64, *, threads: int = 1) -> Marked:
    """Events in any order, brought into (customer, time, seq).

    All four are columns of the same events. Linear in the number of events as long as the customers' numbers are not
    far more than the events; each customer's own events are merged, which is linear where they come nearly in order.
    """
    if customer.size == 0:
        nothing = np.empty(0, np.int64)
        return Marked(nothing, np.zeros(1, np.int64), nothing, np.empty(0, np.uint64), nothing)
    customer, time, seq = lent(customer), lent(time), lent(seq)
    low, high = int(customer.min()), int(customer.max())
    rows = np.empty(customer.size, np.int64)
    if high - low > 64 * customer.size + 1_000_000:
        present, places = np.unique(customer, return_inverse=True)
        counts = np.bincount(places, minlength=present.size).astype(np.int64)
        ends = np.cumsum(counts)
        _scatter(places.astype(np.int64), 0, ends.copy(), rows)
        customers = present
    else:
        counts = np.zeros(high - low + 1, np.int64)
        _count(customer, low, counts)
        ends = np.cumsum(counts)
        _scatter(customer, low, ends.copy(), rows)
        places = np.flatnonzero(counts)
        customers, ends = places + low, ends[places]
    offsets = np.concatenate((np.zeros(1, np.int64), ends))
    spare = np.empty(customer.size, np.int64)
    share(offsets, threads, lambda first, last: _sort_customers(offsets, time, seq, rows, spare, first, last))
    return Marked(customers, offsets, time[rows], masks[rows], rows)


_BLOCK: Final = 64
_BACK: Final = 8
"""How many customers' newest events are fetched ahead, and how far back: eight instants are a line of the cache."""


@numba.njit(cache=True, nogil=True)
def _fetch(begins: I64, ends: I64, codes: U16, time: I64, latest: I64, oldest: int, first: int, last: int) -> int:
    """Touch the newest events of some customers: their memory comes side by side, where a walk waits for each in turn.
    The sum means nothing; it keeps the loads from being left out."""
    near = 0
    for customer in range(first, last):
        begin, end = begins[customer], ends[customer]
        if end > begin and (latest.size == 0 or latest[customer] >= oldest):
            near += time[end - 1] + time[max(begin, end - _BACK)] + codes[end - 1]
    return near


@numba.njit(cache=True, nogil=True)
def pick(
    begins: I64,
    ends_: I64,
    codes: U16,
    marks: U64,
    since: I64,
    oldest: int,
    time: I64,
    latest: I64,
    needs: U64,
    ahead: int,
    first: int,
    last: int,
    whose: I64,
    ends: I64,
    rows: I64,
    times: I64,
    masks: U64,
) -> tuple[int, int]:
    """The events that matter of customers `first` to `last`, who have the rows `begins` to `ends_` each.

    `latest`, of no length: nobody's newest event is known; `since`, of no length: all marked names count from `oldest`
    on. Returns how many customers and events were picked; there is
    room for all of them. See `gather`.
    """
    customers, to = 0, 0
    near = oldest != np.iinfo(np.int64).min
    for customer in range(first, last):
        if near and (customer - first) % _BLOCK == 0:
            # Written where it is written over: nobody was put there yet.
            whose[customers] = _fetch(
                begins, ends_, codes, time, latest, oldest, customer, min(last, customer + _BLOCK)
            )
        if latest.size and latest[customer] < oldest:
            continue
        begin, end = begins[customer], ends_[customer]
        row, there = end, np.uint64(0)
        # From the newest back: what is older than any that matters is never touched. Nothing is written yet, since of
        # most customers nothing is wanted. No branches: which event comes next can't be foretold.
        if since.size:
            while row > begin and time[row - 1] >= oldest:
                row -= 1
                there |= marks[codes[row]] * np.uint64(time[row] >= since[codes[row]])
        else:
            while row > begin and time[row - 1] >= oldest:
                row -= 1
                there |= marks[codes[row]]
        wanted = there != 0 and needs.size == 0
        for need in needs:
            wanted = wanted or there & need == need
        at = end
        while there and not wanted and at > row and time[at - 1] >= ahead:
            at -= 1
            wanted = marks[codes[at]] != 0 and (since.size == 0 or time[at] >= since[codes[at]])
        if not wanted:
            continue
        for at in range(row, end):
            # There is always room for one more.
            mark = marks[codes[at]]
            if since.size:
                mark *= np.uint64(time[at] >= since[codes[at]])
            rows[to], times[to], masks[to] = at, time[at], mark
            to += mark != 0
        whose[customers], ends[customers] = customer, to
        customers += 1
    return customers, to


def oldest_of(marks: U64, since: I64) -> int:
    """The instant before which no event matters, by the marks of each event name and since when it counts."""
    return int(since[marks != 0].min(initial=np.iinfo(np.int64).max))


def gather(
    customers: I64,
    offsets: I64,
    codes: U16,
    time: I64,
    marks: U64,
    *,
    since: I64 | None = None,
    latest: I64 | None = None,
    needs: U64 | None = None,
    ahead: int = np.iinfo(np.int64).max,
    threads: int = 1,
) -> tuple[Marked, I64]:
    """From events in order, those whose event code has a mark: `marks` uint64[codes] are the bits of each event name.

    `since` int64[codes]: older events of that name are left out (None: none is); what is older than all of these costs
    nothing. `latest` int64[customers]: when each one's newest event was, so that nobody else's are touched. `needs`:
    only customers who have all bits of one of these, or an event at `ahead` or later. Returns the events of customers
    who have any, and which customers they are.
    """
    offsets, codes, time, marks = lent(offsets), lent(codes), lent(time), lent(marks)
    if since is None:
        since = np.full(marks.size, np.iinfo(np.int64).min, np.int64)
    oldest = oldest_of(marks, since)
    sinces = np.empty(0, np.int64) if bool((since[marks != 0] == oldest).all()) else lent(since)
    newest = lent(latest) if latest is not None else np.empty(0, np.int64)
    needed = np.empty(0, np.uint64) if needs is None else needs
    found: dict[int, tuple[I64, I64, I64, I64, U64]] = {}

    def work(first: int, last: int) -> None:
        # Most of this is never written to, and memory that nobody writes to costs nothing.
        events = int(offsets[last] - offsets[first])
        whose, ends = np.empty(last - first, np.int64), np.empty(last - first, np.int64)
        rows, times, masks = np.empty(events, np.int64), np.empty(events, np.int64), np.empty(events, np.uint64)
        some, count = pick(
            offsets[:-1], offsets[1:], codes, marks, sinces, oldest, time, newest, needed, ahead, first, last,
            whose, ends, rows, times, masks,
        )  # fmt: skip
        found[first] = whose[:some], ends[:some], rows[:count], times[:count], masks[:count]

    share(offsets, threads, work)
    if not found:
        nothing = np.empty(0, np.int64)
        return Marked(nothing, np.zeros(1, np.int64), nothing, np.empty(0, np.uint64), nothing), nothing
    parts = [found[first] for first in sorted(found)]
    before = np.cumsum([0, *(part[2].size for part in parts)])
    which = np.concatenate([part[0] for part in parts])
    ends = [part[1] + start for part, start in zip(parts, before[:-1], strict=True)]
    rows, times = (np.concatenate([part[number] for part in parts]) for number in (2, 3))
    masks = np.concatenate([part[4] for part in parts])
    return Marked(customers[which], np.concatenate((np.zeros(1, np.int64), *ends)), times, masks, rows), which
