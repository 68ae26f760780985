"""The named steps of a plan of tags: what is measured, compared with the population, and one row per value."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from onepool.audience.conditions.compiler.facts import tag_past
from onepool.audience.conditions.compiler.plan import Compiler, earliest
from onepool.audience.conditions.compiler.scope import table, union
from onepool.audience.conditions.compiler.sql import E, col, fn, instant, named, order_key
from onepool.audience.tags.measures import Measured
from onepool.audience.tags.model import MetricTag, TagDefinition
from onepool.audience.tags.population import POPULATION, cut_points, labelled
from onepool.audience.tags.preference import Preference
from onepool.audience.tags.scored import Scored
from onepool.audience.tags.uses import compares

COLUMNS = ("customer_id", "tag", "value", "number", "list", "next_at")

MEASURED = "measured"
"""The step with a row for each customer that all values are made of."""


@dataclass
class Parts:
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


def steps_of(
    compiler: Compiler, tags: Mapping[str, TagDefinition], parts: Parts, turns: list[E], measures: bool,
    without: Collection[str] = (), *, told: bool = False, measured: list[tuple[str, exp.Query]] | None = None,
) -> list[tuple[str, exp.Query]]:  # fmt: skip
    """`without`: tags whose rows others give; `told`: others say when anything measured may turn; `measured`: the steps
    as far as `MEASURED`, where that was asked before."""
    if measured is None:
        next_us = earliest(list(dict.fromkeys(turns)))
        measured = [*compiler.sources(), (MEASURED, compiler.joined(*parts.columns(), named(next_us, "next_us")))]
    steps = list(measured)
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
    tags: Mapping[str, TagDefinition], parts: Parts, steps: list[tuple[str, exp.Query]], measures: bool
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


def _answer(name: str, tag: TagDefinition, parts: Parts) -> exp.Query:
    title = exp.Literal.string(name)
    if name in parts.preferences:
        first = fn("list_extract", col("list"), exp.Literal.number(1))
        best = parts.preferences[name].best[0]
        return exp.select(*_row("customer_id", tag=title, value=first, list_=col("list"))).from_(
            table(best), copy=False
        )
    if name in parts.scored:
        value: E = col("value")
        if parts.scored[name].cut is not None:
            value = labelled(name, parts.scored[name].cut, col("number"))  # type: ignore[arg-type]
        rows = exp.select(*_row("customer_id", tag=title, value=value, number=col("number")), copy=False)
        return _where_known(rows.from_(table(f"{name} scored"), copy=False), col("value"))
    if name in parts.given:
        rows = exp.select(*_row("customer_id", tag=title, value=col("value"), number=col("number")))
        return _where_known(rows.from_(table(f"{name} given"), copy=False), col("value"))
    measured = parts.measured[name]
    number = col(f"{name} number") if measured.number is not None else None
    value = measured.text(col(f"{name} value") if measured.value is not None else col(f"{name} number"))
    present: E = col(f"{name} value") if measured.value is not None else col(f"{name} number")
    if isinstance(tag, MetricTag) and tag.cut is not None:
        value = labelled(name, tag.cut, col(f"{name} number"))
    query = exp.select(*_row("customer_id", tag=title, value=value, number=number), copy=False)
    return _where_known(query.from_(table(MEASURED), copy=False), present)


def _where_known(query: exp.Select, value: E) -> exp.Query:
    return query.where(exp.Not(this=exp.Is(this=value, expression=exp.null())), copy=False)


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
