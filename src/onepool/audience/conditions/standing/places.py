"""Regions and anniversaries as SQL: what was worked out beforehand, looked up per value."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from sqlglot import exp

from onepool.audience.conditions.compiler.sql import E, fn, number
from onepool.audience.conditions.parts import Anniversary
from onepool.audience.conditions.standing.anniversaries import changes, years
from onepool.audience.conditions.standing.regions import code_pattern, names_in, pattern
from onepool.audience.conditions.windows import midnight

_MANY = 400
"""Names from which on one pattern of all of them is slower than comparing with each."""


def in_region(value: E, texts: Sequence[str], level: int | None) -> E:
    """Whether a text names a place in the regions, or is the code of one."""
    wanted = tuple(texts)
    names = names_in(wanted, level)
    if len(names) <= _MANY:
        return fn("regexp_full_match", value, exp.Literal.string(pattern(wanted, level)))
    named = exp.In(this=value, expressions=[exp.Literal.string(name) for name in names])
    return exp.paren(exp.or_(named, fn("regexp_full_match", value.copy(), exp.Literal.string(code_pattern(wanted)))))


def is_near(day: E, anniversary: Anniversary, today: date) -> E:
    """Whether a date (or wall time) returns on one of the days that count."""
    return exp.LT(this=fn("year", day), expression=_at(years(anniversary, today), "INT[]", day.copy()))


def may_turn(day: E, anniversary: Anniversary, today: date, zone: ZoneInfo) -> E:
    """Microseconds of the first midnight at which that may change, NULL for no date."""
    days = changes(anniversary, today)
    instants = {one: midnight(one, zone) for one in set(days)}
    return _at([instants[one] for one in days], "BIGINT[]", day)


def _at(values: Sequence[int], sql_type: str, day: E) -> E:
    """The value at the day's place in the year."""
    table = exp.cast(exp.Literal.string(f"[{', '.join(map(str, values))}]"), sql_type)
    months = exp.Mul(this=fn("month", day), expression=number(31))
    place = exp.Sub(this=exp.Add(this=months, expression=fn("day", day.copy())), expression=number(31))
    return fn("list_extract", table, place)
