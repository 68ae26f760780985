"""Journeys: definitions, versions, what they are doing."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from onepool.api.models.common import Instant, JsonObject, Model, Name, Titles

EntryKind = Literal["did", "segment_enter", "segment_leave", "schedule", "date", "api", "one_off"]
JourneyStatus = Literal["draft", "live", "paused", "stopping", "stopped"]


class JourneyDraft(Model):
    """A saved definition that is not the published one."""

    version: int
    changed_at: Instant
    author: str
    problems: int = Field(description="Faults that keep it from being published.")


class JourneyError(Model):
    """Why the executor can't go on with a journey."""

    at: Instant | None
    text: str


class JourneyUnderway(Model):
    """What is being done with many runs, some in each step, and with how many it is done."""

    kind: str = Field(examples=["move", "stop", "stop_versions", "resume"])
    done: int


class JourneyApproval(Model):
    """A second person's word on the draft."""

    status: Literal["asked", "approved", "refused", "withdrawn"]
    version: int
    asked_by: str
    asked_at: Instant
    decided_by: str | None
    note: str


class JourneyRow(Model):
    """A journey in the list."""

    name: str
    title: Titles
    folder: str | None
    group: str | None = Field(description="Of journeys of one group a customer is in one at a time.")
    entry: EntryKind | None = Field(description="Null when the draft says none yet.")
    status: JourneyStatus
    version: int | None = Field(description="The published version that new entries get.")
    draft: JourneyDraft | None = Field(description="Null when nothing differs from the published version.")
    nodes: int
    live_runs: int = Field(description="Runs of all versions that have not ended.")
    entered: int = Field(description="All runs so far, those of the holdout included.")
    next_at: Instant | None = Field(description="The next start of a schedule or a one-off.")
    last_error: JourneyError | None
    held_back: int = Field(description="How many wait to enter until the accounts it sends over have less to send.")
    underway: JourneyUnderway | None
    approval: JourneyApproval | None = Field(description="Of the draft; null when nobody asked.")
    changed_at: Instant
    author: str


class JourneyList(Model):
    """All journeys by name."""

    items: list[JourneyRow]


class JourneyVersion(Model):
    """A published version: it never changes."""

    version: int = Field(description="Of the definition; versions that were never published leave gaps.")
    version_id: int
    hash: str = Field(description="SHA-256 of the canonical JSON.")
    at: Instant
    author: str
    reason: str = Field(description="Why the draft was saved.")
    published_because: str = Field(description="What was said when it was published; empty: nothing.")
    live: bool = Field(description="New entries get this one.")
    live_runs: int


class JourneyVersions(Model):
    """Versions, the latest first."""

    items: list[JourneyVersion]


class JourneyVersionDetail(JourneyVersion):
    """A version with its definition."""

    definition: JsonObject


class PublishedJourney(Model):
    """The version that new entries get."""

    version: int
    version_id: int
    hash: str
    at: Instant
    by: str
    definition: JsonObject


class JourneyDetail(JourneyRow):
    """A journey with its definition."""

    definition: JsonObject = Field(description="The draft where there is one, else what is published.")
    draft_version: int = Field(description="Of this definition; goes with the next save so that nobody's is lost.")
    published: PublishedJourney | None
    sentence: Titles | None = Field(description="Null when the definition can't be parsed.")
    needs_approval: bool = Field(
        description="Somebody else has to approve the draft before this caller may publish it."
    )
    may_publish: bool = Field(description="The caller's role may publish.")


class JourneyInput(Model):
    """A new journey. The definition may be unfinished; only its name has to be there."""

    definition: JsonObject
    reason: str = Field("", max_length=500)


class JourneyChange(JourneyInput):
    """A new draft in place of the one that there is."""

    version: int | None = Field(
        None, description="The draft that this one goes back to; refused if it changed meanwhile."
    )


class JourneyCheckRequest(Model):
    """Any definition, saved or not, also one that can't be parsed."""

    definition: JsonObject


class JourneyProblem(Model):
    """A fault, or something to think about. `place`: a path in the definition."""

    place: str = Field(examples=["nodes.send1.chain[0].template"])
    message: str
    suggestion: str | None
    severity: Literal["error", "warning"]


class JourneyEdge(Model):
    """A way on from a node."""

    source: str = Field(alias="from")
    label: str = Field(description="`next`, `else`, `on_event`, `cases[0]`, `arms[0]` or `back`.")
    target: str = Field(alias="to")


class JourneyCheck(Model):
    """What is wrong with a definition, and what it says in words."""

    problems: list[JourneyProblem]
    sentence: Titles | None
    nodes: dict[str, Titles] = Field(description="What each node does; empty when the definition can't be parsed.")
    edges: list[JourneyEdge]


class JourneyDifference(Model):
    """A part that differs."""

    op: Literal["added", "removed", "changed"]
    node: str | None
    place: str
    before: Titles | None
    after: Titles | None
    sentence: Titles


class JourneyDiff(Model):
    """How one version differs from another."""

    items: list[JourneyDifference]


class Because(Model):
    """Why something is done."""

    reason: str = Field("", max_length=500)


class PublishRequest(Because):
    """`old_runs`: what becomes of runs of older versions."""

    old_runs: Literal["finish", "move", "stop"] = "finish"
    version: int | None = Field(None, description="The draft that was looked at; refused if it changed meanwhile.")


class AskApproval(Model):
    """What the one who decides should know."""

    note: str = Field("", max_length=2000)


class Decide(AskApproval):
    """A second person's word."""

    decision: Literal["approved", "refused"]


class EnterRequest(Model):
    """A customer who should enter a journey with `entry: {api: true}`."""

    customer_id: int
    key: str = Field("", max_length=128, description="Tells several runs of one customer apart.")
    fields: JsonObject = Field(default_factory=dict, description="As the entry names them.")


class Entered(Model):
    """The request as it was noted; the next tick decides on it."""

    request: int


class TemplateParam(Model):
    """A value to fill in."""

    name: str
    title: Titles
    kind: Literal["text", "number", "products", "coupon", "segment", "span", "message", "time", "address"]
    default: object
    help: Titles | None


class TemplateCreates(Model):
    """Something that the template makes beside the journey."""

    kind: Literal["segment", "coupon", "message"]
    name: str
    title: Titles
    exists: bool = Field(description="It is there already and stays as it is.")


class JourneyTemplate(Model):
    """A programme of the gallery."""

    name: str
    title: Titles
    summary: Titles
    category: Literal["acquire", "activate", "retain", "revenue", "refer", "win_back"]
    definition: JsonObject
    params: list[TemplateParam]
    creates: list[TemplateCreates]
    problems: list[JourneyProblem] = Field(description="What this workspace lacks for it, such as a touchpoint.")


class JourneyTemplates(Model):
    """The gallery."""

    items: list[JourneyTemplate]


class TemplateUse(Model):
    """A journey to be made of a template."""

    journey: Name
    title: Titles | None = None
    params: JsonObject = Field(default_factory=dict)
