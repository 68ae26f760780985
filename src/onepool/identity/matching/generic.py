"""The kinds that need no language: names in Latin letters, dates, codes, categories, addresses."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from onepool.identity.matching import dates
from onepool.identity.matching.kinds import Levels, Positions, SimpleKind, Strings, register
from onepool.identity.matching.strings import (
    by_first,
    clean_code,
    clean_text,
    edits,
    jaro_winkler,
    prefix,
    sound,
    suffix,
    token_ratio,
    whole,
    words,
)


def _lengths(values: Strings) -> npt.NDArray[np.int64]:
    return np.fromiter(map(len, values), dtype=np.int64, count=len(values))


def _starts(values: Strings, left: Positions, right: Positions, wanted: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Whether one value begins with the other, looked at only where ``wanted``."""
    out = np.zeros(len(left), dtype=bool)
    for at in np.flatnonzero(wanted):
        a, b = values[left[at]], values[right[at]]
        out[at] = a.startswith(b) or b.startswith(a)
    return out


def compare_name_part(values: Strings, left: Positions, right: Positions) -> Levels:
    """A given name or surname: same, nearly same, alike, short for (prefix or initial), other."""
    alike = jaro_winkler(values, left, right)
    first = np.array([value[0] for value in values])
    same_first = first[left] == first[right]
    return by_first(
        left == right,
        alike >= 0.92,
        alike >= 0.84,
        _starts(values, left, right, same_first),
        (alike >= 0.7) & same_first,
    )


def compare_full_name(values: Strings, left: Positions, right: Positions) -> Levels:
    """A whole name: same, same words, nearly same, alike, somewhat alike, other."""
    ordered = np.array([" ".join(sorted(value.split())) for value in values], dtype=object)
    _, code = np.unique(ordered.astype(str), return_inverse=True)
    alike = token_ratio(values, left, right)
    winkler = jaro_winkler(values, left, right)
    return by_first(
        left == right,
        code[left] == code[right],
        (alike >= 90) | (winkler >= 0.95),
        (alike >= 80) | (winkler >= 0.9),
        alike >= 65,
        alike >= 50,
    )


def compare_code(values: Strings, left: Positions, right: Positions) -> Levels:
    """A number that names something (id, phone): same, one slip, two slips, other."""
    distance = edits(values, left, right)
    lengths = _lengths(values)
    long = np.minimum(lengths[left], lengths[right]) >= 5
    return by_first(left == right, (distance <= 1) & long, (distance <= 2) & long)


def compare_postcode(values: Strings, left: Positions, right: Positions) -> Levels:
    """A postcode: same, same but for one slip, same district, same area, other."""
    shape = [area_and_district(value) for value in values]
    _, area = np.unique(np.array([item[0] for item in shape]), return_inverse=True)
    _, district = np.unique(np.array([item[1] for item in shape]), return_inverse=True)
    distance = edits(values, left, right)
    return by_first(
        left == right, distance <= 1, district[left] == district[right], area[left] == area[right], distance <= 2
    )


@lru_cache(maxsize=1 << 17)
def area_and_district(value: str) -> tuple[str, str]:
    """Area and district of a postcode without spaces: letters and outward part of a British one, else 2 and 3 signs."""
    letters = len(value) - len(value.lstrip("abcdefghijklmnopqrstuvwxyz"))
    if letters in (1, 2) and len(value) >= 5:
        return value[:letters], value[:-3]
    return value[:2], value[:3]


def _districts(values: Sequence[str]) -> list[str | None]:
    return [area_and_district(value)[1] for value in values]


def _areas(values: Sequence[str]) -> list[str | None]:
    return [area_and_district(value)[0] for value in values]


def compare_words(values: Strings, left: Positions, right: Positions) -> Levels:
    """A text such as a street or a suburb: same, nearly same, alike, somewhat alike, other."""
    winkler = jaro_winkler(values, left, right)
    alike = token_ratio(values, left, right)
    return by_first(
        left == right,
        (winkler >= 0.94) | (alike >= 92),
        (winkler >= 0.88) | (alike >= 80),
        (winkler >= 0.8) | (alike >= 65),
    )


def compare_exact(values: Strings, left: Positions, right: Positions) -> Levels:
    """Same or not."""
    return by_first(left == right)


_NAME_KEYS = {"whole": whole, "first 1": prefix(1), "first 2": prefix(2), "first 3": prefix(3), "first 4": prefix(4)}
_NAME_LEVELS = ("same", "nearly same", "alike", "one short for the other", "somewhat alike", "different")

for _name in ("given_name", "surname", "nickname"):
    register(
        SimpleKind(_name, _NAME_LEVELS, clean_text, compare_name_part, {**_NAME_KEYS, "sound": sound}, {"word": words})
    )
register(
    SimpleKind(
        "name",
        ("same", "same words", "nearly same", "alike", "somewhat alike", "slightly alike", "different"),
        clean_text,
        compare_full_name,
        {"whole": whole, "first 5": prefix(5), "last 5": suffix(5)},
        {"word": words},
    )
)
register(
    SimpleKind(
        "date",
        dates.DATE_LEVELS,
        dates.clean_date,
        dates.compare_dates,
        {
            "day": dates.full_key,
            "year": dates.year_key,
            "decade": dates.decade_key,
            "month and day": dates.month_day_key,
            "year and month": dates.year_month_key,
            "digits": dates.sorted_digits_key,
        },
        shared_functions={3: dates.year_key, 4: dates.year_key},
    )
)
_CODE_LEVELS = ("same", "one slip", "two slips", "different")
_CODE_KEYS = {"whole": whole, "first 4": prefix(4), "last 4": suffix(4)}
for _name in ("phone", "masked_phone", "email", "id_card", "exact_id"):
    register(SimpleKind(_name, _CODE_LEVELS, clean_code, compare_code, _CODE_KEYS))
register(SimpleKind("year", _CODE_LEVELS, clean_code, compare_code, {"whole": whole, "first 3": prefix(3)}))
register(
    SimpleKind(
        "postcode",
        ("same", "one slip", "same district", "same area", "two slips", "different"),
        clean_code,
        compare_postcode,
        {"whole": whole, "district": _districts, "first 3": prefix(3)},
        shared_functions={2: _districts, 3: _areas},
    )
)
_WORD_LEVELS = ("same", "nearly same", "alike", "somewhat alike", "different")
for _name in ("text", "address", "token_set", "region"):
    register(
        SimpleKind(
            _name, _WORD_LEVELS, clean_text, compare_words, {"whole": whole, "first 4": prefix(4)}, {"word": words}
        )
    )
register(
    SimpleKind(
        "category",
        ("same", "nearly same", "alike", "somewhat alike", "different"),
        clean_text,
        compare_words,
        {"whole": whole},
    )
)
register(SimpleKind("gender", ("same", "different"), clean_text, compare_exact, {"whole": whole}))
