"""Toneless syllables of Mandarin: their numbers, the reading of each Hanzi, and pinyin written without spaces.

`ü` is written `u` here (吕 is `lu`): people and passports write Lu, Lv, Lyu and Lü for the same name.
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

# The order is part of stored name codes: a new syllable goes to the end.
SYLLABLES: Final = tuple(
    """a ai an ang ao ba bai ban bang bao bei ben beng bi bian biao bie bin bing bo bu ca cai can cang cao ce cen ceng
    cha chai chan chang chao che chen cheng chi chong chou chu chua chuai chuan chuang chui chun chuo ci cong cou cu
    cuan cui cun cuo da dai dan dang dao de den deng di dian diao die ding diu dong dou du duan dui dun duo e ei en eng
    er fa fan fang fei fen feng fiao fo fou fu ga gai gan gang gao ge gei gen geng gong gou gu gua guai guan guang gui
    gun guo ha hai han hang hao he hei hen heng hm hong hou hu hua huai huan huang hui hun huo ji jia jian jiang jiao
    jie jin jing jiong jiu ju juan jue jun ka kai kan kang kao ke ken keng kong kou ku kua kuai kuan kuang kui kun kuo
    la lai lan lang lao le lei leng li lia lian liang liao lie lin ling liu lo long lou lu luan lue lun luo m ma mai man
    mang mao me mei men meng mi mian miao mie min ming miu mo mou mu n na nai nan nang nao ne nei nen neng ni nian niang
    niao nie nin ning niu nong nou nu nuan nue nun nuo o ou pa pai pan pang pao pei pen peng pi pian piao pie pin ping
    po pou pu qi qia qian qiang qiao qie qin qing qiong qiu qu quan que qun ran rang rao re ren reng ri rong rou ru rua
    ruan rui run ruo sa sai san sang sao se sen seng sha shai shan shang shao she shen sheng shi shou shu shua shuai
    shuan shuang shui shun shuo si song sou su suan sui sun suo ta tai tan tang tao te teng ti tian tiao tie ting tong
    tou tu tuan tui tun tuo wa wai wan wang wei wen weng wo wu xi xia xian xiang xiao xie xin xing xiong xiu xu xuan xue
    xun ya yan yang yao ye yi yin ying yo yong you yu yuan yue yun za zai zan zang zao ze zei zen zeng zha zhai zhan
    zhang zhao zhe zhen zheng zhi zhong zhou zhu zhua zhuai zhuan zhuang zhui zhun zhuo zi zong zou zu zuan zui zun zuo
    """.split()  # noqa: SIM905
)
NUMBER: Final = {syllable: number for number, syllable in enumerate(SYLLABLES, 1)}
"""Syllable -> its number from 1."""

# As good as never in names: `hanen` is han en, not ha nen.
_NEVER: Final = frozenset(
    ["hm", "m", "n", "fiao", "nen", "den", "ei", "o", "lo", "yo", "me", "ne", "zei", "nou", "pou", "nin"]
)
_IN_NAMES: Final = frozenset(SYLLABLES) - _NEVER
_LONGEST: Final = max(map(len, SYLLABLES))
_TONE_MARKS: Final = {"\u0304": 1, "\u0301": 2, "\u030c": 3, "\u0300": 4}
_UMLAUT: Final = "\u0308"
HANZI_FIRST: Final = 0x3400
HANZI_END: Final = 0xA000
"""The range of code points (extension A and the unified block) that has readings; rarer ones are no name here."""


def plain_syllable(syllable: str) -> tuple[str, int]:
    """A syllable with tone mark -> (toneless, tone 1-4; 0 neutral): `lǚ` -> (`lu`, 3)."""
    tone = 0
    letters = []
    for letter in unicodedata.normalize("NFD", syllable):
        if letter in _TONE_MARKS:
            tone = _TONE_MARKS[letter]
        elif letter != _UMLAUT:
            letters.append(letter)
    return "".join(letters), tone


@cache
def _readings() -> dict[int, str]:
    from pypinyin.constants import PINYIN_DICT  # loads a large table: not when the command line starts

    return dict(PINYIN_DICT)


@lru_cache(maxsize=1 << 14)
def readings(hanzi: str) -> tuple[tuple[str, int], ...]:
    """Readings of one character, the usual one first, as (toneless syllable, tone); empty for other characters."""
    if not HANZI_FIRST <= ord(hanzi) < HANZI_END:
        return ()
    found = (plain_syllable(one) for one in _readings().get(ord(hanzi), "").split(",") if one)
    return tuple(dict.fromkeys(one for one in found if one[0] in NUMBER))


def reading(hanzi: str) -> str:
    """The usual toneless reading of one character, '' if it has none."""
    found = readings(hanzi)
    return found[0][0] if found else ""


@cache
def reading_table() -> npt.NDArray[np.int16]:
    """Of each code point from `HANZI_FIRST`: number of the usual syllable * 8 + tone; 0 without reading."""
    table = np.zeros(HANZI_END - HANZI_FIRST, np.int16)
    for point, spelled in _readings().items():
        if HANZI_FIRST <= point < HANZI_END:
            syllable, tone = plain_syllable(spelled.partition(",")[0])
            table[point - HANZI_FIRST] = NUMBER.get(syllable, 0) * 8 + tone
    return table


def fold(word: str) -> str:
    """Latin letters in lower case without marks; `lv`, `lyu`, `lü` are `lu`."""
    letters = "".join(one for one in unicodedata.normalize("NFD", word.casefold()) if not unicodedata.combining(one))
    for written, meant in (("lyu", "lu"), ("nyu", "nu"), ("lv", "lu"), ("nv", "nu")):
        if letters.startswith(written):
            letters = meant + letters[len(written) :]
    return letters


@lru_cache(maxsize=1 << 14)
def split_pinyin(word: str, most: int = 4) -> tuple[str, ...]:
    """Syllables of pinyin written as one word (`xiaoming`, `xi'an`), () if it isn't pinyin or needs more than `most`.

    The fewest syllables win; among those the ones whose later syllables begin with a consonant (`fangan` is fan gan),
    as the spelling rules ask for an apostrophe otherwise.
    """
    if "'" in word:
        parts = [split_pinyin(part, most) for part in word.split("'") if part]
        joined = tuple(one for part in parts for one in part)
        return joined if all(parts) and len(joined) <= most else ()
    best: list[tuple[int, int, tuple[str, ...]] | None] = [None] * (len(word) + 1)
    best[0] = (0, 0, ())
    for end in range(1, len(word) + 1):
        for start in range(max(0, end - _LONGEST), end):
            before = best[start]
            syllable = word[start:end]
            if before is None or syllable not in _IN_NAMES or before[0] == most:
                continue
            vowels = before[1] + (start > 0 and syllable[0] in "aeo")
            found = (before[0] + 1, vowels, (*before[2], syllable))
            if best[end] is None or found < best[end]:  # type: ignore[operator]  # None is ruled out before
                best[end] = found
    whole = best[-1]
    return whole[2] if whole is not None else ()
