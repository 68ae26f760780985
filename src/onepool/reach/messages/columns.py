"""Columns of variables: raw values turned into typed ones, each different value once."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from onepool.clock import from_micros
from onepool.reach.messages.model import Variable
from onepool.reach.messages.typed import DATE_FORM, TIME_FORM, Day, Moment, Money, Number

Codes: TypeAlias = npt.NDArray[np.int64]

MAX_VALUE: Final = 2000
"""Characters of a text value; what is longer is cut."""

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_MICROS: Final = re.compile(r"-?\d{9,18}")


@dataclass(frozen=True, slots=True)
class Bad:
    """A value that is not of its variable's type."""

    problem: str


@dataclass(frozen=True, slots=True)
class Wording:
    """How values are written where nothing else is said: language, zone and currency of the workspace."""

    language: str = "zh-CN"
    zone: str = "Asia/Shanghai"
    currency: str = "CNY"

    @property
    def tongue(self) -> str:
        return "zh" if self.language.startswith("zh") else "en"


@dataclass(frozen=True, slots=True)
class Column:
    """For each row the number of its value among ``values``. ``text``: the rows themselves, of texts only."""

    codes: Codes
    values: list[Any]
    text: pa.StringArray | None = None


def combine(columns: list[Codes]) -> tuple[npt.NDArray[np.intp], Codes]:
    """A row of each combination of numbers, and for each row the number of its combination."""
    found = columns[0]
    for one in columns[1:]:
        _, found = np.unique(found, return_inverse=True)
        found = found.astype(np.int64) * (int(one.max(initial=0)) + 1) + one
    _, first, inverse = np.unique(found, return_index=True, return_inverse=True)
    return first, inverse.astype(np.int64)


def text_column(raw: pa.Array, default: str | None = None) -> Column:
    """Texts; those without letters count as none."""
    text = _texts(raw)
    text = pc.if_else(pc.equal(pc.utf8_trim_whitespace(text), ""), pa.scalar(None, pa.string()), text)
    if default is not None:
        text = pc.fill_null(text, default)
    text = pc.utf8_slice_codeunits(text, 0, MAX_VALUE)
    return _coded(text)


def typed_column(raw: pa.Array, variable: Variable, wording: Wording, zones: Column | None) -> Column:
    """The column of a variable. ``zones``: of the customers, where they are known one by one."""
    default = None if variable.default is None else str(variable.default)
    if variable.type in ("text", "url", "coupon"):
        return text_column(raw, default)
    if variable.type == "date":
        return _dates(raw, variable, default, wording, zones)
    coded = raw.dictionary_encode()
    make = _money(variable, wording) if variable.type == "money" else _plain_number
    values: list[Any] = [make(one) for one in coded.dictionary.to_pylist()]
    codes = _filled(coded, values)
    values.append(None if default is None else make(default))
    return Column(codes, values)


def _dates(raw: pa.Array, variable: Variable, default: str | None, wording: Wording, zones: Column | None) -> Column:
    if pa.types.is_timestamp(raw.type):
        raw = raw.cast(pa.timestamp("us", raw.type.tz)).cast(pa.int64())
    coded = raw.dictionary_encode()
    plain = [*coded.dictionary.to_pylist(), default]
    codes = _filled(coded, plain[:-1])
    home = ZoneInfo(wording.zone)
    if zones is None:
        return Column(codes, [_moment(one, variable, wording, home, home) for one in plain])
    first, inverse = combine([codes, zones.codes])
    places = [_zone(one) or home for one in zones.values]
    pairs = zip(codes[first].tolist(), zones.codes[first].tolist(), strict=True)
    return Column(inverse, [_moment(plain[value], variable, wording, home, places[zone]) for value, zone in pairs])


def _filled(coded: pa.DictionaryArray, values: list[Any]) -> Codes:
    """The numbers of values; of rows without one the number behind the last."""
    found: Codes = coded.indices.fill_null(len(values)).to_numpy().astype(np.int64)
    return found


def _coded(text: pa.StringArray) -> Column:
    coded = text.dictionary_encode()
    values = [*coded.dictionary.to_pylist(), None]
    return Column(_filled(coded, values[:-1]), values, text)


def _texts(raw: pa.Array) -> pa.StringArray:
    kind = raw.type
    if pa.types.is_string(kind):
        return raw
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        coded = raw.dictionary_encode()
        plain = [None if one is None else str(Number(str(one))) for one in coded.dictionary.to_pylist()]
        return pa.array(plain, pa.string()).take(coded.indices)
    if pa.types.is_list(kind):
        return pc.binary_join(raw.cast(pa.list_(pa.string())), "、")
    return raw.cast(pa.string())


def _money(variable: Variable, wording: Wording) -> Callable[[Any], Any]:
    currency, tongue = variable.currency or wording.currency, wording.tongue

    def make(value: Any) -> Any:
        exact = _exact(value)
        if exact is None or isinstance(exact, Bad):
            return exact
        found = Money(exact)
        found.currency, found.language = currency, tongue
        return found

    return make


def _plain_number(value: Any) -> Any:
    exact = _exact(value)
    return exact if exact is None or isinstance(exact, Bad) else Number(exact)


def _exact(value: Any) -> Decimal | Bad | None:
    text = "" if value is None else str(value).strip()
    if not text:
        return None
    try:
        found = Decimal(text)
    except InvalidOperation:
        return Bad("this is no number")
    return found if found.is_finite() and abs(found) < 10**15 else Bad("this number is too large")


def _moment(value: Any, variable: Variable, wording: Wording, home: ZoneInfo, zone: ZoneInfo) -> Any:
    """``home``: of texts without a zone; ``zone``: whose wall clock it is shown by."""
    if value is None or value == "":
        return None
    try:
        at = _instant(value, home)
    except (ValueError, OverflowError, OSError):
        return Bad("this is no date")
    if isinstance(at, datetime):
        local = at.astimezone(zone)
        found: Moment | Day = Moment(*local.timetuple()[:6])
        found.form = variable.format or TIME_FORM
    else:
        found = Day(at.year, at.month, at.day)
        found.form = variable.format or DATE_FORM
    found.language = wording.tongue
    return found


def _instant(value: Any, home: ZoneInfo) -> date:
    if isinstance(value, datetime):
        return value if value.tzinfo is not None else value.replace(tzinfo=home)
    if isinstance(value, date):
        return value
    if isinstance(value, int):
        return from_micros(value)
    text = str(value).strip()
    if _DAY.fullmatch(text):
        return date.fromisoformat(text)
    if _MICROS.fullmatch(text):
        return from_micros(int(text))
    found = datetime.fromisoformat(text)
    return found if found.tzinfo is not None else found.replace(tzinfo=home)


def _zone(name: str | None) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
