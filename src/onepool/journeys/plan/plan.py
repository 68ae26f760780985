"""Plan before publish.

Journeys that take in an audience (schedule, one-off, date, back-filled segment) are carried out from now on by the
back-test's own executor: its first step is who would enter now. Those that wait for something to happen (events,
segment changes, calls) are carried out over the past days, which is what may be expected of the days to come. Where
many customers are concerned a part of them, drawn by a hash, is followed, and the counts are scaled up.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, select

from onepool.audience.conditions.names import Context
from onepool.clock import to_micros
from onepool.journeys import store
from onepool.journeys.backtest.events import who_did
from onepool.journeys.backtest.run import Place, backtest
from onepool.journeys.backtest.types import DAY, Asked, Outcome
from onepool.journeys.backtest.world import audience_at
from onepool.journeys.keys import bucket
from onepool.journeys.model import (
    ApiEntry,
    DateEntry,
    EventEntry,
    Journey,
    OneOffEntry,
    ScheduleEntry,
    SegmentEntry,
    SegmentLeaveEntry,
)
from onepool.journeys.moving import Fate, fates
from onepool.journeys.parse import parse_journey
from onepool.journeys.results.report import control_of
from onepool.journeys.starts import next_start
from onepool.journeys.states import LIVE
from onepool.journeys.store import OldRuns
from onepool.pool import Session
from onepool.reach.states import SendState
from onepool.state.columns import fetch
from onepool.state.journeys import journey_requests, journey_versions, runs

I64 = npt.NDArray[np.int64]

SAMPLE: Final = 5_000
"""Customers that are followed at most."""

_WENT: Final = tuple(range(SendState.ACCEPTED, SendState.SUPPRESSED))
_UNREACHABLE: Final = ("not_follower", "not_friend", "bad_address")


@dataclass(frozen=True, slots=True)
class Sends:
    """Messages of one node over one channel; `per_day` by day of the workspace's zone."""

    node: str
    channel: str
    per_day: Mapping[str, int]
    total: int
    cost: float | None


@dataclass(frozen=True, slots=True)
class Overlap:
    """Customers who would enter and are in another journey or would enter it too; `inside`: those in it now;
    `capped`: its messages count for the same caps."""

    journey: str
    customers: int
    inside: int
    capped: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What publishing would do; counts are scaled up from `sample` of `population` customers."""

    basis: Literal["audience", "past"]
    start: int
    end: int
    entrants_now: int
    entrants_per_day: float | None
    holdout: int
    control: int
    sample: int
    population: int
    sends: list[Sends]
    cost: float | None
    suppressed: Mapping[str, int]
    put_off: int
    overlap: list[Overlap]
    fates: list[Fate]
    seconds: float

    def hit(self, *reasons: str) -> int:
        """Messages that were not sent for one of these reasons."""
        return sum(self.suppressed.get(one, 0) for one in reasons)


def plan(place: Place, ctx: Context, body: Mapping[str, Any], old_runs: OldRuns = "finish", days: int = 30) -> Plan:
    """What would follow if this definition were published now. Raises ConditionError for one that can't be parsed."""
    started = time.perf_counter()
    journey = parse_journey(body)
    now = to_micros(place.clock.now())
    forward = takes_audience(journey)
    start, end = (now, now + days * DAY) if forward else (now - days * DAY, now)
    with place.pool.read() as session:
        concerned = concerned_by(session, place, ctx, body, journey, start, end, now)
    followed = drawn(concerned, SAMPLE)
    outcome = backtest(place, ctx, Asked(body, start, end, customers=followed))
    scale = concerned.size / followed.size if followed.size else 1.0
    control = control_of(place, journey.experiment.respect_global_control, journey.policy.category)
    first = _entered_now(outcome, journey) if forward else np.empty(0, np.int64)
    entered = np.unique(outcome.runs.column("customer_id").to_numpy())
    of = first if forward else entered
    aside = 0
    if control is not None and of.size:
        aside = int((bucket(control.salt, of) < round(control.fraction * 10_000)).sum())
    ends = outcome.counts("runs", "reason", [9])
    sends = _sends(outcome, scale, ctx.zone)
    costs = [one.cost for one in sends if one.cost is not None]
    with place.state.read() as connection:
        flight = fates(connection, journey.journey, journey, old_runs)
    met, by = (concerned, 1.0) if forward else (entered, scale)
    overlap = _overlap(place, ctx, journey, met, by, (start, end, now))
    return Plan(
        "audience" if forward else "past",
        start,
        end,
        round(first.size * scale) if forward else 0,
        None if forward else outcome.entered * scale / days,
        round(ends.get("holdout", 0) * scale),
        round(aside * scale),
        int(followed.size),
        int(concerned.size),
        sends,
        sum(costs) if costs else None,
        {why: round(n * scale) for why, n in outcome.counts("sends", "reason").items()},
        round(int(pc.sum(outcome.sends.column("put_off")).as_py() or 0) * scale),
        overlap,
        flight,
        time.perf_counter() - started,
    )


