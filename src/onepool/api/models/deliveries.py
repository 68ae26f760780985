"""Messages that were sent, or not: the log, one with its attempts, unknown ones, accounts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from onepool.api.models.common import Instant, Model, Titles

SendKey = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$", examples=["00f3a9b2c4d5e6f7"])]
State = Literal[
    "deferred", "queued", "claimed", "retry", "task", "unknown", "accepted", "delivered", "read", "clicked",
    "suppressed", "failed", "bounced", "cancelled",
]  # fmt: skip


class Delivery(Model):
    """One message on one channel to one customer."""

    send_id: SendKey
    journey: str = Field(description="Empty: of a broadcast.")
    broadcast: str | None
    run_id: str | None
    customer_id: int
    name: str | None = Field(description="What the customer is called, as far as the caller may see it.")
    channel: str
    touchpoint: str
    kind: str
    message: str
    message_version: int
    template: str | None
    category: str
    state: State
    reason: str | None
    reason_words: Titles | None
    hop: int
    attempts: int
    planned: Instant
    due: Instant | None = Field(description="Not before; of a task: when it is asked about again.")
    sent: Instant | None = Field(description="When the latest call began.")
    concluded: Instant | None
    delivered: Instant | None
    read: Instant | None
    clicked: Instant | None


class Deliveries(Model):
    """From the latest planned to the earliest."""

    items: list[Delivery]
    next: str | None = Field(description="Give it as `cursor` to get the next page; null at the end.")


class DeliveryCount(Model):
    channel: str
    state: State
    reason: str | None
    reason_words: Titles | None
    messages: int


class DeliveryCounts(Model):
    items: list[DeliveryCount]
    total: int


class Attempt(Model):
    """One call to the platform."""

    number: int
    at: Instant
    ended: Instant | None
    state: str = Field(description="calling, sent, task, refused, retry or unknown.")
    reason: str | None
    reason_words: Titles | None
    code: str | None = Field(description="The platform's own.")
    code_words: Titles | None
    provider_id: str | None
    detail: str


class DeliveryDetail(Delivery):
    """One message with its calls."""

    address: str | None = Field(description="Where it went, masked.")
    address_type: str | None
    staff_id: str | None
    expires: Instant | None
    deadline: Instant | None
    provider_id: str | None
    code: str | None
    code_words: Titles | None
    cost: float | None
    unknown_policy: Literal["resend", "query", "drop"]
    calls: list[Attempt]


class UnknownDecision(Model):
    """What to do with messages of which it can't be told whether they went out."""

    send_ids: list[SendKey] = Field(default_factory=list, max_length=2000)
    journey: str | None = Field(None, description="Instead of naming them: all of this journey or broadcast:ID.")
    touchpoint: str | None = None
    decision: Literal["resend", "sent", "drop"] = Field(
        description="`resend`: once more, it may arrive twice; `sent`: it did; `drop`: it did not, and stays so."
    )
    reason: str = Field("", max_length=500)


class UnknownDecided(Model):
    decided: int
    send_ids: list[SendKey]


class PaceLimit(Model):
    name: str
    count: int
    seconds: int | None
    period: Literal["day", "month"] | None
    left: int


class SendingAccount(Model):
    """How a touchpoint's account stands: its pace, its health, what waits."""

    touchpoint: str
    channel: str
    title: Titles
    paused: bool
    breaker: Literal["closed", "open", "half_open"]
    failures: int
    reason: str
    open_until: Instant | None
    limits: list[PaceLimit]
    waiting: int = Field(description="Messages that are due now.")
    seconds: float = Field(description="How long these take at the account's pace; 0 where nothing limits it.")
    full: bool = Field(description="Whether planners wait for the queue to get shorter.")


class AccountList(Model):
    items: list[SendingAccount]
