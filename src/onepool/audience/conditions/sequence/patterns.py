"""From a sequence to the kernel's pattern, and from what the kernel found to the instant when it may change."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from onepool.audience.conditions.sequence.model import DidNotStep, DidStep, SequenceLeaf, links, micros_of
from onepool.audience.conditions.windows import Moving, Range
from onepool.pool.kernels import NEVER, Found, Pattern, Quiet
from onepool.pool.kernels.pattern import ALWAYS, I64

_DAY = 86_400_000_000
# Zones shift by less than this when their clocks change.
_SHIFT = 3 * 3_600_000_000


def pattern_of(leaf: SequenceLeaf, bit: Callable[[DidStep | DidNotStep], int], window: Range, at: int) -> Pattern:
    """The leaf at one instant. `bit` gives the bit of the events that a step means."""
    chain = links(leaf)
    least, most, between, quiet = [], [], [0], []
    for place, link in enumerate(chain):
        gap = link.step.gap if place else None
        least.append(micros_of(gap.at_least) if gap is not None and gap.at_least is not None else 0)
        most.append(micros_of(gap.at_most) if gap is not None and gap.at_most is not None else ALWAYS)
        bits = 0
        for _, absence in link.absences:
            if absence.for_ is None:
                bits |= bit(absence)
            else:
                quiet.append(Quiet(place, bit(absence), micros_of(absence.for_)))
        between.append(bits)
    return Pattern(
        tuple(bit(link.step) for link in chain),
        at,
        least=tuple(least),
        most=tuple(most),
        between=tuple(between),
        quiet=tuple(quiet),
        span=micros_of(leaf.span) if leaf.span is not None else ALWAYS,
        start=window.start if window.start is not None else NEVER,
        end=window.end if window.end is not None else ALWAYS,
    )


def next_instants(found: Found, moves: Moving, at: int) -> I64:
    """Per customer when the truth may change without a new event, NEVER for never. Too early at worst, never too late.

    While it holds: when the last chain leaves the window. While it does not: when a wait ends that completes one (time
    only takes chains away otherwise). In any case: when an event dated ahead begins to count, a calendar window rolls.
    """
    window = moves.window
    may = found.holds | (found.pending != NEVER) | (found.ahead != NEVER)
    if window.rolls_at is not None or moves.back:
        may |= found.seen
    rows = np.flatnonzero(may)
    answer = np.full(may.size, NEVER, np.int64)
    answer[rows] = _next_of(_only(found, rows), moves, at)
    return answer


def _only(found: Found, rows: I64) -> Found:
    return Found(found.holds[rows], found.until[rows], found.pending[rows], found.ahead[rows], found.seen[rows])


def _next_of(found: Found, moves: Moving, at: int) -> I64:
    window = moves.window
    soonest = np.where(found.ahead != NEVER, found.ahead + 1, ALWAYS)
    waits = ~found.holds & (found.pending != NEVER)
    soonest = np.minimum(soonest, np.where(waits, found.pending, ALWAYS))
    if window.rolls_at is not None:
        soonest = np.minimum(soonest, np.where(found.seen, window.rolls_at, ALWAYS))
    if window.slides is not None:
        # `until` is NEVER where nothing holds; those rows are not taken.
        until = np.where(found.holds, found.until, 0)
        if window.slides.micros is not None:
            leaves = until + window.slides.micros + 1
        else:
            assert moves.edge is not None and window.start is not None
            # Up to the edge the window moves as time does. So long after its first event no chain has left a window of
            # months (of 28 days at least).
            leaves = at + (until - window.start) + 1
            surely = until + window.slides.count * 28 * _DAY - _SHIFT
            leaves = np.where(leaves < moves.edge, leaves, np.maximum(surely, moves.edge))
            if moves.back:
                soonest = np.minimum(soonest, np.where(found.seen, moves.edge, ALWAYS))
        soonest = np.minimum(soonest, np.where(found.holds, leaves, ALWAYS))
    return np.where(soonest == ALWAYS, NEVER, soonest)
