"""What a tag is made of, per customer: over the columns of the joined steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlglot import exp

from onepool.audience.conditions.compiler.behaviour import oldest_leaves, standing_turns
from onepool.audience.conditions.compiler.events import EventPass, Matching
from onepool.audience.conditions.compiler.figures import figure, happened
from onepool.audience.conditions.compiler.plan import Compiler
from onepool.audience.conditions.compiler.sql import E, col, every, filtered, fn, micros, order_key, paren, wall, when
from onepool.audience.conditions.model import Condition, Window
from onepool.audience.conditions.names import find_field
from onepool.audience.tags.model import AttributeTag, FigureSource, FirstLastTag, MetricTag, SequenceTag, StateTag

NUMERIC = ("BIGINT", "DOUBLE", "DECIMAL(18,4)")


@dataclass
class Measured:
    """A tag's value and number per customer (`text` turns the value's type into text); NULL: none."""

    value: E | None = None
    number: E | None = None
    text: Callable[[E], E] = lambda value: value
    turns: list[E] = field(default_factory=list)


def attribute(compiler: Compiler, tag: AttributeTag) -> Measured:
    name = tag.source.attribute
    sql_type = str(compiler.ctx.names.attributes[name])
    ahead = [micros(col("facts_ahead"))]
    if tag.map is None:
        number = compiler.facts.typed_value(name) if sql_type in NUMERIC else None
        return Measured(compiler.facts.value(name), _double(number), turns=ahead)
    text = compiler.params.text
    known = compiler.facts.value(name)
    cases: list[tuple[E, E]] = [
        (exp.EQ(this=known.copy(), expression=text(key)), text(value)) for key, value in tag.map.items()
    ]
    if tag.otherwise is not None:
        cases.append((exp.Not(this=exp.Is(this=known.copy(), expression=exp.null())), text(tag.otherwise)))
    return Measured(when(*cases), turns=ahead)


def first_last(compiler: Compiler, tag: FirstLastTag) -> Measured:
    """The field at the least (greatest) key of all the events named."""
    events, first = compiler.events, tag.take == "first"
    here = find_field(tag.source.field, compiler.ctx.names)
    sql_type = "VARCHAR" if here.source == "json" else here.type
    found: list[tuple[E, E]] = []
    turns: list[E] = []
    for event in dict.fromkeys(tag.source.did):
        matching = events.match(event, tag.source.behaviour(tag.within))
        family = matching.family
        raw = events.reader.json_value(here, "VARCHAR") if here.source == "json" else col(here.name)
        value = events.column(family, raw)
        key = events.column(family, order_key(col("time"), col("seq")))
        condition = every([matching.inside, exp.Not(this=exp.Is(this=value, expression=exp.null()))])
        pick, extreme = ("arg_min", exp.Min) if first else ("arg_max", exp.Max)
        found.append(
            (
                events.measure(family, filtered(extreme(this=key), condition)),
                events.measure(family, filtered(fn(pick, value, key), condition)),
            )
        )
        turns += standing_turns(events, matching) + oldest_leaves(events, matching)
    value = found[0][1]
    if len(found) > 1:
        best = exp.func("LEAST" if first else "GREATEST", *(key for key, _ in found))
        value = when(*((exp.EQ(this=key.copy(), expression=best.copy()), value) for key, value in found))
    number = _double(value) if sql_type in NUMERIC else None
    return Measured(value, number, text=lambda one: as_text(one, sql_type, compiler.ctx.zone), turns=turns)


def metric(compiler: Compiler, tag: MetricTag) -> Measured:
    value, turns = figure_over(compiler, tag.source, tag.within)
    if tag.over is not None:
        below, more = figure_over(compiler, tag.over, tag.within)
        value = exp.Div(this=value, expression=exp.Nullif(this=below, expression=exp.Literal.number(0)))
        turns += more
    return Measured(number=value, text=number_text, turns=turns)


def figure_over(compiler: Compiler, source: FigureSource, within: Window | None) -> tuple[E, list[E]]:
    """A figure per customer as DOUBLE (NULL without a matching event), and when it may turn."""
    events = compiler.events
    matching = events.match(source.did[0], source.behaviour(within))
    name, of = source.figure()
    value, _ = figure(events, matching, name, of, source.currency)
    once = exp.GT(this=happened(events, matching), expression=exp.Literal.number(0))
    number = when((once, exp.cast(value, "DOUBLE")))
    return number, _turns(events, matching)


def _turns(events: EventPass, matching: Matching) -> list[E]:
    return standing_turns(events, matching) + oldest_leaves(events, matching)


def state(compiler: Compiler, tag: StateTag) -> Measured:
    text = compiler.params.text
    cases: list[tuple[E, E]] = []
    for rule in tag.states:
        assert rule.when is not None
        cases.append((truth(compiler, rule.when), text(rule.value)))
    return Measured(when(*cases, otherwise=text(tag.otherwise) if tag.otherwise is not None else None))


def sequence(compiler: Compiler, tag: SequenceTag) -> Measured:
    text = compiler.params.text
    otherwise = text(tag.otherwise) if tag.otherwise is not None else None
    return Measured(when((truth(compiler, tag.leaf()), text(tag.value)), otherwise=otherwise))


def truth(compiler: Compiler, condition: Condition) -> E:
    """A condition over the joined steps themselves, not over the columns of its leaves."""
    # Conditions speak of the columns of the leaves; here they stand beside them, so the truths are put in directly.
    return compiler.condition(condition).transform(_inlined(compiler))


def _inlined(compiler: Compiler) -> Callable[[exp.Expr], exp.Expr]:
    truths = {name: leaf.truth for name, leaf in compiler.leaves.values()}

    def replace(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column) and node.name in truths:
            return paren(truths[node.name].copy())
        return node

    return replace


def number_text(value: E) -> E:
    """A number as people write it: up to four decimals, no idle zeros."""
    fixed = exp.cast(exp.TryCast(this=value, to=exp.DataType.build("DECIMAL(38, 4)")), "VARCHAR")
    return fn("rtrim", fn("rtrim", fixed, exp.Literal.string("0")), exp.Literal.string("."))


def as_text(value: E, sql_type: str, zone: str) -> E:
    """A typed value as a tag's text; instants as wall time of the workspace."""
    if sql_type in NUMERIC:
        return number_text(value)
    if sql_type == "TIMESTAMPTZ":
        return fn("strftime", wall(value, zone), exp.Literal.string("%Y-%m-%d %H:%M:%S"))
    if sql_type == "VARCHAR[]":
        return fn("to_json", value)
    return value if sql_type == "VARCHAR" else exp.cast(value, "VARCHAR")


def _double(value: E | None) -> E | None:
    return None if value is None else exp.cast(value.copy(), "DOUBLE")
