"""What came in over the span of a back-test: events that mean anything, when something happened, how long steps are."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from sqlalchemy import and_, select

from onepool.journeys.backtest.history import SCOPE
from onepool.journeys.backtest.setting import Place
from onepool.journeys.backtest.types import GRIDS, I64, STEPS, Asked
from onepool.journeys.executor.book import Book
from onepool.journeys.executor.plan import Plan
from onepool.journeys.executor.ports import REQUESTS, SEGMENTS
from onepool.journeys.model import ApiEntry, EventEntry, SegmentEntry, SegmentExit, SegmentLeaveEntry
from onepool.journeys.store import Standing
from onepool.pool import Session
from onepool.state.journeys import journey_requests


class Coming:
    """The inputs of one back-test: `names` of events, `segments` (SEGMENTS), `requests` (REQUESTS)."""

    def __init__(
        self, place: Place, session: Session, asked: Asked, plans: Mapping[int, Plan], standings: Mapping[str, Standing]
    ) -> None:
        self._place, self._session, self._asked = place, session, asked
        self._plans, self._standings = plans, standings
        self.plan = plans[1]
        self._waits = any(plan.date_nodes for plan in plans.values())
        self.names = self._wanted()
        self.segments = self._segment_changes()
        self.requests = self._real_requests()

    def _wanted(self) -> list[str]:
        """Names of the events that mean anything to the journey."""
        book = Book(self._plans, self._standings)
        names = set(book.awaited())
        entry = self.plan.definition.entry
        if isinstance(entry, EventEntry):
            names.add(entry.did)
        return sorted(names)

    def grid(self) -> int:
        """The shortest step with which about STEPS of them are enough."""
        found = self._session.query(
            f"SELECT {', '.join(f'count(DISTINCT epoch_us(e.time) // {one}) AS g{one}' for one in GRIDS)} "
            f"FROM events e {self._scoped()} WHERE {self._in_span()}",
            self._params(),
        ).to_pylist()[0]
        span = self._asked.end - self._asked.start
        for one in GRIDS:
            if min(span // one, 3 * found[f"g{one}"] + 20 + self._population()) <= STEPS:
                return one
        return GRIDS[-1]

    def _population(self) -> int:
        """Of journeys that take in audiences: how many have clocks of their own."""
        if isinstance(self.plan.definition.entry, EventEntry | ApiEntry):
            return 0
        customers = self._asked.customers
        return STEPS if customers is None else int(customers.size)

    def moments(self, grid: int) -> I64:
        """Instants at which something came in, each rounded up to the grid."""
        found = self._session.query(
            f'SELECT DISTINCT (epoch_us(e.time) + {grid - 1}) // {grid} * {grid} AS "at" FROM events e '
            f"{self._scoped()} WHERE {self._in_span()}",
            self._params(),
        )
        parts = [found.column("at").to_numpy().astype(np.int64)]
        for table in (self.segments, self.requests):
            at = table.column("at").to_numpy().astype(np.int64)
            parts.append(-(-at // grid) * grid)
        if self._waits:
            told = self._session.query(
                f"SELECT DISTINCT (epoch_us(time) + {grid - 1}) // {grid} * {grid} AS \"at\" FROM attribute_facts "
                "WHERE attribute IN (SELECT unnest($names::VARCHAR[])) AND epoch_us(time) > $low "
                "AND epoch_us(time) <= $high",
                {
                    "low": self._asked.start - 1, "high": self._asked.end,
                    "names": sorted({one for plan in self._plans.values() for one in plan.date_nodes.values()}),
                },
            )  # fmt: skip
            parts.append(told.column("at").to_numpy().astype(np.int64))
        return np.unique(np.concatenate(parts))

    def _scoped(self) -> str:
        if self._asked.customers is None:
            return ""
        return f"JOIN customer_of c USING (identifier_id) SEMI JOIN {SCOPE} s USING (customer_id)"

    @staticmethod
    def _in_span() -> str:
        return (
            "e.event IN (SELECT unnest($names::VARCHAR[])) AND e.time > make_timestamptz($low) "
            "AND e.time <= make_timestamptz($high)"
        )

    def _params(self) -> dict[str, object]:
        return {"names": self.names, "low": self._asked.start - 1, "high": self._asked.end}

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
        semi = "" if self._asked.customers is None else f"SEMI JOIN {SCOPE} s USING (customer_id)"
        found = self._session.query(
            f"""SELECT customer_id, segment, change = 'enter' AS entered, epoch_us("at") AS "at"
            FROM segment_changes {semi} WHERE segment IN (SELECT unnest($names::VARCHAR[]))
                AND "at" >= make_timestamptz($low) AND "at" <= make_timestamptz($high) ORDER BY change_id""",
            {"names": sorted(named), "low": self._asked.start, "high": self._asked.end},
        )
        return found.select(SEGMENTS.names).cast(SEGMENTS)

    def _real_requests(self) -> pa.Table:
        """REQUESTS to enter that were made in the span."""
        if not isinstance(self.plan.definition.entry, ApiEntry):
            return REQUESTS.empty_table()
        t = journey_requests.c
        mine = and_(
            t.journey == self.plan.journey, t.kind == "enter", t.at >= self._asked.start, t.at <= self._asked.end
        )
        with self._place.state.read() as real:
            rows = real.execute(select(journey_requests).where(mine).order_by(t.id)).all()
        scope = None if self._asked.customers is None else set(self._asked.customers.tolist())
        found = [
            {name: getattr(row, name) for name in REQUESTS.names}
            for row in rows
            if scope is None or row.customer_id in scope
        ]
        return pa.Table.from_pylist(found, schema=REQUESTS) if found else REQUESTS.empty_table()
