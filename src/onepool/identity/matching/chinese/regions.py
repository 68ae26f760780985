"""Where people live, compared along the tree of province, city and district (GB/T 2260)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from onepool.identity.matching.chinese.memory import PerValues
from onepool.identity.matching.kinds import Levels, Positions, SimpleKind, Strings
from onepool.identity.matching.strings import by_first, clean_text
from onepool.identity.naming.hanzi import simplified
from onepool.standards.normalise.region import by_code, divisions, resolve

I64 = npt.NDArray[np.int64]

LEVELS: Final = (
    "same district",
    "same city, district not told",
    "same city",
    "same province, city not told",
    "same province",
    "different",
)


@cache
def ancestors() -> dict[str, tuple[str, str, str]]:
    """Code -> (province, city, district), each the code of that level or '' where the code is above it.

    A municipality is its own city; a county right under a province too.
    """
    provinces = {one.province: one.code for one in divisions() if one.level == 1}
    cities: dict[tuple[str, str], str] = {}
    for one in divisions():
        if one.level == 2:
            cities[one.province, one.short] = one.code
    found: dict[str, tuple[str, str, str]] = {}
    for one in by_code().values():
        province = provinces[one.province]
        if one.level == 1:
            city = cities.get((one.province, one.short), "")
            # Peking is told by the province's code alone: that is its city.
            found[one.code] = (province, city if city == one.code else "", "")
        elif one.level == 2:
            found[one.code] = (province, one.code, "")
        else:
            found[one.code] = (province, cities.get((one.province, one.city), one.code), one.code)
    return found


@lru_cache(maxsize=1 << 16)
def code_of(text: str) -> str | None:
    """The code of a place named (浙江省杭州市西湖区, 杭州) or coded with 6, 9 or 12 digits; None if it isn't known."""
    plain = simplified(text.strip())
    if plain.isdigit() and len(plain) in (6, 9, 12):
        for code in (plain[:6], f"{plain[:4]}00", f"{plain[:2]}0000"):
            if code in by_code():
                return code
        return None
    return resolve(plain, None, None).code


def clean_regions(values: Sequence[str]) -> list[str | None]:
    """Codes; texts that mean no known place in lower case without signs."""
    return [
        code_of(value) or (code_of(plain) or plain if plain else plain)
        for value, plain in zip(values, clean_text(values), strict=True)
    ]


def tree_numbers(codes: Sequence[str]) -> tuple[I64, I64, I64]:
    """Province, city and district of codes as numbers, 0 where not told or no code."""
    tree = ancestors()
    rows = [tree.get(code, ("", "", "")) for code in codes]
    province, city, district = (np.array([int(row[level] or 0) for row in rows], np.int64) for level in range(3))
    return province, city, district


_numbered: Final = PerValues(lambda values: tree_numbers(values.tolist()))


def compare_regions(values: Strings, left: Positions, right: Positions) -> Levels:
    """Levels of `LEVELS`; -1 where a side is no known place."""
    province, city, district = _numbered(values)
    known = province > 0
    same_province = province[left] == province[right]
    same_city = (city[left] > 0) & (city[left] == city[right])
    no_city = (city[left] == 0) | (city[right] == 0)
    no_district = (district[left] == 0) | (district[right] == 0)
    level = by_first(
        (left == right) & ((district[left] > 0) | ~known[left])
        | ((district[left] > 0) & (district[left] == district[right])),
        same_city & no_district,
        same_city,
        same_province & no_city,
        same_province,
    )
    level[(known[left] != known[right]) | (~known[left] & (left != right))] = -1
    return level


_itself: Final = PerValues(lambda values: compare_regions(values, np.arange(len(values)), np.arange(len(values))))


def _level_key(level: int) -> Callable[[Sequence[str]], list[str | None]]:
    def keys(values: Sequence[str]) -> list[str | None]:
        tree = ancestors()
        return [tree.get(value, ("", "", ""))[level] or None for value in values]

    return keys


province_key, city_key, district_key = _level_key(0), _level_key(1), _level_key(2)

REGION: Final = SimpleKind(
    "region",
    LEVELS,
    clean_regions,
    compare_regions,
    {"district": district_key, "city": city_key},
    shared_functions={1: city_key, 2: city_key, 3: province_key, 4: province_key},
    itself=_itself,
)
