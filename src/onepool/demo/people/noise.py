"""What happens to a value between a person and a record: misspelt names, wrong digits, masks, shortened addresses."""

from __future__ import annotations

import numpy as np

from onepool.demo.people.arrays import I64, U32, Bools, Chance, Texts, digits, only, packed, pick
from onepool.demo.people.names import Names
from onepool.demo.people.places import AREA_CODES, ROADS, SHORT_LINES, Cities, Homes, compound_names
from onepool.demo.people.rates import Rates

EXACT, HOMOPHONE, SHAPE, PINYIN, DROPPED, TITLE, TRADITIONAL = 0, 1, 2, 3, 4, 5, 6
"""What was done to a name."""

DIGIT, SWAPPED = 1, 2
"""What was done to a phone."""

PREFIXES = np.array(
    [130, 131, 132, 133, 134, 135, 136, 137, 138, 139, 150, 151, 152, 153, 155, 156, 157, 158, 159, 166, 175, 176, 177,
     178, 180, 181, 182, 183, 184, 185, 186, 187, 188, 189, 191, 198, 199], np.int64
)  # fmt: skip
"""Prefixes of mobile numbers in use (numbering plan of the ministry; 170 and 171 are left to virtual numbers)."""

TITLES = ("先生", "女士", "小姐")

PLACEHOLDERS = ("13800138000", "13000000000", "13888888888", "11111111111")
"""What is typed to get past a required field; the last is no number at all and must end in quarantine."""

EMAIL_PLACEHOLDERS = ("a@a.com", "test@test.com", "123@qq.com")

_STAR = np.uint32(ord("*"))


def typed_names(chance: Chance, names: Names, rates: Rates, name: U32, male: Bools) -> tuple[Texts, I64]:
    """Names as somebody types them, and what was done to each. ``name``: shape (n, 4)."""
    size = name.shape[0]
    points = name.copy()
    kind = np.zeros(size, np.int64)
    bounds = np.cumsum([rates.homophone, rates.similar_shape, rates.dropped, rates.traditional])
    drawn = chance.random(size)
    which = np.searchsorted(bounds, drawn, side="right")
    # The given name is misspelt three times in four: people know the surnames of others better.
    column = np.where(chance.random(size) < 0.25, 0, np.where((name[:, 3] != 0) & (chance.random(size) < 0.5), 3, 2))
    for place, (code, groups) in enumerate([(HOMOPHONE, names.homophones), (SHAPE, names.shapes)]):
        rows = np.flatnonzero(which == place)
        at = column[rows]
        fits = groups.has(points[rows, at])
        at = np.where(fits, at, 2)
        rows, at = rows[groups.has(points[rows, at])], at[groups.has(points[rows, at])]
        points[rows, at] = groups.swap(chance, points[rows, at])
        kind[rows] = code
    rows = np.flatnonzero((which == 2) & (name[:, 3] != 0))
    points[rows, 2 + chance.integers(0, 2, rows.size)] = 0
    kind[rows] = DROPPED
    rows = np.flatnonzero(which == 3)
    changed = names.traditional.swap(chance, points[rows])
    differs = (changed != points[rows]).any(axis=1)
    points[rows] = changed
    kind[rows[differs]] = TRADITIONAL
    texts = packed(points)
    other = chance.random(size)
    rows = np.flatnonzero(other < rates.title)
    title = np.where(male[rows], 0, np.where(chance.random(rows.size) < 0.8, 1, 2)).astype(np.int64)
    texts[rows] = packed(name[rows, :2]) + pick(TITLES, title)
    kind[rows] = TITLE
    rows = np.flatnonzero((other >= rates.title) & (other < rates.title + rates.pinyin))
    texts[rows] = _latin(chance, names, name[rows])
    kind[rows] = PINYIN
    return texts, kind


def _latin(chance: Chance, names: Names, name: U32) -> Texts:
    """Wang Xiaoming; sometimes in the western order, sometimes in capitals."""
    found = np.empty(name.shape[0], object)
    draws = chance.random(int(name.shape[0])).tolist()
    for row, ((surname, given), draw) in enumerate(zip(names.pinyin(name), draws, strict=True)):
        text = f"{given} {surname}" if draw < 0.2 else f"{surname} {given}"
        found[row] = text.upper() if draw > 0.75 else text
    return found


def masked_names(name: U32) -> Texts:
    """王小明 -> 王**."""
    points = name.copy()
    points[:, 2:] = np.where(points[:, 2:] != 0, _STAR, 0)
    return packed(points)


