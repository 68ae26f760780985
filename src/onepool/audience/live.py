"""Keeping tags and segments true: touched customers with each batch, others at the instant their window runs out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import structlog

from onepool.audience.catalog import Catalog, load_catalog
from onepool.audience.conditions import Plan, Scope, compile_conditions
from onepool.audience.gathering import columns_of, gathered
from onepool.audience.outcomes import SEGMENT_SCHEMA, TAG_SCHEMA, Outcome, apply_segments, apply_tags
from onepool.audience.portions import portions
from onepool.audience.tags import TagPlan, compile_tags, load_populations
from onepool.audience.tags.computed import is_live
from onepool.pool import Engine, PoolError, Session
from onepool.pool.behaviour import BehaviourIndex
from onepool.privacy.masking import mask_text
from onepool.workspace import Workspace

_logger = structlog.get_logger(__name__)

I64 = npt.NDArray[np.int64]

TOUCHED = "_touched_customers"
PRESENT = "_present_customers"
OWNED = "_owned_identifiers"
_TOUCHED_ONLY = "AND customer_id IN (SELECT customer_id FROM _touched_customers)"
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
    return _Work(names, scope, compile_tags(tags, done.at, scope, catalog.context) if names else Plan([]))


def _segment_work(names: Sequence[str], scope: Scope, done: _Pass) -> _Work:
    catalog = done.catalog
    segments = {name: catalog.segments[name] for name in names}
    if not names:
        return _Work(names, scope, Plan([]))
    # Of everybody, only those are wanted for whom something holds or may come to hold.
    plan = compile_conditions(segments, done.at, scope, catalog.context, sparse=scope.everyone)
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
        """Find the definitions that can't be evaluated, each by itself, and leave them out from now on."""
        catalog = self.catalog
        for key, digest in catalog.hashes.items():
            kind, _, name = key.partition(":")
            if kind == "tag" and not is_live(catalog.tags[name]):
                continue
            try:
                with pool.read() as session:
                    session.relation(PRESENT, pa.table({"customer_id": touched}))
                    for scope in (Scope.customers(PRESENT), Scope.all()):
                        if kind == "tag":
                            compile_tags({name: catalog.tags[name]}, now, scope, catalog.context).run(session)
                        else:
                            compile_conditions({name: catalog.segments[name]}, now, scope, catalog.context).run(session)
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
        before, wanted = self._evaluated(session), self._wanted(catalog, now)
        fresh = {key for key, digest in wanted.items() if before.get(key) != digest}
        gone = {key for key in before if key not in catalog.hashes}
        due = session.query('SELECT DISTINCT customer_id FROM due WHERE "at" <= $now', {"now": now})
        scope = np.union1d(touched, due.column("customer_id").to_numpy())
        session.relation(TOUCHED, pa.table({"customer_id": scope}))
        # Retired customers have no identifiers any more: nothing holds for them, and they leave what they were in.
        owned = session.query(
            "SELECT identifier_id, customer_id FROM customer_of SEMI JOIN _touched_customers USING (customer_id)"
        )
        session.relation(OWNED, owned)
        present = np.unique(owned.column("customer_id").to_numpy())
        session.relation(PRESENT, pa.table({"customer_id": present}))
        done = _Pass(now, catalog)
        self._retire(session, gone, done)
        self._depart(session, [name for name, tag in catalog.tags.items() if not is_live(tag)], done)
        levels = [[tag for tag in level if f"tag:{tag}" in wanted] for level in catalog.tag_levels]
        names = [name for name in catalog.segments if f"segment:{name}" in wanted]
        kept_up = [[tag for tag in level if f"tag:{tag}" not in fresh] for level in levels]
        work = self._touched(session, kept_up, [s for s in names if f"segment:{s}" not in fresh], present, done)
        for number, level in enumerate(levels):
            for some in portions(session, [t for t in level if f"tag:{t}" in fresh]):
                self._tags(session, _tag_work(some, Scope.all(), done), done)
            if scope.size:
                self._tags(session, work[number], done)
        for some in portions(session, [s for s in names if f"segment:{s}" in fresh]):
            self._segments(session, _segment_work(some, Scope.all(), done), done)
        if scope.size:
            self._segments(session, work[-1], done)
            session.execute("DELETE FROM due WHERE customer_id IN (SELECT customer_id FROM _touched_customers)")
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
        if kept != before:
            _note(session, kept)
        return done.outcome()

    def differences(self, session: Session, now: datetime) -> Iterator[tuple[str, str, int, int]]:
        """Recompute everything at `now`: (kind, name, customers, customers whose live result differs)."""
        catalog = self.catalog
        for level in catalog.tag_levels:
            for name in (name for name in level if not is_live(catalog.tags[name])):
                yield "tag", name, *_differs_from_run(session, name)
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
            members = _members(found, list(catalog.segments))
            changes = _segment_changes(session, members, list(catalog.segments), Scope.all())
            for name in catalog.segments:
                yield "segment", name, _count(members, "segment", name), _count(changes, "segment", name)

    def _touched(
        self, session: Session, levels: Sequence[list[str]], segments: list[str], present: I64, done: _Pass
    ) -> list[_Work]:
        """What is to be done for the touched customers: tags level by level, then segments."""

        def work(scope: Scope) -> list[_Work]:
            return [*(_tag_work(level, scope, done) for level in levels), _segment_work(segments, scope, done)]

        def columns(some: Sequence[_Work]) -> frozenset[str]:
            # They follow from the definitions alone.
            key = (*done.catalog.hashes.items(), *(name for one in some for name in one.names))
            if self._columns is None or self._columns[0] != key:
                self._columns = (key, columns_of([one.plan for one in some], done.catalog.context))
            return self._columns[1]

        if present.size == 0:
            return work(Scope.customers(PRESENT, owned=OWNED))
        return gathered(session, self._index, present, Scope.customers(PRESENT, owned=OWNED), columns, work)

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
        changes = _segment_changes(session, _members(found, work.names), work.names, work.scope)
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
                changes = _segment_changes(session, SEGMENT_SCHEMA.empty_table(), [name], Scope.all())
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
    def _evaluated(session: Session) -> dict[str, str]:
        """Definition -> hash under which it was evaluated for all; "" for one that the pool only holds results of."""
        found = session.query("SELECT value FROM meta WHERE key = $key", {"key": _KEY})
        if found.num_rows:
            evaluated: dict[str, str] = json.loads(found.column("value")[0].as_py())
            return evaluated
        # A pool made again: the definitions may have changed since its results were decided.
        held = session.query(
            """SELECT DISTINCT 'tag:' || tag AS key FROM tag_values
            UNION SELECT DISTINCT 'segment:' || segment FROM segment_members"""
        )
        return dict.fromkeys(held.column("key").to_pylist(), "")


