"""Tests of one value as SQL. What they yield is true, false or NULL; NULL (missing) counts as not holding."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from onepool.audience.conditions.anchors.model import is_reference, references
from onepool.audience.conditions.compiler.sql import (
    E,
    Params,
    both,
    certain,
    col,
    day,
    either,
    every,
    fn,
    instant,
    micros,
    number,
    number_test,
    paren,
    shifted,
    wall,
    when,
)
from onepool.audience.conditions.model import Predicate
from onepool.audience.conditions.names import Context, Field, find_field
from onepool.audience.conditions.standing.places import in_region, is_near, may_turn
from onepool.audience.conditions.texts import (
    DATE_TEXT,
    INTEGER_TEXT,
    MONEY_TEXT,
    NUMBER_TEXT,
    TIME_TEXT,
    reading,
)
from onepool.audience.conditions.values import DAYS_OF_WEEK
from onepool.audience.conditions.windows import Range, first_day_from, local, next_midnight, time_range

RELATIVE = ("last", "next", "anniversary")

# Digits after the point of each numeric column type; None: binary floating point.
SCALES: Mapping[str, int | None] = {"BIGINT": 0, "DECIMAL(18,4)": 4, "DOUBLE": None}


@dataclass(frozen=True)
class Reader:
    """Turns predicates into SQL at one instant."""

    ctx: Context
    at: int
    params: Params

    def tests(self, value: E, sql_type: str, predicate: Predicate, level: int | None = None) -> E:
        """All tests of a typed value together. `level`: of names of regions (`Names.levels`)."""
        return every([self.test(value, sql_type, test, operand, level) for test, operand in predicate.tests()])

    def test(self, value: E, sql_type: str, test: str, operand: Any, level: int | None = None) -> E:
        """One test of a typed value."""
        if test in ("is_set", "is_unset"):
            unset = exp.Is(this=value, expression=exp.null())
            return exp.Not(this=unset) if test == "is_set" else unset
        if references(operand):
            return self._run_test(value, sql_type, test, operand)
        match sql_type:
            case "VARCHAR" if test == "region":
                return in_region(value, operand, level)
            case "VARCHAR":
                return self._text_test(value, test, operand)
            case "BOOLEAN":
                same = exp.EQ(this=value, expression=exp.Boolean(this=operand))
                return same if test == "is" else exp.Not(this=paren(same))
            case "VARCHAR[]":
                return self._list_test(value, test, operand)
            case "TIMESTAMPTZ" | "DATE":
                return self._time_test(value, sql_type, test, operand)
        scale = SCALES[sql_type]
        if test in ("in", "not_in"):
            one = paren(either(*(number_test(value, scale, "is", each) for each in operand)))
            present = exp.Not(this=exp.Is(this=value, expression=exp.null()))
            return both(present, one if test == "in" else exp.Not(this=one))
        return number_test(value, scale, test, operand)

    def _run_test(self, value: E, sql_type: str, test: str, operand: Any) -> E:
        """A test against what a run carries: columns of text by the operand's name. Missing there fails, as here."""
        if isinstance(operand, list):
            here = [typed(col(one), _ELEMENT.get(sql_type, sql_type)) for one in references(operand)]
            present = [exp.Not(this=exp.Is(this=one, expression=exp.null())) for one in (*here, value)]
            if sql_type == "VARCHAR[]":
                listed = exp.Array(expressions=[col(o) if is_reference(o) else self.params.text(o) for o in operand])
                found = fn("list_has_all" if test == "all_of" else "list_has_any", value, listed)
                return every([*present, exp.Not(this=found) if test == "none_of" else found])
            among = paren(either(*(certain(self.test(value, sql_type, "is", one)) for one in operand)))
            return every([*present, among if test == "in" else exp.Not(this=among)])
        carried = typed(col(operand), "TIMESTAMPTZ" if test in ("before", "after") else sql_type)
        if test in ("contains", "starts_with", "ends_with"):
            return fn(test, value, carried)
        return paren(_AGAINST[test](this=value, expression=carried))

    def where(self, where: Mapping[str, Predicate]) -> E:
        """All fields of a `where` on the columns of `events`; `items.…` on one and the same item."""
        parts = [self._field(name, predicate) for name, predicate in where.items() if not name.startswith("items.")]
        if len(parts) < len(where):
            found = exp.GT(this=fn("len", self.items(where)), expression=number(0))
            parts += [self._items_currency(where), found]
        return every(parts)

    def items(self, where: Mapping[str, Predicate]) -> E:
        """The event's items that pass every `items.…` test of `where`, as a list."""
        one = exp.to_identifier("item")
        tests = []
        for name, predicate in where.items():
            if name.startswith("items."):
                here = find_field(name, self.ctx.names)
                level = self.ctx.names.levels.get(f"field:{here.name}")
                tests.append(self.tests(member(one, here.name), here.type, predicate, level))
        if not tests:
            return col("items")
        return fn("list_filter", col("items"), exp.Lambda(this=certain(every(tests)), expressions=[one]))

    def _items_currency(self, where: Mapping[str, Predicate]) -> E:
        parts = []
        for name, predicate in where.items():
            if name.startswith("items.") and find_field(name, self.ctx.names).kind == "money" and compares(predicate):
                parts.append(self.currency(predicate.currency))
        return every(parts)

    def currency(self, named: str | None) -> E:
        """Whether the event's money is in that currency (default: the workspace's, also where none is said)."""
        own = self.params.text(self.ctx.currency)
        wanted = self.params.text(named or self.ctx.currency)
        return exp.EQ(this=exp.func("COALESCE", col("currency"), own), expression=wanted)

    def _field(self, name: str, predicate: Predicate) -> E:
        here = find_field(name, self.ctx.names)
        if here.source == "json":
            return every([self._json_test(here, test, operand) for test, operand in predicate.tests()])
        found = self.tests(col(name), here.type, predicate, self.ctx.names.levels.get(f"field:{name}"))
        if here.kind == "money" and compares(predicate):
            return both(self.currency(predicate.currency), found)
        return found

    def json_path(self, here: Field) -> E:
        return self.params.text("$" + "".join(f'."{step}"' for step in here.path))

    def json_value(self, here: Field, as_type: str) -> E:
        """A field of the JSON read as a type; NULL where it is not of that type."""
        path = self.json_path(here)
        kind = fn("json_type", col("fields"), path)
        text = fn("json_extract_string", col("fields"), path)
        match as_type:
            case "BOOLEAN":
                same = exp.EQ(this=text, expression=exp.Literal.string("true"))
                return when((_among(kind, "BOOLEAN"), same))
            case "DOUBLE":
                plain = (
                    _among(kind, "BIGINT", "UBIGINT", "DOUBLE"),
                    exp.TryCast(this=text, to=exp.DataType.build("DOUBLE")),
                )
                return when(plain, (_among(kind, "VARCHAR"), typed(text, "DOUBLE")))
            case "TIMESTAMPTZ":
                return when((_among(kind, "VARCHAR"), typed(text, "TIMESTAMPTZ")))
            case "VARCHAR[]":
                one = exp.to_identifier("one")
                scalar = when(
                    (_among(fn("json_type", one), *_SCALARS), fn("json_extract_string", one, exp.Literal.string("$")))
                )
                items = self.params.text("$" + "".join(f'."{step}"' for step in here.path) + "[*]")
                listed = fn(
                    "list_transform",
                    fn("json_extract", col("fields"), items),
                    exp.Lambda(this=scalar, expressions=[one]),
                )
                return when((_among(kind, "ARRAY"), listed))
        return when((_among(kind, *_SCALARS), text))

    def _json_test(self, here: Field, test: str, operand: Any) -> E:
        how = reading(test, operand)
        if how == "set":
            kind = fn("json_type", col("fields"), self.json_path(here))
            known = certain(exp.NEQ(this=kind, expression=exp.Literal.string("NULL")))
            return known if test == "is_set" else exp.Not(this=known)
        sql_type = _READINGS[how]
        return self.test(self.json_value(here, sql_type), sql_type, test, operand)

    def _text_test(self, value: E, test: str, operand: Any) -> E:
        match test:
            case "is":
                return exp.EQ(this=value, expression=self.params.text(str(operand)))
            case "is_not":
                return exp.NEQ(this=value, expression=self.params.text(str(operand)))
            case "in" | "not_in":
                among = exp.In(this=value, expressions=[self.params.text(str(one)) for one in operand])
                return among if test == "in" else exp.Not(this=among)
        function = {
            "contains": "contains",
            "starts_with": "starts_with",
            "ends_with": "ends_with",
            "matches": "regexp_matches",
        }[test]
        return fn(function, value, self.params.text(operand))

    def _list_test(self, value: E, test: str, operand: Any) -> E:
        if test == "size":
            length = fn("len", value)
            return every([number_test(length, 0, one, wanted) for one, wanted in operand.tests()])
        wanted = exp.Array(expressions=[self.params.text(one) for one in operand])
        if test == "all_of":
            return fn("list_has_all", value, wanted)
        found = fn("list_has_any", value, wanted)
        return found if test == "any_of" else exp.Not(this=found)

    def _time_test(self, value: E, sql_type: str, test: str, operand: Any) -> E:
        if test == "anniversary":
            return is_near(self._local(value, sql_type), operand, local(self.at, self.ctx.tz).date())
        if test in ("day_of_week", "hour_of_day"):
            here = self._local(value, sql_type)
            if test == "hour_of_day":
                return exp.In(this=fn("hour", here), expressions=[number(hour) for hour in operand])
            days = [number(DAYS_OF_WEEK.index(name) + 1) for name in operand]
            return exp.In(this=fn("isodow", here), expressions=days)
        return self.in_range(value, sql_type, time_range(test, operand, self.at, self.ctx.tz))

    def _local(self, value: E, sql_type: str) -> E:
        """A date, or the wall time of an instant."""
        return value if sql_type == "DATE" else wall(value, self.ctx.zone)

    def in_range(self, value: E, sql_type: str, span: Range) -> E:
        """`start <= value < end` for an instant, or for the beginning of a date."""
        parts: list[E] = []
        zone = self.ctx.tz
        for edge, compare in ((span.start, exp.GTE), (span.end, exp.LT)):
            if edge is not None:
                first = first_day_from(edge, zone)
                bound = instant(edge) if sql_type == "TIMESTAMPTZ" or first is None else day(first)
                parts.append(compare(this=value, expression=bound))
        return every(parts)

    def changes(self, where: Mapping[str, Predicate]) -> list[E]:
        """Instants (microseconds, NULL if none) after now at which a test relative to now may turn, per event."""
        found: list[E] = []
        for name, predicate in where.items():
            here = find_field(name, self.ctx.names)
            for test, operand in predicate.tests():
                if test in RELATIVE:
                    if here.source == "item":
                        found.append(self._item_changes(here, test, operand))
                    else:
                        column = here.source == "column"
                        value = col(name) if column else self.json_value(here, "TIMESTAMPTZ")
                        found += self.turns(value, here.type if column else "TIMESTAMPTZ", test, operand)
        return found

    def _item_changes(self, here: Field, test: str, operand: Any) -> E:
        one = exp.to_identifier("item")
        turns = exp.func("LEAST", *self.turns(member(one, here.name), here.type, test, operand))
        return fn("list_min", fn("list_transform", col("items"), exp.Lambda(this=turns, expressions=[one])))

    def turns(self, value: E, sql_type: str, test: str, operand: Any) -> list[E]:
        """When `last`/`next` of this value may turn after now: as it passes either end of the moving range; when its
        yearly return comes near or passes."""
        if test == "anniversary":
            return [may_turn(self._local(value, sql_type), operand, local(self.at, self.ctx.tz).date(), self.ctx.tz)]
        time = value if sql_type == "TIMESTAMPTZ" else wall(exp.cast(value, "TIMESTAMP"), self.ctx.zone)
        here = micros(time)
        span = time_range(test, operand, self.at, self.ctx.tz)
        passing = _after(exp.Add(this=here, expression=number(1)), self.at)
        sign = 1 if test == "last" else -1
        edge = exp.Add(this=shifted(here, operand, sign, self.ctx.zone), expression=number(1))
        if operand.micros is not None:
            return [passing, _after(edge, self.at)]
        # Months clip, so the edge may lie before now while the value has yet to pass: look again at midnight.
        assert span.start is not None and span.end is not None
        waiting = (
            exp.GTE(this=here.copy(), expression=number(span.start))
            if test == "last"
            else exp.GTE(this=here.copy(), expression=number(span.end))
        )
        later = exp.GT(this=edge, expression=number(self.at))
        return [passing, when((later, edge.copy()), (waiting, number(next_midnight(self.at, self.ctx.tz))))]


