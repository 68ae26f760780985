"""The behaviour index of a pool: kept exact with every commit, built anew in the background."""

from __future__ import annotations

import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

import numpy as np
import pyarrow as pa
import structlog

from onepool.clock import Clock, from_micros, to_micros
from onepool.pool.behaviour import marks, reading
from onepool.pool.behaviour.build import BUDGET, BuildStopped, build
from onepool.pool.behaviour.files import FORMAT, Base, Folder, Manifest
from onepool.pool.behaviour.kinds import CORE, I64
from onepool.pool.behaviour.newest import Newest, newest, rows
from onepool.pool.behaviour.state import Delta, State
from onepool.pool.behaviour.status import Status
from onepool.pool.behaviour.view import View, arrayed, view
from onepool.pool.behaviour.whole import LEAST, MOST, Kept, shown
from onepool.pool.engine import Engine, Session

_logger = structlog.get_logger(__name__)

TAIL_SHARE: Final = 0.04
TAIL_LEAST: Final = 100_000
_VERSIONS: Final = 16


@dataclass(frozen=True)
class _Commit:
    parent: str | None
    version: str
    delta: Delta


class BehaviourIndex:
    """Events in customer order, exact at every version of the pool.

    The process that writes the pool holds it: it calls `attach` after opening the pool, `note` in every transaction
    that changes events or whose they are, and `build` in a thread when `due`. Readers of the same process ask `state`
    with their session; None means: read the table. `least`: pools of fewer events are not worth an index. `whole`: of
    customers with more events than the first number, as many as the second are kept whole.
    """

    def __init__(
        self,
        folder: Path,
        engine: Engine,
        clock: Clock,
        *,
        least: int = 0,
        budget: int = BUDGET,
        whole: tuple[int, int] = (LEAST, MOST),
    ) -> None:
        self._folder = Folder(folder)
        self._engine = engine
        self._clock = clock
        self._least = least
        self._budget = budget
        self._whole = whole
        self._lock = threading.Lock()
        self._building = threading.Lock()
        self._states: OrderedDict[str, State] = OrderedDict()
        self._journal: list[_Commit] | None = None
        self._wanted: frozenset[str] = frozenset()
        self._absent: frozenset[str] = frozenset()
        self._base: Base | None = None
        self._pool: str | None = None
        # The greatest seq and the number of events, by version.
        self._extents: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._types: dict[str, str] = {}

    @staticmethod
    def overtaken(session: Session) -> None:
        """For writers without an index: history was changed, so no build on disk may be opened again."""
        marks.new_epoch(session, marks.read(session).epoch + 1)

    @staticmethod
    def unsettle(session: Session) -> None:
        """History, or whose it is, was changed without a `note`: nothing is read from the index before `attach`, and
        no build on disk that was made before."""
        marks.new_epoch(session, marks.read(session).epoch + 1)
        marks.new_version(session)

    # --- kept up by the writer ---------------------------------------------------------------------------------------

    def attach(self, session: Session) -> None:
        """Take up the pool as the writing session has it: find its build, and what came since. In a transaction of its
        own; to be called again whenever the pool may have changed without a `note`."""
        found = marks.read(session)
        self._hide_changed(session)
        with self._lock:
            if found.version is not None and found.version in self._states:
                return
        self._pool = found.pool or marks.name_pool(session)
        version = marks.begin_versions(session)
        kept = self._base
        if kept is None or kept.manifest.pool != self._pool or kept.manifest.epoch != found.epoch:
            kept = None
            # While a build runs, its folder must not be tidied away.
            if self._building.acquire(blocking=False):
                try:
                    kept = self._folder.latest(self._pool, found.epoch)
                finally:
                    self._building.release()
        state = reading.load(session, kept) if kept is not None else None
        if kept is not None and state is None:
            _logger.warning("the behaviour index does not fit the pool and is made anew", build=kept.manifest.build)
            kept.retire()
            kept = None
        with self._lock:
            self._states.clear()
            self._measure(version, reading.extent(session))
            self._base = kept
            if self._journal is not None:
                # What runs began before: its chain of commits is broken.
                self._journal = []
            if state is not None:
                self._keep(version, state)
        self._hide_changed(session)

    def note(
        self,
        session: Session,
        seqs: I64,
        moved: pa.Table,
        rewritten: I64,
        owner: Callable[[I64], I64] | None = None,
    ) -> State | None:
        """Within a transaction: what it changed. Returns the state that it leads to, readable at once in this session.

        `seqs`: of the events appended; `moved`: (identifier_id, customer_id, was) where `was` is null for new ones;
        `rewritten`: identifiers whose events were changed; `owner`: customers of identifiers, where the caller knows
        them. Should the transaction be rolled back, nobody will ever ask for the state.
        """
        before = marks.read(session)
        version = marks.new_version(session)
        reach, events = self._extents.get(before.version or "") or reading.extent(session)
        out_of_turn = bool(seqs.size) and int(seqs.min()) <= reach
        if rewritten.size or out_of_turn:
            marks.new_epoch(session, before.epoch + 1)
        with self._lock:
            self._measure(version, (max(reach, int(seqs.max())) if seqs.size else reach, events + seqs.size))
            state = self._states.get(before.version or "")
            recording = self._journal is not None
        if state is None and not recording:
            return None
        columns = self._tail_columns()
        appended = reading.appended(session, seqs, rewritten, columns, owner, out_of_turn=out_of_turn)
        old = moved.filter(moved.column("was").is_valid()) if moved.num_rows else moved
        ids, now, was = (old.column(n).to_numpy() for n in ("identifier_id", "customer_id", "was"))
        delta = Delta(appended, ids, was, now, np.unique(rewritten))
        after = None if state is None else state.after(delta)
        with self._lock:
            if self._journal is not None:
                self._journal.append(_Commit(before.version, version, delta))
            if after is not None:
                self._keep(version, after)
        return after

    def want(self, columns: Collection[str]) -> None:
        """The further columns of `events` that readers ask for; those that a build lacks come with the next one."""
        self._wanted = frozenset(columns)

    # --- readers -----------------------------------------------------------------------------------------------------

    def state(self, session: Session) -> State | None:
        """The state of the session's snapshot; None where there is none, and the table is to be read."""
        with self._lock:
            if not self._states:
                return None
        version = marks.version(session)
        with self._lock:
            return self._states.get(version or "")

    def gather(self, session: Session, customers: I64, columns: Collection[str]) -> pa.Table | None:
        """As `State.gather`; None where the index can't serve."""
        state = self.state(session)
        return state.gather(customers, columns) if state is not None and state.has(columns) else None

    def newest(
        self,
        session: Session,
        customer: int,
        limit: int,
        before: tuple[int, int] | None = None,
        *,
        event: str | None = None,
        channel: str | None = None,
        columns: Collection[str] = (),
    ) -> Newest | None:
        """The customer's latest events before a place (time in microseconds, seq), with what the index has of these
        columns; None where the index can't serve."""
        state = self.state(session)
        if state is None:
            return None
        return newest(state, customer, limit, before, event=event, channel=channel, columns=columns)

    def rows(self, session: Session, customer: int, seqs: I64) -> I64 | None:
        """The rows of table `events` in which a customer's events lie, as `newest` gives them."""
        state = self.state(session)
        return rows(state, customer, seqs) if state is not None else None

    def view(self, session: Session, columns: Collection[str]) -> View | None:
        """All customers' events as arrays for kernels; None where the index can't serve, or has no arrays of them."""
        state = self.state(session)
        return view(state, columns) if state is not None and state.has(columns) and arrayed(state, columns) else None

    # --- builds ------------------------------------------------------------------------------------------------------

    def due(self) -> str | None:
        """Why a new build is called for; None when it is not."""
        with self._lock:
            state = next(reversed(self._states.values()), None)
            _, events = next(reversed(self._extents.values()), (-1, 0))
        if self._pool is None or events < max(1, self._least):
            return None
        if state is None:
            return "there is none"
        if self._wanted - self._absent - (frozenset(state.base.columns) - state.hidden):
            return "columns were added"
        if state.rewritten.size:
            return "history was rewritten"
        if len(state.tail) > max(TAIL_LEAST, TAIL_SHARE * state.base.manifest.events):
            return "many events since"
        if len(state.moves) > max(TAIL_LEAST // 2, TAIL_SHARE / 2 * state.base.identifiers.size):
            return "many identifiers moved since"
        return None

    def build(self, stop: threading.Event) -> bool:
        """Make a build of the pool as it is now and switch to it; readers and the writer go on meanwhile.

        Returns whether that was done: not when told to stop, nor when the pool was opened anew meanwhile.
        """
        with self._building:
            with self._lock:
                self._journal = []
            name = f"{to_micros(self._clock.now()):020d}-{uuid4().hex[:8]}"
            part = self._folder.begin(name)
            try:
                return self._build(part, name, stop)
            except BuildStopped:
                return False
            finally:
                shutil.rmtree(part, ignore_errors=True)
                with self._lock:
                    self._journal = None

    def _forget_undone(self) -> None:
        """Forget states of transactions that were rolled back: while one is held here, none is under way."""
        with self._engine.write() as session, self._lock:
            version = marks.read(session).version
            if version in self._states:
                while next(reversed(self._states)) != version:
                    self._states.popitem()

    def _build(self, part: Path, name: str, stop: threading.Event) -> bool:
        started = time.monotonic()
        self._forget_undone()
        with self._engine.read() as session:
            found = marks.read(session)
            if found.pool is None or found.version is None:
                return False
            types = reading.types(session)
            self._absent = self._wanted - types.keys()
            columns = {column: types[column] for column in sorted(self._wanted & types.keys())}
            kept = Kept(*self._whole, shown(types))
            built = build(session, part, columns, kept, stop, budget=self._budget)
            lined = reading.lined(session)
        manifest = Manifest(
            format=FORMAT,
            build=name,
            pool=found.pool,
            epoch=found.epoch,
            reach=built.reach,
            events=built.events,
            customers=built.customers,
            columns=built.columns,
            built_at=to_micros(self._clock.now()),
            seconds=round(time.monotonic() - started, 3),
            lined=lined,
            whole=kept,
        )
        base = self._folder.finish(part, manifest)
        return self._switch(base, found.version)

    def _switch(self, base: Base, version: str) -> bool:
        """From now on read the new build: the states after it are made again from what was noted meanwhile."""
        with self._lock:
            journal = self._journal or []
            heads = {version: State(base)}
            for commit in journal:
                if commit.parent in heads:
                    heads[commit.version] = heads[commit.parent].after(commit.delta)
            if self._states and next(reversed(self._states)) not in heads:
                base.retire()
                return False
            old, self._base = self._base, base
            self._states.clear()
            for each, state in heads.items():
                self._keep(each, state)
        if old is not None:
            old.retire()
        return True

    def status(self) -> Status:
        """Figures for people and monitors."""
        with self._lock:
            state = next(reversed(self._states.values()), None)
            building = self._journal is not None
        if state is None:
            return Status(False, building, self.due())
        manifest = state.base.manifest
        return Status(
            serving=True,
            building=building,
            due=self.due(),
            events=manifest.events,
            customers=manifest.customers,
            tail=len(state.tail),
            moved=len(state.moves),
            rewritten=int(state.rewritten.size),
            columns=tuple(sorted(manifest.columns)),
            built_at=from_micros(manifest.built_at),
            seconds=manifest.seconds,
            bytes=sum(path.stat().st_size for path in state.base.folder.glob("*")),
        )

    def _measure(self, version: str, extent: tuple[int, int]) -> None:
        self._extents[version] = extent
        while len(self._extents) > _VERSIONS:
            self._extents.popitem(last=False)

    def _keep(self, version: str, state: State) -> None:
        self._states[version] = state.hiding(self._hidden(state.base))
        while len(self._states) > _VERSIONS:
            self._states.popitem(last=False)

    def _hide_changed(self, session: Session) -> None:
        """Columns whose type was changed since the build are not read from it."""
        self._types = reading.types(session)
        with self._lock:
            for version, state in self._states.items():
                self._states[version] = state.hiding(self._hidden(state.base))

    def _hidden(self, base: Base) -> frozenset[str]:
        changed = {name for name, column in base.columns.items() if self._types.get(name, column.sql) != column.sql}
        if base.manifest.whole is not None:
            # A column that the table gained is missing from what was kept whole.
            changed |= {name for name, _ in base.manifest.whole.columns.items() ^ shown(self._types).items()}
        return frozenset(changed)

    def _tail_columns(self) -> dict[str, str]:
        base = self._base.columns if self._base is not None else {}
        names = {*CORE, *base, *self._wanted}
        return {name: sql for name, sql in self._types.items() if name in names}
