"""The back-test: steps of the executor over the past, from one moment at which something happens to the next."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import Any, Final

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection, select, text

from onepool.audience.conditions.names import Context
from onepool.audience.conditions.standing.ways import ways_of
from onepool.clock import from_micros
from onepool.journeys.backtest.coming import Coming
from onepool.journeys.backtest.gating import HistoryGate, Ledger, really_sent
from onepool.journeys.backtest.history import SCOPE, HistoryWorld, Past
from onepool.journeys.backtest.outbox import Bools, Fates, Guards, Outbox
from onepool.journeys.backtest.setting import Place, plans_of, virtual
from onepool.journeys.backtest.types import DAY, I64, Asked, Outcome, Progress
from onepool.journeys.executor.apply import save
from onepool.journeys.executor.book import Book
from onepool.journeys.executor.columns import Runs
from onepool.journeys.executor.executor import Executor
from onepool.journeys.executor.ports import (
    CANCELLED,
    EFFECTS,
    OUTCOMES,
    TASKS,
    Inputs,
    Question,
    Step,
)
from onepool.journeys.executor.ports import (
    STEPS as STEP_SCHEMA,
)
from onepool.journeys.model import (
    Send,
)
from onepool.pool import Session
from onepool.reach.lives import Lives
from onepool.reach.policies import load, resolved
from onepool.state.coupons import coupon_codes

MOST: Final = 500_000
"""Timers that one step takes: nobody waits for a lock meanwhile."""

_LOOK_BACK: Final = 40 * DAY
_RUNS: Final = ("run_id", "customer_id", "node", "state", "entered", "ended", "reason", "goal_at", "parent")


def backtest(place: Place, ctx: Context, asked: Asked, progress: Progress | None = None) -> Outcome:
    """What a journey would have done. Raises ConditionError for a definition that can't be parsed, JourneyFault for
    one that can't be evaluated."""
    with place.pool.read() as session, virtual() as connection:
        return _Run(place, replace(ctx, past_tags=True), asked, session, connection).run(progress)


