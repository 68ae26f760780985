"""Portraits, overlaps and set algebra."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from onepool.api.models.common import Instant, Model, Titles


class PortraitCell(Model):
    """One value of a dimension."""

    value: str | None = Field(description="Null: all values that are not listed, counted together.")
    title: Titles | None = Field(description="Of an enumerated value.")
    in_segment: int = Field(description="Members with the value.")
    in_base: int
    share: float | None = Field(description="Of the members of whom the dimension is known, 0 to 1.")
    base_share: float | None
    tgi: float | None = Field(description="share / base_share x 100; null when the base has none of it.")
    low: float | None = Field(description="Lower end of the 95 % interval of the TGI.")
    high: float | None
    small: bool = Field(description="Fewer customers than min_cell in segment or base: to be shown greyed.")


class PortraitNumbers(Model):
    """A number summed up."""

    n: int
    mean: float | None
    p25: float | None
    median: float | None
    p75: float | None


class PortraitDimension(Model):
    """A tag, an attribute or the channels."""

    kind: Literal["tag", "attribute", "channel"]
    name: str
    title: Titles
    several: bool = Field(description="Customers may have several values and count under each.")
    known: int = Field(description="Members of whom it is known: what shares are of.")
    base_known: int
    cells: list[PortraitCell]
    numbers: PortraitNumbers | None
    base_numbers: PortraitNumbers | None


class PortraitLeader(Model):
    """Where segment and base differ most."""

    kind: Literal["tag", "attribute", "channel"]
    name: str
    title: Titles
    cell: PortraitCell
    bound: float = Field(
        description="How far log(TGI/100) surely is from 0, all compared values taken into account (Bonferroni)."
    )


class PortraitSizes(Model):
    """How many customers are compared."""

    segment: int
    base: int
    common: int = Field(description="Members that are in the base too.")


class LeftOut(Model):
    """What is no dimension."""

    kind: Literal["tag", "attribute", "channel"]
    name: str
    title: Titles
    why: Literal["personal", "identifier", "free_text", "too_many_values"]


class Portrait(Model):
    """A segment against a base."""

    segment: str
    base: str = Field(description="`all`, or a segment.")
    as_of: Instant
    sizes: PortraitSizes
    min_cell: int
    dimensions: list[PortraitDimension]
    top: list[PortraitLeader] = Field(description="At most ten, one value of each dimension, the clearest first.")
    compared: int = Field(description="Values looked at for `top`.")
    left_out: list[LeftOut]
    method: Titles = Field(description="What the interval is.")
    seconds: float


class OverlapRequest(Model):
    """Segments to hold against each other."""

    segments: list[Annotated[str, Field(max_length=200)]] = Field(min_length=2, max_length=6)


class SetSize(Model):
    """A segment and its size."""

    segment: str
    title: Titles
    size: int


class Intersection(Model):
    """Customers in all of some segments and in none of the others."""

    inside: list[str] = Field(alias="in")
    outside: list[str] = Field(alias="out")
    count: int


class Likeness(Model):
    """How alike two segments are."""

    a: str
    b: str
    common: int
    jaccard: float | None = Field(description="Common / either, 0 to 1; null when both are empty.")


class Overlap(Model):
    """How segments overlap."""

    as_of: Instant
    customers: int = Field(description="All customers.")
    union: int
    sizes: list[SetSize]
    intersections: list[Intersection] = Field(
        description="Exclusive: they add up to the union. Those without anybody are left out; the largest first."
    )
    jaccard: list[Likeness]
    seconds: float


class SetOfTag(Model):
    """The customers whose tag has a value."""

    tag: str = Field(max_length=200)
    value: str = Field(max_length=200)


class SetOfList(Model):
    """The customers on a list."""

    list: str = Field(max_length=200)


class AllOf(Model):
    """In every one of them."""

    all: list[SetExpression] = Field(min_length=1, max_length=50)


class AnyOf(Model):
    """In at least one of them."""

    any: list[SetExpression] = Field(min_length=1, max_length=50)


class NoneOf(Model):
    """All customers that are not in it."""

    not_: SetExpression = Field(alias="not")


SetExpression = Annotated[str, Field(max_length=200)] | SetOfTag | SetOfList | AllOf | AnyOf | NoneOf
"""A segment by its name, a tag's value, a list, or `all`, `any`, `not` of them."""

for _model in (AllOf, AnyOf, NoneOf):
    _model.model_rebuild()


class CombineRequest(Model):
    """An expression over sets of customers."""

    expression: SetExpression = Field(examples=[{"all": ["vip", {"not": "churned"}]}])


class Combined(Model):
    """How many customers an expression selects."""

    size: int
    customers: int = Field(description="All customers.")
    as_of: Instant
    seconds: float
