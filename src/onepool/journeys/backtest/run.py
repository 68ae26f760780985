"""The back-test: rounds of the executor over the past.

Customers don't concern each other but by rates and stock, so they need not go through time together: in one round each
goes on to its own next moment (`executor.ports.Clocks`), and there are as many rounds as the busiest customer has
moments. A moment is a cell of the grid in which something comes in or is due; what is skipped would have changed
nothing, so the runs are those of steps over the whole grid, one cell after the other.

Everybody goes together where it matters: at starts of audiences; by stretches of time where the rate or the stock may
not be enough for all; cell by cell where a condition can only be asked of the pool (`asking.able`), with longer cells.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa

from onepool.audience.conditions.names import Context
from onepool.audience.conditions.standing.ways import ways_of
from onepool.clock import from_micros
from onepool.journeys.backtest import scope
from onepool.journeys.backtest.asking import Answers
from onepool.journeys.backtest.coming import NEVER, Coming
from onepool.journeys.backtest.events import SCOPE, Events
from onepool.journeys.backtest.gating import HistoryGate, Ledger, really_sent
from onepool.journeys.backtest.keeping import Kept
from onepool.journeys.backtest.lines import MISSING, Bools
from onepool.journeys.backtest.outbox import Fates, Guards, Outbox
from onepool.journeys.backtest.setting import Place, plans_of
from onepool.journeys.backtest.standing import Standings
from onepool.journeys.backtest.stock import Stock
from onepool.journeys.backtest.types import DAY, I64, Asked, Outcome, Progress
from onepool.journeys.backtest.values import Values
from onepool.journeys.backtest.world import HistoryWorld, Round
from onepool.journeys.executor.book import Book
from onepool.journeys.executor.columns import Runs
from onepool.journeys.executor.executor import Executor
from onepool.journeys.executor.ports import MOST_DUE, OUTCOMES, Clocks, Inputs, Question, Step
from onepool.journeys.executor.ports import STEPS as STEP_SCHEMA
from onepool.journeys.model import Send
from onepool.pool import Session
from onepool.reach.lives import Lives
from onepool.reach.policies import load, resolved

MOST: Final = 1 << 40
"""Timers that one step takes: nobody waits for a lock meanwhile."""

_LOOK_BACK: Final = 40 * DAY
_RUNS: Final = ("run_id", "customer_id", "node", "state", "entered", "ended", "reason", "goal_at", "parent")


def backtest(place: Place, ctx: Context, asked: Asked, progress: Progress | None = None) -> Outcome:
    """What a journey would have done. Raises ConditionError for a definition that can't be parsed, JourneyFault for
    one that can't be evaluated."""
    with place.pool.read() as session:
        return _Run(place, replace(ctx, past_tags=True), asked, session).run(progress)


