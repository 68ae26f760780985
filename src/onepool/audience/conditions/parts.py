"""What leaves are made of: tests of values, windows, slices, behaviours."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from onepool.audience.conditions.values import (
    Hours,
    LentMoment,
    LentNumber,
    Moment,
    Name,
    Names_,
    Number,
    Scalar,
    Scalars,
    Span,
    SpanField,
    Text,
    Texts,
    Weekdays,
    Yes,
)

_DAY = 86_400_000_000


class Part(BaseModel):
    """Anything in a condition: immutable, nothing unknown in it."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)

    def canonical(self) -> dict[str, Any]:
        """The shortest JSON form: only what was said, names as in YAML."""
        dumped: dict[str, Any] = self.model_dump(by_alias=True, exclude_none=True, mode="json")
        return dumped


def _pair(value: Any) -> Any:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise PydanticCustomError("value", "two values are wanted: [from, to]")
    return tuple(value)


class NumberTest(Part):
    """Tests of a number; several hold together. `between` includes both ends."""

    is_: Number | None = Field(None, alias="is")
    is_not: Number | None = None
    at_least: Number | None = None
    at_most: Number | None = None
    above: Number | None = None
    below: Number | None = None
    between: Annotated[tuple[Number, Number] | None, BeforeValidator(_pair)] = None

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, value: Any) -> Any:
        return {"is": value} if isinstance(value, int | float | str) else value

    @model_validator(mode="after")
    def _something(self) -> NumberTest:
        if not self.tests():
            raise PydanticCustomError("value", "a test is missing, such as at_least: 3")
        return self

    def tests(self) -> list[tuple[str, Any]]:
        """(operator, operand) of what was asked."""
        return [
            (name, self.__dict__[attribute])
            for attribute, name in _NUMBER_TESTS
            if self.__dict__[attribute] is not None
        ]


_NUMBER_TESTS = [(name, field.alias or name) for name, field in NumberTest.model_fields.items()]


class Figure(NumberTest):
    """A number made of one field over the matching events; `currency` for money other than the workspace's."""

    of: Name
    currency: Name | None = None


def _near(value: Any) -> Any:
    """`next 7 days` and `last 3 days` as mappings; `today`, `this month`, `next month` stay words."""
    if isinstance(value, str):
        word, _, span = value.strip().partition(" ")
        if word in ("next", "last") and any(letter.isdigit() for letter in span):
            return {word: span}
    return value


class Near(Part):
    """Calendar days around today: today and the days after it (`next`), or those before it and today (`last`)."""

    next: SpanField | None = None
    last: SpanField | None = None

    @model_validator(mode="after")
    def _one(self) -> Near:
        if (self.next is None) == (self.last is None):
            raise PydanticCustomError("value", "next or last is wanted, such as `next 7 days`")
        said = self.span
        length = said.micros or said.count * 31 * _DAY
        if said.unit not in ("day", "week", "month") or length > 366 * _DAY:
            raise PydanticCustomError("value", "days, weeks or months up to a year are wanted")
        return self

    @property
    def span(self) -> Span:
        """How many days."""
        said = self.last if self.next is None else self.next
        assert isinstance(said, Span)
        return said


class Anniversary(Part):
    """The yearly return of a date: `{in: next 7 days}`. 29 February is kept on the 28th in years without it."""

    in_: Annotated[
        Annotated[Near, Tag("<span>")] | Annotated[Literal["today", "this month", "next month"], Tag("<word>")],
        Discriminator(lambda value: "<word>" if isinstance(value, str) else "<span>"),
        BeforeValidator(_near),
    ] = Field(alias="in")


