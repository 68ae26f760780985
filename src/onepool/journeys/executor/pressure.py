"""Back-pressure on those who enter by what they did, by a segment or by a request.

While all accounts are full over which they could get a message at once (`Plan.doors`) they are held, and it is looked
again once a minute, at one instant for all of a journey. Who came first goes first. Until nobody is left who waits for
that, everybody else who could begin (a hold is over, the rate gives a slot) waits for the same instant: nobody who
comes later goes before them. Whoever is held for longer than the journey's messages last (`policy.expire_after`),
counted from when he could have begun, ends as expired.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from onepool.journeys.executor.columns import I64
from onepool.journeys.executor.metering import Meter
from onepool.journeys.executor.plan import Plan
from onepool.journeys.executor.ports import HELD_BACK
from onepool.journeys.executor.times import later
from onepool.journeys.executor.turn import Turn

FULL: Final = 1
"""`hop` of a held run that waits for accounts; `arrived` is when it could have begun."""


def held_until(turn: Turn, plan: Plan, count: int) -> int | None:
    """Until when so many who could begin now are held; None: they begin. The instant of this step: they are among
    those of whom `let_go` chooses."""
    again = Meter(turn, plan).again
    if again is not None:
        return max(again, turn.at)
    most = turn.room(plan)
    if most is not None and most < count:
        return turn.at
    turn.let_in(plan, count)
    return None


def let_go(turn: Turn, parts: Sequence[tuple[Plan, I64]]) -> Iterator[tuple[Plan, I64]]:
    """Of one journey's held runs whose time has come (by version, the oldest first) those that begin; the others wait
    for the next look, or end as expired."""
    meter = Meter(turn, parts[0][0])
    again, runs = meter.again, turn.runs
    # A look takes more than one step where very many are due: what is left of it belongs to the same instant.
    looks = again is None or again <= turn.at or again == turn.at + HELD_BACK
    until = turn.at + HELD_BACK if again is None or looks else again
    for plan, rows in parts:
        most = turn.room(plan) if looks else 0
        if most is None or most >= rows.size:
            go, rest = rows, rows[:0]
        else:
            rows = rows[np.lexsort((runs.run_id[rows], runs.entered[rows]))]
            go, rest = rows[:most], rows[most:]
        if go.size:
            turn.let_in(plan, go.size)
            runs.hop[go] = 0
        if _refuse(turn, plan, rest, until):
            meter.look_again(until)
        yield plan, go


def settle(turn: Turn) -> None:
    """After the timers of a step: where nobody is left who waits for accounts, whoever comes begins at once again."""
    if turn.more:
        # More is due at this instant: some of them may be such.
        return
    for journey, said in list(turn.metering.items()):
        if '"again"' not in said or turn.book.rests(journey):
            continue
        plans = turn.book.versions(journey)
        if plans:
            meter = Meter(turn, plans[-1])
            if meter.again is not None and meter.again <= turn.at:
                meter.look_again(None)


def _refuse(turn: Turn, plan: Plan, rows: I64, until: int) -> int:
    """Let runs wait until an instant; those whose message would be too old by now end. Returns how many wait."""
    if rows.size == 0:
        return 0
    runs, lasts = turn.runs, plan.definition.policy.expire_after
    first = rows[runs.hop[rows] != FULL]
    runs.arrived[first] = np.maximum(runs.arrived[first], runs.due[first])
    runs.hop[rows] = FULL
    if lasts is not None:
        old = later(runs.arrived[rows], lasts, plan.zone) <= turn.at
        turn.finish(rows[old], "expired")
        rows = rows[~old]
    runs.due[rows] = until
    turn.dirty[rows] = True
    return int(rows.size)
