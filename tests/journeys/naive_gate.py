"""The gate, plainly: one message at a time, minute by minute (see reach/gate.py for what it means)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from tests.journeys.memory import address, consented, suppressed
from tests.journeys.naive import Message, Run
from tests.journeys.naive_times import at_wall, later, wall

from onepool.journeys.model import Quiet
from onepool.reach.keys import bucket, key
from onepool.reach.rules import Control

MINUTE = 60_000_000
DAY = 1440 * MINUTE
HORIZON = 62 * DAY
Past = Iterable[tuple[int, int, str, str, str]]
"""(customer, when, category, channel, journey) of what went out or may have."""


class NaiveGate:
    """Decides about one message; `past` tells what the customer had."""

    def __init__(
        self, control: Control | None, zone: Callable[[int], ZoneInfo | None], past: Callable[[], Past]
    ) -> None:
        self._control = control
        self._zone = zone
        self._past = past

    def __call__(self, message: Message, run: Run, at: int) -> None:
        reason, due = self._decide(message, run, at)
        if reason is not None:
            message.state, message.reason = "SUPPRESSED", reason
        else:
            message.state, message.due = ("DEFERRED" if due > at else "QUEUED"), due

    def _decide(self, message: Message, run: Run, at: int) -> tuple[str | None, int]:
        if message.expires is not None and message.expires <= at:
            return "expired", at
        if self._controlled(message):
            return "control", at
        missing = address(message.customer, message.channel)[3]
        reason = missing or suppressed(message.customer, message.channel)
        if reason is not None:
            return reason, at
        if not consented(message.customer, message.channel):
            return "no_consent", at
        return self._paced(message, run, at)

    def _controlled(self, message: Message) -> bool:
        if self._control is None or message.category not in self._control.categories:
            return False
        place = int(bucket(self._control.salt, np.array([message.customer], np.int64))[0])
        return place < round(self._control.fraction * 10_000)

    def _paced(self, message: Message, run: Run, at: int) -> tuple[str | None, int]:
        policy = run.version.journey.policy
        zone = self._zone(message.customer) or ZoneInfo(run.version.journey.zone.default)
        quiet = None if policy.quiet is None or policy.quiet.on_hit == "ignore" else policy.quiet
        first = due = first_open(at, quiet, zone)
        for cap in policy.caps:
            times = sorted(
                when
                for customer, when, category, channel, journey in self._past()
                if customer == message.customer
                and (cap.scope != "category" or category == message.category)
                and (cap.scope != "channel" or channel == message.channel)
                and (cap.scope != "journey" or journey == message.journey)
            )
            window = None if cap.per.rolling is None else cap.per.rolling.micros
            midnight = _midnight(at, zone)
            times = [when for when in times if (when >= midnight if window is None else when > at - window)]
            if len(times) < cap.count:
                continue
            if cap.on_hit == "skip":
                return "capped", at
            due = max(due, _next_midnight(at, zone) if window is None else times[-cap.count] + window)
        if due > at:
            due = first_open(due, quiet, zone)
        if first > at and quiet is not None and quiet.on_hit == "skip":
            return "quiet_skipped", at
        if message.expires is not None and due > message.expires:
            return "expired", at
        most = None if quiet is None or quiet.max_defer is None else later(0, quiet.max_defer, zone)
        if first > at and most is not None and due - min(message.planned, at) > most:
            return "quiet_skipped", at
        if due > at:
            jittered = due + int(key("jitter", message.send_id)[0]) % (10 * MINUTE)
            late = message.expires is not None and jittered > message.expires
            if not late and not closed(jittered, quiet, zone):
                due = jittered
        return None, due


def closed(at: int, quiet: Quiet | None, zone: ZoneInfo) -> bool:
    """Whether the zone's wall clock is within the quiet hours."""
    if quiet is None:
        return False
    minute = ((at + _offset(str(zone), at // (15 * MINUTE))) // MINUTE) % 1440
    start, end = quiet.from_.minutes, quiet.to.minutes
    if start == end:
        return False
    return start <= minute < end if start < end else minute >= start or minute < end


def first_open(at: int, quiet: Quiet | None, zone: ZoneInfo) -> int:
    """The first instant outside of quiet hours: minute after minute."""
    while closed(at, quiet, zone):
        at = (at // MINUTE + 1) * MINUTE
    return at


@lru_cache(maxsize=500_000)
def _offset(zone: str, quarter: int) -> int:
    there = wall(quarter * 15 * MINUTE, ZoneInfo(zone)).utcoffset()
    assert there is not None
    return int(there.total_seconds()) * 1_000_000


def _midnight(at: int, zone: ZoneInfo) -> int:
    """When the local day began: the first instant of that date."""
    day = wall(at, zone).date()
    return _begin(day.toordinal(), str(zone))


def _next_midnight(at: int, zone: ZoneInfo) -> int:
    return _begin(wall(at, zone).date().toordinal() + 1, str(zone))


@lru_cache(maxsize=100_000)
def _begin(ordinal: int, name: str) -> int:
    from datetime import date, time

    zone = ZoneInfo(name)
    day = date.fromordinal(ordinal)
    at = at_wall(day, time(12), zone)
    # Back from noon, quarter by quarter: clocks change at full quarters.
    step = 15 * MINUTE
    at -= at % step
    while wall(at - step, zone).date() >= day:
        at -= step
    return at
