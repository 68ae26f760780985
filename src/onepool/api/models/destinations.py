"""Destinations and their runs."""

from __future__ import annotations

from pydantic import Field

from onepool.api.models.common import Instant, JsonObject, Model


class DestinationRun(Model):
    """One run: rows written, rows taken out or marked, rows there now."""

    run: int
    started_at: Instant
    finished_at: Instant | None = Field(description="None: it still runs, or was cut short.")
    rows: int
    gone: int
    total: int
    left_out: int = Field(description="Members of an audience who are not told of: they have not agreed to it.")
    where: str
    error: str


class DestinationSummary(Model):
    """A destination and how its last run went."""

    name: str
    what: str
    to: str
    mode: str
    every: int
    paused: bool
    purpose: str
    last: DestinationRun | None


class DestinationList(Model):
    """All destinations."""

    items: list[DestinationSummary]


class DestinationDetail(Model):
    """A destination with its definition and its latest runs."""

    name: str
    version: int
    body: JsonObject
    personal: list[str] = Field(description="Columns that hold personal data.")
    runs: list[DestinationRun]


class DestinationChange(Model):
    """A definition to save. `version`: the one that was changed; none for a new destination."""

    body: JsonObject = Field(description="As it stands in a file of destinations/, without its name.")
    version: int | None = None
    reason: str = Field(default="", max_length=500)


class DestinationRunRequest(Model):
    """Run it now."""

    force: bool = Field(default=False, description="Also when more than half of the rows there would be taken out.")


class DestinationPreview(Model):
    """What a run would do; the first rows with personal values masked."""

    rows: int
    gone: int
    total: int
    left_out: int = Field(description="Members of an audience who are not told of: they have not agreed to it.")
    columns: list[str]
    sample: list[list[str | None]]


class DestinationSecret(Model):
    """A secret to keep. It is shown nowhere again."""

    value: str = Field(min_length=1, max_length=8_192)


class DestinationSecretKept(Model):
    """The reference to write into the definition."""

    reference: str
