"""What is looked for in the order of events, and what is found, as the sequence kernel takes and gives it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
U16 = npt.NDArray[np.uint16]
U8 = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]

NEVER = np.iinfo(np.int64).min
"""No instant."""
ALWAYS = 1 << 62
"""Longer than any time between two events, in microseconds; as an instant: after all of them."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """After the event of step number `after`, none with one of `bits` for `span` microseconds."""

    after: int
    bits: int
    span: int


@dataclass(frozen=True)
class Pattern:
    """Steps in order. Times are microseconds.

    `steps[i]`: the bits of the events that step i wants (one of them); `least[i]`, `most[i]`: the time from the event
    of step i - 1 to that of step i, both ends included; `between[i]`: bits of events that may not lie strictly between
    these two, `between[len(steps)]`: not after the last one; `span`: the most from first to last; `start <= time < end`
    holds for the steps' events; nothing at or after `at` counts.
    """

    steps: tuple[int, ...]
    at: int
    least: tuple[int, ...] = ()
    most: tuple[int, ...] = ()
    between: tuple[int, ...] = ()
    quiet: tuple[Quiet, ...] = ()
    span: int = ALWAYS
    start: int = NEVER
    end: int = ALWAYS

    @property
    def every_bit(self) -> int:
        """Bits of all events that matter."""
        found = 0
        for bits in (*self.steps, *self.between, *(one.bits for one in self.quiet)):
            found |= bits
        return found

    @property
    def every_step(self) -> int:
        """Bits of all events that steps want."""
        found = 0
        for bits in self.steps:
            found |= bits
        return found

    def arrays(self) -> tuple[U64, I64, I64, U64, I64, U64, I64]:
        """(steps, least, most, between, quiet: after, bits, span). A quiet time delays the step after it."""
        count = len(self.steps)
        least = np.array(self.least[:count] or (0,) * count, np.int64)
        for one in self.quiet:
            if one.after + 1 < count:
                least[one.after + 1] = max(int(least[one.after + 1]), one.span)
        return (
            np.array(self.steps, np.uint64),
            least,
            np.array(self.most or (ALWAYS,) * count, np.int64),
            np.array(self.between or (0,) * (count + 1), np.uint64),
            np.array([one.after for one in self.quiet], np.int64),
            np.array([one.bits for one in self.quiet], np.uint64),
            np.array([one.span for one in self.quiet], np.int64),
        )


@dataclass(frozen=True)
class Found:
    """Per customer: whether the pattern is there, and what may change that without a new event.

    `until`: the latest first event of a complete chain (NEVER: none): a window that moves past it loses them all.
    `pending`: the earliest instant at which a quiet time ends that would complete a chain (NEVER: none).
    `ahead`: the earliest event at or after the instant of evaluation that will matter (NEVER: none).
    `seen`: some event fits a step, whenever it was.
    """

    holds: Bools
    until: I64
    pending: I64
    ahead: I64
    seen: Bools


@dataclass(frozen=True)
class Trace:
    """How far one customer came, as positions among their events.

    `chain`: one event per step reached, the whole pattern where it holds; `broken`: what failed after the last step
    reached, and the event that broke it: `("between", step)` or `("quiet", number)` -> position; `waiting`: quiet times
    (numbers) that are not over yet.
    """

    holds: bool
    chain: list[int]
    broken: dict[tuple[str, int], int]
    waiting: list[int]
