"""When schedules and one-off journeys start."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from onepool.audience.conditions.windows import moment_bounds
from onepool.audience.tags.schedule import next_time
from onepool.clock import from_micros, to_micros
from onepool.journeys.model import Journey, OneOffEntry, ScheduleEntry


def next_start(journey: Journey, after: int) -> int | None:
    """The first start after an instant, in microseconds since 1970; None for journeys that customers enter one by one.

    A one-off starts at its `start` (unsaid, or already past: one microsecond after); it has one start only, which
    who calls has to keep in mind.
    """
    zone = ZoneInfo(journey.zone.default)
    if isinstance(journey.entry, ScheduleEntry):
        found = next_time(journey.entry.schedule, zone, from_micros(after))
        return None if found is None else to_micros(found)
    if isinstance(journey.entry, OneOffEntry):
        start = journey.entry.one_off.start
        return after + 1 if start is None else max(instant(start, zone), after + 1)
    return None


def instant(text: str, zone: ZoneInfo) -> int:
    """A moment of a definition in microseconds; a date is its beginning, without a zone the given one counts."""
    return moment_bounds(text, zone)[0]
