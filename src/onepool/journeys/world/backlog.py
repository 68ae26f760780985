"""Timers that are due and too many for one step: which of them come next.

Runs that are due at the same time lie all over the table, so a step that took them by their time would write a page for
nearly every one. All that is due at an instant is looked at once (an index alone tells it), and taken in the order of
the runs' ids: each step then writes a stretch of the table.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from copy import copy
from typing import Final

import numpy as np
from sqlalchemy import Connection, and_, func, literal_column, select, text

from onepool.journeys.executor.columns import I64, Bools
from onepool.journeys.states import RunState
from onepool.state.columns import fetch
from onepool.state.journeys import runs

# The first words are those of the index: without them it is not used.
DUE: Final = "due IS NOT NULL AND state <> 5 AND due <= :at"
ORDER: Final = "due, version_id, run_id"
"""As the index `runs_due_version` has them."""

_WINDOW: Final = 40
"""So many times as much as one step takes is looked at."""


class Backlog:
    """What is due at one instant, in the order in which steps take it. It is kept from step to step; a new one looks at
    the state itself. What others do to runs meanwhile is seen when these are read.

    Each try of a step takes from a copy, which stands for the backlog once the step is committed: what a try took that
    came to nothing is still there.
    """

    def __init__(self) -> None:
        self._at = -1
        self._ids: I64 = np.empty(0, np.int64)
        self._order: I64 = np.empty(0, np.int64)
        self._left: Bools = np.empty(0, np.bool_)
        self._alike = True

    def copy(self) -> Backlog:
        """One that knows the same; what is taken of it is not taken of this one."""
        return copy(self)

    def take(self, at: int, most: int) -> I64 | None:
        """The next so many runs due at an instant; None where it has to be looked anew, since fewer are known."""
        if self._at != at or np.count_nonzero(self._left) < most:
            return None
        oldest = 0 if self._alike else most - most * 9 // 10
        # Never in place: copies have the same arrays.
        self._left = self._left.copy()
        first = np.flatnonzero(self._left)[:oldest]
        self._left[first] = False
        rest = self._order[self._left[self._order]][: most - oldest]
        self._left[rest] = False
        self._order = self._order[self._left[self._order]]
        found: I64 = self._ids[np.concatenate([first, rest])]
        return found

    def look(
        self, connection: Connection, at: int, most: int, priorities: Mapping[int, int], scarce: Collection[int]
    ) -> None:
        """Find what is due at an instant: the longest due, if it is very many."""
        due = text(DUE).bindparams(at=at)
        columns = (runs.c.run_id, runs.c.version_id, runs.c.due)
        window = select(*columns).where(due).order_by(text(ORDER)).limit(_WINDOW * most).subquery()
        found = fetch(connection, list(window.c), literal_column("1") == 1)
        ids, versions, dues = (found.column(name).to_numpy() for name in ("run_id", "version_id", "due"))
        by_age = np.lexsort((ids, _entered(connection, ids, at, scarce), dues))
        self._ids, versions = ids[by_age], versions[by_age]
        rank, in_turn = np.zeros(ids.size, np.int64), np.zeros(ids.size, np.bool_)
        for version in np.unique(versions).tolist():
            mine = versions == version
            rank[mine] = priorities.get(version, 0)
            in_turn[mine] = version in scarce
        # Of what is scarce the longest due get it, however much one step takes.
        place = np.where(in_turn, np.arange(ids.size), self._ids)
        self._order = np.lexsort((place, ~in_turn, -rank))
        self._left = np.ones(ids.size, np.bool_)
        self._alike = ids.size == 0 or bool((rank == rank[0]).all())
        self._at = at


def _entered(connection: Connection, ids: I64, at: int, scarce: Collection[int]) -> I64:
    """When those of the runs entered that are held for what is scarce (many of them are due at one instant); else 0."""
    found = np.zeros(ids.size, np.int64)
    if scarce:
        mine = and_(runs.c.version_id.in_(sorted(scarce)), runs.c.state == int(RunState.HELD), runs.c.due <= at)
        table = fetch(connection, [runs.c.run_id, runs.c.entered], mine)
        held, entered = table.column("run_id").to_numpy(), table.column("entered").to_numpy()
        order = np.argsort(held)
        held, entered = held[order], entered[order]
        if held.size:
            place = np.minimum(np.searchsorted(held, ids), held.size - 1)
            found = np.where(held[place] == ids, entered[place], 0)
    return found


def many(connection: Connection, at: int, most: int) -> bool:
    """Whether as much as this is due."""
    some = select(literal_column("1")).select_from(runs).where(text(DUE).bindparams(at=at)).limit(most).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one()) >= most
