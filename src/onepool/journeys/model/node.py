"""The steps of a journey: one part for each kind of node."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from onepool.audience.conditions.model import Condition
from onepool.audience.conditions.parts import Part
from onepool.audience.conditions.values import Name, Names_, SpanField, Text
from onepool.channels.base.receipts import Reason
from onepool.journeys.model.matching import Category, EventMatch
from onepool.journeys.moments import BackoffField, Clock, LocalSpan, read_backoff


class Fresh(Part):
    """The node waits until all touchpoints' data and identities are at most this old (and at most until `max`)."""

    identity: SpanField
    max: SpanField | None = None


class Hop(Part):
    """One way to reach the customer. `template`: the content of the message (by default the one of that channel)."""

    channel: Name
    kind: Name | None = None
    touchpoint: Name | None = None
    template: Name | None = None
    staff: Text | None = None
    accept_within: SpanField | None = None
    unknown: Literal["resend", "query", "drop"] = "drop"
    next_on: list[Reason] = Field(default_factory=list)


_RETRIED: tuple[Reason, ...] = ("rate_limited", "transient")
_BACKOFF = ("10s", "1m", "5m", "30m", "2h")


class Retry(Part):
    on: list[Reason] = Field(default_factory=lambda: list(_RETRIED))
    max: int = Field(default=5, ge=0, le=20)
    backoff: list[BackoffField] = Field(
        default_factory=lambda: [read_backoff(one) for one in _BACKOFF], min_length=1, max_length=20
    )


class Send(Part):
    do: Literal["send"]
    message: Name
    chain: list[Hop] = Field(min_length=1, max_length=10)
    guard: Condition | None = None
    retry: Retry = Retry()
    category: Category | None = None
    expire_after: SpanField | None = None
    fresh: Fresh | None = None
    next: Name
    else_: Name = Field(alias="else")
    note: Text | None = None


class DateOf(Part):
    """An instant read from an attribute or from what the run saved, moved by `offset`, at a local `time`."""

    attribute: Name | None = None
    var: Name | None = None
    offset: Text | None = None
    time: Clock | None = None
    every: Literal["year"] | None = None


class Wait(Part):
    """`for` a time; `until` an event; until a `date`; until a local `time` (on `weekdays`). `max` bounds a date.

    With `until`, `for` is the time-out: `next` is taken then, `on_event` (default `next`) when the event comes.
    """

    do: Literal["wait"]
    for_: LocalSpan | None = Field(default=None, alias="for")
    until: EventMatch | None = None
    date: DateOf | None = None
    time: Clock | None = None
    weekdays: Names_ | None = None
    max: SpanField | None = None
    next: Name
    on_event: Name | None = None
    else_: Name | None = Field(default=None, alias="else")
    note: Text | None = None


class Case(Part):
    when: Condition
    next: Name


class Branch(Part):
    do: Literal["branch"]
    cases: list[Case] = Field(min_length=1, max_length=50)
    else_: Name = Field(alias="else")
    note: Text | None = None


class Arm(Part):
    name: Name
    weight: int = Field(ge=1, le=10_000)
    control: bool = False
    next: Name


class Split(Part):
    """Customers go by the hash of (salt, customer); weights are relative."""

    do: Literal["split"]
    salt: Text | None = None
    arms: list[Arm] = Field(min_length=2, max_length=20)
    note: Text | None = None


class IssueCoupon(Part):
    do: Literal["issue_coupon"]
    batch: Text
    save: Name
    guard: Condition | None = None
    fresh: Fresh | None = None
    next: Name
    else_: Name = Field(alias="else")
    note: Text | None = None


class SetProfile(Part):
    do: Literal["set_profile"]
    set: dict[Name, Any] = Field(min_length=1)
    next: Name
    note: Text | None = None


class TagNode(Part):
    """Writes values of tags of kind import; null takes a value away."""

    do: Literal["tag"]
    set: dict[Name, Any] = Field(min_length=1)
    next: Name
    note: Text | None = None


class Task(Part):
    """Work for an associate: `next` when it is done, `else` when nobody did it in time. `staff`: owner (the customer's
    own associate; without one it waits for whoever takes it), or the number of a member of staff."""

    do: Literal["task"]
    title: Text
    body: Text | None = None
    staff: Text = "owner"
    within: SpanField
    next: Name
    else_: Name = Field(alias="else")
    note: Text | None = None


class Webhook(Part):
    """A signed call to a touchpoint of channel `webhook`; `save`: variable -> type of an answer's member."""

    do: Literal["webhook"]
    touchpoint: Name
    body: dict[str, Any] = Field(default_factory=dict)
    save: dict[Name, Literal["text", "number", "boolean"]] = Field(default_factory=dict)
    next: Name
    else_: Name = Field(alias="else")
    note: Text | None = None


class CallJourney(Part):
    do: Literal["call_journey"]
    journey: Name
    wait: bool = True
    next: Name
    note: Text | None = None


class Repeat(Part):
    """Back to node `back` at most `max` times (while the condition holds), then on to `next`."""

    do: Literal["repeat"]
    back: Name
    max: int = Field(ge=1, le=100)
    while_: Condition | None = Field(default=None, alias="while")
    next: Name
    note: Text | None = None


class End(Part):
    do: Literal["end"]
    as_: Name = Field(alias="as")
    note: Text | None = None


NODES: dict[str, type[Part]] = {
    "send": Send,
    "wait": Wait,
    "branch": Branch,
    "split": Split,
    "issue_coupon": IssueCoupon,
    "set_profile": SetProfile,
    "tag": TagNode,
    "task": Task,
    "webhook": Webhook,
    "call_journey": CallJourney,
    "repeat": Repeat,
    "end": End,
}


def _do(value: Any) -> str | None:
    if isinstance(value, Part):
        return next((f"<{done}>" for done, part in NODES.items() if type(value) is part), None)
    done = value.get("do") if isinstance(value, dict) else None
    return f"<{done}>" if isinstance(done, str) and done in NODES else None


Node: TypeAlias = Annotated[
    Annotated[Send, Tag("<send>")]
    | Annotated[Wait, Tag("<wait>")]
    | Annotated[Branch, Tag("<branch>")]
    | Annotated[Split, Tag("<split>")]
    | Annotated[IssueCoupon, Tag("<issue_coupon>")]
    | Annotated[SetProfile, Tag("<set_profile>")]
    | Annotated[TagNode, Tag("<tag>")]
    | Annotated[Task, Tag("<task>")]
    | Annotated[Webhook, Tag("<webhook>")]
    | Annotated[CallJourney, Tag("<call_journey>")]
    | Annotated[Repeat, Tag("<repeat>")]
    | Annotated[End, Tag("<end>")],
    Discriminator(_do),
]