class Predicate(Part):
    """Tests of one value: they all hold for it. A missing value fails every test but `is_unset`."""

    is_: Scalar | None = Field(None, alias="is")
    is_not: Scalar | None = None
    in_: Annotated[Scalars | None, Field(alias="in")] = None
    not_in: Scalars | None = None
    contains: Text | None = None
    starts_with: Text | None = None
    ends_with: Text | None = None
    matches: Text | None = None
    is_set: Yes | None = None
    is_unset: Yes | None = None
    at_least: LentNumber | None = None
    at_most: LentNumber | None = None
    above: LentNumber | None = None
    below: LentNumber | None = None
    between: Annotated[tuple[Scalar, Scalar] | None, BeforeValidator(_pair)] = None
    before: LentMoment | None = None
    after: LentMoment | None = None
    on: Moment | None = None
    last: SpanField | None = None
    next: SpanField | None = None
    day_of_week: Weekdays | None = None
    hour_of_day: Hours | None = None
    any_of: Texts | None = None
    all_of: Texts | None = None
    none_of: Texts | None = None
    size: NumberTest | None = None
    anniversary: Anniversary | None = None
    region: Texts | None = None
    currency: Name | None = None

    @model_validator(mode="after")
    def _something(self) -> Predicate:
        tests = dict(self.tests())
        if not tests:
            raise PydanticCustomError("value", "a test is missing, such as is: …")
        for name in ("in", "not_in", "any_of", "all_of", "none_of", "day_of_week", "hour_of_day", "region"):
            if name in tests and not 1 <= len(tests[name]) <= 10_000:
                raise PydanticCustomError("value", "`{name}` wants one to 10,000 values", {"name": name})
        return self

    def tests(self) -> list[tuple[str, Any]]:
        """(operator, operand) of what was asked."""
        return [(name, self.__dict__[attribute]) for attribute, name in _TESTS if self.__dict__[attribute] is not None]


_TESTS = [(name, field.alias or name) for name, field in Predicate.model_fields.items() if name != "currency"]


def bare_predicate(value: Any) -> Any:
    """`category: 母婴` says `is`, `category: [母婴, 童装]` says `in`."""
    if isinstance(value, list):
        return {"in": value}
    return {"is": value} if isinstance(value, bool | int | float | str) else value


class Slice(Part):
    """Where the event happened: on these channels, at these touchpoints."""

    channel: Names_ | None = None
    touchpoint: Names_ | None = None

    @model_validator(mode="after")
    def _something(self) -> Slice:
        if not self.channel and not self.touchpoint:
            raise PydanticCustomError("value", "a channel or a touchpoint is wanted")
        return self


CalendarUnit: TypeAlias = Literal["day", "week", "month", "quarter", "year"]


class Window(Part):
    """A span of time, half-open `[from, to)`, relative to the evaluation instant or fixed."""

    last: SpanField | None = None
    this: CalendarUnit | None = None
    previous: CalendarUnit | None = None
    between: Annotated[tuple[Moment, Moment] | None, BeforeValidator(_pair)] = None
    after: Moment | None = None
    before: Moment | None = None

    @model_validator(mode="before")
    @classmethod
    def _word(cls, value: Any) -> Any:
        if isinstance(value, str):
            words = {"today": {"this": "day"}, "yesterday": {"previous": "day"}}
            if value not in words:
                raise PydanticCustomError("value", "a window such as {last: 30 days}, today or yesterday is wanted")
            return words[value]
        return value

    @model_validator(mode="after")
    def _one(self) -> Window:
        said = {name for name in type(self).model_fields if self.__dict__[name] is not None}
        if len(said) != 1 and said != {"after", "before"}:
            raise PydanticCustomError("value", "one of last, this, previous, between, after, before is wanted")
        return self


class NodeAnchor(Part):
    """Since the run came to a node of its journey."""

    node: Name


class Behaviour(Part):
    """Which events of one name are meant, and what is asked of them together.

    `since` (journeys only): at or after the run's entry, or its coming to a node.
    """

    where: dict[Name, Annotated[Predicate, BeforeValidator(bare_predicate)]] | None = None
    at: Slice | None = None
    within: Window | None = None
    since: Literal["entry"] | NodeAnchor | None = None
    times: NumberTest | None = None
    days: NumberTest | None = None
    sum: Figure | None = None
    avg: Figure | None = None
    min: Figure | None = None
    max: Figure | None = None
    distinct: Figure | None = None

    @model_validator(mode="after")
    def _one_figure(self) -> Behaviour:
        if len([name for name in FIGURES if self.__dict__[name] is not None]) > 1:
            raise PydanticCustomError("value", "only one of times, days, sum, avg, min, max, distinct may be asked")
        return self

    def figure(self) -> tuple[str, NumberTest] | None:
        """The name and test of the figure asked for, if any."""
        for name in FIGURES:
            if self.__dict__[name] is not None:
                return name, self.__dict__[name]
        return None


FIGURES = ("times", "days", "sum", "avg", "min", "max", "distinct")


def canonical_text(condition: Part) -> str:
    """Canonical JSON: sorted names, no spaces, nothing unsaid. Equal conditions have equal text."""
    return json.dumps(condition.canonical(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def condition_hash(condition: Part) -> str:
    """sha256 of the canonical JSON, in hex."""
    return hashlib.sha256(canonical_text(condition).encode()).hexdigest()
