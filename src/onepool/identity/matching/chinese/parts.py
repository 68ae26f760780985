"""Surname and given name in columns of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from onepool.identity.matching.chinese.person_levels import DIFFERENT, NEARLY, PART, SOUND, SURNAME, TONED
from onepool.identity.matching.chinese.persons import compare_names
from onepool.identity.matching.chinese.shapes import alike
from onepool.identity.matching.kinds import Levels, Positions, SimpleKind, Strings
from onepool.identity.matching.strings import by_first, clean_text
from onepool.identity.naming.hanzi import is_hanzi, simplified
from onepool.identity.naming.surnames import surname_reading
from onepool.identity.naming.syllables import fold, reading, split_pinyin

_HANZI_BEARER: Final = "王"
_PINYIN_BEARER: Final = "wang, "
GIVEN_LEVELS: Final = (
    "same", "same sound and tone", "same sound, or spelled in pinyin", "one character alike or dropped",
    "part the same", "different",
)  # fmt: skip
SURNAME_LEVELS: Final = ("same", "same sound, or spelled in pinyin", "looks alike", "different")


def clean_part(values: Sequence[str]) -> list[str | None]:
    """Simplified Hanzi, or words in lower case; None for what says nothing or is hidden altogether (**)."""
    cleaned = clean_text([simplified(value) for value in values])
    return [text.replace(" ", "") if text and is_hanzi(text.replace(" ", "")) else text for text in cleaned]


def compare_given(values: Strings, left: Positions, right: Positions) -> Levels:
    """Levels of `GIVEN_LEVELS`."""
    named = np.empty(len(values), dtype=object)
    named[:] = [
        f"{_HANZI_BEARER}{value[-2:]}"
        if is_hanzi(value)
        else f"{_PINYIN_BEARER}{' '.join(split_pinyin(fold(value.replace(' ', ''))) or [value])}"
        for value in values
    ]
    found = compare_names(named, left, right)
    level = np.full(len(found), len(GIVEN_LEVELS) - 1, np.int8)
    for place, meant in enumerate((0, TONED, SOUND, NEARLY, PART)):
        level[found == meant] = place
    level[(found == SURNAME) | (found == DIFFERENT) | (found < 0)] = len(GIVEN_LEVELS) - 1
    level[left == right] = 0
    return level


def given_sound(values: Sequence[str]) -> list[str | None]:
    """How the given name sounds."""
    return [
        " ".join(reading(one) for one in value) if is_hanzi(value) else " ".join(split_pinyin(fold(value))) or value
        for value in values
    ]


def surname_sound(values: Sequence[str]) -> list[str | None]:
    """How the surname sounds."""
    return [surname_reading(value) if is_hanzi(value) else fold(value).replace(" ", "") for value in values]


def compare_surnames(values: Strings, left: Positions, right: Positions) -> Levels:
    """Levels of `SURNAME_LEVELS`."""
    sounds = np.unique(np.array(surname_sound(values.tolist()), dtype=str), return_inverse=True)[1]
    points = np.array([ord(value) if len(value) == 1 else 0 for value in values], np.int64)
    pairs = np.array([a << 32 | b for a, b in alike()], np.int64)
    return by_first(left == right, sounds[left] == sounds[right], np.isin(points[left] << 32 | points[right], pairs))


def whole(values: Sequence[str]) -> list[str | None]:
    """The value as it is."""
    return list(values)


GIVEN: Final = SimpleKind(
    "given_name",
    GIVEN_LEVELS,
    clean_part,
    compare_given,
    {"whole": whole, "sound": given_sound},
    shared_functions={1: given_sound, 2: given_sound},
)
SURNAMES: Final = SimpleKind(
    "surname",
    SURNAME_LEVELS,
    clean_part,
    compare_surnames,
    {"whole": whole, "sound": surname_sound},
    shared_functions={1: surname_sound},
)
