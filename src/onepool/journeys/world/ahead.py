"""The rows of the runs that the next step takes, read while the present one is written.

Where very many timers are due, steps follow each other at one instant, and which runs come next is known (backlog.py).
Only steps write runs, so a row read before a step is committed is as the next step finds it, unless that step wrote it:
those are read anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np

from onepool.journeys.executor.columns import I64, Runs
from onepool.journeys.executor.ports import Step
from onepool.journeys.world.backlog import Backlog
from onepool.journeys.world.records import Records
from onepool.reach.keys import among_ordered, distinct
from onepool.state import State


class Ahead:
    """What was read for the next step of a worker; nothing before the first one."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._ids: I64 | None = None
        self._runs = Runs.empty()
        self._written = np.empty(0, np.int64)

    def known(self, ids: I64) -> tuple[Runs, I64] | None:
        """Of these runs those that are due, as they are, and those that have to be read anew; None: all have to."""
        if self._ids is None or not np.array_equal(ids, self._ids):
            return None
        return self._runs, ids[among_ordered(ids, self._written)]

    @contextmanager
    def beside(self, backlog: Backlog, step: Step, most: int) -> Iterator[None]:
        """Read what the step after this one takes of the backlog, while this one is written."""
        self._ids = None
        ids = backlog.copy().take(step.at, most) if step.more else None
        if ids is None:
            yield
            return
        with ThreadPoolExecutor(1, "journey-ahead") as beside:
            reading = beside.submit(self._look, ids, step.at)
            yield
            found = reading.result()
        self._written = distinct(np.concatenate([step.runs.run_id, step.removed]))
        self._runs = found.take(~among_ordered(found.run_id, self._written))
        self._ids = ids

    def _look(self, ids: I64, at: int) -> Runs:
        with self._state.read() as connection:
            return Records(connection).due_of(ids, at)
