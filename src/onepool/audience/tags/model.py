"""Tags as they are defined: one object each, of one kind.

`attribute` (a stated fact, mapped), `first_last` (a field of the first or latest event), `metric` (a number made of
events, cut into layers), `preference` (the values a customer favours), `state` (ordered rules, the first that holds);
`import`, `sql`, `expression`, `sequence`, `rfm` (further.py) and `model` (learned.py).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag, TypeAdapter, model_validator
from pydantic_core import PydanticCustomError

from onepool.audience.conditions.model import Condition, Part, Window
from onepool.audience.conditions.values import Name, Number, SpanField, Text
from onepool.audience.tags.base import (
    AGGREGATES,
    MAX_LAYERS,
    Cut,
    EventSource,
    FieldSource,
    FigureSource,
    ObjectName,
    TagBase,
    Title,
    TitleField,
)
from onepool.audience.tags.further import ExpressionTag, ImportTag, RfmTag, SequenceTag, SqlTag
from onepool.audience.tags.learned import AnyModelTag, LearnedTag, ModelTag

__all__ = [
    "ADAPTER", "AGGREGATES", "KINDS", "MAX_LAYERS", "AttributeSource", "AttributeTag", "Cut", "EventSource",
    "ExpressionTag", "FieldSource", "FigureSource", "FirstLastTag", "ImportTag", "LearnedTag", "MetricTag", "ModelTag",
    "ObjectName", "PreferenceSource", "PreferenceTag", "Quiet", "RfmTag", "Rule", "SequenceTag", "SqlTag", "StateTag",
    "TagBase", "TagDefinition", "Title", "TitleField",
]  # fmt: skip


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


class Quiet(EventSource):
    """The customer has not done it for longer than this percentile of the intervals between two such events.

    `of`: the intervals of all customers, or the customer's own where there are `min_intervals` of them (else of all).
    Who never did it is not quiet.
    """

    percentile: Number
    of: Literal["all", "own"] = "all"
    min_intervals: int = Field(3, ge=1, le=100)

    @model_validator(mode="after")
    def _fit(self) -> Quiet:
        if len(self.did) != 1:
            raise PydanticCustomError("value", "one event is wanted")
        if not 0 < self.percentile < 100:
            raise PydanticCustomError("value", "a percentile lies between 0 and 100")
        return self


class Rule(Part):
    """A state: the customer is in it `when` a condition holds, or when `quiet`."""

    value: Text
    when: Condition | None = None
    quiet: Quiet | None = None

    @model_validator(mode="after")
    def _one(self) -> Rule:
        if (self.when is None) == (self.quiet is None):
            raise PydanticCustomError("value", "one of when and quiet is wanted")
        return self


class StateTag(TagBase):
    """The value of the first rule that holds; `otherwise` if none does."""

    kind: Literal["state"]
    states: list[Rule] = Field(min_length=1, max_length=50)
    otherwise: Text | None = None


def _kind(value: Any) -> str | None:
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return f"<{kind}>" if isinstance(kind, str) else None


TagDefinition: TypeAlias = (
    AttributeTag
    | FirstLastTag
    | MetricTag
    | PreferenceTag
    | StateTag
    | ImportTag
    | SqlTag
    | ExpressionTag
    | SequenceTag
    | RfmTag
    | ModelTag
)
KINDS: dict[str, type[TagBase]] = {
    "attribute": AttributeTag,
    "import": ImportTag,
    "first_last": FirstLastTag,
    "metric": MetricTag,
    "preference": PreferenceTag,
    "sql": SqlTag,
    "expression": ExpressionTag,
    "sequence": SequenceTag,
    "state": StateTag,
    "rfm": RfmTag,
    "model": LearnedTag,
}
ADAPTER: TypeAdapter[TagDefinition] = TypeAdapter(
    Annotated[
        Annotated[AttributeTag, Tag("<attribute>")]
        | Annotated[FirstLastTag, Tag("<first_last>")]
        | Annotated[MetricTag, Tag("<metric>")]
        | Annotated[PreferenceTag, Tag("<preference>")]
        | Annotated[StateTag, Tag("<state>")]
        | Annotated[ImportTag, Tag("<import>")]
        | Annotated[SqlTag, Tag("<sql>")]
        | Annotated[ExpressionTag, Tag("<expression>")]
        | Annotated[SequenceTag, Tag("<sequence>")]
        | Annotated[RfmTag, Tag("<rfm>")]
        | Annotated[AnyModelTag, Tag("<model>")],
        Discriminator(_kind),
    ]
)
