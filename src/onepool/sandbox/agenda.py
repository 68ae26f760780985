"""What is to happen later: in order of time, and of its making where times are equal."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta

from onepool.clock import Clock

Deed = Callable[[], None]


class Agenda:
    """Deeds by time. `turn` does all that is due, also what becomes due meanwhile."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: list[tuple[datetime, int, Deed]] = []
        self._number = 0

    def later(self, seconds: float, deed: Deed) -> None:
        """Do something after some seconds of the world's time."""
        self._number += 1
        heapq.heappush(self._waiting, (self._clock.now() + timedelta(seconds=max(seconds, 0)), self._number, deed))

    def turn(self) -> int:
        """Do what is due; how many deeds that were."""
        done = 0
        while self._waiting and self._waiting[0][0] <= self._clock.now():
            _, _, deed = heapq.heappop(self._waiting)
            deed()
            done += 1
        return done

    def next_at(self) -> datetime | None:
        """When the next deed is due."""
        return self._waiting[0][0] if self._waiting else None
