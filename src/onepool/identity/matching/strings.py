"""Cleaning and likeness of short strings, on distinct values (rapidfuzz does the counting)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz, process
from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from onepool.identity.matching.kinds import Levels, Positions, Strings

#: words that stand for "not known"; a field with one of them is missing, not alike
NOTHING = frozenset(
    [
        "",
        "-",
        "--",
        ".",
        "?",
        "n/a",
        "na",
        "none",
        "null",
        "nil",
        "nan",
        "unknown",
        "unk",
        "not known",
        "无",
        "暂无",
        "未知",
        "不详",
        "未填写",
        "空",
        "保密",
        "其他",
        "没有",
    ]
)
_SPACES = re.compile(r"\s+")
_NOT_WORD = re.compile(r"[^\w\s]+", re.UNICODE)
_SOUND = str.maketrans("bfpvcgjkqsxzdtlmnr", "111122222222334556")
_CHUNK = 500_000


def clean_text(values: Sequence[str]) -> list[str | None]:
    """Lower case, one width, no marks, single spaces; None for words that say nothing."""
    cleaned: list[str | None] = []
    for value in values:
        text = unicodedata.normalize("NFKC", value).casefold().strip()
        if text in NOTHING:
            cleaned.append(None)
            continue
        text = text.replace("'", "").replace("’", "")
        text = _SPACES.sub(" ", _NOT_WORD.sub(" ", text)).strip()
        cleaned.append(text or None)
    return cleaned


def clean_code(values: Sequence[str]) -> list[str | None]:
    """As ``clean_text`` without any space: for postcodes, phones and numbers."""
    return [text.replace(" ", "") if text else None for text in clean_text(values)]


def likeness(
    scorer: Callable[..., float], values: Strings, left: Positions, right: Positions, **options: Any
) -> npt.NDArray[np.float32]:
    """Score of each pair by a rapidfuzz scorer, in chunks so that object arrays stay small."""
    out = np.empty(len(left), dtype=np.float32)
    for start in range(0, len(left), _CHUNK):
        part = slice(start, start + _CHUNK)
        out[part] = process.cpdist(
            values[left[part]], values[right[part]], scorer=scorer, dtype=np.float32, workers=-1, **options
        )
    return out


def jaro_winkler(values: Strings, left: Positions, right: Positions) -> npt.NDArray[np.float32]:
    """Jaro-Winkler likeness of each pair, 0 to 1 (Winkler 1990)."""
    return likeness(JaroWinkler.normalized_similarity, values, left, right)


def edits(values: Strings, left: Positions, right: Positions) -> npt.NDArray[np.float32]:
    """Damerau-Levenshtein distance of each pair, counted up to 3 (more is 4)."""
    return likeness(DamerauLevenshtein.distance, values, left, right, score_cutoff=3)


def token_ratio(values: Strings, left: Positions, right: Positions) -> npt.NDArray[np.float32]:
    """Likeness 0 to 100 of each pair after sorting its words."""
    return likeness(fuzz.token_sort_ratio, values, left, right)


def by_first(*tests: npt.NDArray[np.bool_]) -> Levels:
    """Level of the first test that holds; one more than their number where none does."""
    levels = np.full(len(tests[0]), len(tests), dtype=np.int8)
    for number in range(len(tests) - 1, -1, -1):
        levels[tests[number]] = number
    return levels


def prefix(length: int) -> Callable[[Sequence[str]], list[str | None]]:
    """Key function: the first ``length`` characters, where there are that many."""

    def keys(values: Sequence[str]) -> list[str | None]:
        return [value[:length] if len(value) >= length else None for value in values]

    return keys


def suffix(length: int) -> Callable[[Sequence[str]], list[str | None]]:
    """Key function: the last ``length`` characters, where there are more than that."""

    def keys(values: Sequence[str]) -> list[str | None]:
        return [value[-length:] if len(value) > length else None for value in values]

    return keys


def sound(values: Sequence[str]) -> list[str | None]:
    """Soundex-like key (first letter kept, consonant classes, no vowels), five places; None without Latin letters."""
    keys: list[str | None] = []
    for value in values:
        letters = "".join(character for character in value if "a" <= character <= "z")
        if len(letters) < 2:
            keys.append(None)
            continue
        coded = letters.translate(_SOUND)
        kept = [letters[0]]
        last = coded[0]
        for code in coded[1:]:
            if code.isdigit() and code != last:
                kept.append(code)
            if code not in "hw":
                last = code
        keys.append("".join(kept)[:5])
    return keys


def words(values: Sequence[str]) -> list[list[str]]:
    """The distinct words of each value."""
    return [sorted(set(value.split())) for value in values]


def whole(values: Sequence[str]) -> list[str | None]:
    """The value itself as key."""
    return list(values)
