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
_STRETCH = 1024
"""Days in a stretch: of whole ones it is found out once when clocks change."""
_LONG = 40 * _STRETCH
_FIRST, _LAST = -719_160, 2_932_894
"""The days between which there are local times in every zone."""


def local_days(instants: I64, zone: str) -> I64:
    """The local day of each instant (microseconds), as days since 1970-01-01."""
    if instants.size == 0:
        return np.empty(0, np.int64)
    first = max((int(instants.min()) // _DAY - 1) // _STRETCH * _STRETCH, _FIRST)
    last = min((int(instants.max()) // _DAY + 1) // _STRETCH * _STRETCH + _STRETCH, _LAST)
    if last - first > _LONG:
        # An instant far from all others: there are more days between them than it pays to look at.
        known, place = np.unique(instants, return_inverse=True)
        shifted = np.fromiter((one + _shift(one, ZoneInfo(zone)) for one in known.tolist()), np.int64, known.size)
        return np.asarray(shifted // _DAY)[place]
    changes, shifts = _shifts(zone, first, last)
    if shifts.size == 1:
        days: I64 = (instants + shifts[0]) // _DAY
    else:
        days = (instants + shifts[np.searchsorted(changes, instants, side="right")]) // _DAY
    return days


def _shift(instant: int, zone: ZoneInfo) -> int:
    """The zone's distance from UTC at an instant, in microseconds."""
    distance = from_micros(instant).astimezone(zone).utcoffset()
    assert distance is not None
    return distance // _MICROSECOND


@lru_cache(maxsize=64)
def _shifts(zone: str, first: int, last: int) -> tuple[I64, I64]:
    """When the zone's distance from UTC changes between two days (since 1970), and the distances before, between and
    after. Clocks change at most once within a day."""
    known = ZoneInfo(zone)
    changes, shifts = [], [_shift(first * _DAY, known)]
    for day in range(first, last):
        low, high = day * _DAY, (day + 1) * _DAY
        after = _shift(high, known)
        if after == shifts[-1]:
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if _shift(middle, known) == shifts[-1] else (low, middle)
        changes.append(high)
        shifts.append(after)
    return np.array(changes, np.int64), np.array(shifts, np.int64)
