"""Names of persons as columns of numbers, and how they are cleaned, compared and used as keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from onepool.identity.matching.chinese.memory import PerValues
from onepool.identity.matching.chinese.person_levels import (
    HANZI,
    HIDDEN,
    KNOWN,
    LENGTH,
    LEVELS,
    NEARLY,
    PINYIN,
    SAME,
    SOUND,
    SURNAME,
    SURNAME_HANZI,
    SURNAME_SOUND,
    SURNAME_TOLD,
    SURNAME_TONED,
    SYLLABLE,
    TONE,
    TONED,
    WIDTH,
    fill_levels,
)
from onepool.identity.matching.chinese.shapes import alike_packed
from onepool.identity.matching.kinds import Levels, Positions, SimpleKind, Strings
from onepool.identity.matching.strings import clean_text, jaro_winkler
from onepool.identity.naming import PersonName, parse_name
from onepool.identity.naming.hanzi import is_hanzi, simplified
from onepool.identity.naming.parse import NOBODY
from onepool.identity.naming.surnames import surname_rank
from onepool.identity.naming.syllables import HANZI_FIRST, reading_table, split_pinyin
from onepool.identity.witness import word_code

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]

_RARE: Final = 100
_CACHED: Final = 1 << 18


@lru_cache(maxsize=_CACHED)
def canonical(text: str) -> str | None:
    """One spelling of a name: simplified Hanzi (`王小明`, `王`, `*小明`), pinyin (`wang, xiao ming`), else plain text.

    None for what names nobody. A canonical name is its own canonical spelling.
    """
    name = parse_name(text)
    if name.script == "hanzi":
        if "·" in name.hanzi_given:
            return name.hanzi_given
        return (name.hanzi_surname or "*" * (not name.hanzi_surname)) + name.hanzi_given
    if name.script in ("pinyin", "latin") and name.surname:
        return f"{name.surname}, {' '.join(name.given)}" if name.given else f"mr {name.surname}"
    if simplified(text.strip()) in NOBODY:
        return None
    plain = clean_text([text])[0]
    if plain is None or not any(letter.isalpha() for letter in plain):
        return None
    if plain.isascii() and plain.isalpha():
        # zhangwei: too little to veto a join, enough to be compared. In which order is left open.
        syllables = split_pinyin(plain, 3)
        if len(syllables) > 1 and surname_rank().get(syllables[0], _RARE) < _RARE:
            return " ".join(syllables)
    plain = simplified(plain)
    # What is left may name somebody after all.
    return plain if plain == text else canonical(plain)


def clean_names(values: Sequence[str]) -> list[str | None]:
    """Canonical spellings."""
    return [canonical(value) for value in values]


@dataclass(frozen=True)
class Names:
    """`parts`: shape (n, 12), its columns as in person_levels; `bag`: hash of all syllables whatever their order."""

    parts: I32
    bag: I64


def _mixed(code: int) -> int:
    """Spread a syllable's number over 62 bits, so that sums of them hardly meet by chance (splitmix64)."""
    x = (code * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
    x = ((x ^ x >> 30) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    x = ((x ^ x >> 27) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
    return (x ^ x >> 31) >> 4


_MIXED: Final = [_mixed(code) for code in range(1 << 16)]


def syllables_of(text: str, name: PersonName) -> list[str]:
    """Every syllable of a name, surname and given name; empty where a part of it isn't known."""
    if name.script == "pinyin":
        words = text.casefold().replace(",", " ").split()
        found = [one for word in words for one in split_pinyin(word)]
        return found if all(map(split_pinyin, words)) else []
    if name.script == "hanzi" and name.surname and name.given and "*" not in name.hanzi_given:
        return [*(split_pinyin(name.surname) or (name.surname,)), *name.given]
    return []


def encode_names(values: Sequence[str]) -> Names:
    """Canonical names as numbers."""
    toned = reading_table()
    rows: list[tuple[int, ...]] = []
    bags: list[int] = []
    surnames: dict[str, int] = {"": 0}
    for value in values:
        name = parse_name(value)
        row = [0] * WIDTH
        row[SURNAME_SOUND] = word_code(name.surname)
        row[SURNAME_HANZI] = (
            ord(name.hanzi_surname)
            if len(name.hanzi_surname) == 1
            else 0x110000 + surnames.setdefault(name.hanzi_surname, len(surnames))
            if name.hanzi_surname
            else 0
        )
        # Of surnames the tone counts where they are read as usual (曾 and 单 are not).
        if len(name.hanzi_surname) == 1:
            number = int(toned[ord(name.hanzi_surname) - HANZI_FIRST])
            row[SURNAME_TONED] = number if number // 8 == row[SURNAME_SOUND] else -ord(name.hanzi_surname)
        shown = iter(name.given)
        units = name.hanzi_given if name.script == "hanzi" and "·" not in name.hanzi_given else name.given
        units = units[-2:] if len(units) > 2 else units
        row[LENGTH] = len(units)
        for place, unit in enumerate(units):
            if unit == "*":
                row[HANZI + place] = HIDDEN
                continue
            syllable = next(shown, "")
            row[SYLLABLE + place] = word_code(syllable)
            if len(unit) == 1 and is_hanzi(unit):
                row[HANZI + place] = ord(unit)
                row[TONE + place] = int(toned[ord(unit) - HANZI_FIRST])
        row[PINYIN] = name.script == "pinyin"
        row[KNOWN] = bool(name.surname or name.given)
        rows.append(tuple(row))
        bags.append(sum(_MIXED[word_code(one)] for one in syllables_of(value, name)) & 0x7FFFFFFFFFFFFFFF)
    return Names(np.array(rows, np.int32).reshape(-1, WIDTH), np.array(bags, np.int64))


_encoded: Final = PerValues(lambda values: encode_names(values.tolist()))


def compare_names(values: Strings, left: Positions, right: Positions) -> Levels:
    """Levels of pairs of canonical names; -1 where they say nothing of each other (王女士 against *小明)."""
    names = _encoded(values)
    out = np.full(len(left), -1, np.int8)
    fill_levels(names.parts, names.bag, left, right, alike_packed(), out)
    known = names.parts[:, KNOWN].astype(bool)
    texts = np.flatnonzero(~known[left] & ~known[right])
    if len(texts):
        # Neither names a person: a nick name in the field of the name, or an organisation.
        alike = jaro_winkler(values, left[texts], right[texts])
        out[texts] = np.where(left[texts] == right[texts], SAME, np.where(alike >= 0.9, NEARLY, -1))
    return out


def levels_with_itself(values: Strings) -> Levels:
    """Equal names of which a part isn't known agree on the rest only."""
    return _itself(values)


_itself: Final = PerValues(lambda values: compare_names(values, np.arange(len(values)), np.arange(len(values))))


@lru_cache(maxsize=_CACHED)
def _keys_of(text: str) -> tuple[str | None, str | None, str | None]:
    """Surname, syllables and given name as keys."""
    name = parse_name(text)
    syllables = " ".join(sorted(syllables_of(text, name))) or None if name.script else text
    given = " ".join(name.given) if name.given and "*" not in name.hanzi_given else None
    return name.surname or None, syllables, given


def surname_key(values: Sequence[str]) -> list[str | None]:
    """How the surname sounds."""
    return [_keys_of(value)[0] for value in values]


def syllables_key(values: Sequence[str]) -> list[str | None]:
    """The syllables of the name in alphabetical order (Wang Xiaoming and Xiaoming Wang); texts that name nobody as
    they are; None if a part of the name isn't known."""
    return [_keys_of(value)[1] for value in values]


def given_key(values: Sequence[str]) -> list[str | None]:
    """How the given name sounds: found where the surname is hidden."""
    return [_keys_of(value)[2] for value in values]


NAME: Final = SimpleKind(
    "name",
    LEVELS,
    clean_names,
    compare_names,
    {"syllables": syllables_key, "surname": surname_key, "given": given_key},
    shared_functions={
        TONED: syllables_key,
        SOUND: syllables_key,
        NEARLY: surname_key,
        SURNAME_TOLD: surname_key,
        SURNAME: surname_key,
    },
    itself=levels_with_itself,
)
