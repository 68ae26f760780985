"""Name codes: which names they keep apart, which they do not."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onepool.identity.naming import parse_name
from onepool.identity.naming.surnames import USUAL
from onepool.identity.witness import (
    code_of,
    incompatible,
    incompatible_plain,
    name_code,
    name_codes,
    pack,
    word_code,
)

SAME = [
    ("王小明", "王晓铭"),  # one sound
    ("張偉", "张伟"),
    ("歐陽修", "欧阳修"),
    ("王小明", "Wang Xiaoming"),
    ("王小明", "XIAOMING WANG"),
    ("王小明", "wangxiaoming"),
    ("王小明", "wang xiao ming"),
    ("王小明", "Wang, Xiaoming"),
    ("王小明", "🌹王小明🌹"),
    ("王小明", "A王小明"),
    ("王小明", "A~王小明"),
    ("王小明", "A00王小明 卖房"),
    ("王小明", "王小明(朝阳大悦城店)"),
    ("王小明", "王小明 13812345678"),
    ("王小明", "王 小明"),
    ("王小明", "王小明先生"),
    ("王小明", "王小明-顺丰"),
    ("张伟", "ZHANG Wei"),
    ("张伟", "Wei ZHANG"),
    ("欧阳修", "Ouyang Xiu"),
    ("欧阳修", "ou yang xiu"),
    ("吕洞宾", "Lyu Dongbin"),
    ("吕洞宾", "Lv Dongbin"),
    ("单田芳", "Shan Tianfang"),
    ("曾国藩", "zeng guofan"),
    ("於謙", "于谦"),
    ("孙宇文", "Sun Yuwen"),
    ("谭菡恩", "TAN HANEN"),
]
SURNAME_ONLY = {
    "王女士": "王", "李先生": "李", "张总": "张", "陈老师": "陈", "小王": "王", "老李": "李", "王**": "王", "王某某":
    "王",
    "王xx": "王", "欧阳女士": "欧阳", "小欧阳": "欧阳", "Mr Wang": "王", "David Zhang": "张", "刘工": "刘", "小王老师":
    "王",
    "欧阳**": "欧阳", "张": "张", "David张": "张",
}  # fmt: skip
NOBODY = [
    "", "A", "~", "😀", "***", "123456", "13812345678", "测试", "匿名", "游客", "微信用户", "快乐每一天", "王者荣耀",
    "大王", "lina",
    "hello", "test", "Chan Tai Man", "Lee Ming", "顺丰快递小王", "A~专业贴膜", "user_1234", "小猫咪", "先生", "女士",
    "null",
]  # fmt: skip
APART = [("王小明", "李小明"), ("王小明", "王大力"), ("王小明", "Li Xiaoming"), ("欧阳修", "欧修"), ("John Smith",
"John Miller"),
         ("王*明", "王小刚"), ("买买提·艾力", "阿不都·热合曼")]  # fmt: skip
TOGETHER = [("王小明", "王女士"), ("王小明", "王**"), ("王小明", "王*明"), ("王小明", "*小明"), ("王小明", "王明"),
("王明", "王晓明"),
            ("张伟", "Zhang Wei"), ("魏章", "Zhang Wei"), ("王小明", "快乐每一天"), ("张伟", "David Zhang"), ("王女士",
            "*小明"),
            ("肖明旺", "xiao ming wang"), ("王晓明", "xiao ming wang")]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_of_one_name_have_one_code(one: str, other: str) -> None:
    assert name_code(one) == name_code(other) != 0


@pytest.mark.parametrize(("text", "surname"), SURNAME_ONLY.items())
def test_titles_and_masks_leave_the_given_name_unknown(text: str, surname: str) -> None:
    assert name_code(text) == name_code(surname) != 0
    assert name_code(text) & 0xFFFFFFFF == 0


@pytest.mark.parametrize("text", NOBODY)
def test_what_is_no_name_says_nothing(text: str) -> None:
    assert name_code(text) == 0


@pytest.mark.parametrize(("one", "other"), APART)
def test_contradictions(one: str, other: str) -> None:
    assert incompatible(name_code(one), name_code(other))
    assert incompatible_plain(name_code(one), name_code(other))


@pytest.mark.parametrize(("one", "other"), TOGETHER)
def test_what_is_unknown_contradicts_nothing(one: str, other: str) -> None:
    assert not incompatible(name_code(one), name_code(other))


def test_codes_do_not_change() -> None:
    """They are kept in the state: another number for a syllable would be a migration."""
    assert name_code("王小明") == 0x152_015C_00CC
    assert name_code("欧阳修") == 0x7941_0161_0000
    assert name_code("John Smith") == 0xF014_C194_0000


def test_usual_surnames_have_codes_of_their_own_sound() -> None:
    assert len(set(USUAL)) == 100
    assert all(name_code(f"{surname}**") for surname in USUAL)


@pytest.mark.parametrize(
    "one", ["马上", "方女士", "文工", "小李", "高兴", "张三", "上官云", "司马", "司马光", "老白", "於某"]
)
def test_the_short_way_gives_what_the_parser_gives(one: str) -> None:
    assert name_code(one) == code_of(parse_name(one))


FIELD = st.one_of(st.just(0), st.integers(1, 6), st.integers(1, 0xFFFF))
CODE = st.builds(pack, FIELD, FIELD, FIELD)
TEXT = st.one_of(
    st.text(max_size=12),
    st.text("王小明李伟欧阳修女士总老*·A~ xX1😀zhangwei某張先生", max_size=8),
)


@settings(deadline=None)
@given(CODE, CODE)
def test_compiled_equals_plain_and_is_symmetric(x: int, y: int) -> None:
    assert bool(incompatible(x, y)) == incompatible_plain(x, y) == incompatible_plain(y, x)
    assert not incompatible_plain(x, x)
    assert not incompatible_plain(x, 0)


@settings(deadline=None)
@given(TEXT)
def test_any_text_has_a_code_that_fits_and_agrees_with_the_parser(text: str) -> None:
    code = name_code(text)
    assert 0 <= code < 1 << 48
    assert code == code_of(parse_name(text))
    assert not incompatible_plain(code, code)


@settings(deadline=None)  # the first name loads the tables
@given(st.lists(st.one_of(st.none(), TEXT), max_size=20))
def test_many_at_once(texts: list[str | None]) -> None:
    texts = [text if text is None else text.encode("utf-8", "ignore").decode() for text in texts]
    want = np.array([name_code(text) if text else 0 for text in texts], np.int64)
    assert np.array_equal(name_codes(texts), want)
    array = pa.array(texts, pa.string())
    assert np.array_equal(name_codes(array), want)
    assert np.array_equal(name_codes(pa.chunked_array([array, array])), np.concatenate([want, want]))


@given(st.text(min_size=1, max_size=8))
def test_words_have_codes_within_a_field(word: str) -> None:
    assert 0 < word_code(word) < 1 << 16


def test_syllables_do_not_collide() -> None:
    from onepool.identity.naming.syllables import SYLLABLES

    assert len({word_code(one) for one in SYLLABLES}) == len(set(SYLLABLES))
    assert all(not incompatible(name_code(f"王{a}"), name_code(f"王{b}")) for a, b in itertools.pairwise("明名铭鸣"))
