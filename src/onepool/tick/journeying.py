"""What the tick does for journeys: steps of the executor behind the pool, each one transaction of the state.

A step happens at an instant of a grid (`journeys.quantum_milliseconds`): it takes what came in up to there and what
is due by then, never what came in later. So the same inputs give the same steps however the log was cut into batches,
and a crash between two steps loses nothing: the next one begins where the last row of `journey_ticks` says.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass, replace

import numpy as np
import structlog
from sqlalchemy import Connection, insert, select

from onepool.audience.conditions.names import Context
from onepool.clock import to_micros
from onepool.journeys.executor.apply import move, save
from onepool.journeys.executor.book import JourneyFault, Shelf
from onepool.journeys.executor.executor import Executor
from onepool.journeys.executor.ports import MOST_DUE
from onepool.journeys.world import belongings, writes
from onepool.journeys.world.ahead import Ahead
from onepool.journeys.world.backlog import Backlog, many
from onepool.journeys.world.events import SEQ_BITS, Happened
from onepool.journeys.world.inputs import (
    MOST_RECORDS,
    Cursors,
    came_in,
    cut,
    earliest,
    first,
    last,
    reach,
    replays,
    tell,
)
from onepool.journeys.world.pool import PoolWorld
from onepool.pool import DuckDBEngine
from onepool.privacy.masking import mask_text
from onepool.reach import arrivals, coupons
from onepool.reach.pressure import Gauge
from onepool.reach.world import Worlds
from onepool.state.journeys import journey_requests, journey_states
from onepool.state.outbox import broadcasts
from onepool.tick.journey_pool import Folding
from onepool.tick.journey_rows import anything, fresh, problem, record
from onepool.tick.recovery import machine_at_fault
from onepool.workspace import Workspace

_logger = structlog.get_logger(__name__)

SECOND = 1_000_000
_BEHIND = 5 * SECOND
"""Further behind than this, steps take more at a time."""

_STEPS = 20
"""In how many steps a journey tick then catches up."""

_STORM = 4 * MOST_DUE
"""With more timers than this it goes to the last instant at once: all that is due is one backlog, which steps take by
stretches of the table."""

_BUDGET = 0.5
"""Seconds after which collection has its turn again."""

_CACHE = "PRAGMA cache_size = -131072"
"""Pages that SQLite keeps while journeys are carried out: 128 MB at most."""

_EXPIRE_EVERY = 3600 * SECOND


@dataclass(frozen=True, slots=True)
class _Plan:
    """The next step: when, and the last log record that belongs to it."""

    at: int
    log_offset: int


class Journeying:
    """Journeys of one worker. Costs nothing as long as no journey was ever published."""

    def __init__(self, workspace: Workspace, pool: DuckDBEngine, context: Callable[[], Context]) -> None:
        self._ws = workspace
        self._pool = pool
        self._context = context
        self._shelf = Shelf(approved=workspace.settings.messages.approval)
        self._worlds = Worlds(workspace)
        self._gauge = Gauge(workspace, self._worlds.policies)
        self._cursors: Cursors | None = None
        self._backlog = Backlog()
        self._more = False
        self._aside: dict[str, int] = {}
        self._ahead = Ahead(workspace.state)
        self._folding = Folding(workspace, pool)
        self._going_on = False
        self._expired = 0
        self._written = 0
        self._seen: dict[str, int] = {}
        self._looked = (0, -1)
        self._quantum = workspace.settings.journeys.quantum_milliseconds * 1000
        self.wanted: int | None = None
        """The first instant for which something waits, as of the last look, microseconds; None: nothing waits."""

    def tick(self, offset: int) -> bool:
        """Steps that are due with the pool complete up to a log offset. Returns whether there were any."""
        now = to_micros(self._ws.clock.now())
        # Nothing was there at the last look, and no further instant of the grid has come since.
        if offset == self._looked[1] and 0 < now - self._looked[0] < self._quantum:
            return False
        if not self._begun(offset):
            return False
        # In the midst of very much the pool gets what was done while more is done.
        with self._folding.beside(self._going_on):
            busy = self._steps(offset)
        with self._ws.state.read() as connection:
            written = writes.waiting(connection)
        if written:
            with self._pool.read() as session:
                busy |= writes.write_out(self._ws.state, self._ws.log, session, self._ws.clock) > 0
        self._going_on = busy and self._more
        if not self._going_on:
            busy |= self._folding.fold(now=not busy)
        self._looked = (0, -1) if busy else (now, offset)
        return busy

    def _steps(self, offset: int) -> bool:
        """As many as there is time for. Returns whether there were any."""
        started, busy = time.monotonic(), False
        while time.monotonic() - started < _BUDGET:
            plan = self._next(offset)
            if plan is None or not self._step(plan):
                break
            busy = True
        return busy

    def _begun(self, offset: int) -> bool:
        """Whether there are journeys; with the first one the cursors are set."""
        if self._cursors is not None:
            return True
        with self._ws.state.read() as connection:
            self._cursors = last(connection)
            if self._cursors is not None:
                return True
            begin = connection.execute(select(journey_states.c.entries_from)).scalars().all()
            # Messages of broadcasts have receipts too.
            begin = [
                *begin,
                *connection.execute(select(broadcasts.c.created).order_by(broadcasts.c.id).limit(1)).scalars(),
            ]
            if not begin:
                return False
            with self._pool.read() as session:
                found = first(connection, session, min(begin))
        self._cursors = replace(found, log_offset=min(found.log_offset, offset))
        return True

    # ---------------------------------------------------------------------------------------------------- when

    def _next(self, offset: int) -> _Plan | None:
        """The next instant at which there is something to do, if it has come."""
        cursors = self._cursors
        assert cursors is not None
        now = to_micros(self._ws.clock.now())
        ahead = self._ws.log.read(offset, 1, 1)
        # What came in at the very instant of the record that is yet to be applied may be behind it.
        watermark = min([now, *(to_micros(record.received_at) - 1 for record in ahead)])
        records, came = np.empty(0, np.int64), np.empty(0, np.int64)
        if offset > cursors.log_offset:
            with self._pool.read() as session:
                records, came = came_in(session, cursors.log_offset, offset, cursors.at)
        with self._ws.state.read() as connection:
            self._release(connection)
            wanted = earliest(connection, cursors, offset, self._seen)
            begin = cursors.at if wanted is None else max(wanted, cursors.at)
            behind = watermark - begin > _BEHIND
            storm = not self._more and behind and many(connection, watermark, _STORM)
            reached = reach(connection, cursors) if behind else None
        # Conditions see what was before the instant at which they are asked: events come in before a step, never at it.
        moments = [one for one in (wanted, int(came[0]) + 1 if came.size else None) if one is not None]
        self.wanted = min(moments, default=None)
        if not moments and not self._more:
            return None
        # Beyond the last input that one step can take there may be more: what is due after it has to wait for them.
        known = watermark if reached is None else min(watermark, reached)
        known = known if records.size < MOST_RECORDS else min(known, int(came[-1]))
        at = cursors.at if self._more else self._instant(max(min(moments), cursors.at), known, watermark, storm=storm)
        if at is None:
            return None
        # What has no events (profiles, links) belongs to the records before it.
        inside = int(np.searchsorted(came, at))
        whole = inside == records.size and records.size < MOST_RECORDS
        until = offset if whole else int(records[inside] - 1 if inside < records.size else records[-1])
        return _Plan(at, max(until, cursors.log_offset))

    def _instant(self, begin: int, known: int, watermark: int, *, storm: bool = False) -> int | None:
        """The grid's first instant at or after `begin`, coarser where much is waiting; None before it has come.

        `known`: up to when all that came in is looked at; beyond it only the next instant of the grid is taken.
        """
        grid = self._quantum
        if storm and known - known % grid >= begin:
            return known - known % grid
        while known - begin > _BEHIND and (known - begin) // grid > _STEPS:
            grid *= 2
        at = -(-begin // grid) * grid
        while at > known and grid > self._quantum:
            grid //= 2
            at = -(-begin // grid) * grid
        return at if at <= watermark else None

    # ---------------------------------------------------------------------------------------------------- one step

    def _step(self, plan: _Plan) -> bool:
        """Take a step. Returns whether anything came of it or the cursors moved on."""
        while True:
            try:
                return self._try(plan)
            except JourneyFault as fault:
                self._set_aside(fault.journey, fault.reason)
            except Exception as error:
                if machine_at_fault(error):
                    raise
                culprit = self._culprit(plan)
                if culprit is None:
                    raise
                self._set_aside(culprit, repr(error))

    def _try(self, plan: _Plan, aside: frozenset[str] | None = None) -> bool:
        """Decide and write a step. `aside`: only try, with these journeys left out, and write nothing."""
        cursors = self._cursors
        assert cursors is not None
        started = time.perf_counter()
        now = to_micros(self._ws.clock.now())
        left_out = self._aside if aside is None else aside
        self._look(plan, left_out)
        backlog = self._backlog.copy()
        with self._pool.read() as session, self._ws.state.write(much=True) as connection:
            if connection.dialect.name == "sqlite":
                # A step touches pages all over large tables; the usual two megabytes would be written and read in turn.
                connection.exec_driver_sql(_CACHE)
            book = self._shelf.load(connection, left_out)
            span = (cursors.log_offset + 1) << SEQ_BITS, (plan.log_offset + 1) << SEQ_BITS
            if plan.log_offset > cursors.log_offset:
                arrivals.fold(session, connection, span[0] - 1, span[1] - 1, plan.at)
            done = cut(connection, cursors, plan.at, plan.log_offset)
            move(connection, done.inputs.merges, now)
            belongings.coupons_follow(session, connection, done)
            happened = Happened(
                session, self._context(), cursors.log_offset + 1, plan.log_offset, self._again(cursors, plan), plan.at
            )
            world = PoolWorld(
                session, connection, self._context(), happened, self._worlds.over(session, connection),
                lambda: fresh(self._ws, connection, plan.at), gauge=self._gauge,
                backlog=backlog, ahead=self._ahead,
            )  # fmt: skip
            step = Executor(book, world).step(done.inputs, plan.at)
            with self._ahead.beside(backlog, step, MOST_DUE) if aside is None else nullcontext():
                save(connection, step, now)
            self._coupons(connection, happened, plan.at)
            tell(connection, done, now)
            if aside is not None:
                raise _Tried
            for journey, reason in self._shelf.broken.items():
                problem(connection, journey, reason[:1000], now)
            told = anything(done, step)
            # Steps in which nothing happened are not worth a row; going back over them costs little.
            moved = plan.log_offset - self._written > MOST_RECORDS // 2
            number = cursors.id
            if told or moved:
                number = record(connection, done, step, int((time.perf_counter() - started) * SECOND))
                self._written = plan.log_offset
        self._cursors = replace(done.after, id=number)
        self._more = step.more
        # Arrays of millions are not kept for nothing.
        self._backlog = backlog if step.more else Backlog()
        known, self._seen = self._seen, {one.journey: one.changed_at for one in book.standings.values()}
        told |= known != self._seen
        return told or plan.at > cursors.at or plan.log_offset > cursors.log_offset

    def _look(self, plan: _Plan, aside: Iterable[str]) -> None:
        """Where more is due than one step takes it is looked at before the step, so that nobody has to wait for it who
        wants to write meanwhile: the step reads anew what it takes of it."""
        if not self._backlog.lacks(plan.at, MOST_DUE):
            return
        with self._ws.state.read() as connection:
            if many(connection, plan.at, MOST_DUE):
                book = self._shelf.load(connection, aside)
                self._backlog.look(connection, plan.at, MOST_DUE, book.priorities, book.scarce)

    def _again(self, cursors: Cursors, plan: _Plan) -> list[int]:
        """Seqs that records of the step ask to be tried again: those records have no events of their own."""
        if plan.log_offset <= cursors.log_offset:
            return []
        with self._pool.read() as session:
            found = session.query(
                f"SELECT DISTINCT seq >> {SEQ_BITS} AS o FROM events WHERE seq >= $low AND seq < $high",
                {"low": (cursors.log_offset + 1) << SEQ_BITS, "high": (plan.log_offset + 1) << SEQ_BITS},
            )
        known = set(found.column("o").to_pylist())
        empty = [one for one in range(cursors.log_offset + 1, plan.log_offset + 1) if one not in known]
        bodies = [record.body for record in self._ws.log.get(empty) if record.protocol == "replay"] if empty else []
        return replays(bodies)

    def _coupons(self, connection: Connection, happened: Happened, at: int) -> None:
        if coupons.EVENT in happened.names():
            events = happened.rows(coupons.EVENT, ("time", "touchpoint", "coupon_code", "customer_id", "order_id"))
            coupons.fold(connection, events)
        if at - self._expired >= _EXPIRE_EVERY:
            coupons.expire(connection, at)
            self._expired = at

    # ---------------------------------------------------------------------------------------------------- faults

    def _set_aside(self, journey: str, reason: str) -> None:
        said = mask_text(reason)[:1000]
        _logger.error("a journey can't be evaluated and is set aside", journey=journey, error=said)
        self._aside[journey] = self._ws.definitions.revision()
        with self._ws.state.write() as connection:
            problem(connection, journey, said, to_micros(self._ws.clock.now()))

    def _release(self, connection: Connection) -> None:
        """Try journeys again that were set aside before definitions changed, or before this process began."""
        table = journey_states
        told = connection.execute(select(table.c.journey).where(table.c.problem != "")).scalars().all()
        if not told:
            return
        revision = self._ws.definitions.revision()
        again = [one for one in told if self._aside.get(one) != revision and one not in self._shelf.broken]
        if not again:
            return
        now = to_micros(self._ws.clock.now())
        with self._ws.state.write() as writing:
            for one in again:
                self._aside.pop(one, None)
                problem(writing, one, "", None)
                writing.execute(
                    insert(journey_requests).values(
                        at=now, journey=one, kind="resume", key="", fields="{}", author="onepool"
                    )
                )

    def _culprit(self, plan: _Plan) -> str | None:
        """The one journey without which the step goes through."""
        with self._ws.state.read() as connection:
            names = connection.execute(select(journey_states.c.journey)).scalars().all()
        for name in names:
            if name in self._aside:
                continue
            try:
                self._try(plan, frozenset({*self._aside, name}))
            except _Tried:
                return str(name)
            # Whatever else is wrong, this one is not it alone.
            except Exception as error:
                if machine_at_fault(error):
                    raise
        return None

    def level(self) -> None:
        """Give the pool all of the ticks and messages that the state has now; what is written meanwhile comes later."""
        self._folding.level()


class _Tried(Exception):
    """A step that was only tried went through."""
