"""What journeys say of their messages at the moment when these go out: guards, goals and exits asked once more.

Between the plan of a message and its claim events come in that the tick may not have taken yet. So the claim asks the
pool itself: did the customer meet the goal, or leave; does the send's guard still hold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection

from onepool.audience.conditions.names import Context
from onepool.journeys.executor.book import ERASED
from onepool.journeys.executor.columns import FOREVER, I64, NONE, Runs
from onepool.journeys.executor.ports import Question, Sought
from onepool.journeys.executor.times import later
from onepool.journeys.graph import forward, reached
from onepool.journeys.model import EventExit, EventMatch, Send
from onepool.journeys.states import RunState
from onepool.journeys.store import Published, published
from onepool.journeys.world.asking import answers
from onepool.journeys.world.events import Happened
from onepool.journeys.world.records import Records
from onepool.pool import Session
from onepool.state import State

if TYPE_CHECKING:
    from onepool.reach.claim import Guard

_LATEST: Final = 1 << 40
"""Behind every record of the log."""


@dataclass(frozen=True)
class _Held:
    """Messages of one version, row by row (`rows`: of what was asked), and their runs, each once, by run_id."""

    version: Published
    rows: I64
    nodes: I64
    run_ids: I64
    runs: Runs


class JourneyGuard:
    """`reach.claim.Guard` over the state and the pool of a workspace. `context`: the names in force now."""

    def __init__(self, state: State, context: Callable[[], Context]) -> None:
        self._state = state
        self._context = context

    def refused(self, session: Session, sends: pa.Table, at: int) -> Sequence[str | None]:
        """For rows of send_id, run_id, version_id, node and customer_id: `ended` (the run is over, or an exit came),
        `goal_reached`, `guard_false`, or None. `at`: the present, microseconds since 1970."""
        said: list[str | None] = [None] * sends.num_rows
        ids = sends.column("run_id").to_numpy().astype(np.int64)
        with self._state.read() as connection:
            found = Records(connection).runs(ids)
            place = np.searchsorted(found.run_id, ids)
            there = place < len(found)
            there[there] = found.run_id[place[there]] == ids[there]
            live = there.copy()
            live[there] = found.state[place[there]] != RunState.ENDED
            nodes, planned = (sends.column(name).to_numpy().astype(np.int64) for name in ("node", "version_id"))
            held = []
            for version_id in np.unique(found.version_id[place[live]]).tolist():
                rows = np.flatnonzero(live)[found.version_id[place[live]] == version_id]
                version = published(connection, version_id)
                mine = _renumbered(connection, version, nodes[rows], planned[rows])
                held.append(_Held(version, rows, mine, ids[rows], found.take(np.unique(place[rows]))))
        for row in np.flatnonzero(~live).tolist():
            said[row] = "ended"
        ctx = self._context()
        for one in held:
            for row in _false(session, ctx, one, at).tolist():
                said[row] = "guard_false"
        for row, reason in _over(session, ctx, held, at):
            said[row] = reason
        return said


def _renumbered(connection: Connection, version: Published, nodes: I64, planned: I64) -> I64:
    """The numbers that nodes have in a version, of messages that were planned in others (`planned`): their runs were
    moved since. -1: it has none of that name."""
    found = nodes.copy()
    number = {name: place for place, name in enumerate(version.nodes)}
    for version_id in np.unique(planned[planned != version.version_id]).tolist():
        names = published(connection, version_id).nodes
        mine = planned == version_id
        found[mine] = [number.get(names[one], -1) if 0 <= one < len(names) else -1 for one in nodes[mine].tolist()]
    return found


def _false(session: Session, ctx: Context, held: _Held, at: int) -> I64:
    """Rows whose guard does not hold any more."""
    refused = [np.empty(0, np.int64)]
    for number in np.unique(held.nodes).tolist():
        name = held.version.nodes[number] if 0 <= number < len(held.version.nodes) else ""
        node = held.version.definition.nodes.get(name)
        if not isinstance(node, Send) or node.guard is None:
            continue
        here = held.nodes == number
        mine = np.searchsorted(held.runs.run_id, np.unique(held.run_ids[here]))
        holds = answers(session, ctx, Question({"guard": node.guard}, _asked(held.runs.take(mine))), at)["guard"]
        refused.append(held.rows[here][np.isin(held.run_ids[here], held.runs.run_id[mine][~holds])])
    return np.concatenate(refused)


def _over(session: Session, ctx: Context, held: Sequence[_Held], at: int) -> list[tuple[int, str]]:
    """Rows whose goal, erasure or exit is in the pool already; the earlier of goal and exits decides."""
    sought: list[Sought] = []
    meant: list[tuple[_Held, str]] = []
    for one in held:
        for match, mine, last, reason in _ends(one):
            if mine.size:
                # What started the run does not end it.
                window = _asked(one.runs.take(mine)).append_column("first", pa.array(one.runs.entered[mine] + 1))
                window = window.append_column("last", pa.array(np.minimum(last, at)))
                window = window.append_column("but", pa.array(np.full(mine.size, NONE, np.int64)))
                sought.append(Sought(match, window, whole=True))
                meant.append((one, reason))
    if not sought:
        return []
    found = Happened(session, ctx, _LATEST + 1, _LATEST, (), at).find(sought)
    best: dict[int, tuple[int, int, str]] = {}
    rows = zip(*(found.column(name).to_pylist() for name in ("asked", "run_id", "time")), strict=True)
    for asked, run_id, time in rows:
        one, reason = meant[asked]
        rank = 0 if reason == "goal_reached" else 1
        for row in one.rows[one.run_ids == run_id].tolist():
            best[row] = min(best.get(row, (FOREVER, 9, "")), (time, rank, reason))
    return [(row, reason) for row, (_, _, reason) in best.items()]


def _ends(held: _Held) -> list[tuple[EventMatch, I64, I64, str]]:
    """(match, places in the runs, latest time, reason) of erasure, goal and exits by events."""
    said, runs = held.version.definition, held.runs
    every = np.arange(len(runs))
    forever = np.full(every.size, FOREVER, np.int64)
    found: list[tuple[EventMatch, I64, I64, str]] = [(EventMatch(did=ERASED), every, forever, "ended")]
    goal = said.goal
    if goal is not None and goal.then == "exit":
        last = forever if goal.within is None else later(runs.entered, goal.within, said.zone.default)
        found.append((EventMatch(did=goal.did, at=goal.at, where=goal.where), every, last, "goal_reached"))
    number = said.node_numbers()
    for one in said.exit:
        if isinstance(one, EventExit):
            mine = every
            if one.before is not None:
                behind = [number[name] for name in reached(forward(said), one.before)]
                mine = every[~np.isin(runs.node, behind)]
            found.append((EventMatch(did=one.did, at=one.at, where=one.where), mine, forever[mine], "ended"))
    return found


def _asked(runs: Runs) -> pa.Table:
    """Runs as conditions and matches are asked of them."""
    return pa.table(
        {
            "run_id": runs.run_id,
            "customer_id": runs.customer_id,
            "entered": runs.entered,
            "trigger": pa.array(runs.trigger.tolist(), pa.string()),
            "vars": pa.array(runs.vars.tolist(), pa.string()),
        }
    )


if TYPE_CHECKING:

    def _is_guard(one: JourneyGuard) -> Guard:
        return one
