"""Spans of time resolved against an instant, in the workspace's zone. All instants here are microseconds since 1970."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from onepool.audience.conditions.model import CalendarUnit, Window
from onepool.audience.conditions.values import Span
from onepool.clock import from_micros, to_micros


@dataclass(frozen=True, slots=True)
class Range:
    """Instants `start <= t < end` (None: open). `slides`: both ends move with the instant of evaluation, by this span;
    `rolls_at`: a calendar window is another one from here on."""

    start: int | None = None
    end: int | None = None
    slides: Span | None = None
    rolls_at: int | None = None

    def holds(self, instant: int) -> bool:
        return (self.start is None or instant >= self.start) and (self.end is None or instant < self.end)


def local(instant: int, zone: ZoneInfo) -> datetime:
    """The wall time in the zone."""
    return from_micros(instant).astimezone(zone)


def midnight(day: date, zone: ZoneInfo) -> int:
    """The instant at which the day begins in the zone."""
    return to_micros(datetime(day.year, day.month, day.day, tzinfo=zone))


def next_midnight(instant: int, zone: ZoneInfo) -> int:
    """The first beginning of a day after the instant."""
    return midnight(local(instant, zone).date() + timedelta(days=1), zone)


def shift(instant: int, span: Span, zone: ZoneInfo, sign: int) -> int:
    """The instant `span` later (sign 1) or earlier (-1). Months keep the day where it exists, else take the last."""
    if span.micros is not None:
        return instant + sign * span.micros
    here = local(instant, zone)
    months = here.year * 12 + here.month - 1 + sign * span.count
    year, month = months // 12, months % 12 + 1
    if not 1 <= year <= 9998:
        return to_micros(datetime(1 if sign < 0 else 9998, 1, 1, tzinfo=zone))
    day = min(here.day, monthrange(year, month)[1])
    return to_micros(here.replace(year=year, month=month, day=day))


def shift_days(day: date, span: Span, sign: int) -> date:
    """The day that many days, weeks or months later (sign 1) or earlier (-1); months as in `shift`."""
    if span.unit == "month":
        months = day.year * 12 + day.month - 1 + sign * span.count
        year, month = months // 12, months % 12 + 1
        return date(year, month, min(day.day, monthrange(year, month)[1]))
    return day + sign * timedelta(days=span.count * (7 if span.unit == "week" else 1))


def moment_bounds(moment: str, zone: ZoneInfo) -> tuple[int, int]:
    """What a moment covers: a date its whole day, an instant its microsecond."""
    if len(moment) == 10:
        day = date.fromisoformat(moment)
        return midnight(day, zone), midnight(day + timedelta(days=1), zone)
    instant = datetime.fromisoformat(moment)
    start = to_micros(instant if instant.tzinfo is not None else instant.replace(tzinfo=zone))
    return start, start + 1


def resolve(window: Window | None, at: int, zone: ZoneInfo) -> Range:
    """The range that a window means at an instant. Events at or after `at` are never in it: evaluation looks back."""
    if window is None:
        return Range(None, at)
    if window.last is not None:
        return Range(shift(at, window.last, zone, -1), at, slides=window.last)
    if window.this is not None:
        start, end = calendar_unit(window.this, local(at, zone).date(), 0)
        return Range(midnight(start, zone), at, rolls_at=midnight(end, zone))
    if window.previous is not None:
        today = local(at, zone).date()
        start, end = calendar_unit(window.previous, today, -1)
        following = calendar_unit(window.previous, today, 0)[1]
        return Range(midnight(start, zone), min(midnight(end, zone), at), rolls_at=midnight(following, zone))
    if window.between is not None:
        return Range(moment_bounds(window.between[0], zone)[0], min(moment_bounds(window.between[1], zone)[0], at))
    start_at = moment_bounds(window.after, zone)[0] if window.after is not None else None
    end_at = moment_bounds(window.before, zone)[0] if window.before is not None else at
    return Range(start_at, min(end_at, at))


def calendar_unit(unit: CalendarUnit, today: date, offset: int) -> tuple[date, date]:
    """First day of the unit that holds `today` (or the one before: offset -1), and the first day after it."""
    if unit == "day":
        first = today + timedelta(days=offset)
        return first, first + timedelta(days=1)
    if unit == "week":
        first = today - timedelta(days=today.weekday()) + timedelta(weeks=offset)
        return first, first + timedelta(weeks=1)
    size = {"month": 1, "quarter": 3, "year": 12}[unit]
    index = (today.year * 12 + today.month - 1) // size + offset
    return _first_of(index * size), _first_of((index + 1) * size)


def _first_of(months: int) -> date:
    return date(months // 12, months % 12 + 1, 1)


# Operators on values that are instants or dates.
TIME_RANGE_TESTS = ("before", "after", "on", "between", "last", "next")


def time_range(test: str, operand: Any, at: int, zone: ZoneInfo) -> Range:
    """The range that a time test accepts.

    `after D`: from the beginning of D on; `before D`: up to it; `on D`: within D; `between [C, D]`: from C up to D but
    without it; `last S`: `[at - S, at)`; `next S`: `[at, at + S)`.
    """
    match test:
        case "before":
            return Range(None, moment_bounds(operand, zone)[0])
        case "after":
            return Range(moment_bounds(operand, zone)[0], None)
        case "on":
            return Range(*moment_bounds(operand, zone))
        case "between":
            return Range(moment_bounds(operand[0], zone)[0], moment_bounds(operand[1], zone)[0])
        case "last":
            return Range(shift(at, operand, zone, -1), at, slides=operand)
        case "next":
            return Range(at, shift(at, operand, zone, 1), slides=operand)
    raise ValueError(f"{test} is no test of times")


def first_day_from(instant: int | None, zone: ZoneInfo) -> date | None:
    """The first date whose beginning is at or after the instant: for comparing dates with ranges of instants."""
    if instant is None:
        return None
    day = local(instant, zone).date()
    return day if midnight(day, zone) >= instant else day + timedelta(days=1)


@dataclass(frozen=True)
class Moving:
    """How a window moves after the instant, and from when on events have to be read for that.

    `edge`: the next instant at which the beginning of a window of months may jump (midnight, or clocks change, here or
    there); up to it the beginning moves as time does. `back`: it jumps back there, so that events come into the window
    again.
    """

    window: Range
    since: int | None
    edge: int | None = None
    back: bool = False


def moving(window: Window | None, at: int, zone: ZoneInfo) -> Moving:
    """A window at an instant, and how it moves on."""
    found = resolve(window, at, zone)
    if found.slides is None or found.slides.micros is not None:
        return Moving(found, found.start)
    edge = _edge(at, found.slides, zone)
    before, after = shift(edge - 1, found.slides, zone, -1), shift(edge, found.slides, zone, -1)
    assert found.start is not None
    return Moving(found, min(found.start, after), edge, after < before)


def _edge(at: int, span: Span, zone: ZoneInfo) -> int:
    """The next midnight, or the instant before it at which the zone's clocks change, or changed so long before."""
    low, high = at, next_midnight(at, zone)

    def behind(instant: int) -> int:
        return instant - shift(instant, span, zone, -1)

    if behind(low) == behind(high - 1):
        return high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if behind(middle) == behind(at) else (low, middle)
    return high
