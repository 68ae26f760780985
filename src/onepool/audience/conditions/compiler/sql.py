"""Small building blocks of queries. Text from outside is always a bound parameter, names are always quoted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from sqlglot import exp

from onepool.audience.conditions.values import Span
from onepool.clock import from_micros

E = exp.Expr

# Order of one customer's events and facts: by time, then by arrival. One number compares faster than a pair.
_ARRIVALS = "9223372036854775808"


class Params:
    """Values bound to a query, each once."""

    def __init__(self) -> None:
        self.values: dict[str, object] = {}
        self._names: dict[str, str] = {}

    def text(self, value: str) -> exp.Placeholder:
        name = self._names.setdefault(value, f"p{len(self._names) + 1}")
        self.values[name] = value
        return exp.Placeholder(this=name)


def col(name: str, table: str | None = None) -> exp.Column:
    return exp.column(name, table, quoted=True)


def fn(name: str, *arguments: Any) -> E:
    return exp.Anonymous(this=name, expressions=list(arguments))


def number(value: int) -> E:
    literal = exp.Literal.number(abs(value))
    return exp.Neg(this=literal) if value < 0 else literal


def double(value: float) -> E:
    """Cast from text, which rounds once; a decimal literal would be rounded twice."""
    return exp.cast(exp.Literal.string(repr(float(value))), "DOUBLE")


def decimal(value: Decimal, scale: int) -> E:
    return exp.cast(exp.Literal.string(f"{value:f}"), f"DECIMAL(38, {scale})" if scale > 4 else f"DECIMAL(18, {scale})")


def instant(micros: int) -> E:
    text = exp.Literal.string(from_micros(micros).isoformat(sep=" ", timespec="microseconds"))
    return exp.Cast(this=text, to=exp.DataType(this=exp.DType.TIMESTAMPTZ, nested=False))


def day(value: date) -> E:
    return exp.cast(exp.Literal.string(value.isoformat()), "DATE")


def micros(value: E) -> E:
    return fn("epoch_us", value)


def null_bigint() -> E:
    return exp.cast(exp.null(), "BIGINT")


def when(*cases: tuple[E, E], otherwise: E | None = None) -> E:
    found = exp.Case()
    for condition, value in cases:
        found = found.when(condition, value, copy=False)
    return found.else_(otherwise, copy=False) if otherwise is not None else found


def named(value: E, name: str) -> exp.Alias:
    """`value AS "name"`."""
    return exp.Alias(this=value, alias=exp.to_identifier(name, quoted=True))


# The builders below share the parts that they are given; sqlglot's own copy them, which costs more than all the rest.


def both(*parts: E) -> E:
    return exp.and_(*parts, copy=False)


def either(*parts: E) -> E:
    return exp.or_(*parts, copy=False)


def paren(part: E) -> exp.Paren:
    return exp.paren(part, copy=False)


def every(parts: Sequence[E]) -> E:
    """All of them (true when there is none)."""
    kept = [part for part in parts if not is_true(part)]
    return both(*kept) if kept else exp.true()


def some(parts: Sequence[E]) -> E:
    """Any of them (false when there is none)."""
    return either(*parts) if parts else exp.false()


def is_true(part: E) -> bool:
    return isinstance(part, exp.Boolean) and bool(part.this)


def is_false(part: E) -> bool:
    return isinstance(part, exp.Boolean) and not part.this


def certain(part: E) -> E:
    """Unknown is not true."""
    return exp.Coalesce(this=part, expressions=[exp.false()])


def filtered(aggregate: E, condition: E) -> E:
    return aggregate if is_true(condition) else exp.Filter(this=aggregate, expression=exp.Where(this=condition))


def count(condition: E) -> E:
    return filtered(exp.Count(this=exp.Star(), big_int=True), condition)


def order_key(time: E, seq: E) -> E:
    """(time, arrival) as one number of 128 bits."""
    high = exp.cast(micros(time), "INT128", copy=False)
    return exp.Add(
        this=exp.Mul(this=high, expression=exp.cast(exp.Literal.number(_ARRIVALS), "INT128", copy=False)),
        expression=seq,
    )


def key_micros(key: E) -> E:
    """The time in an order key, in microseconds."""
    arrivals = exp.cast(exp.Literal.number(_ARRIVALS), "INT128", copy=False)
    return exp.cast(exp.IntDiv(this=key, expression=arrivals), "BIGINT", copy=False)


def wall(time: E, zone: str) -> E:
    """The wall time in the zone (TIMESTAMP)."""
    return fn("timezone", exp.Literal.string(zone), time)


def shifted(value: E, span: Span, sign: int, zone: str) -> E:
    """Microseconds `span` later (1) or earlier (-1); months by the zone's calendar, clipped to their last day."""
    if span.micros is not None:
        return exp.Add(this=value, expression=number(sign * span.micros))
    months = exp.Interval(this=exp.Literal.string(str(span.count)), unit=exp.var("MONTH"))
    here = wall(fn("make_timestamptz", value), zone)
    moved = exp.Add(this=here, expression=months) if sign > 0 else exp.Sub(this=here, expression=months)
    return micros(wall(paren(moved), zone))


def number_test(value: E, scale: int | None, test: str, operand: Any) -> E:
    """A test of a number: `scale` decimals, or None for DOUBLE.

    Operands that have more decimals than the value can have are moved to the next value that decides alike.
    """
    if test == "between":
        low, high = number_test(value, scale, "at_least", operand[0]), number_test(value, scale, "at_most", operand[1])
        return both(low, high)
    if scale is None:
        return _COMPARE[test](this=value, expression=double(operand))
    wanted = Decimal(str(operand))
    unit = Decimal(1).scaleb(-scale)
    floor, ceiling = wanted.quantize(unit, ROUND_FLOOR), wanted.quantize(unit, ROUND_CEILING)
    if test in ("is", "is_not") and floor != wanted:
        present = exp.Not(this=exp.Is(this=value, expression=exp.null()))
        return exp.false() if test == "is" else present
    edge = ceiling if test in ("at_least", "below") else floor
    bound = number(int(edge)) if scale == 0 else decimal(edge, scale)
    return _COMPARE[test](this=value, expression=bound)


_COMPARE: dict[str, type[exp.Binary]] = {
    "is": exp.EQ,
    "is_not": exp.NEQ,
    "at_least": exp.GTE,
    "at_most": exp.LTE,
    "above": exp.GT,
    "below": exp.LT,
}
