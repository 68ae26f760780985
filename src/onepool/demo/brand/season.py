"""How busy a day is: week-ends, the big sales of the year, the lull of the Spring Festival, the hours of a day."""

from __future__ import annotations

from datetime import date

import numpy as np

from onepool.demo.people.arrays import I64, Chance

MEMBER_DAY = 8
"""On this day of each month members get more."""

_SALES: tuple[tuple[tuple[int, int], tuple[int, int], float], ...] = (
    ((3, 5), (3, 8), 1.8),
    ((5, 25), (5, 31), 1.3),
    ((6, 1), (6, 18), 1.9),
    ((9, 7), (9, 9), 1.4),
    ((10, 24), (10, 31), 1.5),
    ((11, 1), (11, 11), 2.4),
    ((12, 10), (12, 12), 1.7),
)
_PEAKS = {(6, 18): 2.0, (11, 11): 2.5, (3, 8): 1.3, (12, 12): 1.3}
_SPRING_FESTIVAL = {2024: (2, 10), 2025: (1, 29), 2026: (2, 17), 2027: (2, 6), 2028: (1, 26), 2029: (2, 13)}

_HOURS = np.array([6, 3, 1, 1, 1, 2, 8, 18, 30, 38, 42, 46, 60, 48, 40, 40, 42, 46, 52, 66, 92, 98, 70, 28], float)


def busy(day: date) -> float:
    """How much is bought on a day, 1 on an ordinary working day."""
    level = 1.18 if day.weekday() >= 5 else 1.0
    for first, last, factor in _SALES:
        if first <= (day.month, day.day) <= last:
            level *= factor
    level *= _PEAKS.get((day.month, day.day), 1.0)
    if day.day == MEMBER_DAY:
        level *= 1.35
    festival = _SPRING_FESTIVAL.get(day.year)
    if festival is not None and -2 <= (day - date(day.year, *festival)).days <= 5:
        level *= 0.55
    return level


def seconds_of_day(chance: Chance, size: int) -> I64:
    """Seconds after midnight, more in the evening than at night."""
    bounds = np.cumsum(_HOURS / _HOURS.sum())
    drawn = chance.random(size)
    hour = np.minimum(np.searchsorted(bounds, drawn, side="right"), 23)
    return (hour * 3600 + (chance.random(size) * 3600).astype(np.int64)).astype(np.int64)
