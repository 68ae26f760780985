"""Ordered steps with gaps and absences: is there a chain of events that fits, per customer.

For each step in turn the kernel finds every event that can end a chain so far, with the latest first event of such a
chain (only that one matters for the span and for windows that move on). The events that may come before one event are
a contiguous run of earlier ones, and its both ends only move forward, so the best of them is the head of a monotone
queue: the work is steps x events, whatever the gaps are.
"""

from __future__ import annotations

from typing import Any

import numba

from onepool.pool.kernels.pattern import ALWAYS, I64, NEVER, U64

_NONE = NEVER


@numba.njit(cache=True, nogil=True)
def _next_with(time: I64, masks: U64, low: int, count: int, bits: int, found: I64) -> None:
    """For each event the position of the next one after it that has one of the bits (count: none)."""
    coming = count
    for p in range(count - 1, -1, -1):
        found[p] = coming
        if masks[low + p] & bits:
            coming = p


@numba.njit(cache=True, nogil=True)
def _step(
    time: I64,
    masks: U64,
    low: int,
    count: int,
    bits: int,
    least: int,
    most: int,
    between: int,
    span: int,
    start: int,
    end: int,
    before: I64,
    best: I64,
    back: I64,
    queue: I64,
) -> int:
    """The chains that one more step ends, from those that the step before ended. Returns how many events end one."""
    ended = 0
    head, tail, coming, barrier = 0, 0, 0, -1
    for p in range(count):
        now = time[low + p]
        while coming < p and time[low + coming] <= now - least:
            if before[coming] != _NONE:
                while tail > head and before[queue[tail - 1]] <= before[coming]:
                    tail -= 1
                queue[tail] = coming
                tail += 1
            coming += 1
        while head < tail and (queue[head] < barrier or time[low + queue[head]] < now - most):
            head += 1
        best[p] = _NONE
        if head < tail and masks[low + p] & bits and start <= now < end:
            first = before[queue[head]]
            if now - first <= span:
                best[p] = first
                back[p] = queue[head]
                ended += 1
        if masks[low + p] & between:
            barrier = p
    return ended


@numba.njit(cache=True, nogil=True)
def walk(
    time: I64,
    masks: U64,
    low: int,
    count: int,
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
    best: I64,
    back: I64,
    queue: I64,
) -> int:
    """Fill `best` and `back` step by step. Returns the number of steps that some chain came through, quiet included."""
    for i in range(steps.size):
        row = best[i]
        if i == 0:
            ended = 0
            for p in range(count):
                row[p] = _NONE
                if masks[low + p] & steps[0] and start <= time[low + p] < end:
                    row[p] = time[low + p]
                    ended += 1
        else:
            ended = _step(
                time,
                masks,
                low,
                count,
                steps[i],
                least[i],
                most[i],
                between[i],
                span,
                start,
                end,
                best[i - 1],
                row,
                back[i],
                queue,
            )
        if i + 1 < steps.size:
            for q in range(after.size):
                if after[q] == i and ended:
                    _next_with(time, masks, low, count, quiet[q], queue)
                    for p in range(count):
                        if row[p] != _NONE and queue[p] < count and time[low + queue[p]] < time[low + p] + spans[q]:
                            row[p] = _NONE
                            ended -= 1
        if ended == 0:
            return i
    return steps.size


@numba.njit(cache=True, nogil=True)
def finish(
    time: I64,
    masks: U64,
    low: int,
    count: int,
    between: int,
    after: I64,
    quiet: U64,
    spans: I64,
    last: int,
    at: int,
    best: I64,
    queue: I64,
    over: I64,
) -> tuple[int, int]:
    """Of the chains through all steps: what comes after them. Returns (latest first event, earliest end of a wait).

    `over` is scratch: when the waiting after each event ends.
    """
    broken = 0
    for p in range(count):
        over[p] = time[low + p]
        if masks[low + p] & between:
            broken = p
    best[:broken] = _NONE
    for q in range(after.size):
        if after[q] == last:
            _next_with(time, masks, low, count, quiet[q], queue)
            for p in range(count):
                if best[p] != _NONE:
                    quiet_end = time[low + p] + spans[q]
                    if queue[p] < count and time[low + queue[p]] < quiet_end:
                        best[p] = _NONE
                    over[p] = max(over[p], quiet_end)
    until, pending = _NONE, _NONE
    for p in range(count):
        if best[p] != _NONE:
            if over[p] <= at:
                until = max(until, best[p])
            elif pending == _NONE or over[p] < pending:
                pending = over[p]
    return until, pending


@numba.njit(cache=True, nogil=True)
def alone(
    time: I64,
    masks: U64,
    low: int,
    high: int,
    step: Any,
    broken_by: Any,
    quiet: Any,
    wait: int,
    start: int,
    end: int,
    at: int,
) -> tuple[int, int]:
    """`walk` and `finish` of a single step with one quiet time at most: from the newest event back, in one go.

    `wait`: how long none with the bits `quiet` may follow (0: no such wait).
    """
    until, pending = _NONE, _NONE
    coming = ALWAYS
    p = high
    while p > low and time[p - 1] >= start:
        p -= 1
        now = time[p]
        if masks[p] & step and now < end and coming >= now + wait:
            # The first that is over is the latest; of those that are not, the oldest is over first.
            if now + wait > at:
                pending = now + wait
            elif until == _NONE:
                until = now
        if masks[p] & broken_by:
            break
        if masks[p] & quiet:
            coming = now
    return until, pending
