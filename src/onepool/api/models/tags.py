"""Tags."""

from __future__ import annotations

from pydantic import Field

from onepool.api.models.common import Instant, JsonObject, Model, Titles


class TagRow(Model):
    """A tag in the list."""

    name: str
    title: Titles
    kind: str = Field(examples=["metric"])
    says: str | None = Field(description="attribute, behaviour or value", examples=["value"])
    owner: str | None
    coverage: int = Field(description="Customers with a value.")
    values: int = Field(description="Different values.")
    as_of: Instant | None
    version: int
    used_by: list[str]


class TagList(Model):
    """All tags."""

    items: list[TagRow]
    customers: int


class ValueShare(Model):
    """How many customers have a value."""

    value: str
    count: int
    share: float = Field(description="Of the customers with a value, 0 to 1.")


class NumberSpread(Model):
    """Quantiles of a tag with numbers."""

    minimum: float
    p25: float
    median: float
    p75: float
    maximum: float
    mean: float


class TagDetail(Model):
    """A tag with its distribution."""

    name: str
    title: Titles
    kind: str
    says: str | None
    owner: str | None
    definition: JsonObject
    version: int
    author: str | None
    changed_at: Instant | None
    coverage: int
    total: int = Field(description="All customers.")
    distribution: list[ValueShare] = Field(description="The 100 commonest values.")
    spread: NumberSpread | None
    as_of: Instant | None
    used_by: list[str]