class _Run:
    def __init__(self, place: Place, ctx: Context, asked: Asked, session: Session, connection: Connection) -> None:
        self._place, self._ctx, self._asked = place, ctx, asked
        self._session, self._connection = session, connection
        self._plans, self._standings = plans_of(place, asked)
        self.plan = self._plans[1]
        self._metering: dict[str, str] = {}
        if asked.customers is not None:
            session.relation(SCOPE, pa.table({"customer_id": np.unique(asked.customers)}))
        policy = load(place)
        self._policy = resolved(policy, place.settings.time_zone, from_micros(asked.start).astimezone(UTC).date())
        fates = Fates(asked.assumed)
        self._fates = fates
        self._outbox = Outbox(fates, policy)
        self._ways = ways_of(place.touchpoints().values())
        self._lives = Lives()
        with place.state.read() as real:
            others = really_sent(real, self.plan.journey, asked.start - _LOOK_BACK, asked.end)
        self._ledger = Ledger(others)
        self._coming = Coming(place, session, asked, self._plans, self._standings)
        self._edges: dict[tuple[int, str], int] = {}
        self._steps: list[pa.Table] = []
        self._taken = 0
        self._first = 0

    # ------------------------------------------------------------------------------------------------------- the run

    def run(self, progress: Progress | None) -> Outcome:
        asked = self._asked
        grid = asked.grid or self._coming.grid()
        moments = self._coming.moments(grid)
        before = asked.start - 1
        while (at := self._next(moments, before, grid)) is not None:
            until = min(at, asked.end)
            self._step(before, until)
            if self._taken == 1:
                self._first = len(self._runs_now())
            before = until
            if progress is not None:
                progress(until)
            if until >= asked.end:
                break
        return self._outcome(grid)

    def _next(self, moments: I64, before: int, grid: int) -> int | None:
        """The grid's next instant at which there is something to do."""
        found: list[int] = []
        place = int(np.searchsorted(moments, before, side="right"))
        if place < moments.size:
            found.append(int(moments[place]))
        due = self._connection.execute(text("SELECT min(due) FROM runs WHERE due IS NOT NULL AND state <> 5")).scalar()
        waiting = self._connection.execute(text("SELECT count(*) FROM journey_audiences WHERE done = 0")).scalar()
        found += [one for one in (due, self._outbox.next_due()) if one is not None]
        found += [one.next_at for one in self._standings.values() if one.next_at is not None]
        if waiting or self._taken == 0:
            found.append(before + 1)
        if not found:
            return None
        first = max(min(found), before + 1)
        at = -(-first // grid) * grid
        return at if first <= self._asked.end else None

    def _step(self, before: int, at: int) -> None:
        self._taken += 1
        past = Past(
            self._session, self._ctx, before, at, self._coming.names, scoped=self._asked.customers is not None
        )  # fmt: skip
        gate_world = HistoryGate(
            self._session, self._place.state.read, self._policy, self._ways, self._lives, self._ledger,
            self._fates.counts,
        )  # fmt: skip
        world = _World(
            self._session, self._connection, self._ctx, past, gate_world, at, self._codes, self._asked.customers,
            self._outbox,
        )  # fmt: skip
        inputs = Inputs(
            segments=_between(self._coming.segments, before, at), requests=_between(self._coming.requests, before, at)
        )
        while True:
            book = Book(self._plans, self._standings, frozenset(), self._metering)
            step = Executor(book, world, most=MOST).step(inputs, at)
            self._keep(step)
            told = self._outbox.claim(at, world.regate, self._guards(world))
            done = [told, _done(step.effects, "write"), _done(step.tasks, "task")]
            outcomes = pa.concat_tables([one for one in done if one.num_rows] or [OUTCOMES.empty_table()])
            if not step.more and outcomes.num_rows == 0:
                break
            past.again()
            inputs = Inputs(outcomes=outcomes.combine_chunks())
        if self._taken % 50 == 0:
            self._ledger.forget(at - _LOOK_BACK)

    def _keep(self, step: Step) -> None:
        self._outbox.take(step)
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
            self._steps.append(step.steps)
        # Messages and effects are kept here; the database has runs and audiences.
        kept = replace(
            step, sends=step.sends.slice(0, 0), cancelled=CANCELLED.empty_table(), gone=(), changes=(),
            steps=STEP_SCHEMA.empty_table(), effects=EFFECTS.empty_table(), tasks=TASKS.empty_table(),
            tasks_gone=np.empty(0, np.int64), policies=(),
        )  # fmt: skip
        save(self._connection, kept, step.at)

    def _guards(self, world: _World) -> Guards:
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
                found = world.runs(ids[mine])
                question = Question({"guard": said.guard}, _asked(found))
                held = world.answers(question, min(int(moments[mine].max()), world.at))["guard"]
                holds[mine] = held[np.searchsorted(found.run_id, ids[mine])]
            return holds

        return ask

    def _codes(self, batch: str, keys: I64) -> list[str | None]:
        """Codes that were really given out for these keys; made-up ones for the others."""
        known: dict[int, str] = {}
        with self._place.state.read() as real:
            for start in range(0, keys.size, 500):
                some = coupon_codes.c.key.in_(keys[start : start + 500].tolist())
                query = select(coupon_codes.c.key, coupon_codes.c.code).where(coupon_codes.c.batch == batch, some)
                known |= {int(key): str(code) for key, code in real.execute(query)}
        return [known.get(one, f"TRY{one:X}") for one in keys.tolist()]

    # -------------------------------------------------------------------------------------------------- what came out

    def _runs_now(self) -> list[Any]:
        return list(self._connection.execute(text(f"SELECT {', '.join(_RUNS)} FROM runs ORDER BY run_id")))

    def _outcome(self, grid: int) -> Outcome:
        rows = self._runs_now()
        columns = list(zip(*rows, strict=True)) or [()] * len(_RUNS)
        types = [pa.string() if name == "reason" else pa.int64() for name in _RUNS]
        made = pa.table([pa.array(part, kind) for part, kind in zip(columns, types, strict=True)], names=list(_RUNS))
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
            kept = list(self._connection.execute(text('SELECT run_id, "trigger", vars FROM runs ORDER BY run_id')))
            parts = list(zip(*kept, strict=True)) or [(), (), ()]
            carried = pa.table(
                [pa.array(parts[0], pa.int64()), pa.array(parts[1], pa.string()), pa.array(parts[2], pa.string())],
                names=["run_id", "trigger", "vars"],
            )
        return Outcome(
            self.plan, self._asked.start, self._asked.end, grid, self._taken, made, self._outbox.table(), edges,
            self._first, steps, carried,
        )  # fmt: skip


class _World(HistoryWorld):
    """The world of one step: open messages are in the virtual outbox."""

    def __init__(self, *args: Any) -> None:
        *rest, self._outbox = args
        super().__init__(*rest)

    @property
    def at(self) -> int:
        return self._at

    def open_sends(self, send_ids: I64) -> dict[int, int]:
        found: dict[int, int] = self._outbox.open_sends(send_ids)
        return found


def _asked(found: Runs) -> pa.Table:
    return pa.table(
        {
            "run_id": found.run_id, "customer_id": found.customer_id, "entered": found.entered,
            "trigger": pa.array(found.trigger.tolist(), pa.string()),
            "vars": pa.array(found.vars.tolist(), pa.string()),
        }
    )  # fmt: skip


def _between(table: pa.Table, after: int, until: int) -> pa.Table:
    at = table.column("at").to_numpy()
    return table.filter(pa.array((at > after) & (at <= until)))


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
