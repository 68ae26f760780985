"""Values of variables as templates see them: money with its currency, dates in the customer's zone, exact numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Final

from babel.numbers import format_currency

DATE_FORM: Final = "%Y-%m-%d"
TIME_FORM: Final = "%Y-%m-%d %H:%M"

_DIRECTIVE: Final = re.compile(r"%(-?[A-Za-z%])")
_DAYS: Final = {"zh": "一二三四五六日", "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}
_LONG: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip

_PARTS: Final[Mapping[str, Callable[[datetime, str], str]]] = {
    "Y": lambda at, _: f"{at.year:04}",
    "y": lambda at, _: f"{at.year % 100:02}",
    "m": lambda at, _: f"{at.month:02}",
    "-m": lambda at, _: str(at.month),
    "d": lambda at, _: f"{at.day:02}",
    "-d": lambda at, _: str(at.day),
    "H": lambda at, _: f"{at.hour:02}",
    "-H": lambda at, _: str(at.hour),
    "I": lambda at, _: f"{at.hour % 12 or 12:02}",
    "-I": lambda at, _: str(at.hour % 12 or 12),
    "p": lambda at, tongue: ("上午", "下午")[at.hour >= 12] if tongue == "zh" else ("AM", "PM")[at.hour >= 12],
    "M": lambda at, _: f"{at.minute:02}",
    "S": lambda at, _: f"{at.second:02}",
    "a": lambda at, tongue: f"周{_DAYS['zh'][at.weekday()]}" if tongue == "zh" else _DAYS["en"][at.weekday()],
    "A": lambda at, tongue: f"星期{_DAYS['zh'][at.weekday()]}" if tongue == "zh" else _LONG[at.weekday()],
    "b": lambda at, tongue: f"{at.month}月" if tongue == "zh" else _MONTHS[at.month - 1][:3],
    "B": lambda at, tongue: f"{at.month}月" if tongue == "zh" else _MONTHS[at.month - 1],
    "%": lambda _at, _tongue: "%",
}
"""Directives of strftime that dates may be written with; the machine's locale has no say in it."""


class Moment(datetime):
    """An instant on the customer's wall clock. ``form``: how it is written when nothing else is said."""

    form: str = TIME_FORM
    language: str = "zh"

    def __str__(self) -> str:
        return format_time(self, self.form, self.language)


class Day(date):
    """A calendar day, the same in every zone."""

    form: str = DATE_FORM
    language: str = "zh"

    def __str__(self) -> str:
        return format_time(self, self.form, self.language)


class Money(Decimal):
    """An amount and its currency (ISO 4217)."""

    currency: str = "CNY"
    language: str = "zh"

    def text(self, form: str = "") -> str:
        """¥12.00; ``short`` ¥12; ``plain`` 12.00."""
        return _money(Decimal(self), self.currency, self.language, form)

    def __str__(self) -> str:
        return self.text()


class Number(Decimal):
    """An exact number, written without needless zeros."""

    def __str__(self) -> str:
        plain = format(Decimal(self), "f")
        return plain.rstrip("0").rstrip(".") if "." in plain else plain


def format_time(at: date, form: str, language: str) -> str:
    """A date or instant by strftime's directives. Raises ValueError for one that is not known."""
    full = at if isinstance(at, datetime) else datetime(at.year, at.month, at.day)  # noqa: DTZ001 - a day has no zone

    def part(found: re.Match[str]) -> str:
        known = _PARTS.get(found[1])
        if known is None:
            raise ValueError(f"{found.group()} is not known in dates")
        return known(full, language)

    return _DIRECTIVE.sub(part, form)


def unknown_directives(form: str) -> list[str]:
    """Those of a form that no date can be written with."""
    return [found.group() for found in _DIRECTIVE.finditer(form) if found[1] not in _PARTS]


def format_number(value: object, places: int) -> str:
    """A number with so many places, rounded half up. Raises ValueError where it is no number."""
    try:
        found = Decimal(value) if isinstance(value, Decimal) else Decimal(str(value))
        return str(found.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))
    except InvalidOperation:
        raise ValueError("number: this is no number") from None


@lru_cache(maxsize=4096)
def _money(amount: Decimal, currency: str, language: str, form: str) -> str:
    if form == "plain":
        return format_number(amount, 2)
    locale = "zh_CN" if language == "zh" else "en_US"
    text: str = format_currency(amount, currency, locale=locale, group_separator=False)
    return text.replace("CN¥", "¥").removesuffix(".00") if form == "short" else text.replace("CN¥", "¥")
