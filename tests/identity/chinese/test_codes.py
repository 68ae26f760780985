"""Phones whole and masked, gender, member level; which kinds are registered."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import onepool.identity.matching.chinese  # noqa: F401  # registers
from onepool.identity.matching.chinese.phones import MASKED_PHONE, PHONE
from onepool.identity.matching.chinese.small import GENDER, MEMBER_LEVEL
from onepool.identity.matching.kinds import kind_of


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("138****1234", "138****1234"),
        ("138xxxx1234", "138****1234"),
        ("+86 138-1234-1234", "13812341234"),
        ("0086 13812341234", "13812341234"),
        ("８６１３８１２３４１２３４", "13812341234"),
        ("尾号1234", "*******1234"),
        ("****1234", "*******1234"),
        ("010-88886666", "01088886666"),
        ("13812341234转5678", None),
        ("13812341234,5678", None),
        ("17004153899-4347", None),
        ("13800138000", None),
        ("11111111111", None),
        ("***", None),
        ("none", None),
    ],
)
def test_phones_have_one_spelling(text: str, want: str | None) -> None:
    assert PHONE.clean([text]) == [want]


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("13812341234", "138****1234", "what a mask shows is the same"),
        ("138****1234", "尾号1234", "what a mask shows is the same"),
        ("13812341234", "13812341235", "one digit wrong or swapped"),
        ("13812341234", "13812342134", "one digit wrong or swapped"),
        ("13812341234", "13912355234", "different"),
        ("13812341234", "13999991234", "same last four"),
        ("138****1234", "139****1234", "same last four"),
        ("138****1234", "138****1235", "different"),
        ("01088886666", "01088886667", "one digit wrong or swapped"),
        ("13812341234", "0108888666", "different"),
    ],
)
def test_phones(one: str, other: str, level: str) -> None:
    values = np.array(PHONE.clean([one, other]), dtype=object)
    for a, b in ((0, 1), (1, 0)):
        assert PHONE.levels[PHONE.compare(values, np.array([a]), np.array([b]))[0]] == level


def test_equal_masks_agree_as_masks() -> None:
    assert MASKED_PHONE.itself is not None
    assert MASKED_PHONE.itself(np.array(["138****1234", "13812341234"], dtype=object)).tolist() == [1, 0]


def test_keys_of_phones() -> None:
    values = ["138****1234", "13812341234", "*******1234", "01088886666"]
    assert PHONE.keys()["masked"](values) == ["1381234", "1381234", None, "0106666"]
    assert PHONE.keys()["last 4"](values) == ["1234", "1234", "1234", "6666"]
    assert PHONE.keys()["whole"](values) == [None, "13812341234", None, "01088886666"]


@settings(deadline=None)
@given(st.lists(st.one_of(st.from_regex(r"1[38][0-9*]{9}", fullmatch=True), st.text(max_size=6)), max_size=10))
def test_any_phones_are_compared_both_ways(texts: list[str]) -> None:
    cleaned = sorted({one for one in PHONE.clean(texts) if one is not None})
    assert PHONE.clean(cleaned) == cleaned
    values = np.array(cleaned, dtype=object)
    left, right = (side.ravel() for side in np.indices((len(values), len(values))))
    assert np.array_equal(PHONE.compare(values, left, right), PHONE.compare(values, right, left))


def test_gender() -> None:
    assert GENDER.clean(["男", "1", "F", "女士", "保密", "?", ""]) == [
        "male",
        "male",
        "female",
        "female",
        None,
        None,
        None,
    ]


def test_member_levels() -> None:
    texts = ["金卡会员", "金卡", "VIP3", "3级", "黑金卡", "钻石会员", "普通会员", "超级会员", ""]
    cleaned = MEMBER_LEVEL.clean(texts)
    assert cleaned == ["r3", "r3", "n3", "n3", "r6", "r5", "r0", "超级", None]
    values = np.array(["r3", "r4", "n3", "超级", "r6"], dtype=object)
    levels = MEMBER_LEVEL.compare(values, np.array([0, 0, 0, 0, 0]), np.array([0, 1, 2, 3, 4]))
    assert levels.tolist() == [0, 1, 2, 2, 2]


def test_chinese_kinds_are_found() -> None:
    assert kind_of("name", hanzi=True).levels[1] == "same sound and tone"
    assert kind_of("address", hanzi=True).levels[1] == "same room"
    assert kind_of("phone") is PHONE and kind_of("masked_phone") is MASKED_PHONE
    assert kind_of("member_level") is MEMBER_LEVEL and kind_of("gender") is GENDER
