"""The back-test: steps of the executor over the past, from one moment at which something happens to the next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC
from typing import Any, Final, Protocol

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection, and_, create_engine, select, text
from sqlalchemy.engine import Engine
from sqlalchemy.pool import StaticPool

from onepool.audience.conditions.names import Context
from onepool.audience.conditions.standing.ways import ways_of
from onepool.clock import Clock, from_micros
from onepool.collect.touchpoint import Touchpoint
from onepool.definitions import Definitions
from onepool.journeys import store
from onepool.journeys.backtest.gating import HistoryGate, Ledger, really_sent
from onepool.journeys.backtest.history import SCOPE, HistoryWorld, Past
from onepool.journeys.backtest.outbox import Bools, Fates, Guards, Outbox
from onepool.journeys.backtest.types import DAY, GRIDS, I64, STEPS, Asked, Outcome, Progress
from onepool.journeys.executor.apply import save
from onepool.journeys.executor.book import Book
from onepool.journeys.executor.columns import Runs
from onepool.journeys.executor.executor import Executor
from onepool.journeys.executor.plan import Message, Plan
from onepool.journeys.executor.ports import (
    CANCELLED,
    EFFECTS,
    OUTCOMES,
    REQUESTS,
    SEGMENTS,
    TASKS,
    Inputs,
    Question,
    Step,
)
from onepool.journeys.executor.ports import (
    STEPS as STEP_SCHEMA,
)
from onepool.journeys.model import (
    ApiEntry,
    CallJourney,
    EventEntry,
    Journey,
    SegmentEntry,
    SegmentExit,
    SegmentLeaveEntry,
    Send,
)
from onepool.journeys.parse import parse_journey
from onepool.journeys.starts import next_start
from onepool.journeys.store import Standing
from onepool.pool import Session
from onepool.pool.engine import Engine as Pool
from onepool.reach.lives import Lives
from onepool.reach.policies import load, resolved
from onepool.settings import Settings
from onepool.state import State
from onepool.state.coupons import coupon_codes
from onepool.state.journeys import (
    journey_audiences,
    journey_edges,
    journey_effects,
    journey_requests,
    journey_states,
    runs,
    tasks,
)
from onepool.state.outbox import send_policies, sends
from onepool.state.tables import metadata

MOST: Final = 500_000
"""Timers that one step takes: nobody waits for a lock meanwhile."""

_LOOK_BACK: Final = 40 * DAY
_TABLES = (
    runs, journey_states, journey_audiences, journey_edges, journey_effects, tasks, sends, send_policies,
)  # fmt: skip
_RUNS: Final = ("run_id", "customer_id", "node", "state", "entered", "ended", "reason", "goal_at", "parent")


class Place(Protocol):
    """What of a workspace is needed here; nothing of it is written."""

    @property
    def state(self) -> State: ...
    @property
    def pool(self) -> Pool: ...
    @property
    def definitions(self) -> Definitions: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def clock(self) -> Clock: ...
    def touchpoints(self) -> dict[str, Touchpoint]: ...


def backtest(place: Place, ctx: Context, asked: Asked, progress: Progress | None = None) -> Outcome:
    """What a journey would have done. Raises ConditionError for a definition that can't be parsed, JourneyFault for
    one that can't be evaluated."""
    with place.pool.read() as session, _virtual() as connection:
        return _Run(place, replace(ctx, past_tags=True), asked, session, connection).run(progress)


