"""Spans later in a zone, for many instants at once."""

from __future__ import annotations

from calendar import monthrange
from zoneinfo import ZoneInfo

import numpy as np

from onepool.audience.conditions.values import Span
from onepool.audience.conditions.windows import local
from onepool.audience.touched.rows import I64
from onepool.clock import to_micros


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