_AGAINST: Mapping[str, type[exp.Binary]] = {
    "is": exp.EQ,
    "is_not": exp.NEQ,
    "at_least": exp.GTE,
    "at_most": exp.LTE,
    "above": exp.GT,
    "below": exp.LT,
    "before": exp.LT,
    "after": exp.GTE,
}
_ELEMENT = {"VARCHAR[]": "VARCHAR"}
_SCALARS = ("VARCHAR", "BOOLEAN", "BIGINT", "UBIGINT")
_READINGS = {"list": "VARCHAR[]", "time": "TIMESTAMPTZ", "number": "DOUBLE", "boolean": "BOOLEAN", "text": "VARCHAR"}


def member(item: exp.Identifier, name: str) -> E:
    return exp.Dot(this=item, expression=exp.to_identifier(name, quoted=True))


def compares(predicate: Predicate) -> bool:
    """Whether money is compared at all (is_set and is_unset look at no amount)."""
    return any(test not in ("is_set", "is_unset") for test, _ in predicate.tests())


def is_relative(where: Mapping[str, Predicate]) -> bool:
    """Whether a test in it moves with the instant of evaluation."""
    return any(test in RELATIVE for predicate in where.values() for test, _ in predicate.tests())


def typed(text: E, sql_type: str) -> E:
    """Canonical text as a typed value, NULL where it is none (the patterns of `texts`, as in the reference)."""

    def guarded(pattern: str, to: str) -> E:
        fits = fn("regexp_full_match", text, exp.Literal.string(pattern))
        return when((fits, exp.TryCast(this=text.copy(), to=exp.DataType.build(to, dialect="duckdb"))))

    readers: dict[str, Callable[[], E]] = {
        "BIGINT": lambda: guarded(INTEGER_TEXT, "BIGINT"),
        "DOUBLE": lambda: guarded(NUMBER_TEXT, "DOUBLE"),
        "DECIMAL(18,4)": lambda: guarded(MONEY_TEXT, "DECIMAL(18,4)"),
        "DATE": lambda: guarded(DATE_TEXT, "DATE"),
        "TIMESTAMPTZ": lambda: guarded(TIME_TEXT, "TIMESTAMPTZ"),
        "BOOLEAN": lambda: when(
            *(
                (exp.EQ(this=text.copy(), expression=exp.Literal.string(word)), exp.Boolean(this=word == "true"))
                for word in ("true", "false")
            )
        ),
        "VARCHAR[]": lambda: when(
            (
                _among(fn("json_type", exp.TryCast(this=text, to=exp.DataType.build("JSON"))), "ARRAY"),
                fn("json_extract_string", text.copy(), exp.Literal.string("$[*]")),
            )
        ),
    }
    return readers[sql_type]() if sql_type in readers else text


def _among(value: E, *words: str) -> E:
    return exp.In(this=value, expressions=[exp.Literal.string(word) for word in words])


def _after(value: E, at: int) -> E:
    return when((exp.GT(this=value, expression=number(at)), value.copy()))


def relative_tests(predicate: Predicate) -> Sequence[tuple[str, Any]]:
    """The tests of it that move with the instant of evaluation."""
    return [(test, operand) for test, operand in predicate.tests() if test in RELATIVE]
