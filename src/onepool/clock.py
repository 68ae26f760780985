"""The only place that reads the wall clock. Everything else is told the time."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Clock(Protocol):
    """Tells the present instant as an aware datetime in UTC, and waits."""

    def now(self) -> datetime: ...

    def wait(self, seconds: float) -> None:
        """Return when so many seconds have gone by; at once by a clock that is moved from outside."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)


class FakeClock:
    """A clock for tests, back-tests and rebuilds: it stands still until it is moved."""

    def __init__(self, start: datetime) -> None:
        self._now = _aware(start)

    def now(self) -> datetime:
        return self._now

    def wait(self, seconds: float) -> None:
        pass

    def advance(self, by: timedelta) -> None:
        self._now += by

    def set(self, to: datetime) -> None:
        self._now = _aware(to)


def to_micros(instant: datetime) -> int:
    """Microseconds since 1970-01-01T00:00Z, exactly (no float on the way)."""
    return (instant - EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The UTC instant of a count of microseconds since 1970."""
    return EPOCH + timedelta(microseconds=micros)


def _aware(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError(f"{instant!r} has no time zone; use datetime(..., tzinfo=UTC)")
    return instant.astimezone(UTC)
