"""Whom a back-test is about, and how they may go through its time: each alone, or together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from onepool.audience.conditions.names import Context
from onepool.journeys.backtest.asking import able
from onepool.journeys.backtest.coming import Coming
from onepool.journeys.backtest.events import answerable, who_did
from onepool.journeys.backtest.lines import People
from onepool.journeys.backtest.stock import Stock
from onepool.journeys.backtest.types import DAY, GRIDS, I64, MANY, SECOND, STEPS, TOLD, Asked
from onepool.journeys.executor.plan import Plan
from onepool.journeys.inside import conditions_in, matches_in
from onepool.journeys.keys import bucket
from onepool.journeys.model import ApiEntry, EventEntry, IssueCoupon, SegmentEntry, SegmentLeaveEntry
from onepool.pool import Session

CELL = GRIDS[0]
"""The executor's own grid."""

_STRETCHES = 400
"""About into so many stretches of time a span is cut where the rate or the stock may not be enough."""


def people(session: Session, ctx: Context, plan: Plan, asked: Asked) -> People:
    """The customers asked about; of everybody those whom anything can let in."""
    if asked.customers is not None:
        return People(np.unique(asked.customers).astype(np.int64))
    entry = plan.definition.entry
    if isinstance(entry, EventEntry):
        return People(who_did(session, ctx, entry, asked.start, asked.end))
    found = session.query("SELECT DISTINCT customer_id FROM customer_of")
    return People(np.sort(found.column("customer_id").to_numpy().astype(np.int64)))


def told(people: People) -> I64 | None:
    """Of many customers those of whom steps are kept (None: of all)."""
    if len(people) <= MANY:
        return None
    return np.sort(people.customers[np.argsort(bucket("told", people.customers), kind="stable")[:TOLD]])


def audience(plan: Plan) -> bool:
    """Whether the journey takes in audiences."""
    entry = plan.definition.entry
    if isinstance(entry, SegmentEntry):
        return entry.backfill
    return not isinstance(entry, EventEntry | ApiEntry | SegmentLeaveEntry)


@dataclass(frozen=True)
class Pace:
    """`grid`: length of a cell; `stretch`: how long all go on alone before they wait for each other (None: always);
    `together`: cell by cell; `fresh`: the rate never holds anybody up, so it need not be remembered."""

    grid: int
    stretch: int | None
    together: bool
    fresh: bool

    def until(self, soonest: int) -> int:
        """Up to when those go on who are next, where the first of them goes on at an instant."""
        if self.together:
            return soonest
        return np.iinfo(np.int64).max if self.stretch is None else -(-soonest // self.stretch) * self.stretch


def pace(plans: Mapping[int, Plan], ctx: Context, coming: Coming, stock: Stock, asked: Asked, count: int) -> Pace:
    """How a back-test may go."""
    known = all(_known(plan, ctx) for plan in plans.values())
    if not known:
        return Pace(asked.grid or _grid(coming, asked, count), None, together=True, fresh=False)
    grid = asked.grid or CELL
    limited = _held_up(plans[1], coming.entered_at) if not audience(plans[1]) else False
    scarce = any(_scarce(plan, stock, asked.end, coming.entered_at.size, audience(plan)) for plan in plans.values())
    if not limited and not scarce:
        return Pace(grid, None, together=False, fresh=not audience(plans[1]))
    return Pace(grid, _stretch(asked), together=False, fresh=not limited and not audience(plans[1]))


def _known(plan: Plan, ctx: Context) -> bool:
    """Whether all that the journey asks can be answered from memory."""
    return all(able(one.condition, ctx) for one in conditions_in(plan.definition) if one.run) and all(
        answerable(one.match.where, ctx) for one in matches_in(plan.definition)
    )


def _held_up(plan: Plan, times: I64) -> bool:
    """Whether the rate might hold anybody up for a second, if all came who may come."""
    rate = plan.definition.entry.rate
    if rate is None or times.size == 0:
        return False
    if rate.per_day is not None:
        # Any 24 hours hold at least what a local day does.
        later = np.searchsorted(times, times + DAY)
        if int((later - np.arange(times.size)).max()) > rate.per_day:
            return True
    if rate.per_second is None:
        return False
    gap = SECOND / rate.per_second
    steps = (np.arange(times.size) * gap).astype(np.int64)
    return bool((np.maximum.accumulate(times - steps) + steps - times).max() > SECOND)


def _scarce(plan: Plan, stock: Stock, end: int, entrants: int, audiences: bool) -> bool:
    """Whether it might depend on who comes first whether there is a code: a batch may run out, or fill up meanwhile."""
    for node in plan.nodes:
        if isinstance(node, IssueCoupon):
            room = stock.room(node.batch, end)
            # Of one that is empty all the time nobody gets any, whoever comes first.
            if room is not None and max(room) > 0 and (audiences or min(room) < 2 * entrants):
                return True
    return False


def _stretch(asked: Asked) -> int:
    span = asked.end - asked.start
    return next((one for one in GRIDS if span // one <= _STRETCHES), DAY)


def _grid(coming: Coming, asked: Asked, count: int) -> int:
    """The shortest step with which about STEPS of them are enough."""
    instants = coming.instants()
    span = asked.end - asked.start
    own = count if audience(coming.plan) else 0
    for one in GRIDS:
        if min(span // one, 3 * np.unique(instants // one).size + 20 + own) <= STEPS:
            return one
    return GRIDS[-1]


__all__ = ["CELL", "Pace", "audience", "pace", "people"]
