"""What comes in over the span of a back-test, by customer: events, changes of segments, calls, dates told anew."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from sqlalchemy import and_, select

from onepool.journeys.backtest.events import SCOPE, Events
from onepool.journeys.backtest.lines import Line, People, ints, spread
from onepool.journeys.backtest.setting import Place
from onepool.journeys.backtest.types import I64, Asked
from onepool.journeys.backtest.values import Values
from onepool.journeys.executor.book import Book
from onepool.journeys.executor.plan import Plan
from onepool.journeys.executor.ports import ENTRANTS, REQUESTS, SEGMENTS, Entering, Inputs
from onepool.journeys.model import ApiEntry, EventEntry, SegmentEntry, SegmentExit, SegmentLeaveEntry
from onepool.journeys.store import Standing
from onepool.pool import Session
from onepool.state.journeys import journey_requests

NEVER = np.iinfo(np.int64).max


class Coming:
    """The inputs of one back-test. `names`: of the events that mean something to runs; `entry`: what starts them."""

    def __init__(
        self, place: Place, session: Session, asked: Asked, people: People, events: Events, values: Values,
        plans: Mapping[int, Plan], standings: Mapping[str, Standing],
    ) -> None:  # fmt: skip
        self._session, self._asked, self._people = session, asked, people
        self.plan = plans[1]
        self.entry = entering(self.plan)
        self._wakes, self.names = events.named_ones(sorted(Book(plans, standings).awaited()))
        nothing = _nothing(people)
        self._starts, self.entrants = (
            (nothing, ENTRANTS.empty_table()) if self.entry is None else events.entering(self.entry)
        )
        self.segments = self._segment_changes()
        self.requests = self._real_requests(place)
        self._changes, self._calls = (_line(people, table) for table in (self.segments, self.requests))
        dates = sorted({one for plan in plans.values() for one in plan.date_nodes.values()})
        self._told = values.told(dates) if dates else nothing

    def next(self, places: I64, since: I64, living: I64) -> I64:
        """When after an instant something comes in for each place; `living`: how many live runs it has."""
        found = np.full(places.size, NEVER, np.int64)
        for line in (self._starts, self._changes, self._calls):
            if line.time.size:
                found = np.minimum(found, line.next(places, since, NEVER))
        some = np.flatnonzero(living > 0)
        for line in (self._wakes, self._told):
            if line.time.size and some.size:
                found[some] = np.minimum(found[some], line.next(places[some], since[some], NEVER))
        return found

    def waking(self, places: I64, since: I64, until: I64) -> tuple[I64, I64]:
        """The events that mean something to runs, of each place in its stretch: (row, code of the name)."""
        row, number = spread(self._wakes.upto(places, since), self._wakes.upto(places, until))
        return row, self._wakes.code[number]

    def entering(self, places: I64, since: I64, until: I64) -> I64:
        """The rows of `entrants` in the stretches."""
        _, number = spread(self._starts.upto(places, since), self._starts.upto(places, until))
        return self._starts.code[number]

    def told_anew(self, places: I64, since: I64, until: I64) -> I64:
        """The places in whose stretches a date was told."""
        return places[self._told.upto(places, until) > self._told.upto(places, since)]

    def inputs(self, places: I64, since: I64, until: I64) -> Inputs:
        """Changes of segments and calls in the stretches."""
        if self._changes.time.size == 0 and self._calls.time.size == 0:
            return Inputs()
        return Inputs(
            segments=_taken(self._changes, self.segments, places, since, until),
            requests=_taken(self._calls, self.requests, places, since, until),
        )

    def instants(self) -> I64:
        """All instants at which something comes in, in no order."""
        return np.concatenate(
            [line.time for line in (self._starts, self._wakes, self._changes, self._calls, self._told)]
        )

    @property
    def entered_at(self) -> I64:
        """When entrants come, ascending."""
        lines = (self._starts, self._calls) if self._changes.time.size == 0 else (self._starts, self._changes)
        return np.sort(np.concatenate([line.time for line in lines]))

    def done(self, places: I64, until: I64) -> int:
        """How many entrants came up to the instants of the places."""
        return int((self._starts.upto(places, until) - self._starts.begin[places]).sum())

    def _segment_changes(self) -> pa.Table:
        """SEGMENTS in the span, of the segments that the journey names."""
        said = self.plan.definition
        named = {one.segment_leave for one in said.exit if isinstance(one, SegmentExit)}
        if isinstance(said.entry, SegmentEntry):
            named.add(said.entry.segment_enter)
        if isinstance(said.entry, SegmentLeaveEntry):
            named.add(said.entry.segment_leave)
        if not named:
            return SEGMENTS.empty_table()
        found = self._session.query(
            f"""SELECT customer_id, segment, change = 'enter' AS entered, epoch_us("at") AS "at"
            FROM segment_changes SEMI JOIN {SCOPE} s USING (customer_id)
            WHERE segment IN (SELECT unnest($names::VARCHAR[]))
                AND "at" >= make_timestamptz($low) AND "at" <= make_timestamptz($high) ORDER BY change_id""",
            {"names": sorted(named), "low": self._asked.start, "high": self._asked.end},
        )
        return found.select(SEGMENTS.names).cast(SEGMENTS)

    def _real_requests(self, place: Place) -> pa.Table:
        """REQUESTS to enter that were made in the span."""
        if not isinstance(self.plan.definition.entry, ApiEntry):
            return REQUESTS.empty_table()
        t = journey_requests.c
        mine = and_(
            t.journey == self.plan.journey, t.kind == "enter", t.at >= self._asked.start, t.at <= self._asked.end,
            t.customer_id.is_not(None),
        )  # fmt: skip
        with place.state.read() as real:
            rows = real.execute(select(journey_requests).where(mine).order_by(t.id)).all()
        found = [{name: getattr(row, name) for name in REQUESTS.names} for row in rows]
        return pa.Table.from_pylist(found, schema=REQUESTS) if found else REQUESTS.empty_table()


def entering(plan: Plan) -> Entering | None:
    """What of events starts runs; None: something else does."""
    entry = plan.definition.entry
    if not isinstance(entry, EventEntry):
        return None
    return Entering(entry, None if entry.key is None else entry.key.removeprefix("$trigger."), plan.fields)


def _nothing(people: People) -> Line:
    empty = np.empty(0, np.int64)
    return Line.of(people, empty, empty, empty)


def _line(people: People, table: pa.Table) -> Line:
    rows = np.arange(table.num_rows)
    return Line.of(people, ints(table, "customer_id"), ints(table, "at"), rows, rows)


def _taken(line: Line, table: pa.Table, places: I64, since: I64, until: I64) -> pa.Table:
    _, number = spread(line.upto(places, since), line.upto(places, until))
    return table.take(pa.array(np.sort(line.code[number])))
