"""What the data map says: plain values, the same for API, command line and files."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from onepool.channels.base import Carries

GapKind = Literal[
    "silent",
    "unused",
    "stopped",
    "behind",
    "late",
    "signal-unseen",
    "field-empty",
    "identifier-unseen",
    "identifier-joins-nothing",
    "unjoinable",
    "island",
]
Severity = Literal["error", "warning", "info"]
Explanation = Literal["joined", "told", "optional", "not-sent"]
"""Why something missing is no gap: another identifier joins these customers; another gap says it; many
such accounts never give it; it only comes after messages, and none was sent."""

Brings = Carries | Literal["audience"]
"""What a message kind brings; or it is the audience that an advertising platform could be told."""


@dataclass(frozen=True, slots=True)
class Place:
    """One touchpoint. `joined`: customers also known at another one. `events_30d`: of the last 30 days, by receipt.

    `lag_seconds`: median time from event to receipt over those days; `late_share`: of them later than an hour.
    """

    touchpoint: str
    channel: str | None
    title: dict[str, str]
    declared: bool
    paused: bool
    customers: int
    joined: int
    only_here: int
    events: int
    events_30d: int
    first_at: datetime | None
    last_at: datetime | None
    lag_seconds: float | None
    late_share: float | None
    island: bool


@dataclass(frozen=True, slots=True)
class IdentifierCell:
    """A touchpoint and a type of identifiers. `fill`: share of the touchpoint's customers who have one from there.

    `joining`: its customers whom this very type of identifiers, seen elsewhere too, joins with another touchpoint.
    `times`: events and facts that named them, at least.
    """

    touchpoint: str
    type: str
    strength: str
    declared: bool
    identifiers: int
    customers: int
    times: int
    fill: float
    joining: int
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class FieldFill:
    """How often a field of a signal has a value. `declared`: the channel says that it gives it."""

    field: str
    declared: bool
    filled: int
    fill: float


@dataclass(frozen=True, slots=True)
class SignalCell:
    """A touchpoint and a signal: an event, facts of persons (`name`: the attribute) or business objects."""

    touchpoint: str
    kind: Literal["event", "profile", "object"]
    name: str
    declared: bool
    count: int
    customers: int
    last_at: datetime | None
    fields: list[FieldFill] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Carrier:
    """What joins customers of two touchpoints: identifiers of a type that both named."""

    type: str
    strength: str
    customers: int


@dataclass(frozen=True, slots=True)
class Linkage:
    """Two touchpoints. Shares are of each side's customers. `chained`: known at both, but not under one identifier of
    their own that both named: joined over a further touchpoint, by likelihood or by people."""

    a: str
    b: str
    customers: int
    share_a: float
    share_b: float
    carriers: list[Carrier]
    chained: int


@dataclass(frozen=True, slots=True)
class Flow:
    """Customers who came from one touchpoint to the next one new to them, by month of arrival (`2026-11`).

    `first`: of them those for whom it was the step from the first to the second touchpoint.
    """

    source: str
    target: str
    period: str
    customers: int
    first: int
    median_days: float


@dataclass(frozen=True, slots=True)
class Reach:
    """A message kind of a touchpoint, or the audience that its platform could be told. Only what `carries` a message
    reaches anybody. `addressed`: customers with an identifier it can be sent to; `refused`: of them those who left or
    opted out last; `open`: reachable now, where the kind needs an allowance; else all reachable."""

    touchpoint: str
    channel: str
    message: str
    title: dict[str, str]
    carries: Brings
    to: list[str]
    allowance: str | None
    marketing: bool
    addressed: int
    refused: int
    reachable: int
    open: int


@dataclass(frozen=True, slots=True)
class Overlap:
    """Customers whom two touchpoints can reach (by any of their messages, whatever is open now)."""

    a: str
    b: str
    customers: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that is missing, with the figures that show it. `figures`: by name, for the sentence of the reader.

    `subjects`: what is missing, of one touchpoint together (a field as `event.field`, a signal as `event:name`,
    `profile:name` or `object:name`, others are identifier types); none where it is the touchpoint as a whole.
    `customers`: whom it concerns. `explained`: why it is no gap, and by which identifier type (`by`).
    """

    kind: GapKind
    severity: Severity
    touchpoint: str
    subjects: list[str]
    customers: int
    figures: dict[str, Any]
    explained: Explanation | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class DataMap:
    """All of it, as of an instant. `reachable`: customers whom at least one touchpoint can reach. `explained`: what is
    missing and is no gap, with the reason."""

    at: datetime
    customers: int
    identifiers: int
    places: list[Place]
    identifier_cells: list[IdentifierCell]
    signal_cells: list[SignalCell]
    linkage: list[Linkage]
    flows: list[Flow]
    reach: list[Reach]
    reachable: int
    reachable_by: dict[str, int]
    overlap: list[Overlap]
    gaps: list[Gap]
    explained: list[Gap]