class _Run:
    def __init__(self, place: Place, ctx: Context, asked: Asked, session: Session, connection: Connection) -> None:
        self._place, self._ctx, self._asked = place, ctx, asked
        self._session, self._connection = session, connection
        self._plans, self._standings = _plans(place, asked)
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
        self._names = self._wanted()
        self._segments = self._segment_changes()
        self._requests = self._real_requests()
        self._edges: dict[tuple[int, str], int] = {}
        self._steps: list[pa.Table] = []
        self._waits = any(plan.date_nodes for plan in self._plans.values())
        self._taken = 0
        self._first = 0

    # ------------------------------------------------------------------------------------------------------- the run

    def run(self, progress: Progress | None) -> Outcome:
        asked = self._asked
        grid = asked.grid or self._grid()
        moments = self._moments(grid)
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
            self._session, self._ctx, before, at, self._names, scoped=self._asked.customers is not None
        )  # fmt: skip
        gate_world = HistoryGate(
            self._session, self._place.state.read, self._policy, self._ways, self._lives, self._ledger,
            self._fates.counts,
        )  # fmt: skip
        world = _World(
            self._session, self._connection, self._ctx, past, gate_world, at, self._codes, self._asked.customers,
            self._outbox,
        )  # fmt: skip
        inputs = Inputs(segments=_between(self._segments, before, at), requests=_between(self._requests, before, at))
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

    # ------------------------------------------------------------------------------------------------- what comes in

    def _wanted(self) -> list[str]:
        """Names of the events that mean anything to the journey."""
        book = Book(self._plans, self._standings)
        names = set(book.awaited())
        entry = self.plan.definition.entry
        if isinstance(entry, EventEntry):
            names.add(entry.did)
        return sorted(names)

    def _grid(self) -> int:
        """The shortest step with which about STEPS of them are enough."""
        found = self._session.query(
            f"SELECT {', '.join(f'count(DISTINCT epoch_us(e.time) // {one}) AS g{one}' for one in GRIDS)} "
            f"FROM events e {self._scoped()} WHERE {self._in_span()}",
            self._params(),
        ).to_pylist()[0]
        span = self._asked.end - self._asked.start
        for one in GRIDS:
            if min(span // one, 3 * found[f"g{one}"] + 20 + self._population()) <= STEPS:
                return one
        return GRIDS[-1]

    def _population(self) -> int:
        """Of journeys that take in audiences: how many have clocks of their own."""
        if isinstance(self.plan.definition.entry, EventEntry | ApiEntry):
            return 0
        customers = self._asked.customers
        return STEPS if customers is None else int(customers.size)

    def _moments(self, grid: int) -> I64:
        """Instants at which something came in, each rounded up to the grid."""
        found = self._session.query(
            f'SELECT DISTINCT (epoch_us(e.time) + {grid - 1}) // {grid} * {grid} AS "at" FROM events e '
            f"{self._scoped()} WHERE {self._in_span()}",
            self._params(),
        )
        parts = [found.column("at").to_numpy().astype(np.int64)]
        for table in (self._segments, self._requests):
            at = table.column("at").to_numpy().astype(np.int64)
            parts.append(-(-at // grid) * grid)
        if self._waits:
            told = self._session.query(
                f"SELECT DISTINCT (epoch_us(time) + {grid - 1}) // {grid} * {grid} AS \"at\" FROM attribute_facts "
                "WHERE attribute IN (SELECT unnest($names::VARCHAR[])) AND epoch_us(time) > $low "
                "AND epoch_us(time) <= $high",
                {
                    "low": self._asked.start - 1, "high": self._asked.end,
                    "names": sorted({one for plan in self._plans.values() for one in plan.date_nodes.values()}),
                },
            )  # fmt: skip
            parts.append(told.column("at").to_numpy().astype(np.int64))
        return np.unique(np.concatenate(parts))

    def _scoped(self) -> str:
        if self._asked.customers is None:
            return ""
        return f"JOIN customer_of c USING (identifier_id) SEMI JOIN {SCOPE} s USING (customer_id)"

    @staticmethod
    def _in_span() -> str:
        return (
            "e.event IN (SELECT unnest($names::VARCHAR[])) AND e.time > make_timestamptz($low) "
            "AND e.time <= make_timestamptz($high)"
        )

    def _params(self) -> dict[str, object]:
        return {"names": self._names, "low": self._asked.start - 1, "high": self._asked.end}

    def _segment_changes(self) -> pa.Table:
        """SEGMENTS in the span, of the segments that the journey names."""
        said = self.plan.definition
        named = {one.segment_leave for one in said.exit if isinstance(one, SegmentExit)}
        if isinstance(said.entry, SegmentEntry):
            named.add(said.entry.segment_enter)
        if isinstance(said.entry, SegmentLeaveEntry):
            named.add(said.entry.segment_leave)
        if not named:
            return SEGMENTS.empty_table()
        semi = "" if self._asked.customers is None else f"SEMI JOIN {SCOPE} s USING (customer_id)"
        found = self._session.query(
            f"""SELECT customer_id, segment, change = 'enter' AS entered, epoch_us("at") AS "at"
            FROM segment_changes {semi} WHERE segment IN (SELECT unnest($names::VARCHAR[]))
                AND "at" >= make_timestamptz($low) AND "at" <= make_timestamptz($high) ORDER BY change_id""",
            {"names": sorted(named), "low": self._asked.start, "high": self._asked.end},
        )
        return found.select(SEGMENTS.names).cast(SEGMENTS)

    def _real_requests(self) -> pa.Table:
        """REQUESTS to enter that were made in the span."""
        if not isinstance(self.plan.definition.entry, ApiEntry):
            return REQUESTS.empty_table()
        t = journey_requests.c
        mine = and_(
            t.journey == self.plan.journey, t.kind == "enter", t.at >= self._asked.start, t.at <= self._asked.end
        )
        with self._place.state.read() as real:
            rows = real.execute(select(journey_requests).where(mine).order_by(t.id)).all()
        scope = None if self._asked.customers is None else set(self._asked.customers.tolist())
        found = [
            {name: getattr(row, name) for name in REQUESTS.names}
            for row in rows
            if scope is None or row.customer_id in scope
        ]
        return pa.Table.from_pylist(found, schema=REQUESTS) if found else REQUESTS.empty_table()

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


def _plans(place: Place, asked: Asked) -> tuple[dict[int, Plan], dict[str, Standing]]:
    """The journey as version 1, and the published versions of those that it calls, which take no entries here."""
    definition = parse_journey(asked.body)
    messages = messages_of(place)
    plans = {1: Plan(1, definition, asked.body, messages)}
    first = next_start(definition, asked.start - 1)
    standings = {definition.journey: _standing(definition.journey, 1, asked.start, first)}
    with place.state.read() as connection:
        known = store.states(connection)
        wanted = _called(definition)
        while wanted:
            name = wanted.pop()
            if name in standings or name not in known or known[name].status != "live":
                continue
            other = store.published(connection, known[name].version_id)
            number = len(plans) + 1
            plans[number] = Plan(number, other.definition, other.body, messages)
            standings[name] = _standing(name, number, asked.end + 10_000 * DAY, None)
            wanted += _called(other.definition)
    return plans, standings


def _standing(name: str, version_id: int, since: int, first: int | None) -> Standing:
    return Standing(name, "live", version_id, since, since, "backtest", first, "", None)


def _called(definition: Journey) -> list[str]:
    return [node.journey for node in definition.nodes.values() if isinstance(node, CallJourney)]


def messages_of(place: Place) -> Mapping[str, Message]:
    """The current version of every message."""
    return {one.name: Message(one.version, one.body) for one in place.definitions.current("message")}


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


@contextmanager
def _virtual() -> Iterator[Connection]:
    """A database in memory with the tables that a step writes; gone when it is left."""
    engine: Engine = create_engine("sqlite://", poolclass=StaticPool, hide_parameters=True)
    try:
        with engine.connect() as connection:
            metadata.create_all(connection, tables=list(_TABLES))
            yield connection
    finally:
        engine.dispose()


__all__ = ["Place", "backtest", "messages_of"]
