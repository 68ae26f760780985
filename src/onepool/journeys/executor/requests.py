"""What people ask of runs that are under way: stop, move to another version, go on after a pause."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
import numpy as np
import structlog

from onepool.journeys import states
from onepool.journeys.executor.columns import I64, NONE
from onepool.journeys.executor.outcomes import relatives
from onepool.journeys.executor.plan import Plan
from onepool.journeys.executor.ports import Inputs, StateChange
from onepool.journeys.executor.turn import TO_DO, Turn
from onepool.journeys.model import CallJourney, Send, SetProfile, TagNode, Task, Wait, Webhook
from onepool.journeys.states import RunState
from onepool.reach.keys import distinct

_logger = structlog.get_logger(__name__)

LIVE = tuple(int(one) for one in RunState if one is not RunState.ENDED)


class _Left(msgspec.Struct):
    """Where a request goes on that one step could not finish. `at`: when it was made; `parts`: (version, state)."""

    at: int
    parts: list[tuple[int, int]]
    place: int
    after: int
    acted: int
    done: int


class _Said(msgspec.Struct, rename={"but": "except"}):
    """What a request says: the fields of its kind (state/journeys.py)."""

    run_id: int | None = None
    but: int | None = None
    to: int | None = None
    left: _Left | None = None


_decode = msgspec.json.Decoder(_Said).decode
_OWN = ("resume", "stop_run", "stop_versions", "move")
"""Kinds whose fields are ours; those of an entry are whatever its caller names."""


def carry_out(turn: Turn, inputs: Inputs) -> None:
    """Requests in their order; entries among them are entries.py's. One that can't be read is left out, alone."""
    for row in inputs.requests.to_pylist():
        if row["kind"] not in _OWN:
            continue
        try:
            said = _decode(row["fields"] or "{}")
        except msgspec.MsgspecError as error:
            _logger.error("a request of journeys can't be read and is left out", request=row["id"], kind=row["kind"],
                          error=str(error)[:200])  # fmt: skip
            continue
        plans = turn.book.versions(row["journey"])
        at = row["at"] if said.left is None else said.left.at
        match row["kind"]:
            case "resume":
                standing = turn.book.standings.get(row["journey"])
                # Paused again before all of them went on.
                if said.left is None or standing is None or standing.status != "paused":
                    versions = [plan.version_id for plan in plans]
                    act: Callable[[I64], int] = partial(resume, turn)
                    if _sweep(turn, row, said, versions, (int(RunState.PAUSED),), act):
                        _first(turn, versions, act)
            case "stop_run" if said.run_id is not None:
                rows = turn.hold(turn.world.runs(np.array([said.run_id], np.int64)))
                _stop(turn, rows, at)
            case "stop_versions":
                older = [plan.version_id for plan in plans if plan.version_id != said.but]
                if _sweep(turn, row, said, older, LIVE, partial(_stop, turn, at=at)):
                    _stop_first(turn, older, at)
            case "move" if said.to is not None and said.to in turn.book.plans:
                to = turn.book.plans[said.to]
                older = [plan.version_id for plan in plans if plan.version_id != to.version_id]
                act = partial(_move, turn, to=to, at=at)
                if _sweep(turn, row, said, older, LIVE, act):
                    _first(turn, older, act)


def _sweep(
    turn: Turn,
    row: Mapping[str, Any],
    said: _Said,
    versions: Sequence[int],
    states: Sequence[int],
    act: Callable[[I64], int],
) -> bool:
    """Do something with all runs of some versions in some states, as many as one step takes; a request of the same kind
    goes on in the next step from there. Runs may change their state meanwhile: a pass over more than one step is
    repeated until it finds nobody. `act` gives with how many of the runs it is given it did something. Returns whether
    runs are left for later steps: whatever the step takes in hand of them comes first (see `_first`)."""
    going = said.left
    listed = [(v, s) for v in versions for s in states] if going is None else going.parts
    place, after, acted, done = (0, int(NONE), 0, 0) if going is None else (going.place, going.after, going.acted,
                                                                            going.done)  # fmt: skip
    whole = place == 0 and after == NONE
    room = turn.most
    while place < len(listed) and room > 0:
        found = turn.world.runs_in(listed[place][0], listed[place][1], room, after)
        count = act(turn.hold(found))
        acted, done, room = acted + count, done + count, room - len(found)
        if room > 0:
            place, after = place + 1, NONE
        elif len(found):
            after = int(found.run_id[-1])
    if place == len(listed):
        if whole or not acted:
            return False
        place, after, acted = 0, NONE, 0
    left = _Left(row["at"] if going is None else going.at, listed, place, after, acted, done)
    fields = {name: one for name, one in (("except", said.but), ("to", said.to), ("left", left)) if one is not None}
    turn.again.append(
        {"at": turn.at, "journey": row["journey"], "kind": row["kind"], "customer_id": row["customer_id"],
         "key": row["key"], "fields": msgspec.json.encode(fields).decode()}
    )  # fmt: skip
    turn.more = True
    return True


def _first(turn: Turn, versions: Sequence[int], act: Callable[[I64], int]) -> None:
    """Do it with all runs of the versions that are in hand, and with all that this step takes in hand yet, before
    anything else befalls them: so it does not matter in how many steps a request is carried out."""

    def mine(rows: I64) -> None:
        act(rows[np.isin(turn.runs.version_id[rows], versions)])

    mine(np.arange(len(turn.runs)))
    turn.first.append(mine)


def _stop_first(turn: Turn, versions: Sequence[int], at: int) -> None:
    """The same of runs that are stopped. Who called them goes on then, and what they called ends with them: those are
    taken in hand too."""
    stops = next((one for one in turn.first if isinstance(one, _Stops)), None)
    if stops is None:
        stops = _Stops(turn)
        turn.first.append(stops)
    stops.at |= dict.fromkeys(versions, at)
    stops(np.arange(len(turn.runs)))


class _Stops:
    """`at`: the versions of which all runs end, and when."""

    def __init__(self, turn: Turn) -> None:
        self.at: dict[int, int] = {}
        self._turn = turn
        self._gathering = False

    def __call__(self, rows: I64) -> None:
        """Runs were taken in hand."""
        if self._gathering:
            return
        turn, more = self._turn, rows
        if turn.book.calls:
            self._gathering = True
            while more.size:
                known = len(turn.runs)
                callers = turn.runs.parent[more]
                turn.hold(turn.world.runs(distinct(callers[callers != NONE])))
                turn.hold(turn.world.children(turn.runs.run_id[more]))
                more = np.arange(known, len(turn.runs))
                rows = np.concatenate([rows, more])
            self._gathering = False
        for version in distinct(turn.runs.version_id[rows]).tolist():
            if version in self.at:
                _stop(turn, rows[turn.runs.version_id[rows] == version], self.at[version])
        relatives(turn)


def stop(turn: Turn) -> None:
    """End the runs of journeys that are being stopped, as many as one step takes; with the last one it is stopped."""
    left: list[int] = []
    for one in turn.book.standings.values():
        if one.status != "stopping":
            continue
        room = turn.most
        # Whoever ended is not found again.
        for version in turn.book.version_ids([one.journey]):
            for state in LIVE:
                if room > 0:
                    found = turn.world.runs_in(version, state, room)
                    _stop(turn, turn.hold(found), turn.at)
                    room -= len(found)
        if room > 0:
            turn.changes.append(StateChange(one.journey, {"status": "stopped"}))
        else:
            turn.more = True
            left += turn.book.version_ids([one.journey])
    if left:
        _stop_first(turn, left, turn.at)


def resume(turn: Turn, rows: I64) -> int:
    """Let paused runs be where they were: what has come due meanwhile goes on at its own time."""
    rows = rows[turn.runs.state[rows] == RunState.PAUSED]
    runs = turn.runs
    to_do = rows[runs.hop[rows] == TO_DO]
    runs.state[to_do] = RunState.READY
    runs.hop[to_do] = 0
    turn.moment[to_do] = runs.due[to_do]
    for plan, mine in turn.by_version(np.setdiff1d(rows, to_do)):
        state = np.array([_waits(plan, node) for node in runs.node[mine].tolist()], np.int64)
        runs.state[mine] = state
        # Nobody's message gets too old by a pause while he waits to begin.
        held = mine[state == RunState.HELD]
        runs.arrived[held] = np.maximum(runs.arrived[held], turn.at)
    turn.dirty[rows] = True
    return int(rows.size)


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


def _stop(turn: Turn, rows: I64, at: int) -> int:
    rows = rows[turn.live()[rows]]
    if rows.size:
        turn.finish(rows, states.STOPPED, np.full(rows.size, at, np.int64))
        turn.cancel(rows, states.STOPPED)
    return int(rows.size)


def _move(turn: Turn, rows: I64, to: Plan, at: int) -> int:
    """Take live runs of other versions along whose node, by name, is there too and does the same."""
    count = 0
    for plan, mine in list(turn.by_version(rows[turn.live()[rows]])):
        if plan.version_id == to.version_id:
            continue
        goes = {NONE: NONE} | {
            number: to.number[name]
            for number, name in enumerate(plan.names)
            if name in to.number and type(to.nodes[to.number[name]]) is type(plan.nodes[number])
        }
        moved = mine[np.isin(turn.runs.node[mine], list(goes))]
        turn.note(moved, "moved", np.full(moved.size, at, np.int64))
        turn.rehomed[moved] = True
        turn.runs.version_id[moved] = to.version_id
        turn.runs.node[moved] = [goes[node] for node in turn.runs.node[moved].tolist()]
        turn.note(moved, "arrived", np.full(moved.size, at, np.int64))
        count += int(moved.size)
    return count
