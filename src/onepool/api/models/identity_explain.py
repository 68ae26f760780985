"""Why two identifiers are one customer, or not."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from onepool.api.models.common import Model, Titles
from onepool.api.models.identity import IdentifierBrief, IdentityLink
from onepool.api.models.identity_review import Comparison


class ExplainRequest(Model):
    """Two identifiers or customers: a customer number, `identifier:12`, `type:value` or `type@scope:value`."""

    a: str = Field(min_length=1, max_length=400, examples=["phone:13800000000"])
    b: str = Field(min_length=1, max_length=400, examples=["customer:12", "unionid@wx-open:oABC"])


class Side(Model):
    """What was asked for."""

    identifier: IdentifierBrief | None
    customer_id: int
    name: str | None


class PathStep(Model):
    """One step from an identifier to the next by a link, which may stand for a decision of people."""

    source: IdentifierBrief
    target: IdentifierBrief
    link: IdentityLink
    text: Titles


class ExplainReason(Model):
    """One reason why two customers are two."""

    code: Literal[
        "limit",
        "name",
        "unproved",
        "size",
        "never",
        "cut",
        "void",
        "blocked",
        "no_consent",
        "withdrawn",
        "unused",
        "retired",
        "candidate",
        "ended",
        "recycled",
        "shared",
        "no_evidence",
    ]
    text: Titles
    link: IdentityLink | None
    decision: int | None
    identifier: IdentifierBrief | None = Field(description="The value that both share, where that is the reason.")
    candidate: int | None
    probability: float | None
    why: list[Comparison]


class IdentityExplanation(Model):
    """The path of evidence between two identifiers of one customer, or why there are two customers."""

    together: bool
    a: Side
    b: Side
    path: list[PathStep]
    reasons: list[ExplainReason]
    rules_version: int | None
