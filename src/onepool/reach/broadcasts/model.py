"""A broadcast as it is written: one message, once, to everybody of an audience."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Literal, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from onepool.audience.conditions.errors import ConditionError, Problem, closest
from onepool.audience.conditions.model import Condition
from onepool.audience.conditions.parse import plain_data, problems_of
from onepool.audience.conditions.parts import Part
from onepool.audience.conditions.values import Moment, Name, Span, SpanField, Text
from onepool.channels import registry
from onepool.clock import to_micros
from onepool.collect.touchpoint import Touchpoint
from onepool.errors import OnePoolError
from onepool.reach import rules
from onepool.reach.messages.model import Message
from onepool.reach.messages.parse import lent
from onepool.reach.policies import micros, quiet
from onepool.reach.policy_model import Pace, PerField, QuietHours

Title: TypeAlias = dict[Literal["zh", "en"], str]


class BroadcastError(OnePoolError):
    """A broadcast that can't be used as written, or with which this can't be done now."""

    code = "broadcast"

    def __init__(self, message: str, problems: Collection[Problem] = (), **more: Any) -> None:
        super().__init__(message, **more)
        self.problems = list(problems)


class Audience(Part):
    """One of: a segment's members, a list's, those for whom a condition holds; as they are when it starts."""

    segment: Name | None = None
    list_: Name | None = Field(default=None, alias="list")
    who: Condition | None = None

    @model_validator(mode="after")
    def _one(self) -> Audience:
        if sum(one is not None for one in (self.segment, self.list_, self.who)) != 1:
            raise PydanticCustomError("value", "one of segment, list and who is wanted")
        return self


class Cap(Part):
    """At most `count` messages per `local_day` or `rolling 7 days`, counted over a scope."""

    count: int = Field(ge=1, le=10_000)
    per: PerField = None
    scope: Literal["all", "category", "channel"] = "category"
    on_hit: Literal["skip", "defer"] = "skip"


class Broadcast(Part):
    """`start`: an instant (unsaid: when it is started). `pace`: messages planned at most, beside the account's own
    pace. `expire_after`: what has not gone out by then is dropped."""

    broadcast: Name
    title: Title | Text | None = None
    note: Text | None = None
    message: Name
    channel: Name
    kind: Name | None = None
    template: Name | None = None
    touchpoint: Name | None = None
    staff: Text | None = None
    audience: Audience
    start: Moment | None = None
    quiet: QuietHours | None = None
    caps: list[Cap] = Field(default_factory=list, max_length=20)
    pace: Pace | None = None
    expire_after: SpanField = Field(default_factory=lambda: Span(24, "hour"))
    accept_within: SpanField | None = None
    respect_global_control: bool = True
    unknown: Literal["resend", "query", "drop"] = "drop"
    priority: int = Field(default=50, ge=0, le=99)

    def policy(self) -> rules.SendPolicy:
        """What holds for its messages."""
        return rules.SendPolicy(
            quiet=None if self.quiet is None else quiet(self.quiet),
            caps=tuple(
                rules.Cap(one.count, None if one.per is None else one.per.micros, one.scope, one.on_hit)
                for one in self.caps
            ),
            respect_control=self.respect_global_control,
            unknown=self.unknown,
            accept_within=micros(self.accept_within),
        )


def instant_of(moment: str | None, zone: ZoneInfo) -> int | None:
    """An instant as it is written (without a zone: the workspace's), in µs."""
    if moment is None:
        return None
    found = datetime.fromisoformat(moment)
    return to_micros(found if found.tzinfo is not None else found.replace(tzinfo=zone))


def parse(body: Mapping[str, Any]) -> Broadcast:
    """The broadcast that `body` says. Raises BroadcastError with every problem."""
    try:
        return Broadcast.model_validate(plain_data(body))
    except ValidationError as error:
        problems = problems_of(error)
    except ConditionError as error:
        problems = error.problems
    raise BroadcastError("; ".join(str(one) for one in problems), problems)


def check(
    broadcast: Broadcast, message: Message | None, touchpoints: Mapping[str, Touchpoint], segments: Collection[str],
    lists: Collection[str],
) -> list[Problem]:  # fmt: skip
    """What is wrong with it beside the names that there are."""
    found: list[Problem] = []
    audience = broadcast.audience
    for place, name, known, what in (
        ("audience.segment", audience.segment, segments, "segment"),
        ("audience.list", audience.list_, lists, "list"),
    ):
        if name is not None and name not in known:
            found.append(Problem(place, f"there is no {what} {name}", closest(name, known)))
    channel = registry.find(broadcast.channel)
    if channel is None or not channel.manifest.addresses:
        reaching = [one.name for one in registry.manifests() if one.addresses]
        found.append(
            Problem("channel", f"{broadcast.channel} carries no messages", closest(broadcast.channel, reaching))
        )
    mine = [name for name, one in touchpoints.items() if one.channel == broadcast.channel]
    if channel is not None and not mine:
        found.append(Problem("channel", f"there is no touchpoint of channel {broadcast.channel}"))
    if broadcast.touchpoint is not None and broadcast.touchpoint not in mine:
        place = f"there is no touchpoint {broadcast.touchpoint} of channel {broadcast.channel}"
        found.append(Problem("touchpoint", place, closest(broadcast.touchpoint, mine)))
    if message is None:
        found.append(Problem("message", f"there is no message {broadcast.message}"))
    elif (content := message.content(broadcast.template, broadcast.channel, broadcast.kind)) is None:
        names = [one.template for one in message.contents if one.channel == broadcast.channel]
        which = f"message {broadcast.message} has " + (
            f"{len(names)} contents for {broadcast.channel}: name one" if names else f"none for {broadcast.channel}"
        )
        found.append(Problem("template", which, names[0] if names else None))
    elif content.channel != broadcast.channel:
        found.append(Problem("template", f"content {content.template} is for channel {content.channel}"))
    else:
        # A broadcast has no run: what only a journey knows would be missing in every message.
        found += [
            Problem("message", f"variable {name} comes from {one.from_}, which only a journey has: give it a default")
            for name, one in lent(message, content)
        ]
    return found