def _note(session: Session, evaluated: dict[str, str]) -> None:
    session.execute("DELETE FROM meta WHERE key = $key", {"key": _KEY})
    session.execute("INSERT INTO meta VALUES ($key, $value)", {"key": _KEY, "value": json.dumps(evaluated)})


def tag_changes(session: Session, found: pa.Table, names: Sequence[str], scope: Scope | None = None) -> pa.Table:
    """How newly computed values differ from the kept ones; a customer without a new value loses the old one."""
    session.relation("_found_tags", found.select(TAG_SCHEMA.names).cast(TAG_SCHEMA))
    inside = "" if scope is None or scope.everyone else _TOUCHED_ONLY
    query = f"""
        WITH old AS (SELECT * FROM tag_values WHERE tag IN (SELECT unnest($names)) {inside})
        SELECT coalesce(n.customer_id, o.customer_id) AS customer_id, coalesce(n.tag, o.tag) AS tag,
            n.value, n.number, n.list
        FROM _found_tags n FULL JOIN old o ON o.customer_id = n.customer_id AND o.tag = n.tag
        WHERE n.customer_id IS NULL OR o.customer_id IS NULL OR n.value IS DISTINCT FROM o.value
            OR n.number IS DISTINCT FROM o.number OR n.list IS DISTINCT FROM o.list
        ORDER BY customer_id, tag"""  # noqa: S608 the relation's name is a constant
    return session.query(query, {"names": list(names)}).cast(TAG_SCHEMA)


def _differs_from_run(session: Session, name: str) -> tuple[int, int]:
    """(customers of a tag's latest run who are still there, those of them and others whose value is not the run's)."""
    found = session.query(
        """WITH ran AS (SELECT customer_id, value, number, list FROM tag_partitions
            WHERE tag = $tag AND as_of = (SELECT max(as_of) FROM tag_partitions WHERE tag = $tag)
                AND customer_id IN (SELECT customer_id FROM customer_of)),
        kept AS (SELECT customer_id, value, number, list FROM tag_values WHERE tag = $tag)
        SELECT (SELECT count(*) FROM ran) AS size, count(*) AS wrong
        FROM ran r FULL JOIN kept k USING (customer_id) WHERE r.value IS DISTINCT FROM k.value
            OR r.number IS DISTINCT FROM k.number OR r.list IS DISTINCT FROM k.list""",
        {"tag": name},
    ).to_pylist()[0]
    return found["size"], found["wrong"]


def _segment_changes(session: Session, members: pa.Table, names: Sequence[str], scope: Scope) -> pa.Table:
    """How newly computed members (customer_id, segment) differ from the kept ones."""
    session.relation("_found_members", members.select(["customer_id", "segment"]))
    inside = "" if scope.everyone else _TOUCHED_ONLY
    query = f"""
        WITH old AS (SELECT customer_id, segment FROM segment_members WHERE segment IN (SELECT unnest($names)) {inside})
        SELECT coalesce(n.customer_id, o.customer_id) AS customer_id, coalesce(n.segment, o.segment) AS segment,
            CASE WHEN o.customer_id IS NULL THEN 'enter' ELSE 'exit' END AS change
        FROM _found_members n FULL JOIN old o ON o.customer_id = n.customer_id AND o.segment = n.segment
        WHERE n.customer_id IS NULL OR o.customer_id IS NULL ORDER BY customer_id, segment"""  # noqa: S608 constant name
    return session.query(query, {"names": list(names)}).cast(SEGMENT_SCHEMA)


def _members(found: pa.Table, names: Sequence[str]) -> pa.Table:
    """From one boolean column for each segment to rows (customer_id, segment)."""
    parts = []
    for name in names:
        ids = found.column("customer_id").filter(found.column(name))
        parts.append(pa.table({"customer_id": ids, "segment": pa.repeat(pa.scalar(name), len(ids))}))
    return pa.concat_tables(parts)


def _count(table: pa.Table, column: str, name: str) -> int:
    return int(pc.sum(pc.equal(table.column(column), name)).as_py() or 0)


def _alarms(found: pa.Table) -> pa.Table:
    """(customer_id, at): when each customer has to be looked at again."""
    table = found.select(["customer_id", "next_at"]).filter(pc.is_valid(found.column("next_at")))
    earliest = table.group_by("customer_id").aggregate([("next_at", "min")])
    return earliest.rename_columns(["customer_id", "at"])


def _times(at: datetime, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(at, pa.timestamp("us", tz="UTC")), count)
