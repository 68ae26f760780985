"""The overview reads every link: of a large workspace it is kept for a while."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from fastapi import Request

from onepool.identity import read
from onepool.identity.read import Overview, Sources

_QUICK = 0.2
"""What takes no longer, in seconds, is read anew each time."""
_TIMES = 30
"""What takes longer is kept so many times as long."""


class KeptOverview:
    """The overview as it was last read. From any thread; one reads, others wait for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: Overview | None = None
        self._days = 0
        self._took = 0.0
        self.at: datetime | None = None

    def of(self, sources: Sources, now: datetime, zone: ZoneInfo, days: int) -> Overview:
        """The overview, read now or a moment ago."""
        with self._lock:
            fresh = self.at is not None and now - self.at < timedelta(seconds=self._took * _TIMES)
            if self._found is not None and self._days == days and self._took > _QUICK and fresh:
                return self._found
            started = time.perf_counter()
            self._found = read.overview(sources, now, zone, days=days)
            self._took, self._days, self.at = time.perf_counter() - started, days, now
            return self._found


def kept_overview(request: Request) -> KeptOverview:
    """The one of this app."""
    return cast(KeptOverview, request.app.state.identity_overview)
