"""Kinds whose value is made of measures and of what all customers look like: RFM, and states that ask who is quiet.

Measures are columns of the step `measured`; what customers are compared with is measured over all of them, in whole
microseconds and four decimals so that it is the same in any order of rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlglot import exp

from onepool.audience.conditions.compiler.behaviour import newest, oldest_leaves, standing_turns
from onepool.audience.conditions.compiler.figures import days, figure, happened
from onepool.audience.conditions.compiler.plan import Compiler, earliest
from onepool.audience.conditions.compiler.scope import table
from onepool.audience.conditions.compiler.sql import (
    E,
    both,
    certain,
    col,
    filtered,
    micros,
    named,
    number,
    paren,
    when,
)
from onepool.audience.tags.base import Cut
from onepool.audience.tags.further import RfmTag
from onepool.audience.tags.model import Quiet, StateTag
from onepool.audience.tags.population import keyed, known, percent_of, point_of
from onepool.audience.tags.preference import matching_rows
from onepool.audience.tags.rfm_cells import cell_labels

DAY = 86_400_000_000
_MONEY = "DECIMAL(38, 4)"


@dataclass
class Scored:
    """A tag that is valued after the population is known.

    `columns`: for the step `measured`; `steps`: further ones over it; `populations`: rows (tag, key, number) over
    those; `step`: given the relation of the population, (customer_id, value, number, next_us) of who has a value.
    """

    columns: list[tuple[str, E]]
    step: Callable[[str], exp.Query]
    populations: list[exp.Query] = field(default_factory=list)
    steps: list[tuple[str, exp.Query]] = field(default_factory=list)
    turns: list[E] = field(default_factory=list)
    cut: Cut | None = None


def answer(value: E | None, figure_of: E | None, turn: E | None, source: exp.Select, present: E) -> exp.Query:
    """The columns of a scored step."""
    wanted = ((value, "VARCHAR", "value"), (figure_of, "DOUBLE", "number"), (turn, "BIGINT", "next_us"))
    columns = [
        named(exp.cast(one if one is not None else exp.null(), kind, copy=False), name) for one, kind, name in wanted
    ]
    return source.select(col("customer_id"), *columns, append=False, copy=False).where(present, copy=False)


def rfm(compiler: Compiler, name: str, tag: RfmTag) -> Scored:
    events = compiler.events
    matching = events.match(tag.source.did[0], tag.source.behaviour(tag.within))
    last = micros(events.measure(matching.family, filtered(exp.Max(this=col("time")), matching.inside)))
    often = happened(events, matching) if tag.frequency == "times" else days(events, matching)
    money, _ = figure(events, matching, "sum", tag.source.sum, tag.source.currency)
    age = exp.Sub(this=number(compiler.reader.at), expression=last)
    recency, frequency, monetary = (f"{name} {one}" for one in ("recency", "frequency", "monetary"))
    paid = exp.func("COALESCE", exp.cast(money, _MONEY), exp.cast(number(0), _MONEY))
    columns = [(recency, age), (frequency, often), (monetary, paid)]
    populations = _rfm_points(name, tag, recency, frequency, monetary)

    def step(population: str) -> exp.Query:
        points = [
            [_given(tag, dimension, place, population, name) for place in range(1 if tag.cells == 8 else 4)]
            for dimension in ("recency", "frequency", "monetary")
        ]
        old, often_, much = col(recency), col(frequency), col(monetary)
        least = exp.GTE if tag.by == "value" else exp.GT
        late = [certain(exp.GT(this=old, expression=exp.cast(one, "BIGINT", copy=False))) for one in points[0]]
        scores = [
            exp.Sub(this=number(len(late) + 1), expression=paren(_count(late))),
            exp.Add(this=number(1), expression=_count([_over(least, often_, one, "DOUBLE") for one in points[1]])),
            exp.Add(this=number(1), expression=_count([_over(least, much, one, _MONEY) for one in points[2]])),
        ]
        cell: E = exp.func("CONCAT", *(exp.cast(paren(score), "VARCHAR", copy=False) for score in scores))
        labels = [(cell_, label) for cell_, label in cell_labels(tag).items() if label != cell_]
        if labels:
            found = exp.Case(this=cell)
            for one, label in labels:
                found = found.when(exp.Literal.string(one), compiler.params.text(label), copy=False)
            cell = found.else_(cell, copy=False)
        turns = [
            when((exp.Not(this=passed), exp.Add(this=_last(compiler, old), expression=_after(one))))
            for passed, one in zip(late, points[0], strict=True)
        ]
        present = exp.Not(this=exp.Is(this=col(recency), expression=exp.null()))
        return answer(cell, None, earliest(turns), exp.select().from_(table("measured")), present)

    return Scored(columns, step, populations, turns=standing_turns(events, matching) + oldest_leaves(events, matching))


def _rfm_points(name: str, tag: RfmTag, recency: str, frequency: str, monetary: str) -> list[exp.Query]:
    found: list[exp.Query] = []
    buyers = exp.Not(this=exp.Is(this=col(recency), expression=exp.null()))
    for dimension, column in (("recency", recency), ("frequency", frequency), ("monetary", monetary)):
        value = when((buyers.copy(), col(column)))
        if tag.by == "rank":
            for place, percent in enumerate([50] if tag.cells == 8 else [20, 40, 60, 80]):
                points = percent_of("measured", value, percent)
                found.append(keyed(name, f"{dimension}{place}", _doubled(points)))
        elif tag.by == "mean":
            total, of_all = exp.Sum(this=value), exp.Count(this=value.copy(), big_int=True)
            if dimension == "recency":
                mean: E = exp.IntDiv(this=total, expression=of_all)
            else:
                mean = exp.Div(this=exp.cast(total, "DOUBLE"), expression=of_all)
            if dimension == "monetary":
                mean = exp.Round(this=mean, decimals=number(4))
            query = exp.select(named(exp.cast(mean, "DOUBLE"), "number")).from_(table("measured"))
            found.append(keyed(name, f"{dimension}0", query))
    return found


def _given(tag: RfmTag, dimension: str, place: int, population: str, name: str) -> E:
    """A cut: microseconds, purchases, money."""
    if tag.at is None:
        return point_of(name, f"{dimension}{place}", population)
    value = getattr(tag.at, dimension)[place]
    return number(round(value * DAY)) if dimension == "recency" else exp.Literal.string(str(value))


def _over(test: type[exp.Binary], value: E, point: E, kind: str) -> E:
    return certain(test(this=exp.cast(value, kind, copy=False), expression=exp.cast(point, kind, copy=False)))


def _count(truths: list[E]) -> E:
    found: E = exp.cast(truths[0], "INT", copy=False)
    for truth in truths[1:]:
        found = exp.Add(this=found, expression=exp.cast(truth, "INT", copy=False))
    return found


def _last(compiler: Compiler, age: E) -> E:
    return exp.Sub(this=number(compiler.reader.at), expression=age)


def _after(span: E) -> E:
    return exp.Add(this=exp.cast(span, "BIGINT", copy=False), expression=number(1))


def _doubled(points: exp.Query) -> exp.Query:
    return exp.select(named(exp.cast(exp.column("number"), "DOUBLE"), "number")).from_(points.subquery("points"))


def quiet_states(compiler: Compiler, name: str, tag: StateTag, truths: list[E | None]) -> Scored:
    """A state some of whose rules ask who is quiet. `truths`: of its other rules, by place."""
    columns: list[tuple[str, E]] = []
    populations: list[exp.Query] = []
    steps: list[tuple[str, exp.Query]] = []
    turns: list[E] = []
    owns: list[str] = []
    for place, (rule, truth) in enumerate(zip(tag.states, truths, strict=True)):
        if rule.quiet is None:
            assert truth is not None
            columns.append((f"{name} rule{place}", truth))
            continue
        events = compiler.events
        matching = events.match(rule.quiet.did[0], rule.quiet.behaviour(None))
        last = events.measure(matching.family, filtered(exp.Max(this=col("time")), matching.inside))
        columns.append((f"{name} last{place}", micros(last)))
        if compiler.evidence:
            columns.append((f"{name} events{place}", newest(events, matching)))
        turns += standing_turns(events, matching)
        gaps = f"{name} gaps{place}"
        if compiler.scope.everyone or rule.quiet.of == "own":
            steps.append((gaps, _gaps(compiler, rule.quiet)))
        if compiler.scope.everyone:
            points = percent_of(gaps, col("gap"), rule.quiet.percentile)
            populations.append(keyed(name, f"quiet{place}", _doubled(points)))
        if rule.quiet.of == "own":
            owns.append(f"{name} own{place}")
            steps.append((owns[-1], _own(gaps, rule.quiet, f"{name} span{place}")))

    def step(population: str) -> exp.Query:
        source = exp.select(copy=False).from_(table("measured"), copy=False)
        for own in owns:
            shared: list[int | str | exp.Expr] = [exp.to_identifier("customer_id", quoted=True)]
            source = source.join(table(own), using=shared, join_type="left", copy=False)
        cases: list[tuple[E, E]] = []
        ends: list[E] = []
        spans: list[E] = []
        for place, rule in enumerate(tag.states):
            label = compiler.params.text(rule.value)
            if rule.quiet is None:
                cases.append((col(f"{name} rule{place}"), label))
                continue
            span: E = exp.cast(point_of(name, f"quiet{place}", population), "BIGINT")
            if rule.quiet.of == "own":
                span = exp.func("COALESCE", col(f"{name} span{place}"), span)
            # Asked once and used thrice.
            spans.append(named(exp.Add(this=col(f"{name} last{place}"), expression=paren(_after(span))), f"end{place}"))
            end = col(f"end{place}")
            quiet = certain(exp.GTE(this=number(compiler.reader.at), expression=end))
            cases.append((quiet, label))
            ends.append(when((exp.Not(this=quiet.copy()), end.copy())))
        value = when(*cases, otherwise=compiler.params.text(tag.otherwise) if tag.otherwise is not None else None)
        rules = [col(f"{name} rule{place}") for place, rule in enumerate(tag.states) if rule.quiet is None]
        until = source.select(col("customer_id"), *rules, *spans, copy=False).subquery("until", copy=False)
        rows = exp.select(col("customer_id"), named(value, "value"), named(earliest(ends), "turn"), copy=False)
        rows = rows.from_(until, copy=False)
        outer = exp.select(copy=False).from_(rows.subquery("ruled", copy=False), copy=False)
        return answer(col("value"), None, col("turn"), outer, exp.true())

    return Scored(columns, step, populations, steps, turns)


def _gaps(compiler: Compiler, quiet: Quiet) -> exp.Query:
    """(customer_id, gap): microseconds between one event and the next; less than a day apart is one occasion."""
    rows = matching_rows(compiler, quiet, quiet.did[0], None)
    order = exp.Order(expressions=[exp.Ordered(this=col("time")), exp.Ordered(this=col("seq"))])
    before = exp.Window(this=exp.Lag(this=micros(col("time"))), partition_by=[col("customer_id")], order=order)
    gap = exp.Sub(this=micros(col("time")), expression=before)
    spans = exp.select(col("customer_id"), named(gap, "gap")).from_(rows.subquery("rows"))
    whole = exp.GTE(this=col("gap"), expression=number(DAY))
    return exp.select(col("customer_id"), col("gap")).from_(spans.subquery("spans")).where(known(col("gap")), whole)


def _own(gaps: str, quiet: Quiet, column: str) -> exp.Query:
    """(customer_id, the percentile of their own gaps) of those who have enough of them."""
    place = exp.Window(
        this=exp.RowNumber(),
        partition_by=[col("customer_id")],
        order=exp.Order(expressions=[exp.Ordered(this=col("gap"))]),
    )
    of_all = exp.Window(this=exp.Count(this=exp.Star(), big_int=True), partition_by=[col("customer_id")])
    ranked = exp.select(col("customer_id"), col("gap"), named(place, "place"), named(of_all, "of_all"))
    ranked = ranked.from_(table(gaps))
    share = round(quiet.percentile * 10_000)
    high = exp.GTE(
        this=exp.Mul(this=col("place"), expression=number(1_000_000)),
        expression=exp.Mul(this=col("of_all"), expression=number(share)),
    )
    enough = exp.GTE(this=col("of_all"), expression=number(quiet.min_intervals))
    found = exp.select(col("customer_id"), named(exp.Min(this=col("gap")), column)).from_(ranked.subquery("ranked"))
    return found.where(both(high, enough)).group_by(col("customer_id"))
