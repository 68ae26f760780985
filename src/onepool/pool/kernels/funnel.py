"""The ordered funnel: how many steps each customer made in order within a window from the first one.

The rules are those of ClickHouse's `windowFunnel` in its default mode: other events may lie between, every first step
is an entry and the longest chain counts, both ends of the window are included. Events of the same instant are taken
in the order of their arrival, and one event is one step of a chain at most. For each level only the latest entry that
came so far has to be known, so the cost is linear in the events that matter, however many steps there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numba
import numpy as np

from onepool.pool.kernels.pattern import ALWAYS, I64, NEVER, U8, U16, U64, Bools
from onepool.pool.kernels.threads import lent, ranges, share

_NONE = NEVER
_NO_MASKS = np.empty(0, np.uint64)
_NO_CODES = np.empty(0, np.uint16)
_NOBODY = np.empty(0, np.bool_)


@dataclass(frozen=True)
class Funnel:
    """`levels` uint8[customers]: steps made (0: no entry). `reached` int64[groups, steps]: customers who made at least
    that many steps (`reached[:, 0]`: entered), per group."""

    levels: U8
    reached: I64


@numba.njit(cache=True, nogil=True)
def _alone(
    offsets: I64,
    time: I64,
    codes: U16,
    marks: U64,
    masks: U64,
    first: int,
    last: int,
    steps: int,
    window: int,
    start: int,
    end: int,
    at: int,
    levels: U8,
    made: I64,
    skip: Bools,
) -> None:
    entries = np.empty(steps, np.int64)
    ready = masks.size > 0
    for customer in range(first, last):
        if skip.size > 0 and skip[customer]:
            continue
        level = 0
        for row in range(offsets[customer], offsets[customer + 1]):
            mask = masks[row] if ready else marks[codes[row]]
            if not mask:
                continue
            now = time[row]
            if now >= at:
                break
            for step in range(min(level, steps - 1), 0, -1):
                if mask >> np.uint64(step) & np.uint64(1):
                    entry = entries[step - 1]
                    if entry != _NONE and now - entry <= window:
                        entries[step] = entry
                        level = max(level, step + 1)
            if mask & np.uint64(1) and start <= now < end:
                if level == 0:
                    entries[:] = _NONE
                    level = 1
                entries[0] = now
            if level == steps:
                break
        levels[customer] = level
        made[level] += 1


@numba.njit(cache=True, nogil=True)
def _grouped(
    offsets: I64,
    time: I64,
    codes: U16,
    marks: U64,
    masks: U64,
    groups: U16,
    same: bool,
    first: int,
    last: int,
    steps: int,
    window: int,
    start: int,
    end: int,
    at: int,
    levels: U8,
    made: I64,
    skip: Bools,
) -> None:
    entries = np.empty((made.shape[0], steps), np.int64)
    level = np.zeros(made.shape[0], np.int64)
    touched = np.empty(made.shape[0], np.int64)
    ready = masks.size > 0
    for customer in range(first, last):
        if skip.size > 0 and skip[customer]:
            continue
        count = 0
        for row in range(offsets[customer], offsets[customer + 1]):
            mask = masks[row] if ready else marks[codes[row]]
            if not mask:
                continue
            now = time[row]
            if now >= at:
                break
            own = np.int64(groups[row])
            if mask > 1:
                for which in range(count):
                    group = touched[which]
                    if same and group != own:
                        continue
                    for step in range(min(level[group], steps - 1), 0, -1):
                        if mask >> np.uint64(step) & np.uint64(1):
                            entry = entries[group, step - 1]
                            if entry != _NONE and now - entry <= window:
                                entries[group, step] = entry
                                level[group] = max(level[group], step + 1)
            if mask & np.uint64(1) and start <= now < end:
                if level[own] == 0:
                    touched[count] = own
                    count += 1
                    entries[own, :] = _NONE
                    level[own] = 1
                entries[own, 0] = now
        best = 0
        for which in range(count):
            group = touched[which]
            made[group, level[group]] += 1
            best = max(best, level[group])
            level[group] = 0
        levels[customer] = best


def funnel(
    offsets: I64,
    time: I64,
    steps: int,
    window: int,
    *,
    codes: U16 = _NO_CODES,
    marks: U64 = _NO_MASKS,
    masks: U64 = _NO_MASKS,
    groups: U16 | None = None,
    groups_count: int = 0,
    by: Literal["entry", "every step"] = "entry",
    start: int = NEVER,
    end: int = ALWAYS,
    at: int = ALWAYS,
    skip: Bools = _NOBODY,
    threads: int = 1,
) -> Funnel:
    """Steps made by each customer within `window` microseconds from an entry in `start <= time < end`.

    Events are sorted by (customer, time, arrival); bit i of an event's mask says that it fits step i. The masks are
    either given (`masks` uint64[events]) or looked up by event code (`codes` uint16[events], `marks` uint64[codes]).
    `groups` uint16[events], below `groups_count`: cut the funnel by the entry's group, or ask that every step of a
    chain is of one group. Events at or after `at` do not count;
    customers in `skip` bool[customers] are left out.
    """
    if not 1 <= steps <= 64:
        raise ValueError("a funnel has 1 to 64 steps")
    offsets, time, codes, marks, masks = lent(offsets), lent(time), lent(codes), lent(marks), lent(masks)
    groups = None if groups is None else lent(groups)
    customers = offsets.size - 1
    levels = np.zeros(customers, np.uint8)
    parts = {part[0]: number for number, part in enumerate(ranges(offsets, threads))}
    made = np.zeros((max(1, len(parts)), max(1, groups_count), steps + 1), np.int64)

    def work(first: int, last: int) -> None:
        own = made[parts[first]]
        if groups is None:
            limits = (steps, window, start, end, at)
            _alone(offsets, time, codes, marks, masks, first, last, *limits, levels, own[0], skip)
        else:
            same = by == "every step"
            limits = (steps, window, start, end, at)
            _grouped(offsets, time, codes, marks, masks, groups, same, first, last, *limits, levels, own, skip)

    share(offsets, threads, work)
    exactly = made.sum(axis=0)[:, 1:]
    return Funnel(levels, np.ascontiguousarray(exactly[:, ::-1].cumsum(axis=1)[:, ::-1]))
