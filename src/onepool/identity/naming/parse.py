"""What a text in a name field says of its bearer: surname, given name, which of them is unknown.

Answers nothing rather than guesses: a wrong surname would keep one person's records apart for ever.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final, NamedTuple

from onepool.identity.naming.hanzi import is_hanzi, simplified
from onepool.identity.naming.latin import parse_latin
from onepool.identity.naming.model import UNKNOWN, PersonName
from onepool.identity.naming.surnames import COMPOUND, SINGLE, USUAL, surname_reading
from onepool.identity.naming.syllables import reading

__all__ = ["UNKNOWN", "PersonName", "parse_name"]

NOBODY: Final = frozenset(
    """测试 测试用户 测试账号 匿名 匿名用户 游客 访客 用户 新用户 微信用户 微信好友 客户 顾客 会员 新会员 普通会员
    未知 无 无名 无名氏 保密 没有 空 暂无 不详 本人 自己 管理员 系统 客服 店员 店长 导购 收银 收银员 前台 门店
    总店 分店 公司 收件人 收货人 联系人 姓名 名字 昵称 先生 女士 小姐 太太 老师 经理 老板 家长 妈妈 爸爸 亲爱的
    宝宝 宝贝 家人 老公 老婆 代收 自提 快递 外卖 淘宝用户 京东用户 抖音用户 手机用户 陌生人 路人 路人甲 张三李四
    高兴 快乐 平安 幸福 安静 阳光 时光 白云 白天 黑夜 云朵 花开 花花 水晶 水果 黄金 金色 马上 马路 牛奶 羊羊
    鱼鱼 米粒 米米 毛毛 毛豆 毛线 豆豆 石头 石榴 常乐 安好 温柔 温暖 时间 时尚 成功 成都 江湖 江南 山水 山东
    山西 云南 河南 湖南 东方 南方 北方 西门 东门 南门 百里 海洋 大海 全部 全家 应该 相信 相遇 相思 能量 宁静
    幸运 明天 明月 金牛 双鱼 双子 白羊 水瓶 巨蟹 狮子 天秤 射手 摩羯 处女""".split()  # noqa: SIM905
)
# In front, where a name follows: how address books are made to sort (A张伟, 00王丽), 小王, 阿强.
_SORTED_FIRST: Final = re.compile(r"^[aA0-9][aA0-9\s~\-_.、·]*(?=[\u3400-\u9fff])")
_FAMILIAR: Final = frozenset("小老阿")
_BRACKETED: Final = re.compile(r"[(（\[【{<《「『].*?[)）\]】}>》」』]")
_DIGITS: Final = re.compile(r"\d[\d\-\s]{3,}\d|\d+")
_SPLIT: Final = re.compile(r"[\s,，、。;；:：|/\\~～!！+＋=&#@$%^\"“”‘’…—\-_.]+")
_DOTS: Final = re.compile(r"(?<=[\u3400-\u9fff])[·•・‧∙．.](?=[\u3400-\u9fff])")
_TITLES: Final = tuple(
    sorted(
        """女士 先生 小姐 太太 夫人 老师 经理 总经理 总监 董事长 主任 局长 医生 大夫 律师 教练 师傅 老板 老板娘
        阿姨 大姐 大哥 叔叔 哥哥 姐姐 妹妹 弟弟 爷爷 奶奶 妈妈 爸爸 同学 同志 工程师 处长 科长 院长 校长 教授
        博士 主管 店长 会计 护士 美女 帅哥 女生 男生 某某 某人 某 总 董 工 姐 哥 叔 姨 嫂 婶 爷 奶 伯 处 局 队
        老 氏 妈 爸 女 男 生 太 医 导 校 院 科""".split(),  # noqa: SIM905
        key=len,
        reverse=True,
    )
)
NOT_GIVEN: Final = frozenset("".join(_TITLES)) | _FAMILIAR | {"*"}
"""Characters that may make a text something else than surname and given name."""

_TITLE_ENDS: Final = frozenset(title[-1] for title in _TITLES)
# Only after a bare surname: with more before it, it may be the end of a given name.
_ONLY_AFTER_SURNAME: Final = frozenset(title for title in _TITLES if len(title) == 1)


def _surname_of(hanzi: str) -> str:
    """The surname that the text begins with, '' if none; compound ones only where a given name may follow."""
    for length in (4, 3, 2):
        if hanzi[:length] in COMPOUND:
            return hanzi[:length]
    return hanzi[0] if hanzi[0] in SINGLE else ""


def _named(surname: str, given: str) -> PersonName:
    return PersonName(
        surname_reading(surname) if surname else "",
        tuple(reading(one) for one in given if one != "*"),
        surname,
        given,
        "hanzi",
    )


def _hanzi(text: str) -> PersonName:
    """A run of Hanzi, in which `*` stands for a hidden character."""
    if text in NOBODY:
        return UNKNOWN
    for title in _TITLES if text[-1] in _TITLE_ENDS else ():
        if not text.endswith(title) or len(text) == len(title):
            continue
        before = text[: -len(title)]
        surname = before if before in SINGLE or before in COMPOUND else ""
        if not surname and before[0] in _FAMILIAR and before[1:] in SINGLE:
            surname = before[1:]
        if surname:
            return _named(surname, "")
        if title not in _ONLY_AFTER_SURNAME and 2 <= len(before) <= 4:
            text = before
            break
    if text[0] in _FAMILIAR and ((text[1:] in USUAL and len(text) == 2) or text[1:] in COMPOUND):
        return _named(text[1:], "")
    if text[0] == "*":  # the surname is hidden: *小明, **明
        given = text.lstrip("*")
        return _named("", given[-2:]) if 1 <= len(given) <= 2 and is_hanzi(given) else UNKNOWN
    surname = _surname_of(text)
    given = text[len(surname) :]
    if not surname or len(given) > (3 if len(surname) == 1 else 2):
        return UNKNOWN
    if len(given) == 3 and given[0] not in SINGLE:
        return UNKNOWN  # a sentence; with the mother's surname between (张王小明) the last two are the given name
    return _named(surname, given[-2:])


def _dotted(parts: list[str]) -> PersonName:
    """Names of other peoples in Hanzi (买买提·艾力): whole parts, of which none is a surname in this sense."""
    if not all(is_hanzi(part) and len(part) <= 8 for part in parts):
        return UNKNOWN
    words = tuple("".join(reading(one) for one in part) for part in parts[:2])
    return PersonName("", words, "", "·".join(parts), "hanzi")


class _Pieces(NamedTuple):
    hanzi: list[str]
    latin: list[str]


def _pieces(text: str) -> _Pieces:
    hanzi: list[str] = []
    latin: list[str] = []
    for piece in _SPLIT.split(text):
        for run in re.findall(r"[\u3400-\u9fff*]+|[^\W\d_\u3400-\u9fff]+(?:['’][^\W\d_\u3400-\u9fff]+)*", piece):
            if is_hanzi(run.replace("*", "一")):
                hanzi.append(run)
            else:
                latin.append(run)
    return _Pieces(hanzi, latin)


def _clean(text: str) -> str:
    """Full-width forms as ordinary ones; without emoji, what stands in brackets, numbers; masks as `*`."""
    text = unicodedata.normalize("NFKC", text)
    text = _BRACKETED.sub(" ", text)
    text = _SORTED_FIRST.sub("", text.strip())
    # xx and 某 hide characters only behind a Hanzi: 王xx, 李某某.
    text = re.sub(r"(?<=[\u3400-\u9fff])[xX×○●〇?]{1,3}(?![a-zA-Z])", lambda found: "*" * len(found[0]), text)
    return _DIGITS.sub(" ", text)


# An engine asks for every name three times, one pass after the other: the cache must hold a large file's names.
@lru_cache(maxsize=1 << 18)
def parse_name(text: str) -> PersonName:
    """The person named, `UNKNOWN` if the text names none (a nick name, an advertisement, a placeholder)."""
    if is_hanzi(text) and len(text) <= 4:
        return _hanzi(simplified(text))
    if len(text) > 60:
        return UNKNOWN
    cleaned = simplified(_clean(text))
    dotted = _DOTS.split(cleaned.strip())
    if len(dotted) > 1:
        return _dotted(dotted)
    hanzi, latin = _pieces(cleaned)
    if not hanzi:
        return parse_latin(cleaned, latin) if latin else UNKNOWN
    if len(hanzi) > 1 and (hanzi[0] in SINGLE or hanzi[0] in COMPOUND):
        return _hanzi(hanzi[0] + hanzi[1]) if len(hanzi[1]) <= 2 else UNKNOWN  # 王 小明, 欧阳 修
    found = _hanzi(hanzi[0])
    if len(hanzi) > 1 and not found.given:
        return UNKNOWN  # 张家界 旅游: the first word is part of a sentence
    return found
