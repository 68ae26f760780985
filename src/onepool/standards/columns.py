"""Whole columns of values brought into one type at once; single values only where a column is not plain already.

Each function gives the same outcome as the normaliser of single values would, value by value; the tests hold them
together.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from datetime import date, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from onepool.standards.faults import Fault
from onepool.standards.model import SqlType
from onepool.standards.normalise import contact, money, scalars, times

NoneType = type(None)
Named = tuple[str, frozenset[str]]
"""A currency found in the text of an amount, and all that its sign may mean."""

ARROW: Final[dict[SqlType, pa.DataType]] = {
    SqlType.TEXT: pa.string(),
    SqlType.INTEGER: pa.int64(),
    SqlType.MONEY: pa.decimal128(18, 4),
    SqlType.NUMBER: pa.float64(),
    SqlType.BOOLEAN: pa.bool_(),
    SqlType.TIME: pa.timestamp("us", tz="UTC"),
    SqlType.DATE: pa.date32(),
    SqlType.TEXT_LIST: pa.list_(pa.string()),
}
"""Arrow type of each column type."""

_TEXTS: Final = frozenset({str, NoneType})
_INTEGERS: Final = frozenset({int, NoneType})
_NUMBERS: Final = frozenset({int, float, NoneType})
_COUNTED: Final = frozenset({int, float})
_AMOUNTS: Final = frozenset({int, float, str, NoneType})
_MOMENTS: Final = frozenset({int, str, NoneType})
_BOOLEANS: Final = frozenset({bool, NoneType})
_ISO: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})$"
_LOCAL: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?$"
_DIGITS: Final = r"^[0-9]{1,11}(\.[0-9]{1,4})?$"
_EXACT: Final = 1e9
_WIDE: Final = re.compile(r"[\u3000\uff01-\uff5e]")
_ZONES_KNOWN: Final = 2_114_352_000_000_000  # 2037-01-01
_FEW: Final = 16
"""Fewer values than this are not worth a column."""
_CACHED: Final = 100_000


class Column(NamedTuple):
    """A column of one type.

    `array`: typed Arrow array. `json`: the same values as JSON holds them, None for nothing. `faults`: by position.
    `named`: currencies found in the text of amounts, by position.
    """

    array: pa.Array
    json: list[Any]
    faults: dict[int, Fault]
    named: dict[int, Named] = {}  # noqa: RUF012  (never changed)


def one_by_one(values: Sequence[Any], scalar: Callable[[Any], Any]) -> tuple[list[Any], dict[int, Fault]]:
    """The slow path: every value by itself, faults collected."""
    faults: dict[int, Fault] = {}
    found: list[Any] = []
    for place, value in enumerate(values):
        try:
            found.append(scalar(value))
        except Fault as fault:
            # Without the frames that it came through: they would hold all that is read until memory is swept.
            faults[place] = fault.with_traceback(None)
            found.append(None)
    return found, faults


def _apart(values: Sequence[Any]) -> tuple[list[int], list[int]]:
    """Places of the texts, and of everything else."""
    texts_: list[int] = []
    others: list[int] = []
    for place, value in enumerate(values):
        (texts_ if type(value) is str else others).append(place)
    return texts_, others


def _together(arrays: Sequence[pa.Array], places: Sequence[Sequence[int]]) -> pa.Array:
    """Arrays of values that were read apart, in the order of their places."""
    order = np.empty(sum(map(len, places)), np.int64)
    order[np.concatenate([np.asarray(some, np.int64) for some in places])] = np.arange(order.size)
    return pa.concat_arrays(arrays).take(pa.array(order))


def texts(values: Sequence[Any], *, ids: bool = False) -> Column:
    """Free text, or ids (at most 512 characters)."""
    if set(map(type, values)) <= _TEXTS:
        joined = "".join(filter(None, values))
        plain = "\0" not in joined and (joined.isascii() or unicodedata.is_normalized("NFC", joined))
        long = ids and max((len(value) for value in values if value), default=0) > scalars.MAX_ID
        wide = ids and not joined.isascii() and _WIDE.search(joined) is not None
        if plain and not long and not wide and not (ids and ("E+" in joined or "e+" in joined)):
            found = [value.strip() or None if value else None for value in values]
            return Column(pa.array(found, pa.string()), found, {})
    found, faults = one_by_one(values, scalars.identity if ids else scalars.text)
    return Column(pa.array(found, pa.string()), found, faults)


def integers(values: Sequence[Any]) -> Column:
    """Whole numbers of 64 bits."""
    if set(map(type, values)) <= _INTEGERS:
        try:
            return Column(pa.array(values, pa.int64()), list(values), {})
        except (OverflowError, pa.ArrowInvalid):
            pass  # some number needs more than 64 bits
    found, faults = one_by_one(values, scalars.integer)
    return Column(pa.array(found, pa.int64()), found, faults)


def numbers(values: Sequence[Any]) -> Column:
    """Finite numbers."""
    faults: dict[int, Fault] = {}
    found: Sequence[Any] = values
    kinds = set(map(type, values))
    if not (kinds <= _INTEGERS and all(-(2**53) < value < 2**53 for value in values if value is not None)):
        found, faults = one_by_one(values, scalars.number)
    array = pa.array(found, pa.float64())
    return Column(array, [short(value) for value in found], faults)


def short(value: float | int | None) -> float | int | None:
    """Whole numbers without a fraction, as JSON shows them."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def amounts(values: Sequence[Any], *, fen: bool) -> Column:
    """Money as decimal of four places."""
    kinds = set(map(type, values))
    if kinds <= _NUMBERS:
        quick = _plain_amounts(values, 100.0 if fen else 10_000.0)
        if quick is not None:
            return quick
    elif kinds <= _TEXTS and not fen:
        quick = _written_amounts(values)
        if quick is not None:
            return quick
    elif len(values) >= _FEW and kinds <= _AMOUNTS and str in kinds and kinds & _COUNTED:
        # Several senders at once: some write numbers, some texts.
        places = _apart(values)
        parts = [amounts([values[place] for place in some], fen=fen) for some in places]
        return _joined(parts, places)
    pairs, faults = one_by_one(values, _money_fen if fen else _money_yuan)
    found = [pair and pair[0] for pair in pairs]
    named = {place: (pair[1], pair[2]) for place, pair in enumerate(pairs) if pair and pair[1]}
    return Column(pa.array(found, pa.decimal128(18, 4)), [_short_decimal(value) for value in found], faults, named)


