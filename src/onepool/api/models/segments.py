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

    at: Instant
    size: int
    entered: int
    left: int


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

    series: list[SizePoint]
    changes: list[MembershipChange] = Field(description="The latest 100.")
    versions: list[SegmentVersion]


class PreviewRequest(Model):
    """A condition to try out."""

    condition: JsonObject
    parts: bool = Field(True, description="Also count every group and leaf.")


class SampleCustomer(Model):
    """A customer of the sample."""

    customer_id: int
    name: str | None


class Preview(Model):
    """What a condition would select, without saving it."""

    size: int | None = Field(description="Null when the condition has problems.")
    total: int
    sample: list[SampleCustomer]
    seconds: float
    sentence: Titles | None
    problems: list[Finding]
    parts: list[Figure]


class FieldName(Model):
    """A field that a condition may ask about."""

    name: str = Field(description="As written in a condition.", examples=["items.category"])
    title: Titles
    type: str = Field(examples=["money"])
    values: list[str] = Field(description="The known values of an enumeration; empty when open.")


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


class PlainName(Model):
    """Something with a name and a title."""

    name: str
    title: Titles


class TouchpointName(Model):
    """A touchpoint and its channel."""

    name: str
    title: Titles
    channel: str


class ConditionNames(Model):
    """Everything that may be named in a condition; the builder's menus."""

    events: list[EventName]
    attributes: list[FieldName]
    tags: list[TagName]
    segments: list[PlainName]
    channels: list[PlainName]
    touchpoints: list[TouchpointName]
