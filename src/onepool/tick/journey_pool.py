"""What the tick gives the pool of journeys: ticks and messages that the state has (world/fold.py)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

from onepool.clock import to_micros
from onepool.journeys.world import fold
from onepool.journeys.world.messages import Followed
from onepool.pool import DuckDBEngine
from onepool.tick import marks
from onepool.workspace import Workspace

_EVERY: Final = 1.0
"""Seconds between two folds into the pool while there is more to do, at least."""

_SHARE: Final = 9
"""And so many times as long as the last one took: what analysts see comes a little later when much is going on."""


class Folding:
    """Folds of one worker."""

    def __init__(self, workspace: Workspace, pool: DuckDBEngine) -> None:
        self._ws = workspace
        self._pool = pool
        self._folded: fold.Marks | None = None
        self._followed = Followed()
        self._next = 0.0

    def level(self) -> None:
        """Give the pool all of the ticks and messages that the state has now; what is written meanwhile comes later."""
        until = fold.ahead(self._ws.state)
        while self.fold(now=True):
            assert self._folded is not None
            if self._folded.tick >= until.tick and self._folded.changed >= until.changed:
                break

    @contextmanager
    def beside(self, wanted: bool) -> Iterator[None]:
        """Fold, if it is time, while something else is done: steps write the state and only read the pool. Raises what
        the fold raised, unless that failed too."""
        if not wanted or time.monotonic() < self._next:
            yield
            return
        with ThreadPoolExecutor(1, "journey-fold") as beside:
            folding = beside.submit(self.fold, now=False)
            yield
            folding.result()

    def fold(self, *, now: bool) -> bool:
        """Give the pool a portion of what it lacks. Returns whether there was any. `now`: not only every second."""
        if not now and time.monotonic() < self._next:
            return False
        if self._folded is None:
            with self._pool.read() as session:
                self._folded = fold.Marks(*(int(marks.get(session, name) or 0) for name in fold.MARKS))
        at = to_micros(self._ws.clock.now())
        if not fold.behind(self._ws.state, self._folded, at):
            return False
        begun = time.monotonic()
        # What a fold that failed took note of is not in the pool.
        followed, self._followed = self._followed, Followed()
        with self._pool.write() as session:
            found = fold.fold(session, self._ws.state, self._folded, at, followed)
            for name, value in zip(fold.MARKS, found, strict=True):
                marks.put(session, name, str(value))
        self._folded, self._followed = found, followed
        done = time.monotonic()
        self._next = done + max(_EVERY, _SHARE * (done - begun))
        return True
