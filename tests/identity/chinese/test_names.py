"""Chinese names compared: tables of pairs, and what holds for any two."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onepool.identity.matching.chinese import parts, persons
from onepool.identity.matching.chinese.nicknames import NICKNAME, core
from onepool.identity.matching.chinese.persons import NAME
from onepool.identity.matching.chinese.shapes import alike


def _level(kind: object, one: str, other: str) -> str | None:
    cleaned = kind.clean([one, other])  # type: ignore[attr-defined]
    assert None not in cleaned
    values = np.array(list(dict.fromkeys(cleaned)), dtype=object)  # the engine gives distinct ones
    last = np.array([len(values) - 1])
    level = int(kind.compare(values, np.array([0]), last)[0])  # type: ignore[attr-defined]
    back = int(kind.compare(values, last, np.array([0]))[0])  # type: ignore[attr-defined]
    assert level == back
    return kind.levels[level] if level >= 0 else None  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("王小明", "王小明", "same"),
        ("張偉", "张伟", "same"),
        ("歐陽脩", "欧阳修", "same"),
        ("王小明先生", "王小明", "same"),
        ("A王小明🌹", "王小明", "same"),
        ("王小明", "王小铭", "same sound and tone"),
        ("张炜", "章伟", "same sound and tone"),
        ("曾伟", "曾玮", "same sound and tone"),
        ("王小明", "汪小明", "same sound, or spelled in pinyin"),
        ("张伟", "张薇", "same sound, or spelled in pinyin"),
        ("王小明", "Wang Xiaoming", "same sound, or spelled in pinyin"),
        ("王小明", "XIAOMING WANG", "same sound, or spelled in pinyin"),
        ("王小明", "xiao ming wang", "same sound, or spelled in pinyin"),
        ("张伟", "zhangwei", "same sound, or spelled in pinyin"),
        ("张伟", "Zhang Wei", "same sound, or spelled in pinyin"),
        ("Wang Xiaoming", "xiaoming wang", "same sound, or spelled in pinyin"),
        ("欧阳修", "Ouyang Xiu", "same sound, or spelled in pinyin"),
        ("王小明", "王小朋", "one character alike, dropped or hidden"),
        ("余华", "佘华", "one character alike, dropped or hidden"),
        ("王小明", "王明", "one character alike, dropped or hidden"),
        ("王小明", "王明小", "one character alike, dropped or hidden"),
        ("王小明", "王*明", "one character alike, dropped or hidden"),
        ("王小明", "*小明", "one character alike, dropped or hidden"),
        ("王小明", "王女士", "same surname, given name not told"),
        ("王小明", "王**", "same surname, given name not told"),
        ("王先生", "王总", "same surname, given name not told"),
        ("欧阳修", "欧阳老师", "same surname, given name not told"),
        ("Zhang Wei", "张女士", "same surname, given name not told"),
        ("Zhang Wei", "李女士", "different"),
        ("王小明", "王大明", "part of the given name, or only it, the same"),
        ("王小明", "李小明", "part of the given name, or only it, the same"),
        ("王小明", "王大力", "same surname only"),
        ("王小明", "李大力", "different"),
        ("王小明", "李女士", "different"),
        ("王女士", "*小明", None),
        ("王小明", "快乐小猫", None),
        ("快乐小猫咪", "快乐小猫", "one character alike, dropped or hidden"),
    ],
)
def test_names(one: str, other: str, level: str | None) -> None:
    assert _level(NAME, one, other) == level


def test_what_names_nobody_is_missing() -> None:
    assert NAME.clean(["测试", "微信用户", "", "未知", "***", "13812345678", "😀"]) == [None] * 7


def test_an_equal_name_agrees_on_what_it_tells() -> None:
    assert NAME.itself is not None
    values = np.array(NAME.clean(["王小明", "王女士", "*小明", "Wang Xiaoming", "快乐小猫"]), dtype=object)
    assert NAME.itself(values).tolist() == [0, 4, 3, 2, 0]


def test_keys() -> None:
    values = NAME.clean(["王小明", "Xiaoming Wang", "王女士", "*小明", "欧阳修", "zhang wei"])
    cleaned = [value or "" for value in values]
    keys = NAME.keys()
    assert keys["syllables"](cleaned) == ["ming wang xiao", "ming wang xiao", None, None, "ou xiu yang", "wei zhang"]
    assert keys["surname"](cleaned) == ["wang", "wang", "wang", None, "ouyang", None]
    assert keys["given"](cleaned)[:4] == ["xiao ming", "xiao ming", None, "xiao ming"]
    assert keys["syllables"](["快乐小猫"]) == ["快乐小猫"]


@pytest.mark.parametrize("level", NAME.shared())
def test_what_a_level_shares_is_the_same_on_both_sides(level: int) -> None:
    pairs = {1: ("王小明", "王小铭"), 2: ("王小明", "wang, xiao ming"), 3: ("王小明", "王明"), 4: ("王小明", "王"),
             6: ("王小明", "王大力")}  # fmt: skip
    shared = NAME.shared()[level](list(pairs[level]))
    assert shared[0] == shared[1] is not None


TEXT = st.one_of(
    st.text(max_size=8),
    st.text("王李欧阳小明大力铭朋*女士总老 xiaomingWang", max_size=7),
)


@settings(deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=12))
def test_cleaning_is_idempotent_and_comparing_is_symmetric(texts: list[str]) -> None:
    for kind in (NAME, NICKNAME, parts.GIVEN, parts.SURNAMES):
        cleaned = sorted({one for one in kind.clean(texts) if one is not None})
        if kind is NAME:
            assert kind.clean(cleaned) == cleaned
        if not cleaned:
            continue
        values = np.array(cleaned, dtype=object)
        left, right = (side.ravel() for side in np.indices((len(values), len(values))))
        there, back = kind.compare(values, left, right), kind.compare(values, right, left)
        assert there.dtype == np.int8
        assert np.array_equal(there, back)
        assert ((there >= -1) & (there < len(kind.levels))).all()
        for keys in kind.keys().values():
            assert len(keys(cleaned)) == len(cleaned)


def test_names_are_compared_alone_as_among_others() -> None:
    values = np.array(["王小明", "王晓铭", "快乐小猫", "李", "wang, xiao ming"], dtype=object)
    left, right = (side.ravel() for side in np.indices((5, 5)))
    together = persons.compare_names(values, left, right)
    for a, b, level in zip(left, right, together, strict=True):
        if a == b:
            continue
        pair = np.array([values[a], values[b]], dtype=object)
        assert persons.compare_names(pair, np.array([0]), np.array([1]))[0] == level


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("小明", "小明", "same"),
        ("小明", "晓铭", "same sound and tone"),
        ("小明", "Xiaoming", "same sound, or spelled in pinyin"),
        ("小明", "小朋", "one character alike or dropped"),
        ("小明", "明", "one character alike or dropped"),
        ("小明", "大明", "part the same"),
        ("小明", "大力", "different"),
        ("小明", "david", "different"),
    ],
)
def test_given_names(one: str, other: str, level: str) -> None:
    assert _level(parts.GIVEN, one, other) == level


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("张", "張", "same"),
        ("张", "章", "same sound, or spelled in pinyin"),
        ("单", "Shan", "same sound, or spelled in pinyin"),
        ("欧阳", "Ou Yang", "same sound, or spelled in pinyin"),
        ("余", "佘", "looks alike"),
        ("张", "李", "different"),
    ],
)
def test_surnames(one: str, other: str, level: str) -> None:
    assert _level(parts.SURNAMES, one, other) == level


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("小米粒", "小米粒", "same"),
        ("🌹A~小米粒【代购】wx12345678", "小米粒", "same but for its decoration"),
        ("Sunny🌞", "sunny", "same but for its decoration"),
        ("小米粒妈妈", "小米粒", "one within the other, or nearly the same"),
        ("小米粒", "大西瓜", "different"),
    ],
)
def test_nicknames(one: str, other: str, level: str) -> None:
    assert _level(NICKNAME, one, other) == level


def test_nicknames_that_name_nobody() -> None:
    assert NICKNAME.clean(["微信用户", "😀😀", "A", "13812345678", "~"]) == [None] * 5
    assert core("贴膜小张13812345678") == "小张"
    assert NICKNAME.keys()["person"](["🌹王小明", "小米粒"]) == ["wang xiao ming", None]


def test_alike_is_symmetric_and_of_different_characters() -> None:
    assert all((b, a) in alike() and a != b for a, b in alike())
