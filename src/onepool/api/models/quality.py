"""Data quality by source, field and day."""

from __future__ import annotations

import datetime
from typing import Literal

from pydantic import Field

from onepool.api.models.common import Instant, Model, Titles

QualityDimension = Literal["completeness", "validity", "uniqueness", "consistency", "timeliness"]


class QualityMeasure(Model):
    """`good` of `total`; the share is null where nothing was counted."""

    good: int
    total: int
    share: float | None


class QualityMeasures(Model):
    """The five measures."""

    completeness: QualityMeasure = Field(description="Filled values of all that the events should have.")
    validity: QualityMeasure = Field(description="Accepted under a name of the standard, of accepted and refused.")
    uniqueness: QualityMeasure = Field(description="Accepted of accepted and dropped as received before.")
    consistency: QualityMeasure = Field(description="Attributes that agree, of those that two touchpoints gave.")
    timeliness: QualityMeasure = Field(description="Events received within an hour, of all.")


class QualityDay(Model):
    """One calendar day."""

    day: datetime.date
    score: float | None
    measures: QualityMeasures


class QualitySource(Model):
    """A touchpoint over the period."""

    touchpoint: str
    title: Titles
    channel: str | None
    score: float | None = Field(description="Out of 100.")
    measures: QualityMeasures
    received: int = Field(description="Things, each counted once.")
    accepted: int
    quarantined: int
    duplicates: int
    unknown: int
    mended: int = Field(description="Quarantined, and accepted (or found to be a double) when it was tried again.")
    waiting: int = Field(description="In quarantine now.")
    lag_median: float | None
    lag_p95: float | None
    days: list[QualityDay]


class QualityField(Model):
    """A field of a touchpoint's event, or an attribute of persons."""

    touchpoint: str
    kind: Literal["event", "profile"]
    name: str
    name_title: Titles
    field: str
    field_title: Titles
    complete: QualityMeasure
    valid: QualityMeasure
    consistent: QualityMeasure


class QualityProblem(Model):
    """What costs a touchpoint most. The sample is masked."""

    touchpoint: str
    title: Titles
    dimension: QualityDimension
    name: str | None
    name_title: Titles | None
    field: str | None
    field_title: Titles | None
    rule: str | None
    bad: int
    total: int
    points: float = Field(description="Of the hundred of the touchpoint's score.")
    quarantine_id: str | None
    sample: str | None


class QualityView(Model):
    """All of it, for the last so many calendar days."""

    at: Instant
    days: int
    score: float | None
    weights: dict[QualityDimension, float] = Field(
        description="Score = 100 x sum(weight x share) / sum(weight), over the measures that there are."
    )
    late_seconds: int
    sources: list[QualitySource]
    fields: list[QualityField]
    worst: list[QualityProblem]
