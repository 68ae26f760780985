"""The data map reads every link: of a large workspace it is kept for a while, with what it was computed from."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import cast

from fastapi import Request

from onepool.api.whom import sources
from onepool.api.workspace import WorkspaceLike
from onepool.identity.read import Sources
from onepool.insight.map import DataMap, Gathered, data_map, gather

_QUICK = 0.2
"""What takes no longer, in seconds, is read anew each time."""
_TIMES = 30
"""What takes longer is kept so many times as long."""


class KeptMap:
    """The map as it was last computed. From any thread; one uses it, others wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: tuple[Gathered, DataMap] | None = None
        self._took = 0.0

    @contextmanager
    def of(self, ws: WorkspaceLike, now: datetime) -> Iterator[tuple[Sources, Gathered, DataMap]]:
        """The map, computed now or a moment ago, and where to read on."""
        with self._lock, ws.pool.read() as session:
            src = sources(ws, session)
            if not self._fresh(now):
                started = time.perf_counter()
                touchpoints = ws.touchpoints()
                gathered = gather(src, touchpoints, now)
                try:
                    made = data_map(src, gathered, touchpoints, now, ws.settings.zone)
                except BaseException:
                    gathered.close()
                    raise
                self._drop()
                self._held = (gathered, made)
                self._took = time.perf_counter() - started
            assert self._held is not None
            yield (src, *self._held)

    def _fresh(self, now: datetime) -> bool:
        if self._held is None or self._took <= _QUICK:
            return False
        return now - self._held[1].at < timedelta(seconds=self._took * _TIMES)

    def _drop(self) -> None:
        if self._held is not None:
            self._held[0].close()
            self._held = None


def kept_map(request: Request) -> KeptMap:
    """The one of this app."""
    return cast(KeptMap, request.app.state.data_map)
