"""What data quality says: shares with the counts they are made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal

Dimension = Literal["completeness", "validity", "uniqueness", "consistency", "timeliness"]
DIMENSIONS: Final[tuple[Dimension, ...]] = ("completeness", "validity", "uniqueness", "consistency", "timeliness")

WEIGHTS: Final[dict[Dimension, float]] = {
    "completeness": 0.25,
    "validity": 0.30,
    "uniqueness": 0.10,
    "consistency": 0.15,
    "timeliness": 0.20,
}
"""What each counts in a touchpoint's score; those of which nothing can be said are left out, and the rest is scaled."""


@dataclass(frozen=True, slots=True)
class Measure:
    """`good` of `total`."""

    good: int
    total: int

    @property
    def share(self) -> float | None:
        """Between 0 and 1; None where nothing was counted."""
        return self.good / self.total if self.total else None

    def __add__(self, other: Measure) -> Measure:
        return Measure(self.good + other.good, self.total + other.total)


NONE: Final = Measure(0, 0)


@dataclass(frozen=True, slots=True)
class Day:
    """One calendar day of the workspace's zone. Days on which nothing came have no measures."""

    day: date
    score: float | None
    measures: dict[Dimension, Measure]


@dataclass(frozen=True, slots=True)
class Source:
    """A touchpoint over the period. `lag_median`, `lag_p95`: seconds from event to receipt.

    `received`: things, each once; what was `quarantined` and `mended` since is among the accepted ones or the doubles.
    """

    touchpoint: str
    score: float | None
    measures: dict[Dimension, Measure]
    received: int
    accepted: int
    quarantined: int
    duplicates: int
    unknown: int
    mended: int
    waiting: int
    lag_median: float | None
    lag_p95: float | None
    days: list[Day]


@dataclass(frozen=True, slots=True)
class FieldQuality:
    """A field of a touchpoint's event, or an attribute (`kind` profile).

    `complete`: filled of all such events; `valid`: of the values sent; `consistent`: of an attribute's values that
    another touchpoint gives as well, those that agree.
    """

    touchpoint: str
    kind: Literal["event", "profile"]
    name: str
    field: str
    complete: Measure
    valid: Measure
    consistent: Measure


@dataclass(frozen=True, slots=True)
class Problem:
    """What costs a touchpoint most. `points`: of the score's hundred. `sample`: in clear, for whoever masks it."""

    touchpoint: str
    dimension: Dimension
    name: str | None
    field: str | None
    rule: str | None
    bad: int
    total: int
    points: float
    quarantine_id: int | None = None
    sample: str | None = None


@dataclass(frozen=True, slots=True)
class Quality:
    """All of it for the last `days` calendar days, as of an instant."""

    at: datetime
    days: int
    score: float | None
    sources: list[Source]
    fields: list[FieldQuality]
    worst: list[Problem]


def score(measures: dict[Dimension, Measure]) -> float | None:
    """Weighted mean of the shares that there are, out of 100: 100 × Σ weight × share / Σ weight."""
    known = {name: one.share for name, one in measures.items() if one.total}
    weight = sum(WEIGHTS[name] for name in known)
    if not weight:
        return None
    return 100 * sum(WEIGHTS[name] * (share or 0.0) for name, share in known.items()) / weight
