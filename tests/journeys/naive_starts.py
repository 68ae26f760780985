"""How audiences come about and how fast customers are let in, plainly: one customer after the other (see naive.py)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
from tests.journeys.naive_runs import Arrival, Inputs, Standing
from tests.journeys.naive_times import at_wall, clock_of, offset_of, wall, zone_named

from onepool.audience.conditions.model import Condition
from onepool.audience.conditions.texts import read_text
from onepool.journeys.graph import edges
from onepool.journeys.keys import lots, run_keys
from onepool.journeys.model import (
    CallJourney,
    DateEntry,
    IssueCoupon,
    Journey,
    OneOffEntry,
    ScheduleEntry,
    SegmentEntry,
    Send,
    Task,
    Wait,
)
from onepool.journeys.starts import next_start

if TYPE_CHECKING:
    from tests.journeys.naive import Naive

SECOND = 1_000_000
MINUTE = 60 * SECOND
FIRST = ZoneInfo("Etc/GMT-14")
"""Where days begin first."""


@dataclass
class Audience:
    """Who is to enter by one start, in the order in which they do."""

    journey: str
    at: int
    customers: list[int]
    taken: int = 0


# ----------------------------------------------------------------------------------------------------------- rates


def _midnight(day: date, zone: ZoneInfo) -> int:
    return at_wall(day, clock_of("00:00"), zone)  # type: ignore[arg-type]


def slot(standing: Standing, wanted: int) -> int:
    """When somebody may begin who wants to at an instant: after whoever came before, while the day has room."""
    rate, zone = standing.version.journey.entry.rate, zone_named(None, standing.version.journey.zone.default)
    assert rate is not None
    at = max(wanted, standing.slot)
    if rate.per_day is not None:
        day = wall(at, zone).date()
        if standing.day is None or day > standing.day:
            standing.day, standing.filled = day, 0
        if standing.filled >= rate.per_day:
            standing.day, standing.filled = standing.day + timedelta(days=1), 0
        at = max(at, _midnight(standing.day, zone))
        standing.filled += 1
    standing.slot = at + (SECOND // rate.per_second if rate.per_second is not None else 0)
    return at


def room(standing: Standing, since: int, at: int, most: int) -> int:
    """How many of an audience may enter at an instant: as the rate gave since the last slot, at most of a second."""
    rate, zone = standing.version.journey.entry.rate, zone_named(None, standing.version.journey.zone.default)
    assert rate is not None
    gap = SECOND // rate.per_second if rate.per_second is not None else 0
    today = wall(at, zone).date()
    place = max(standing.slot, since, at - SECOND) if gap else at
    count = 0
    while count < most and place <= at:
        if rate.per_day is not None and standing.day == today and standing.filled >= rate.per_day:
            break
        day = wall(place, zone).date()
        if standing.day != day:
            standing.day, standing.filled = day, 0
        standing.filled += 1
        count, place = count + 1, place + gap
        standing.slot = place
    if count == 0 and rate.per_day is not None and standing.slot <= at and place <= at and most:
        standing.slot = _midnight(today + timedelta(days=1), zone)
    return count


# ------------------------------------------------------------------------------------------------------- audiences


def arrivals(naive: Naive, inputs: Inputs) -> Iterator[Arrival]:
    """Those of audiences that are let in now; audiences that are due are made before."""
    for standing in sorted(naive.standing.values(), key=lambda one: one.version.version_id):
        if standing.status == "live":
            made = _made(naive, standing, inputs)
            for one in made:
                _draw(standing.version.journey, one)
            naive.audiences += made
    before: dict[str, int] = {}
    for audience in sorted(naive.audiences, key=lambda one: (one.journey, one.at)):
        standing = naive.standing[audience.journey]
        if standing.status != "live":
            continue
        journey = standing.version.journey
        count = len(audience.customers) - audience.taken
        # Of two audiences that had to wait whoever is in the earlier one comes first.
        earlier = before.get(audience.journey, 0)
        before[audience.journey] = earlier + (len(audience.customers) if count else 0)
        if count and naive.at < standing.held + MINUTE:
            continue
        late = standing.held >= audience.at
        if count and crowded(journey, naive.crowded):
            # Nobody of it until a minute is over.
            standing.held = naive.at
            continue
        metered = journey.entry.rate is not None
        if metered and count:
            count = room(standing, audience.at, naive.at, count)
        for place in range(count):
            customer = audience.customers[audience.taken + place]
            if customer in audience.customers[: audience.taken + place]:
                # This person's turn was that of another one who went up in him.
                continue
            time = naive.at if metered or late else audience.at
            if isinstance(journey.entry, DateEntry):
                zone = naive.zone_of(customer, journey)
                time = max(time, at_wall(wall(audience.at, FIRST).date(), clock_of(journey.entry.time), zone))
            order = earlier + audience.taken + place
            yield Arrival(time, order, customer, standing.version, "", audience.at, {}, metered=metered, invited=True)
        audience.taken += count


def _draw(journey: Journey, audience: Audience) -> None:
    """Of a journey that gives coupons the lot says who comes first."""
    if any(isinstance(node, IssueCoupon) for node in journey.nodes.values()):
        at = np.array([audience.at])
        audience.customers.sort(key=lambda one: int(lots(run_keys(audience.journey, np.array([one]), [""], at))[0]))


def crowded(journey: Journey, channels: frozenset[str]) -> bool:
    """Whether everybody would come to a message without a wait before it, or to the end, and all channels over which
    messages could go have too much to send."""
    ways, seen, over = [journey.start], set(), set()
    while ways:
        name = ways.pop()
        if name in seen:
            continue
        seen.add(name)
        match node := journey.nodes[name]:
            case Wait() | Task() | CallJourney():
                return False
            case Send():
                over |= {hop.channel for hop in node.chain}
            case _:
                ways += [edge.target for edge in edges(node)]
    return bool(over) and over <= channels


def _made(naive: Naive, standing: Standing, inputs: Inputs) -> list[Audience]:
    entry, name = standing.version.journey.entry, standing.version.name
    if isinstance(entry, SegmentEntry) and entry.backfill and not standing.started:
        standing.started = True
        return [Audience(name, standing.entries_from, _members(naive, entry.segment_enter, None))]
    if isinstance(entry, DateEntry):
        return _of_date(naive, standing, entry)
    if not isinstance(entry, ScheduleEntry | OneOffEntry) or standing.next_at is None or standing.next_at > naive.at:
        return []
    said = entry if isinstance(entry, ScheduleEntry) else entry.one_off
    made = Audience(name, standing.next_at, _members(naive, said.segment, said.who))
    journey = standing.version.journey
    standing.next_at = next_start(journey, naive.at) if isinstance(entry, ScheduleEntry) else None
    return [made]


def _members(naive: Naive, segment: str | None, who: Condition | None) -> list[int]:
    return [
        customer
        for customer in sorted(naive.people)
        if (segment is None or customer in naive.inside) and (who is None or naive.is_one(customer, who))
    ]


def _of_date(naive: Naive, standing: Standing, entry: DateEntry) -> list[Audience]:
    """A day is looked at when it begins anywhere; everybody enters by the clock of his own wall."""
    journey = standing.version.journey
    zone = FIRST if journey.zone.from_ else zone_named(None, journey.zone.default)
    clock = clock_of(entry.time)
    if standing.next_at is None:
        day = wall(standing.entries_from, zone).date()
        while at_wall(day, clock, zone) <= standing.entries_from:
            day += timedelta(days=1)
        standing.next_at = at_wall(day, clock, zone)
    if standing.next_at > naive.at:
        return []
    at = standing.next_at
    day = wall(at, zone).date()
    standing.next_at = at_wall(day + timedelta(days=1), clock, zone)
    naive.more |= standing.next_at <= naive.at
    return [Audience(standing.version.name, at, [one for one in _members(naive, None, entry.who)
                                                 if _is_day(naive, one, entry, day)])]  # fmt: skip


def _is_day(naive: Naive, customer: int, entry: DateEntry, day: date) -> bool:
    text = naive.attribute(customer, entry.date)
    if text is None:
        return False
    zone = ZoneInfo(naive.ctx.zone)
    value = read_text(text, str(naive.ctx.names.attributes[entry.date]), zone)
    if value is None:
        return False
    held = value if isinstance(value, date) else wall(value, zone).date()
    if entry.offset is not None:
        sign, span = offset_of(entry.offset)
        assert span.micros is not None
        day -= sign * timedelta(days=span.micros // 86_400_000_000)
    if entry.every != "year":
        return held == day
    leap = (day + timedelta(days=1)).month == 3 and day.day == 28 and (held.month, held.day) == (2, 29)
    return (held.month, held.day) == (day.month, day.day) or leap
