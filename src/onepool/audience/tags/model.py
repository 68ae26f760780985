"""Tags as they are defined: one object each, of one kind.

Kinds of this edition: `attribute` (a stated fact, mapped), `first_last` (a field of the first or latest event),
`metric` (a number made of events, cut into layers), `preference` (the values a customer favours), `state` (ordered
rules, the first that holds).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Discriminator, Field, Tag, TypeAdapter, model_validator
from pydantic_core import PydanticCustomError

from onepool.audience.conditions.model import Behaviour, Condition, Part, Predicate, Slice, Window, bare_predicate
from onepool.audience.conditions.values import Name, Names_, Number, SpanField, Text

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


class TagBase(Part):
    """What every tag says of itself. `values`: its domain, in order; `when_missing`: `keep_last` keeps the last one."""

    tag: ObjectName
    title: TitleField
    says: Literal["attribute", "behaviour", "value"]
    owner: Text | None = None
    purpose: Text | None = None
    values: list[Text] | None = None
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


class AttributeSource(Part):
    attribute: Name


class AttributeTag(TagBase):
    """The latest value of an attribute; through a map if there is one (`otherwise` for values it does not have)."""

    kind: Literal["attribute"]
    source: AttributeSource = Field(alias="from")
    map: dict[Text, Text] | None = None
    otherwise: Text | None = None


class FirstLastTag(TagBase):
    """A field of the first (last) event, by (time, arrival), that matches and has the field."""

    kind: Literal["first_last"]
    take: Literal["first", "last"]
    source: FieldSource = Field(alias="from")
    within: Window | None = None


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


class MetricTag(TagBase):
    """A number per customer: a figure over events, or the ratio of two; cut into layers if wanted.

    Customers without a matching event have no value, nor have those whose ratio would divide by zero.
    """

    kind: Literal["metric"]
    source: FigureSource = Field(alias="from")
    over: FigureSource | None = None
    within: Window | None = None
    cut: Cut | None = None


class PreferenceSource(FieldSource):
    """`weights` per event (1 unless said); `of`: the number summed where the score is a sum."""

    weights: dict[Name, Number] | None = None
    of: Name | None = None


class PreferenceTag(TagBase):
    """The `top` values of a field by score.

    An event scores its weight for its value (with `items.…`: once for each value among its items), or weight times
    `of`; with a half-life it counts half for every such span that it lies before the customer's latest event. Values
    are ranked by their share of the customer's whole score; with `lift` by that share over the average share among
    all customers who have any score, so that the commonest value does not always win. A value needs `min_events`
    events. Ties: the value with the latest event, then by text.
    """

    kind: Literal["preference"]
    source: PreferenceSource = Field(alias="from")
    within: Window | None = None
    half_life: SpanField | None = None
    score: Literal["count", "sum", "lift"] = "count"
    top: int = Field(1, ge=1, le=20)
    min_events: int = Field(1, ge=1, le=1000)
    ties: Literal["latest"] = "latest"

    @model_validator(mode="after")
    def _fit(self) -> PreferenceTag:
        if (self.score == "sum") != (self.source.of is not None):
            raise PydanticCustomError("value", "score: sum and from.of go together")
        if self.half_life is not None and self.half_life.micros is None:
            raise PydanticCustomError("value", "a half-life is a fixed span: days, not months")
        for event, weight in (self.source.weights or {}).items():
            if event not in self.source.did or weight <= 0:
                raise PydanticCustomError("value", "weights are above 0 and for events of `did`")
        return self

    def weight(self, event: str) -> float:
        return float((self.source.weights or {}).get(event, 1))


class Rule(Part):
    value: Text
    when: Condition


class StateTag(TagBase):
    """The value of the first rule that holds; `otherwise` if none does."""

    kind: Literal["state"]
    states: list[Rule] = Field(min_length=1, max_length=50)
    otherwise: Text | None = None


def _kind(value: Any) -> str | None:
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return f"<{kind}>" if isinstance(kind, str) else None


TagDefinition: TypeAlias = AttributeTag | FirstLastTag | MetricTag | PreferenceTag | StateTag
KINDS: dict[str, type[TagBase]] = {
    "attribute": AttributeTag,
    "first_last": FirstLastTag,
    "metric": MetricTag,
    "preference": PreferenceTag,
    "state": StateTag,
}
ADAPTER: TypeAdapter[TagDefinition] = TypeAdapter(
    Annotated[
        Annotated[AttributeTag, Tag("<attribute>")]
        | Annotated[FirstLastTag, Tag("<first_last>")]
        | Annotated[MetricTag, Tag("<metric>")]
        | Annotated[PreferenceTag, Tag("<preference>")]
        | Annotated[StateTag, Tag("<state>")],
        Discriminator(_kind),
    ]
)
