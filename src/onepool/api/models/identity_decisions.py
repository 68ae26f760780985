"""Decisions of people, and what they would change."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from onepool.api.models.common import Instant, Model, Titles
from onepool.api.models.identity import IdentifierBrief

Id = Annotated[int, Field(ge=0, le=2**53)]
DecisionKind = Literal["merge", "never", "split", "block", "undo"]


class MergeChange(Model):
    """Make two customers one. `a`, `b`: customer numbers."""

    kind: Literal["merge"]
    a: Id
    b: Id


class NeverChange(Model):
    """Keep two customers apart for good. `a`, `b`: customer numbers."""

    kind: Literal["never"]
    a: Id
    b: Id


class SplitChange(Model):
    """Take identifiers out of a customer: they become a customer of their own."""

    kind: Literal["split"]
    customer_id: Id
    identifiers: list[Id] = Field(min_length=1, max_length=500)


class BlockChange(Model):
    """Let an identifier never join anybody again (a test phone, a shop assistant's)."""

    kind: Literal["block"]
    identifier: Id


class UndoChange(Model):
    """Take a decision back."""

    kind: Literal["undo"]
    decision: Id


Change = Annotated[MergeChange | NeverChange | SplitChange | BlockChange | UndoChange, Field(discriminator="kind")]


class ChangeRequest(Model):
    """A change to be tried out; nothing is kept."""

    change: Change
    segments: list[str] = Field(default_factory=list, max_length=50, description="Segments to count; empty: all.")


class _Reasoned(Model):
    reason: str = Field("", max_length=500, description="Why; kept with the decision.")
    seen: int | None = Field(
        None,
        ge=0,
        description="The latest decision known when this one was made (`seen` of the preview): later ones about the "
        "same customers refuse it. Null: any that is in force does.",
    )


class MergeDecision(MergeChange, _Reasoned):
    """Make two customers one, from the next tick on."""


class NeverDecision(NeverChange, _Reasoned):
    """Keep two customers apart, from the next tick on."""


class SplitDecision(SplitChange, _Reasoned):
    """Take identifiers out of a customer, with the next tick."""


class BlockDecision(BlockChange, _Reasoned):
    """Let an identifier join nobody, from the next tick on."""


DecisionRequest = Annotated[MergeDecision | NeverDecision | SplitDecision | BlockDecision, Field(discriminator="kind")]


class UndoRequest(Model):
    """Why a decision is taken back."""

    reason: str = Field("", max_length=500)


class ShapedCustomer(Model):
    """A customer before or after a change."""

    customer_id: int
    name: str | None
    identifiers: list[IdentifierBrief]


class SegmentEffect(Model):
    """What a change does to a segment."""

    segment: str
    title: Titles
    before: int
    after: int
    entering: int
    leaving: int


class Warned(Model):
    """What to think of before going on."""

    code: str
    text: Titles


class ChangePreview(Model):
    """What a change would do, computed with all evidence and the rules in force."""

    customers_before: list[ShapedCustomer]
    customers_after: list[ShapedCustomer]
    merged: int = Field(description="Customers that go up in another one.")
    split: int = Field(description="Customers that come into being.")
    identifiers_moved: int
    segments: list[SegmentEffect]
    warnings: list[Warned]
    seen: int = Field(description="The latest decision of now; give it with the decision.")


class Decision(Model):
    """A person's ruling."""

    id: int
    at: Instant
    kind: DecisionKind
    a: IdentifierBrief | None
    b: IdentifierBrief | None
    identifiers: list[IdentifierBrief] = Field(description="Of a split: what was taken out.")
    author: str
    reason: str
    undone_by: int | None
    undoes: int | None
    applied: bool = Field(description="The tick has taken it up.")


class Decisions(Model):
    """A page of decisions, the latest first."""

    items: list[Decision]
    total: int
    page: int
    size: int
