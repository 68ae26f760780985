"""The tree of divisions: what a name or code means, what lies in what, how values of data stand for places in it."""

from __future__ import annotations

from collections import defaultdict
from difflib import get_close_matches
from functools import cache, lru_cache
from typing import Final

from onepool.standards.normalise.region import (
    MUNICIPALITIES,
    Division,
    by_code,
    chained,
    divisions,
    named,
)
from onepool.standards.normalise.scalars import plain

# GB/T 2260 has one code for each of them and all that is in them.
_ONE_CODE: Final = frozenset(["710000", "810000", "820000"])


@lru_cache(maxsize=4096)
def find(text: str) -> tuple[Division, ...]:
    """What a name or a code means: one division; several where the name needs the province or city; none.

    A name that divisions of several levels have (吉林) is that of the highest. Codes have 2, 4, 6 or 12 digits.
    """
    written = plain(text)
    if written.isdecimal():
        code = written[:6] if len(written) == 12 else written.ljust(6, "0")
        known = by_code().get(code) if len(written) in (2, 4, 6, 12) else None
        return (known,) if known is not None else ()
    for level in (1, 2, 3):
        found = {(one.province, one.city, one.name): one for one in named(level, written)}
        if found:
            return tuple(_as_region(one) for one in found.values())
    one = chained(written)
    return (_as_region(one),) if one is not None else ()


def _as_region(one: Division) -> Division:
    """A municipality is one region, as province and as city."""
    return by_code()[one.code] if one.level == 2 and one.short in MUNICIPALITIES else one


def contains(region: Division, other: Division) -> bool:
    """Whether the other division is the region or lies in it."""
    if region.province != other.province or other.level < region.level:
        return False
    if region.level == 1:
        return True
    if region.level == 2:
        return region.short == (other.short if other.level == 2 else other.city)
    return (region.name, region.city) == (other.name, other.city)


@lru_cache(maxsize=1024)
def spellings(regions: tuple[Division, ...], level: int | None) -> frozenset[str]:
    """The names that stand for places in these regions and for none outside, among names of a level (None: of any).

    A district that shares its name with one elsewhere is known by its code or city only.
    """
    return frozenset(
        name
        for name, places in _names(level).items()
        if all(any(contains(region, place) for region in regions) for place in places)
    )


@cache
def _names(level: int | None) -> dict[str, list[Division]]:
    found: dict[str, list[Division]] = defaultdict(list)
    for one in divisions():
        if level in (None, one.level):
            # Short forms of districts (西湖, 鼓楼) are no canonical names.
            for name in {one.name} if one.level == 3 else {one.name, one.short}:
                found[name].append(one)
    return dict(found)


def code_prefix(region: Division) -> str | None:
    """What every code of a place in the region begins with; None where codes don't tell its places apart."""
    if region.code in _ONE_CODE:
        return region.code[:2] if region.level == 1 else None
    return region.code[: 2 * region.level]


def children(region: Division | None) -> list[Division]:
    """The divisions right below one (None: the provinces). A municipality's are its districts."""
    if region is None:
        return [one for one in divisions() if one.level == 1]
    if region.level == 1 and region.short in MUNICIPALITIES:
        return [one for one in divisions() if one.level == 3 and one.province == region.province]
    if region.level == 3:
        return []
    if region.level == 2:
        return [one for one in divisions() if one.level == 3 and contains(region, one)]
    cities = {one.short for one in divisions() if one.level == 2 and one.province == region.province}
    return [
        one
        for one in divisions()
        if one.province == region.province and (one.level == 2 or (one.level == 3 and one.city not in cities))
    ]


def parent(region: Division) -> Division | None:
    """The division right above one."""
    if region.level == 1:
        return None
    province = next(one for one in divisions() if one.level == 1 and one.province == region.province)
    if region.level == 2 or region.province in MUNICIPALITIES:
        return province
    cities = (one for one in divisions() if one.level == 2 and one.province == region.province)
    return next((one for one in cities if one.short == region.city), province)


def full_name(region: Division) -> str:
    """The name with what it lies in: 浙江省杭州市西湖区."""
    above = parent(region)
    return (full_name(above) if above is not None else "") + region.name


@lru_cache(maxsize=8192)
def token(region: Division) -> str:
    """The shortest text that `find` reads as this division: its code, its name, its full name."""
    for text in (region.code, region.name):
        if find(text) == (region,):
            return text
    return full_name(region)


def search(words: str, most: int = 50) -> list[Division]:
    """Divisions whose name or code begins with the words, then those that have them inside; higher levels first."""
    text = plain(words)
    if not text:
        return []
    places = [one for one in divisions() if not (one.level == 2 and one.short in MUNICIPALITIES)]
    first = [one for one in places if one.name.startswith(text) or (text.isdecimal() and one.code.startswith(text))]
    inside = [one for one in places if text in full_name(one) and one not in first] if len(first) < most else []
    return [*sorted(first, key=lambda one: one.level), *sorted(inside, key=lambda one: one.level)][:most]


def nearest(text: str) -> str | None:
    """The name most like one that is not known."""
    found = get_close_matches(plain(text), list(_names(None)), n=1, cutoff=0.6)
    return found[0] if found else None
