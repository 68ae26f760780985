"""Phone numbers of mainland China, whole and masked: what a mask shows is compared with what the other shows."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np

from onepool.identity.matching.chinese.memory import PerValues
from onepool.identity.matching.kinds import Levels, Positions, SimpleKind, Strings
from onepool.identity.matching.strings import by_first, edits

LEVELS: Final = ("same", "what a mask shows is the same", "one digit wrong or swapped", "same last four", "different")
_MASK: Final = re.compile(r"[*xX•·●＊#×]")
_LEFT_OUT: Final = re.compile(r"[\s\-()（）.]")
_EXTENSION: Final = re.compile(r"(?:转|[,;#]|ext\.?)\d+$|^(?:\+?86)?1\d{10}-\d{2,5}$", re.IGNORECASE)
_MOBILE: Final = re.compile(r"(?:\+?0{0,2}86)?(1[0-9*]{10})")
_LAST: Final = re.compile(r"(?:尾号|后四位|末四位)[:：]?(\d{4})")
_SHORT: Final = re.compile(r"\*+(\d{4})")
_LENGTH: Final = 11
_PLACEHOLDERS: Final = re.compile(r"(\d)\1{6,}$|1380013800\d|13800000000|12345678\d*|^1\d{2}0{8}$|1[*]{10}")


@lru_cache(maxsize=1 << 17)
def canonical(text: str) -> str | None:
    """Digits with `*` for what is masked, mobiles in eleven places (`138****1234`); None if it is no number.

    Extensions (privacy numbers) go: what is left is the host's number and nobody's, so there is none.
    """
    written = unicodedata.normalize("NFKC", text).strip()
    if _EXTENSION.search(written):
        return None
    plain = _LEFT_OUT.sub("", written)
    last = _LAST.search(plain)
    if last:
        return "*" * (_LENGTH - 4) + last[1]
    plain = _MASK.sub("*", plain)
    mobile = _MOBILE.fullmatch(plain)
    if mobile:
        plain = mobile[1]
    elif (short := _SHORT.fullmatch(plain)) is not None:
        plain = "*" * (_LENGTH - 4) + short[1]
    if not plain.lstrip("+").replace("*", "").isdigit() or len(plain) < 5 or _PLACEHOLDERS.search(plain):
        return None
    return plain


def clean_phones(values: Sequence[str]) -> list[str | None]:
    """Canonical numbers."""
    return [canonical(value) for value in values]


def _digits(values: Strings) -> np.ndarray[tuple[int, int], np.dtype[np.int8]]:
    """Shape (n, 11): digits of mobiles, -1 for masked ones, -2 for all of another number."""
    out = np.full((len(values), _LENGTH), -2, np.int8)
    at = [place for place, value in enumerate(values) if len(value) == _LENGTH]
    if at:
        letters = np.frombuffer("".join(values[at].tolist()).encode(), np.uint8).reshape(-1, _LENGTH)
        out[at] = np.where(letters == ord("*"), -1, letters.astype(np.int16) - ord("0"))
    return out


_numbered: Final = PerValues(_digits)


def compare_phones(values: Strings, left: Positions, right: Positions) -> Levels:
    """Levels of `LEVELS`. A mask agrees if at least four shown digits agree and none differs."""
    digits = _numbered(values)
    a, b = digits[left], digits[right]
    shown = (a >= 0) & (b >= 0)
    agree = (shown & (a == b)).sum(axis=1)
    differ = (shown & (a != b)).sum(axis=1)
    masked = ((a == -1) | (b == -1)).any(axis=1)
    last = ((a[:, -4:] == b[:, -4:]) & (a[:, -4:] >= 0)).all(axis=1)
    mobile = (a != -2).all(axis=1) & (b != -2).all(axis=1)
    # Of numbers with one or two differing places, and of those of other lengths, the edits are counted.
    near = ~masked & (((differ <= 2) & mobile) | ~mobile)
    slip = np.zeros(len(left), bool)
    at = np.flatnonzero(near)
    if len(at):
        slip[at] = edits(values, left[at], right[at]) <= 1
    known = mobile & masked
    return by_first(
        left == right,
        known & (differ == 0) & (agree >= 4) & last,
        slip,
        last,
    )


def whole_key(values: Sequence[str]) -> list[str | None]:
    """Whole numbers; None for masked ones."""
    return [None if "*" in value else value for value in values]


def masked_key(values: Sequence[str]) -> list[str | None]:
    """First three and last four digits: the same for a number and its usual mask."""
    found = ((value[:3] + value[-4:] if len(value) == _LENGTH else "*") for value in values)
    return [None if "*" in key else key for key in found]


def last_key(values: Sequence[str]) -> list[str | None]:
    """The last four digits."""
    found = (value[-4:] for value in values)
    return [None if "*" in key else key for key in found]


def _kind(name: str) -> SimpleKind:
    return SimpleKind(
        name,
        LEVELS,
        clean_phones,
        compare_phones,
        {"whole": whole_key, "masked": masked_key, "last 4": last_key},
        shared_functions={1: masked_key, 3: last_key},
        itself=_itself,
    )


def _itself(values: Strings) -> Levels:
    return np.array([1 if "*" in value else 0 for value in values], np.int8)


PHONE: Final = _kind("phone")
MASKED_PHONE: Final = _kind("masked_phone")
