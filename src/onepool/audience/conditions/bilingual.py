"""Sentences of the checkers in a second language, with their words kept.

The checkers speak English: the command line, files and programs read that. A catalogue pairs each sentence (a pattern
over the English one) with its Chinese, for those who show findings to people. A sentence without a counterpart stays
as it is, so that nothing is said wrongly.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

_KINDS: Final[Mapping[str, str]] = {
    "text": "文本", "number": "数字", "money": "金额", "boolean": "是非", "truth": "是非", "time": "时间",
    "date": "日期", "list": "列表", "any": "任意",
}  # fmt: skip

_THINGS: Final[Mapping[str, str]] = {
    "attribute": "属性", "tag": "标签", "segment": "人群", "list": "名单", "event": "事件", "channel": "渠道",
    "touchpoint": "触点", "message": "消息", "journey": "旅程", "node": "节点", "coupon batch": "优惠券批次",
    "region": "地区", "field": "字段", "input": "输入项", "function": "函数", "link": "链接", "variable": "变量",
    "channel that carries messages called": "可触达的渠道",
    "touchpoint of channel webhook called": "webhook 渠道的触点",
}  # fmt: skip

_UNKNOWN: Final = re.compile(r"there is no (.+) (\S+)")

_ASIDE: Final = re.compile(r" \([^()]*[\u3400-\u9fff][^()]*\)")


class _Word:
    """A word of the English sentence, as the Chinese one takes it.

    `{0}` is the word itself, `{0:kind}` and `{0:thing}` its Chinese name where it has one, `{0:said}` a sentence of
    its own.
    """

    __slots__ = ("_said", "_text")

    def __init__(self, text: str | None, said: Callable[[str], str | None]) -> None:
        self._text = text or ""
        self._said = said

    def __format__(self, spec: str) -> str:
        if spec == "kind":
            return _KINDS.get(self._text, self._text)
        if spec == "said":
            return self._said(self._text) or self._text
        if spec == "thing":
            head, _, name = self._text.removeprefix("the ").partition(" ")
            return f"{_THINGS[head]} {name}".rstrip() if head in _THINGS else self._text
        return self._text


class Catalogue:
    """Pairs of (pattern of the whole English sentence, Chinese with the pattern's groups as `{0}`, `{1}` …).

    `beyond`: the catalogue that is asked for what this one does not have.
    """

    def __init__(self, sentences: Sequence[tuple[str, str]], beyond: Catalogue | None = None) -> None:
        self._sentences = [(re.compile(pattern, re.DOTALL), words) for pattern, words in sentences]
        self._beyond = beyond

    def chinese(self, message: str) -> str | None:
        """The same in Chinese; None where there is no counterpart."""
        for pattern, words in self._sentences:
            found = pattern.fullmatch(message)
            if found is not None:
                return words.format(*(_Word(one, self.chinese) for one in found.groups()))
        if self._beyond is not None:
            return self._beyond.chinese(message)
        unknown = _UNKNOWN.fullmatch(message)
        if unknown is not None and unknown[1] in _THINGS:
            return f"没有{_THINGS[unknown[1]]} {unknown[2]}"
        return None

    def both(self, message: str) -> str:
        """Chinese and English, as the console takes them apart; English alone where there is no counterpart."""
        zh = self.chinese(message)
        # What stands in Chinese beside an English name is for the Chinese sentence alone.
        return message if zh is None else f"{zh} / {_ASIDE.sub('', message)}"
