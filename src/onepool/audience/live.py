"""Keeping tags and segments true: touched customers with each batch, others at the instant their window runs out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import structlog

from onepool.audience.catalog import Catalog, load_catalog
from onepool.audience.changes import differs_from_run, members_in, segment_changes, tag_changes
from onepool.audience.conditions import Plan, Scope, compile_conditions
from onepool.audience.gathering import columns_of, gathered
from onepool.audience.members import KeptMembers
from onepool.audience.outcomes import MEMBERS, SEGMENT_SCHEMA, TAG_SCHEMA, Outcome, apply_segments, apply_tags
from onepool.audience.portions import portions
from onepool.audience.tags import TagPlan, compile_tags, load_populations
from onepool.audience.tags.computed import is_live
from onepool.audience.touched import OWNED, PRESENT, Program, answered, present_of
from onepool.pool import Engine, PoolError, Session
from onepool.pool.behaviour import BehaviourIndex, State
from onepool.privacy.masking import mask_text
from onepool.workspace import Workspace

_logger = structlog.get_logger(__name__)

I64 = npt.NDArray[np.int64]

_KEY = "evaluated"

_FEW = 20_000
"""Customers up to whom a list's change has them looked at; more are cheaper looked at all together."""


@dataclass
class _Pass:
    """Changes gathered while one evaluation goes on."""

    at: datetime
    catalog: Catalog
    tags: list[pa.Table] = field(default_factory=list)
    segments: list[pa.Table] = field(default_factory=list)
    alarms: list[pa.Table] = field(default_factory=list)

    def outcome(self) -> Outcome:
        return Outcome(
            self.at,
            pa.concat_tables(self.tags) if self.tags else TAG_SCHEMA.empty_table(),
            pa.concat_tables(self.segments) if self.segments else SEGMENT_SCHEMA.empty_table(),
        )


@dataclass(frozen=True)
class _Work:
    """Definitions to be evaluated together, for the customers in a scope."""

    names: Sequence[str]
    scope: Scope
    plan: Plan | TagPlan


def _tag_work(names: Sequence[str], scope: Scope, done: _Pass) -> _Work:
    catalog = done.catalog
    tags = {name: catalog.tags[name] for name in names}
    return _Work(names, scope, compile_tags(tags, done.at, scope, catalog.context) if names else Plan(list))


def _segment_work(names: Sequence[str], scope: Scope, done: _Pass) -> _Work:
    catalog = done.catalog
    segments = {name: catalog.segments[name] for name in names}
    # Only those are wanted for whom something holds or may come to hold.
    plan = compile_conditions(segments, done.at, scope, catalog.context, sparse=True)
    return _Work(names, scope, plan)


