"""Time of the sandbox's world: the machine's own, or one that begins elsewhere and runs faster."""

from __future__ import annotations

from datetime import datetime, timedelta

from onepool.clock import Clock


class WorldClock:
    """Begins at ``start`` and runs ``speed`` times as fast as ``wall``; it can be moved ahead."""

    def __init__(self, wall: Clock, start: datetime | None = None, speed: float = 1.0) -> None:
        self._wall = wall
        self._since = wall.now()
        self._start = start or self._since
        self._speed = speed

    def now(self) -> datetime:
        return self._start + (self._wall.now() - self._since) * self._speed

    def wait(self, seconds: float) -> None:
        self._wall.wait(seconds / self._speed)

    def advance(self, by: timedelta) -> None:
        """Move the world ahead, and nothing else."""
        self._start += by
