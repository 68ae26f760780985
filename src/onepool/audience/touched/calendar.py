"""Days and months of a zone for many instants at once."""

from __future__ import annotations

from calendar import monthrange
from zoneinfo import ZoneInfo

import numpy as np

from onepool.audience.conditions.values import Span
from onepool.audience.conditions.windows import local
from onepool.audience.touched.rows import I64
from onepool.clock import to_micros

_QUARTER = 900_000_000
_DAY = 86_400_000_000
_MODERN = -631_152_000_000_000
"""1950 in microseconds: since then clocks everywhere change at a quarter of an hour, and by whole ones."""


class Days:
    """The zone's day of each instant, remembering the zone's offset for each quarter of an hour it met."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._offsets: dict[int, int] = {}

    def of(self, times: I64) -> I64:
        """Days since 1970 in the zone."""
        if times.size == 0:
            return times
        if int(times.min()) < _MODERN:
            return np.array([local(one, self._zone).date().toordinal() - 719_163 for one in times.tolist()], np.int64)
        quarters, place = np.unique(times // _QUARTER, return_inverse=True)
        offsets = np.fromiter((self._offset(one) for one in quarters.tolist()), np.int64, quarters.size)
        found: I64 = (times + offsets[place]) // _DAY
        return found

    def _offset(self, quarter: int) -> int:
        known = self._offsets.get(quarter)
        if known is None:
            offset = local(quarter * _QUARTER, self._zone).utcoffset()
            assert offset is not None
            if len(self._offsets) > 1_000_000:
                self._offsets.clear()
            known = self._offsets[quarter] = round(offset.total_seconds() * 1_000_000)
        return known


def later(times: I64, span: Span, zone: ZoneInfo) -> I64:
    """The instants `span` later. Months clip to their last day; where the zone's clocks make that two instants or
    none, the earlier one."""
    if span.micros is not None:
        return times + span.micros
    different, place = np.unique(times, return_inverse=True)
    found = np.fromiter((_months_later(one, span.count, zone) for one in different.tolist()), np.int64, different.size)
    return found[place]


def _months_later(instant: int, count: int, zone: ZoneInfo) -> int:
    here = local(instant, zone)
    months = here.year * 12 + here.month - 1 + count
    year, month = months // 12, months % 12 + 1
    if year > 9998:
        return to_micros(here.replace(year=9998, month=1, day=1))
    moved = here.replace(year=year, month=month, day=min(here.day, monthrange(year, month)[1]))
    return min(to_micros(moved.replace(fold=0)), to_micros(moved.replace(fold=1)))
