"""Gender and member level."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

import numpy as np

from onepool.identity.matching.kinds import Levels, Positions, SimpleKind, Strings
from onepool.identity.matching.strings import by_first, clean_text
from onepool.standards.faults import Fault
from onepool.standards.normalise.scalars import gender

_RANKS: Final = (
    ("普通", "注册", "粉丝", "basic", "regular"), ("铜", "bronze"), ("银", "silver"), ("金", "gold"),
    ("铂金", "白金", "platinum"), ("钻石", "diamond"), ("黑金", "黑卡", "至尊", "black"),
)  # fmt: skip
_NUMBERED: Final = re.compile(r"(?:vip|v|lv|level|l|等级|级别)?\s*(\d{1,2})\s*(?:级|星)?")
_KIND: Final = re.compile(r"(?:会员卡|会员|贵宾|用户|等级|卡|member)+$|^vip\s*(?=\D)")


def clean_genders(values: Sequence[str]) -> list[str | None]:
    """`male`, `female`, `other`; None for unknown and for what is no gender."""
    found: list[str | None] = []
    for value in values:
        try:
            meant = gender(value)
        except Fault:
            meant = None
        found.append(None if meant == "unknown" else meant)
    return found


def compare_exact(values: Strings, left: Positions, right: Positions) -> Levels:
    """Same or not."""
    return by_first(left == right)


def clean_member_levels(values: Sequence[str]) -> list[str | None]:
    """`r0` (ordinary) to `r6` (black card), `n1` … for numbered ones, else the name without 会员, 卡 and the like."""
    cleaned: list[str | None] = []
    for value in clean_text(values):
        if value is None:
            cleaned.append(None)
            continue
        text = unicodedata.normalize("NFKC", value)
        if (number := _NUMBERED.fullmatch(_KIND.sub("", text).strip() or text)) is not None:
            cleaned.append(f"n{int(number[1])}")
            continue
        name = _KIND.sub("", text).strip() or text
        rank = next((place for place, names in enumerate(_RANKS) if name in names), None)
        cleaned.append(f"r{rank}" if rank is not None else name)
    return cleaned


def compare_member_levels(values: Strings, left: Positions, right: Positions) -> Levels:
    """Same, next to each other, different: people rise and fall by one."""
    known = np.array([bool(re.fullmatch(r"[rn]\d+", value)) for value in values], bool)
    scale = np.array([value[0] == "r" if ok else -1 for value, ok in zip(values, known, strict=True)], np.int64)
    number = np.array([int(value[1:]) if ok else 0 for value, ok in zip(values, known, strict=True)], np.int64)
    same_scale = known[left] & known[right] & (scale[left] == scale[right])
    return by_first(left == right, same_scale & (np.abs(number[left] - number[right]) == 1))


def whole(values: Sequence[str]) -> list[str | None]:
    """The value as it is."""
    return list(values)


GENDER: Final = SimpleKind("gender", ("same", "different"), clean_genders, compare_exact, {"whole": whole})
MEMBER_LEVEL: Final = SimpleKind(
    "member_level", ("same", "next to each other", "different"), clean_member_levels, compare_member_levels,
    {"whole": whole},
)  # fmt: skip
