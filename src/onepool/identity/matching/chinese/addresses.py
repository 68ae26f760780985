"""Chinese addresses taken apart from the large to the small, and compared by how far down they agree.

Agreement on the room is evidence for a household, not for a person: the weights learned from data tell how much.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from onepool.identity.matching.chinese.memory import PerValues
from onepool.identity.matching.chinese.places import head_of
from onepool.identity.matching.chinese.regions import tree_numbers
from onepool.identity.matching.kinds import Levels, Positions, SimpleKind, Strings
from onepool.identity.matching.strings import NOTHING, by_first, jaro_winkler
from onepool.identity.naming.hanzi import simplified

I64 = npt.NDArray[np.int64]

LEVELS: Final = (
    "same",
    "same room",
    "same building, room not told",
    "same estate or house, the rest not told",
    "same estate or house, another room",
    "same road or alike",
    "same district",
    "same city",
    "different",
)
_SEPARATOR: Final = "|"
_CACHED: Final = 1 << 18
_NOISE: Final = re.compile(r"[\s,，。.、;；:：|/\\()（）\[\]【】\"'“”]+")
# A number that runs into the mask may be cut: 2**** was 21栋.
_MASK: Final = re.compile(r"[A-Za-z\d#-]*\*+")
_NUMERAL: Final = re.compile(r"[一二三四五六七八九十]+(?=[栋幢座号层楼室弄]|单元)")
_TOWN: Final = re.compile(r"[\u4e00-\u9fff]{1,8}?(?:街道|镇|乡|苏木)(?![路街巷道大])")
_ROAD: Final = re.compile(
    r"(?P<road>[\u4e00-\u9fff\d]{1,9}?(?:大道|大街|胡同|路|街|巷|道)(?:[东西南北中]段|[一二三四五六七八九十]+段)?)"
    r"(?:(?P<lane>\d+)弄)?"
    r"(?:(?P<number>\d+(?:[-之]\d+)?)(?:号(?![楼房])院?|$))?"
)
_BUILDING: Final = re.compile(r"(?P<building>[A-Za-z]?\d{1,4}[A-Za-z]?|[A-Za-z])(?:栋|幢|座|号楼|号院|#楼|#|楼(?!\d))")
_UNIT: Final = re.compile(r"(?P<unit>\d{1,2}|[甲乙丙丁A-Ha-h])单元")
_ROOM: Final = re.compile(r"(?P<room>\d{2,5}[A-Za-z]?)(?:室|房|户|号房)?$")
# 18-1604, 18-2-1604, 18#2-1604, 18栋2-1604
_DASHES: Final = re.compile(
    r"(?P<building>[A-Za-z]?\d{1,3})(?:-(?:(?P<unit>\d{1,2})-)?|(?:#楼?|号楼|栋|幢|座)(?P<unit_behind>\d{1,2})-)"
    r"(?P<room>\d{2,5})(?:室|房|户)?$"
)
_ESTATE: Final = re.compile(r"[\u4e00-\u9fff]{2,}")
# What people leave out or swap when they name their estate.
_COMMON: Final = re.compile(
    r"(?:小区|住宅区|社区|花园|花苑|家园|嘉园|公寓|新村|大厦|写字楼|广场|名邸|华庭|豪庭|雅苑|名苑|佳苑|公馆|国际|花城|新城|雅居|名都|华府|山庄|别墅"
    r"|中心|苑|园|城|府|庭|院)+(?:[东西南北一二三四五六七八九]+[区期苑])?$"
)
_DIGIT: Final = {letter: value for value, letter in enumerate("一二三四五六七八九", 1)}


class Address(NamedTuple):
    """The parts of an address, '' where not told. `region`: GB/T 2260 code; `rest`: what was not understood."""

    region: str
    town: str
    road: str
    number: str
    estate: str
    building: str
    unit: str
    room: str
    rest: str


def _arabic(found: re.Match[str]) -> str:
    tens, ten, ones = found[0].rpartition("十")
    if not ten:
        return "".join(str(_DIGIT[letter]) for letter in found[0])
    return str((_DIGIT.get(tens, 1) if tens else 1) * 10 + (_DIGIT.get(ones, 0) if ones else 0))


@lru_cache(maxsize=1 << 15)
def parse_address(text: str) -> Address:
    """Take an address apart. Never raises: what is not understood is in `rest`."""
    plain = _NOISE.sub("", simplified(unicodedata.normalize("NFKC", text)))
    region, at = head_of(plain)
    plain = _NUMERAL.sub(_arabic, _MASK.sub("", plain[at:]))
    town = road = number = estate = building = unit = room = ""
    if (found := _TOWN.match(plain)) is not None:
        town, plain = found[0], plain[found.end() :]
    if (found := _ROAD.match(plain)) is not None:
        road = found["road"]
        number = "-".join(part for part in (found["lane"], found["number"]) if part)
        plain = plain[found.end() :]
    if (found := _DASHES.search(plain)) is not None:
        building, room = found["building"], found["room"]
        unit = found["unit"] or found["unit_behind"] or ""
        plain = plain[: found.start()]
    else:
        if (found := _ROOM.search(plain)) is not None:
            room, plain = found["room"], plain[: found.start()]
        if (found := _UNIT.search(plain)) is not None:
            unit, plain = found["unit"], plain[: found.start()] + plain[found.end() :]
        if (found := _BUILDING.search(plain)) is not None:
            building, plain = found["building"], plain[: found.start()] + plain[found.end() :]
    if (found := _ESTATE.search(plain)) is not None:
        estate = _COMMON.sub("", found[0]) or found[0]
        if len(estate) < 2:
            estate = found[0]
        plain = plain[: found.start()] + plain[found.end() :]
    return Address(
        region, town, road, number, estate, building.casefold(), unit.casefold(), room.casefold(), plain.casefold()
    )


def clean_addresses(values: Sequence[str]) -> list[str | None]:
    """The parts joined by `|`; None for what says nothing."""
    cleaned: list[str | None] = []
    for value in values:
        if value.strip().casefold() in NOTHING:
            cleaned.append(None)
            continue
        # A canonical address is its own: parts are only split.
        parts = value if value.count(_SEPARATOR) == len(Address._fields) - 1 else _SEPARATOR.join(parse_address(value))
        cleaned.append(parts if parts.strip(_SEPARATOR) else None)
    return cleaned


def _split(values: Sequence[str]) -> list[Address]:
    return [Address(*value.split(_SEPARATOR)) for value in values]


def _numbers(texts: Sequence[str]) -> I64:
    """Equal texts have equal numbers; 0 for ''."""
    known = {"": 0}
    return np.array([known.setdefault(text, len(known)) for text in texts], np.int64)


def _same(numbers: I64, left: Positions, right: Positions) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = (numbers[left] == numbers[right]) & (numbers[left] > 0)
    return found


@dataclass(frozen=True)
class _Numbers:
    """Parts of distinct addresses as numbers (0: not told), and the text that is compared where they say nothing."""

    province: I64
    city: I64
    district: I64
    estate: I64
    road: I64
    house: I64
    block: I64
    unit: I64
    room: I64
    town: I64
    rest: I64
    texts: Strings
    long: npt.NDArray[np.bool_]


def _number(values: Strings) -> _Numbers:
    parts = _split(values.tolist())
    texts = np.empty(len(parts), dtype=object)
    texts[:] = [one.estate + one.road + one.rest for one in parts]
    return _Numbers(
        *tree_numbers([one.region for one in parts]),
        estate=_numbers([one.estate for one in parts]),
        road=_numbers([one.road for one in parts]),
        house=_numbers([f"{one.road} {one.number}" if one.road and one.number else "" for one in parts]),
        block=_numbers([one.building for one in parts]),
        unit=_numbers([one.unit for one in parts]),
        room=_numbers([one.room for one in parts]),
        town=_numbers([one.town for one in parts]),
        rest=_numbers([one.rest for one in parts]),
        texts=texts,
        long=np.array([len(text) >= 4 for text in texts], bool),
    )


_numbered: Final = PerValues(_number)


def compare_addresses(values: Strings, left: Positions, right: Positions) -> Levels:
    """Levels of `LEVELS` for canonical addresses. Different known cities are always `different`."""
    told = _numbered(values)

    def apart(numbers: I64) -> npt.NDArray[np.bool_]:
        found: npt.NDArray[np.bool_] = (numbers[left] != numbers[right]) & (numbers[left] > 0) & (numbers[right] > 0)
        return found

    elsewhere = apart(told.province) | apart(told.city)
    district = ~apart(told.district)
    place = (_same(told.estate, left, right) | _same(told.house, left, right)) & ~elsewhere & district
    # 18-1604 leaves the unit out: a part that one side does not tell contradicts nothing.
    block_open = ~apart(told.block) & ~apart(told.unit)
    building = (_same(told.block, left, right) | _same(told.unit, left, right)) & block_open
    alike = np.zeros(len(left), bool)
    at = np.flatnonzero(
        ~place & ~elsewhere & (told.city[left] == told.city[right]) & told.long[left] & told.long[right]
    )
    if len(at):
        alike[at] = jaro_winkler(told.texts, left[at], right[at]) >= 0.9
    near = _same(told.road, left, right) | _same(told.town, left, right)
    return by_first(
        (left == right) & ((told.room > 0) | (told.rest > 0))[left],
        place & block_open & _same(told.room, left, right),
        place & building & ~apart(told.room),
        place & ~apart(told.room) & block_open,
        place,
        (alike | (near & district)) & ~elsewhere,
        _same(told.district, left, right) & ~elsewhere,
        _same(told.city, left, right) & ~elsewhere,
    )


_itself: Final = PerValues(lambda values: compare_addresses(values, np.arange(len(values)), np.arange(len(values))))


@lru_cache(maxsize=_CACHED)
def _keys_of(value: str) -> tuple[str | None, str | None, str | None, tuple[str, ...]]:
    """Room, district and city as keys, and what the address names of itself."""
    one = Address(*value.split(_SEPARATOR))
    house = f"{one.road}{one.number}" if one.road and one.number else ""
    place = one.estate or house
    room = f"{place} {one.building} {one.room}" if place and one.room else None
    district = one.region if one.region and not one.region.endswith("00") else None
    city = one.region[:4] if one.region[2:4] not in ("", "00") else None
    return room, district, city, tuple(token for token in (one.estate, house) if token)


def room_key(values: Sequence[str]) -> list[str | None]:
    """Estate or house, building and room."""
    return [_keys_of(value)[0] for value in values]


def district_key(values: Sequence[str]) -> list[str | None]:
    """The district's code."""
    return [_keys_of(value)[1] for value in values]


def city_key(values: Sequence[str]) -> list[str | None]:
    """The first four digits of the code: the city."""
    return [_keys_of(value)[2] for value in values]


def place_tokens(values: Sequence[str]) -> list[list[str]]:
    """What an address names of itself: estate, road with number; an alias of one leaves the other."""
    return [list(_keys_of(value)[3]) for value in values]


ADDRESS: Final = SimpleKind(
    "address",
    LEVELS,
    clean_addresses,
    compare_addresses,
    {"room": room_key},
    {"place": place_tokens},
    shared_functions={6: district_key, 7: city_key},
    itself=_itself,
)
