"""Back-pressure on those who enter by what they did, by a segment or by a request.

While all accounts are full over which they could get a message at once (`Plan.doors`) they are held, and it is looked
again once a minute, at one instant for all of a journey: who came first goes first, and nobody who comes later goes
before them. Whoever is held for longer than the journey's messages last (`policy.expire_after`) ends as expired.
"""

from __future__ import annotations

import numpy as np

from onepool.journeys.executor.columns import I64, Bools
from onepool.journeys.executor.metering import Meter
from onepool.journeys.executor.plan import Plan
from onepool.journeys.executor.ports import HELD_BACK
from onepool.journeys.executor.times import later
from onepool.journeys.executor.turn import Turn
from onepool.journeys.model import EventEntry


def held_until(turn: Turn, plan: Plan, count: int) -> int | None:
    """Until when so many who could begin now are held; None: they begin. The instant of this step: they are among
    those of whom `let_go` chooses."""
    again = Meter(turn, plan).again
    if again is not None:
        return max(again, turn.at)
    most = turn.room(plan)
    return None if most is None or most >= count else turn.at


def let_go(turn: Turn, plan: Plan, rows: I64) -> I64:
    """Of held runs whose time has come those that begin; the others wait on, or end as expired."""
    if rows.size == 0:
        return rows
    meter, most = Meter(turn, plan), turn.room(plan)
    if most is None or most >= rows.size:
        turn.let_in(plan, rows.size)
        meter.look_again(None)
        return rows
    runs = turn.runs
    rows = rows[np.lexsort((runs.run_id[rows], runs.entered[rows]))]
    if most:
        turn.let_in(plan, most)
    again = turn.at + HELD_BACK
    meter.look_again(again)
    rest = rows[most:]
    old = _old(turn, plan, rest)
    turn.finish(rest[old], "expired")
    rest = rest[~old]
    runs.due[rest] = again
    turn.dirty[rest] = True
    return rows[:most]


def _old(turn: Turn, plan: Plan, rows: I64) -> Bools:
    """Whether what each would be told is too old by now."""
    lasts = plan.definition.policy.expire_after
    if lasts is None:
        return np.zeros(rows.size, np.bool_)
    entry, since = plan.definition.entry, turn.runs.entered[rows]
    if isinstance(entry, EventEntry) and entry.hold is not None:
        since = later(since, entry.hold.for_, plan.zone)
    found: Bools = later(since, lasts, plan.zone) <= turn.at
    return found
