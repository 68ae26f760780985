"""Tags learned from data: lifetime value, classifiers, lookalikes, clusters (`kind: model`).

What each learns, refuses and warns of is in `audience.mining`; here is only how they are written.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from onepool.audience.conditions.model import (
    Behaviour,
    Condition,
    DidLeaf,
    DidNotLeaf,
    Part,
    Predicate,
    Slice,
    Window,
    bare_predicate,
    walk,
)
from onepool.audience.conditions.values import Name, Names_, Span, SpanField
from onepool.audience.tags.base import AGGREGATES, Cut, TagBase

DAY = 86_400_000_000


def _fixed(span: Span, what: str, least: int = DAY) -> None:
    if span.micros is None or span.micros < least:
        raise PydanticCustomError("value", "{what} is a span of at least a day, in days or weeks", {"what": what})


class LearnedTag(TagBase):
    """What every learned tag says. `cut`: layers of the score; `random_seed`: equal data and seed, equal results."""

    kind: Literal["model"]
    cut: Cut | None = None
    random_seed: int = Field(1, ge=0, le=2**31 - 1)
    answers: ClassVar[Literal["number", "text"]] = "number"


class Purchases(Part):
    """The purchases: events of one name; `sum`: their money, without which only purchases can be predicted."""

    did: Names_
    where: dict[Name, Annotated[Predicate, BeforeValidator(bare_predicate)]] | None = None
    at: Slice | None = None
    sum: Name | None = None
    currency: Name | None = None

    @model_validator(mode="after")
    def _one(self) -> Purchases:
        if len(self.did) != 1:
            raise PydanticCustomError("value", "one event says what a purchase is")
        return self

    def behaviour(self, within: Window | None) -> Behaviour:
        """The events meant."""
        none: dict[str, Any] = dict.fromkeys(AGGREGATES)
        return Behaviour.model_construct(where=self.where, at=self.at, within=within, **none)


Fit: TypeAlias = Literal["auto", "bg_nbd", "mbg_nbd", "pareto_nbd", "bg_bb"]


class ClvMinimum(Part):
    """Below it nothing is published."""

    repeat_buyers: int = Field(default=200, ge=20)


class ClvTag(LearnedTag):
    """What a customer will still buy (or spend) within the horizon.

    `fit`: the model of purchases (`auto`: the likeliest of BG/NBD, MBG/NBD and Pareto/NBD); `period`: one opportunity
    to buy, for BG/BB; `discount`: a year's rate for money to come; `within`: purchases before it are not looked at.
    """

    model: Literal["clv"]
    source: Purchases = Field(alias="from")
    within: Window | None = None
    fit: Fit = "auto"
    period: SpanField | None = None
    horizon: SpanField
    predict: Literal["money", "purchases", "alive"] = "money"
    discount: float = Field(0.1, ge=0, le=1)
    minimum: ClvMinimum = ClvMinimum()

    @model_validator(mode="after")
    def _fit(self) -> ClvTag:
        _fixed(self.horizon, "horizon")
        if (self.period is not None) != (self.fit == "bg_bb"):
            raise PydanticCustomError("value", "period goes with fit: bg_bb, and only with it")
        if self.period is not None:
            _fixed(self.period, "period")
        if self.predict == "money" and self.source.sum is None:
            raise PydanticCustomError("value", "money can be predicted only with from.sum: the field with the amount")
        return self


class Features(Part):
    """What a model looks at: all there is, or only these `events`; never what is named in `without`: features
    (`order_paid_times_30d`), what they are of (`event:order_paid`, `tag:vip`, `attribute:city`), or a sort (`tags`,
    `attributes`, `channels`, `categories`)."""

    events: Names_ | None = None
    without: Names_ | None = None


class ClassifierMinimum(Part):
    """Below it nothing is published."""

    auc: float = Field(default=0.65, ge=0.5, lt=1)
    positives: int = Field(default=100, ge=20)


class ClassifierTag(LearnedTag):
    """How likely something is to come true of a customer within the span `ahead`.

    `target`: deeds (did, did_not, joined by all, any, not) without windows: `ahead` is their window. `among`: whom it
    is asked of, at each cut-off. `cut_offs`: how many spans of `ahead` to go back for what is learned from; the
    last but one calibrates, the last tests. `known_by`: whether an event counts for a cut-off by its time, or only if
    it had arrived by then (by arrival where nearly all had).
    """

    model: Literal["classifier"]
    target: Condition
    ahead: SpanField
    among: Condition | None = None
    features: Features = Features()
    cut_offs: int = Field(6, ge=3, le=24)
    known_by: Literal["time", "arrival"] | None = None
    minimum: ClassifierMinimum = ClassifierMinimum()

    @model_validator(mode="after")
    def _fit(self) -> ClassifierTag:
        _fixed(self.ahead, "ahead")
        for _, leaf in walk(self.target):
            if not isinstance(leaf, DidLeaf | DidNotLeaf) or leaf.within is not None:
                raise PydanticCustomError("value", "the target is made of did and did_not without `within`")
            if isinstance(leaf, DidLeaf) and leaf.last:
                raise PydanticCustomError("value", "`last` makes no sense of what is to come")
        return self


class LookalikeMinimum(Part):
    """Below it nothing is published."""

    seeds: int = Field(default=50, ge=20)


class LookalikeTag(LearnedTag):
    """How like a customer is to those for whom `like` holds: a percentile from 0 to 100; they have none themselves."""

    model: Literal["lookalike"]
    like: Condition
    among: Condition | None = None
    features: Features = Features()
    minimum: LookalikeMinimum = LookalikeMinimum()


class ClusterMinimum(Part):
    """Below it nothing is published."""

    customers: int = Field(default=200, ge=50)


def _range(value: Any) -> Any:
    return [value, value] if isinstance(value, int) and not isinstance(value, bool) else value


class ClusterTag(LearnedTag):
    """Groups of customers who behave alike within the window; `clusters`: how many, [least, most] or one number."""

    model: Literal["cluster"]
    within: Window
    among: Condition | None = None
    features: Features = Features()
    clusters: Annotated[list[int], BeforeValidator(_range), Field(min_length=2, max_length=2)] = Field(
        default_factory=lambda: [2, 8]
    )
    minimum: ClusterMinimum = ClusterMinimum()
    answers: ClassVar[Literal["number", "text"]] = "text"

    @model_validator(mode="after")
    def _fit(self) -> ClusterTag:
        if not 2 <= self.clusters[0] <= self.clusters[1] <= 12:
            raise PydanticCustomError("value", "two to twelve clusters are wanted, the smaller number first")
        if self.cut is not None:
            raise PydanticCustomError("value", "clusters are not cut into layers")
        if self.within.last is None:
            raise PydanticCustomError("value", "the window is one that moves on: within: {last: 90 days}")
        _fixed(self.within.last, "within.last")
        return self


ModelTag: TypeAlias = ClvTag | ClassifierTag | LookalikeTag | ClusterTag
MODELS: dict[str, type[LearnedTag]] = {
    "clv": ClvTag,
    "classifier": ClassifierTag,
    "lookalike": LookalikeTag,
    "cluster": ClusterTag,
}


def _which(value: Any) -> str | None:
    found = value.get("model") if isinstance(value, dict) else getattr(value, "model", None)
    return f"<{found}>" if isinstance(found, str) else None


AnyModelTag: TypeAlias = Annotated[
    Annotated[ClvTag, Tag("<clv>")]
    | Annotated[ClassifierTag, Tag("<classifier>")]
    | Annotated[LookalikeTag, Tag("<lookalike>")]
    | Annotated[ClusterTag, Tag("<cluster>")],
    Discriminator(_which),
]


def conditions_of(tag: ModelTag) -> list[tuple[str, Condition]]:
    """(place, condition) of every condition in the tag."""
    found: list[tuple[str, Condition | None]] = []
    match tag:
        case ClassifierTag():
            found = [("target", tag.target), ("among", tag.among)]
        case LookalikeTag():
            found = [("like", tag.like), ("among", tag.among)]
        case ClusterTag():
            found = [("among", tag.among)]
    return [(place, condition) for place, condition in found if condition is not None]
