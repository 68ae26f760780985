"""Touchpoints."""

from __future__ import annotations

from pydantic import Field

from onepool.api.models.common import Instant, Model, Titles


class Touchpoint(Model):
    """Where a brand meets people, and what came from there."""

    name: str
    title: Titles
    channel: str
    channel_title: Titles
    write_key: str | None = Field(description="Only for roles that connect sources.")
    scopes: dict[str, str]
    events_24h: int
    quarantined_24h: int
    last_at: Instant | None


class TouchpointList(Model):
    """All touchpoints."""

    items: list[Touchpoint]
