"""Segments and conditions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from onepool.api.models.common import Figure, Finding, Instant, JsonObject, Model, Name, Titles


class SegmentInput(Model):
    """A segment as saved. The name can't change later."""

    name: Name
    title: Titles
    description: str = Field("", max_length=2000)
    condition: JsonObject = Field(description="A condition; its schema is at /api/v1/conditions/schema.")
    reason: str = Field("", max_length=500, description="Why it is made or changed; kept in its history.")


class SegmentChange(Model):
    """A new version of a segment."""

    title: Titles
    description: str = Field("", max_length=2000)
    condition: JsonObject
    reason: str = Field("", max_length=500)
    version: int | None = Field(None, description="The version that was edited: refused when there is a later one.")


class Segment(Model):
    """A segment with its size now."""

    name: str
    title: Titles
    description: str
    condition: JsonObject
    sentence: Titles | None = Field(description="The condition read back in words; null when it can't be read.")
    size: int
    version: int
    author: str | None
    changed_at: Instant | None
    used_by: list[str] = Field(description="Segments and tags that refer to it.")
    problems: list[Finding] = Field(description="Why it can't be computed any more; empty when all is well.")


class SegmentList(Model):
    """All segments."""

    items: list[Segment]
    customers: int = Field(description="All customers, to show shares.")


class SegmentMember(Model):
    """A member, masked."""

    customer_id: int
    name: str | None
    phone: str | None
    email: str | None
    since: Instant
    last_seen: Instant | None


class SegmentMembers(Model):
    """A page of members, the latest entry first."""

    items: list[SegmentMember]
    total: int
    page: int
    size: int


class SizePoint(Model):
    """The size at the end of a span, and who came and went in it."""

    start: Instant
    at: Instant = Field(description="Its end; now, for the last span.")
    size: int
    entered: int
    left: int
    version: int | None = Field(
        description="The version saved in the span, if any: what it moved is among the entries and exits."
    )


class MembershipChange(Model):
    """One customer entering or leaving."""

    customer_id: int
    change: Literal["enter", "exit"]
    at: Instant


class SegmentVersion(Model):
    """One saved version of the definition."""

    version: int
    author: str | None
    reason: str
    at: Instant
    condition: JsonObject | None = Field(description="Null when this version is a removal.")


class SegmentHistory(Model):
    """How the segment changed over time."""

    step: Literal["day", "hour"]
    series: list[SizePoint] = Field(description="Oldest first; there is no span from before the segment was there.")
    changes: list[MembershipChange] = Field(description="The latest 100.")
    versions: list[SegmentVersion]


class ConditionChange(Model):
    """A part of a condition that differs, with its sentences."""

    op: Literal["added", "removed", "changed"]
    group: Literal["", "all", "any", "not"] = Field(
        description="What joins it with its neighbours; empty for the whole."
    )
    place: str = Field(description="In the new condition, or (removed) in the old one; empty for the whole.")
    before: Titles | None
    after: Titles | None


class VersionDiff(Model):
    """Two versions of a segment held against each other."""

    segment: str
    before: SegmentVersion
    after: SegmentVersion
    before_sentence: Titles | None = Field(description="Null when it was removed or can't be read any more.")
    after_sentence: Titles | None
    diff: list[ConditionChange]


class SegmentPlanRequest(Model):
    """A condition, for a new segment or in place of the one that a segment has."""

    name: str | None = Field(None, max_length=200)
    condition: JsonObject


class SegmentUse(Model):
    """Something that uses the segment, and what the change means for it."""

    kind: Literal["segment", "tag", "destination", "list"]
    name: str
    title: Titles
    before: int | None = Field(description="Of a segment: its size with the present condition.")
    after: int | None
    entered: int | None
    left: int | None
    means: Titles


