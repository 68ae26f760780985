"""Waiting: for a time, a date, a wall time, an event; and what wakes runs again."""

from __future__ import annotations

from calendar import isleap
from datetime import date, timedelta

import numpy as np

from onepool.audience.conditions.values import Span
from onepool.journeys.executor.columns import FOREVER, I64, NONE
from onepool.journeys.executor.plan import Plan, length
from onepool.journeys.executor.ports import Sought
from onepool.journeys.executor.starts import moved_day, moved_rest
from onepool.journeys.executor.times import DAY, MINUTE, after_local_days, date_text_day, later, next_wall_time
from onepool.journeys.executor.turn import Turn
from onepool.journeys.model import Wait
from onepool.journeys.moments import LocalDays
from onepool.journeys.states import RunState


def wait(turn: Turn, plan: Plan, node: int, rows: I64) -> None:
    """Runs that came to a wait: those whose time is over already go on at once."""
    said = plan.nodes[node]
    assert isinstance(said, Wait)
    if said.until is not None:
        _wait_event(turn, plan, said, rows)
    elif said.date is not None:
        wait_date(turn, plan, said, rows)
    else:
        _until_due(turn, plan, rows, _due(turn, plan, said, rows), RunState.WAIT_TIME)


def _due(turn: Turn, plan: Plan, said: Wait, rows: I64) -> I64:
    moment = turn.moment[rows]
    if isinstance(said.for_, LocalDays):
        return after_local_days(moment, said.for_, turn.zones(rows, plan))
    if isinstance(said.for_, Span):
        return later(moment, said.for_, plan.zone)
    assert said.time is not None
    found = next_wall_time(moment, said.time, said.weekdays, turn.zones(rows, plan))
    return found if said.max is None else np.minimum(found, later(moment, said.max, plan.zone))


def _wait_event(turn: Turn, plan: Plan, said: Wait, rows: I64) -> None:
    assert said.until is not None
    due = _due(turn, plan, said, rows) if said.for_ is not None else later(
        turn.moment[rows], said.max or plan.definition.max_life, plan.zone
    )  # fmt: skip
    due = np.minimum(due, turn.life_end(rows, plan))
    window = turn.windows(rows, turn.moment[rows] + 1, due)
    found = turn.world.find([Sought(said.until, window, whole=True)])
    came = turn.places(found.column("run_id").to_numpy())
    left = ~np.isin(rows, came)
    _came(turn, plan, said, came, found.column("time").to_numpy().astype(np.int64))
    _until_due(turn, plan, rows[left], due[left], RunState.WAIT_EVENT)


def _until_due(turn: Turn, plan: Plan, rows: I64, due: I64, state: RunState) -> None:
    over = (due <= turn.now(rows)) & (due < turn.life_end(rows, plan))
    turn.wait(rows[~over], state, due[~over], plan)
    passed = rows[over]
    turn.moment[passed] = due[over]
    turn.go(passed, plan, "next")
    _expire(turn, plan, rows[~over])


def _expire(turn: Turn, plan: Plan, rows: I64) -> None:
    """End those of the runs that wait beyond their life already."""
    end = turn.life_end(rows, plan)
    over = end <= turn.now(rows)
    turn.finish(rows[over], "expired", end[over])
    if over.any():
        turn.cancel(rows[over], "expired")


def _came(turn: Turn, plan: Plan, said: Wait, rows: I64, times: I64) -> None:
    turn.moment[rows] = times
    turn.go(rows, plan, "on_event" if said.on_event is not None else "next")


