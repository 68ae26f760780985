"""Audiences: who enters by a schedule, a one-off, a date, or because they were in a segment when it was published."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from onepool.audience.conditions.values import read_span
from onepool.journeys.executor.columns import I64, texts
from onepool.journeys.executor.metering import Meter
from onepool.journeys.executor.plan import Plan
from onepool.journeys.executor.ports import MOST_DUE, Audience, Inputs, StateChange
from onepool.journeys.executor.times import DAY, Zones, day_of, day_start, known_zone
from onepool.journeys.executor.turn import Turn
from onepool.journeys.keys import lots, run_keys
from onepool.journeys.model import DateEntry, IssueCoupon, OneOffEntry, ScheduleEntry, SegmentEntry
from onepool.journeys.starts import next_start

if TYPE_CHECKING:
    from onepool.journeys.executor.entries import Entrants

_FIRST_ZONE: Final = "Etc/GMT-14"
"""Where a day begins first: whoever's clock counts, nobody's time has passed when a day is looked at there."""


class Starts:
    """Makes audiences that are due, and lets in of those that wait as many as one step and the rate allow."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn

    def entrants(self, inputs: Inputs) -> list[Entrants]:
        turn = self._turn
        held = {plan.journey for plan in turn.book.live() if Meter(turn, plan).holds_back}
        waiting = {(one.journey, one.at): one for one in turn.world.audiences(held)}
        made: set[tuple[str, int]] = set()
        asked = {row["journey"]: row["at"] for row in inputs.requests.to_pylist() if row["kind"] == "start"}
        for plan in turn.book.live():
            for at, members in self._due(plan, asked):
                customers = _drawn(plan, at, members)
                new = Audience(plan.journey, at, customers, customers.size, 0, done=False)
                waiting[plan.journey, at] = new
                made.add((plan.journey, at))
        found = []
        room = MOST_DUE
        latest = {plan.journey: plan for plan in turn.book.live()}
        before: dict[str, int] = {}
        for place, one in sorted(waiting.items()):
            plan_ = latest.get(one.journey)
            if plan_ is None:
                if place in made:
                    turn.audiences.append(one)
                continue
            earlier = before.get(one.journey, 0)
            taken, entrants = self._let_in(plan_, one, room, earlier)
            room -= taken
            left = one.total - one.taken - taken
            before[one.journey] = earlier + one.total * (one.total > one.taken)
            turn.more |= left > 0 and taken > 0 and plan_.definition.entry.rate is None
            if taken or place in made or left == 0:
                kept = one.customers if place in made else None
                turn.audiences.append(Audience(*place, kept, one.total, one.taken + taken, done=left == 0))
            if entrants is not None:
                found.append(entrants)
        return found

    def _let_in(self, plan: Plan, one: Audience, room: int, earlier: int) -> tuple[int, Entrants | None]:
        """The next ones of an audience: (how many had their turn, who enters). Whoever would be too many for accounts
        that are full stays in it, and enters later at the instant of that step, behind the `earlier` audiences that had
        to wait as well."""
        from onepool.journeys.executor.entries import plain

        turn, meter = self._turn, Meter(self._turn, plan)
        count = left = min(room, one.total - one.taken)
        if count <= 0 or one.customers is None or meter.holds_back:
            return 0, None
        metered = plan.definition.entry.rate is not None
        late = metered or meter.held >= one.at
        most = turn.room(plan)
        count = left if most is None else min(left, most)
        if metered and count > 0:
            count = meter.room(one.at, turn.at, count)
        if count == most and count < left:
            meter.hold_back()
        if count <= 0:
            return 0, None
        turn.let_in(plan, count)
        customers, places = self._persons(one, count)
        times = np.full(customers.size, turn.at if late else one.at, np.int64)
        if isinstance(plan.definition.entry, DateEntry):
            times = np.maximum(times, self._local(plan, plan.definition.entry, one.at, customers))
        entrants = plain(plan, customers, times, earlier + places, metered=metered, invited=True)
        return count, _since(entrants, one.at)

    def _persons(self, one: Audience, count: int) -> tuple[I64, I64]:
        """The next so many of an audience as who they are now, and their places in it. Each person has one turn, at
        the place of the first of those of the audience who are this person now."""
        members = one.customers
        assert members is not None
        mine = members[one.taken : one.taken + count]
        places = one.taken + np.arange(mine.size)
        table = self._turn.world.persons(mine, one.at)
        if table.num_rows == 0:
            return mine, places
        was, now = table.column("customer_id").to_numpy(), table.column("other_id").to_numpy()
        # Whoever took somebody in may be a member too.
        ids = np.concatenate([was, np.setdiff1d(now, was)])
        person, which = np.unique(np.concatenate([now, np.setdiff1d(now, was)]), return_inverse=True)
        by_id = np.argsort(members)
        there = np.minimum(np.searchsorted(members, ids, sorter=by_id), members.size - 1)
        place = np.where(members[by_id[there]] == ids, by_id[there], members.size)
        first = np.full(person.size, members.size, np.int64)
        np.minimum.at(first, which, place)
        order = np.argsort(ids)
        found = np.minimum(np.searchsorted(ids[order], mine), ids.size - 1)
        changed = np.flatnonzero(ids[order][found] == mine)
        of = which[order][found[changed]]
        customers, kept = mine.copy(), np.ones(mine.size, np.bool_)
        customers[changed] = person[of]
        kept[changed] = first[of] == one.taken + changed
        return customers[kept], places[kept]

    def _due(self, plan: Plan, asked: dict[str, int]) -> list[tuple[int, I64]]:
        """The starts of a version that have come, each with those it is for."""
        turn, entry, standing = self._turn, plan.definition.entry, self._turn.book.standings[plan.journey]
        if isinstance(entry, SegmentEntry) and entry.backfill:
            if plan.journey in turn.world.started():
                return []
            return [(standing.entries_from, turn.world.members(entry.segment_enter, None, turn.at))]
        if isinstance(entry, DateEntry):
            return self._dated(plan, entry, standing.next_at, standing.entries_from)
        if not isinstance(entry, ScheduleEntry | OneOffEntry):
            if standing.next_at is not None and standing.next_at <= turn.at:
                turn.changes.append(StateChange(plan.journey, {"next_at": None}))
            return []
        said = entry if isinstance(entry, ScheduleEntry) else entry.one_off
        starts = []
        if plan.journey in asked:
            starts.append(asked[plan.journey])
        if standing.next_at is not None and standing.next_at <= turn.at:
            starts.append(standing.next_at)
            following = next_start(plan.definition, turn.at) if isinstance(entry, ScheduleEntry) else None
            turn.changes.append(StateChange(plan.journey, {"next_at": following}))
        return [(at, turn.world.members(said.segment, said.who, turn.at)) for at in starts]

    def _dated(self, plan: Plan, entry: DateEntry, next_at: int | None, since: int) -> list[tuple[int, I64]]:
        turn = self._turn
        zone = plan.zone if plan.zone_attribute is None else _FIRST_ZONE
        if next_at is None:
            day = day_of(since, zone)
            next_at = day_start(day, zone, entry.time.minutes)
            if next_at <= since:
                next_at = day_start(day + 1, zone, entry.time.minutes)
            turn.changes.append(StateChange(plan.journey, {"next_at": next_at}))
        if next_at > turn.at:
            return []
        day = day_of(next_at, zone)
        following = day_start(day + 1, zone, entry.time.minutes)
        turn.changes.append(StateChange(plan.journey, {"next_at": following}))
        turn.more |= following <= turn.at
        found = turn.world.dated(entry.date, moved_day(day, entry.offset, -1), entry.every == "year")
        if entry.who is not None and found.size:
            found = np.intersect1d(found, turn.world.members(None, entry.who, turn.at))
        return [(next_at, found)]

    def _local(self, plan: Plan, entry: DateEntry, at: int, customers: I64) -> I64:
        """When the wall of each shows the day and time that an audience was made for."""
        attribute = plan.zone_attribute
        if attribute is None:
            return np.full(customers.size, at, np.int64)
        day = day_of(at, _FIRST_ZONE)
        known = self._turn.world.attributes(customers, [attribute]).column(attribute).to_pylist()
        named = [one if known_zone(one) else plan.zone for one in known]
        names = sorted(set(named))
        place = {name: number for number, name in enumerate(names)}
        zones = Zones(names, np.array([place[one] for one in named], np.int64))
        wall = day * DAY + entry.time.minutes * 60_000_000
        return zones.instant(np.full(customers.size, wall, np.int64))


