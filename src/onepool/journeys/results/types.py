"""Figures of a journey's results. Instants are microseconds since 1970, money is in the workspace's currency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from onepool.journeys.results.uplift import Interval

Measure = Literal["goal", "order_paid"]
Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Cohort:
    """Runs of a journey that entered in [since, until), of one version (of the definition) or all."""

    journey: str
    since: int
    until: int
    version: int | None = None

    @property
    def params(self) -> dict[str, object]:
        return {"journey": self.journey, "since": self.since, "until": self.until} | (
            {} if self.version is None else {"version": self.version}
        )

    @property
    def where(self) -> str:
        """Of table journey_runs."""
        more = "" if self.version is None else " AND version = $version"
        return f"journey = $journey AND entered >= $since AND entered < $until{more}"


@dataclass(slots=True)
class Node:
    """What went through one node. into = out + ended + waiting."""

    node: str
    into: int = 0
    out: int = 0
    waiting: int = 0
    ended: int = 0
    sent: int = 0
    delivered: int = 0
    read: int = 0
    clicked: int = 0
    failed: int = 0
    underway: int = 0
    suppressed: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Edge:
    """`node` None: on the way in."""

    node: str | None
    edge: str
    to: str | None
    count: int


@dataclass(slots=True)
class Hop:
    """One hop of a chain: tried = accepted + underway + the reasons."""

    node: str
    hop: int
    channel: str
    tried: int = 0
    accepted: int = 0
    underway: int = 0
    reasons: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Flow:
    """Counts of runs and messages: entered = live + the ends."""

    entered: int
    live: int
    held: int
    ended: Counts
    turned_away: Counts
    nodes: list[Node]
    edges: list[Edge]
    fallback: list[Hop]


@dataclass(frozen=True, slots=True)
class Group:
    """Customers and how many of them reached the goal."""

    size: int
    goals: int

    @property
    def rate(self) -> float | None:
        return self.goals / self.size if self.size else None


@dataclass(frozen=True, slots=True)
class Uplift:
    """Treated customers beside those who got nothing by lot. `against`: `holdout`, `global_control`, or `split:` and
    the node of a split with a control arm."""

    against: str
    treated: Group
    control: Group
    difference: Interval | None
    ratio: Interval | None
    p: float | None
    split_p: float | None
    enough: bool


@dataclass(frozen=True, slots=True)
class Credited:
    """Of treated customers who reached the goal: those to whom the last message before it came from one node, and what
    they paid within the goal's time."""

    goals: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Incremental:
    """Revenue per head of both groups; the difference over all treated customers."""

    treated: Decimal
    holdout: Decimal
    total: Decimal
    low: Decimal
    high: Decimal
    enough: bool


@dataclass(frozen=True, slots=True)
class Revenue:
    """What treated customers who reached the goal paid within its time."""

    amount: Decimal
    orders: int
    sends: int
    customers: int
    cost: Decimal | None
    incremental: Incremental | None


@dataclass(frozen=True, slots=True)
class Segment:
    """Customers of one segment as it is now."""

    segment: str
    treated: Group
    control: Group


@dataclass(frozen=True, slots=True)
class Effect:
    """What is counted by customers: each once, from the first of their runs in the range."""

    measure: Measure | None
    window: int | None
    treated: Group
    holdout: int
    control: int
    running: int
    uplift: list[Uplift]
    funnel: Counts
    seconds: list[float]
    """From entry to goal, ascending, of the treated."""
    goals_by_day: Counts
    segments: list[Segment]
    revenue: Revenue | None
    credited: Mapping[str, Credited] = field(default_factory=dict)
    """By node."""


@dataclass(frozen=True, slots=True)
class Results:
    """Everything; `days`: (entered, sends) by day of the workspace's zone."""

    cohort: Cohort
    versions: list[int]
    flow: Flow
    effect: Effect
    days: Mapping[str, tuple[int, int]]
