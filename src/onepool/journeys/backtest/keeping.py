"""Runs of a back-test in memory: what `world.records.Records` reads of the state, and what `executor.apply` writes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from onepool.journeys.backtest.lines import MISSING, People
from onepool.journeys.backtest.types import I64
from onepool.journeys.executor.columns import COLUMNS, INTS, NONE, Runs
from onepool.journeys.executor.ports import Audience, Step
from onepool.journeys.states import RunState

_FIRST = 1024
_SEGMENTS = 8


class Kept:
    """All runs, as columns that grow; those of a customer hang together, the latest first."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._runs = Runs.new(_FIRST)
        self._size = 0
        self._gone = np.zeros(_FIRST, np.bool_)
        self._before = np.full(_FIRST, MISSING, np.int64)
        self._head = np.full(len(people), MISSING, np.int64)
        self._sorted: list[tuple[I64, I64]] = []
        self._versions: set[int] = set()
        self._children: dict[int, list[int]] = {}
        self.audiences: dict[tuple[str, int], Audience] = {}

    def __len__(self) -> int:
        return int(self._size - self._gone[: self._size].sum())

    # reading

    def all(self) -> Runs:
        """All runs, by id."""
        rows = np.flatnonzero(~self._gone[: self._size])
        return self._runs.take(rows[np.argsort(self._runs.run_id[rows])])

    def runs(self, run_ids: I64) -> Runs:
        rows = self._rows(np.unique(run_ids))
        return self._runs.take(rows[rows >= 0])

    def of(self, places: I64, *, live: bool) -> Runs:
        """The runs of customers at some places, by id."""
        rows = self._hanging(np.unique(places))[1]
        if live:
            rows = rows[self._runs.state[rows] != RunState.ENDED]
        return self._runs.take(rows[np.argsort(self._runs.run_id[rows])])

    def soonest(self, places: I64, never: int) -> tuple[I64, I64]:
        """For each (distinct) place when the first of its live runs is due (`never`: none is), and how many live."""
        row, runs = self._hanging(places)
        state, due = self._runs.state[runs], self._runs.due[runs]
        alive = state != RunState.ENDED
        first = np.full(places.size, never, np.int64)
        timed = alive & (due != NONE) & (state != RunState.PAUSED)
        np.minimum.at(first, row[timed], due[timed])
        return first, np.bincount(row[alive], minlength=places.size)

    def due(self, places: I64, instants: I64) -> Runs:
        """Live, not paused runs whose time has come at the instant of each place, by (due, run_id)."""
        row, runs = self._hanging(places)
        state, due = self._runs.state[runs], self._runs.due[runs]
        mine = runs[(due != NONE) & (due <= instants[row]) & (state != RunState.ENDED) & (state != RunState.PAUSED)]
        return self._runs.take(mine[np.lexsort((self._runs.run_id[mine], self._runs.due[mine]))])

    def children(self, parents: I64) -> Runs:
        rows = np.array([one for parent in parents.tolist() for one in self._children.get(parent, ())], np.int64)
        rows = rows[(self._runs.state[rows] != RunState.ENDED) & ~self._gone[rows]]
        return self._runs.take(rows[np.argsort(self._runs.run_id[rows])])

    def of_version(self, version: int, state: int, most: int, after: int) -> Runs:
        """Runs of a version in a state, by id from the one behind `after` on, at most so many."""
        here = slice(0, self._size)
        wanted = (self._runs.state[here] == state) & (self._runs.version_id[here] == version)
        rows = np.flatnonzero(wanted & (self._runs.run_id[here] > after) & ~self._gone[here])
        return self._runs.take(rows[np.argsort(self._runs.run_id[rows])][:most])

    def any_of(self, versions: Sequence[int]) -> bool:
        return not self._versions.isdisjoint(versions)

    # writing

    def save(self, step: Step) -> I64:
        """Keep what a step decided about runs and audiences; returns the places whose runs changed."""
        gone = self._rows(np.unique(step.removed))
        self._gone[gone[gone >= 0]] = True
        new, old = step.runs.take(step.created), step.runs.take(~step.created)
        if len(old):
            rows = self._rows(old.run_id)
            for name in COLUMNS:
                getattr(self._runs, name)[rows] = getattr(old, name)
        if len(new):
            self._add(new)
        for one in step.audiences:
            place = (one.journey, one.at)
            customers = self.audiences[place].customers if one.customers is None else one.customers
            self.audiences[place] = Audience(one.journey, one.at, customers, one.total, one.taken, done=one.done)
        touched = self._people.places(np.concatenate([step.runs.customer_id, self._runs.customer_id[gone[gone >= 0]]]))
        return np.unique(touched[touched >= 0])

    def _add(self, new: Runs) -> None:
        start, count = self._size, len(new)
        self._room(start + count)
        rows = np.arange(start, start + count)
        for name in COLUMNS:
            getattr(self._runs, name)[rows] = getattr(new, name)
        self._size += count
        self._versions |= set(np.unique(new.version_id).tolist())
        order = np.argsort(new.run_id)
        self._sorted.append((new.run_id[order], rows[order]))
        if len(self._sorted) > _SEGMENTS:
            ids, places = (np.concatenate(part) for part in zip(*self._sorted, strict=True))
            order = np.argsort(ids)
            self._sorted = [(ids[order], places[order])]
        for called in np.flatnonzero(new.parent != NONE).tolist():
            self._children.setdefault(int(new.parent[called]), []).append(start + called)
        # Of several new ones of a customer each hangs on the one before it.
        place = self._people.places(new.customer_id)
        order = np.argsort(place, kind="stable")
        who, mine = place[order], rows[order]
        first = np.r_[True, who[1:] != who[:-1]]
        self._before[mine] = np.where(first, self._head[who], np.r_[MISSING, mine[:-1]])
        last = np.r_[first[1:], True]
        self._head[who[last]] = mine[last]

    def _room(self, wanted: int) -> None:
        size = self._gone.size
        if wanted <= size:
            return
        more = max(size, wanted - size)
        for name in COLUMNS:
            column = getattr(self._runs, name)
            kind = np.int64 if name in INTS else object
            setattr(self._runs, name, np.concatenate([column, np.empty(more, kind)]))
        self._gone = np.concatenate([self._gone, np.zeros(more, np.bool_)])
        self._before = np.concatenate([self._before, np.full(more, MISSING, np.int64)])

    # finding

    def _rows(self, run_ids: I64) -> I64:
        found = np.full(run_ids.size, MISSING, np.int64)
        for ids, rows in self._sorted:
            place = np.minimum(np.searchsorted(ids, run_ids), ids.size - 1)
            hit = ids[place] == run_ids
            found[hit] = rows[place[hit]]
        known = found >= 0
        found[known] = np.where(self._gone[found[known]], MISSING, found[known])
        return found

    def _hanging(self, places: I64) -> tuple[I64, I64]:
        """The runs of some places: (row among the places, run)."""
        rows, runs = [], []
        row = np.flatnonzero(self._head[places] >= 0)
        run = self._head[places[row]]
        while row.size:
            there = ~self._gone[run]
            rows.append(row[there])
            runs.append(run[there])
            following = self._before[run]
            row, run = row[following >= 0], following[following >= 0]
        empty = np.empty(0, np.int64)
        return (np.concatenate(rows), np.concatenate(runs)) if rows else (empty, empty)
