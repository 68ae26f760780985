"""Quiet hours on customers' own clocks, against a walk from minute to minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from onepool.clock import from_micros, to_micros
from onepool.reach.hours import NEVER, Hours, closed_minutes, local_days
from onepool.reach.rules import DAY, MINUTE

ZONES = sorted(name for name in available_timezones() if "/" in name and not name.startswith(("posix", "right", "Etc")))
EPOCH = date(1970, 1, 1)
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
INSTANTS = st.integers(0, 3 * 365 * 86_400).map(lambda second: FIRST + timedelta(seconds=second))
WALLS = st.integers(0, 1439)


@cache
def turns(zone: str) -> list[datetime]:
    """Days within which the clocks of a zone change, 2024 to 2026."""
    info, found = ZoneInfo(zone), []
    at = FIRST
    while at.year < 2027:
        after = at + timedelta(days=1)
        if at.astimezone(info).utcoffset() != after.astimezone(info).utcoffset():
            found.append(at)
        at = after
    return found


@st.composite
def moments(draw: st.DrawFn) -> tuple[str, datetime]:
    """A zone and an instant, more often than not near a change of its clocks."""
    zone = draw(st.sampled_from(ZONES))
    near = turns(zone)
    if near and draw(st.booleans()):
        return zone, draw(st.sampled_from(near)) + timedelta(seconds=draw(st.integers(-43_200, 129_600)))
    return zone, draw(INSTANTS)


def walked(at: datetime, zone: str, closed: np.ndarray, rest: set[int]) -> datetime | None:
    """The first open instant, found by looking at every minute."""
    info, now = ZoneInfo(zone), at
    for _ in range(4 * 1440):
        local = now.astimezone(info)
        kind = int((local.date() - EPOCH).days in rest)
        if not closed[kind, local.hour * 60 + local.minute]:
            return now
        now = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return None


@given(moments(), WALLS, WALLS, st.sets(st.integers(-1, 2)))
@example(("Africa/Casablanca", datetime(2026, 2, 14, 23, 30, tzinfo=UTC)), 23 * 60, 8 * 60, set())
@example(("America/Havana", datetime(2026, 11, 1, 4, 0, tzinfo=UTC)), 22 * 60, 30, {0})
@example(("Australia/Lord_Howe", datetime(2026, 4, 4, 14, 0, tzinfo=UTC)), 60, 105, set())
@settings(max_examples=120, deadline=None)
def test_the_first_open_minute(moment: tuple[str, datetime], start: int, end: int, resting: set[int]) -> None:
    zone, at = moment
    day = (at.astimezone(ZoneInfo(zone)).date() - EPOCH).days
    rest = {day + one for one in resting}
    closed = np.stack([closed_minutes(start, end), closed_minutes(start, end) | closed_minutes(600, 900)])
    hours = Hours(closed[None], np.array(sorted(rest), np.int64))
    zero = np.zeros(1, np.int64)
    found = hours.first_open(np.array([to_micros(at)]), zero, [zone], zero)[0]
    wanted = walked(at, zone, closed, rest)
    info = ZoneInfo(zone)
    assert wanted is not None
    assert from_micros(int(found)) == wanted, (zone, at.astimezone(info), wanted.astimezone(info))


@given(st.lists(moments(), min_size=1, max_size=20), WALLS, WALLS)
@settings(max_examples=30, deadline=None)
def test_many_at_once_are_as_one_by_one(some: list[tuple[str, datetime]], start: int, end: int) -> None:
    names = sorted({zone for zone, _ in some})
    zones = np.array([names.index(zone) for zone, _ in some], np.int64)
    at = np.array([to_micros(moment) for _, moment in some], np.int64)
    closed = closed_minutes(start, end)
    hours = Hours(np.stack([closed, closed])[None], np.empty(0, np.int64))
    together = hours.first_open(at, np.zeros(at.size, np.int64), names, zones)
    zero = np.zeros(1, np.int64)
    alone = [hours.first_open(at[[row]], zero, [names[int(zones[row])]], zero)[0] for row in range(at.size)]
    assert together.tolist() == alone


@given(moments())
@settings(max_examples=120, deadline=None)
def test_local_days_hold_their_instant(moment: tuple[str, datetime]) -> None:
    zone, at = moment
    info, now = ZoneInfo(zone), to_micros(at)
    begin, end = (int(one[0]) for one in local_days(np.array([now]), [zone], np.zeros(1, np.int64)))
    today = at.astimezone(info).date()
    assert begin <= now < end
    assert from_micros(begin).astimezone(info).date() >= today
    assert from_micros(begin - MINUTE).astimezone(info).date() < today
    assert from_micros(end).astimezone(info).date() > today
    assert end - begin <= 2 * DAY


def test_what_is_never_open_is_never() -> None:
    shut = np.ones((1, 2, 1440), np.bool_)
    hours = Hours(shut, np.empty(0, np.int64))
    zero = np.zeros(1, np.int64)
    assert hours.first_open(np.array([0]), zero, ["Asia/Shanghai"], zero).tolist() == [NEVER]


@pytest.mark.parametrize(("start", "end", "count"), [(540, 600, 60), (1320, 540, 660), (0, 1440, 1440), (60, 60, 0)])
def test_windows_go_over_midnight(start: int, end: int, count: int) -> None:
    assert int(closed_minutes(start, end).sum()) == count
