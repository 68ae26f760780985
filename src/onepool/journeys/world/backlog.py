"""Timers that are due and too many for one step: which of them come next.

Runs that are due at the same time lie all over the table, so a step that took them by their time would write a page for
nearly every one. All that is due at an instant is looked at once (an index alone tells it), and taken in the order of
the runs' ids: each step then writes a stretch of the table, and of each slot of the index.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from copy import copy
from itertools import chain
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, text

from onepool.journeys.executor.columns import I64, Bools
from onepool.journeys.keys import lots
from onepool.journeys.states import RunState
from onepool.state.columns import fetch
from onepool.state.journeys import DUE_SLOT, SLOT, runs

_TIMED: Final = "due IS NOT NULL AND state <> 5"
"""The words of the index: without them it is not used."""

IS_DUE: Final = f"{_TIMED} AND due <= :at"
"""Of runs whose rows are read anyhow."""

DUE: Final = f"{_TIMED} AND {DUE_SLOT} <= (:at + {SLOT - 1}) / {SLOT} AND due <= :at"

# What an index alone tells, and where rows have to be read too: in the slot in which an instant lies. Seldom is there
# one, since steps happen at the ends of slots.
_WHOLE: Final = f"{_TIMED} AND {DUE_SLOT} <= :at / {SLOT}"
_PART: Final = f"{_TIMED} AND {DUE_SLOT} = :at / {SLOT} + 1 AND due <= :at"

_WINDOW: Final = 40
"""So many times as much as one step takes is looked at."""

_SLICE: Final = 50_000
"""Rows that are asked of the database at a time."""


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
        if self.lacks(at, most):
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

    def lacks(self, at: int, most: int) -> bool:
        """Whether fewer are known that are due at an instant."""
        return self._at != at or int(np.count_nonzero(self._left)) < most

    def look(
        self, connection: Connection, at: int, most: int, priorities: Mapping[int, int], scarce: Collection[int]
    ) -> None:
        """Find what is due at an instant: the longest due, if it is very many (to a slot, but of what is scarce)."""
        ids, versions, dues = _window(connection, at, _WINDOW * most)
        dues, entered = _exactly(connection, ids, dues, at, scarce)
        by_age = np.lexsort((lots(ids) if scarce else ids, entered, dues))
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


def _window(connection: Connection, at: int, most: int) -> tuple[I64, I64, I64]:
    """(runs that are due at an instant, their versions, when they were due), the longest due, at most so many."""
    whole = f"{DUE_SLOT} AS slot FROM runs WHERE {_WHOLE} ORDER BY {DUE_SLOT}, version_id, run_id"
    found = _numbers(connection, whole, at, most)
    found[:, 2] *= SLOT
    if at % SLOT and len(found) < most:
        part = _numbers(connection, f"due FROM runs WHERE {_PART} ORDER BY due", at, most - len(found))
        found = np.concatenate([found, part])
    return found[:, 0].copy(), found[:, 1].copy(), found[:, 2].copy()


def _numbers(connection: Connection, query: str, at: int, most: int) -> npt.NDArray[np.int64]:
    """Runs, their versions and a number of each, a slice at a time: no object is kept for each."""
    asked = text(f"SELECT run_id, version_id, {query} LIMIT :most")
    options = {"stream_results": True, "max_row_buffer": _SLICE}
    parts = [np.empty((0, 3), np.int64)]
    with connection.execute(asked, {"at": at, "most": most}, execution_options=options) as result:
        # Of SQLite the driver's own rows: nothing here asks for names.
        cursor: Any = result.cursor if connection.dialect.name == "sqlite" else result
        while rows := cursor.fetchmany(_SLICE):
            parts.append(np.fromiter(chain.from_iterable(rows), np.int64, 3 * len(rows)).reshape(-1, 3))
    return np.concatenate(parts)


def _exactly(connection: Connection, ids: I64, dues: I64, at: int, scarce: Collection[int]) -> tuple[I64, I64]:
    """When runs are due, and when those of them entered that are held for what is scarce (many of them are due at one
    instant; of others 0): of what is scarce it matters who comes first."""
    entered = np.zeros(ids.size, np.int64)
    if scarce and ids.size:
        listed = ", ".join(str(int(one)) for one in sorted(scarce))
        mine = text(f"{DUE} AND version_id IN ({listed})").bindparams(at=at)
        table = fetch(connection, [runs.c.run_id, runs.c.due, runs.c.entered, runs.c.state], mine)
        known, due, came, state = (column.to_numpy() for column in table.columns)
        order = np.argsort(known)
        if known.size:
            place = order[np.minimum(np.searchsorted(known, ids, sorter=order), known.size - 1)]
            same = known[place] == ids
            dues = np.where(same, due[place], dues)
            entered = np.where(same & (state[place] == int(RunState.HELD)), came[place], 0)
    return dues, entered


def many(connection: Connection, at: int, most: int) -> bool:
    """Whether as much as this is due."""
    found = _count(connection, _WHOLE, at, most)
    return found >= most or (at % SLOT > 0 and found + _count(connection, _PART, at, most - found) >= most)


def _count(connection: Connection, where: str, at: int, most: int) -> int:
    query = text(f"SELECT count(*) FROM (SELECT 1 FROM runs WHERE {where} LIMIT :most) AS few")
    return int(connection.execute(query, {"at": at, "most": most}).scalar_one())
