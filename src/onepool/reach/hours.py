"""Opening hours on customers' own clocks: the first instant at which something may be sent, for whole columns.

A zone is a list of segments with one offset each, found by asking zoneinfo; within a segment wall time runs evenly, so
"the next open minute" is a look-up. At the end of a segment (daylight saving begins or ends) the look-up is made again:
a wall time that a gap leaves out is passed by the gap's end, one that comes twice counts the first time.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from onepool.reach.keys import I64
from onepool.reach.rules import DAY, MINUTE

NEVER: Final = np.iinfo(np.int64).max
"""No open minute within `HORIZON`."""

HORIZON: Final = 62 * DAY
MINUTES: Final = 1440

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = 1_000_000
_STEP: Final = 6 * 3600
_CHUNK: Final = 32 * 86400

Closed = npt.NDArray[np.bool_]


def closed_minutes(start: int, end: int) -> Closed:
    """The minutes of a day within [start, end), over midnight where end <= start. Shape (1440,)."""
    minute = np.arange(MINUTES)
    inside = (minute >= start) & (minute < end) if start < end else (minute >= start) | (minute < end)
    return inside if start != end else np.zeros(MINUTES, np.bool_)


class Hours:
    """Opening hours by class of sends.

    `closed`: shape (classes, 2, 1440): whether a class may not send in a minute of an ordinary day, of a day of rest.
    `rest`: the days of rest, sorted, as days since 1970.
    """

    def __init__(self, closed: Closed, rest: I64) -> None:
        self._rest = rest
        # Minutes until the first open one of the same day; -1: none is left.
        place = np.where(closed, MINUTES, np.arange(MINUTES))
        ahead = np.minimum.accumulate(place[..., ::-1], axis=-1)[..., ::-1]
        self._wait = np.where(ahead == MINUTES, -1, ahead - np.arange(MINUTES)).astype(np.int64)

    @property
    def open_always(self) -> bool:
        """Whether no class is ever shut."""
        return bool((self._wait == 0).all())

    def first_open(self, at: I64, classes: I64, names: list[str], zones: I64) -> I64:
        """The first open instant of each row at or after `at` (µs); `NEVER` where there is none within `HORIZON`.

        `classes`: the row of `closed`; `zones`: index into the zones' `names`.
        """
        found = at.copy()
        always = (self._wait == 0).all(axis=(1, 2))
        rows = np.flatnonzero(~always[classes])
        if rows.size == 0:
            return found
        rows = rows[np.argsort(zones[rows], kind="stable")]
        codes, starts = np.unique(zones[rows], return_index=True)
        for code, mine in zip(codes, np.split(rows, starts[1:]), strict=True):
            found[mine] = self._in_zone(at[mine], classes[mine], names[int(code)])
        return found

    def _in_zone(self, at: I64, classes: I64, zone: str) -> I64:
        first = int(at.min())
        begins, offsets = segments(zone, first, int(at.max()) + HORIZON)
        ends = np.r_[begins[1:], NEVER]
        found, limit = at.copy(), at + HORIZON
        rows = np.arange(at.size)
        while rows.size:
            now = found[rows]
            place = np.searchsorted(begins, now, side="right") - 1
            local = now + offsets[place]
            day = local // DAY
            minute = local % DAY // MINUTE
            resting = self._resting(day)
            wait = self._wait[classes[rows], resting, minute]
            shut = wait != 0
            rows, now, place, day, minute, wait = (x[shut] for x in (rows, now, place, day, minute, wait))
            target = np.where(wait > 0, day * DAY + (minute + wait) * MINUTE, (day + 1) * DAY)
            after = np.minimum(target - offsets[place], ends[place])
            late = after > limit[rows]
            found[rows] = np.where(late, NEVER, after)
            rows = rows[~late]
        return found

    def _resting(self, day: I64) -> I64:
        if self._rest.size == 0:
            return np.zeros(day.size, np.int64)
        place = np.minimum(np.searchsorted(self._rest, day), self._rest.size - 1)
        found: I64 = (self._rest[place] == day).astype(np.int64)
        return found


def local_days(at: I64, names: list[str], zones: I64) -> tuple[I64, I64]:
    """The instants (µs) at which the local day of each row began and at which it ends."""
    begins, ends = np.empty_like(at), np.empty_like(at)
    for code in np.unique(zones):
        mine = zones == code
        now = at[mine]
        first, last = int(now.min()) - 2 * DAY, int(now.max()) + 3 * DAY
        starts, offsets = segments(names[int(code)], first, last)
        day = (now + offsets[np.searchsorted(starts, now, side="right") - 1]) // DAY
        begins[mine] = _midnight(day, starts, offsets, np.full(day.size, first))
        ends[mine] = _midnight(day + 1, starts, offsets, now)
    return begins, ends


def _midnight(day: I64, starts: I64, offsets: I64, after: I64) -> I64:
    """The first instant from `after` on at which the local day is that one or a later one: where a gap leaves midnight
    out, the gap's end."""
    found = np.full(day.size, NEVER, np.int64)
    ends = np.r_[starts[1:], NEVER]
    for start, end, offset in zip(starts, ends, offsets, strict=True):
        begun = np.maximum(np.maximum(day * DAY - offset, start), after)
        found = np.where((begun < end) & (begun < found), begun, found)
    return found


def segments(zone: str, first: int, last: int) -> tuple[I64, I64]:
    """The offsets (µs) of a zone between two instants, and from when each holds; the first one from before `first`."""
    starts: list[int] = []
    offsets: list[int] = []
    for chunk in range(first // (_CHUNK * _SECOND), last // (_CHUNK * _SECOND) + 1):
        for begin, offset in _chunk(zone, chunk):
            if not offsets or offsets[-1] != offset:
                starts.append(begin * _SECOND)
                offsets.append(offset * _SECOND)
    return np.array(starts, np.int64), np.array(offsets, np.int64)


@lru_cache(maxsize=8192)
def _chunk(zone: str, chunk: int) -> tuple[tuple[int, int], ...]:
    """(second of the beginning, offset in seconds) within 32 days: sampled every six hours, changes by halving."""
    info = ZoneInfo(zone)
    start = chunk * _CHUNK
    found = [(start, _offset(info, start))]
    for at in range(start, start + _CHUNK, _STEP):
        low, high = at, min(at + _STEP, start + _CHUNK - 1)
        after = _offset(info, high)
        if after == found[-1][1]:
            continue
        before = found[-1][1]
        while high - low > 1:
            middle = (low + high) // 2
            if _offset(info, middle) == before:
                low = middle
            else:
                high = middle
        found.append((high, after))
    return tuple(found)


def _offset(info: ZoneInfo, second: int) -> int:
    offset = (_EPOCH + timedelta(seconds=second)).astimezone(info).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())
