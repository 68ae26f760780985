"""Regions in conditions: what was written, and which values of data lie there.

Values are names as the data standard writes them (省 and 市 in their short form, districts in full; the full forms of
provinces and cities count too) or division codes. A name that places inside and outside of the region share does not
lie there for certain, so it does not count: the districts 西湖区 of 杭州 and 南昌 are told apart by `region_code`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from onepool.audience.conditions.errors import Problem
from onepool.standards.normalise import region_tree
from onepool.standards.normalise.region import Division, divisions


def region_problem(text: str, place: str) -> Problem | None:
    """What is wrong with a region as it is written, or None."""
    found = region_tree.find(text)
    if len(found) == 1:
        return None
    if not found:
        return Problem(place, f"there is no region {text}", region_tree.nearest(text))
    known = ", ".join(f"{region_tree.full_name(one)} ({region_tree.token(one)})" for one in found[:12])
    return Problem(place, f"{text} is the name of several places: write one of {known}")


def regions_of(texts: Sequence[str]) -> tuple[Division, ...]:
    """The divisions that are meant; they have been checked."""
    return tuple(dict.fromkeys(one for text in texts for one in region_tree.find(text)))


def title_of(text: str) -> str:
    """The full name of a region as it is written."""
    found = region_tree.find(text)
    return region_tree.full_name(found[0]) if len(found) == 1 else text


@lru_cache(maxsize=256)
def pattern(texts: tuple[str, ...], level: int | None) -> str:
    """An RE2 pattern that a whole value matches if it lies in these regions.

    ``level``: of the values where that is known (1 names of provinces, 2 of cities, 3 of districts).
    """
    parts = [re.escape(name) for name in names_in(texts, level)]
    return "|".join([*parts, code_pattern(texts)])


def names_in(texts: tuple[str, ...], level: int | None) -> list[str]:
    """The names that stand for places in these regions."""
    return sorted(region_tree.spellings(regions_of(texts), level))


def code_pattern(texts: tuple[str, ...]) -> str:
    """An RE2 pattern that the codes of places in these regions match as a whole; one that nothing matches for none."""
    prefixes = {prefix for one in regions_of(texts) if (prefix := region_tree.code_prefix(one)) is not None}
    parts = [f"{prefix}[0-9]{{0,{12 - len(prefix)}}}" for prefix in sorted(prefixes)]
    return "|".join(parts) or r"[^\s\S]"


def lies_in(value: str, texts: Sequence[str], level: int | None) -> bool:
    """The same, stated plainly: every place that the value may mean is in one of the regions."""
    regions = regions_of(texts)
    if re.fullmatch(r"[0-9]{2,12}", value, re.ASCII):
        return any((prefix := region_tree.code_prefix(one)) and value.startswith(prefix) for one in regions)
    meant = [one for one in divisions() if level in (None, one.level) and value in _names(one)]
    return bool(meant) and all(any(region_tree.contains(region, one) for region in regions) for one in meant)


def _names(one: Division) -> tuple[str, ...]:
    return (one.name,) if one.level == 3 else (one.name, one.short)
