"""The worker: holds the pool, takes what the log has, and keeps tags and segments true."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

import pyarrow as pa
import structlog

from onepool.audience.lists import log as list_log
from onepool.audience.live import Live
from onepool.audience.outcomes import Outcome, OutcomeLog
from onepool.audience.tags import inputs
from onepool.clock import to_micros
from onepool.collect.log import Record
from onepool.identity import Resolved, Resolver, decisions
from onepool.layout import install
from onepool.pool import DuckDBEngine, Session
from onepool.privacy.consents import ledger
from onepool.privacy.masking import mask_text
from onepool.stages import Stages
from onepool.standards import Standard, StandardError, load_standard
from onepool.state.store import set_meta
from onepool.tick import allowances, behaviour, consenting, listing, marks, matching, order_upgrade, tagging
from onepool.tick.ahead import Ahead
from onepool.tick.duplicates import Duplicates
from onepool.tick.evaluating import evaluated, leaving_out, when_idle
from onepool.tick.ingest import SEQ_BITS, Ingest, Prepared, refused
from onepool.tick.joining import Joining
from onepool.tick.journeying import Journeying
from onepool.tick.recovery import (
    OUTCOME,
    EvaluationFailed,
    identities_differ,
    level_identities,
    level_outcomes,
    machine_at_fault,
    oldest,
    save_conclusions,
)
from onepool.tick.rules import RulesInForce
from onepool.tick.running import WorkerBusy, run_until, take_lock
from onepool.tick.telling import Publish, tell
from onepool.workspace import Workspace, touchpoint_of

_logger = structlog.get_logger(__name__)

_CONTROL = ("standard", "replay")
_NO_RULES = '{"settings":{},"standard":[],"touchpoints":{}}'


class Worker:
    """One per workspace. `step` is one tick; `run` goes on until told to stop."""

    def __init__(
        self,
        workspace: Workspace,
        publish: Publish | None = None,
        *,
        live: bool = True,
        until: int | None = None,
        lock: Path | None = None,
    ) -> None:
        """`live=False`, `until`, `lock` are for making a pool again: no evaluation, up to an offset, beside others."""
        self._ws = workspace
        self._publish = publish
        self._evaluate = live
        self._until = until
        self._lock = Worker.lock(workspace, lock)
        # Held while what is in memory changes; others take it to look.
        self.mutex = threading.RLock()
        self.problem: str | None = None
        # Whether what is in memory may be ahead of the stores.
        self._stale = False
        self._inputs = 0
        self._listed = 0
        self._ahead: Ahead | None = None
        self.stages = Stages(workspace.data if live and until is None else None)
        try:
            if until is None:
                # The settings file may have been edited since.
                workspace.log_rules()
            workspace.forget_remote_pool()
            pool = workspace.pool
            if not isinstance(pool, DuckDBEngine):
                raise WorkerBusy("another process holds the pool", where=str(workspace.root))
            self._pool = pool
            self.index = behaviour.open_index(workspace, pool) if until is None else None
            workspace.behaviour = self.index
            self._open()
        except BaseException:
            self._lock.release()
            raise

    lock = staticmethod(take_lock)
    """Take the right to be the worker of a workspace. Raises WorkerBusy."""

    def _open(self) -> None:
        """Read from the stores what the worker keeps in memory."""
        self._stale = True
        self._end_ahead()
        workspace = self._ws
        with self._pool.write() as session:
            marks.make(session)
            rules = marks.get(session, "rules") or _NO_RULES
            standard = self._install(session, rules)
            order_upgrade.upgrade(session)
            self.offset = int(marks.get(session, "log_offset") or 0)
            duplicates = Duplicates(session, oldest(workspace, self.offset), workspace.settings.dedupe_days)
        touchpoints = {name: touchpoint_of(name, body) for name, body in json.loads(rules)["touchpoints"].items()}
        self._rules = RulesInForce(workspace, standard, touchpoints)
        self._resolver = Resolver(workspace.state, self._rules.registry())
        self._ingest = Ingest(
            self._resolver, duplicates, standard, workspace.settings_of(json.loads(rules)["settings"]), touchpoints
        )
        self._ahead = self._ingest.ahead
        self._outcomes = OutcomeLog(workspace.state)
        self._live = Live(workspace, self.index)
        self._journeys = Journeying(workspace, self._pool, lambda: self._live.catalog.context)
        self._joining = Joining(workspace, self._pool, self._rules, self._resolver, self._settle)
        # After a crash between the two commits of a tick, the state is ahead: redo for the pool up to `_behind`.
        self._behind = workspace.decided()
        if self._until is None:
            save_conclusions(workspace, self._resolver, self._behind)
        if self._behind > self.offset or identities_differ(workspace, self._pool):
            level_identities(workspace, self._pool, self._resolver, self._ingest, self._live)
        if self._behind == self.offset:
            self._level()
        if self.index is not None:
            with self._pool.write() as session:
                self.index.attach(session)
        self._stale = False

    def _level(self) -> None:
        """Give the pool what people and jobs decided of tags, and outcomes, that the state has and the pool has not."""
        level_outcomes(self._pool, self._outcomes)
        self._inputs = inputs.latest(self._ws.state)
        self._listed = list_log.latest(self._ws.state)
        listing.level(self._pool, self._ws.state, self._live, self._ws.clock.now())
        tagging.level(self._pool, self._ws.state, self._live, self._ws.clock.now())
        self._journeys.level()

    @property
    def pool(self) -> DuckDBEngine:
        """The pool that this worker writes."""
        return self._pool

    @property
    def ingest(self) -> Ingest:
        """How batches are written."""
        return self._ingest

    @property
    def rules(self) -> RulesInForce:
        """The rules of identity in force."""
        return self._rules

    @property
    def resolver(self) -> Resolver:
        """Identity as the worker holds it."""
        return self._resolver

    def step(self) -> bool:
        """One tick. Returns whether there was anything to do."""
        with self.mutex:
            if self._stale:
                self._open()
            try:
                return self._step()
            except BaseException:
                self._stale = True
                raise
            finally:
                self.stages.keep()

    def drain(self) -> None:
        """Ticks until the log is applied and nothing is due."""
        while self.step():
            pass

    def run(self, stop: threading.Event) -> None:
        """Ticks until `stop` is set. A failing tick is logged, shown as `problem`, and tried again."""
        with behaviour.building(self.index, self._ws.data):
            run_until(stop, self, self._ws, lambda: self.offset, lambda: self._journeys.wanted)

    def close(self) -> None:
        """Let others work in this workspace."""
        self._end_ahead()
        self._ws.behaviour = None
        self._lock.release()

    def _end_ahead(self) -> None:
        """Forget what was begun under rules or numbers that may not be those any more."""
        if self._ahead is not None:
            self._ahead.close()
            self._ahead = None

    def _step(self) -> bool:
        if self._until is None and self._behind <= self.offset and self._rule():
            return True
        batch = self._ingest.ahead.records
        if not batch:
            records = self._read(self.offset)
            if records and records[0].protocol in _CONTROL:
                self._control(records[0])
                return True
            batch = _before_control(records)
        if not batch:
            return self._evaluate and (self._idle() or self._joining.newcomers() or self._advance())
        self._take(batch, batch[-1].offset, ahead=True)
        if self._evaluate and self.offset >= self._behind:
            self._advance()
        return True

    def _read(self, offset: int) -> list[Record]:
        """What the log has next."""
        limits = self._ws.settings.tick
        records = self._ws.log.read(offset, limits.max_requests, limits.max_bytes)
        last = self._until if self._until is not None else records[-1].offset if records else 0
        if self._behind > offset:
            last = min(last, self._behind)
        return [record for record in records if record.offset <= last]

    def _look_ahead(self, records: Sequence[Record], offset: int) -> None:
        """Begin with what comes after these records where more is waiting than one tick takes."""
        if not self._full(records):
            return
        following = self._read(offset)
        batch = _before_control(following)
        # A short one would be a turn of its own, though more may have come in until it is taken.
        if self._full(batch) or len(batch) < len(following):
            self._ingest.ahead.begin(batch)

    def _full(self, records: Sequence[Record]) -> bool:
        limits = self._ws.settings.tick
        return len(records) >= limits.max_requests or 2 * sum(len(one.body) for one in records) > limits.max_bytes

    def _advance(self) -> bool:
        with self.stages.of("journeys"):
            return self._journeys.tick(self.offset)

    def _rule(self) -> bool:
        """Take up changed rules of identity, and decisions made since. Returns whether there were any."""
        wanted = self._rules.registry()
        if wanted != self._resolver.registry:
            self._settle(self._resolver.set_rules(wanted))
            return True
        if decisions.latest(self._ws.state) > self._resolver.decided:
            self._settle(self._resolver.decide(decisions.every(self._ws.state)))
            return True
        if inputs.latest(self._ws.state) > self._inputs or list_log.latest(self._ws.state) > self._listed:
            self._level()
            return True
        return False

    def _settle(self, resolved: Resolved) -> None:
        """Write what a change of rules or a decision meant."""
        now = self._ws.clock.now()
        with self._pool.write() as session:
            self._ingest.apply_identity(session, resolved)
            behaviour.note(self.index, session, self._resolver, resolved, None)
            # Evaluated with the next tick: what can't be evaluated must not hold up who is who.
            self._live.postpone(session, resolved.customers, now)
            epoch = str(int(self._ws.state.meta(marks.EPOCH) or 0) + 1)
            self._commit(session, resolved, self.offset, None, epoch)
        self._tell(None)

    def take_matches(self, found: matching.Found, model: int) -> int:
        """Take in what a run over all customers found. Returns how many pairs are joined."""
        with self.mutex:
            return self._joining.take(found, model)

    def take_run(self, ran: tagging.Ran) -> None:
        """Take in what a job computed of a tag."""
        with self.mutex:
            if self._stale:
                self._open()
            try:
                now = self._ws.clock.now()
                with self._pool.write() as session:
                    outcome = tagging.take(session, self._ws.state, self._live, self._outcomes, ran, now, self.offset)
            except BaseException:
                self._stale = True
                raise
        self._tell(outcome)

    def _control(self, record: Record) -> None:
        if record.protocol == "standard":
            rules = record.body.decode()
            try:
                load_standard(json.loads(rules)["standard"])
            except StandardError as error:
                # Saving refuses such rules; should some be in the log all the same, the ones before stay in force.
                _logger.error(
                    "rules in the log are not usable and are passed over", error=str(error), offset=record.offset
                )
                with self._pool.write() as session:
                    self._commit(session, None, record.offset, None)
                self.offset = record.offset
                return
            with self._pool.write() as session:
                self._install(session, rules)
                marks.put(session, "rules", rules)
                self._commit(session, None, record.offset, None)
            # Identifiers may have other strengths now, touchpoints other channels: read everything again.
            self._open()
            return
        wanted = json.loads(record.body)
        records = self._ws.log.get(sorted({offset for offset, _ in wanted}))
        records = [self._ingest.as_of_now(one) for one in records]
        self._take(records, record.offset, frozenset((offset << SEQ_BITS) | item for offset, item in wanted))

    def _take(
        self, records: Sequence[Record], offset: int, only: frozenset[int] | None = None, *, ahead: bool = False
    ) -> None:
        """Move records through; `offset` is where the log is complete after that. `ahead`: begin with what follows.

        Input that nobody foresaw must not stop the rest: records that can't be moved through are halved until the one
        at fault stands alone, and that one waits in quarantine. What needs more memory than there is is halved too.
        """
        try:
            self._move(records, offset, only, ahead=ahead)
        # Whatever it was, it must not stop the others.
        except Exception as error:
            crowded = isinstance(error, MemoryError) and only is None and len(records) > 1
            if machine_at_fault(error) and not crowded:
                raise
            _logger.error("a batch failed", error=mask_text(repr(error)), records=len(records), offset=offset)
            self._open()
            half = len(records) // 2
            if half and only is None:
                self._take(records[:half], records[half - 1].offset)
                self._take(records[half:], offset)
            else:
                self._refuse(records if only is None else [], offset, error)

    def _move(self, records: Sequence[Record], offset: int, only: frozenset[int] | None, *, ahead: bool) -> None:
        self._ingest.matching = self._evaluate and self._joining.model() is not None
        with self._pool.read() as session, self.stages.of("prepare"):
            prepared = self._ingest.prepare(session, records, only)
        if ahead:
            self._look_ahead(records, offset)
        try:
            outcome = self._write(prepared, offset, live=self._evaluate and offset > self._behind)
        except EvaluationFailed:
            # A definition that can't be evaluated must not hold up collection, nor the other definitions.
            now = self._ws.clock.now()
            outcome = leaving_out(
                self._live, self._pool, prepared.touched, now, lambda live: self._write(prepared, offset, live=live)
            )
        self._ingest.committed(prepared)
        self._tell(outcome)
        if offset == self._behind:
            self._level()

    def _refuse(self, records: Sequence[Record], offset: int, error: Exception) -> None:
        """Put whole records into quarantine, since what is in them can't be moved through."""
        with self._pool.write() as session:
            if records:
                session.append("quarantine", refused(records, error, self._ingest.standard.version))
            self._commit(session, None, offset, None)
        self.offset = offset
        if offset == self._behind:
            self._level()

    def _write(self, prepared: Prepared, offset: int, *, live: bool) -> Outcome | None:
        with self._pool.write() as session:
            with self.stages.of("append"):
                self._ingest.append(session, prepared, redo=offset <= self._behind)
                behaviour.note(self.index, session, self._resolver, prepared.resolved, prepared)
            outcome = None
            if live:
                with self.stages.of("evaluate"):
                    outcome = evaluated(self._live, session, prepared.touched, self._ws.clock.now())
            else:
                self._live.postpone(session, prepared.touched, self._ws.clock.now())
            resolved, said = None, None
            if offset > self._behind:
                resolved = prepared.resolved
                granted = allowances.deeds(prepared.batch, self._resolver, self._ingest.touchpoints)
                said = granted, consenting.said(prepared.batch, resolved.bearer, self._resolver.graph.customer)
            self._commit(session, resolved, offset, outcome, said=said)
        self.offset = offset
        return outcome

    def _commit(
        self,
        session: Session,
        resolved: Resolved | None,
        offset: int,
        outcome: Outcome | None,
        epoch: str | None = None,
        said: tuple[pa.Table, consenting.Said] | None = None,
    ) -> None:
        """Decisions first (state), then what follows from them (pool): a crash between is made good on opening."""
        with self.stages.of("decide"), self._ws.state.write() as connection:
            now = to_micros(self._ws.clock.now())
            if resolved is not None:
                self._resolver.save(connection, resolved, now, offset)
            if said is not None:
                allowances.fold(connection, said[0])
                consenting.fold(connection, said[1], now)
            if resolved is not None:
                ledger.retime(connection, resolved.retimed)
            if offset > self._behind:
                set_meta(connection, "log_offset", str(offset))
            if epoch is not None:
                set_meta(connection, marks.EPOCH, epoch)
            if outcome is not None and not outcome.empty:
                change = self._outcomes.save(connection, outcome, offset)
                self._outcomes.record(session, change, outcome)
                marks.put(session, OUTCOME, str(change))
        if epoch is not None:
            marks.put(session, marks.EPOCH, epoch)
        _set_log_offset(session, offset)

    def _idle(self) -> bool:
        """Nothing came in: see to what time alone changes."""

        def keep(session: Session, outcome: Outcome) -> None:
            self._commit(session, None, self.offset, outcome)

        outcome = when_idle(self._live, self._pool, self._ws.clock.now(), keep)
        if outcome is None:
            return False
        self._tell(outcome)
        return True

    def _install(self, session: Session, rules: str) -> Standard:
        standard = load_standard(json.loads(rules)["standard"])
        install(session, standard)
        return standard

    def _tell(self, outcome: Outcome | None) -> None:
        tell(self._publish, self._ws.clock.now(), self.offset, outcome)


def _before_control(records: Sequence[Record]) -> list[Record]:
    return list(takewhile(lambda record: record.protocol not in _CONTROL, records))


def _set_log_offset(session: Session, offset: int) -> None:
    """The last statement of a transaction: from here on the pool is complete up to the offset."""
    marks.put(session, "log_offset", str(offset))