def _joined(parts: Sequence[Column], places: Sequence[Sequence[int]]) -> Column:
    """Columns of values that were read apart as one, in the order of their places."""
    array = _together([part.array for part in parts], places)
    found: list[Any] = [None] * len(array)
    faults: dict[int, Fault] = {}
    named: dict[int, Named] = {}
    for part, some in zip(parts, places, strict=True):
        for place, value in zip(some, part.json, strict=True):
            found[place] = value
        faults |= {some[at]: fault for at, fault in part.faults.items()}
        named |= {some[at]: one for at, one in part.named.items()}
    return Column(array, found, dict(sorted(faults.items())), dict(sorted(named.items())))


def _money_yuan(value: Any) -> Any:
    return _cached_amount(value, fen=False) if type(value) is str else money.money(value)


def _money_fen(value: Any) -> Any:
    return _cached_amount(value, fen=True) if type(value) is str else money.money(value, fen=True)


@lru_cache(_CACHED)
def _cached_amount(value: str, *, fen: bool) -> tuple[Decimal, str | None, frozenset[str]] | None:
    return money.money(value, fen=fen)


def _short_decimal(value: Decimal | None) -> float | int | None:
    """An amount as a JSON number: exact up to 15 digits, which is what JSON's readers keep."""
    return None if value is None else short(float(value))


def _plain_amounts(values: Sequence[Any], places: float) -> Column | None:
    """Numbers of moderate size with at most four places; None if there are others.

    The nearest whole number of ten-thousandths is the exact one as long as the number is small and not halfway.
    """
    try:
        given = np.array([np.nan if value is None else value for value in values], np.float64)
    except OverflowError:
        return None
    missing = np.isnan(given)
    filled = np.where(missing, 0.0, given)
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is looked at one by one below
        scaled = filled * places
        whole = np.rint(scaled)
        exact = np.all(np.abs(filled) < _EXACT) and np.all(np.abs(scaled - whole) < 0.49)
    if not exact:
        return None
    if missing.any() and not all(value is None for value, gone in zip(values, missing, strict=True) if gone):
        return None  # a NaN that was sent
    ten_thousandths = whole.astype(np.int64)
    found = [
        None if gone else short(value)
        for value, gone in zip((ten_thousandths / 10_000).tolist(), missing.tolist(), strict=True)
    ]
    return Column(_decimals(ten_thousandths, missing), found, {})


