"""How customers come into a journey: one part for each kind of entry."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from onepool.audience.conditions.model import Condition
from onepool.audience.conditions.parts import Part
from onepool.audience.conditions.values import Name, SpanField, Text
from onepool.journeys.model.matching import EventMatch
from onepool.journeys.moments import Clock


class Hold(Part):
    """The run begins `for` later, unless that event comes first (`did` at or after the entry)."""

    for_: SpanField = Field(alias="for")
    unless: EventMatch | None = None


class MaxRuns(Part):
    runs: int = Field(ge=1, le=1000)
    per: SpanField


class Reentry(Part):
    """`cooldown` counts from the last entry. `parallel`: live runs of one customer (and different keys) at a time."""

    when: Literal["never", "after_exit", "always"] = "never"
    cooldown: SpanField | None = None
    max: MaxRuns | None = None
    parallel: int = Field(default=1, ge=1, le=100)


class Rate(Part):
    """Entries let in at most; the others wait their turn, in the order of entry."""

    per_second: int | None = Field(default=None, ge=1)
    per_day: int | None = Field(default=None, ge=1)


class Admission(Part):
    """What all kinds of entry share. `key`: `$trigger.…`, tells runs of one customer apart."""

    key: Text | None = None
    eligible: Condition | None = None
    reentry: Reentry = Reentry()
    rate: Rate | None = None
    priority: int = Field(default=50, ge=0, le=99)


class EventEntry(EventMatch, Admission):
    hold: Hold | None = None


class SegmentEntry(Admission):
    """Edge-triggered. `backfill`: those who are in it at publication enter once."""

    segment_enter: Name
    backfill: bool = False


class SegmentLeaveEntry(Admission):
    segment_leave: Name


class ScheduleEntry(Admission):
    """At each time of a crontab line in the journey's zone, those of a segment or condition, frozen at that time."""

    schedule: Text
    segment: Name | None = None
    who: Condition | None = None


class DateEntry(Admission):
    """`offset` before or after (`-7 days`) a date attribute, at a local time; `every: year` for birthdays."""

    date: Name
    offset: Text | None = None
    time: Clock = Clock("10:00")
    every: Literal["year"] | None = None
    who: Condition | None = None


class ApiEntry(Admission):
    """Entries come over the API; `fields`: what they may carry, as `$trigger.…`."""

    api: Literal[True]
    fields: dict[Name, Literal["text", "number", "money", "time", "boolean"]] = Field(default_factory=dict)


class OneOff(Part):
    """`start`: an instant with zone, or unsaid: at publication."""

    start: Text | None = None
    segment: Name | None = None
    who: Condition | None = None


class OneOffEntry(Admission):
    one_off: OneOff


ENTRIES: dict[str, type[Part]] = {
    "did": EventEntry,
    "segment_enter": SegmentEntry,
    "segment_leave": SegmentLeaveEntry,
    "schedule": ScheduleEntry,
    "date": DateEntry,
    "api": ApiEntry,
    "one_off": OneOffEntry,
}


def _entry(value: Any) -> str | None:
    if isinstance(value, Part):
        return next((f"<{head}>" for head, part in ENTRIES.items() if type(value) is part), None)
    return next((f"<{head}>" for head in ENTRIES if head in value), None) if isinstance(value, dict) else None


Entry: TypeAlias = Annotated[
    Annotated[EventEntry, Tag("<did>")]
    | Annotated[SegmentEntry, Tag("<segment_enter>")]
    | Annotated[SegmentLeaveEntry, Tag("<segment_leave>")]
    | Annotated[ScheduleEntry, Tag("<schedule>")]
    | Annotated[DateEntry, Tag("<date>")]
    | Annotated[ApiEntry, Tag("<api>")]
    | Annotated[OneOffEntry, Tag("<one_off>")],
    Discriminator(_entry),
]