class _Run:
    def __init__(self, place: Place, ctx: Context, asked: Asked, session: Session) -> None:
        self._place, self._ctx, self._asked = place, ctx, asked
        self._session = session
        self._plans, self._standings = plans_of(place, asked)
        self.plan = self._plans[1]
        self._people = scope.people(session, ctx, self.plan, asked)
        session.relation(SCOPE, pa.table({"customer_id": self._people.customers}))
        policy = load(place)
        fates = Fates(asked.assumed)
        ways = ways_of(place.touchpoints().values())
        lives = Lives()
        self._outbox = Outbox(fates, policy)
        self._values = Values(session, ctx, self._people, asked.end)
        self._events = Events(session, ctx, self._people, asked.start, asked.end)
        self._coming = Coming(
            place, session, asked, self._people, self._events, self._values, self._plans, self._standings
        )
        standings = Standings(session, place.state.read, self._people, ways, lives, asked.start, asked.end)
        with place.state.read() as real:
            others = really_sent(real, self.plan.journey, asked.start - _LOOK_BACK, asked.end)
        self._gate = gate_world = HistoryGate(
            session, resolved(policy, place.settings.time_zone, from_micros(asked.start).astimezone(UTC).date()),
            ways, lives, self._people, standings, Ledger(self._people, others), fates.counts,
            self._values.texts,
        )  # fmt: skip
        self._kept = Kept(self._people)
        self._stock = Stock(place.state.read, asked.start)
        self._world = HistoryWorld(
            session, ctx, self._people, self._events, self._coming, self._kept, self._outbox, self._values,
            Answers(self._people, ctx, self._events, self._values, standings), gate_world, self._stock.codes,
        )  # fmt: skip
        self._pace = scope.pace(self._plans, ctx, self._coming, self._stock, asked, len(self._people))
        self._metering: dict[str, str] = {}
        self._edges: dict[tuple[int, str], int] = {}
        self._steps: list[pa.Table] = []
        self._tasks: dict[tuple[int, int, int], str] = {}
        self._told = scope.told(self._people)
        self._taken = 0
        self._cells: list[I64] = []
        self._first = 0
        self._taken_edges = 0
        self._last_edge = asked.start
        everybody = np.arange(len(self._people))
        self._since = np.full(everybody.size, asked.start - 1, np.int64)
        self._held = np.full(everybody.size, NEVER, np.int64)
        self._next = np.full(everybody.size, NEVER, np.int64)
        self._look(everybody)

    # the run

    def run(self, progress: Progress | None) -> Outcome:
        asked, told = self._asked, self._asked.start
        while (edge := self._edge()) is not None or self._soonest() <= asked.end:
            limit = asked.end if edge is None else min(edge - 1, asked.end)
            while (soonest := self._soonest()) <= limit:
                until = min(limit, self._pace.until(soonest))
                places = np.flatnonzero(self._next <= until)
                self._round(places, np.minimum(self._next[places], asked.end))
                told = self._tell(progress, told)
            if edge is None or edge > asked.end:
                break
            self._start(edge)
            told = self._tell(progress, told)
        return self._outcome()

    def _tell(self, progress: Progress | None, told: int) -> int:
        """Say how far virtual time has come: where half of those who still go on are."""
        if progress is None:
            return told
        going = self._next[self._next <= self._asked.end]
        at = self._asked.end if going.size == 0 else int(np.median(going))
        told = max(told, at)
        progress(told)
        return told

    def _soonest(self) -> int:
        return int(self._next.min()) if self._next.size else NEVER

    def _edge(self) -> int | None:
        """The next cell in which an audience is made or let in."""
        after = self._last_edge + 1 if self._taken_edges else self._asked.start
        found = [one.next_at for one in self._standings.values() if one.next_at is not None]
        found += [self._metered(one.journey) for one in self._kept.audiences.values() if not one.done]
        if not self._taken_edges and scope.audience(self.plan):
            found.append(self._asked.start)
        if not found:
            return None
        first = max(min(found), after)
        # However long the cells are, a rate gives as many as it does live.
        return min(-(-first // scope.CELL) * scope.CELL, self._asked.end) if first <= self._asked.end else None

    def _metered(self, journey: str) -> int:
        said = self._metering.get(journey)
        return int(msgspec.json.decode(said).get("next", 0)) if said else 0

    def _start(self, edge: int) -> None:
        """A cell in which audiences are let in: everybody whose turn it may be is at the same instant."""
        due = any(one.next_at is not None and one.next_at <= edge for one in self._standings.values())
        if due or not self._taken_edges:
            places = np.arange(len(self._people))
        else:
            parts = [
                self._people.places(one.customers[one.taken : one.taken + MOST_DUE])
                for one in self._kept.audiences.values()
                if not one.done and one.customers is not None
            ]
            places = np.unique(np.concatenate([np.flatnonzero(self._next <= edge), *parts]))
        self._taken_edges += 1
        self._last_edge = edge
        since = np.maximum(self._since[places], edge - self._pace.grid)
        self._round(places, np.full(places.size, edge, np.int64), since)
        if self._taken_edges == 1:
            self._first = len(self._kept)

    def _round(self, places: I64, until: I64, since: I64 | None = None) -> None:
        """Let customers (places, ascending) go on to instants of their own."""
        self._taken += 1
        since = self._since[places] if since is None else since
        at = int(until.max()) if until.size else self._last_edge
        world, clocks = self._world, Clocks(self._people.customers[places], until)
        world.begin(Round(places, since, until, at, clocks))
        inputs = self._coming.inputs(places, since, until)
        if self._pace.fresh:
            self._metering.clear()
        while True:
            book = Book(self._plans, self._standings, frozenset(), self._metering)
            step = Executor(book, world, most=MOST).step(inputs, at, clocks)
            self._keep(step)
            told = self._outbox.claim(lambda who: clocks.of(who, -1), world.regate, self._guards())
            done = [told, _done(step.effects, "write"), _done(step.tasks, "task")]
            outcomes = pa.concat_tables([one for one in done if one.num_rows] or [OUTCOMES.empty_table()])
            if not step.more and outcomes.num_rows == 0:
                break
            world.again()
            inputs = Inputs(outcomes=outcomes.combine_chunks())
        self._since[places] = until
        self._cells.append(np.unique(until))
        self._look(places)

    def _look(self, places: I64) -> None:
        """When these go on."""
        due, living = self._kept.soonest(places, NEVER)
        who, when = self._outbox.waiting()
        self._held[places] = NEVER
        if who.size:
            np.minimum.at(self._held, self._people.places(who), when)
        after = self._since[places]
        soonest = np.minimum(np.minimum(due, self._held[places]), self._coming.next(places, after, living))
        soonest = np.maximum(soonest, after + 1)
        cell = np.where(soonest > self._asked.end, NEVER - self._pace.grid, soonest)
        cell = -(-cell // self._pace.grid) * self._pace.grid
        self._next[places] = np.where(soonest > self._asked.end, NEVER, np.minimum(cell, self._asked.end))

    def _keep(self, step: Step) -> None:
        self._gate.not_sent(self._outbox.take(step).tolist())
        if step.effects.num_rows:
            self._values.write(step.effects)
        for change in step.changes:
            standing = self._standings.get(change.journey)
            for name, value in change.values.items():
                if name == "metering":
                    self._metering[change.journey] = str(value)
                elif name == "next_at" and standing is not None:
                    self._standings[change.journey] = replace(standing, next_at=value)  # type: ignore[arg-type]
        mine = step.steps.filter(pa.array(step.steps.column("version_id").to_numpy() == 1))
        counted = mine.group_by(["node", "edge"]).aggregate([([], "count_all")])
        for row in counted.to_pylist():
            place = (row["node"], row["edge"])
            self._edges[place] = self._edges.get(place, 0) + row["count_all"]
        if self._asked.paths:
            kept = step.steps
            if self._told is not None:
                kept = kept.filter(pa.array(np.isin(kept.column("customer_id").to_numpy(), self._told)))
            self._steps.append(kept)
            for row in step.tasks.select(["run_id", "node", "visit", "staff"]).to_pylist():
                self._tasks[row["run_id"], row["node"], row["visit"]] = row["staff"]
        self._kept.save(step)

    def _guards(self) -> Guards:
        def ask(rows: pa.Table, moments: I64) -> Bools:
            holds = np.ones(rows.num_rows, np.bool_)
            nodes = rows.column("node").to_numpy()
            ids = rows.column("run_id").to_numpy().astype(np.int64)
            versions = rows.column("version_id").to_numpy()
            for version, node in {(int(v), int(n)) for v, n in zip(versions, nodes, strict=True)}:
                said = self._plans[version].nodes[node]
                if not isinstance(said, Send) or said.guard is None:
                    continue
                mine = np.flatnonzero((nodes == node) & (versions == version))
                found = self._kept.runs(ids[mine])
                place = np.searchsorted(found.run_id, ids[mine])
                when = np.zeros(len(found), np.int64)
                np.maximum.at(when, place, moments[mine])
                question = Question({"guard": said.guard}, _asked(found, when))
                at = min(int(moments[mine].max()), self._world.at)
                holds[mine] = self._world.answers(question, at)["guard"][place]
            return holds

        return ask

    # what came out

    def _outcome(self) -> Outcome:
        runs = self._kept.all()
        columns = []
        for name in _RUNS:
            values = getattr(runs, name)
            columns.append(
                pa.array(values, pa.string()) if name == "reason"
                else pa.array(values, mask=values == MISSING) if name in ("ended", "goal_at", "parent")
                else pa.array(values)
            )  # fmt: skip
        made = pa.table(columns, names=list(_RUNS))
        edges = pa.table(
            {
                "node": pa.array([node for node, _ in self._edges], pa.int64()),
                "edge": pa.array([edge for _, edge in self._edges], pa.string()),
                "count": pa.array(list(self._edges.values()), pa.int64()),
            }
        )
        steps = carried = None
        if self._asked.paths:
            steps = pa.concat_tables(self._steps) if self._steps else STEP_SCHEMA.empty_table()
            carried = pa.table(
                [runs.run_id, pa.array(runs.trigger, pa.string()), pa.array(runs.vars, pa.string())],
                names=["run_id", "trigger", "vars"],
            )
        return Outcome(
            self.plan, self._asked.start, self._asked.end, self._pace.grid,
            np.unique(np.concatenate(self._cells)).size if self._cells else 0, self._taken, made, self._outbox.table(),
            edges, self._first, steps, carried, len(self._people), self._tasks, self._told, self._pace.together,
        )  # fmt: skip


def _asked(found: Runs, now: I64) -> pa.Table:
    return pa.table(
        {
            "run_id": found.run_id, "customer_id": found.customer_id, "entered": found.entered,
            "trigger": pa.array(found.trigger.tolist(), pa.string()),
            "vars": pa.array(found.vars.tolist(), pa.string()), "now": now,
        }
    )  # fmt: skip


def _done(rows: pa.Table, what: str) -> pa.Table:
    """Effects and tasks are taken as done at once."""
    count = rows.num_rows
    if count == 0:
        return OUTCOMES.empty_table()
    kinds = [what] * count if what == "task" else [
        "webhook" if kind == "webhook" else "write" for kind in rows.column("kind").to_pylist()
    ]  # fmt: skip
    zero = pa.array(np.zeros(count, np.int32))
    return pa.table(
        [
            rows.column("key"), rows.column("run_id"), rows.column("node"), rows.column("visit"), zero,
            pa.array(kinds, pa.string()), pa.array(np.ones(count, np.int32)), pa.nulls(count, pa.string()),
            rows.column("created"), pa.nulls(count, pa.string()),
        ],
        schema=OUTCOMES,
    )  # fmt: skip


__all__ = ["Place", "backtest"]
