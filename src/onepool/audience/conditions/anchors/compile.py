"""Conditions of a journey for many runs at once: guards, branches, goals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlglot import exp

from onepool.audience.conditions.anchors.check import predicates
from onepool.audience.conditions.anchors.model import RUN, is_lent, node_column, references
from onepool.audience.conditions.anchors.passes import RUNS, RunEvents
from onepool.audience.conditions.compiler.behaviour import LeafSql, did
from onepool.audience.conditions.compiler.candidates import Steps
from onepool.audience.conditions.compiler.plan import Compiler, Plan
from onepool.audience.conditions.compiler.scope import Scope, table
from onepool.audience.conditions.compiler.sql import E, col, fn, named
from onepool.audience.conditions.compiler.steps import Prepared
from onepool.audience.conditions.errors import ConditionError, Problem
from onepool.audience.conditions.model import (
    Condition,
    DidLeaf,
    DidNotLeaf,
    Leaf,
    NodeAnchor,
    SequenceLeaf,
    walk,
)
from onepool.audience.conditions.names import Context
from onepool.audience.conditions.sequence.passes import SequencePass


class RunCompiler(Compiler):
    """Leaves that ask for nothing of a run are answered once per customer, the others once per run."""

    def __init__(self, at: datetime, relation: str, ctx: Context, carried: list[str]) -> None:
        super().__init__(at, Scope.customers(relation), ctx)
        self.runs = RunEvents(self.reader, self.scope, relation, carried)
        self.run_sequences = SequencePass(self.runs)

    def sources(self) -> list[tuple[str, exp.Query]]:
        return [*super().sources(), self.runs.runs(), *self.runs.steps()]

    def prepared(self) -> list[Prepared]:
        return [*super().prepared(), *self.run_sequences.batches]

    def joined(self, *columns: E, among: Steps | None = None) -> exp.Select:
        """A selection over all runs with what is known of each and of its customer."""
        query = exp.select(col(RUN), col("customer_id"), *columns, copy=False).from_(table(RUNS), copy=False)
        of_customers = (self.events, self.facts, self.tags, self.standing, self.sequences)
        of_runs = (self.runs, self.run_sequences)
        for key, passes in (("customer_id", of_customers), (RUN, of_runs)):
            for name in (name for one in passes for name in one.names()):
                shared: list[int | str | exp.Expr] = [exp.to_identifier(key, quoted=True)]
                query = query.join(table(name), using=shared, join_type="left", copy=False)
        return query

    def _leaf(self, leaf: Leaf) -> LeafSql:
        if carried_by(leaf):
            if isinstance(leaf, DidLeaf | DidNotLeaf):
                return did(self.runs, leaf)
            if isinstance(leaf, SequenceLeaf):
                return self.run_sequences.leaf(leaf)
        # Attributes and tags are the customer's; what they are compared with stands beside them in `runs`.
        return super()._leaf(leaf)


def carried_by(leaf: Condition) -> list[str]:
    """The columns of a relation of runs that a leaf asks for: `$entered`, `$node.x`, `$trigger.x`, `$vars.x`."""
    found: list[str] = []
    if isinstance(leaf, DidLeaf | DidNotLeaf | SequenceLeaf) and leaf.since is not None:
        found.append(node_column(leaf.since.node) if isinstance(leaf.since, NodeAnchor) else "$entered")
    for _, predicate in predicates(leaf, ""):
        for _, operand in predicate.tests():
            for reference in references(operand):
                if not is_lent(reference):
                    raise ConditionError([Problem("", f"{reference} is not put in: see with_params")])
                found.append(reference)
    return found


def compile_runs(conditions: Mapping[str, Condition], at: datetime, relation: str, ctx: Context) -> Plan:
    """One plan for all of the conditions over all runs in a relation of the session, at one instant.

    The relation has a row per run: `run_id` BIGINT, `customer_id` BIGINT, `entered_at` TIMESTAMPTZ; for each node that
    a condition counts from `node.<name>` TIMESTAMPTZ (null: not come there); for what it compares with
    `trigger.<field>` and `vars.<name>` VARCHAR: canonical text, as of attributes (null: missing, no comparison passes).

    The answer has a row per run: `run_id`, `customer_id`, a boolean per condition, and `next_at` as of
    `compile_conditions`.
    Raises ConditionError for names that the context does not have.
    """
    leaves = [leaf for condition in conditions.values() for _, leaf in walk(condition)]
    carried = list(dict.fromkeys(name for leaf in leaves for name in carried_by(leaf) if name != "$entered"))
    compiler = RunCompiler(at, relation, ctx, carried)
    answers = [named(compiler.condition(condition), name) for name, condition in conditions.items()]
    columns = [named(leaf.truth, name) for name, leaf in compiler.leaves.values()]
    found = compiler.joined(*columns, named(compiler.next_at(), "next_us"))
    next_at = named(fn("make_timestamptz", col("next_us")), "next_at")
    result = exp.select(named(col(RUN), "run_id"), col("customer_id"), *answers, next_at, copy=False)
    steps = [*compiler.sources(), ("leaves", found), ("result", result.from_(table("leaves"), copy=False))]
    return Plan(lambda: steps, compiler.params.values, compiler.prepared(), compiler.starts())
