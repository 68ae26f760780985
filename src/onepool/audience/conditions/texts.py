"""How text stands for other types: exactly one reading, held by Python and by SQL alike.

Attribute facts are kept as canonical text and further fields of events as JSON, so comparing them needs a reading.
Each pattern admits only what both sides read alike; anything else is no value of that type, that is: missing.
"""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from onepool.audience.conditions.windows import TIME_RANGE_TESTS, midnight
from onepool.clock import to_micros

INTEGER_TEXT = r"-?[0-9]{1,18}"
NUMBER_TEXT = r"-?[0-9]{1,15}(\.[0-9]{1,15})?([eE][+-]?[0-9]{1,2})?"
MONEY_TEXT = r"-?[0-9]{1,14}(\.[0-9]{1,9})?"
DATE_TEXT = r"[12][0-9]{3}-[01][0-9]-[0-3][0-9]"
TIME_TEXT = (
    DATE_TEXT + r"([T ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9])?)?"
)

# Numbers beyond this have no millionths left in 64 bits: they count as missing in sums and averages.
LARGEST_SUMMED = 10**15

# Tests that only numbers have, also where the operand comes from a run and is yet a text.
_SIZES = ("at_least", "at_most", "above", "below")

_CENTS = Decimal("0.0001")


def read_text(text: str, sql_type: str, zone: ZoneInfo) -> Any:
    """The value that canonical text stands for, or None. Times come back as microseconds since 1970."""
    match sql_type:
        case "VARCHAR":
            return text
        case "BIGINT":
            return int(text) if re.fullmatch(INTEGER_TEXT, text) else None
        case "DOUBLE":
            return float(text) if re.fullmatch(NUMBER_TEXT, text) else None
        case "DECIMAL(18,4)":
            if not re.fullmatch(MONEY_TEXT, text):
                return None
            amount = Decimal(text).quantize(_CENTS, ROUND_HALF_UP)
            return amount if abs(amount) < 10**14 else None
        case "BOOLEAN":
            return {"true": True, "false": False}.get(text)
        case "DATE":
            return _date(text) if re.fullmatch(DATE_TEXT, text) else None
        case "TIMESTAMPTZ":
            return _time(text, zone) if re.fullmatch(TIME_TEXT, text) else None
        case "VARCHAR[]":
            return json_list(_json(text))
    return None


def reading(test: str, operand: Any) -> str:
    """How an undeclared value is read for a test: as set, list, time, number, boolean or text."""
    if test in ("is_set", "is_unset"):
        return "set"
    if test in ("any_of", "all_of", "none_of", "size"):
        return "list"
    if test in ("region", "anniversary"):
        return "text" if test == "region" else "time"
    first = operand[0] if isinstance(operand, list | tuple) else operand
    if isinstance(first, bool):
        return "boolean"
    if test in ("day_of_week", "hour_of_day") or (test in TIME_RANGE_TESTS and not isinstance(first, int | float)):
        return "time"
    return "number" if isinstance(first, int | float) or test in _SIZES else "text"


def json_text(value: Any) -> str | None:
    """A JSON scalar as text: texts, true/false and whole numbers of 64 bits; nothing else has one spelling."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) and -(2**63) <= value < 2**64 else None


def json_number(value: Any) -> float | None:
    """A JSON number, or a text that reads as one."""
    if isinstance(value, str):
        return float(value) if re.fullmatch(NUMBER_TEXT, value) else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def json_list(value: Any) -> list[str | None] | None:
    """A JSON list of scalars as texts."""
    return [json_text(one) for one in value] if isinstance(value, list) else None


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _time(text: str, zone: ZoneInfo) -> int | None:
    try:
        if len(text) == 10:
            return midnight(date.fromisoformat(text), zone)
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return to_micros(instant if instant.tzinfo is not None else instant.replace(tzinfo=zone))
