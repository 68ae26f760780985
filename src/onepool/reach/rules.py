"""What holds for sends of one kind: quiet hours, caps, control, and what to do when a call fails.

`SendPolicy` is what a journey's hop or a broadcast says of itself; `ContactPolicy` is the workspace's, for all of them
(reach/policies.py reads it from its definition). Both are plain values: instants and lengths are microseconds, wall
times minutes since midnight.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

import msgspec
import numpy as np

from onepool.reach.keys import I64

MINUTE: Final = 60_000_000
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

TRANSACTIONAL: Final = "transactional"
CATEGORIES: Final = ("promotion", "service", TRANSACTIONAL)

OnHit = Literal["defer", "skip", "ignore"]
Unknown = Literal["resend", "query", "drop"]
Scope = Literal["all", "category", "channel", "journey"]


class Door(NamedTuple):
    """Where a message would go: over which channel and account (empty: any of the channel), of which kind (empty:
    unknown), in which class of priority (0: what goes first)."""

    channel: str
    touchpoint: str
    kind: str
    level: int


class Quiet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Local wall times [start, end) in which nothing is sent; over midnight where end <= start. `max_defer`: later than
    so much after it was planned, a message is not worth sending."""

    start: int
    end: int
    on_hit: OnHit = "defer"
    max_defer: int | None = None


class Cap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At most `count` messages in a `window` (None: the customer's local day) of what `scope` says."""

    count: int
    window: int | None = None
    scope: Scope = "category"
    on_hit: Literal["skip", "defer"] = "skip"


class Retry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Reasons after which a call is made again, how often, and the seconds before each further one."""

    on: tuple[str, ...] = ("rate_limited", "transient")
    max: int = 5
    backoff: tuple[int, ...] = (10, 60, 300, 1800, 7200)


class SendPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a hop of a journey, or a broadcast, says of its messages.

    `quiet` None: the workspace's hours of the category. `zone`: the attribute that names the customer's zone,
    `zone_else`: the zone where nothing is known of it (None: the workspace's). `unknown`: what to do when it can't be
    told whether a message went out. `accept_within`: how long somebody has to confirm.
    """

    quiet: Quiet | None = None
    caps: tuple[Cap, ...] = ()
    zone: str | None = None
    zone_else: str | None = None
    respect_control: bool = True
    unknown: Unknown = "drop"
    retry: Retry = Retry()
    accept_within: int | None = None


@dataclass(frozen=True, slots=True)
class MatrixCap:
    """A cell of the workspace's matrix: sends of `category` (None: all but transactional) over `channel` (None: any)
    count together."""

    count: int
    window: int | None = None
    category: str | None = None
    channel: str | None = None
    on_hit: Literal["skip", "defer"] = "skip"


@dataclass(frozen=True, slots=True)
class Control:
    """Customers who get nothing of these categories, so that what all programmes do together can be measured."""

    fraction: float
    salt: str
    categories: frozenset[str] = frozenset({"promotion"})


@dataclass(frozen=True, slots=True)
class RestDays:
    """Days (since 1970) on which sends of `categories` go out within `hours` only; None: not at all."""

    days: I64 = field(default_factory=lambda: np.empty(0, np.int64))
    categories: frozenset[str] = frozenset()
    hours: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class ContactPolicy:
    """The workspace's policy. `windows`: channel -> local wall times [from, to) in which it may be used at all, except
    for transactional messages. `zone`: where nothing says which a customer's is. `purposes`: category -> the purpose
    that has to be agreed to."""

    zone: str = "Asia/Shanghai"
    quiet: Mapping[str, Quiet] = field(default_factory=dict)
    windows: Mapping[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    caps: tuple[MatrixCap, ...] = ()
    control: Control | None = None
    rest: RestDays = field(default_factory=RestDays)
    purposes: Mapping[str, str] = field(default_factory=lambda: {"promotion": "marketing", "service": "service"})


_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(SendPolicy).decode


def to_text(policy: SendPolicy) -> str:
    """As canonical JSON."""
    return _encode(policy).decode()


def from_text(text: str) -> SendPolicy:
    """What `to_text` wrote."""
    return _decode(text)
