"""The audit trail."""

from __future__ import annotations

from pydantic import Field

from onepool.api.models.common import Instant, JsonObject, Model


class AuditEntry(Model):
    """One thing that somebody did."""

    id: int
    at: Instant
    actor: str = Field(examples=["user:mei@brand.com", "key:3", "cli:root"])
    action: str = Field(examples=["customer.reveal"])
    subject: str = Field(examples=["customer:42"])
    detail: JsonObject


class AuditTrail(Model):
    """Entries from the latest to the earliest."""

    items: list[AuditEntry]
    next: int | None = Field(description="Give it as `before` to get the next page; null at the end.")
