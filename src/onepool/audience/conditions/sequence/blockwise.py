"""Sequences answered for some thousands of customers at a time, beside what else is measured of these.

Their events are picked once and stay in the cache while one sequence after the other looks at them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from onepool.audience.conditions.compiler.vectors import TRUTH, WHOLE, Type, Vector
from onepool.audience.conditions.sequence.indexed import Wanted, columns, marked, unmark
from onepool.audience.conditions.sequence.patterns import next_instants
from onepool.audience.conditions.windows import Moving
from onepool.pool.behaviour import Ordered, View
from onepool.pool.kernels import NEVER, Pattern, before, sequence
from onepool.pool.kernels.ordering import oldest_of, pick
from onepool.pool.kernels.pattern import I64
from onepool.pool.kernels.threads import lent

Take: TypeAlias = Callable[[str, int, type[np.generic]], npt.NDArray[Any]]
"""Memory for a name: so many places of a type, with anything in them."""

_NOBODY = np.empty(0, np.int64)


@dataclass(frozen=True)
class Blockwise:
    """What is asked: kinds of events with their bits, of which a customer needs all of one of `needs` (None: nothing),
    and the sequences over them, each with the name of its column."""

    wanted: Sequence[Wanted]
    needs: Collection[int] | None
    asked: Sequence[tuple[str, Pattern, Moving]]
    at: int

    @property
    def columns(self) -> set[str]:
        """What has to be in the index."""
        return columns(self.wanted)

    def types(self) -> dict[str, Type]:
        """The columns that it gives: the truth of each sequence, and when that may turn."""
        return {name: kind for one, _, _ in self.asked for name, kind in ((one, TRUTH), (f"{one}_next", WHOLE))}


class Over:
    """The sequences over one view of the index."""

    def __init__(self, asked: Blockwise, view: View) -> None:
        self._asked = asked
        self._view = view
        marks, since = marked(view, asked.wanted)
        self._marks, self._since = lent(marks), lent(since)
        self._oldest = oldest_of(marks, since)
        self._needs = np.array(sorted(asked.needs or ()), np.uint64)
        self._placed = [one for one in asked.wanted if one.at is not None]

    def answers(self, part: Ordered, begins: I64, ends: I64, take: Take) -> tuple[I64, dict[str, Vector]]:
        """Which customers, of those with these events of a part, have events that matter, and the columns: of each of
        them, and at the end of one who has none."""
        asked, count = self._asked, begins.size
        most = int(ends[-1] - begins[0]) if count else 0
        rows, times, masks = (
            take(f"sequences' {name}", most, dtype)
            for name, dtype in (("rows", np.int64), ("times", np.int64), ("masks", np.uint64))
        )
        whose = np.empty(count, np.int64)
        offsets = take("sequences' offsets", count + 1, np.int64)
        offsets[0] = 0
        some, many = pick(
            begins, ends, lent(part.columns["event"]), self._marks, self._since, self._oldest,
            lent(part.columns["time"]), _NOBODY, self._needs, asked.at, 0, count,
            whose, offsets[1:], rows, times, masks,
        )  # fmt: skip
        offsets, rows, times, masks = offsets[: some + 1], rows[:many], times[:many], masks[:many]
        unmark(self._view, part, self._placed, rows, masks)
        known = before(offsets, times, masks, asked.at)
        found: dict[str, Vector] = {}
        for name, pattern, moves in asked.asked:
            one = sequence(offsets, times, masks, pattern, known=known)
            turns = np.append(next_instants(one, moves, asked.at), NEVER)
            found[name] = Vector(np.append(one.holds, False))
            found[f"{name}_next"] = Vector(turns, turns == NEVER)
        return whose[:some], found
