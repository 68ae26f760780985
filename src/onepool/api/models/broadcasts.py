"""Broadcasts: one message to everybody of an audience."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field

from onepool.api.models.common import Finding, Instant, JsonObject, Model, Titles

BroadcastStatus = Literal["draft", "asked", "scheduled", "planning", "sending", "paused", "done", "cancelled"]


class BroadcastInput(Model):
    """A broadcast as it is written (reach/broadcasts/model.py); the same as YAML or in the console."""

    definition: JsonObject = Field(
        examples=[{
            "broadcast": "double_11", "message": "sale", "channel": "wechat_oa", "audience": {"segment": "vip"},
            "expire_after": "12 hours",
        }]
    )  # fmt: skip
    version: int | None = Field(None, description="The draft that was edited; refused if somebody changed it since.")


class BroadcastNote(Model):
    note: str = Field("", max_length=2000)


class BroadcastCount(Model):
    state: str
    reason: str | None
    reason_words: Titles | None
    messages: int


class BroadcastRow(Model):
    """One broadcast."""

    name: str
    title: Titles
    status: BroadcastStatus
    version: int
    message: str
    channel: str
    author: str
    created: Instant
    start: Instant | None
    started: Instant | None
    ended: Instant | None
    total: int = Field(description="Customers of the frozen audience.")
    planned: int = Field(description="Of them, planned so far.")
    duplicates: int = Field(description="Of them, whose address had a message of it already.")
    sent: int = Field(description="Messages that the platform has taken.")
    delivered: int
    failed: int
    suppressed: int
    waiting: int


class BroadcastList(Model):
    items: list[BroadcastRow]
    next: int | None = Field(description="Give it as `before` to get the next page; null at the end.")


class BroadcastDetail(BroadcastRow):
    """One broadcast with its definition and figures."""

    definition: JsonObject
    counts: list[BroadcastCount]
    audience: int | None = Field(description="Customers who would be in it now; null once it has begun.")
    approval: Literal["asked", "approved", "refused", "withdrawn"] | None
    approval_needed: bool


class BroadcastCheck(Model):
    """What is wrong with a definition, and whom it would reach."""

    problems: list[Finding]
    audience: int | None = Field(description="Customers in the audience now; null while it can't be told.")


class ForecastReason(Model):
    """Customers whom it would not be sent to, for one reason."""

    reason: str
    reason_words: Titles | None
    customers: int


class BroadcastForecast(Model):
    """What would become of a broadcast if it started now, or when it is to start; nothing is sent."""

    audience: int
    sample: int = Field(description="Customers that were tried; with less than the audience, counts are scaled up.")
    at_once: int = Field(description="Messages that go out when it starts.")
    put_off: int = Field(description="Messages that go out later: quiet hours, channel windows, caps that end.")
    left_out: list[ForecastReason]
    duplicates: int = Field(description="Customers who share an address with somebody before them.")
    cost: Decimal | None = Field(description="By the price list; null where it has no price.")
    currency: str
