"""Small values of journeys: local times, spans counted in local days, rolling windows, back-off."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NoReturn

from pydantic import BeforeValidator, GetCoreSchemaHandler, PlainSerializer, WithJsonSchema
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from onepool.audience.conditions.values import Span, read_span

_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_LOCAL_DAYS = re.compile(r"(\d{1,4})\s+local_days?(?:\s+at\s+(\S+))?")
_ROLLING = re.compile(r"rolling\s+(.+)")
_BACKOFF = re.compile(r"(\d{1,5})\s*(s|m|h|d)")
_OFFSET = re.compile(r"([+-]?)\s*(.+)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def _wrong(message: str) -> NoReturn:
    raise PydanticCustomError("value", "{message}", {"message": message})


class Clock(str):
    """A wall time such as `09:30`."""

    @property
    def minutes(self) -> int:
        """Minutes since midnight."""
        return int(self[:2]) * 60 + int(self[3:5])

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        del source, handler
        return core_schema.no_info_plain_validator_function(
            cls._read, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        del schema, handler
        return {"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d$"}

    @classmethod
    def _read(cls, value: Any) -> Clock:
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 24 * 60:
            # YAML 1.1 reads an unquoted 22:00 as a number to the base of sixty.
            return cls(f"{value // 60:02d}:{value % 60:02d}")
        if not isinstance(value, str) or not _CLOCK.fullmatch(value):
            _wrong('a time such as "09:30" is wanted, in quotes')
        return cls(value)


@dataclass(frozen=True, slots=True)
class LocalDays:
    """That many calendar days later in the customer's zone, at a wall time (None: the same)."""

    days: int
    at: Clock | None = None

    def __str__(self) -> str:
        days = f"{self.days} local_day{'' if self.days == 1 else 's'}"
        return days if self.at is None else f"{days} at {self.at}"


@dataclass(frozen=True, slots=True)
class Per:
    """What a cap counts over: the customer's local day, or a rolling span."""

    rolling: Span | None = None

    def __str__(self) -> str:
        return "local_day" if self.rolling is None else f"rolling {self.rolling}"


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long until the next attempt."""

    seconds: int
    text: str

    def __str__(self) -> str:
        return self.text


def _local_span(value: Any) -> Span | LocalDays:
    if isinstance(value, Span | LocalDays):
        return value
    if isinstance(value, str) and (found := _LOCAL_DAYS.fullmatch(value.strip())):
        return LocalDays(int(found[1]), None if found[2] is None else Clock._read(found[2]))
    return read_span(value)


def read_offset(text: str) -> tuple[Literal[-1, 1], Span]:
    """Before (-1) or after (1), and how far: `-7 days`, `+2 hours`, `1 month`. Raises ValueError."""
    found = _OFFSET.fullmatch(text.strip())
    try:
        span = read_span(found[2]) if found is not None else None
    except PydanticCustomError:
        span = None
    if found is None or span is None:
        raise ValueError("an offset such as -7 days, 2 hours or 1 month is wanted")
    return (-1 if found[1] == "-" else 1), span


def _per(value: Any) -> Per:
    if isinstance(value, Per):
        return value
    if value == "local_day":
        return Per()
    found = _ROLLING.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        _wrong("local_day or rolling 7 days is wanted")
    span = read_span(found[1])
    if span.micros is None:
        _wrong("a rolling window is counted in days or hours, not in months")
    return Per(span)


def read_backoff(value: Any) -> Backoff:
    if isinstance(value, Backoff):
        return value
    found = _BACKOFF.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        _wrong("a time such as 30s, 5m or 2h is wanted")
    return Backoff(int(found[1]) * _SECONDS[found[2]], f"{int(found[1])}{found[2]}")


LocalSpan = Annotated[
    Any, BeforeValidator(_local_span), PlainSerializer(str, return_type=str), WithJsonSchema({"type": "string"})
]
RollingField = Annotated[
    Any, BeforeValidator(_per), PlainSerializer(str, return_type=str), WithJsonSchema({"type": "string"})
]
BackoffField = Annotated[
    Any, BeforeValidator(read_backoff), PlainSerializer(str, return_type=str), WithJsonSchema({"type": "string"})
]
