"""Many tags as one query of named steps: the same passes that conditions have, then one row per value."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from onepool.audience.conditions.compiler.answering import Values
from onepool.audience.conditions.compiler.needs import Starts
from onepool.audience.conditions.compiler.plan import Compiler
from onepool.audience.conditions.compiler.scope import Scope, table
from onepool.audience.conditions.compiler.sql import E
from onepool.audience.conditions.compiler.steps import Prepared, Views, bound, text_of, with_steps
from onepool.audience.conditions.explain import leaf_columns
from onepool.audience.conditions.names import Context
from onepool.audience.tags.assembled import ROW, Nothing, alarms, plain, rows
from onepool.audience.tags.expression.compiled import expression
from onepool.audience.tags.given import given
from onepool.audience.tags.measures import attribute, first_last, metric, sequence, state, truth
from onepool.audience.tags.model import (
    AttributeTag,
    ExpressionTag,
    FirstLastTag,
    ImportTag,
    MetricTag,
    PreferenceTag,
    RfmTag,
    SequenceTag,
    StateTag,
    TagDefinition,
)
from onepool.audience.tags.population import (
    POPULATION,
    Populations,
    load_populations,
    population_table,
    save_populations,
)
from onepool.audience.tags.preference import preference
from onepool.audience.tags.scored import quiet_states, rfm
from onepool.audience.tags.steps import MEASURED, Parts, steps_of
from onepool.audience.tags.uses import needs_population
from onepool.pool import Session

_ARRAYS = "measured by arrays"


@dataclass
class TagPlan:
    """Named steps for all of the tags, and what the last run learned of the population.

    `run` gives rows `customer_id, tag, value, number, list, next_at`: one per customer and tag that has a value, and
    one with an empty tag per customer whose values may change without a new event, with the instant (see `next_at`
    of conditions).

    Tags cut by percent or rank, and lifts, compare a customer with all customers. What is compared with (cut points,
    average shares) is measured by a run over all customers and belongs to its result: keep it with `save_populations`,
    and runs over some customers compare with what was kept. Where nothing was kept they measure it first.
    """

    made: Callable[[], list[tuple[str, exp.Query]]]
    """Writes the steps: where arrays answer they are not needed."""
    params: Mapping[str, object]
    scope: Scope
    comparing: Mapping[str, TagDefinition]
    measuring: Callable[[Mapping[str, TagDefinition]], TagPlan]
    measures: bool
    tags: Mapping[str, TagDefinition] = field(default_factory=dict)
    populations: Populations = field(default_factory=dict)
    starts: Starts = field(default_factory=dict)
    """The events that all of it reads, each from which instant."""
    at: int = 0
    """The instant, in microseconds."""
    before: Sequence[Prepared] = ()
    """What kernels answer; `run` has these answers made, as relations of the session that the steps read."""
    arrays: Values | None = None
    """The step `measured` answered by the behaviour index, where it can be."""
    parts: Parts | None = None
    without: Callable[[Collection[str], bool], list[tuple[str, exp.Query]]] | None = None
    """The steps without the rows of some tags, and without when anything measured may turn."""
    kept: bool = False
    """Whether the step `measured` is in the session already (`keep_measured`)."""
    narrowed: Callable[[], list[tuple[str, exp.Query]]] | None = None
    """The steps as far as `measured`, without when anything may turn, and with the reasons of all conditions."""
    after: Callable[[list[tuple[str, exp.Query]]], list[tuple[str, exp.Query]]] | None = None
    """All steps, given those as far as `measured`."""
    compiler: Compiler | None = None
    """What knows the conditions, where reasons are asked for too."""

    @cached_property
    def steps(self) -> list[tuple[str, exp.Query]]:
        """The steps, in order."""
        return self.made()

    @property
    def query(self) -> exp.Query:
        """All steps as one statement."""
        return with_steps(self.steps)

    def text(self, dialect: str = "duckdb") -> str:
        """The steps for reading."""
        parts = [one.text(dialect) for one in self.before]
        return "\n\n".join([*parts, *(f"-- {name}\n{query.sql(dialect, pretty=True)}" for name, query in self.steps)])

    def run(self, session: Session, views: Views | None = None) -> pa.Table:
        """Evaluate. `populations` is set afterwards. `views`: of the behaviour index, for sequences of everybody."""
        if self.comparing and not self.measures:
            self.populations = self._kept(session)
            session.relation(POPULATION, population_table(self.populations))
        assembled, steps = self._measured(session, views)
        if not steps:
            return pa.concat_tables(assembled)
        text = text_of(steps)
        found = session.query(text, bound(text, self.params))
        of_customers = pc.is_valid(found.column("customer_id"))
        if self.comparing and self.measures:
            learned = found.filter(pc.invert(of_customers)).to_pylist()
            self.populations = {name: {} for name in self.comparing}
            for row in learned:
                self.populations[row["tag"]][row["value"]] = row["number"]
        found = found.filter(of_customers)
        return pa.concat_tables([*assembled, found.select(ROW.names).cast(ROW)]) if assembled else found

    def keep_measured(self, session: Session) -> dict[str, Any]:
        """Of a plan over one customer: have the step `measured` made, and return its columns; `run` reads it then, so
        that who wants both does not pay twice. When the value may turn is not asked."""
        assert self.narrowed is not None
        for one in self.before:
            one.run(session)
        text = text_of(self.narrowed())
        found = session.query(text, bound(text, self.params))
        session.relation(_ARRAYS, found)
        self.kept = True
        rows_: list[dict[str, Any]] = found.to_pylist()
        return rows_[0] if rows_ else {}

    def _measured(self, session: Session, views: Views | None) -> tuple[list[pa.Table], list[tuple[str, exp.Query]]]:
        """(rows that need no query, the steps of all others), once what steps read beside the pool is there."""
        if self.kept:
            assert self.after is not None
            again = exp.select(exp.Star(), copy=False).from_(table(_ARRAYS), copy=False)
            return [], self.after([*self.scope.steps(), (MEASURED, again)])
        made = self.arrays.run(session, views) if views is not None and self.arrays is not None else None
        if made is None or self.parts is None or self.without is None:
            for one in self.before:
                one.run(session, views)
            return [], self.steps
        done: dict[str, pa.Table] = {}
        nothing = Nothing(made.customers.size)
        for name, parts in plain(self.tags, self.parts.measured, made).items():
            table_ = rows(name, parts, made, nothing)
            if table_ is not None:
                done[name] = table_
        told = not made.late
        assembled = [*done.values(), *([alarms(made, nothing)] if told else [])]
        if told and done.keys() == self.tags.keys():
            return assembled, []
        steps = self.without(done.keys(), told)
        after = [name for name, _ in steps].index(MEASURED) + 1
        needed = {column.name for _, step in steps[after:] for column in step.find_all(exp.Column)}
        *sources, (_, last) = made.steps(session, _ARRAYS, needed)
        return assembled, [*sources, (MEASURED, last), *steps[after:]]

    def save_populations(self, session: Session) -> None:
        """Keep what the run over all customers measured, for later runs over some."""
        if self.measures:
            save_populations(session, self.populations)

    def _kept(self, session: Session) -> Populations:
        given = {name: kept for name, kept in self.populations.items() if name in self.comparing}
        known = {**load_populations(session, [name for name in self.comparing if name not in given]), **given}
        missing = {name: tag for name, tag in self.comparing.items() if name not in known}
        if missing:
            plan = self.measuring(missing)
            plan.run(session)
            known |= plan.populations
        return known


def compile_tags(
    tags: Mapping[str, TagDefinition],
    at: datetime,
    scope: Scope,
    ctx: Context,
    populations: Populations | None = None,
    *,
    evidence: bool = False,
) -> TagPlan:
    """One plan for all of the tags at one instant. A tag that uses another one of the plan reads its old value.

    `populations`: compare with these and not with what a run over all customers measures (or what was kept).
    `evidence`: of one customer, what `keep_measured` returns has the reasons of all conditions too (`leaf_columns`).
    """
    comparing = {name: tag for name, tag in tags.items() if needs_population(tag)}
    measures = scope.everyone and not set(comparing) <= set(populations or {})
    compiler = Compiler(at, scope, ctx, evidence=evidence)
    parts = Parts()
    for name, tag in tags.items():
        match tag:
            case AttributeTag():
                parts.measured[name] = attribute(compiler, tag)
            case FirstLastTag():
                parts.measured[name] = first_last(compiler, tag)
            case MetricTag():
                parts.measured[name] = metric(compiler, tag)
            case PreferenceTag():
                parts.preferences[name] = preference(compiler, name, tag)
            case SequenceTag():
                parts.measured[name] = sequence(compiler, tag)
            case StateTag() if any(rule.quiet is not None for rule in tag.states):
                truths = [None if rule.when is None else truth(compiler, rule.when) for rule in tag.states]
                parts.scored[name] = quiet_states(compiler, name, tag, truths)
            case StateTag():
                parts.measured[name] = state(compiler, tag)
            case RfmTag():
                parts.scored[name] = rfm(compiler, name, tag)
            case ExpressionTag():
                parts.scored[name] = expression(compiler, name, tag)
            case ImportTag():
                parts.given[name] = given(compiler, name, tag)
            case _:
                raise ValueError(f"the kind {tag.kind} is computed as a whole (tags/computed.py)")
    turns = [turn for turn in (*compiler.turns(), *parts.turns()) if not _never(turn)]
    arrays = Values(compiler, {one.alias: one.this for one in parts.columns()}, turns) if scope.everyone else None

    def measuring(some: Mapping[str, TagDefinition]) -> TagPlan:
        return compile_tags(some, at, Scope.all(), ctx)

    def made() -> list[tuple[str, exp.Query]]:
        return steps_of(compiler, tags, parts, turns, measures)

    def without(some: Collection[str], told: bool) -> list[tuple[str, exp.Query]]:
        return steps_of(compiler, tags, parts, turns, measures, some, told=told)

    def narrowed() -> list[tuple[str, exp.Query]]:
        *sources, (_, last) = compiler.narrowed([*parts.columns(), *(leaf_columns(compiler) if evidence else ())])
        return [*sources, (MEASURED, last)]

    def after(measured: list[tuple[str, exp.Query]]) -> list[tuple[str, exp.Query]]:
        return steps_of(compiler, tags, parts, turns, measures, told=True, measured=measured)

    return TagPlan(
        made, compiler.params.values, scope, comparing, measuring, measures, tags, dict(populations or {}),
        compiler.starts(), compiler.reader.at, compiler.prepared(), arrays, parts, without,
        narrowed=narrowed, after=after, compiler=compiler if evidence else None,
    )  # fmt: skip


def _never(turn: E) -> bool:
    return isinstance(turn, exp.Cast) and isinstance(turn.this, exp.Null)