def moved_day(day: int, offset: str | None, sign: int = 1) -> int:
    """A day (since 1970) moved by an offset such as `-7 days` (`sign` -1: the other way)."""
    if offset is None:
        return day
    text = offset.strip()
    if text[:1] in "+-":
        sign = -sign if text[0] == "-" else sign
        text = text[1:].strip()
    span = read_span(text)
    if span.micros is not None:
        return day + sign * (span.micros // DAY)
    at = date(1970, 1, 1) + timedelta(days=day)
    number = at.year * 12 + at.month - 1 + sign * span.count
    last = (date(number // 12 + (number % 12 == 11), (number % 12 + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return (date(number // 12, number % 12 + 1, min(at.day, last)) - date(1970, 1, 1)).days


def moved_rest(offset: str | None) -> int:
    """What an offset moves beside whole days, in microseconds: of `-3 hours` all of it."""
    if offset is None:
        return 0
    text = offset.strip()
    span = read_span(text.lstrip("+-").strip())
    rest = 0 if span.micros is None else span.micros % DAY
    return -rest if text.startswith("-") else rest


def _drawn(plan: Plan, at: int, members: I64) -> I64:
    """Those of an audience in the order in which they are let in: of a journey that gives coupons by the lots of their
    runs, since what one step gives out another one lacks."""
    if members.size < 2 or not any(isinstance(node, IssueCoupon) for node in plan.nodes):
        return members
    at_once = np.full(members.size, at, np.int64)
    return members[np.argsort(lots(run_keys(plan.journey, members, texts("", members.size), at_once)))]


def _since(entrants: Entrants, at: int) -> Entrants:
    return replace(entrants, origins=np.full(entrants.customers.size, at, np.int64))