def _written_amounts(values: Sequence[Any]) -> Column | None:
    """Texts of nothing but digits with at most four places; None if there are others."""
    written = pa.array(values, pa.string())
    if not pc.all(pc.match_substring_regex(written, _DIGITS), min_count=0).as_py():
        return None
    array = written.cast(pa.decimal128(18, 4))
    # The lower half of each is all of it: ten-thousandths below 2**53, of which the division is the nearest float.
    whole = np.frombuffer(array.buffers()[1], np.int64)[: 2 * len(array) : 2]
    missing = array.is_null().to_numpy(zero_copy_only=False).tolist()
    found = [None if gone else short(value) for value, gone in zip((whole / 10_000).tolist(), missing, strict=True)]
    return Column(array, found, {})


def _decimals(scaled: Any, missing: Any) -> pa.Array:
    """DECIMAL(18,4) from whole ten-thousandths: 128 bits each, the upper half only the sign."""
    pairs = np.empty((len(scaled), 2), np.int64)
    pairs[:, 0] = scaled
    pairs[:, 1] = scaled >> 63
    mask = None
    if missing.any():
        mask = pa.py_buffer(np.packbits(~missing, bitorder="little").tobytes())
    return pa.Array.from_buffers(pa.decimal128(18, 4), len(scaled), [mask, pa.py_buffer(pairs.tobytes())])


def booleans(values: Sequence[Any]) -> Column:
    """Yes and no."""
    if set(map(type, values)) <= _BOOLEANS:
        return Column(pa.array(values, pa.bool_()), list(values), {})
    found, faults = one_by_one(values, scalars.boolean)
    return Column(pa.array(found, pa.bool_()), found, faults)


def micros(values: Sequence[Any] | pa.ChunkedArray, zone: tzinfo, *, excel: bool) -> tuple[pa.Array, dict[int, Fault]]:
    """Times as int64 microseconds of UTC. A column of texts may come as it is."""
    given: Any = values
    if isinstance(given, pa.ChunkedArray):
        return _written_micros(given.combine_chunks(), zone, excel=excel)
    if len(given) < _FEW:
        return _micros_one_by_one(given, zone, excel=excel)
    kinds = set(map(type, given))
    if kinds <= _TEXTS:
        return _written_micros(pa.array(given, pa.string()), zone, excel=excel)
    if kinds <= _INTEGERS:
        quick = _counted_micros(given)
        return (quick, {}) if quick is not None else _micros_one_by_one(given, zone, excel=excel)
    if kinds <= _MOMENTS:
        # Several senders at once: some write numbers, some texts.
        places = _apart(given)
        parts = [micros([given[place] for place in some], zone, excel=excel) for some in places]
        return _micros_together(parts, places)
    return _micros_one_by_one(given, zone, excel=excel)


def _micros_together(
    parts: Sequence[tuple[pa.Array, dict[int, Fault]]], places: Sequence[Sequence[int]]
) -> tuple[pa.Array, dict[int, Fault]]:
    faults = {some[at]: fault for (_, told), some in zip(parts, places, strict=True) for at, fault in told.items()}
    return _together([array for array, _ in parts], places), dict(sorted(faults.items()))


def _counted_micros(values: Sequence[int | None]) -> pa.Array | None:
    """Whole seconds, milliseconds or microseconds since 1970 whose number of digits leaves no doubt; None if there are
    others."""
    try:
        array = pa.array(values, pa.int64())
    except (OverflowError, pa.ArrowInvalid):
        return None
    numbers = array.drop_null().to_numpy()
    times_of = np.zeros(numbers.size, np.int64)
    for low, factor in ((10**9, 1_000_000), (10**12, 1_000), (10**15, 1)):
        times_of[(numbers >= low) & (numbers < 10 * low)] = factor
    if not times_of.all():
        return None
    found = numbers * times_of
    if found.size and found.max() >= times.MAX_MICROS:
        return None
    if array.null_count == 0:
        return pa.array(found)
    whole = np.zeros(len(array), np.int64)
    missing = array.is_null().to_numpy(zero_copy_only=False)
    whole[~missing] = found
    return pa.array(whole, mask=missing)