def takes_audience(journey: Journey) -> bool:
    """Whether who enters is known from the present, without anything that is yet to happen."""
    entry = journey.entry
    backfill = isinstance(entry, SegmentEntry) and entry.backfill
    return backfill or isinstance(entry, ScheduleEntry | OneOffEntry | DateEntry)


def concerned_by(
    session: Session, place: Place, ctx: Context, body: Mapping[str, Any], journey: Journey, start: int, end: int,
    now: int,
) -> I64:  # fmt: skip
    """Customers who might enter, ascending: the present audience, or those of the past's events, changes, calls."""
    entry = journey.entry
    if isinstance(entry, EventEntry):
        return who_did(session, ctx, entry, start, end)
    if isinstance(entry, ApiEntry):
        t = journey_requests.c
        with place.state.read() as connection:
            ids = connection.execute(
                select(t.customer_id).where(t.journey == journey.journey, t.kind == "enter", t.at >= start)
            ).scalars()
            return np.unique(np.array([one for one in ids if one is not None], np.int64))
    if isinstance(entry, SegmentEntry | SegmentLeaveEntry) and not takes_audience(journey):
        segment = entry.segment_enter if isinstance(entry, SegmentEntry) else entry.segment_leave
        change = "enter" if isinstance(entry, SegmentEntry) else "exit"
        rows = session.query(
            """SELECT DISTINCT customer_id FROM segment_changes WHERE segment = $segment AND change = $change
            AND "at" >= make_timestamptz($start) AND "at" <= make_timestamptz($end) ORDER BY 1""",
            {"segment": segment, "change": change, "start": start, "end": end},
        )
        return _ids(rows)
    if isinstance(entry, SegmentEntry):
        return audience_at(session, ctx, entry.segment_enter, None, now)
    if isinstance(entry, DateEntry):
        if entry.who is not None:
            return audience_at(session, ctx, None, entry.who, now)
        found = session.query("SELECT DISTINCT customer_id FROM customer_of ORDER BY 1")
        return _ids(found)
    assert isinstance(entry, ScheduleEntry | OneOffEntry)
    said = entry if isinstance(entry, ScheduleEntry) else entry.one_off
    return audience_at(session, ctx, said.segment, said.who, now)


def _ids(rows: pa.Table) -> I64:
    found: I64 = rows.column("customer_id").to_numpy().astype(np.int64)
    return found


def drawn(customers: I64, most: int) -> I64:
    """At most so many of them, always the same ones: those with the smallest hashes."""
    if customers.size <= most:
        return customers
    return np.sort(customers[np.argpartition(bucket("sample", customers) * 1.0 + _fraction(customers), most)[:most]])


def _fraction(customers: I64) -> npt.NDArray[np.float64]:
    """What tells customers of one bucket apart: below one, by a second hash."""
    return bucket("sample.2", customers) / 10_000


def _entered_now(outcome: Outcome, journey: Journey) -> I64:
    """Customers of the first start; those of later starts of a schedule or a date are left out."""
    entered: I64 = outcome.runs.column("entered").to_numpy().astype(np.int64)
    if entered.size == 0:
        return entered
    first, second = int(entered.min()), None
    if isinstance(journey.entry, ScheduleEntry):
        second = next_start(journey, first)
    elif isinstance(journey.entry, DateEntry):
        second = first + DAY
    own = outcome.runs.column("parent").is_null().to_numpy()
    mine = own if second is None else own & (entered < second)
    return np.unique(_ids(outcome.runs)[mine])


