"""The days of a zone for many instants at once."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from onepool.clock import from_micros

I64 = npt.NDArray[np.int64]

_DAY = 86_400_000_000
_MICROSECOND = timedelta(microseconds=1)


def local_days(instants: I64, zone: str) -> I64:
    """The local day of each instant (microseconds), as days since 1970-01-01."""
    if instants.size == 0:
        return np.empty(0, np.int64)
    first, last = int(instants.min()) // _DAY - 1, int(instants.max()) // _DAY + 2
    changes, shifts = _shifts(zone, first, last)
    if shifts.size == 1:
        days: I64 = (instants + shifts[0]) // _DAY
    else:
        days = (instants + shifts[np.searchsorted(changes, instants, side="right")]) // _DAY
    return days


@lru_cache(maxsize=64)
def _shifts(zone: str, first: int, last: int) -> tuple[I64, I64]:
    """When the zone's distance from UTC changes between two days (since 1970), and the distances before, between and
    after. Clocks change at most once within a day."""
    known = ZoneInfo(zone)

    def shift(instant: int) -> int:
        distance = from_micros(instant).astimezone(known).utcoffset()
        assert distance is not None
        return distance // _MICROSECOND

    changes, shifts = [], [shift(first * _DAY)]
    for day in range(first, last):
        low, high = day * _DAY, (day + 1) * _DAY
        after = shift(high)
        if after == shifts[-1]:
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if shift(middle) == shifts[-1] else (low, middle)
        changes.append(high)
        shifts.append(after)
    return np.array(changes, np.int64), np.array(shifts, np.int64)
