"""What tags of every kind are made of: names, titles, sources of events, layers."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from onepool.audience.conditions.parts import Behaviour, Part, Predicate, Slice, Window, bare_predicate
from onepool.audience.conditions.values import Name, Names_, Number, Text
from onepool.audience.tags.schedule import parse_schedule

MAX_LAYERS = 24
AGGREGATES = ("times", "days", "sum", "avg", "min", "max", "distinct")


def _both_languages(value: Any) -> Any:
    return {"zh": value, "en": value} if isinstance(value, str) else value


class Title(Part):
    """A name for people, in both languages (one text stands for both)."""

    zh: Text
    en: Text


TitleField = Annotated[Title, BeforeValidator(_both_languages)]


_RESERVED = ("customer_id", "next_at")


def _pattern(value: Any) -> Any:
    if not isinstance(value, str) or not value.replace("_", "a").isalnum() or not value.isascii() or len(value) > 60:
        raise PydanticCustomError("value", "a name of letters, digits and _ is wanted, at most 60 long")
    if value.lower() in _RESERVED:
        raise PydanticCustomError("value", "`{name}` is the name of a column of every result", {"name": value})
    return value


ObjectName = Annotated[str, BeforeValidator(_pattern)]


def _crontab(value: Any) -> Any:
    if not isinstance(value, str):
        raise PydanticCustomError("value", "a crontab text is wanted, such as `0 3 * * *`")
    try:
        parse_schedule(value, ZoneInfo("UTC"))
    except ValueError as error:
        raise PydanticCustomError("value", "{reason}", {"reason": str(error)}) from None
    return " ".join(value.split())


def _path(value: Any) -> Any:
    parts = [part.strip() for part in value.split("/")] if isinstance(value, str) else []
    if not parts or not all(parts) or len(parts) > 4 or len(value) > 120:
        raise PydanticCustomError("value", "a path of at most four names is wanted, such as `value/spending`")
    return "/".join(parts)


class TagBase(Part):
    """What every tag says of itself.

    `values`: its domain, in order; `value_titles`: what values are called where people read them; `when_missing`:
    `keep_last` keeps the last one; `group`: its place in the catalogue, a path; `schedule`: when it is computed for
    all, a crontab text in the workspace's zone (none: live, where the kind can be).
    """

    tag: ObjectName
    title: TitleField
    says: Literal["attribute", "behaviour", "value"]
    owner: Text | None = None
    purpose: Text | None = None
    group: Annotated[str, BeforeValidator(_path)] | None = None
    schedule: Annotated[str, BeforeValidator(_crontab)] | None = None
    values: list[Text] | None = None
    value_titles: dict[Text, TitleField] | None = None
    when_missing: Literal["empty", "keep_last"] = "empty"


class EventSource(Part):
    """Events of some names, with the filters that conditions have."""

    did: Names_
    where: dict[Name, Annotated[Predicate, BeforeValidator(bare_predicate)]] | None = None
    at: Slice | None = None

    def behaviour(self, within: Window | None) -> Behaviour:
        return Behaviour.model_construct(where=self.where, at=self.at, within=within, **_NO_FIGURE)


_NO_FIGURE: dict[str, Any] = dict.fromkeys(AGGREGATES)


class FieldSource(EventSource):
    field: Name


class FigureSource(EventSource):
    """One figure over the events: `times: true`, `days: true`, or `sum|avg|min|max|distinct: field`."""

    times: Literal[True] | None = None
    days: Literal[True] | None = None
    sum: Name | None = None
    avg: Name | None = None
    min: Name | None = None
    max: Name | None = None
    distinct: Name | None = None
    currency: Name | None = None

    @model_validator(mode="after")
    def _one(self) -> FigureSource:
        if len(self.did) != 1:
            raise PydanticCustomError("value", "a metric is made of one event; make a ratio or a state of several")
        if len([name for name in AGGREGATES if self.__dict__[name] is not None]) != 1:
            raise PydanticCustomError("value", "one of times, days, sum, avg, min, max, distinct is wanted")
        return self

    def figure(self) -> tuple[str, str | None]:
        """(aggregate, field) asked for."""
        name = next(name for name in AGGREGATES if self.__dict__[name] is not None)
        value = self.__dict__[name]
        return name, None if value is True else value


class Cut(Part):
    """Layers of a number: `n` cuts, `n + 1` labels.

    `number`: the cuts are numbers; `percent`: points below which that share of all customers with a value lies. Labels
    go from the lowest layer up, a value at a cut belongs to the upper layer. `rank`: the cuts are places counted from
    the highest value, labels from the top; equal values share a place.
    """

    by: Literal["number", "percent", "rank"]
    at: list[Number] = Field(min_length=1, max_length=MAX_LAYERS - 1)
    labels: list[Text] = Field(min_length=2, max_length=MAX_LAYERS)

    @model_validator(mode="after")
    def _fit(self) -> Cut:
        if len(self.labels) != len(self.at) + 1:
            raise PydanticCustomError("value", "there must be one label more than cuts")
        if any(low >= high for low, high in zip(self.at, self.at[1:], strict=False)):
            raise PydanticCustomError("value", "the cuts must rise")
        if self.by == "percent" and not (self.at[0] > 0 and self.at[-1] < 100):
            raise PydanticCustomError("value", "percents lie between 0 and 100")
        if self.by == "rank" and any(place < 1 or int(place) != place for place in self.at):
            raise PydanticCustomError("value", "places are whole numbers from 1")
        return self
