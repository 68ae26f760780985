"""The head of an address: province, city and district, written in full, shortened, or left out."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from typing import Final, NamedTuple

from onepool.identity.matching.chinese.regions import ancestors
from onepool.standards.normalise.region import Division, divisions

# A short name before one of these is part of the name of a road or of an estate: 南京东路, 朝阳公园.
_GOES_ON: Final = re.compile("[东西南北中一二三]?(?:路|街|道|巷|弄|大道|大街)|文化|公园|广场|新村|花园|小区|大厦|国际")


class Head(NamedTuple):
    """The code of the deepest division that an address begins with ('' if none is sure), and where the rest begins."""

    code: str
    rest: int


class _Names:
    """Spellings of the divisions of one level, by first character the longest first."""

    def __init__(self, level: int) -> None:
        self.found: dict[str, list[Division]] = defaultdict(list)
        for one in divisions():
            if one.level != level:
                continue
            spellings = {one.name, one.short}
            if level == 1 and not one.name.endswith("市"):
                spellings.add(f"{one.short}省")
            if level == 2:
                spellings.add(f"{one.short}市")
            for spelling in spellings:
                self.found[spelling].append(one)
        self.lengths: dict[str, list[int]] = {}
        for spelling in self.found:
            self.lengths.setdefault(spelling[0], [])
            if len(spelling) not in self.lengths[spelling[0]]:
                self.lengths[spelling[0]].append(len(spelling))
        for lengths in self.lengths.values():
            lengths.sort(reverse=True)


@cache
def _names() -> tuple[_Names, _Names, _Names]:
    return _Names(1), _Names(2), _Names(3)


def _step(names: _Names, text: str, start: int, within: Division | None) -> tuple[Division | None, int] | None:
    """The division named at `start` and where its name ends; None in its place if several may be meant (西湖区)."""
    if start >= len(text):
        return None
    for length in names.lengths.get(text[start], ()):
        if length < 2:
            continue
        spelling = text[start : start + length]
        for one in names.found.get(spelling, ()):
            if within is not None and one.province != within.province:
                continue
            if within is not None and within.level == 2 and one.level == 3 and one.city != within.short:
                continue
            if spelling == one.short != one.name and _GOES_ON.match(text, start + length):
                continue
            if within is None and one.level == 3:
                if spelling != one.name:
                    continue
                if len(names.found[spelling]) > 1:
                    return None, start + length
            return one, start + length
    return None


def head_of(text: str) -> Head:
    """What an address without spaces begins with. Levels may be missing; a district must lie in what came before."""
    start = 2 if text.startswith("中国") else 0
    found: Division | None = None
    for names in _names():
        step = _step(names, text, start, found)
        if step is not None:
            found, start = step[0] or found, step[1]
    if found is None:
        return Head("", start)
    # 北京市北京市朝阳区, 上海上海市: exports write a municipality twice.
    if found.level < 3 and text.startswith(found.short, start):
        again = _step(_names()[1], text, start, found) or (found, start)
        step = _step(_names()[2], text, again[1], found)
        found, start = (step[0] or found, step[1]) if step is not None else (found, again[1])
    return Head(found.code if found.code in ancestors() else "", start)
