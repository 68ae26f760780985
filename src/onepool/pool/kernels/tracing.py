"""The events of one customer behind a sequence: those that made it, or how far it came and what broke it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from onepool.pool.kernels.chains import finish, walk
from onepool.pool.kernels.pattern import I64, NEVER, U64, Pattern, Trace
from onepool.pool.kernels.threads import lent


def trace(time: I64, masks: U64, pattern: Pattern) -> Trace:
    """Where one customer stands, from the same loops that decide for everybody.

    `time` and `masks` are of this customer's events in order (time, arrival).
    """
    time, masks = lent(time), lent(masks)
    count = int(np.searchsorted(time, pattern.at))
    came, best, back = _walked(time, masks, pattern, count)
    steps = len(pattern.steps)
    if came < steps:
        # Did the next step happen, and was broken by what came after it?
        shorter = replace(pattern, steps=pattern.steps[: came + 1])
        came, best, back = _walked(time, masks, shorter, count)
        return _stuck(time, masks, pattern, _chain(best, back, came), count)
    _, _, _, between, after, quiet, spans = pattern.arrays()
    ends, over, queue = best[-1].copy(), np.empty(count, np.int64), np.empty(count, np.int64)
    until, _ = finish(
        time, masks, 0, count, between[steps], after, quiet, spans, steps - 1, pattern.at, ends, queue, over
    )
    open_ = np.flatnonzero(ends != NEVER)
    if until != NEVER:
        return Trace(True, _chain(best, back, steps, int(open_[over[open_] <= pattern.at][-1])), {}, [])
    return _stuck(time, masks, pattern, _chain(best, back, steps, int(open_[0]) if open_.size else None), count)


def _walked(time: I64, masks: U64, pattern: Pattern, count: int) -> tuple[int, I64, I64]:
    steps = len(pattern.steps)
    best = np.full((steps, max(1, count)), NEVER, np.int64)
    back = np.zeros((steps, max(1, count)), np.int64)
    queue = np.empty(max(1, count), np.int64)
    limits = (pattern.span, pattern.start, pattern.end)
    return int(walk(time, masks, 0, count, *pattern.arrays(), *limits, best, back, queue)), best, back


def _chain(best: I64, back: I64, steps: int, last: int | None = None) -> list[int]:
    """Positions of a chain through that many steps: the one that ends at `last`, else the latest."""
    if steps == 0:
        return []
    position = int(np.flatnonzero(best[steps - 1] != NEVER)[-1]) if last is None else last
    chain = [position]
    for step in range(steps - 1, 0, -1):
        position = int(back[step, position])
        chain.append(position)
    return chain[::-1]


def _stuck(time: I64, masks: U64, pattern: Pattern, chain: list[int], count: int) -> Trace:
    """What stands between the last step reached and the next one (or the end)."""
    broken: dict[tuple[str, int], int] = {}
    waiting: list[int] = []
    if chain:
        last, reached = chain[-1], len(chain)
        after = masks[last + 1 : count]
        for number, one in enumerate(pattern.quiet):
            if one.after == reached - 1:
                until = int(time[last]) + one.span
                hits = np.flatnonzero((after & np.uint64(one.bits) != 0) & (time[last + 1 : count] < until))
                if hits.size:
                    broken["quiet", number] = last + 1 + int(hits[0])
                elif until > pattern.at:
                    waiting.append(number)
        bits = pattern.between[reached] if pattern.between else 0
        hits = np.flatnonzero(after & np.uint64(bits) != 0)
        if hits.size:
            broken["between", reached] = last + 1 + int(hits[0])
    return Trace(False, chain, broken, waiting)
