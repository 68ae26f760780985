"""What ends runs from outside: erasure, what a hold looks out for, goals, exits; other runs (a caller's end, a merge);
people (stop)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from onepool.journeys import states
from onepool.journeys.executor.book import ERASED
from onepool.journeys.executor.columns import FOREVER, I64, NONE, Bools, Texts, texts
from onepool.journeys.executor.plan import Plan
from onepool.journeys.executor.ports import Inputs, Sought
from onepool.journeys.executor.reentry import pairs
from onepool.journeys.executor.times import later
from onepool.journeys.executor.turn import Turn
from onepool.journeys.model import EventEntry, EventExit, EventMatch, SegmentExit, SegmentLeaveEntry
from onepool.journeys.states import RunState

_ERASURE, _UNLESS, _GOAL, _EXITS = 0, 1, 2, 3
"""Order at one instant; exits count on from `_EXITS`."""


@dataclass(frozen=True)
class _Asked:
    plan: Plan
    order: int
    rows: I64
    match: EventMatch
    first: I64
    last: I64


def ends(turn: Turn, inputs: Inputs) -> None:
    """Erasure, what holds look out for, goals and exits of all whose events came in, and who entered in this step."""
    names = turn.world.event_names() & turn.book.awaited()
    if names:
        turn.hold(turn.world.runs_of(turn.world.who_did(names), live=True))
    if ERASED in names:
        _forget(turn)
    _hold_leavers(turn, inputs)
    _end(turn, inputs, np.flatnonzero(turn.live()), names)


def at_once(turn: Turn, rows: I64) -> None:
    """Erasure, goals and exits of runs that others called in this step: also what came in before they began."""
    _end(turn, turn.inputs, rows, turn.world.event_names())


def _end(turn: Turn, inputs: Inputs, rows: I64, names: frozenset[str]) -> None:
    if rows.size == 0:
        return
    asked = [one for plan, mine in turn.by_version(rows) for one in _asked(turn, plan, mine)]
    found = [*_by_events(turn, asked, names), *_by_segments(turn, inputs, rows)]
    if not found:
        return
    run, time, order = (np.concatenate(part) for part in zip(*found, strict=True))
    if turn.book.calls:
        counts = _before_callers(turn, run, time, order)
        run, time, order = run[counts], time[counts], order[counts]
    best = np.lexsort((order, time, run))
    run, time, order = run[best], time[best], order[best]
    first = np.r_[True, run[1:] != run[:-1]] if run.size else np.empty(0, np.bool_)
    _apply(turn, run[first], time[first], order[first])
    # A goal that lets the run go on hides nothing: what comes behind it may still end the run.
    going = np.flatnonzero(first & (order == _GOAL))
    for place in going.tolist():
        row = int(run[place])
        if turn.runs.state[row] != RunState.ENDED and place + 1 < run.size and run[place + 1] == row:
            _apply(turn, run[place + 1 : place + 2], time[place + 1 : place + 2], order[place + 1 : place + 2])


def _before_callers(turn: Turn, run: I64, time: I64, order: I64) -> Bools:
    """Which of these are not too late, since the run that called the run ended before and took it along."""
    runs = turn.runs
    when = np.maximum(time, runs.arrived[run])
    stays = {one.version_id for one in turn.book.plans.values()
             if one.definition.goal is not None and one.definition.goal.then == "continue"}  # fmt: skip
    final = (order != _GOAL) | ~np.isin(runs.version_id[run], list(stays))
    over = np.full(len(runs), FOREVER, np.int64)
    np.minimum.at(over, run[final], when[final])
    called = np.flatnonzero(turn.live() & (runs.parent != NONE))
    caller = turn.places(runs.parent[called])
    for depth in np.unique(runs.depth[called]).tolist():
        here = (runs.depth[called] == depth) & (caller >= 0)
        mine, end = called[here], over[caller[here]]
        over[mine] = np.minimum(over[mine], np.maximum(end, runs.arrived[mine]))
    found: Bools = when <= over[run]
    return found


def _asked(turn: Turn, plan: Plan, rows: I64) -> list[_Asked]:
    runs, said = turn.runs, plan.definition
    entered = runs.entered[rows]
    forever = np.full(rows.size, FOREVER, np.int64)
    found = [_Asked(plan, _ERASURE, rows, EventMatch(did=ERASED), entered, forever)]
    entry = said.entry
    if isinstance(entry, EventEntry) and entry.hold is not None and entry.hold.unless is not None:
        # Whoever was held when his journey came to rest did not begin yet.
        state = runs.state[rows]
        held = rows[(state == RunState.HELD) | ((state == RunState.PAUSED) & (runs.node[rows] < 0))]
        last = later(runs.entered[held], entry.hold.for_, plan.zone)
        found.append(_Asked(plan, _UNLESS, held, entry.hold.unless, runs.entered[held], last))
    if said.goal is not None:
        open_ = runs.goal_at[rows] == NONE
        last = forever if said.goal.within is None else later(entered, said.goal.within, plan.zone)
        match = EventMatch(did=said.goal.did, at=said.goal.at, where=said.goal.where)
        found.append(_Asked(plan, _GOAL, rows[open_], match, entered[open_], last[open_]))
    for number, one in enumerate(said.exit):
        if isinstance(one, EventExit):
            mine = rows if one.before is None else rows[~np.isin(runs.node[rows], plan.behind[one.before])]
            match = EventMatch(did=one.did, at=one.at, where=one.where)
            found.append(
                _Asked(plan, _EXITS + number, mine, match, runs.entered[mine], np.full(mine.size, FOREVER, np.int64))
            )
    return [one for one in found if one.rows.size]


def _by_events(turn: Turn, asked: list[_Asked], names: frozenset[str]) -> list[tuple[I64, I64, I64]]:
    sought: list[Sought] = []
    orders: list[int] = []
    for one in asked:
        for whole in (False, True):
            part = turn.whole[one.rows] == whole
            if not part.any() or not (whole or one.match.did in names):
                continue
            first = one.first[part] + (_doubtful(turn, one, one.rows[part]) & whole)
            window = turn.windows(one.rows[part], first, one.last[part])
            sought.append(Sought(one.match, window, whole))
            orders.append(one.order)
    if not sought:
        return []
    table = turn.world.find(sought)
    if table.num_rows == 0:
        return []
    which = table.column("asked").to_numpy().astype(np.int64)
    rows = turn.places(table.column("run_id").to_numpy())
    return [(rows, table.column("time").to_numpy().astype(np.int64), np.array(orders, np.int64)[which])]


def _doubtful(turn: Turn, one: _Asked, rows: I64) -> Bools:
    """Whether what started the runs may be one of these events at the very instant: of those that entered in earlier
    steps it is no longer known by its number, but what has another name did not start them."""
    # They may have entered by an older version.
    entries = [plan.definition.entry for plan in turn.book.versions(one.plan.journey)]
    alike = any(isinstance(entry, EventEntry) and entry.did == one.match.did for entry in entries)
    found: Bools = ~turn.fresh[rows] & (alike | (turn.runs.parent[rows] != NONE))
    return found


def _left(turn: Turn, inputs: Inputs) -> tuple[Texts, I64, I64]:
    """(segment, customer, instant) of those who left a segment that an exit names."""
    wanted = {
        one.segment_leave
        for plan in turn.book.plans.values()
        for one in plan.definition.exit
        if isinstance(one, SegmentExit)
    }
    table = inputs.segments
    named = pc.is_in(table.column("segment"), pa.array(sorted(wanted), pa.string()))
    keep = pc.and_(pc.invert(table.column("entered")), named)
    table = table.filter(keep)
    segment = texts(table.column("segment").to_pylist(), table.num_rows)
    return segment, table.column("customer_id").to_numpy(), table.column("at").to_numpy()


def _forget(turn: Turn) -> None:
    """What runs of those who were erased carry goes with them, also of runs that ended long ago."""
    turn.erased = turn.world.who_did(frozenset([ERASED]))
    turn.hold(turn.world.runs_of(turn.erased, live=False))
    rows = np.flatnonzero(np.isin(turn.runs.customer_id, turn.erased))
    turn.runs.trigger[rows] = None
    turn.runs.vars[rows] = None
    turn.dirty[rows] = True


def _hold_leavers(turn: Turn, inputs: Inputs) -> None:
    if inputs.segments.num_rows:
        _, customers, _ = _left(turn, inputs)
        if customers.size:
            turn.hold(turn.world.runs_of(np.unique(customers), live=True))


def _by_segments(turn: Turn, inputs: Inputs, rows: I64) -> list[tuple[I64, I64, I64]]:
    if inputs.segments.num_rows == 0:
        return []
    segment, customers, at = _left(turn, inputs)
    found = []
    for plan, mine in turn.by_version(rows):
        for number, one in enumerate(plan.definition.exit):
            if not isinstance(one, SegmentExit):
                continue
            could = mine if one.before is None else mine[~np.isin(turn.runs.node[mine], plan.behind[one.before])]
            here = np.flatnonzero(segment == one.segment_leave)
            row, place = pairs(turn.runs.customer_id[could], customers[here])
            when, since = at[here][place], turn.runs.entered[could][row]
            # What started a run does not end it.
            began = since < when if _starts(plan, one) else since <= when
            if began.any():
                order = np.full(int(began.sum()), _EXITS + number, np.int64)
                found.append((could[row[began]], when[began], order))
    return found


def _starts(plan: Plan, one: SegmentExit) -> bool:
    entry = plan.definition.entry
    return isinstance(entry, SegmentLeaveEntry) and entry.segment_leave == one.segment_leave


def _apply(turn: Turn, rows: I64, times: I64, orders: I64) -> None:
    for order in np.unique(orders):
        mine = orders == order
        for plan, part in turn.by_version(rows[mine]):
            at = times[mine][np.isin(rows[mine], part)]
            # by_version keeps the order of rows.
            if order == _UNLESS:
                turn.note(part, states.NOT_QUALIFIED, at)
                turn.remove(part)
                continue
            if order == _ERASURE:
                reason = states.ERASED
            elif order == _GOAL:
                goal = plan.definition.goal
                assert goal is not None
                turn.runs.goal_at[part] = at
                if goal.then == "continue":
                    turn.note(part, "goal", np.maximum(at, turn.runs.arrived[part]))
                    continue
                reason = states.GOAL
            else:
                reason = f"exit:{plan.definition.exit[int(order) - _EXITS].as_}"
            turn.finish(part, reason, at)
            turn.cancel(part, reason)


def merge(turn: Turn, inputs: Inputs) -> None:
    """Give the runs of those who went up in others to these; of two that exclude each other one ends."""
    table = inputs.merges
    if table.num_rows == 0:
        return
    turn.merges = table
    into = dict(zip(table.column("customer_id").to_pylist(), table.column("other_id").to_pylist(), strict=True))

    def survivor(customer: int) -> int:
        seen = {customer}
        while customer in into and into[customer] not in seen:
            customer = into[customer]
            seen.add(customer)
        return customer

    gone = np.array(sorted(into), np.int64)
    moved = turn.hold(turn.world.runs_of(gone, live=False))
    turn.runs.customer_id[moved] = [survivor(one) for one in turn.runs.customer_id[moved].tolist()]
    turn.dirty[moved] = turn.rehomed[moved] = True
    # Also those who got no runs: what the other one did is theirs now.
    survivors = np.unique(np.array([survivor(one) for one in gone.tolist()], np.int64))
    turn.hold(turn.world.runs_of(survivors, live=True))
    concerned = np.isin(turn.runs.customer_id, survivors)
    turn.look_back(np.flatnonzero(concerned))
    rows = np.flatnonzero(turn.live() & concerned & (turn.runs.parent == NONE))
    if rows.size:
        _one_of_each(turn, rows)


def _one_of_each(turn: Turn, rows: I64) -> None:
    """End the runs that a customer has too many of: the less far ones."""
    runs = turn.runs
    latest = {one.journey: turn.book.versions(one.journey)[-1] for one in turn.book.plans.values()}
    scopes: dict[str, tuple[list[str], int]] = {}
    for name, plan in latest.items():
        rule = plan.definition.entry.reentry
        scopes[f"journey:{name}"] = ([name], rule.parallel if rule.when == "always" else 1)
        if plan.definition.group is not None:
            scopes[f"group:{plan.definition.group}"] = (turn.book.group(plan), 1)
    journey = np.array(
        [turn.book.plans[one].journey if one in turn.book.plans else "" for one in runs.version_id[rows].tolist()],
        object,
    )
    for name in sorted(scopes):
        journeys, most = scopes[name]
        mine = rows[np.isin(journey.astype(str), journeys) & (runs.state[rows] != RunState.ENDED)]
        order = np.lexsort((runs.run_id[mine], runs.entered[mine], -runs.seq[mine], runs.customer_id[mine]))
        mine = mine[order]
        who = runs.customer_id[mine]
        start = np.flatnonzero(np.r_[True, who[1:] != who[:-1]]) if who.size else np.empty(0, np.int64)
        rank = np.arange(who.size) - np.repeat(start, np.diff(np.r_[start, who.size]))
        less = mine[rank >= most]
        if less.size:
            turn.finish(less, states.MERGED, np.full(less.size, turn.at, np.int64))
            turn.cancel(less, states.MERGED)
