"""Times and dates in the forms that senders use, as microseconds of UTC and as plain dates."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from typing import Any, Final

from onepool.clock import from_micros, to_micros
from onepool.standards.faults import Fault
from onepool.standards.normalise.scalars import ABSENT, plain

MIN_MICROS: Final = to_micros(datetime(1800, 1, 1, tzinfo=UTC))
MAX_MICROS: Final = to_micros(datetime(2200, 1, 1, tzinfo=UTC))
"""Times outside of these years are refused: they are mistakes of a unit, not moments of a customer's life."""

EXCEL_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001  (a wall-clock date)
EXCEL_LAST: Final = 109_575.0
"""Serial number of 2200-01-01."""

_ZERO = re.compile(r"0{4}[-/]0{1,2}[-/]0{1,2}.*")
_ZONE = r"(?P<zone>Z|z|UTC|GMT|[+-]\d{2}:?\d{2}(?::?\d{2})?|[+-]\d{2})"
_HALF = r"上午|下午|AM|PM|am|pm"
_SECOND = r"\s*:?\s*(?P<second>\d{1,2})\s*秒?(?:[.,](?P<fraction>\d{1,9}))?"
_CLOCK = (
    rf"(?P<half>{_HALF})?\s*(?P<hour>\d{{1,2}})\s*[:时點点]\s*(?P<minute>\d{{1,2}})?\s*分?(?:{_SECOND})?\s*"
    rf"(?P<half2>{_HALF})?"
)
_DAY = r"(?P<year>\d{4})\s*[-/.年]\s*(?P<month>\d{1,2})\s*[-/.月]\s*(?P<day>\d{1,2})\s*日?"
_WRITTEN = re.compile(rf"{_DAY}(?:[T ,]*{_CLOCK})?\s*{_ZONE}?", re.ASCII)
_COMPACT_CLOCK = r"(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?(?:\.(?P<fraction>\d{1,9}))?"
_COMPACT = re.compile(
    rf"(?P<year>\d{{4}})(?P<month>\d{{2}})(?P<day>\d{{2}})(?:[T ]?{_COMPACT_CLOCK}\s*{_ZONE}?)?", re.ASCII
)
_DIGITS = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)
_WEEKDAY = re.compile(r"[A-Za-z]{3},? ")
_BEFORE_NOON: Final = frozenset({"上午", "AM", "am"})


def time(value: Any, zone: tzinfo, *, excel: bool = False) -> int | None:
    """Microseconds since 1970 (UTC), None if nothing is there.

    Taken: ISO 8601 with or without zone (then `zone` holds), `2024/1/2 3:04`, `2024年1月2日 15时04分`, `20240102`,
    `20240102150405`, RFC 2822 dates, numbers of seconds, milliseconds, microseconds or nanoseconds since 1970 by their
    size, and Excel's serial days where `excel` says so. Day and month in doubt (`01/02/2024`) are refused.
    """
    if isinstance(value, datetime):
        return _within(to_micros(value if value.tzinfo else value.replace(tzinfo=zone)), value)
    if isinstance(value, str):
        written = plain(value)
        if written.lower() in ABSENT or _ZERO.fullmatch(written):
            return None
        if _DIGITS.fullmatch(written):
            return _within(_number(written, zone, value, excel=excel), value)
        return _within(_text(written, zone, value), value)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Fault("type.time", value)
    return _within(_number(repr(value), zone, value, excel=excel), value)


def calendar_date(value: Any, zone: tzinfo, *, excel: bool = False) -> date | None:
    """A date. Of a time with a zone, or of a number since 1970, the day in `zone` is taken."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        if isinstance(value, str):
            written = plain(value)
            match = _WRITTEN.fullmatch(written) or _COMPACT.fullmatch(written)
            if match is not None and match["zone"] is None and not _ZERO.fullmatch(written):
                found = date(int(match["year"]), int(match["month"]), int(match["day"]))
                _within(to_micros(datetime(found.year, found.month, found.day, tzinfo=UTC)), value)
                return found
        micros = time(value, zone, excel=excel)
    except (Fault, ValueError):
        raise Fault("type.date", value) from None
    return None if micros is None else from_micros(micros).astimezone(zone).date()


def iso(micros: int) -> str:
    """The canonical text of a time: `2024-01-02T03:04:05.678000Z`."""
    return from_micros(micros).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _within(micros: int, shown: object) -> int:
    if not MIN_MICROS <= micros < MAX_MICROS:
        raise Fault("type.time", shown)
    return micros


def _text(written: str, zone: tzinfo, shown: object) -> int:
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        match = _WRITTEN.fullmatch(written) or _COMPACT.fullmatch(written)
        if match is not None:
            return _parts(match, zone, shown)
        if not _WEEKDAY.match(written):
            raise Fault("type.time", shown) from None
        try:
            found = parsedate_to_datetime(written)
        except ValueError:
            raise Fault("type.time", shown) from None
    return to_micros(found if found.tzinfo else found.replace(tzinfo=zone))


def _parts(match: re.Match[str], zone: tzinfo, shown: object) -> int:
    parts = match.groupdict()
    hour = int(parts["hour"] or 0)
    half = parts.get("half") or parts.get("half2")
    if half:
        if hour > 12 or (hour == 0 and half.isascii()):
            raise Fault("type.time", shown)
        hour = hour % 12 + (0 if half in _BEFORE_NOON else 12)
    fraction = int((parts["fraction"] or "0").ljust(6, "0")[:6])
    try:
        whole = datetime(  # noqa: DTZ001  (the zone follows)
            int(parts["year"]), int(parts["month"]), int(parts["day"]),
            hour, int(parts["minute"] or 0), int(parts["second"] or 0), fraction,
        )  # fmt: skip
        return to_micros(whole.replace(tzinfo=_zone(parts["zone"]) or zone))
    except ValueError:
        raise Fault("type.time", shown) from None


def _zone(written: str | None) -> tzinfo | None:
    if written is None:
        return None
    if written in ("Z", "z", "UTC", "GMT"):
        return UTC
    digits = written[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4] or 0), seconds=int(digits[4:6] or 0))
    return timezone(-offset if written[0] == "-" else offset)


def _number(written: str, zone: tzinfo, shown: object, *, excel: bool) -> int:
    """A number: a date in digits, an epoch by its size, or (where said) Excel's days since 1899-12-30."""
    match = _COMPACT.fullmatch(written) if len(written) in (8, 12, 14) else None
    if match is not None and 1800 <= int(match["year"]) < 2200:
        try:
            return _parts(match, zone, shown)
        except Fault:
            if len(written) == 8:
                raise
    try:
        value = float(written)
        whole = int(written) if "." not in written and "e" not in written else None
    except ValueError:
        raise Fault("type.time", shown) from None
    size = abs(value)
    if excel and 1 <= value <= EXCEL_LAST:
        days = EXCEL_EPOCH + timedelta(days=int(value), milliseconds=round((value - int(value)) * 86_400_000))
        return to_micros(days.replace(tzinfo=zone))
    if size < 1e8:  # before March 1973 if it were seconds: a serial number or a mistake
        raise Fault("type.time", shown)
    for limit, micros in ((1e11, 1_000_000), (1e14, 1_000), (1e17, 1)):
        if size < limit:
            return whole * micros if whole is not None else round(value * micros)
    if size < 1e20 and whole is not None:
        return whole // 1_000
    raise Fault("type.time", shown)
