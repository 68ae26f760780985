"""One step of all journeys at one instant. `ports` says what it means."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pyarrow as pa

from onepool.errors import OnePoolError
from onepool.journeys.executor import outcomes, requests, sends, waits
from onepool.journeys.executor.book import Book, JourneyFault
from onepool.journeys.executor.columns import I64, NONE
from onepool.journeys.executor.ends import ends, merge
from onepool.journeys.executor.entries import begin, enter
from onepool.journeys.executor.nodes import DEEPEST, HANDLERS
from onepool.journeys.executor.plan import Plan
from onepool.journeys.executor.ports import CANCELLED, EFFECTS, MOST_DUE, TASKS, Clocks, Inputs, Step, World
from onepool.journeys.executor.pressure import let_go, settle
from onepool.journeys.executor.turn import Turn
from onepool.journeys.keys import action_keys
from onepool.journeys.model import Send, Task, Wait
from onepool.journeys.states import RunState
from onepool.pool import PoolError
from onepool.reach.gate import DECIDED, PLANNED
from onepool.reach.keys import distinct

_WAITS = (RunState.WAIT_TIME, RunState.WAIT_EVENT, RunState.WAIT_OUTCOME)


class Executor:
    """Decides for whole columns of runs; reads and writes nothing itself."""

    def __init__(self, book: Book, world: World, *, most: int = MOST_DUE) -> None:
        """`most`: timers that one step takes, and runs of a request to move, stop or resume many."""
        self._book = book
        self._world = world
        self._most = most

    def step(self, inputs: Inputs, at: int, clocks: Clocks | None = None) -> Step:
        """What happens at an instant (microseconds). Raises JourneyFault when one journey can't be evaluated.

        `clocks`: of back-tests, where customers are at instants of their own up to it.
        """
        turn = Turn(self._book, self._world, at, clocks, most=self._most)
        turn.inputs = inputs
        merge(turn, inputs)
        requests.carry_out(turn, inputs)
        requests.stop(turn)
        # What an ended run called ends with it, before anything else is made of it.
        outcomes.relatives(turn)
        enter(turn, inputs)
        ends(turn, inputs)
        outcomes.relatives(turn)
        outcomes.outcomes(turn, inputs)
        self._dates(turn)
        due = self._world.due(at, self._most, self._book.priorities, self._book.scarce)
        turn.more |= len(due) >= self._most
        turn.hold(due)
        self._callers(turn)
        self._timers(turn)
        self._waves(turn)
        while self._expire(turn):
            self._waves(turn)
        return _step(turn)

    def _callers(self, turn: Turn) -> None:
        """Awaited events, and the end of life of callers, before any timer of those they called.

        Whoever is over by this step ends before what he called takes a step of it, were that due before or at the very
        instant: as goals and exits do. So it does not matter which timers a step takes: callers come with them.
        """
        if not self._book.calls:
            waits.awaited(turn)
            return
        callers = turn.runs.parent[turn.live() & (turn.runs.parent != NONE)]
        while callers.size:
            more = turn.hold(self._world.runs(np.unique(callers)))
            callers = turn.runs.parent[more]
            callers = callers[(callers != NONE) & (turn.places(callers) < 0)]
        for depth in range(DEEPEST + 1):
            waits.awaited(turn, depth)
            runs = turn.runs
            waiting = np.isin(runs.state, _WAITS) & (runs.depth == depth) & turn.live()
            self._end_of_life(turn, np.flatnonzero(waiting & (runs.due != NONE) & (runs.due <= turn.at)))

    def _dates(self, turn: Turn) -> None:
        """Runs that wait for a date of which something was told: it is read again."""
        wanted: dict[str, list[Plan]] = {}
        for plan in self._book.plans.values():
            for attribute in set(plan.date_nodes.values()):
                wanted.setdefault(attribute, []).append(plan)
        if not wanted:
            return
        customers = self._world.who_changed(frozenset(wanted))
        if customers.size == 0:
            return
        turn.hold(self._world.runs_of(customers, live=True))
        runs = turn.runs
        waiting = turn.live() & (runs.state == RunState.WAIT_TIME) & np.isin(runs.customer_id, customers)
        # Whose time had come before is the timers'.
        rows = np.flatnonzero(waiting)
        rows = rows[runs.due[rows] > turn.now(rows)]
        for plan, mine in turn.by_version(rows):
            if self._book.rests(plan.journey):
                continue
            nodes = turn.runs.node[mine].copy()
            for node in sorted(set(nodes.tolist()) & set(plan.date_nodes)):
                here = mine[nodes == node]
                turn.moment[here] = turn.now(here)
                said = plan.nodes[node]
                assert isinstance(said, Wait)
                with faults(plan):
                    waits.wait_date(turn, plan, said, here)

    def _timers(self, turn: Turn) -> None:
        """Runs whose time is over; those of resting journeys leave the queue until their journey goes on."""
        runs = turn.runs
        rows = np.flatnonzero(
            turn.live() & (runs.due != NONE) & (runs.due <= turn.at) & (runs.state != RunState.PAUSED)
        )
        rows = rows[runs.due[rows] <= turn.now(rows)]
        unread = rows[~np.isin(runs.version_id[rows], list(self._book.plans))]
        runs.state[unread] = RunState.PAUSED
        turn.dirty[unread] = True
        self._give_up(turn, rows)
        held: dict[str, list[tuple[Plan, I64]]] = {}
        for plan, mine in turn.by_version(rows):
            state = turn.runs.state[mine]
            if self._book.rests(plan.journey):
                parked = mine[state != RunState.READY]
                turn.runs.state[parked] = RunState.PAUSED
                turn.dirty[parked] = True
                continue
            with faults(plan):
                found = self._woken(turn, plan, mine, state)
            if found.size:
                held.setdefault(plan.journey, []).append((plan, found))
        for parts in held.values():
            with faults(parts[0][0]):
                for plan, mine in let_go(turn, parts):
                    begin(turn, mine, plan)
        settle(turn)

    def _give_up(self, turn: Turn, rows: I64) -> None:
        """Messages whose deadline is over count for no cap any more, before anything is sent in their place."""
        runs = turn.runs
        for plan, mine in turn.by_version(rows[runs.state[rows] == RunState.WAIT_OUTCOME]):
            if self._book.rests(plan.journey):
                continue
            mine = mine[(runs.node[mine] >= 0) & (runs.due[mine] < turn.life_end(mine, plan))]
            for node in distinct(runs.node[mine]).tolist():
                if isinstance(plan.nodes[node], Send):
                    with faults(plan):
                        sends.give_up(turn, plan, node, mine[runs.node[mine] == node])
        if turn.gone:
            self._world.give_up(turn.gone)

    @staticmethod
    def _woken(turn: Turn, plan: Plan, rows: I64, state: I64) -> I64:
        """Let runs of a version go on whose time is over; those that were held are given back."""
        turn.moment[rows[state != RunState.READY]] = turn.runs.due[rows[state != RunState.READY]]
        ready = rows[(state == RunState.READY) & (turn.moment[rows] == NONE)]
        turn.moment[ready] = turn.runs.due[ready]
        end = turn.life_end(rows, plan)
        over = (turn.moment[rows] >= end) & (state != RunState.READY)
        turn.finish(rows[over], "expired", end[over])
        if over.any():
            turn.cancel(rows[over], "expired")
        rows, state = rows[~over], state[~over]
        waiting = rows[(state != RunState.HELD) & (state != RunState.READY)]
        nodes = turn.runs.node[waiting].copy()
        for node in distinct(nodes).tolist():
            here = waiting[nodes == node]
            said = plan.nodes[node]
            if isinstance(said, Send) and (turn.runs.state[here] == RunState.WAIT_OUTCOME).any():
                out = turn.runs.state[here] == RunState.WAIT_OUTCOME
                sends.out_of_time(turn, plan, node, here[out])
                here = here[~out]
            elif isinstance(said, Wait) and said.date is not None:
                waits.wait_date(turn, plan, said, here)
                continue
            elif isinstance(said, Wait):
                turn.go(here, plan, "next")
                continue
            elif turn.runs.state[here[0]] == RunState.WAIT_OUTCOME:
                if isinstance(said, Task):
                    turn.tasks_gone.append(action_keys(turn.runs.run_id[here], plan.names[node], turn.runs.visit[here]))
                turn.go(here, plan, "else" if plan.leads(node, "else") else "next", "timeout")
                continue
            # Waited for identities to be complete: the node is done now.
            turn.runs.state[here] = RunState.READY
        held: I64 = rows[state == RunState.HELD]
        return held

    def _expire(self, turn: Turn) -> bool:
        """End runs that came to wait for something beyond their life, which is over already: they send nothing."""
        runs = turn.runs
        rows = np.flatnonzero(turn.live() & turn.dirty & (runs.due != NONE) & (runs.due <= turn.at))
        return self._end_of_life(turn, rows[np.isin(runs.state[rows], _WAITS)])

    def _end_of_life(self, turn: Turn, rows: I64) -> bool:
        """End those of the waiting runs whose life is over by now, callers first. Returns whether there are any."""
        found = False
        for depth in distinct(turn.runs.depth[rows]).tolist():
            for plan, mine in turn.by_version(rows[(turn.runs.depth[rows] == depth) & turn.live()[rows]]):
                if self._book.rests(plan.journey):
                    continue
                end = turn.life_end(mine, plan)
                over = (turn.runs.due[mine] >= end) & (turn.runs.due[mine] <= turn.now(mine))
                if over.any():
                    turn.finish(mine[over], "expired", end[over])
                    turn.cancel(mine[over], "expired")
                    found = True
            outcomes.relatives(turn)
        return found

    def _waves(self, turn: Turn) -> None:
        while True:
            outcomes.relatives(turn)
            runs = turn.runs
            rows = np.flatnonzero(turn.live() & (runs.state == RunState.READY) & (turn.moment != NONE))
            if rows.size == 0:
                return
            resting = np.array(
                [v not in self._book.plans or self._book.rests(self._book.plans[v].journey) for v in
                 runs.version_id[rows].tolist()], np.bool_
            ) if self._resting else np.zeros(rows.size, np.bool_)  # fmt: skip
            turn.park(rows[resting])
            rows = rows[~resting]
            if rows.size == 0:
                continue
            rank = self._book.rank(runs.version_id[rows], runs.node[rows])
            rows = rows[rank == rank.min()]
            for plan, mine in turn.by_version(rows):
                with faults(plan):
                    nodes = turn.runs.node[mine].copy()
                    for node in distinct(nodes).tolist():
                        here = turn.ordered(mine[nodes == node])
                        HANDLERS[type(plan.nodes[node])](turn, plan, node, here)

    @property
    def _resting(self) -> bool:
        return bool(self._book.aside) or any(one.status == "paused" for one in self._book.standings.values())


@contextmanager
def faults(plan: Plan) -> Iterator[None]:
    """Say which journey it was that could not be evaluated, unless the machine is at fault."""
    try:
        yield
    except JourneyFault:
        raise
    except (OSError, MemoryError):
        raise
    except PoolError as error:
        if error.transient:
            raise
        raise JourneyFault(plan.journey, str(error)) from error
    except (OnePoolError, ValueError, KeyError, TypeError, AssertionError, pa.ArrowException) as error:
        raise JourneyFault(plan.journey, repr(error)) from error


def _step(turn: Turn) -> Step:
    dirty = np.flatnonzero(turn.dirty & ~turn.removed)
    parts = [one for one in turn.cancelled if one[0].size]
    cancelled = pa.table(
        [np.concatenate([one[0] for one in parts]), pa.array(np.concatenate([one[1] for one in parts]), pa.string())],
        schema=CANCELLED,
    ) if parts else CANCELLED.empty_table()  # fmt: skip
    gone = turn.removed & ~turn.created
    return Step(
        at=turn.at,
        runs=turn.runs.take(dirty),
        created=turn.created[dirty],
        before=turn.before.take(dirty[~turn.created[dirty]]),
        rehomed=turn.rehomed[dirty],
        removed=turn.runs.run_id[gone],
        sends=pa.concat_tables(turn.sends) if turn.sends else pa.schema([*PLANNED, *DECIDED]).empty_table(),
        policies=turn.policies,
        cancelled=cancelled,
        gone=turn.gone,
        steps=turn.steps(),
        effects=_table(turn.effects, EFFECTS),
        tasks=_table(turn.tasks, TASKS),
        tasks_gone=np.concatenate(turn.tasks_gone) if turn.tasks_gone else np.empty(0, np.int64),
        merges=turn.merges,
        erased=turn.erased,
        requests=turn.again,
        audiences=turn.audiences,
        changes=turn.changes,
        more=turn.more,
    )


def _table(rows: list[tuple[object, ...]], schema: pa.Schema) -> pa.Table:
    if not rows:
        return schema.empty_table()
    return pa.table([pa.array(part, one.type) for part, one in zip(zip(*rows, strict=True), schema, strict=True)],
                    schema=schema)  # fmt: skip
