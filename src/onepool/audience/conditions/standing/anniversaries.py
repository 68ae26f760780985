"""The yearly return of a date: which days of the year are near, and when that changes.

A date returns every year after its own, on its month and day; 29 February on the 28th in years without it. All is in
whole days of the workspace's zone: `next 7 days` are today and the six days after it, `last 7 days` the six before and
today; months keep the day where it exists, else end with the month.
"""

from __future__ import annotations

from calendar import isleap, monthrange
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from onepool.audience.conditions.parts import Anniversary
from onepool.audience.conditions.windows import calendar_unit, shift_days

PLACES: Final = 12 * 31
"""Days of any year have places: month * 31 + day - 31, from 1."""

_DAY: Final = timedelta(days=1)
_LONGEST: Final = 800
"""Days looked ahead: every day of the year comes and goes within two years."""


def near_days(anniversary: Anniversary, today: date) -> tuple[date, date]:
    """The days that count: the first of them, and the first one after them."""
    match anniversary.in_:
        case "today":
            return today, today + _DAY
        case "this month":
            return calendar_unit("month", today, 0)
        case "next month":
            return calendar_unit("month", calendar_unit("month", today, 0)[1], 0)
    near = anniversary.in_
    if near.next is not None:
        return today, shift_days(today, near.span, 1)
    return shift_days(today, near.span, -1) + _DAY, today + _DAY


def returns(day: date, year: int) -> date:
    """The day on which a date returns in a year."""
    if (day.month, day.day) == (2, 29) and not isleap(year):
        return date(year, 2, 28)
    return date(year, day.month, day.day)


def place(month: int, day: int) -> int:
    """The place of a day of the year."""
    return month * 31 + day - 31


@lru_cache(maxsize=256)
def years(anniversary: Anniversary, today: date) -> list[int]:
    """By place (less one): the latest year in which the day returns within the days that count; 0 for none.

    A date is near if its own year is before that one.
    """
    found = [0] * PLACES
    first, end = near_days(anniversary, today)
    for number in range((end - first).days):
        day = first + number * _DAY
        for at in _places(day):
            found[at - 1] = day.year
    return found


@lru_cache(maxsize=256)
def changes(anniversary: Anniversary, today: date) -> list[date]:
    """By place (less one): the first day after today on which it may be near where it was not, or the other way."""
    found: dict[int, date] = {}
    before = near_days(anniversary, today)
    places = {at for month in range(1, 13) for at in _places_of_month(month)}
    for number in range(1, _LONGEST):
        day = today + number * _DAY
        now = near_days(anniversary, day)
        for one in _moved(before, now):
            for at in _places(one):
                found.setdefault(at, day)
        before = now
        if found.keys() >= places:
            break
    return [found.get(at, today + _DAY) for at in range(1, PLACES + 1)]


def _moved(before: tuple[date, date], now: tuple[date, date]) -> list[date]:
    """Days that are in one of the two spans only."""
    some = {before[0] + number * _DAY for number in range((before[1] - before[0]).days)}
    others = {now[0] + number * _DAY for number in range((now[1] - now[0]).days)}
    return list(some ^ others)


def _places(day: date) -> list[int]:
    """Whose day it is: that of its own place, and on a 28 February without a 29th that of the 29th."""
    own = place(day.month, day.day)
    return [own, own + 1] if (day.month, day.day) == (2, 28) and not isleap(day.year) else [own]


def _places_of_month(month: int) -> list[int]:
    return [place(month, day) for day in range(1, monthrange(2000, month)[1] + 1)]