def _sends(outcome: Outcome, scale: float, zone: str) -> list[Sends]:
    """What went out, by node and channel, on days of the zone."""
    rows = outcome.sends.filter(pc.is_in(outcome.sends.column("state"), value_set=pa.array(_WENT, pa.int64())))
    if rows.num_rows == 0:
        return []
    days = _days(rows.column("claimed").to_numpy().astype(np.int64), zone)
    table = rows.select(["node", "channel", "cost"]).append_column("day", pa.array(days))
    counted = table.group_by(["node", "channel", "day"]).aggregate([([], "count_all"), ("cost", "sum")])
    found: dict[tuple[str, str], list[tuple[str, int, float | None]]] = {}
    for row in counted.to_pylist():
        key = (outcome.plan.names[row["node"]], row["channel"])
        found.setdefault(key, []).append((row["day"], row["count_all"], row["cost_sum"]))
    result = []
    for (node, channel), parts in sorted(found.items()):
        per_day = {day: round(count * scale) for day, count, _ in sorted(parts)}
        costs = [cost for _, _, cost in parts if cost is not None]
        total = round(sum(count for _, count, _ in parts) * scale)
        result.append(Sends(node, channel, per_day, total, sum(costs) * scale if costs else None))
    return result


def _days(at: I64, zone: str) -> list[str]:
    """Days of a zone; few different quarters of an hour, however many rows."""
    there = ZoneInfo(zone)
    quarters, inverse = np.unique(at // 900_000_000, return_inverse=True)
    begin = datetime(1970, 1, 1, tzinfo=UTC)
    names = [(begin + timedelta(seconds=one * 900)).astimezone(there).date().isoformat() for one in quarters.tolist()]
    return [names[one] for one in inverse.tolist()]


def _overlap(
    place: Place, ctx: Context, journey: Journey, customers: I64, scale: float, during: tuple[int, int, int]
) -> list[Overlap]:
    """Other journeys that have some of these customers in hand now, or would take them in as well.

    `during`: start, end and present of the plan. Who would enter another journey is told by its entry alone, in the
    way of this plan: those whom it then finds not eligible, or in it already, are counted.
    """
    if customers.size == 0:
        return []
    with place.state.read() as connection:
        states = {name: one for name, one in store.states(connection).items() if name != journey.journey}
        inside = _inside(connection, states)
        others = {name: store.published(connection, one.version_id) for name, one in states.items()}
    result = []
    with place.pool.read() as session:
        for name, other in others.items():
            definition, now = other.definition, np.intersect1d(inside.get(name, customers[:0]), customers)
            both = now
            if states[name].status == "live":
                would = concerned_by(session, place, ctx, other.body, definition, *during)
                both = np.union1d(now, np.intersect1d(would, customers))
            if both.size:
                together = journey.policy.category == definition.policy.category or _shared(journey, definition)
                result.append(Overlap(name, round(both.size * scale), round(now.size * scale), together))
    return sorted(result, key=lambda one: (-one.customers, one.journey))


def _inside(connection: Connection, journeys: Iterable[str]) -> dict[str, I64]:
    """The customers in each of these journeys now, in whichever version."""
    wanted = set(journeys)
    names = dict(connection.execute(select(journey_versions.c.id, journey_versions.c.journey)).all())
    numbers = {number: name for number, name in names.items() if name in wanted}
    if not numbers:
        return {}
    live = runs.c.state.in_([int(one) for one in LIVE])
    found = fetch(connection, [runs.c.version_id, runs.c.customer_id], live & runs.c.version_id.in_(list(numbers)))
    versions, people = found.column("version_id").to_numpy(), found.column("customer_id").to_numpy()
    return {
        name: np.unique(people[np.isin(versions, [number for number, one in numbers.items() if one == name])])
        for name in {numbers[one] for one in np.unique(versions).tolist()}
    }


def _shared(one: Journey, other: Journey) -> bool:
    """Whether caps over all messages or over a channel count both."""
    scopes = {cap.scope for said in (one, other) for cap in said.policy.caps}
    return bool(scopes & {"all", "channel"})


__all__: Sequence[str] = ("Plan", "concerned_by", "drawn", "plan", "takes_audience")
