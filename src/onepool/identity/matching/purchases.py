"""What was bought and when: evidence between records of one order that two systems told, or of one habit.

Two people may buy the same at the same time (a launch, a flash sale), so neither is ever a contradiction, and how much
an agreement weighs is learned from how often strangers agree.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from onepool.identity.matching.kinds import Levels, Positions, SimpleKind, Strings, register
from onepool.identity.matching.strings import NOTHING, by_first, clean_text, whole

MOMENT_LEVELS = ("same minute", "within ten minutes", "same day", "within a week", "different")
_FORM = re.compile(
    r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
    r"(?:[T\s]*(\d{1,2})[:时点](\d{1,2})(?:[:分](\d{1,2})(?:\.\d+)?秒?)?分?\s*(Z|[+-]\d{2}:?\d{2})?)?$"
)
_PRINTED = "%Y-%m-%dT%H:%M"
_DAY = "%Y-%m-%d"
_LENGTH = len("yyyy-mm-dd")


def clean_moment(values: Sequence[str]) -> list[str | None]:
    """``yyyy-mm-ddThh:mm``, in UTC where an offset was given; ``yyyy-mm-dd`` of a day alone; None if it is no time."""
    return [_moment(value.strip()) for value in values]


def _moment(text: str) -> str | None:
    found = _FORM.match(text)
    if found is None or text.casefold() in NOTHING:
        return None
    year, month, day, hour, minute, _second, offset = found.groups()
    try:
        at = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), tzinfo=UTC)
        if offset and offset != "Z":
            ahead = timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:]))
            at -= ahead if offset[0] == "+" else -ahead
    except (ValueError, OverflowError):
        return None
    return at.strftime(_DAY if hour is None else _PRINTED)


def compare_moments(values: Strings, left: Positions, right: Positions) -> Levels:
    """Levels of ``MOMENT_LEVELS``; of a day alone no minute is known, so the same day at best."""
    at = values.astype("U16").astype("datetime64[m]").astype(np.int64)
    timed = _alone(values) == 0
    exact = timed[left] & timed[right]
    gap = np.abs(at[left] - at[right])
    days = at // 1440
    apart = np.abs(days[left] - days[right])
    return by_first(exact & (gap == 0), exact & (gap <= 10), apart == 0, apart <= 7)


def _alone(values: Strings) -> Levels:
    """Level of each value against an equal one: the same minute, or of a day alone the same day."""
    return np.array([0 if len(value) > _LENGTH else 2 for value in values], dtype=np.int8)


def _minute(values: Sequence[str]) -> list[str | None]:
    return [value if len(value) > _LENGTH else None for value in values]


def _day(values: Sequence[str]) -> list[str | None]:
    return [value[:_LENGTH] for value in values]


def compare_products(values: Strings, left: Positions, right: Positions) -> Levels:
    """Same or not: numbers of products that look alike are different products."""
    return by_first(left == right)


register(
    SimpleKind("moment", MOMENT_LEVELS, clean_moment, compare_moments, {"minute": _minute, "day": _day}, itself=_alone)
)
register(SimpleKind("product", ("same", "different"), clean_text, compare_products, {"whole": whole}))
