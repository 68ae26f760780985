"""OneID: identifiers and customers as they are shown, the overview, and the graph of one customer."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import ConfigDict, Field

from onepool.api.models.common import Instant, Model, Titles

Strength = Literal["strong", "weak", "never"]
LinkStatus = Literal[
    "joined", "follows", "conflict", "void", "no_consent", "withdrawn", "cut", "blocked", "unused", "retired"
]
Consent = Literal["free", "granted", "unknown", "withdrawn", "never"]


class Classed(Model):
    """A shape with the member `class`, which Python does not let be a name."""

    model_config = ConfigDict(extra="forbid", json_schema_serialization_defaults_required=True, populate_by_name=True)

    strength: Strength = Field(
        validation_alias="class",
        serialization_alias="class",
        description="strong joins, weak follows, never does neither.",
    )


class IdentifierBrief(Classed):
    """An identifier, masked where its type is a person's contact."""

    identifier_id: int
    type: str
    title: Titles
    scope: str
    value: str
    generation: int = Field(description="0: the first owner of this value; 1, 2 …: who had it later (recycled phones).")
    customer_id: int


class CustomerBrief(Model):
    """A customer in one column of a comparison, masked as on the customer page."""

    customer_id: int
    name: str | None
    phone: str | None
    email: str | None
    identifiers: list[IdentifierBrief] = Field(description="The first 50.")
    orders: int
    spend: Decimal
    currency: str
    first_seen: Instant | None
    last_seen: Instant | None
    attributes: dict[str, str]


class TouchpointCount(Model):
    """Identifiers seen at one touchpoint."""

    touchpoint: str
    identifiers: int


class TypeCount(Classed):
    """What there is of one type of identifiers."""

    type: str
    title: Titles
    identifiers: int
    customers: int
    touchpoints: list[TouchpointCount]


class SizeCount(Model):
    """How many customers have so many identifiers."""

    identifiers: str = Field(examples=["1", "6-10", ">50"])
    customers: int


class DayJoined(Model):
    """Customers at the end of a day, and those of them with more than one identifier by then."""

    day: str
    customers: int
    joined: int


class DayChanges(Model):
    """Customers that became one, and that came apart, on one calendar day of the workspace."""

    day: str = Field(examples=["2026-11-20"])
    merged: int
    split: int


class ReasonCount(Model):
    """Open conflicts of one reason."""

    reason: str = Field(examples=["limit"])
    count: int


class ConflictCounts(Model):
    """Open conflicts."""

    open: int
    by_reason: list[ReasonCount]


class CandidateCounts(Model):
    """Pairs that the model proposed: waiting, joined by themselves or by people, ruled out."""

    open: int
    joined: int
    merged: int
    never: int


class LargeCustomer(Model):
    """One of the customers with most identifiers."""

    customer_id: int
    name: str | None
    identifiers: int
    events: int


class Suspicious(Model):
    """A value that joins nobody (it names more customers than its type allows, or is blocked), or nearly so."""

    identifier_id: int
    type: str
    title: Titles
    scope: str
    value: str
    reason: Literal["void", "blocked", "near"] = Field(description="near: four fifths of the limit or more.")
    owners: int = Field(description="Customers that evidence links it to.")
    limit: int | None
    links: int
    customers: int


class IdentityOverview(Model):
    """OneID in numbers."""

    customers: int
    identifiers: int
    anonymous: int = Field(description="Customers without any strong identifier.")
    linked: int = Field(description="Customers with more than one identifier.")
    by_type: list[TypeCount]
    sizes: list[SizeCount]
    links: dict[LinkStatus, int]
    changes: list[DayChanges]
    joined: list[DayJoined] = Field(description="How the share of joined customers grew, by when events happened.")
    conflicts: ConflictCounts
    candidates: CandidateCounts
    largest: list[LargeCustomer]
    suspicious: list[Suspicious]
    unclaimed: int = Field(description="Numbers that were handed on, and that nobody has proved yet to have now.")
    at: Instant = Field(description="When these figures were taken.")


class GraphNode(Classed):
    """An identifier in the graph of a customer."""

    identifier_id: int
    type: str
    title: Titles
    scope: str
    value: str
    generation: int
    valid_from: Instant | None = Field(description="From when it is this owner's; null: always.")
    first_seen: Instant | None
    last_seen: Instant | None
    role: Literal["member", "neighbour", "void", "blocked"]
    customer_id: int


class IdentityLink(Model):
    """Evidence that two identifiers are one person, and what was concluded from it."""

    link_id: int
    a: int
    b: int
    rule: str
    touchpoint: str
    first_time: Instant
    last_time: Instant
    count: int
    first_event: str | None = Field(description="Null where people or the model are the evidence.")
    last_event: str | None
    decision: int | None = Field(description="The decision of people that it stands for.")
    candidate: int | None = Field(description="The proposal of the model that it stands for.")
    trust: Literal["typed", "proved"] | None = Field(
        description="How a contact became known: typed in by people, or proved by the platform or a code."
    )
    consent: Consent = Field(description="free: none is needed at this touchpoint.")
    status: LinkStatus
    reason: str | None = Field(examples=["limit:unionid@wx-open"])
    confidence: float | None = Field(description="Probability, of links by likelihood.")


class NeverPair(Model):
    """Two identifiers that people keep apart."""

    a: int
    b: int
    decision: int


class JoinedByPeople(Model):
    """Two identifiers that people joined."""

    a: int
    b: int
    decision: int


class IdentityGraph(Model):
    """A customer's identifiers, what is linked with them, and the links."""

    customer_id: int
    nodes: list[GraphNode]
    links: list[IdentityLink]
    never: list[NeverPair]
    merged: list[JoinedByPeople]
    truncated: bool = Field(description="There is more than is shown.")
