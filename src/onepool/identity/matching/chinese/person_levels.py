"""How far two names agree, compiled: names are rows of numbers, the columns of which are named here."""

from __future__ import annotations

from typing import Final

import numba
import numpy as np

LEVELS: Final = (
    "same",
    "same sound and tone",
    "same sound, or spelled in pinyin",
    "one character alike, dropped or hidden",
    "same surname, given name not told",
    "part of the given name, or only it, the same",
    "same surname only",
    "different",
)
SAME, TONED, SOUND, NEARLY, SURNAME_TOLD, PART, SURNAME, DIFFERENT = range(8)
SILENT: Final = -1
"""Two names that say nothing of each other: 王女士 and *小明."""

SURNAME_SOUND, SURNAME_HANZI, LENGTH = 0, 1, 2
"""Code of the surname's reading and its character (0: not known); characters of the given name, at most two."""
HANZI, SYLLABLE, TONE = 3, 5, 7
"""Of each of the two characters: code point, number of its syllable, of its syllable with tone (0: not known)."""
PINYIN, SURNAME_TONED, KNOWN, WIDTH = 9, 10, 11, 12
HIDDEN: Final = -1
"""In the place of a character behind a `*`."""


@numba.njit(cache=True, nogil=True)
def _looks_alike(a, b, pairs):  # type: ignore[no-untyped-def]
    if a <= 0 or b <= 0 or a > 0xFFFF or b > 0xFFFF:
        return False
    wanted = (min(a, b) << 16) | max(a, b)
    at = np.searchsorted(pairs, wanted)
    return at < pairs.size and pairs[at] == wanted


@numba.njit(cache=True, nogil=True)
def _given(x, y, i, j):  # type: ignore[no-untyped-def]
    """One character against another: 0 same, 1 same sound, 2 hidden, 3 same sound and tone, 4 different."""
    hx, hy = x[HANZI + i], y[HANZI + j]
    if hx == HIDDEN or hy == HIDDEN:
        return 2
    if hx > 0 and hx == hy:
        return 0
    if x[SYLLABLE + i] != 0 and x[SYLLABLE + i] == y[SYLLABLE + j]:
        return 3 if x[TONE + i] != 0 and x[TONE + i] == y[TONE + j] else 1
    return 4


@numba.njit(cache=True, nogil=True)
def _level(x, y, bag_x, bag_y, pairs):  # type: ignore[no-untyped-def]
    if bag_x != 0 and bag_x == bag_y and (x[PINYIN] or y[PINYIN]):
        return SOUND
    surname_known = x[SURNAME_SOUND] != 0 and y[SURNAME_SOUND] != 0
    surname_same = surname_known and x[SURNAME_SOUND] == y[SURNAME_SOUND]
    surname_alike = surname_known and not surname_same and _looks_alike(x[SURNAME_HANZI], y[SURNAME_HANZI], pairs)
    if x[LENGTH] == 0 or y[LENGTH] == 0:
        if not surname_known:
            # Zhang Wei against 张女士: one of the two syllables is the surname.
            if x[PINYIN] and x[SURNAME_SOUND] == 0 and x[LENGTH] == 2 and y[SURNAME_SOUND] != 0:
                return SURNAME_TOLD if y[SURNAME_SOUND] in (x[SYLLABLE], x[SYLLABLE + 1]) else DIFFERENT
            if y[PINYIN] and y[SURNAME_SOUND] == 0 and y[LENGTH] == 2 and x[SURNAME_SOUND] != 0:
                return SURNAME_TOLD if x[SURNAME_SOUND] in (y[SYLLABLE], y[SYLLABLE + 1]) else DIFFERENT
            return SILENT
        return SURNAME_TOLD if surname_same else DIFFERENT
    same = 0
    sound = 0
    toned = 0
    hidden = 0
    shape = 0
    other = 0
    dropped = 0
    if x[LENGTH] == y[LENGTH]:
        for i in range(x[LENGTH]):
            found = _given(x, y, i, i)
            same += found == 0
            sound += found == 1
            toned += found == 3
            hidden += found == 2
            if found == 4:
                if _looks_alike(x[HANZI + i], y[HANZI + i], pairs):
                    shape += 1
                else:
                    other += 1
        if other == 2 and _given(x, y, 0, 1) not in (2, 4) and _given(x, y, 1, 0) not in (2, 4):
            return NEARLY if surname_same or not surname_known else DIFFERENT  # two characters swapped
    else:
        dropped = 1
        best = min(_given(x, y, 0, 0), _given(x, y, x[LENGTH] - 1, y[LENGTH] - 1))
        same += best == 0
        sound += best in (1, 3)
        hidden += best == 2
        other += best == 4
    agree = same + sound + toned
    if surname_alike:
        shape += 1
        surname_same = True
    if surname_same:
        if shape + other + dropped + hidden == 0:
            if sound == 0 and (x[SURNAME_HANZI] == y[SURNAME_HANZI] or x[SURNAME_TONED] == y[SURNAME_TONED]):
                return SAME if toned == 0 and x[SURNAME_HANZI] == y[SURNAME_HANZI] else TONED
            return SOUND
        if other == 0 and agree + shape > 0 and shape + dropped <= 1:
            return NEARLY
        if other == 0 and agree + shape == 0:
            return SURNAME_TOLD
        return PART if agree + shape > 0 else SURNAME
    if not surname_known:
        if agree == 0:
            return SILENT if other == 0 else DIFFERENT
        return NEARLY if other + shape + dropped == 0 else PART
    return PART if other + shape + dropped + hidden == 0 and agree == 2 else DIFFERENT


@numba.njit(cache=True, nogil=True)
def fill_levels(parts, bag, left, right, pairs, out):  # type: ignore[no-untyped-def]
    for at in range(left.size):
        x, y = parts[left[at]], parts[right[at]]
        if x[KNOWN] and y[KNOWN]:
            out[at] = _level(x, y, bag[left[at]], bag[right[at]], pairs)
