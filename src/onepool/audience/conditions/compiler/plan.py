"""Many conditions as one query of named steps."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import pyarrow as pa
from sqlglot import exp

from onepool.audience.conditions.compiler.access import Access, access
from onepool.audience.conditions.compiler.answering import Conditions
from onepool.audience.conditions.compiler.behaviour import LeafSql, did
from onepool.audience.conditions.compiler.candidates import Steps, candidates
from onepool.audience.conditions.compiler.counted import COUNTED
from onepool.audience.conditions.compiler.events import EventPass, step_name
from onepool.audience.conditions.compiler.facts import FactPass, TagPass
from onepool.audience.conditions.compiler.hope import hope_of_any
from onepool.audience.conditions.compiler.needs import Starts, together
from onepool.audience.conditions.compiler.predicates import Reader
from onepool.audience.conditions.compiler.scope import Scope, table
from onepool.audience.conditions.compiler.sql import E, Params, both, col, either, fn, is_false, named, paren
from onepool.audience.conditions.compiler.steps import Prepared, Views, bound, text_of, with_steps
from onepool.audience.conditions.errors import ConditionError, Problem
from onepool.audience.conditions.model import (
    All,
    AnyOf,
    AttributeLeaf,
    Condition,
    ConsentLeaf,
    DidLeaf,
    DidNotLeaf,
    Leaf,
    ListLeaf,
    Not,
    ReachableLeaf,
    SegmentLeaf,
    SequenceLeaf,
    TagLeaf,
    canonical_text,
)
from onepool.audience.conditions.names import Context
from onepool.audience.conditions.sequence.passes import SequencePass
from onepool.audience.conditions.standing.passes import StandingPass
from onepool.clock import to_micros
from onepool.pool import Session


@dataclass(frozen=True)
class Plan:
    """Named steps, each a query over the pool and the steps before it; the last one is the answer.

    `made` writes the steps, which are not needed where arrays answer. `before`: what a kernel answers; `run` has these
    answers made, as relations of the session that the steps read.
    `starts`: the events that all of it reads, each from which instant; `access`: in which order, and why.
    `arrays`: the same answered by the behaviour index, where it can be.
    """

    made: Callable[[], list[tuple[str, exp.Query]]]
    params: Mapping[str, object] = field(default_factory=dict)
    before: Sequence[Prepared] = ()
    starts: Starts = field(default_factory=dict)
    access: Sequence[Access] = ()
    arrays: Conditions | None = None

    @cached_property
    def steps(self) -> list[tuple[str, exp.Query]]:
        """The steps, in order."""
        return self.made()

    @property
    def query(self) -> exp.Query:
        """All steps as one statement."""
        return with_steps(self.steps)

    def text(self, dialect: str = "duckdb") -> str:
        """The steps for reading: how events are read, each step under its name, parameters below."""
        parts = ["\n".join(one.text() for one in self.access)] if self.access else []
        parts += [one.text(dialect) for one in self.before]
        parts += [f"-- {name}\n{query.sql(dialect, pretty=True)}" for name, query in self.steps]
        return "\n\n".join([*parts, *(f"-- ${name} = {value!r}" for name, value in self.params.items())])

    def run(self, session: Session, views: Views | None = None) -> pa.Table:
        """One row per customer in scope: `customer_id`, one boolean per condition under its name, `next_at`.

        `views`: the behaviour index, for plans over everybody.
        """
        if views is not None and self.arrays is not None:
            found = self.arrays.run(session, views)
            if found is not None:
                return found
        for one in self.before:
            one.run(session, views)
        text = text_of(self.steps)
        return session.query(text, bound(text, self.params))


class Compiler:
    """Collects leaves from conditions; equal leaves become one column."""

    def __init__(self, at: datetime, scope: Scope, ctx: Context, *, evidence: bool = False) -> None:
        self.params = Params()
        self.reader = Reader(ctx, to_micros(at), self.params)
        self.scope = scope
        self.ctx = ctx
        self.evidence = evidence
        self.events = EventPass(self.reader, scope, kernels=not evidence)
        self.facts = FactPass(self.reader, scope)
        self.tags = TagPass(self.reader, scope)
        self.sequences = SequencePass(self.events, evidence=evidence)
        self.standing = StandingPass(self.events, evidence=evidence)
        self.leaves: dict[str, tuple[str, LeafSql]] = {}
        self._open: list[str] = []

    def condition(self, condition: Condition) -> E:
        """The condition over the columns of the step `leaves`."""
        match condition:
            case All():
                return paren(both(*(self.condition(part) for part in condition.all)))
            case AnyOf():
                return paren(either(*(self.condition(part) for part in condition.any)))
            case Not():
                return exp.Not(this=self.condition(condition.not_))
            case SegmentLeaf():
                return self._segment(condition.segment)
        return col(self.leaf(condition)[0])

    def leaf(self, leaf: Leaf) -> tuple[str, LeafSql]:
        """(column, SQL) of a leaf; `did_not` has a column of its own over the same measures as `did`."""
        key = canonical_text(leaf)
        if key not in self.leaves:
            self.leaves[key] = (f"l{len(self.leaves) + 1}", self._leaf(leaf))
        return self.leaves[key]

    def sources(self) -> list[tuple[str, exp.Query]]:
        """The steps that read the pool, one row per customer each (`customers` has every one in scope)."""
        passes = (self.events, self.facts, self.tags, self.standing)
        return [*self.scope.steps(), *(step for one in passes for step in one.steps())]

    def prepared(self) -> list[Prepared]:
        """What has to be run in the session before any query over the sources is."""
        return [*self.events.counted(), *self.sequences.batches]

    def starts(self) -> dict[str, int | None]:
        """The events that are read, each from which instant (microseconds; None: all of them)."""
        return together([self.events.starts(), *(one.starts() for one in self.prepared())])

    def candidates(self, conditions: Iterable[Condition]) -> Steps | None:
        """The steps that have every customer for whom one of the conditions is or may become true (None: all)."""
        found = [candidates(one, self.ctx.names.segments, self._step_of, self._rows_of) for one in conditions]
        return None if None in found else frozenset(name for one in found if one is not None for name in one)

    def joined(self, *columns: E, among: Steps | None = None) -> exp.Select:
        """A selection over all customers in scope, or over those in some steps, with what is known of each."""
        first = "customers" if among is None else "candidates" if len(among) > 1 else min(among)
        if among is None and COUNTED in self.events.names():
            # It has all of them.
            first = COUNTED
        query = exp.select(col("customer_id"), *columns, copy=False).from_(table(first), copy=False)
        passes = (self.events, self.facts, self.tags, self.standing, self.sequences)
        for name in (name for one in passes for name in one.names()):
            if name == first:
                continue
            shared: list[int | str | exp.Expr] = [exp.to_identifier("customer_id", quoted=True)]
            query = query.join(table(name), using=shared, join_type="left", copy=False)
        return query

    def narrowed(self, columns: Sequence[E], first: str = "customers") -> list[tuple[str, exp.Query]]:
        """Steps that read only what these columns of all customers need; the last one has them.

        `first`: a relation of the session, or a step, with a row for each customer.
        """
        used = {column.name for one in columns for column in one.find_all(exp.Column)}
        measures = self.events.steps_of(used)
        steps, joins = [*self.scope.steps(), *measures], [name for name, _ in measures]
        for one in (self.facts, self.tags, self.standing):
            made, names = one.steps(), one.names()
            if any(used & set(step.named_selects) - {"customer_id"} for name, step in made if name in names):
                steps += made
                joins += names
        joins += [one.name for one in self.sequences.batches if any(one.answers(name) for name in used)]
        query = exp.select(col("customer_id"), *columns, copy=False).from_(table(first), copy=False)
        for name in joins:
            shared: list[int | str | exp.Expr] = [exp.to_identifier("customer_id", quoted=True)]
            query = query.join(table(name), using=shared, join_type="left", copy=False)
        return [*steps, ("narrowed", query)]

    def hope(self, conditions: Iterable[Condition]) -> E | None:
        """Over the columns of the passes: of whom any of the conditions holds or may come to (None: of anybody)."""

        def of_leaf(leaf: Leaf, true: bool) -> E | None:
            found = self.leaf(leaf)[1]
            later = found.later if true else found.later_not
            if later is None:
                return None
            truth = found.truth if true else exp.Not(this=paren(found.truth))
            return truth if is_false(later) else paren(either(truth, later))

        return hope_of_any(conditions, self.ctx.names.segments, of_leaf)

    def turns(self) -> list[E]:
        """When any leaf may turn."""
        return [turn for _, leaf in self.leaves.values() for turn in leaf.turns]

    def access(self) -> list[Access]:
        """In which order events are read, and why."""
        ordered = [one.starts() for one in self.sequences.batches]
        return access(self.scope, self.events.starts(), ordered)

    def next_at(self) -> E:
        """When any leaf may turn (microseconds, NULL for never)."""
        return earliest(list(dict.fromkeys(self.turns())))

    def _step_of(self, leaf: Condition) -> str:
        match leaf:
            case DidLeaf() | DidNotLeaf():
                return self.events.step_of(leaf.event)
            case SequenceLeaf():
                return self.sequences.name_of(leaf)
            case AttributeLeaf():
                return self.facts.names()[0]
            case TagLeaf():
                return self.tags.names()[0]
        raise AssertionError(leaf)

    def _rows_of(self, step: str) -> float:
        """About how many customers a step has: what is recent has few, and so has a sequence."""
        if step in self.sequences.names():
            return 0.1
        if step == COUNTED:
            return 10.0
        start = next((f.start for f in self.events.families.values() if step_name(f.event) == step), None)
        years = 10.0 if start is None else (self.reader.at - start) / _YEAR
        return min(years, 10.0)

    def _leaf(self, leaf: Leaf) -> LeafSql:
        match leaf:
            case AttributeLeaf():
                self._known("attribute", leaf.attribute, self.ctx.names.attributes)
                return self.facts.leaf(leaf)
            case TagLeaf():
                self._known("tag", leaf.tag, self.ctx.names.tags)
                return self.tags.leaf(leaf)
            case DidLeaf() | DidNotLeaf():
                return did(self.events, leaf, evidence=self.evidence)
            case SequenceLeaf():
                return self.sequences.leaf(leaf)
            case ListLeaf():
                self._known("list", leaf.list, self.ctx.names.lists)
                return self.standing.leaf(leaf)
            case ReachableLeaf():
                self._known("channel to reach people on", leaf.reachable.channel, self.ctx.names.ways)
                return self.standing.leaf(leaf)
            case ConsentLeaf():
                return self.standing.leaf(leaf)
        raise ConditionError([Problem("", f"{type(leaf).__name__} can't be evaluated")])

    def _segment(self, name: str) -> E:
        self._known("segment", name, self.ctx.names.segments)
        if name in self._open:
            path = " -> ".join([*self._open[self._open.index(name) :], name])
            raise ConditionError([Problem("segment", f"segments may not go round in a circle: {path}")])
        self._open.append(name)
        found = self.condition(self.ctx.names.segments[name])
        self._open.pop()
        return found

    def _known(self, what: str, name: str, known: Collection[str]) -> None:
        if name not in known:
            raise ConditionError([Problem(what, f"there is no {what} {name}")])


# Bringing the customers of more steps together costs more than starting from all of them.
_FEW_STEPS = 3
_YEAR = 365 * 86_400_000_000


def earliest(turns: list[E]) -> E:
    """The earliest of some instants in microseconds (NULL: never)."""
    if not turns:
        return exp.cast(exp.null(), "BIGINT")
    return turns[0] if len(turns) == 1 else exp.func("LEAST", *turns)


def compile_conditions(
    conditions: Mapping[str, Condition], at: datetime, scope: Scope, ctx: Context, *, sparse: bool = False
) -> Plan:
    """One plan for all of the conditions at one instant, sharing every leaf.

    `sparse`: no rows of customers for whom nothing holds nor can come to hold by time alone; that spares most of the
    work where a condition can hold of few.

    `next_at` is the earliest instant after `at` when the truth of any of them may change without a new event: exact or
    too early, never too late; null for never. Raises ConditionError for names that the context does not have.
    """
    compiler = Compiler(at, scope, ctx)
    wanted = {name: compiler.condition(condition) for name, condition in conditions.items()}
    among = _among(compiler, conditions.values()) if sparse and scope.everyone else None
    hope = compiler.hope(conditions.values()) if sparse else None
    arrays = Conditions(compiler, wanted, sparse, hope) if scope.everyone else None

    def made() -> list[tuple[str, exp.Query]]:
        return _steps(compiler, wanted, among, hope, sparse=sparse)

    return Plan(made, compiler.params.values, compiler.prepared(), compiler.starts(), compiler.access(), arrays)


def _among(compiler: Compiler, conditions: Iterable[Condition]) -> Steps | None:
    """The few steps that have everybody for whom something may hold (None: there are none)."""
    found = compiler.candidates(conditions)
    return None if found is not None and (len(found) > _FEW_STEPS or COUNTED in found) else found


def _steps(
    compiler: Compiler, wanted: Mapping[str, E], among: Steps | None, hope: E | None, *, sparse: bool
) -> list[tuple[str, exp.Query]]:
    answers = [named(condition, name) for name, condition in wanted.items()]
    columns = [named(leaf.truth, name) for name, leaf in compiler.leaves.values()]
    leaves = compiler.joined(*columns, named(compiler.next_at(), "next_us"), among=among)
    if hope is not None:
        # The engine asks it of each step's customers before it brings steps together.
        leaves = leaves.where(hope, copy=False)
    next_at = named(fn("make_timestamptz", col("next_us")), "next_at")
    result = exp.select(col("customer_id"), *answers, next_at, copy=False).from_(table("leaves"), copy=False)
    if sparse:
        moves = exp.Not(this=exp.Is(this=col("next_us"), expression=exp.null()))
        result = result.where(either(*(answer.this for answer in answers), moves), copy=False)
    sources = compiler.sources()
    if among is not None and len(among) > 1:
        listed = [exp.select(col("customer_id")).from_(table(name)) for name in sorted(among)]
        sources.append(("candidates", exp.union(*listed, distinct=True)))
    return [*sources, ("leaves", leaves), ("result", result)]
