"""When a run goes on: spans, local days, wall times, dates of profiles. One run at a time, with zoneinfo alone."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from onepool.audience.conditions.values import DAYS_OF_WEEK, Span
from onepool.journeys.model import DateOf
from onepool.journeys.moments import Clock, LocalDays

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def instant(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment.astimezone(UTC) - EPOCH) // MICROSECOND


def wall(at: int, zone: ZoneInfo) -> datetime:
    """The wall time in a zone."""
    return (EPOCH + at * MICROSECOND).astimezone(zone)


def at_wall(day: date, clock: time, zone: ZoneInfo) -> int:
    """When a zone's clocks show that time of that day: the first time of two; in a gap as if it were not there yet."""
    return instant(datetime.combine(day, clock.replace(fold=0), zone))


def clock_of(text: Clock) -> time:
    return time(int(text[:2]), int(text[3:5]))


def zone_named(name: str | None, default: str) -> ZoneInfo:
    """The zone of that name, else the default."""
    try:
        return ZoneInfo(name) if name else ZoneInfo(default)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(default)


def later(at: int, span: Span | LocalDays, zone: ZoneInfo) -> int:
    """The instant a span after another; a month keeps the day where there is one, else takes the month's last."""
    if isinstance(span, LocalDays):
        here = wall(at, zone)
        return at_wall(here.date() + timedelta(days=span.days), clock_of(span.at) if span.at else here.time(), zone)
    if span.micros is not None:
        return at + span.micros
    return _months(at, span.count, zone)


def earlier(at: int, span: Span, zone: ZoneInfo) -> int:
    return at - span.micros if span.micros is not None else _months(at, -span.count, zone)


def _months(at: int, months: int, zone: ZoneInfo) -> int:
    here = wall(at, zone)
    year, month = divmod(here.year * 12 + here.month - 1 + months, 12)
    day = date(year, month + 1, min(here.day, monthrange(year, month + 1)[1]))
    return at_wall(day, here.time(), zone)


def next_wall(at: int, clock: Clock, weekdays: list[str] | None, zone: ZoneInfo) -> int:
    """The first instant after another at which the wall clock shows that time (of one of those days)."""
    day = wall(at, zone).date() - timedelta(days=1)
    while True:
        found = at_wall(day, clock_of(clock), zone)
        if found > at and (not weekdays or DAYS_OF_WEEK[day.weekday()] in weekdays):
            return found
        day += timedelta(days=1)


def next_return(day: date, first: date) -> date:
    """The next anniversary of a day, not before another; of 29 February the 28th in other years."""
    for year in (first.year, first.year + 1):
        held = date(year, day.month, min(day.day, monthrange(year, day.month)[1]))
        if held >= first:
            return held
    raise AssertionError("an anniversary comes every year")


def offset_of(text: str) -> tuple[int, Span]:
    """`-7 days` as its sign and length."""
    from onepool.audience.conditions.values import read_span

    said = text.strip()
    sign = -1 if said.startswith("-") else 1
    return sign, read_span(said.lstrip("+-").strip())


def dated(spec: DateOf, value: date | int | None, arrived: int, zone: ZoneInfo) -> int | None:
    """The instant that a date wait is about; None where there is no date. `value`: a date, or an instant.

    The day (yearly: its next return from the day of arrival on) moved by the offset's whole days, at the wall time, and
    then the offset's rest.
    """
    if value is None:
        return None
    day, clock = (value, time(0)) if isinstance(value, date) else (wall(value, zone).date(), wall(value, zone).time())
    if spec.every == "year":
        day = next_return(day, wall(arrived, zone).date())
    rest = 0
    if spec.offset is not None:
        sign, span = offset_of(spec.offset)
        if span.micros is None:
            noon = at_wall(day, time(12), zone)
            day = wall(_months(noon, sign * span.count, zone), zone).date()
        else:
            day += timedelta(days=sign * (span.micros // 86_400_000_000))
            rest = sign * (span.micros % 86_400_000_000)
    return at_wall(day, clock if spec.time is None else clock_of(spec.time), zone) + rest
