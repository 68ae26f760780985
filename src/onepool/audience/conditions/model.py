"""The condition language as typed trees: what a condition is made of.

Leaves ask one question of a customer, `all`, `any` and `not` join answers. `parse.parse_condition` makes these trees
from YAML or JSON; `reference.holds` says what each means.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from onepool.audience.conditions.parts import (
    FIGURES,
    Anniversary,
    Behaviour,
    CalendarUnit,
    Figure,
    Near,
    NodeAnchor,
    NumberTest,
    Part,
    Predicate,
    Slice,
    Window,
    bare_predicate,
    canonical_text,
    condition_hash,
)
from onepool.audience.conditions.sequence.model import DidNotStep, DidStep, Gap, SequenceLeaf, Step
from onepool.audience.conditions.standing.model import ConsentLeaf, ListLeaf, ReachableLeaf
from onepool.audience.conditions.values import Name, Yes

__all__ = [
    "FIGURES",
    "HEADS",
    "MAX_DEPTH",
    "PARTS",
    "All",
    "Anniversary",
    "AnyOf",
    "AttributeLeaf",
    "Behaviour",
    "CalendarUnit",
    "Condition",
    "ConsentLeaf",
    "DidLeaf",
    "DidNotLeaf",
    "DidNotStep",
    "DidStep",
    "Figure",
    "Gap",
    "Leaf",
    "ListLeaf",
    "Near",
    "NodeAnchor",
    "Not",
    "NumberTest",
    "Part",
    "Predicate",
    "ReachableLeaf",
    "SegmentLeaf",
    "SequenceLeaf",
    "Slice",
    "Step",
    "TagLeaf",
    "Window",
    "bare_predicate",
    "canonical_text",
    "children",
    "condition_hash",
    "walk",
]

MAX_DEPTH = 8


class All(Part):
    """Every one of them holds."""

    all: list[Condition] = Field(min_length=1, max_length=200)


class AnyOf(Part):
    """At least one of them holds."""

    any: list[Condition] = Field(min_length=1, max_length=200)


class Not(Part):
    """It does not hold."""

    not_: Condition = Field(alias="not")


class AttributeLeaf(Predicate):
    """A test of an attribute's latest value."""

    attribute: Name


class TagLeaf(Predicate):
    """A test of a tag's value."""

    tag: Name


class SegmentLeaf(Part):
    """The customer is in another segment, by that segment's condition."""

    segment: Name


class DidLeaf(Behaviour):
    """The customer did it at least once, and the figure over those events holds.

    `first: true` asks it of the first such event ever (of that name and slice), `last: true` of the latest one.
    """

    did: Name
    first: Yes | None = None
    last: Yes | None = None

    @model_validator(mode="after")
    def _first_or_last(self) -> DidLeaf:
        if self.first and self.last:
            raise PydanticCustomError("value", "first and last can't both be asked")
        if (self.first or self.last) and self.figure():
            raise PydanticCustomError("value", "first and last ask about one event: a figure makes no sense with them")
        return self

    @property
    def event(self) -> str:
        return self.did


class DidNotLeaf(Behaviour):
    """The opposite of `did` with the same parts."""

    did_not: Name

    @property
    def event(self) -> str:
        return self.did_not


HEADS = (
    "all",
    "any",
    "not",
    "attribute",
    "tag",
    "segment",
    "did",
    "did_not",
    "sequence",
    "consent",
    "reachable",
    "list",
)


def _head(value: Any) -> str | None:
    if isinstance(value, Part):
        return next((f"<{head}>" for head, part in PARTS.items() if type(value) is part), None)
    if isinstance(value, dict):
        return next((f"<{head}>" for head in HEADS if head in value), None)
    return None


Condition: TypeAlias = Annotated[
    Annotated[All, Tag("<all>")]
    | Annotated[AnyOf, Tag("<any>")]
    | Annotated[Not, Tag("<not>")]
    | Annotated[AttributeLeaf, Tag("<attribute>")]
    | Annotated[TagLeaf, Tag("<tag>")]
    | Annotated[SegmentLeaf, Tag("<segment>")]
    | Annotated[DidLeaf, Tag("<did>")]
    | Annotated[DidNotLeaf, Tag("<did_not>")]
    | Annotated[SequenceLeaf, Tag("<sequence>")]
    | Annotated[ConsentLeaf, Tag("<consent>")]
    | Annotated[ReachableLeaf, Tag("<reachable>")]
    | Annotated[ListLeaf, Tag("<list>")],
    Discriminator(_head),
]

Leaf: TypeAlias = (
    AttributeLeaf | TagLeaf | SegmentLeaf | DidLeaf | DidNotLeaf | SequenceLeaf | ConsentLeaf | ReachableLeaf | ListLeaf
)

PARTS: dict[str, type[Part]] = {
    "all": All,
    "any": AnyOf,
    "not": Not,
    "attribute": AttributeLeaf,
    "tag": TagLeaf,
    "segment": SegmentLeaf,
    "did": DidLeaf,
    "did_not": DidNotLeaf,
    "sequence": SequenceLeaf,
    "consent": ConsentLeaf,
    "reachable": ReachableLeaf,
    "list": ListLeaf,
}

for _part in (All, AnyOf, Not):
    _part.model_rebuild()


def children(condition: Condition) -> list[tuple[str, Condition]]:
    """(place, condition) of the parts of all, any and not; nothing for a leaf."""
    match condition:
        case All():
            return [(f"all[{index}]", part) for index, part in enumerate(condition.all)]
        case AnyOf():
            return [(f"any[{index}]", part) for index, part in enumerate(condition.any)]
        case Not():
            return [("not", condition.not_)]
    return []


def walk(condition: Condition, place: str = "") -> list[tuple[str, Condition]]:
    """(place, leaf) of every leaf, in order."""
    parts = children(condition)
    if not parts:
        return [(place, condition)]
    return [leaf for where, part in parts for leaf in walk(part, f"{place}.{where}" if place else where)]
