"""Nick names, from which what people and sellers hang on them is taken off: emoji, advertisements, sorting letters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np

from onepool.identity.matching.kinds import Levels, Positions, SimpleKind, Strings
from onepool.identity.matching.strings import by_first, jaro_winkler
from onepool.identity.naming import parse_name
from onepool.identity.naming.hanzi import simplified
from onepool.identity.naming.parse import NOBODY

LEVELS: Final = (
    "same",
    "same but for its decoration",
    "one within the other, or nearly the same",
    "alike",
    "different",
)
_DECORATION: Final = re.compile(r"[^\w\u3400-\u9fff]|_")
_BRACKETED: Final = re.compile(r"[(（\[【{<《「『].*?[)）\]】}>》」』]")
_SORTED_FIRST: Final = re.compile(r"^(?:a{1,4}|0{1,4})+(?=[\u3400-\u9fff])")
_CONTACT: Final = re.compile(r"(?:微信|微|wx|vx|v|qq|电话|tel|手机)?[:：]?\d{6,}|(?:加)?(?:微信|vx|wx|qq)[a-z0-9]+")
_ADVERTISED: Final = re.compile(
    "(?:代购|微商|招代理|代理|招商|批发|零售|专卖|直销|团购|优惠|包邮|秒杀|接单|贷款|保险|房产|卖房|租房|中介|装修|贴膜|美容|美甲|护肤|减肥|"
    "正品|工厂|厂家|直播|货源|教育|培训|顺丰|快递|外卖|诚信|勿扰|已婚|出差|忙碌|暂停营业|营业中|24小时|在线)+"
)
_AFTER: Final = re.compile(r"(?<=[\u3400-\u9fff])\d+$|^\d+(?=[\u3400-\u9fff])")


@lru_cache(maxsize=1 << 17)
def core(text: str) -> str:
    """What is left without decoration: `🌹A~小米粒【代购】wx12345678` -> `小米粒`. '' if nothing is."""
    plain = simplified(unicodedata.normalize("NFKC", text)).casefold()
    plain = _BRACKETED.sub("", plain)
    plain = _CONTACT.sub("", plain)
    plain = _DECORATION.sub("", plain)
    plain = _SORTED_FIRST.sub("", plain)
    without = _ADVERTISED.sub("", plain)
    return _AFTER.sub("", without if len(without) > 1 else plain)


def clean_nicknames(values: Sequence[str]) -> list[str | None]:
    """In lower case, one width, simplified; None without any letter and for names that systems give (微信用户)."""
    cleaned: list[str | None] = []
    for value in values:
        kept = core(value)
        text = simplified(unicodedata.normalize("NFKC", value)).casefold().strip()
        # A sign says more than nothing, but not who somebody is.
        cleaned.append(text if len(kept) > 1 and kept not in NOBODY and not kept.isdigit() else None)
    return cleaned


def compare_nicknames(values: Strings, left: Positions, right: Positions) -> Levels:
    """Levels of `LEVELS`."""
    cores = np.empty(len(values), dtype=object)
    cores[:] = [core(value) for value in values]
    number = np.unique(cores.astype(str), return_inverse=True)[1]
    alike = jaro_winkler(cores, left, right)
    maybe = np.flatnonzero((alike >= 0.5) & (number[left] != number[right]))
    inside = np.zeros(len(left), bool)
    inside[maybe] = [
        min(len(a), len(b)) > 1 and (a in b or b in a)
        for a, b in zip(cores[left[maybe]].tolist(), cores[right[maybe]].tolist(), strict=True)
    ]
    return by_first(left == right, number[left] == number[right], inside | (alike >= 0.93), alike >= 0.82)


def core_key(values: Sequence[str]) -> list[str | None]:
    """The nick name without its decoration."""
    return [core(value) or None for value in values]


def person_key(values: Sequence[str]) -> list[str | None]:
    """How a person's name in the nick name sounds, if it holds one with surname and given name."""
    found = (parse_name(value) for value in values)
    return [" ".join((name.surname, *name.given)) if name.surname and name.given else None for name in found]


NICKNAME: Final = SimpleKind(
    "nickname",
    LEVELS,
    clean_nicknames,
    compare_nicknames,
    {"whole": core_key, "person": person_key},
    shared_functions={1: core_key},
)
