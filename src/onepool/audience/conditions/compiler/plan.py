"""Many conditions as one query of named steps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa
from sqlglot import exp

from onepool.audience.conditions.compiler.behaviour import LeafSql, did
from onepool.audience.conditions.compiler.events import EventPass
from onepool.audience.conditions.compiler.facts import FactPass, TagPass
from onepool.audience.conditions.compiler.predicates import Reader
from onepool.audience.conditions.compiler.scope import Scope, table
from onepool.audience.conditions.compiler.sql import E, Params, both, col, either, fn, named, paren
from onepool.audience.conditions.errors import ConditionError, Problem
from onepool.audience.conditions.model import (
    All,
    AnyOf,
    AttributeLeaf,
    Condition,
    DidLeaf,
    DidNotLeaf,
    Leaf,
    Not,
    SegmentLeaf,
    TagLeaf,
    canonical_text,
)
from onepool.audience.conditions.names import Context
from onepool.clock import to_micros
from onepool.pool import Session


@dataclass(frozen=True)
class Plan:
    """Named steps, each a query over the pool and the steps before it; the last one is the answer."""

    steps: list[tuple[str, exp.Query]]
    params: Mapping[str, object] = field(default_factory=dict)

    @property
    def query(self) -> exp.Query:
        """All steps as one statement."""
        return with_steps(self.steps)

    def text(self, dialect: str = "duckdb") -> str:
        """The steps for reading: each under its name, parameters below."""
        parts = [f"-- {name}\n{query.sql(dialect, pretty=True)}" for name, query in self.steps]
        return "\n\n".join([*parts, *(f"-- ${name} = {value!r}" for name, value in self.params.items())])

    def run(self, session: Session) -> pa.Table:
        """One row per customer in scope: `customer_id`, one boolean per condition under its name, `next_at`."""
        text = self.query.sql("duckdb")
        # A comparison that can never hold (a length of 0.1) leaves its values unused, which the engine would refuse.
        used = set(re.findall(r"\$(\w+)", text))
        return session.query(text, {name: value for name, value in self.params.items() if name in used})


def with_steps(steps: list[tuple[str, exp.Query]]) -> exp.Query:
    """The last step with all others as common table expressions before it."""
    *before, (_, last) = steps
    query = last.copy()
    tables = [
        exp.CTE(this=step, alias=exp.TableAlias(this=exp.to_identifier(name, quoted=True))) for name, step in before
    ]
    if tables:
        query.set("with_", exp.With(expressions=tables))
    return query


class Compiler:
    """Collects leaves from conditions; equal leaves become one column."""

    def __init__(self, at: datetime, scope: Scope, ctx: Context, *, evidence: bool = False) -> None:
        self.params = Params()
        self.reader = Reader(ctx, to_micros(at), self.params)
        self.scope = scope
        self.ctx = ctx
        self.evidence = evidence
        self.events = EventPass(self.reader, scope)
        self.facts = FactPass(self.reader, scope)
        self.tags = TagPass(self.reader, scope)
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
        return [*self.scope.steps(), *self.events.steps(), *self.facts.steps(), *self.tags.steps()]

    def joined(self, *columns: E) -> exp.Select:
        """A selection over all customers in scope with what is known of each."""
        query = exp.select(col("customer_id"), *columns, copy=False).from_(table("customers"), copy=False)
        for name in (*self.events.names(), *self.facts.names(), *self.tags.names()):
            shared: list[int | str | exp.Expr] = [exp.to_identifier("customer_id", quoted=True)]
            query = query.join(table(name), using=shared, join_type="left", copy=False)
        return query

    def next_at(self) -> E:
        """When any leaf may turn (microseconds, NULL for never)."""
        found = {turn.sql("duckdb"): turn for _, leaf in self.leaves.values() for turn in leaf.turns}
        return earliest(list(found.values()))

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

    def _known(self, what: str, name: str, known: Mapping[str, object]) -> None:
        if name not in known:
            raise ConditionError([Problem(what, f"there is no {what} {name}")])


def earliest(turns: list[E]) -> E:
    """The earliest of some instants in microseconds (NULL: never)."""
    if not turns:
        return exp.cast(exp.null(), "BIGINT")
    return turns[0] if len(turns) == 1 else exp.func("LEAST", *turns)


def compile_conditions(conditions: Mapping[str, Condition], at: datetime, scope: Scope, ctx: Context) -> Plan:
    """One plan for all of the conditions at one instant, sharing every leaf.

    `next_at` is the earliest instant after `at` when the truth of any of them may change without a new event: exact or
    too early, never too late; null for never. Raises ConditionError for names that the context does not have.
    """
    compiler = Compiler(at, scope, ctx)
    answers = [named(compiler.condition(condition), name) for name, condition in conditions.items()]
    columns = [named(leaf.truth, name) for name, leaf in compiler.leaves.values()]
    leaves = compiler.joined(*columns, named(compiler.next_at(), "next_us"))
    next_at = named(fn("make_timestamptz", col("next_us")), "next_at")
    result = exp.select(col("customer_id"), *answers, next_at, copy=False).from_(table("leaves"), copy=False)
    return Plan([*compiler.sources(), ("leaves", leaves), ("result", result)], compiler.params.values)
