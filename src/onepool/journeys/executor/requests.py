"""What people ask of runs that are under way: stop, move to another version, go on after a pause."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from onepool.journeys import states
from onepool.journeys.executor.columns import I64, NONE
from onepool.journeys.executor.plan import Plan
from onepool.journeys.executor.ports import MOST_DUE, Inputs, StateChange
from onepool.journeys.executor.turn import TO_DO, Turn
from onepool.journeys.model import CallJourney, Send, SetProfile, TagNode, Task, Wait, Webhook
from onepool.journeys.states import RunState

ALL = 1 << 40
"""So many runs that it is all of them."""


def carry_out(turn: Turn, inputs: Inputs) -> None:
    """Requests in their order; entries among them are entries.py's."""
    for row in inputs.requests.to_pylist():
        said: dict[str, Any] = msgspec.json.decode(row["fields"] or "{}")
        plans = turn.book.versions(row["journey"])
        match row["kind"]:
            case "resume":
                resume(turn, plans)
            case "stop_run" if said.get("run_id") is not None:
                rows = turn.hold(turn.world.runs(np.array([int(said["run_id"])], np.int64)))
                _stop(turn, rows[turn.live()[rows]], row["at"])
            case "stop_versions":
                older = [plan.version_id for plan in plans if plan.version_id != said.get("except")]
                if older:
                    rows = turn.hold(turn.world.runs_in(older, None, ALL))
                    _stop(turn, rows[turn.live()[rows]], row["at"])
            case "move" if said.get("to") in turn.book.plans:
                _move(turn, plans, turn.book.plans[said["to"]], row["at"])


def stop(turn: Turn) -> None:
    """End the runs of journeys that are being stopped, as many as one step takes; with the last one it is stopped."""
    for one in turn.book.standings.values():
        if one.status != "stopping":
            continue
        found = turn.world.runs_in(turn.book.version_ids([one.journey]), None, MOST_DUE)
        rows = turn.hold(found)
        _stop(turn, rows[turn.live()[rows]], turn.at)
        if len(found) < MOST_DUE:
            turn.changes.append(StateChange(one.journey, {"status": "stopped"}))
        else:
            turn.more = True


def resume(turn: Turn, plans: list[Plan]) -> None:
    """Let paused runs be where they were: what has come due meanwhile goes on at its own time."""
    rows = turn.hold(turn.world.runs_in([plan.version_id for plan in plans], RunState.PAUSED, ALL))
    rows = rows[turn.runs.state[rows] == RunState.PAUSED]
    runs = turn.runs
    to_do = rows[runs.hop[rows] == TO_DO]
    runs.state[to_do] = RunState.READY
    runs.hop[to_do] = 0
    turn.moment[to_do] = runs.due[to_do]
    for plan, mine in turn.by_version(np.setdiff1d(rows, to_do)):
        state = np.array([_waits(plan, node) for node in runs.node[mine].tolist()], np.int64)
        runs.state[mine] = state
    turn.dirty[rows] = True


def _waits(plan: Plan, node: int) -> RunState:
    """What a run waits for at a node."""
    if node < 0:
        return RunState.HELD
    said = plan.nodes[node]
    if isinstance(said, Wait):
        return RunState.WAIT_EVENT if said.until is not None else RunState.WAIT_TIME
    if isinstance(said, Send | Task | SetProfile | TagNode | Webhook | CallJourney):
        return RunState.WAIT_OUTCOME
    return RunState.WAIT_TIME


def _stop(turn: Turn, rows: I64, at: int) -> None:
    if rows.size:
        turn.finish(rows, states.STOPPED, np.full(rows.size, at, np.int64))
        turn.cancel(rows, states.STOPPED)


def _move(turn: Turn, plans: list[Plan], to: Plan, at: int) -> None:
    """Take live runs of other versions along whose node, by name, is there too and does the same."""
    for plan in plans:
        if plan.version_id == to.version_id:
            continue
        rows = turn.hold(turn.world.runs_in([plan.version_id], None, ALL))
        rows = rows[turn.live()[rows] & (turn.runs.version_id[rows] == plan.version_id)]
        goes = {NONE: NONE} | {
            number: to.number[name]
            for number, name in enumerate(plan.names)
            if name in to.number and type(to.nodes[to.number[name]]) is type(plan.nodes[number])
        }
        moved = rows[np.isin(turn.runs.node[rows], list(goes))]
        turn.note(moved, "moved", np.full(moved.size, at, np.int64))
        turn.rehomed[moved] = True
        turn.runs.version_id[moved] = to.version_id
        turn.runs.node[moved] = [goes[node] for node in turn.runs.node[moved].tolist()]
        turn.note(moved, "arrived", np.full(moved.size, at, np.int64))
