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
from onepool.audience.conditions.compiler.facts import tag_past
from onepool.audience.conditions.compiler.needs import Starts
from onepool.audience.conditions.compiler.plan import Compiler, earliest
from onepool.audience.conditions.compiler.scope import Scope, table, union
from onepool.audience.conditions.compiler.sql import E, col, fn, instant, named, order_key
from onepool.audience.conditions.compiler.steps import Prepared, Views, bound, text_of, with_steps
from onepool.audience.conditions.names import Context
from onepool.audience.tags.assembled import ROW, alarms, plain, rows
from onepool.audience.tags.expression.compiled import expression
from onepool.audience.tags.given import given
from onepool.audience.tags.measures import Measured, attribute, first_last, metric, sequence, state, truth
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
    cut_points,
    labelled,
    load_populations,
    population_table,
    save_populations,
)
from onepool.audience.tags.preference import Preference, preference
from onepool.audience.tags.scored import Scored, quiet_states, rfm
from onepool.audience.tags.uses import compares, needs_population
from onepool.pool import Session

COLUMNS = ("customer_id", "tag", "value", "number", "list", "next_at")

MEASURED = "measured"
"""The step with a row for each customer that all values are made of."""
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
    parts: _Parts | None = None
    without: Callable[[Collection[str], bool], list[tuple[str, exp.Query]]] | None = None
    """The steps without the rows of some tags, and without when anything measured may turn."""
    kept: bool = False
    """Whether the step `measured` is in the session already (`keep_measured`)."""

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
        that who wants both does not pay twice."""
        for one in self.before:
            one.run(session)
        after = [name for name, _ in self.steps].index(MEASURED) + 1
        text = text_of(self.steps[:after])
        found = session.query(text, bound(text, self.params))
        session.relation(_ARRAYS, found)
        self.kept = True
        rows_: list[dict[str, Any]] = found.to_pylist()
        return rows_[0] if rows_ else {}

    def _measured(self, session: Session, views: Views | None) -> tuple[list[pa.Table], list[tuple[str, exp.Query]]]:
        """(rows that need no query, the steps of all others), once what steps read beside the pool is there."""
        if self.kept:
            after = [name for name, _ in self.steps].index(MEASURED) + 1
            again = exp.select(exp.Star()).from_(table(_ARRAYS))
            return [], [*self.scope.steps(), (MEASURED, again), *self.steps[after:]]
        made = self.arrays.run(session, views) if views is not None and self.arrays is not None else None
        if made is None or self.parts is None or self.without is None:
            for one in self.before:
                one.run(session, views)
            return [], self.steps
        done: dict[str, pa.Table] = {}
        for name, parts in plain(self.tags, self.parts.measured, made).items():
            table_ = rows(name, parts, made)
            if table_ is not None:
                done[name] = table_
        told = not made.late
        assembled = [*done.values(), *([alarms(made)] if told else [])]
        if told and done.keys() == self.tags.keys():
            return assembled, []
        steps = self.without(done.keys(), told)
        *sources, (_, last) = made.steps(session, _ARRAYS)
        after = [name for name, _ in steps].index(MEASURED) + 1
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
) -> TagPlan:
    """One plan for all of the tags at one instant. A tag that uses another one of the plan reads its old value.

    `populations`: compare with these and not with what a run over all customers measures (or what was kept).
    """
    comparing = {name: tag for name, tag in tags.items() if needs_population(tag)}
    measures = scope.everyone and not set(comparing) <= set(populations or {})
    compiler = Compiler(at, scope, ctx)
    parts = _Parts()
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
        return _steps(compiler, tags, parts, turns, measures)

    def without(some: Collection[str], told: bool) -> list[tuple[str, exp.Query]]:
        return _steps(compiler, tags, parts, turns, measures, some, told=told)

    return TagPlan(
        made, compiler.params.values, scope, comparing, measuring, measures, tags, dict(populations or {}),
        compiler.starts(), compiler.reader.at, compiler.prepared(), arrays, parts, without,
    )  # fmt: skip


@dataclass
class _Parts:
    """What each tag is made of, by the way its kind is computed."""

    measured: dict[str, Measured] = field(default_factory=dict)
    preferences: dict[str, Preference] = field(default_factory=dict)
    scored: dict[str, Scored] = field(default_factory=dict)
    given: dict[str, exp.Query] = field(default_factory=dict)

    def turns(self) -> list[E]:
        """When any of them may turn, over the joined steps."""
        found = [turn for each in self.measured.values() for turn in each.turns]
        found += [turn for each in self.preferences.values() for turn in each.turns]
        return found + [turn for each in self.scored.values() for turn in each.turns]

    def columns(self) -> list[exp.Alias]:
        """The columns of the step `measured`."""
        found: list[exp.Alias] = []
        for name, one in self.measured.items():
            found += [named(one.value, f"{name} value")] if one.value is not None else []
            found += [named(one.number, f"{name} number")] if one.number is not None else []
        return found + [named(value, column) for each in self.scored.values() for column, value in each.columns]


def _steps(
    compiler: Compiler, tags: Mapping[str, TagDefinition], parts: _Parts, turns: list[E], measures: bool,
    without: Collection[str] = (), *, told: bool = False,
) -> list[tuple[str, exp.Query]]:  # fmt: skip
    """`without`: tags whose rows others give; `told`: others say when anything measured may turn."""
    next_us = earliest(list({turn.sql("duckdb", copy=False): turn for turn in turns}.values()))
    steps = [*compiler.sources(), (MEASURED, compiler.joined(*parts.columns(), named(next_us, "next_us")))]
    for liked in parts.preferences.values():
        steps += liked.steps
    for each in parts.scored.values():
        steps += each.steps
    steps += [(f"{name} given", query) for name, query in parts.given.items()]
    compared = _compare(tags, parts, steps, measures)
    steps += [liked.best for liked in parts.preferences.values()]
    answers: list[exp.Query] = [] if told else [_alarms(MEASURED)]
    answers += [_alarms(f"{name} scored") for name in parts.scored]
    answers += [_answer(name, tag, parts) for name, tag in tags.items() if name not in without]
    steps += [("found", union(answers))]
    final: list[exp.Query] = [exp.select(*(col(name) for name in COLUMNS)).from_(table("found"))]
    kept = [name for name, tag in tags.items() if tag.when_missing == "keep_last"]
    if kept:
        steps.append(("kept", _kept(compiler, kept)))
        final.append(_still(kept))
    if compared:
        learned = _row(None, tag=col("tag"), value=col("key"), number=col("number"))
        final.append(exp.select(*learned).from_(table(POPULATION)))
    steps.append(("result", union(final)))
    return steps


def _compare(
    tags: Mapping[str, TagDefinition], parts: _Parts, steps: list[tuple[str, exp.Query]], measures: bool
) -> bool:
    """Add the scored steps and, where it is measured, the population. Returns whether it is.

    Layers of a formula that compares itself are cut in a second round, over its scores.
    """
    first: list[exp.Query] = []
    second: list[exp.Query] = []
    if measures:
        for name, tag in tags.items():
            if isinstance(tag, MetricTag) and tag.cut is not None:
                first += cut_points(name, tag.cut, MEASURED, col(f"{name} number"))
        first += [each.population for each in parts.preferences.values() if each.population is not None]
        first += [query for each in parts.scored.values() for query in each.populations]
        for name, each in parts.scored.items():
            if each.cut is not None and compares(each.cut):
                second += cut_points(name, each.cut, f"{name} scored", col("number"))
    source = POPULATION
    if second and first:
        source = f"{POPULATION} first"
    if first:
        steps.append((source, union(first)))
    steps += [(f"{name} scored", each.step(source)) for name, each in parts.scored.items()]
    if second:
        again = [exp.select(exp.Star()).from_(table(source))] if first else []
        steps.append((POPULATION, union([*again, *second])))
    return bool(first or second)


def _alarms(step: str) -> exp.Query:
    return (
        exp.select(*_row("customer_id", next_at=fn("make_timestamptz", col("next_us"))))
        .from_(table(step))
        .where(exp.Not(this=exp.Is(this=col("next_us"), expression=exp.null())))
    )


def _answer(name: str, tag: TagDefinition, parts: _Parts) -> exp.Query:
    title = exp.Literal.string(name)
    if name in parts.preferences:
        first = fn("list_extract", col("list"), exp.Literal.number(1))
        best = parts.preferences[name].best[0]
        return exp.select(*_row("customer_id", tag=title, value=first, list_=col("list"))).from_(table(best))
    if name in parts.scored:
        value: E = col("value")
        if parts.scored[name].cut is not None:
            value = labelled(name, parts.scored[name].cut, col("number"))  # type: ignore[arg-type]
        rows = exp.select(*_row("customer_id", tag=title, value=value, number=col("number")))
        return rows.from_(table(f"{name} scored")).where(exp.Not(this=exp.Is(this=col("value"), expression=exp.null())))
    if name in parts.given:
        rows = exp.select(*_row("customer_id", tag=title, value=col("value"), number=col("number")))
        return rows.from_(table(f"{name} given")).where(exp.Not(this=exp.Is(this=col("value"), expression=exp.null())))
    measured = parts.measured[name]
    number = col(f"{name} number") if measured.number is not None else None
    value = measured.text(col(f"{name} value") if measured.value is not None else col(f"{name} number"))
    present: E = col(f"{name} value") if measured.value is not None else col(f"{name} number")
    if isinstance(tag, MetricTag) and tag.cut is not None:
        value = labelled(name, tag.cut, col(f"{name} number"))
    query = exp.select(*_row("customer_id", tag=title, value=value, number=number)).from_(table(MEASURED))
    return query.where(exp.Not(this=exp.Is(this=present, expression=exp.null())))


_DATA_TYPES = {
    kind: exp.DataType.build(kind, dialect="duckdb")
    for kind in ("BIGINT", "VARCHAR", "DOUBLE", "VARCHAR[]", "TIMESTAMPTZ")
}


def _row(
    customer: str | None,
    tag: E | None = None,
    value: E | None = None,
    number: E | None = None,
    list_: E | None = None,
    next_at: E | None = None,
) -> list[E]:
    given = (col(customer) if customer else None, tag, value, number, list_, next_at)
    types = ("BIGINT", "VARCHAR", "VARCHAR", "DOUBLE", "VARCHAR[]", "TIMESTAMPTZ")
    return [
        named(exp.cast(one if one is not None else exp.null(), _DATA_TYPES[kind].copy(), copy=False), name)
        for one, kind, name in zip(given, types, COLUMNS, strict=True)
    ]


def _kept(compiler: Compiler, names: list[str]) -> exp.Query:
    """The last values of tags that keep them."""
    tags = [compiler.params.text(name) for name in names]
    these = exp.In(this=col("tag"), expressions=tags)
    owned = exp.In(this=col("customer_id"), query=exp.select(col("customer_id")).from_(table("customers")).subquery())
    values = [col("value"), col("number"), col("list")]
    if not compiler.ctx.past_tags:
        query = exp.select(col("customer_id"), col("tag"), *values).from_(table("tag_values"))
        return query.where(these, owned)
    key = order_key(col("as_of"), col("change_id"))
    latest = [named(fn("arg_max_null", value, key), value.name) for value in values]
    before = exp.LTE(this=col("as_of"), expression=instant(compiler.reader.at))
    past = tag_past(compiler.reader.at)
    query = exp.select(col("customer_id"), col("tag"), *latest).from_(past).where(these, owned, before)
    return query.group_by(col("customer_id"), col("tag"))


def _still(names: list[str]) -> exp.Query:
    """Kept values of customers for whom none was found now."""
    found = (
        exp.select(col("customer_id"), col("tag"))
        .from_(table("found"))
        .where(exp.Not(this=exp.Is(this=col("tag"), expression=exp.null())))
    )
    pair = exp.Tuple(expressions=[col("customer_id"), col("tag")])
    row = _row("customer_id", tag=col("tag"), value=col("value"), number=col("number"), list_=col("list"))
    some = exp.func("COALESCE", col("value"), exp.cast(col("number"), "VARCHAR"), exp.cast(col("list"), "VARCHAR"))
    return (
        exp.select(*row)
        .from_(table("kept"))
        .where(
            exp.Not(this=exp.In(this=pair, query=found.subquery())),
            exp.Not(this=exp.Is(this=some, expression=exp.null())),
        )
    )


def _never(turn: E) -> bool:
    return isinstance(turn, exp.Cast) and isinstance(turn.this, exp.Null)
