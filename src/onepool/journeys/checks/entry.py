"""Faults of how customers enter: what starts a run, keys, zones, re-entry."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from onepool.audience.conditions.anchors.model import is_reference
from onepool.audience.conditions.errors import Problem, closest
from onepool.audience.conditions.values import parse_moment
from onepool.audience.tags.schedule import parse_schedule
from onepool.journeys.checks.common import DAY, Checked, Lent, kind_of, micros
from onepool.journeys.known import Known
from onepool.journeys.model import (
    ApiEntry,
    DateEntry,
    EventEntry,
    Journey,
    OneOffEntry,
    ScheduleEntry,
    SegmentEntry,
    SegmentLeaveEntry,
)
from onepool.journeys.moments import read_offset


def check_entry(journey: Journey, known: Known, lent: Lent, found: Checked) -> None:
    """Entry, zone and what decides who may come again."""
    _check_zone(journey, known, found)
    entry = journey.entry
    match entry:
        case SegmentEntry():
            _check_segment("entry.segment_enter", entry.segment_enter, known, found)
        case SegmentLeaveEntry():
            _check_segment("entry.segment_leave", entry.segment_leave, known, found)
        case ScheduleEntry():
            try:
                parse_schedule(entry.schedule, ZoneInfo("UTC"))
            except ValueError as error:
                found.wrong("entry.schedule", str(error))
            _check_audience("entry", entry.segment, entry.who is not None, known, found)
        case OneOffEntry():
            start = entry.one_off.start
            if start is not None and parse_moment(start) is None:
                found.wrong("entry.one_off.start", "an instant such as 2026-11-21T10:00:00+08:00 is wanted")
            _check_audience("entry.one_off", entry.one_off.segment, entry.one_off.who is not None, known, found)
        case DateEntry():
            check_date_attribute("entry.date", entry.date, known, found)
            check_offset("entry.offset", entry.offset, found)
    if entry.key is not None:
        if not isinstance(entry, EventEntry | ApiEntry):
            found.wrong("entry.key", "only runs that an event or the API starts are told apart by a key")
        elif not is_reference(entry.key) or not lent.anchors.known(entry.key):
            near = closest(entry.key, [f"$trigger.{name}" for name in lent.anchors.trigger])
            found.wrong(
                "entry.key", "a field of the event that starts the run is wanted, such as $trigger.cart_id", near
            )
    again = entry.reentry
    if again.parallel > 1 and again.when != "always":
        found.warn("entry.reentry.parallel", f"has no effect with when: {again.when}", "when: always")
    if again.when == "never":
        for name, value in (("cooldown", again.cooldown), ("max", again.max)):
            if value is not None:
                found.warn(f"entry.reentry.{name}", "has no effect with when: never")


def check_date_attribute(place: str, attribute: str, known: Known, found: Checked) -> None:
    """Whether an attribute is there and holds a date or a time."""
    sql_type = known.names.attributes.get(attribute)
    if sql_type is None:
        found.unknown(place, "attribute", attribute, known.names.attributes)
    elif kind_of(sql_type) not in ("date", "time", "any"):
        found.wrong(place, f"the attribute {attribute} is {kind_of(sql_type)}: a date or a time is wanted")


def check_offset(place: str, text: str | None, found: Checked) -> None:
    """Whether a text says how far before or after."""
    if text is None:
        return
    try:
        if micros(read_offset(text)[1]) > 366 * DAY:
            found.wrong(place, "at most a year before or after is possible")
    except ValueError as error:
        found.wrong(place, str(error))


def _check_zone(journey: Journey, known: Known, found: Checked) -> None:
    try:
        ZoneInfo(journey.zone.default)
    except (ZoneInfoNotFoundError, ValueError):
        found.wrong("zone.default", f"there is no time zone {journey.zone.default}; write one like Asia/Shanghai")
    source = journey.zone.from_
    if source is None:
        return
    head, _, attribute = source.partition(".")
    if head != "attribute" or not attribute:
        found.wrong("zone.from", "an attribute is wanted, such as attribute.time_zone")
    elif attribute not in known.names.attributes:
        found.unknown("zone.from", "attribute", attribute, known.names.attributes)
    elif kind_of(known.names.attributes[attribute]) != "text":
        found.wrong("zone.from", f"the attribute {attribute} holds no texts such as Asia/Shanghai")


def _check_segment(place: str, segment: str, known: Known, found: Checked) -> None:
    if segment not in known.names.segments:
        found.unknown(place, "segment", segment, known.names.segments)


def _check_audience(place: str, segment: str | None, who: bool, known: Known, found: Checked) -> None:
    if (segment is None) == (not who):
        found.problems.append(Problem(place, "say who enters: either segment or who (a condition)"))
    if segment is not None:
        _check_segment(f"{place}.segment", segment, known, found)
