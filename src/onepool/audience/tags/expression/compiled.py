"""Expression tags in a plan of tags."""

from __future__ import annotations

from sqlglot import exp

from onepool.audience.conditions.compiler.plan import Compiler
from onepool.audience.conditions.compiler.sql import E, certain, col, fn, micros, named
from onepool.audience.conditions.model import TagLeaf
from onepool.audience.tags.expression.sql import Lines, Writer, key_of, measured_points
from onepool.audience.tags.expression.syntax import Operation, Reference, parse_expression, walk
from onepool.audience.tags.expression.typing import POPULATION_FUNCTIONS, gives_text
from onepool.audience.tags.further import ExpressionTag
from onepool.audience.tags.measures import figure_over, number_text
from onepool.audience.tags.scored import Scored, answer


def expression(compiler: Compiler, name: str, tag: ExpressionTag) -> Scored:
    """References are columns of `measured`; operands of comparisons those of a step of their own, then the value."""
    tree = parse_expression(tag.expression)
    turns: list[E] = []
    columns: dict[str, tuple[str, E]] = {}

    def reference(node: Reference) -> E:
        key = f"{node.sort}.{node.name}"
        if key not in columns:
            value, more = _value(compiler, tag, node)
            columns[key] = (f"{name} v{len(columns)}", value)
            turns.extend(more)
        return col(columns[key][0])

    for node in walk(tree):
        if isinstance(node, Reference):
            reference(node)
    compared = _compared(tree)
    prepared = Lines(f"{name} a")
    writer = Writer(name, reference, prepared, "")
    operands = [named(writer.value(node.operands[0]), f"{name} arg{place}") for place, node in enumerate(compared)]
    source = f"{name} operands"
    kept = [col("customer_id"), *(col(column) for column, _ in columns.values())]
    steps: list[tuple[str, exp.Query]] = []
    if compared:
        steps.append((source, prepared.over("measured").select(*kept, *operands)))
    populations = [
        query for place, node in enumerate(compared) for query in measured_points(name, place, node.name, source)
    ]

    def step(population: str) -> exp.Query:
        lines = Lines(f"{name} c")
        value = Writer(name, reference, lines, population, [key_of(node) for node in compared]).value(tree)
        value = lines.once(value)
        rows = lines.over(source if compared else "measured")
        if gives_text(tag):
            return answer(value, None, None, rows, exp.Not(this=exp.Is(this=value.copy(), expression=exp.null())))
        finite = certain(fn("isfinite", value.copy()))
        return answer(number_text(value), value.copy(), None, rows, finite)

    return Scored(list(columns.values()), step, populations, steps, turns, tag.cut)


def _compared(tree: object) -> list[Operation]:
    found: dict[str, Operation] = {}
    for node in walk(tree):  # type: ignore[arg-type]
        if isinstance(node, Operation) and node.name in POPULATION_FUNCTIONS:
            found.setdefault(key_of(node), node)
    return list(found.values())


def _value(compiler: Compiler, tag: ExpressionTag, node: Reference) -> tuple[E, list[E]]:
    if node.sort == "input":
        source = tag.inputs[node.name]
        return figure_over(compiler, source, source.within)
    if node.sort == "tag":
        leaf = compiler.tags.leaf(TagLeaf.model_validate({"tag": node.name, "is_set": True}))
        assert leaf.figure is not None
        return leaf.figure, []
    kind = str(compiler.ctx.names.attributes[node.name])
    ahead = [micros(col("facts_ahead"))]
    if kind == "VARCHAR":
        return compiler.facts.value(node.name), ahead
    value = compiler.facts.typed_value(node.name)
    return (certain(value) if kind == "BOOLEAN" else exp.cast(value, "DOUBLE")), ahead
