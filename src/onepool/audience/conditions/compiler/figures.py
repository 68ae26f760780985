"""Figures over matching events: counts, days, sums and so on, as measures of a family."""

from __future__ import annotations

from sqlglot import exp

from onepool.audience.conditions.compiler.events import EventPass, Matching
from onepool.audience.conditions.compiler.predicates import member
from onepool.audience.conditions.compiler.sql import E, certain, col, count, every, filtered, fn, number, wall, when
from onepool.audience.conditions.names import find_field
from onepool.audience.conditions.texts import LARGEST_SUMMED

# Floating point is summed in millionths: exact, so the same in any order of rows.
_MILLIONTHS = "DECIMAL(24, 6)"


def happened(events: EventPass, matching: Matching) -> E:
    """How many events match, 0 for none."""
    return exp.func("COALESCE", events.measure(matching.family, count(matching.inside)), number(0))


def days(events: EventPass, matching: Matching) -> E:
    """On how many days of the workspace's zone."""
    local = exp.cast(wall(col("time"), events.reader.ctx.zone), "DATE")
    value = local if matching.inside.sql() == "TRUE" else when((matching.inside, local))
    return events.measure(matching.family, exp.Count(this=exp.Distinct(expressions=[value]), big_int=True))


def figure(events: EventPass, matching: Matching, name: str, of: str | None, currency: str | None) -> tuple[E, str]:
    """(value, its SQL type) of a figure per customer; NULL where there is none."""
    if name == "times":
        return happened(events, matching), "BIGINT"
    if name == "days":
        return days(events, matching), "BIGINT"
    assert of is not None
    here = find_field(of, events.reader.ctx.names)
    money = here.kind == "money" and name != "distinct"
    condition = every(
        [matching.inside, events.column(matching.family, events.reader.currency(currency))]
        if money
        else [matching.inside]
    )
    if here.source == "item":
        return _item_figure(events, matching, name, here.name, here.type, condition)
    sql_type = here.type
    value: E = col(of)
    if here.source == "json":
        sql_type = "VARCHAR" if name == "distinct" else "DOUBLE"
        value = events.reader.json_value(here, sql_type)
    if name == "distinct":
        value = events.column(matching.family, value)
        return events.measure(
            matching.family, exp.Count(this=exp.Distinct(expressions=[when((condition, value))]), big_int=True)
        ), "BIGINT"
    if name in ("min", "max"):
        extreme = exp.Min if name == "min" else exp.Max
        return events.measure(
            matching.family, filtered(extreme(this=events.column(matching.family, value)), condition)
        ), sql_type
    value = events.column(matching.family, summable(value, sql_type))
    total = events.measure(matching.family, filtered(exp.Sum(this=value), condition))
    if name == "sum":
        return total, sql_type if sql_type != "DOUBLE" else "MILLIONTHS"
    number_of = events.measure(matching.family, filtered(exp.Count(this=value, big_int=True), condition))
    return _mean(total, number_of), "DOUBLE"


def summable(value: E, sql_type: str) -> E:
    """A number as it is summed: exactly."""
    if sql_type != "DOUBLE":
        return value
    small = exp.LT(this=exp.Abs(this=value), expression=number(LARGEST_SUMMED))
    return when((small, exp.cast(value.copy(), _MILLIONTHS)))


def scale_of(sql_type: str) -> int | None:
    """Digits after the point for comparing a figure (None: floating point)."""
    return {"BIGINT": 0, "DECIMAL(18,4)": 4, "MILLIONTHS": 6}.get(sql_type)


def _mean(total: E, number_of: E) -> E:
    return exp.Div(this=exp.cast(total, "DOUBLE"), expression=exp.Nullif(this=number_of, expression=number(0)))


def _item_figure(
    events: EventPass, matching: Matching, name: str, of: str, sql_type: str, condition: E
) -> tuple[E, str]:
    """The same over the items that match, of all matching events."""
    family = matching.family
    one, value = exp.to_identifier("item"), exp.to_identifier("value")
    read = member(one, of)
    if name in ("sum", "avg"):
        read = summable(read, sql_type)
    listed = fn(
        "list_transform",
        events.reader.items(matching.behaviour.where or {}),
        exp.Lambda(this=read, expressions=[one]),
    )
    present = exp.Not(this=exp.Is(this=exp.column("value"), expression=exp.null()))
    values = events.column(family, fn("list_filter", listed, exp.Lambda(this=certain(present), expressions=[value])))
    if name == "distinct":
        gathered = events.measure(family, filtered(fn("list", values), condition))
        return fn("len", fn("list_distinct", fn("flatten", gathered))), "BIGINT"
    if name in ("min", "max"):
        extreme = exp.Min if name == "min" else exp.Max
        return events.measure(family, filtered(extreme(this=fn(f"list_{name}", values)), condition)), sql_type
    total = events.measure(family, filtered(exp.Sum(this=fn("list_sum", values)), condition))
    if name == "sum":
        return total, sql_type if sql_type != "DOUBLE" else "MILLIONTHS"
    number_of = events.measure(family, filtered(exp.Sum(this=fn("len", values)), condition))
    return _mean(total, number_of), "DOUBLE"
