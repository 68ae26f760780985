"""Conflicts and the review queue."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import AwareDatetime, Field

from onepool.api.models.common import Instant, Model, Titles
from onepool.api.models.identity import CustomerBrief, IdentifierBrief
from onepool.api.models.identity_decisions import Decision

ConflictReason = Literal["limit", "name", "unproved", "size", "never"]


class IdentityConflict(Model):
    """A link that would have joined two customers, had a rule not forbidden it."""

    link_id: int
    a: IdentifierBrief
    b: IdentifierBrief
    customer_a: CustomerBrief
    customer_b: CustomerBrief
    reason: ConflictReason
    detail: str | None = Field(description="Which limit, as type@scope.", examples=["unionid@wx-open"])
    text: Titles = Field(description="The reason in words.")
    rule: str
    touchpoint: str
    first_time: Instant
    last_time: Instant
    count: int
    value: Decimal = Field(description="What both customers together paid, in the workspace's currency.")


class IdentityConflicts(Model):
    """A page of conflicts, the most valuable first."""

    items: list[IdentityConflict]
    total: int
    page: int
    size: int


class Comparison(Model):
    """How two records compare in one respect, and what that weighs."""

    comparison: str
    title: Titles
    level: str
    weight: float = Field(description="Bits of evidence: positive speaks for one person, negative against.")
    a: str | None = Field(description="The value on the left, masked.")
    b: str | None


class Postponement(Model):
    """Until when a pair is kept out of the queue, unless new evidence arrives before."""

    until: Instant
    author: str
    reason: str


class ReviewItem(Model):
    """Two customers who may be one."""

    id: str = Field(examples=["candidate:12", "conflict:345"])
    kind: Literal["candidate", "conflict"]
    status: Literal["open", "joined", "merged", "never", "gone"]
    probability: float | None
    value: Decimal = Field(description="What both customers together paid, in the workspace's currency.")
    a: CustomerBrief
    b: CustomerBrief
    why: list[Comparison]
    reason: str | None = Field(description="Of a conflict: the rule that forbids the join.")
    text: Titles | None = Field(description="That in words.")
    at: Instant
    later: Postponement | None = Field(description="Of a pair that was put off.")


class ReviewList(Model):
    """A page of the queue, the most valuable first."""

    items: list[ReviewItem]
    total: int
    page: int
    size: int


class ReviewDecision(Model):
    """What is decided on one item. `later` puts it off, `resume` brings it back to the queue."""

    id: str = Field(pattern=r"^(candidate|conflict):[0-9]{1,18}$")
    decision: Literal["merge", "never", "later", "resume"]


class ReviewRequest(Model):
    """Decisions on several items, for one reason."""

    items: list[ReviewDecision] = Field(min_length=1, max_length=200)
    until: AwareDatetime | None = Field(
        None,
        description="Until when items decided `later` are put off; without it for a week. Within the next 366 days.",
    )
    reason: str = Field("", max_length=500)


class ReviewProblem(Model):
    """An item that could not be decided: somebody did meanwhile, or it is gone."""

    id: str
    code: str = Field(examples=["decided-meanwhile"])
    problem: str


class ReviewOutcome(Model):
    """What was decided and what was not. Each item stands for itself."""

    decisions: list[Decision]
    until: Instant | None = Field(description="Until when the items decided `later` are put off.")
    conflicts: list[ReviewProblem]