def phone_texts(numbers: I64) -> Texts:
    """Plain numbers as texts."""
    return packed(digits(numbers, 11))


def masked_phones(numbers: I64) -> Texts:
    """13812345678 -> 138****5678."""
    points = digits(numbers, 11)
    points[:, 3:7] = _STAR
    return packed(points)


def virtual_numbers(chance: Chance, size: int) -> Texts:
    """A marketplace's privacy number: a host number and an extension, new for every order."""
    return host_numbers(chance.integers(0, 20_000_000, size), chance.integers(1000, 10000, size) - 1000)


def host_numbers(host: I64, extension: I64) -> Texts:
    """Hosts (0 to 19,999,999) and extensions (0 to 8,999) as texts: 17012345678-1234."""
    dash = np.full((host.size, 1), ord("-"), np.uint32)
    return packed(np.concatenate([digits(17_000_000_000 + host, 11), dash, digits(1000 + extension, 4)], axis=1))


def landlines(province: Texts, number: I64) -> Texts:
    """Households' lines with the area code."""
    rows = zip(province.tolist(), number.tolist(), strict=True)
    texts = [f"{AREA_CODES[name]}-{line // 10 if name in SHORT_LINES else line}" for name, line in rows]
    return np.array(texts, object)


def mistyped(chance: Chance, rates: Rates, numbers: I64) -> tuple[I64, I64]:
    """Numbers as typed, and what was done to each: always eleven digits of a possible number, as forms demand."""
    size = numbers.size
    drawn = chance.random(size)
    bounds = np.cumsum([rates.phone_digit, rates.phone_swapped])
    kind = np.array([DIGIT, SWAPPED, 0])[np.searchsorted(bounds, drawn, side="right")]
    found = numbers.copy()
    rows = np.flatnonzero(kind == DIGIT)
    power = np.power(10, chance.integers(0, 8, rows.size), dtype=np.int64)
    old = (numbers[rows] // power) % 10
    found[rows] += ((old + chance.integers(1, 10, rows.size)) % 10 - old) * power
    rows = np.flatnonzero(kind == SWAPPED)
    power = np.power(10, chance.integers(0, 7, rows.size), dtype=np.int64)
    low, high = (numbers[rows] // power) % 10, (numbers[rows] // (10 * power)) % 10
    found[rows] += (low - high) * 10 * power + (high - low) * power
    kind[found == numbers] = 0  # two equal digits swapped
    return found, kind.astype(np.int64)


def addresses(chance: Chance, rates: Rates, homes: Homes) -> tuple[Texts, Texts]:
    """Addresses as typed, without province, city and district; and the same with the end masked by a marketplace."""
    size = homes.city.size
    compound = compound_names(homes, chance.random(size) < rates.compound_alias)
    short = chance.random(size) < rates.address_short
    without_road = chance.random(size) < rates.level_omitted
    style = chance.integers(0, 3, size)
    found = np.empty(size, object)
    rows = zip(
        (ROADS[road] for road in homes.road.tolist()),
        homes.number.tolist(),
        compound.tolist(),
        homes.building.tolist(),
        homes.unit.tolist(),
        homes.room.tolist(),
        short.tolist(),
        without_road.tolist(),
        style.tolist(),
        strict=True,
    )
    for at, (road, number, place, building, unit, room, brief, bare, way) in enumerate(rows):
        head = place if bare else f"{road}{number}号{place}"
        if brief:
            found[at] = f"{head}{building}-{room}" if way else f"{head}{building}#{unit}-{room}"
        else:
            block = ("栋", "幢", "号楼")[way]
            found[at] = f"{head}{building}{block}{unit}单元{room}室"
    masked = np.array([f"{text[: max(4, len(text) - 8)]}****" for text in found.tolist()], object)
    return found, masked


def region_texts(chance: Chance, rates: Rates, cities: Cities, homes: Homes) -> tuple[Texts, Texts, Texts]:
    """Province, city and district as typed; a level may be left out, the district first of all."""
    size = homes.city.size
    province, city, district = cities.province[homes.city], cities.name[homes.city], cities.district[homes.district]
    drawn = chance.random(size)
    return (
        only(province, drawn >= rates.level_omitted / 5),
        np.where(chance.random(size) < 0.5, city, city + "市"),
        only(district, (drawn < rates.level_omitted / 5) | (drawn >= rates.level_omitted)),
    )
