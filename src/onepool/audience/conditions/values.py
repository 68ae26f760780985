"""The small values of the language: scalars, numbers, spans of time, moments, patterns. Each is parsed once, here."""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from typing import Annotated, Any, Literal, NoReturn

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from onepool.audience.conditions.anchors.model import is_reference

UNITS = ("minute", "hour", "day", "week", "month")
DAYS_OF_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

# DECIMAL(18,4) holds fourteen digits before the point; larger operands could never be compared exactly.
LARGEST_NUMBER = 10**14

_SPAN = re.compile(r"(\d{1,6})\s+(minute|hour|day|week|month)s?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")

Unit = Literal["minute", "hour", "day", "week", "month"]


class Span:
    """A length of time such as `30 days`; months are calendar months of the workspace's zone."""

    __slots__ = ("count", "unit")

    def __init__(self, count: int, unit: Unit) -> None:
        self.count = count
        self.unit = unit

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'' if self.count == 1 else 's'}"

    def __repr__(self) -> str:
        return f"Span({self})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Span) and (self.count, self.unit) == (other.count, other.unit)

    def __hash__(self) -> int:
        return hash((self.count, self.unit))

    @property
    def micros(self) -> int | None:
        """Its fixed length in microseconds, or None for months."""
        seconds = {"minute": 60, "hour": 3600, "day": 86400, "week": 604800}.get(self.unit)
        return None if seconds is None else self.count * seconds * 1_000_000


def _wrong(message: str) -> NoReturn:
    raise PydanticCustomError("value", "{message}", {"message": message})


def _scalar(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"trigger\.\w+", value):
        _wrong(f"a field of the event that started the journey is written ${value}")
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        return _number(value)
    _wrong("a text, a number or true/false is wanted")


def _number(value: Any) -> int | float:
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,14}(\.\d{1,6})?", value):
        value = float(value) if "." in value else int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        _wrong("a number is wanted")
    if not math.isfinite(value) or abs(value) >= LARGEST_NUMBER:
        _wrong("numbers must be smaller than 10^14")
    return int(value) if float(value).is_integer() else value


def _lent_number(value: Any) -> int | float | str:
    return value if is_reference(value) else _number(value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)  # YAML reads an unquoted 13800000000 or 2024 as a number
    _wrong("a text is wanted")


def _name(value: Any) -> str:
    if isinstance(value, str) and value.strip() and len(value) <= 200:
        return value
    _wrong("a name is wanted")


def _listed(value: Any) -> Any:
    """One value stands for a list of one."""
    return list(value) if isinstance(value, list | tuple) else [value]


def read_span(value: Any) -> Span:
    if isinstance(value, Span):
        return value
    match = _SPAN.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        _wrong("a span such as `30 days` is wanted: a whole number of minutes, hours, days, weeks or months")
    count = int(match[1])
    unit: Any = match[2]
    span = Span(count, unit)
    if count == 0 or (span.micros or count * 31 * 86_400_000_000) > 100 * 366 * 86_400_000_000:
        _wrong("a span must be longer than nothing and at most a hundred years")
    return span


def parse_moment(value: Any) -> str | None:
    """A date `2026-11-21` or an instant `2026-11-21T08:00:00[+08:00]` (no zone: the workspace's), in one spelling."""
    if not isinstance(value, str):
        return None
    text = value.strip()
    try:
        found = date.fromisoformat(text) if _DATE.fullmatch(text) else datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.isoformat() if 1000 <= found.year <= 9000 else None


def _moment(value: Any) -> str:
    moment = parse_moment(value.isoformat() if isinstance(value, datetime | date) else value)
    if moment is None:
        _wrong("a date such as 2026-11-21 or an instant such as 2026-11-21T08:00:00+08:00 is wanted")
    return moment


def _lent_moment(value: Any) -> str:
    return str(value) if is_reference(value) else _moment(value)


def _day_of_week(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 7:
        return DAYS_OF_WEEK[value - 1]
    if isinstance(value, str) and value.lower() in DAYS_OF_WEEK:
        return value.lower()
    _wrong("a day of the week is wanted: monday to sunday, or 1 to 7 (1 is Monday)")


def _hour(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 23:
        return value
    _wrong("an hour of the day is wanted: 0 to 23")


def _hours(value: Any) -> Any:
    """`{from: 22, to: 6}` is the hours 22, 23, 0 … 5 (half-open, over midnight where need be)."""
    if isinstance(value, dict) and set(value) == {"from", "to"}:
        first, last = _hour(value["from"]), _hour(value["to"])
        return [(first + step) % 24 for step in range((last - first) % 24 or 24)]
    return _listed(value)


def _truth(value: Any) -> Literal[True]:
    if value is True:
        return True
    _wrong("only `true` makes sense here")


Scalar = Annotated[Any, BeforeValidator(_scalar), WithJsonSchema({"type": ["string", "number", "boolean"]})]
Number = Annotated[Any, BeforeValidator(_number), WithJsonSchema({"type": "number"})]
LentNumber = Annotated[
    Any,
    BeforeValidator(_lent_number),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^\$"}]}),
]
Text = Annotated[str, BeforeValidator(_text)]
Name = Annotated[str, BeforeValidator(_name)]
Yes = Annotated[Any, BeforeValidator(_truth), WithJsonSchema({"const": True})]
Moment = Annotated[
    str, BeforeValidator(_moment), WithJsonSchema({"type": "string", "description": "a date or an instant, ISO 8601"})
]
LentMoment = Annotated[
    str,
    BeforeValidator(_lent_moment),
    WithJsonSchema({"type": "string", "description": "a date or an instant, ISO 8601, or of a journey: $trigger.x"}),
]
SpanField = Annotated[
    Any,
    BeforeValidator(read_span),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d+ (minute|hour|day|week|month)s?$", "examples": ["30 days"]}),
]
Scalars = Annotated[list[Scalar], BeforeValidator(_listed)]
Texts = Annotated[list[Text], BeforeValidator(_listed)]
Names_ = Annotated[list[Name], BeforeValidator(_listed)]
Weekday = Annotated[str, BeforeValidator(_day_of_week), WithJsonSchema({"enum": list(DAYS_OF_WEEK)})]
Weekdays = Annotated[list[Weekday], BeforeValidator(_listed)]
Hour = Annotated[int, BeforeValidator(_hour), WithJsonSchema({"type": "integer", "minimum": 0, "maximum": 23})]
Hours = Annotated[list[Hour], BeforeValidator(_hours)]
