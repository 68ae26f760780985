"""The home page: what came in, how late, what is wrong."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from onepool.api.models.common import Instant, Model, Titles


class Received(Model):
    """Events by the workspace's calendar days."""

    today: int
    yesterday: int
    total_events: int


class TouchpointFigures(Model):
    """One touchpoint over the last 24 hours."""

    name: str
    title: Titles
    channel: str
    events_24h: int
    quarantined_24h: int
    last_at: Instant | None


class Hour(Model):
    """What came in during one hour."""

    hour: Instant
    accepted: int
    quarantined: int


class SegmentSize(Model):
    """A segment and how many customers it has."""

    name: str
    title: Titles
    size: int


class HealthProblem(Model):
    """Something that wants a person's attention."""

    code: str = Field(examples=["late"])
    severity: Literal["info", "warning", "error"]
    message: Titles
    hint: Titles | None = None


class Home(Model):
    """All figures of the home page."""

    received: Received
    delay_seconds: float | None = Field(description="From receipt to the pool for the latest batch; null before any.")
    log_end: int
    applied: int
    touchpoints: list[TouchpointFigures]
    series: list[Hour] = Field(description="The last 48 hours, oldest first, without gaps.")
    customers: int
    identifiers: int
    orders: int
    quarantine_open: int
    segments: list[SegmentSize]
    problems: list[HealthProblem]
