"""The data map: touchpoints, identifiers, signals, linkage, flows, reach, gaps, and what-if."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from onepool.api.models.common import Instant, JsonObject, Model, Titles
from onepool.api.models.customers import CustomerRow

MapCell = Literal["touchpoint", "only", "identifier", "event", "attribute", "pair", "flow", "reach", "unjoinable"]
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


class MapPlace(Model):
    """A touchpoint with its size, joins, freshness and lag."""

    touchpoint: str
    title: Titles
    channel: str | None
    channel_title: Titles
    declared: bool = Field(description="Its channel says what it gives.")
    paused: bool
    customers: int
    joined: int = Field(description="Of them known at another touchpoint too.")
    only_here: int
    events: int
    events_30d: int = Field(description="Received in the last 30 days.")
    first_at: Instant | None
    last_at: Instant | None
    lag_seconds: float | None = Field(description="Median from event to receipt over 30 days.")
    late_share: float | None = Field(description="Of those received more than an hour after they happened.")
    island: bool = Field(description="Fewer than 5 % of its customers are known elsewhere.")


class MapIdentifier(Model):
    """A touchpoint and a type of identifiers."""

    touchpoint: str
    type: str
    strength: Literal["strong", "weak", "never"]
    declared: bool
    identifiers: int
    customers: int
    times: int = Field(description="Events and facts that named one, at least.")
    fill: float = Field(description="Share of the touchpoint's customers of whom it named one.")
    joining: int = Field(description="Customers of whom another touchpoint named the same identifier.")
    first_at: Instant | None
    last_at: Instant | None


class MapField(Model):
    """How often a field of a signal has a value."""

    field: str
    declared: bool
    filled: int
    fill: float


class MapSignal(Model):
    """A touchpoint and a signal: an event, an attribute of persons, or a kind of business object."""

    touchpoint: str
    kind: Literal["event", "profile", "object"]
    name: str
    declared: bool
    count: int
    customers: int
    last_at: Instant | None
    fields: list[MapField]


class MapCarrier(Model):
    """Identifiers of a type that both touchpoints named, by customers."""

    type: str
    strength: Literal["strong", "weak", "never"]
    customers: int


class MapLinkage(Model):
    """Two touchpoints and the customers on both."""

    a: str
    b: str
    customers: int
    share_a: float
    share_b: float
    carriers: list[MapCarrier]
    chained: int = Field(description="Joined over a further touchpoint, by likelihood or by people.")


class MapFlow(Model):
    """Customers who came from one touchpoint to the next that was new to them, by month of arrival."""

    source: str
    target: str
    period: str = Field(examples=["2026-11"])
    customers: int
    first: int = Field(description="For them it was the step from the first to the second touchpoint.")
    median_days: float


class MapReach(Model):
    """A message kind of a touchpoint, and whom it reaches; or the audience that its platform could be told."""

    touchpoint: str
    channel: str
    message: str
    title: Titles
    carries: Literal["message", "benefit", "mark", "report", "handover", "audience"] = Field(
        description="Only a message reaches anybody."
    )
    to: list[str]
    allowance: str | None
    marketing: bool
    addressed: int = Field(description="Customers with an identifier it can be sent to.")
    refused: int = Field(description="Of them those who left or opted out last.")
    reachable: int
    open: int = Field(description="Of the reachable those to whom it may be sent now, where it needs an allowance.")


class MapOverlap(Model):
    """Customers whom both touchpoints reach."""

    a: str
    b: str
    customers: int


class MapGap(Model):
    """Something that is missing, with the figures that show it."""

    kind: GapKind
    severity: Literal["error", "warning", "info"]
    touchpoint: str
    subjects: list[str] = Field(
        description="What is missing, of one touchpoint together: an identifier type, `event.field`, or a signal as in "
        "`signal_titles`."
    )
    subject_titles: list[Titles]
    customers: int = Field(description="Customers whom it concerns.")
    figures: JsonObject
    explained: Literal["joined", "told", "optional", "not-sent"] | None = Field(description="Why it is no gap.")
    by: str | None = Field(description="The identifier type that joins these customers instead.")


class DataMapView(Model):
    """The whole map. It is kept for a while: `at` says of when it is."""

    at: Instant
    customers: int
    identifiers: int
    reachable: int
    places: list[MapPlace]
    identifier_cells: list[MapIdentifier]
    signal_cells: list[MapSignal]
    linkage: list[MapLinkage]
    flows: list[MapFlow]
    reach: list[MapReach]
    reachable_by: dict[str, int]
    overlap: list[MapOverlap]
    gaps: list[MapGap] = Field(description="The gravest first, and of those the ones that concern most customers.")
    explained: list[MapGap] = Field(description="What is missing too, and is no gap: each says why.")
    identifier_titles: dict[str, Titles]
    signal_titles: dict[str, Titles] = Field(description="By `event:NAME`, `profile:NAME` and `object:NAME`.")
    field_titles: dict[str, Titles]


class MapCustomers(Model):
    """The customers behind a number of the map."""

    items: list[CustomerRow]
    total: int
    page: int
    size: int


class WhatIfRequest(Model):
    """If a share of a touchpoint's customers without an identifier of a type also gave one."""

    touchpoint: str = Field(min_length=1, max_length=128)
    gives: str = Field("phone", min_length=1, max_length=64)
    share: float = Field(0.3, ge=0.0, le=1.0)
    level: float = Field(0.9, ge=0.5, le=0.99)


class WhatIfInterval(Model):
    """Median and percentile interval of the draws."""

    low: float
    middle: float
    high: float


class WhatIfGroup(Model):
    """Alike customers: how many have none, how many gave one, and how many of those were joined by it."""

    touchpoints: int = Field(description="Known at so many touchpoints; 3: at three or more.")
    active: bool = Field(description="More active there than the median.")
    without: int
    gave: int
    joined: int


class WhatIfAnswer(Model):
    """What it would bring, drawn again and again from what happened when others gave one."""

    touchpoint: str
    gives: str
    share: float
    level: float
    customers: int
    without: int
    may_join: int = Field(description="Of those without, whose links may join them (consent).")
    givers: int
    gave: int = Field(description="Customers there who have one: what the rates are learned from.")
    known: int = Field(description="Of those who gave, for whom it was known apart from this touchpoint's side.")
    refused: int = Field(description="Who gave one that the rules did not let join; left out.")
    borrowed: bool = Field(description="Too few gave one here: rates of all touchpoints weigh more.")
    joined: WhatIfInterval = Field(description="Customers of the touchpoint known at a further one then.")
    duplicates: WhatIfInterval = Field(description="Customers fewer.")
    reachable: WhatIfInterval = Field(description="Customers more that have one.")
    rate: WhatIfInterval = Field(description="Share of the givers who are joined.")
    groups: list[WhatIfGroup]
    draws: int
    selection: float = Field(description="Assumed spread, in log-odds, between those who gave and those who did not.")