def _written_micros(written: pa.Array, zone: tzinfo, *, excel: bool) -> tuple[pa.Array, dict[int, Fault]]:
    whole = pc.fill_null(pc.match_substring_regex(written, _ISO), True).to_numpy(zero_copy_only=False)
    if whole.all():
        quick = _cast_micros(written, None)
        return (quick, {}) if quick is not None else _micros_one_by_one(written.to_pylist(), zone, excel=excel)
    local = pc.fill_null(pc.match_substring_regex(written, _LOCAL), False).to_numpy(zero_copy_only=False)
    places = [np.flatnonzero(some).tolist() for some in (whole, local & ~whole, ~whole & ~local)]
    parts = []
    for some, of in zip(places, (None, zone, zone), strict=True):
        part = written.take(pa.array(some, pa.int64()))
        quick = None if some is places[2] else _cast_micros(part, of)
        parts.append((quick, {}) if quick is not None else _micros_one_by_one(part.to_pylist(), zone, excel=excel))
    return _micros_together(parts, places)


def _cast_micros(written: pa.Array, zone: tzinfo | None) -> pa.Array | None:
    """Texts of one shape at once, of `zone` where they name none; None where some need a closer look."""
    try:
        if zone is None:
            found = written.cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())
        elif isinstance(zone, ZoneInfo):
            found = pc.assume_timezone(written.cast(pa.timestamp("us")), timezone=zone.key).cast(pa.int64())
        else:
            return None
    except pa.ArrowInvalid:
        return None  # some day is not in the calendar, or some hour is there twice or never
    span = pc.min_max(found).as_py()
    low, high = span["min"], span["max"]
    # Outside of these years zones are a matter of opinion.
    least, most = (times.MIN_MICROS, times.MAX_MICROS) if zone is None else (0, _ZONES_KNOWN)
    return found if low is None or (low >= least and high < most) else None


def _micros_one_by_one(values: Sequence[Any], zone: tzinfo, *, excel: bool) -> tuple[pa.Array, dict[int, Fault]]:
    found, faults = one_by_one(values, lambda value: times.time(value, zone, excel=excel))
    return pa.array(found, pa.int64()), faults


def instants(values: Sequence[Any], zone: tzinfo, *, excel: bool) -> Column:
    """Times as TIMESTAMPTZ."""
    found, faults = micros(values, zone, excel=excel)
    texts_ = [None if value is None else times.iso(value) for value in found.to_pylist()]
    return Column(found.cast(pa.timestamp("us", tz="UTC")), texts_, faults)


def dates(values: Sequence[Any], zone: tzinfo, *, excel: bool) -> Column:
    """Calendar dates."""
    found, faults = one_by_one(values, lambda value: times.calendar_date(value, zone, excel=excel))
    days: Iterable[date | None] = found
    return Column(pa.array(found, pa.date32()), [day and day.isoformat() for day in days], faults)


def text_lists(values: Sequence[Any]) -> Column:
    """Lists of texts."""
    found, faults = one_by_one(values, scalars.text_list)
    return Column(pa.array(found, pa.list_(pa.string())), found, faults)


def words(values: Sequence[Any], scalar: Callable[[Any], str | None]) -> Column:
    """Texts of few distinct values, each normalised once."""
    if set(map(type, values)) <= _TEXTS:
        known: dict[Any, tuple[str | None, Fault | None]] = {}
        for value in dict.fromkeys(values):
            try:
                known[value] = (scalar(value), None)
            except Fault as fault:
                known[value] = (None, fault)
        found = [known[value][0] for value in values]
        faults = {place: broken for place, value in enumerate(values) if (broken := known[value][1]) is not None}
        return Column(pa.array(found, pa.string()), found, faults)
    found, faults = one_by_one(values, scalar)
    return Column(pa.array(found, pa.string()), found, faults)


@lru_cache(_CACHED)
def _phone(value: str, country: str) -> contact.Contact | None:
    return contact.phone(value, country)


@lru_cache(_CACHED)
def _email(value: str) -> contact.Contact | None:
    return contact.email(value)


def phone(value: Any, country: str) -> contact.Contact | None:
    """`normalise.contact.phone`, remembering texts seen before."""
    return _phone(value, country) if type(value) is str else contact.phone(value, country)


def email(value: Any) -> contact.Contact | None:
    """`normalise.contact.email`, remembering texts seen before."""
    return _email(value) if type(value) is str else contact.email(value)