class Live:
    """Evaluates the current definitions. A new or changed one is evaluated for everybody before it is kept live."""

    def __init__(self, workspace: Workspace, index: BehaviourIndex | None = None) -> None:
        """`index`: where the events of touched customers are found fast, if there is one."""
        self._ws = workspace
        self._index = index
        self._views = index.view if index is not None else None
        self._columns: tuple[object, frozenset[str]] | None = None
        self._catalog: tuple[int, Catalog] | None = None
        self._ready: tuple[Catalog, list[str], Program] | None = None
        self._members = KeptMembers()
        self.left_out: dict[str, str] = {}
        """Definitions that can't be evaluated, by `kind:name` -> hash; tried again when they are changed."""

    @property
    def catalog(self) -> Catalog:
        """The current definitions, parsed."""
        revision = self._ws.definitions.revision()
        if self._catalog is None or self._catalog[0] != revision:
            self._catalog = (revision, load_catalog(self._ws))
        return self._catalog[1]

    def pending(self, session: Session, now: datetime) -> bool:
        """Whether there is anything to evaluate though nothing came in."""
        catalog = self.catalog
        wanted = self._wanted(catalog, now)
        before = self._evaluated(session)
        if before.keys() - catalog.hashes.keys() or any(before.get(key) != wanted[key] for key in wanted):
            return True
        return bool(session.query('SELECT 1 FROM due WHERE "at" <= $now LIMIT 1', {"now": now}).num_rows)

    def set_aside(self, pool: Engine, touched: I64, now: datetime) -> None:
        """Find the definitions that can't be evaluated, each by itself and in each way in which it may be asked (the
        table, the behaviour index), and leave them out from now on."""
        catalog = self.catalog
        for key, digest in catalog.hashes.items():
            kind, _, name = key.partition(":")
            if kind == "tag" and not is_live(catalog.tags[name]):
                continue
            try:
                with pool.read() as session:
                    due = session.query('SELECT DISTINCT customer_id FROM due WHERE "at" <= $now', {"now": now})
                    looked_at = np.union1d(touched, due.column("customer_id").to_numpy())
                    present, some = present_of(session, looked_at), Scope.customers(PRESENT, owned=OWNED)
                    views = (None,) if self._views is None else (None, self._views)
                    if kind == "tag":
                        one = {name: catalog.tags[name]}
                        compile_tags(one, now, some, catalog.context).run(session)
                        for view in views:
                            compile_tags(one, now, Scope.all(), catalog.context).run(session, view)
                    else:
                        asked = {name: catalog.segments[name]}
                        program = Program(asked, catalog.context)
                        for state in self._states(session, program):
                            answered(session, program, program.rest(now, some), state, present, now)
                        for view in views:
                            compile_conditions(asked, now, Scope.all(), catalog.context).run(session, view)
            except (OSError, MemoryError):
                raise
            # Whatever is wrong with it, the others are not to suffer.
            except Exception as error:
                if isinstance(error, PoolError) and error.transient:
                    raise
                _logger.error(
                    "a definition can't be evaluated and is left out", definition=key, error=mask_text(repr(error))
                )
                self.left_out[key] = digest

    def _states(self, session: Session, program: Program) -> list[State | None]:
        """The ways to the events of touched customers: the table, and the index where it has what is asked."""
        state = self._index.state(session) if self._index is not None else None
        return [None] if state is None or not state.has(program.further) else [None, state]

    def postpone(self, session: Session, touched: I64, now: datetime) -> None:
        """Have these customers evaluated by a later tick."""
        session.append("due", pa.table({"customer_id": touched, "at": _times(now, touched.size)}))

    def listed(self, session: Session, name: str, moved: I64, now: datetime) -> None:
        """Have those who came on a list or left it evaluated by a later tick: what asks for it, if they are many, for
        all of them at once."""
        asking = self.catalog.lists.get(name, frozenset())
        if moved.size == 0 or not asking:
            return
        if moved.size <= _FEW:
            self.postpone(session, moved, now)
            return
        before = self._evaluated(session)
        _note(session, before | {key: "" for key in asking if key in before})

    def evaluate(self, session: Session, touched: I64, now: datetime) -> Outcome:
        """Evaluate touched and due customers, and changed definitions for all; the pool's tables follow at once."""
        # One reading of the definitions: someone may change them meanwhile.
        catalog = self.catalog
        marked = _marks(session)
        before, wanted = self._evaluated(session, marked), self._wanted(catalog, now)
        self._members.at(marked.get(MEMBERS))
        fresh = {key for key, digest in wanted.items() if before.get(key) != digest}
        gone = {key for key in before if key not in catalog.hashes}
        due = session.query('SELECT DISTINCT customer_id FROM due WHERE "at" <= $now', {"now": now})
        scope = np.union1d(touched, due.column("customer_id").to_numpy())
        present = present_of(session, scope)
        done = _Pass(now, catalog)
        self._retire(session, gone, done)
        self._depart(session, [name for name, tag in catalog.tags.items() if not is_live(tag)], done)
        levels = [[tag for tag in level if f"tag:{tag}" in wanted] for level in catalog.tag_levels]
        names = [name for name in catalog.segments if f"segment:{name}" in wanted]
        kept_up = [[tag for tag in level if f"tag:{tag}" not in fresh] for level in levels]
        program = self._program(catalog, [s for s in names if f"segment:{s}" not in fresh])
        work, state = self._touched(session, kept_up, program, present, done)
        self._members.forget([key.partition(":")[2] for key in fresh | gone])
        for number, level in enumerate(levels):
            for some in portions(session, [t for t in level if f"tag:{t}" in fresh]):
                self._tags(session, _tag_work(some, Scope.all(), done), done)
            if scope.size:
                self._tags(session, work[number], done)
        for some in portions(session, [s for s in names if f"segment:{s}" in fresh]):
            self._segments(session, _segment_work(some, Scope.all(), done), done)
        if scope.size:
            self._judge(session, program, work[-1].plan, state, scope, present, done)
            session.execute("DELETE FROM due WHERE customer_id IN (SELECT customer_id FROM _touched_customers)")
        again = self._moved(done)
        for alarm in done.alarms:
            session.relation("_alarms", alarm)
            # Who is looked at before then anyway gets the later instant set again at that time.
            session.execute(
                """INSERT INTO due BY NAME SELECT a.* FROM _alarms a
                ANTI JOIN due d ON d.customer_id = a.customer_id AND d."at" <= a."at"
                """
            )
        # What is left out is evaluated for all when it can be again: it missed what came in meanwhile.
        kept = dict.fromkeys((key for key in before if key in catalog.hashes), "") | wanted
        kept |= dict.fromkeys((key for key in again if key in kept), "")
        if kept != before:
            _note(session, kept)
        return done.outcome()

    def _moved(self, done: _Pass) -> frozenset[str]:
        """Have those who came into a segment or left it looked at right after this instant, where something asks for
        that: what happens at an instant counts behind it. Where they are many, returns what asks, for everybody."""
        again: frozenset[str] = frozenset()
        moves = done.catalog.moves
        for changes in done.segments if moves else ():
            watched = changes.filter(pc.is_in(changes.column("segment"), pa.array(sorted(moves))))
            if watched.num_rows > _FEW:
                again = again.union(*(moves[name] for name in watched.column("segment").unique().to_pylist()))
            elif watched.num_rows:
                customers = pc.unique(watched.column("customer_id"))
                at = done.at + timedelta(microseconds=1)
                done.alarms.append(pa.table({"customer_id": customers, "at": _times(at, len(customers))}))
        return again

    def differences(self, session: Session, now: datetime) -> Iterator[tuple[str, str, int, int]]:
        """Recompute everything at `now`: (kind, name, customers, customers whose live result differs)."""
        catalog = self.catalog
        for level in catalog.tag_levels:
            for name in (name for name in level if not is_live(catalog.tags[name])):
                yield "tag", name, *differs_from_run(session, name)
            level = [name for name in level if is_live(catalog.tags[name])]
            if level:
                kept = load_populations(session, level)
                tags = {name: catalog.tags[name] for name in level}
                found = compile_tags(tags, now, Scope.all(), catalog.context, kept).run(session)
                values = found.filter(pc.is_valid(found.column("tag")))
                changes = tag_changes(session, values, level, Scope.all())
                for name in level:
                    yield "tag", name, _count(values, "tag", name), _count(changes, "tag", name)
        if catalog.segments:
            found = compile_conditions(catalog.segments, now, Scope.all(), catalog.context).run(session)
            members = members_in(found, list(catalog.segments))
            changes = segment_changes(session, members, list(catalog.segments), Scope.all())
            for name in catalog.segments:
                yield "segment", name, _count(members, "segment", name), _count(changes, "segment", name)

    def _program(self, catalog: Catalog, segments: list[str]) -> Program:
        """These segments made ready for whoever a tick touches; kept as long as they stay as they are."""
        if self._ready is None or self._ready[0] is not catalog or self._ready[1] != segments:
            program = Program({name: catalog.segments[name] for name in segments}, catalog.context)
            self._ready = (catalog, segments, program)
        return self._ready[2]

    def _touched(
        self, session: Session, levels: Sequence[list[str]], program: Program, present: I64, done: _Pass
    ) -> tuple[list[_Work], State | None]:
        """What has to be asked of the touched customers: tags level by level, then what segments ask; and the state of
        the index if their events are to be read from there."""

        def work(scope: Scope) -> list[_Work]:
            rest = program.rest(done.at, scope)
            return [*(_tag_work(level, scope, done) for level in levels), _Work(program.names, scope, rest)]

        def columns(some: Sequence[_Work]) -> frozenset[str]:
            # They follow from the definitions alone.
            key = (*done.catalog.hashes.items(), *(name for one in some for name in one.names))
            if self._columns is None or self._columns[0] != key:
                further = columns_of([one.plan for one in some], done.catalog.context)
                self._columns = (key, further | program.further)
            return self._columns[1]

        if present.size == 0:
            return work(Scope.customers(PRESENT, owned=OWNED)), None
        return gathered(session, self._index, present, Scope.customers(PRESENT, owned=OWNED), columns, work)

    def _judge(
        self, session: Session, program: Program, plan: Plan | TagPlan, state: State | None, scope: I64, present: I64,
        done: _Pass,
    ) -> None:  # fmt: skip
        """Who of `scope` is in which segment now; nobody who went up in others (not in `present`)."""
        if not program.names:
            return
        found = answered(session, program, plan, state, present, done.at)
        holds = {name: np.zeros(scope.size, np.bool_) for name in found.holds}
        place = np.searchsorted(scope, present)
        for name, now in found.holds.items():
            holds[name][place] = now
        changes = self._members.changes(session, scope, holds)
        self._members.note(apply_segments(session, changes, done.at), changes)
        done.segments.append(changes)
        done.alarms.append(found.alarms())

    def _tags(self, session: Session, work: _Work, done: _Pass) -> None:
        if not work.names:
            return
        plan, names, scope = work.plan, work.names, work.scope
        assert isinstance(plan, TagPlan)
        found = plan.run(session, self._views)
        if scope.everyone:
            plan.save_populations(session)
        changes = tag_changes(session, found.filter(pc.is_valid(found.column("tag"))), names, scope)
        apply_tags(session, changes, done.at)
        done.tags.append(changes)
        done.alarms.append(_alarms(found))

    def _segments(self, session: Session, work: _Work, done: _Pass) -> None:
        if not work.names:
            return
        found = work.plan.run(session, self._views)
        changes = segment_changes(session, members_in(found, work.names), work.names, work.scope)
        apply_segments(session, changes, done.at)
        done.segments.append(changes)
        done.alarms.append(_alarms(found))

    def _retire(self, session: Session, gone: set[str], done: _Pass) -> None:
        for key in sorted(gone):
            kind, _, name = key.partition(":")
            if kind == "tag":
                changes = tag_changes(session, TAG_SCHEMA.empty_table(), [name])
                apply_tags(session, changes, done.at)
                done.tags.append(changes)
            else:
                changes = segment_changes(session, SEGMENT_SCHEMA.empty_table(), [name], Scope.all())
                apply_segments(session, changes, done.at)
                done.segments.append(changes)

    def _depart(self, session: Session, names: Sequence[str], done: _Pass) -> None:
        """Values of tags that are computed by a schedule do not stay with customers who went up in others."""
        if not names:
            return
        changes = session.query(
            """SELECT t.customer_id, t.tag, NULL::VARCHAR AS value, NULL::DOUBLE AS number, NULL::VARCHAR[] AS list
            FROM tag_values t SEMI JOIN _touched_customers c USING (customer_id)
            ANTI JOIN _present_customers p USING (customer_id) WHERE t.tag IN (SELECT unnest($names))
            ORDER BY t.customer_id, t.tag""",
            {"names": list(names)},
        ).cast(TAG_SCHEMA)
        apply_tags(session, changes, done.at)
        done.tags.append(changes)

    @classmethod
    def held(cls, session: Session, key: str) -> None:
        """Note that the pool has results of a definition that others compute, so that they go when it is retired."""
        before = cls._evaluated(session)
        if key not in before:
            _note(session, {**before, key: ""})

    def _wanted(self, catalog: Catalog, now: datetime) -> dict[str, str]:
        """What should be evaluated: definition -> hash. Tags cut by the population are due again every local day."""
        day = now.astimezone(self._ws.settings.zone).date().isoformat()
        return {
            key: f"{digest}@{day}" if key in catalog.daily else digest
            for key, digest in catalog.hashes.items()
            if self.left_out.get(key) != digest and not self._by_schedule(catalog, key)
        }

    @staticmethod
    def _by_schedule(catalog: Catalog, key: str) -> bool:
        kind, _, name = key.partition(":")
        return kind == "tag" and not is_live(catalog.tags[name])

    @staticmethod
    def _evaluated(session: Session, marked: Mapping[str, str] | None = None) -> dict[str, str]:
        """Definition -> hash under which it was evaluated for all; "" for one that the pool only holds results of."""
        said = (_marks(session) if marked is None else marked).get(_KEY)
        if said is not None:
            evaluated: dict[str, str] = json.loads(said)
            return evaluated
        # A pool made again: the definitions may have changed since its results were decided.
        held = session.query(
            """SELECT DISTINCT 'tag:' || tag AS key FROM tag_values
            UNION SELECT DISTINCT 'segment:' || segment FROM segment_members"""
        )
        return dict.fromkeys(held.column("key").to_pylist(), "")


def _marks(session: Session) -> dict[str, str]:
    """What the pool says of tags and segments."""
    found = session.query("SELECT key, value FROM meta WHERE key IN ($one, $other)", {"one": _KEY, "other": MEMBERS})
    return dict(zip(found.column("key").to_pylist(), found.column("value").to_pylist(), strict=True))


def _note(session: Session, evaluated: dict[str, str]) -> None:
    session.execute("DELETE FROM meta WHERE key = $key", {"key": _KEY})
    session.execute("INSERT INTO meta VALUES ($key, $value)", {"key": _KEY, "value": json.dumps(evaluated)})


def _count(table: pa.Table, column: str, name: str) -> int:
    return int(pc.sum(pc.equal(table.column(column), name)).as_py() or 0)


def _alarms(found: pa.Table) -> pa.Table:
    """(customer_id, at): when each customer has to be looked at again."""
    table = found.select(["customer_id", "next_at"]).filter(pc.is_valid(found.column("next_at")))
    earliest = table.group_by("customer_id").aggregate([("next_at", "min")])
    return earliest.rename_columns(["customer_id", "at"])


def _times(at: datetime, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(at, pa.timestamp("us", tz="UTC")), count)