def awaited(turn: Turn, depth: int | None = None) -> None:
    """Runs whose awaited event came with this step; `depth`: those that so many called one after the other."""
    names = turn.world.event_names()
    could = turn.live() & np.isin(turn.runs.state, (RunState.WAIT_EVENT, RunState.PAUSED))
    rows = np.flatnonzero(could if depth is None else could & (turn.runs.depth == depth))
    sought: list[Sought] = []
    waits: list[tuple[Plan, Wait]] = []
    for plan, mine in turn.by_version(rows):
        node = turn.runs.node[mine]
        for number in np.unique(node[node >= 0]):
            said = plan.nodes[int(number)]
            if not isinstance(said, Wait) or said.until is None:
                continue
            here = mine[(node == number) & (turn.runs.hop[mine] != NONE)]
            for whole in (False, True):
                part = here[turn.whole[here] == whole]
                if part.size and (whole or said.until.did in names):
                    window = turn.windows(part, turn.runs.arrived[part] + 1, turn.runs.due[part])
                    sought.append(Sought(said.until, window, whole))
                    waits.append((plan, said))
    if not sought:
        return
    table = turn.world.find(sought)
    which = table.column("asked").to_numpy()
    places, times = turn.places(table.column("run_id").to_numpy()), table.column("time").to_numpy().astype(np.int64)
    for number, (plan, wanted) in enumerate(waits):
        hit = places[which == number]
        nodes = turn.runs.node[hit].copy()
        for node in np.unique(nodes):
            _came(turn, plan, wanted, hit[nodes == node], times[which == number][nodes == node])


def wait_date(turn: Turn, plan: Plan, said: Wait, rows: I64) -> None:
    """Runs at a wait for a date, come now or looked at again: `next` when it is there, `else` without one."""
    due, missing = _dates(turn, plan, said, rows)
    bound = np.full(rows.size, FOREVER, np.int64)
    if said.max is not None:
        bound = turn.runs.arrived[rows] + (length(said.max) or 0)
    now = turn.now(rows)
    # What comes at the end of a run's life or later, it does not see.
    unseen = ~missing & (due > turn.moment[rows]) & (np.minimum(due, bound) >= turn.life_end(rows, plan))
    none = missing | (~unseen & (due > bound) & (bound <= now))
    come = ~none & ~unseen & (due <= now)
    turn.moment[rows[come]] = np.maximum(due[come], turn.moment[rows[come]])
    late = none & ~missing
    turn.moment[rows[late]] = np.maximum(bound[late], turn.moment[rows[late]])
    turn.go(rows[come], plan, "next")
    turn.go(rows[none], plan, "else" if said.else_ is not None else "next")
    rest = ~come & ~none
    turn.wait(rows[rest], RunState.WAIT_TIME, np.minimum(due, bound)[rest], plan)
    _expire(turn, plan, rows[rest])


def _dates(turn: Turn, plan: Plan, said: Wait, rows: I64) -> tuple[I64, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """The instant that each run's date means, and whether there is none."""
    wanted = said.date
    assert wanted is not None
    if wanted.attribute is not None:
        table = turn.world.attributes(turn.runs.customer_id[rows], [wanted.attribute])
        texts = table.column(wanted.attribute).to_pylist()
    else:
        texts = [one.get(str(wanted.var)) for one in turn.vars_of(rows)]
    zones = turn.zones(rows, plan)
    since = zones.local(turn.runs.arrived[rows]) // DAY
    walls = np.zeros(rows.size, np.int64)
    missing = np.zeros(rows.size, np.bool_)
    for place, text in enumerate(texts):
        found = date_text_day(None if text is None else str(text), zones.names[int(zones.of[place])])
        if found is None:
            missing[place] = True
            continue
        day, minutes = found
        if wanted.every == "year":
            day = _yearly(day, int(since[place]))
        day = moved_day(day, wanted.offset)
        at = wanted.time.minutes if wanted.time is not None else max(minutes, 0)
        walls[place] = day * DAY + at * MINUTE
    return zones.instant(walls) + moved_rest(wanted.offset), missing


def _yearly(day: int, since: int) -> int:
    """The first return of a day that is not before another day; 29 February on the 28th in years without one."""
    born = date(1970, 1, 1) + timedelta(days=day)
    year = (date(1970, 1, 1) + timedelta(days=since)).year
    while True:
        last = 28 if born.month == 2 and born.day == 29 and not isleap(year) else born.day
        found = (date(year, born.month, last) - date(1970, 1, 1)).days
        if found >= since:
            return found
        year += 1
