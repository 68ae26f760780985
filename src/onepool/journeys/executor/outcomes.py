"""What became of what runs did: messages, tasks, calls, writes; and of those they called."""

from __future__ import annotations

import msgspec
import numpy as np

from onepool.journeys.executor import sends
from onepool.journeys.executor.columns import I64, NONE, texts
from onepool.journeys.executor.ports import Inputs
from onepool.journeys.executor.turn import Turn, called_key
from onepool.journeys.keys import action_keys
from onepool.journeys.model import CallJourney, Send, Task, Webhook
from onepool.journeys.states import RunState
from onepool.reach.states import SendState

_decode = msgspec.json.Decoder(dict[str, object]).decode


def outcomes(turn: Turn, inputs: Inputs) -> None:
    """Let runs go on whose message, task, call or write of their present node came to an end."""
    table = inputs.outcomes
    if table.num_rows == 0:
        return
    columns = {name: table.column(name).to_numpy().astype(np.int64) for name in ("key", "run_id", "at")}
    turn.hold(turn.world.runs(np.unique(columns["run_id"])))
    rows = turn.places(columns["run_id"])
    runs = turn.runs
    waiting = (
        (rows >= 0) & np.isin(runs.state[rows], (RunState.WAIT_OUTCOME, RunState.PAUSED)) & (runs.hop[rows] != NONE)
    )
    waiting &= turn.live()[rows]
    waiting[waiting] = _awaited(turn, rows[waiting]) == columns["key"][waiting]
    # One outcome a run, the first that was told.
    order = np.lexsort((columns["at"],))
    seen: set[int] = set()
    picked = []
    for place in order.tolist():
        if waiting[place] and int(rows[place]) not in seen:
            seen.add(int(rows[place]))
            picked.append(place)
    if not picked:
        return
    places = np.array(picked, np.int64)
    rows = rows[places]
    state = np.array(table.column("state").to_pylist(), object)[places].astype(np.int64)
    reason = texts(table.column("reason").to_pylist(), table.num_rows)[places]
    saved = texts(table.column("saved").to_pylist(), table.num_rows)[places]
    turn.moment[rows] = np.maximum(np.minimum(columns["at"][places], turn.at), runs.arrived[rows])
    turn.dirty[rows] = True
    ordered = np.argsort(rows)
    for plan, mine in turn.by_version(rows):
        nodes = turn.runs.node[mine].copy()
        for node in np.unique(nodes):
            here = mine[nodes == node]
            which = ordered[np.searchsorted(rows[ordered], here)]
            said = plan.nodes[int(node)]
            if isinstance(said, Send):
                told = reason[which].copy()
                good = (state[which] >= SendState.ACCEPTED) & (state[which] < SendState.SUPPRESSED)
                told[good] = None
                told[~good & (told == None)] = "unknown"  # noqa: E711 elementwise
                why = np.array([f"{said.chain[min(int(hop), len(said.chain) - 1)].channel}:{one or 'accepted'}"
                                for hop, one in zip(turn.runs.hop[here], told, strict=True)], object)  # fmt: skip
                turn.note(here, "hop", turn.moment[here], why)
                sends.conclude(turn, plan, int(node), here, told)
                continue
            good = state[which] == 1
            if isinstance(said, Webhook) and good.any():
                _save(turn, here[good], saved[which][good].tolist())
            if isinstance(said, Task | Webhook):
                turn.go(here[good], plan, "next")
                turn.go(here[~good], plan, "else", reason[which][~good])
            else:
                turn.go(here, plan, "next")


def _awaited(turn: Turn, rows: I64) -> I64:
    """The key of what each run waits for: nodes are known by their names, which stay when a run is moved to a version
    in which they have other numbers."""
    runs = turn.runs
    found = np.full(rows.size, NONE, np.int64)
    versions, nodes, visits = runs.version_id[rows], runs.node[rows], runs.visit[rows]
    for version in np.unique(versions).tolist():
        plan = turn.book.plans.get(version)
        if plan is None:
            continue
        for node in np.unique(nodes[(versions == version) & (nodes >= 0)]).tolist():
            here = np.flatnonzero((versions == version) & (nodes == node))
            hops: I64 | int = runs.hop[rows[here]] if isinstance(plan.nodes[node], Send) else 0
            found[here] = action_keys(runs.run_id[rows[here]], plan.names[node], visits[here], hops)
    return found


def _save(turn: Turn, rows: I64, saved: list[str | None]) -> None:
    said = [_decode(one) if one else {} for one in saved]
    for name in sorted({name for one in said for name in one}):
        mine = np.array([name in one for one in said], np.bool_)
        turn.put_vars(rows[mine], name, [one[name] for one in said if name in one])


def relatives(turn: Turn) -> None:
    """Callers of runs that ended go on; what callers called that were ended from outside ends with them."""
    while turn.ended:
        rows = np.concatenate(turn.ended)
        turn.ended = []
        if not turn.book.calls:
            return
        parents = turn.runs.parent[rows]
        known = np.unique(parents[parents != NONE])
        turn.hold(turn.world.runs(known))
        callers = turn.places(known)
        callers = callers[callers >= 0]
        callers = callers[turn.live()[callers]]
        for caller in np.unique(callers).tolist():
            node, version = int(turn.runs.node[caller]), int(turn.runs.version_id[caller])
            plan = turn.book.plans.get(version)
            if plan is None or turn.runs.state[caller] not in (RunState.WAIT_OUTCOME, RunState.PAUSED):
                continue
            if node < 0 or not isinstance(plan.nodes[node], CallJourney) or turn.runs.hop[caller] == NONE:
                continue
            one = np.array([caller], np.int64)
            # It may have called others without waiting for them.
            awaited = called_key(plan.names[node], int(turn.runs.visit[caller]))
            called = rows[(parents == turn.runs.run_id[caller]) & (turn.runs.key[rows] == awaited)]
            if called.size == 0:
                continue
            last = int(turn.runs.ended[called].max())
            turn.moment[one] = max(last, int(turn.runs.arrived[caller]))
            turn.go(one, plan, "next")
        rows = rows[turn.forced[rows]]
        children = turn.hold(turn.world.children(turn.runs.run_id[rows]))
        here = np.flatnonzero(turn.live() & np.isin(turn.runs.parent, turn.runs.run_id[rows]))
        orphans = np.union1d(children, here)
        orphans = orphans[turn.live()[orphans]] if orphans.size else orphans
        for one in orphans.tolist():
            caller = int(turn.places([int(turn.runs.parent[one])])[0])
            place = np.array([one], np.int64)
            turn.finish(place, "stopped", turn.runs.ended[[caller]])
            turn.cancel(place, "ended")
