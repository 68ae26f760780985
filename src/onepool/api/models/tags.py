"""Tags."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from onepool.api.models.common import Finding, Instant, JsonObject, Model, Titles

Mode = Literal["live", "scheduled", "model", "import"]


class TagRun(Model):
    """What a tag was for all customers at an instant."""

    as_of: Instant
    at: Instant = Field(description="When it was computed.")
    version: int
    why: str = Field(description="saved, schedule, run, backfill or daily (figures of a live tag)")
    coverage: int
    total: int = Field(description="All customers.")
    psi: float | None = Field(description="Population stability index against the run before.")
    seconds: float
    values: list[ValueShare]
    kept: bool = Field(description="Whether the values of that instant are kept, not only the figures.")


class TagRow(Model):
    """A tag in the list."""

    name: str
    title: Titles
    kind: str = Field(examples=["metric"])
    says: str | None = Field(description="attribute, behaviour or value", examples=["value"])
    owner: str | None
    group: str | None = Field(description="Its place in the catalogue.", examples=["value/spending"])
    mode: Mode
    schedule: str | None = Field(description="Crontab in the workspace's zone.", examples=["0 3 * * *"])
    coverage: int = Field(description="Customers with a value.")
    values: int = Field(description="Different values.")
    value_titles: dict[str, Titles] = Field(description="Of the values that are called otherwise than they are kept.")
    as_of: Instant | None = Field(description="The latest change of a value.")
    freshness: Instant | None = Field(description="Up to when the values are right: now for a live tag.")
    psi: float | None = Field(description="Drift of the latest run against the one before.")
    last_run: TagRun | None
    version: int
    used_by: list[str]
    problem: str | None = Field(description="Why it is not computed at present.")


class TagList(Model):
    """All tags."""

    items: list[TagRow]
    customers: int


class ValueShare(Model):
    """How many customers have a value."""

    value: str
    title: Titles | None = Field(None, description="Where it is called otherwise than it is kept.")
    count: int
    share: float = Field(description="Of the customers with a value, 0 to 1.")


class NumberBar(Model):
    """Customers whose number lies from `low` up to `high`, which is left out; null: no end on that side."""

    low: float | None
    high: float | None
    count: int


class NumberSpread(Model):
    """Quantiles of a tag with numbers, and its histogram."""

    minimum: float
    p25: float
    median: float
    p75: float
    maximum: float
    mean: float
    bars: list[NumberBar] = Field(description="Of one width, rising; open ones at the ends for numbers far out.")


class TagDetail(Model):
    """A tag with its distribution."""

    name: str
    title: Titles
    kind: str
    says: str | None
    owner: str | None
    group: str | None
    mode: Mode
    schedule: str | None
    next_run: Instant | None = Field(description="Of a scheduled tag.")
    sentence: Titles | None = Field(description="The definition in words.")
    definition: JsonObject
    version: int
    author: str | None
    changed_at: Instant | None
    coverage: int
    total: int = Field(description="All customers.")
    distribution: list[ValueShare] = Field(description="The 100 commonest values.")
    value_titles: dict[str, Titles] = Field(description="Of the values that are called otherwise than they are kept.")
    spread: NumberSpread | None
    as_of: Instant | None
    freshness: Instant | None
    last_run: TagRun | None
    used_by: list[str]
    problems: list[Finding]


class TagVersion(Model):
    """One version of a definition."""

    version: int
    author: str
    reason: str
    at: Instant
    definition: JsonObject | None = Field(description="None: the tag was retired.")
    sentence: Titles | None


class TagVersions(Model):
    """All versions, the newest first."""

    items: list[TagVersion]


class TagInput(Model):
    """A new tag."""

    definition: JsonObject = Field(description="As in YAML; see GET /tags/schema.")
    reason: str = Field("", max_length=500)


class TagChange(Model):
    """A new version of a tag."""

    definition: JsonObject
    version: int | None = Field(None, description="The version that was edited; another one there now is refused.")
    reason: str = Field("", max_length=500)


class TagPlanRequest(Model):
    """A definition to be tried out."""

    definition: JsonObject
    check: bool = Field(False, description="Only look for faults and put it into words; count nothing.")


class PlannedValue(Model):
    """A value in a dry run."""

    value: str
    title: Titles | None = Field(None, description="Where it is called otherwise than it is kept.")
    count: int = Field(description="Customers who would have it.")
    live: int = Field(description="Customers who have it.")


class TagPlan(Model):
    """What a definition would do. With problems nothing was computed."""

    coverage: int | None
    total: int
    different: int | None = Field(description="Different values.")
    values: list[PlannedValue]
    changed: int | None = Field(description="Customers whose value would differ from the live one.")
    gained: int | None
    lost: int | None
    seconds: float
    problems: list[Finding]
    warnings: list[Finding] = Field(
        description="Values that were never seen: the tag can be used, but these may say nothing of anybody."
    )
    sentence: Titles | None
    uses: list[str] = Field(description="Tags and segments that it reads, as tag:x, segment:y.")
    used_by: list[str]


class TagRunRequest(Model):
    """Asks for a run."""

    as_of: Instant | None = Field(None, description="Now, where it is not said; never ahead.")


class TagBackfillRequest(Model):
    """Asks for runs at earlier instants."""

    from_: Instant = Field(alias="from")
    to: Instant
    every: Literal["day", "week", "month"] = "day"


class TagRuns(Model):
    """The runs of a tag, the latest instant first."""

    items: list[TagRun]


class TagValuesAnswer(Model):
    """What became of a file of values."""

    read: int
    matched: int = Field(description="Values whose identifier is known.")
    unmatched: int
    refused: int = Field(description="Rows that can't be read: no value, an identifier that is none.")
    duplicates: int = Field(description="Rows whose identifier came again further down; the last one counts.")
    samples: list[str] = Field(description="Up to ten rows that were refused, and why; identifiers are masked.")


TagRun.model_rebuild()
