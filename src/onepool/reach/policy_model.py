"""The contact policy as it is written: quiet hours, channel windows, caps, control, days of rest, prices, pace."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from onepool.audience.conditions.parts import Part
from onepool.audience.conditions.values import Name, Span, SpanField, Text, read_span

NAME = "default"
"""The only policy of a workspace."""

Category: TypeAlias = Literal["promotion", "service", "transactional"]

_WALL = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")
_ROLLING = re.compile(r"rolling\s+(.+)")
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


def _wall(value: Any) -> int:
    """Minutes since midnight of a time such as 09:30."""
    if isinstance(value, str) and _WALL.fullmatch(value):
        return int(value[:2]) * 60 + int(value[3:5])
    raise PydanticCustomError("value", 'a time such as "09:30" is wanted, in quotes')


def _wall_text(value: int) -> str:
    return f"{value // 60:02d}:{value % 60:02d}"


def _per(value: Any) -> Span | None:
    """A rolling span; None: the customer's local day."""
    if value is None or value == "local_day":
        return None
    found = _ROLLING.fullmatch(value.strip()) if isinstance(value, str) else None
    span = read_span(found[1]) if found else None
    if span is None or span.micros is None:
        raise PydanticCustomError("value", "local_day, or rolling with days or hours (rolling 7 days) is wanted")
    return span


def _many(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


Wall = Annotated[
    int,
    BeforeValidator(_wall),
    PlainSerializer(_wall_text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$"}),
]
PerField = Annotated[
    Any,
    BeforeValidator(_per),
    PlainSerializer(lambda span: "local_day" if span is None else f"rolling {span}", return_type=str),
    WithJsonSchema({"type": "string", "examples": ["local_day", "rolling 7 days"]}),
]


class OpenHours(Part):
    """Local wall times within which something may be sent; over midnight where `to` is not later than `from`."""

    from_: Wall = Field(alias="from")
    to: Wall


class QuietHours(OpenHours):
    """Local wall times in which nothing is sent. `max_defer`: what would wait longer is dropped (quiet_skipped)."""

    on_hit: Literal["defer", "skip"] = "defer"
    max_defer: SpanField | None = None


class CapCell(Part):
    """At most `count` messages of `category` (unsaid: all but transactional) over `channel` (unsaid: any)."""

    count: int = Field(ge=1, le=10_000)
    per: PerField = None
    category: Category | None = None
    channel: Name | None = None
    on_hit: Literal["skip", "defer"] = "skip"


def _promotion() -> list[Category]:
    return ["promotion"]


class ControlGroup(Part):
    """A share of the customers who get nothing of these categories, whatever the programme."""

    fraction: float = Field(ge=0.0, le=0.5)
    salt: Text = "global"
    categories: list[Category] = Field(default_factory=_promotion)


class RestDaysPart(Part):
    """Public holidays of a country: `categories` go out within `hours` only, or not at all. `add`: further days of
    rest, `leave`: days that are none."""

    calendar: Text | None = None
    categories: list[Category] = Field(default_factory=_promotion, min_length=1)
    hours: OpenHours | None = None
    add: list[date] = Field(default_factory=list)
    leave: list[date] = Field(default_factory=list)

    def model_post_init(self, context: Any) -> None:
        del context
        if self.calendar is None:
            return
        import holidays  # takes a while to load, and few commands need it

        if self.calendar not in holidays.list_supported_countries():
            raise PydanticCustomError(
                "value", "there is no calendar {name}; write a country's ISO code such as CN", {"name": self.calendar}
            )


class Pace(Part):
    """At most `count` messages per second, minute, hour or day over one account; `burst` of them at once."""

    count: int = Field(ge=1, le=100_000_000)
    per: Literal["second", "minute", "hour", "day"] = "second"
    burst: int | None = Field(default=None, ge=1)

    @property
    def seconds(self) -> int:
        """Length of the time in seconds."""
        return _SECONDS[self.per]


class Breaker(Part):
    """An account is left alone for `rest` after so many failures one after another."""

    failures: int = Field(default=5, ge=1, le=1000)
    rest: SpanField = Field(default_factory=lambda: Span(1, "minute"))


def _nights() -> dict[Category, QuietHours]:
    return {"promotion": QuietHours.model_validate({"from": "22:00", "to": "09:00"})}


class Policy(Part):
    """What holds for all messages of the workspace.

    `zone`: the attribute that names a customer's zone. `quiet`: by category. `windows`: by channel, for all but
    transactional messages. `purposes`: the purpose of consent of each category. `prices`: of one message by `channel`
    or `channel.kind`, in the workspace's currency. `pace`: by touchpoint. `shares`: weight of a journey beside others
    of its class (1 where unsaid).
    """

    policy: Literal["default"] = "default"
    note: Text | None = None
    zone: Name | None = "time_zone"
    quiet: dict[Category, QuietHours] = Field(default_factory=_nights)
    windows: dict[Name, Annotated[list[OpenHours], BeforeValidator(_many)]] = Field(
        default_factory=lambda: {"sms": [OpenHours.model_validate({"from": "08:00", "to": "21:00"})]}
    )
    purposes: dict[Category, Name] = Field(default_factory=dict)
    caps: list[CapCell] = Field(default_factory=list, max_length=100)
    control: ControlGroup | None = None
    holidays: RestDaysPart | None = None
    prices: dict[Name, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    pace: dict[Name, Annotated[list[Pace], BeforeValidator(_many)]] = Field(default_factory=dict)
    shares: dict[Name, Annotated[int, Field(ge=1, le=1000)]] = Field(default_factory=dict)
    breaker: Breaker = Breaker()

    def price(self, channel: str, kind: str) -> float | None:
        """What one message costs, where the list says so."""
        return self.prices.get(f"{channel}.{kind}", self.prices.get(channel))
