"""The rules of identity, and what other rules would do."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from onepool.api.models.common import Finding, Instant, JsonObject, Model, Titles
from onepool.api.models.identity import Classed, IdentifierBrief
from onepool.api.models.identity_decisions import SegmentEffect

Basis = Literal["free", "consent", "never"]


class TypeRule(Classed):
    """What the rules say of one type of identifiers. Null means no limit."""

    type: str
    title: Titles
    scope: Literal["none", "required"]
    priority: int
    verified: bool = Field(description="Given out by a platform, not typed in by people.")
    max_per_customer: int | None
    max_customers: int | None
    recycle_days: int | None
    lifetime_days: int | None
    identifiers: int
    overridden: list[str] = Field(description="What the workspace's rules change.")


class LikelihoodRule(Model):
    """What happens with the pairs that the model finds."""

    join: float = Field(ge=0, le=1, description="From this probability on, pairs join.")
    review: float = Field(ge=0, le=1, description="From this probability on, pairs wait for review.")
    auto: bool = Field(description="Whether pairs may join without a person.")


class TouchpointBasis(Model):
    """On what basis evidence of a touchpoint may join."""

    name: str
    title: Titles
    version: int = Field(description="Of the touchpoint's definition.")
    joining: Basis


class IdentityRules(Model):
    """The rules in force."""

    version: int = Field(description="0: only those of the standard.")
    author: str | None
    at: Instant | None
    body: JsonObject
    types: list[TypeRule]
    max_identifiers: int
    names: Literal["veto", "ignore"]
    contacts: Literal["trust", "typed", "proved"] = Field(
        description="Which phones and e-mail addresses join two accounts only if a name agrees too: none; those that "
        "were typed; all that were not proved."
    )
    consent_purposes: list[str]
    likelihood: LikelihoodRule
    touchpoints: list[TouchpointBasis]


class RulesChange(Model):
    """Rules to be put in force."""

    body: JsonObject
    version: int = Field(ge=0, description="The version that was edited: refused when there is a later one.")
    reason: str = Field(min_length=3, max_length=500)


class RulesPreviewRequest(Model):
    """Rules to be tried out on all data."""

    body: JsonObject
    segments: list[str] = Field(default_factory=list, max_length=50, description="Segments to count; empty: all.")


class CustomerSize(Model):
    """A customer and how many identifiers it would have."""

    customer_id: int
    identifiers: int


class RulesSample(Model):
    """Customers that the rules change: sets of identifiers before and after."""

    before: list[list[IdentifierBrief]]
    after: list[list[IdentifierBrief]]


class RulesPreview(Model):
    """What other rules would do to all customers. With `problems` nothing was computed."""

    problems: list[Finding]
    customers_before: int
    customers_after: int
    merged: int
    split: int
    identifiers_moved: int
    conflicts_before: int
    conflicts_after: int
    largest: list[CustomerSize]
    samples: list[RulesSample]
    segments: list[SegmentEffect]
    seconds: float