class SegmentPlan(Model):
    """What saving would do. Nothing is saved."""

    as_of: Instant
    customers: int = Field(description="All customers.")
    before: int | None = Field(description="Null for a new segment, and when the condition has problems.")
    after: int | None = Field(description="Null when the condition has problems.")
    entered: int
    left: int
    used_by: list[SegmentUse]
    sample_entered: list[SampleCustomer]
    sample_left: list[SampleCustomer]
    sentence: Titles | None
    diff: list[ConditionChange]
    problems: list[Finding]
    warnings: list[Finding] = Field(description="Values that were never seen: it can be used, but may select nobody.")
    steps: list[str] = Field(description="The named steps of the query that was run.")
    seconds: float


class SnapshotRequest(Model):
    """A list to be made of the members as they are now."""

    list: Name
    title: Titles
    reason: str = Field("", max_length=500)


class PreviewRequest(Model):
    """A condition to try out."""

    condition: JsonObject
    parts: bool = Field(True, description="Also count every group and leaf.")
    approximate: bool = Field(
        False, description="An estimate from some of the customers will do where there are very many."
    )


class SampleCustomer(Model):
    """A customer of the sample."""

    customer_id: int
    name: str | None


class Preview(Model):
    """What a condition would select, without saving it."""

    size: int | None = Field(description="Null when the condition has problems.")
    approximate: bool = Field(description="Whether size and parts are estimates; the exact ones take another question.")
    between: list[int] | None = Field(description="Of an estimate: where the size lies at 95 %, from and to.")
    total: int
    sample: list[SampleCustomer]
    seconds: float
    sentence: Titles | None
    problems: list[Finding]
    warnings: list[Finding] = Field(description="Values that were never seen: it can be used, but may select nobody.")
    parts: list[Figure]


class FieldName(Model):
    """A field that a condition may ask about."""

    name: str = Field(description="As written in a condition.", examples=["items.category"])
    title: Titles
    type: str = Field(examples=["money"])
    values: list[str] = Field(description="The known values of an enumeration; empty when open.")
    value_titles: dict[str, Titles] = Field(description="Of the values that are called otherwise than they are kept.")


class EventName(Model):
    """An event with its fields."""

    name: str
    title: Titles
    group: str | None
    fields: list[FieldName]


class TagName(Model):
    """A tag with the values it has now."""

    name: str
    title: Titles
    kind: str
    type: str
    values: list[str]
    value_titles: dict[str, Titles] = Field(description="Of the values that are called otherwise than they are kept.")


class PlainName(Model):
    """Something with a name and a title."""

    name: str
    title: Titles


class TouchpointName(Model):
    """A touchpoint and its channel."""

    name: str
    title: Titles
    channel: str


class ReachableChannel(Model):
    """A channel on which people have addresses, with its touchpoints."""

    name: str
    title: Titles
    touchpoints: list[PlainName]


class RegionName(Model):
    """An administrative division."""

    code: str = Field(description="What a condition says: the code of GB/T 2260, or a name where codes can't tell.")
    name: str
    full_name: str = Field(examples=["浙江省杭州市西湖区"])
    level: Literal[1, 2, 3] = Field(description="1 province, 2 city, 3 district.")
    parent: str | None
    children: bool


class RegionNames(Model):
    """Divisions, in the order of their codes; of a search the higher ones first."""

    items: list[RegionName]


class ConditionNames(Model):
    """Everything that may be named in a condition; the builder's menus."""

    events: list[EventName]
    moves: list[EventName] = Field(
        description="Entering and leaving segments: for did and did_not of a condition, and nothing else."
    )
    attributes: list[FieldName]
    tags: list[TagName]
    segments: list[PlainName]
    channels: list[PlainName]
    touchpoints: list[TouchpointName]
    purposes: list[PlainName] = Field(description="Purposes of consent: the standard's, and those that events name.")
    consent_channels: list[PlainName]
    reach_channels: list[ReachableChannel]
    lists: list[PlainName]
    regions: list[RegionName] = Field(description="The provinces; those below them are at /conditions/regions.")
