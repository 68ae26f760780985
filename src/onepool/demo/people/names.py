"""Names of Chinese people: drawn by cohort, sex and province from the tables of ``names.yaml``.

A name is a row of four code points: two of the surname (the second 0 unless it is a double one such as 欧阳), two of
the given name (the second 0 for one character).
"""

from __future__ import annotations

import functools
import importlib.resources
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import yaml

from onepool.demo.people.arrays import F64, I64, U32, Bools, Chance, Texts, weighted

_REGIONAL = 3.0
"""How many times as frequent a region's own characters are there."""

_DOUBLED = 0.04
"""Women's given names of the same character twice (婷婷)."""


@dataclass(frozen=True)
class Cohort:
    """Given names of people born from a year on. Characters and weights by sex (0 female, 1 male)."""

    first_year: int
    share: float
    single: float
    characters: tuple[U32, U32]
    weights: tuple[F64, F64]


class Names:
    """The tables, and draws from them."""

    def __init__(self, tables: dict[str, Any]) -> None:
        found = [re.fullmatch(r"(\D+)([\d.]+)", word) for word in tables["surnames"].split()]
        pairs = [(one[1], float(one[2])) for one in found if one is not None]
        self.surnames = [name for name, _ in pairs]
        self.surname_weights: F64 = np.array([weight for _, weight in pairs])
        self.surname_points: U32 = np.array([_points(name, 2) for name in self.surnames], np.uint32)
        self.cohorts = [_cohort(int(year), one) for year, one in tables["given"].items()]
        self.regions = {province: one for one in tables["regional"] for province in one["provinces"]}
        self._sounds(tables["sounds"])
        self.shapes = _Groups(tables["shapes"])
        self._traditional = tables["traditional"].split()
        self.traditional = _Groups(self._traditional, one_way=True)

    def _sounds(self, sounds: dict[str, str]) -> None:
        self.homophones = _Groups(list(sounds.values()))
        by_point = {ord(c): sound for sound, text in sounds.items() for c in text}
        self._sound_points: U32 = np.array(sorted(by_point), np.uint32)
        self.sound_texts: Texts = np.array([by_point[int(point)] for point in self._sound_points], object)
        numbers = {sound: number for number, sound in enumerate(sounds)}
        self._syllables: I64 = np.array([numbers[sound] for sound in self.sound_texts.tolist()], np.int64)

    def syllable(self, points: U32) -> I64:
        """A number for the sound of each code point, -1 where the tables have none."""
        place = self.sound(points)
        return np.where(place >= 0, self._syllables[place], -1)

    def sound(self, points: U32) -> I64:
        """The place in ``sound_texts`` of each code point, -1 where the tables have none."""
        place = np.minimum(np.searchsorted(self._sound_points, points), self._sound_points.size - 1)
        return np.where(self._sound_points[place] == points, place, -1).astype(np.int64)

    def simplified(self) -> dict[int, int]:
        """Code points of traditional characters and of the simplified ones they stand for."""
        return {ord(pair[1]): ord(pair[0]) for pair in self._traditional}

    def draw_surnames(self, chance: Chance, province: Texts) -> I64:
        """A surname for each person, by the province."""
        drawn = np.zeros(province.size, np.int64)
        for name in sorted(set(province.tolist())):
            weights = self.surname_weights.copy()
            own = self.regions.get(name, {}).get("surnames", "")
            weights[[place for place, surname in enumerate(self.surnames) if surname in own]] *= _REGIONAL
            here = province == name
            drawn[here] = weighted(chance, weights, int(here.sum()))
        return drawn

    def draw_given(self, chance: Chance, cohort: I64, male: Bools, province: Texts) -> U32:
        """Given names, shape (n, 2)."""
        given = np.zeros((cohort.size, 2), np.uint32)
        own_of = {name: self.regions.get(name, {}).get("given", "") for name in set(province.tolist())}
        kind = np.array([sorted(set(own_of.values())).index(own_of[name]) for name in province.tolist()], np.int64)
        for region, own in enumerate(sorted(set(own_of.values()))):
            for number, table in enumerate(self.cohorts):
                for sex in (0, 1):
                    here = np.flatnonzero((kind == region) & (cohort == number) & (male == bool(sex)))
                    given[here] = _given(chance, table, sex, own, here.size)
        return given

    def pinyin(self, name: U32) -> list[tuple[str, str]]:
        """Surname and given name in pinyin without tones, each capitalised. ``name``: shape (n, 4)."""
        places = self.sound(name)
        sounds = np.where((name != 0) & (places >= 0), self.sound_texts[places], "")
        return [((a + b).capitalize(), (c + d).capitalize()) for a, b, c, d in sounds.tolist()]


class _Groups:
    """Characters that may stand for each other; ``swap`` takes another one of the group."""

    def __init__(self, groups: list[str], *, one_way: bool = False) -> None:
        others: dict[int, list[int]] = {}
        for group in groups:
            for c in group[:1] if one_way else group:
                others.setdefault(ord(c), []).extend(ord(o) for o in group if o != c)
        others = {point: found for point, found in others.items() if found}
        self._points: U32 = np.array(sorted(others), np.uint32)
        self._start: I64 = np.cumsum([0, *(len(others[int(point)]) for point in self._points)]).astype(np.int64)
        self._others: U32 = np.array([o for point in self._points for o in others[int(point)]], np.uint32)

    def has(self, points: U32) -> Bools:
        """Whether there is something to swap with."""
        place = np.minimum(np.searchsorted(self._points, points), self._points.size - 1)
        known: Bools = self._points[place] == points
        return known

    def swap(self, chance: Chance, points: U32) -> U32:
        """Another of the group for each code point that has one; the rest as they are."""
        place = np.minimum(np.searchsorted(self._points, points), self._points.size - 1)
        known = self._points[place] == points
        count = self._start[place + 1] - self._start[place]
        taken = self._start[place] + (chance.random(points.shape) * count).astype(np.int64)
        return np.where(known, self._others[taken], points).astype(np.uint32)


@functools.cache
def tables() -> Names:
    """The tables of this package."""
    text = importlib.resources.files("onepool.demo.people").joinpath("names.yaml").read_text(encoding="utf-8")
    return Names(yaml.safe_load(text))


def _given(chance: Chance, table: Cohort, sex: int, own: str, size: int) -> U32:
    characters, weights = table.characters[sex], table.weights[sex].copy()
    weights[np.isin(characters, [ord(c) for c in own])] *= _REGIONAL
    first, second = (characters[weighted(chance, weights, size)] for _ in range(2))
    single = chance.random(size) < table.single
    doubled = chance.random(size) < (0 if sex else _DOUBLED)
    # The same character twice is a doubled name only where it is meant to be one.
    second = np.where(second == first, characters[weighted(chance, weights, size)], second)
    second = np.where(doubled, first, second)
    return np.stack([first, np.where(single, 0, second)], axis=1).astype(np.uint32)


def _cohort(year: int, one: dict[str, Any]) -> Cohort:
    characters = [np.array([ord(c) for c in one[sex]], np.uint32) for sex in ("female", "male")]
    weights = [1 / (np.arange(found.size) + 8.0) for found in characters]  # a flat Zipf: the tables are by rank
    return Cohort(
        year, float(one["share"]), float(one["single"]), (characters[0], characters[1]), (weights[0], weights[1])
    )


def _points(text: str, width: int) -> list[int]:
    return [ord(c) for c in text] + [0] * (width - len(text))
