"""Identifiers in a list, whose one was, and what the rules of identity were."""

from __future__ import annotations

from pydantic import Field, JsonValue

from onepool.api.models.common import Instant, JsonObject, Model
from onepool.api.models.identity import IdentifierBrief
from onepool.api.models.identity_rules import Basis


class ListedIdentifier(Model):
    """One identifier of a list."""

    identifier: IdentifierBrief
    customer: str | None = Field(description="What its customer is called, as this caller may see it.")
    first_seen: Instant
    last_seen: Instant


class IdentifierList(Model):
    """A page of identifiers of one type, the latest first."""

    items: list[ListedIdentifier]
    next: int | None = Field(description="Given as `before` for the next page; null: this is the last one.")


class CustomerThen(Model):
    """Whose an identifier was, as OnePool knew it at an instant."""

    identifier: IdentifierBrief
    at: Instant
    customer_id: int = Field(description="Its customer then. `identifier.customer_id` is the present one.")


class RuleChange(Model):
    """One setting that two versions say differently. Null: the version does not say it."""

    path: str = Field(examples=["types.phone.max_customers"])
    before: JsonValue
    after: JsonValue


class RulesVersion(Model):
    """One version of the rules."""

    version: int
    author: str
    at: Instant
    reason: str
    current: bool
    changes: list[RuleChange] = Field(description="Against the version before it.")
    to_present: list[RuleChange] = Field(description="What going back to it would change now.")
    body: JsonObject


class RulesVersions(Model):
    """All versions of the rules, the newest first. Before version 1 there are those of the standard alone."""

    items: list[RulesVersion]


class RulesRestore(Model):
    """Going back to an earlier version: its rules become a new version."""

    to: int = Field(ge=0, description="The version to go back to; 0: the standard's rules alone.")
    version: int = Field(ge=0, description="The version that was looked at: refused when there is a later one.")
    reason: str = Field(min_length=3, max_length=500)


class JoiningChange(Model):
    """On what basis the evidence of a touchpoint may join."""

    joining: Basis
    version: int = Field(ge=1, description="The version that was looked at: refused when there is a later one.")
    reason: str = Field(min_length=3, max_length=500)
