"""Dates that people typed: cleaning to ``yyyymmdd`` (digits kept even where no such day exists) and likeness."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from onepool.identity.matching.kinds import Levels, Positions, Strings
from onepool.identity.matching.strings import NOTHING, by_first

DATE_LEVELS = (
    "same day",
    "one digit or day and month swapped",
    "within a month",
    "same year, only the year known",
    "same year",
    "year one off or one digit of it",
    "within ten years",
    "different",
)
_YEAR_FIRST = re.compile(r"^(\d{4})[-/.年 ]?(\d{1,2})[-/.月 ]?(\d{1,2})?日?(?:[t ].*)?$")
_DAY_FIRST = re.compile(r"^(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})$")
_YEAR = re.compile(r"^(\d{4})年?$")
# As people wrote in words: 7 Sep 1841, 7th of September, 1841; Sept. 7, 1841; Sep 1841.
_DAY_MONTH = re.compile(r"^(\d{1,2})(?:st|nd|rd|th)?[-/. ]+(?:of )?([a-z]{3,9})[-/., ]+(\d{4})$")
_MONTH_DAY = re.compile(r"^([a-z]{3,9})[. ]+(\d{1,2})(?:st|nd|rd|th)?[, ]+(\d{4})$")
_MONTH = re.compile(r"^([a-z]{3,9})[-/., ]+(\d{4})$")
_MONTHS = {
    name: place
    for place, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}
# Near a year: c. 1841, circa 1841, abt 1841, about 1841, [1841], 1841?, (1841)
_ABOUT = re.compile(r"^(?:c|ca|circa|abt|about|around|approx|est|约|大约)\.? ?(?=\d)")
_DOUBT = "[]()? ."
# Same as in placeholders of many systems; nobody's birthday is learned from them.
_PLACEHOLDERS = frozenset(["00000000", "19000101", "18991230", "99991231", "11111111", "00010101"])


def clean_date(values: Sequence[str]) -> list[str | None]:
    """``yyyymmdd``; a year alone becomes its first of January, as systems write it; None if it is no date."""
    cleaned: list[str | None] = []
    for value in values:
        text = value.strip()
        if text.casefold() in NOTHING:
            cleaned.append(None)
            continue
        text = _ABOUT.sub("", text.casefold().strip(_DOUBT)).strip(_DOUBT)
        day_first = _DAY_FIRST.match(text)
        year = _YEAR.match(text)
        year_first = _YEAR_FIRST.match(text)
        if year:
            date: str | None = f"{year[1]}0101"
        elif day_first:
            date = f"{day_first[3]}{int(day_first[2]):02}{int(day_first[1]):02}"
        elif len(text) == 8 and text.isdigit():
            date = text
        elif year_first:
            date = f"{year_first[1]}{int(year_first[2]):02}{int(year_first[3] or 1):02}"
        else:
            date = _in_words(text)
        cleaned.append(None if date in _PLACEHOLDERS else date)
    return cleaned


def _in_words(text: str) -> str | None:
    """``yyyymmdd`` of a date whose month is named in English; a month alone is its first day."""
    if found := _DAY_MONTH.match(text):
        day, month, year = found.groups()
    elif found := _MONTH_DAY.match(text):
        month, day, year = found.groups()
    elif found := _MONTH.match(text):
        (month, year), day = found.groups(), "1"
    else:
        return None
    number = _MONTHS.get(month[:3])
    return None if number is None else f"{year}{number:02}{int(day):02}"


def _parts(values: Strings) -> tuple[npt.NDArray[np.int64], ...]:
    numbers = np.array([int(value) for value in values], dtype=np.int64)
    return numbers, numbers // 10_000, numbers // 100 % 100, numbers % 100


def _different_digits(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64], digits: int) -> npt.NDArray[np.int64]:
    count = np.zeros(len(a), dtype=np.int64)
    for place in range(digits):
        count += a // 10**place % 10 != b // 10**place % 10
    return count


def compare_dates(values: Strings, left: Positions, right: Positions) -> Levels:
    """Levels of ``DATE_LEVELS`` for pairs of ``yyyymmdd``."""
    number, year, month, day = _parts(values)
    a, b = number[left], number[right]
    year_a, year_b = year[left], year[right]
    gap = np.abs(year_a - year_b)
    days = np.abs((year_a - year_b) * 372 + (month[left] - month[right]) * 31 + day[left] - day[right])
    swapped = (gap == 0) & (month[left] == day[right]) & (day[left] == month[right])
    only_year = (number[left] % 10_000 == 101) | (number[right] % 10_000 == 101)
    return by_first(
        a == b,
        ((_different_digits(a, b, 8) == 1) & ~(only_year & (gap == 0)) & (gap <= 100)) | swapped,
        (days <= 31) & ~(only_year & (gap == 0)),
        (gap == 0) & only_year,
        gap == 0,
        (gap == 1) | (_different_digits(year_a, year_b, 4) == 1),
        gap <= 10,
    )


def year_key(values: Sequence[str]) -> list[str | None]:
    """The year."""
    return [value[:4] for value in values]


def decade_key(values: Sequence[str]) -> list[str | None]:
    """The decade."""
    return [value[:3] for value in values]


def month_day_key(values: Sequence[str]) -> list[str | None]:
    """Month and day; None for the first of January, which mostly means that only the year is known."""
    return [None if value[4:] == "0101" else value[4:] for value in values]


def year_month_key(values: Sequence[str]) -> list[str | None]:
    """Year and month; None for the first of January."""
    return [None if value[4:] == "0101" else value[:6] for value in values]


def full_key(values: Sequence[str]) -> list[str | None]:
    """The day; None for the first of January."""
    return [None if value[4:] == "0101" else value for value in values]


def sorted_digits_key(values: Sequence[str]) -> list[str | None]:
    """The digits in order: survives swapped digits and swapped day and month."""
    return [None if value[4:] == "0101" else "".join(sorted(value)) for value in values]
