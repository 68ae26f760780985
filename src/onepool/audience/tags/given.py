"""Imported values of a tag, per customer."""

from __future__ import annotations

from sqlglot import exp

from onepool.audience.conditions.compiler.plan import Compiler
from onepool.audience.conditions.compiler.scope import table
from onepool.audience.conditions.compiler.sql import E, col, fn, instant, named, number, order_key
from onepool.audience.tags.further import ImportTag

NOBODY = -1
"""Stands for the identifier in a row that says: what came before counts no more."""


def given(compiler: Compiler, name: str, tag: ImportTag) -> exp.Query:
    """(customer_id, value, number): the latest value of any identifier of the customer, by (time, arrival)."""
    same = exp.EQ(this=col("tag"), expression=compiler.params.text(name))
    known = exp.LTE(this=col("time"), expression=instant(compiler.reader.at))
    marked = exp.EQ(this=col("identifier_id"), expression=number(NOBODY))
    floor = exp.select(exp.Max(this=_key())).from_(table("tag_inputs")).where(same.copy(), known.copy(), marked)
    since = exp.GTE(this=_key(), expression=exp.func("COALESCE", floor.subquery(), exp.cast(number(0), "INT128")))
    value, figure = (fn("arg_max_null", col(column), _key()) for column in ("value", "number"))
    picked = [named(value, "value"), named(figure if tag.type == "number" else exp.null(), "number")]
    query = exp.select(col("customer_id"), *picked).from_(table("tag_inputs"))
    query = query.join(table(compiler.scope.owners), using=["identifier_id"])
    return query.where(same, known, since).group_by(col("customer_id"))


def _key() -> E:
    return order_key(col("time"), col("seq"))
