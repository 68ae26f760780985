"""Spans and wall clocks for whole columns of instants.

A wall time that a clock change leaves out is moved on by the gap; of one that comes twice the first counts (PEP 495,
fold 0). Offsets change at full quarters of an hour only, so one is looked up for each quarter that occurs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from onepool.audience.conditions.values import DAYS_OF_WEEK, Span
from onepool.clock import from_micros, to_micros
from onepool.journeys.executor.columns import I64
from onepool.journeys.moments import Clock, LocalDays

MINUTE: Final = 60_000_000
DAY: Final = 1440 * MINUTE
_QUARTER: Final = 15 * MINUTE


class Zones:
    """Zones of rows: names, and each row's place among them."""

    def __init__(self, names: Sequence[str], of: I64) -> None:
        self.names = list(names)
        self.of = of

    def local(self, instants: I64) -> I64:
        """Wall time as microseconds since 1970-01-01T00:00 on the wall."""
        return instants + self._each(instants, _offset)

    def instant(self, walls: I64) -> I64:
        """The instant of a wall time."""
        return walls - self._each(walls, _offset_of_wall)

    def _each(self, moments: I64, offset: Callable[[str, int], int]) -> I64:
        found = np.zeros(moments.size, np.int64)
        quarters = moments // _QUARTER
        for place in np.unique(self.of):
            rows = np.flatnonzero(self.of == place)
            known, where = np.unique(quarters[rows], return_inverse=True)
            found[rows] = np.array([offset(self.names[place], int(one)) for one in known], np.int64)[where]
        return found


@lru_cache(maxsize=200_000)
def _offset(zone: str, quarter: int) -> int:
    there = from_micros(quarter * _QUARTER).astimezone(ZoneInfo(zone)).utcoffset()
    assert there is not None
    return there // timedelta(microseconds=1)


@lru_cache(maxsize=200_000)
def _offset_of_wall(zone: str, quarter: int) -> int:
    wall = from_micros(quarter * _QUARTER).replace(tzinfo=ZoneInfo(zone))
    there = wall.utcoffset()
    assert there is not None
    return there // timedelta(microseconds=1)


def known_zone(name: str | None) -> bool:
    """Whether there is such a zone."""
    return bool(name) and _known(str(name))


@lru_cache(maxsize=4096)
def _known(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return False
    return True


def later(instants: I64, span: Span, zone: str, sign: int = 1) -> I64:
    """Instants a span later (`sign` -1: earlier). Months are those of the zone's calendar, clipped to their end."""
    if span.micros is not None:
        return instants + sign * span.micros
    zones = Zones([zone], np.zeros(instants.size, np.int64))
    walls = zones.local(instants)
    days, rest = np.divmod(walls, DAY)
    known, where = np.unique(days, return_inverse=True)
    moved = np.array([_months(int(one), sign * span.count) for one in known], np.int64)
    return zones.instant(moved[where] * DAY + rest)


def _months(day: int, count: int) -> int:
    at = date(1970, 1, 1) + timedelta(days=day)
    number = at.year * 12 + at.month - 1 + count
    year, month = divmod(number, 12)
    for last in (at.day, 30, 29, 28):
        try:
            return (date(year, month + 1, min(at.day, last)) - date(1970, 1, 1)).days
        except ValueError:
            continue
    raise AssertionError(day)


def after_local_days(instants: I64, wait: LocalDays, zones: Zones) -> I64:
    """So many calendar days later on each wall, at the wall time said, else at the same; never before `instants`."""
    walls = zones.local(instants)
    day, rest = np.divmod(walls, DAY)
    rest = rest if wait.at is None else np.full(rest.size, wait.at.minutes * MINUTE, np.int64)
    return np.maximum(zones.instant((day + wait.days) * DAY + rest), instants)


def next_wall_time(instants: I64, time: Clock, weekdays: Sequence[str] | None, zones: Zones) -> I64:
    """The next time strictly after that each wall shows `time`, on one of the weekdays (None: any)."""
    wanted = np.ones(7, np.bool_)
    if weekdays:
        wanted = np.array([any(day.startswith(one.lower()[:3]) for one in weekdays) for day in DAYS_OF_WEEK])
    day = zones.local(instants) // DAY
    found = np.full(instants.size, -1, np.int64)
    for ahead in range(9):
        # 1970-01-01 was a Thursday: number 3 from Monday.
        fits = (found < 0) & wanted[(day + ahead + 3) % 7]
        if not fits.any():
            continue
        there = zones.instant((day + ahead) * DAY + time.minutes * MINUTE)
        fits &= there > instants
        found[fits] = there[fits]
    return found


def day_of(instants: int, zone: str) -> int:
    """The day (since 1970) of an instant on a zone's wall."""
    return int((instants + _offset(zone, instants // _QUARTER)) // DAY)


def day_start(day: int, zone: str, minutes: int = 0) -> int:
    """The instant at which a zone's wall shows that day and so many minutes after midnight."""
    wall = day * DAY + minutes * MINUTE
    return wall - _offset_of_wall(zone, wall // _QUARTER)


def date_text_day(text: str | None, zone: str) -> tuple[int, int] | None:
    """(day, minutes after midnight or -1) that a date or instant in canonical text falls on; None: no date."""
    if not text:
        return None
    try:
        if len(text) == 10:
            return (date.fromisoformat(text) - date(1970, 1, 1)).days, -1
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    there = moment.astimezone(ZoneInfo(zone)) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    wall = to_micros(there.replace(tzinfo=UTC))
    return wall // DAY, (wall % DAY) // MINUTE
