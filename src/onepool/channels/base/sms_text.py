"""The text that arrives: signature, opt-out words, and how many messages it is billed as."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

SINGLE: Final = 70
"""Characters of a text that goes out as one message."""

SEGMENT: Final = 67
"""Characters of each part of a longer one. (Both as operators count; not confirmed by a provider's page, so a
touchpoint may say others.)"""

_PLACE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\{(\d{1,2})\}")
_SIGNED: Final = re.compile(r"\s*【[^】]{2,40}】")
_SHORT: Final = 10
_DENIED: Final = re.compile("不|别|取消|没|勿")
_OPT_OUT: Final = re.compile(
    r"(拒收|退订).{0,8}(回复?\s*)?[A-Za-z]{1,3}|回复?\s*[A-Za-z]{1,3}\s*(退订|拒收)|退订回", re.I
)


@dataclass(frozen=True, slots=True)
class Parts:
    """How a text is cut: ``single`` characters in one message, ``segment`` in each of more."""

    single: int = SINGLE
    segment: int = SEGMENT

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Parts:
        """As a touchpoint's settings say (``single_characters``, ``segment_characters``)."""
        single, segment = settings.get("single_characters"), settings.get("segment_characters")
        return cls(
            single if isinstance(single, int) and single > 0 else SINGLE,
            segment if isinstance(segment, int) and segment > 0 else SEGMENT,
        )

    def count(self, characters: int) -> int:
        """How many messages so many characters are billed as."""
        return 0 if characters <= 0 else 1 if characters <= self.single else -(-characters // self.segment)


@dataclass(frozen=True, slots=True)
class Measure:
    """How long a text is and how many messages it is billed as."""

    characters: int
    segments: int


def measure(text: str, parts: Parts = Parts()) -> Measure:
    """Characters as phones count them (UTF-16 units: an emoji is two) and the messages it is billed as."""
    count = len(text.encode("utf-16-le", "surrogatepass")) // 2
    return Measure(count, parts.count(count))


def render(template: str, params: Mapping[str, Any] | Sequence[Any]) -> str:
    """A provider's template with its places filled: ``${name}`` (Alibaba Cloud) or ``{1}`` (Tencent Cloud).

    A place without a value stays as it is, so that it is seen.
    """
    listed = in_order(params)
    known = {} if listed is None else {str(place): one for place, one in enumerate(listed, 1)}
    if isinstance(params, Mapping):
        known = {**known, **params}

    def fill(found: re.Match[str]) -> str:
        name = found[1] or str(int(found[2]))
        return str(known[name]) if name in known else found.group()

    return _PLACE.sub(fill, template)


def in_order(params: Mapping[str, Any] | Sequence[Any]) -> list[Any] | None:
    """Values for the places {1}, {2} …: a list as it stands, a mapping by the numbers that are its keys. None for
    several by other names: nothing says which place each is for."""
    if not isinstance(params, Mapping) or len(params) == 1:
        return list(params.values() if isinstance(params, Mapping) else params)
    numbers = [str(place) for place in range(1, len(params) + 1)]
    return [params[number] for number in numbers] if set(numbers) == set(map(str, params)) else None


def compose(template: str, params: Mapping[str, Any] | Sequence[Any], signature: str) -> str:
    """The text as it arrives: the signature in 【】 before the filled template."""
    text = render(template, params)
    return text if _SIGNED.match(text) or not signature else f"【{signature.strip('【】')}】{text}"


def faults(text: str, *, marketing: bool) -> list[str]:
    """What forbids a text: no signature; marketing without a way to opt out; places left without a value."""
    found = []
    if not _SIGNED.match(text):
        found.append("a text begins with the signature in 【】")
    if marketing and not _OPT_OUT.search(text):
        found.append("a marketing text says how to opt out, for example 拒收请回复R")
    if place := _PLACE.search(text):
        found.append(f"{place.group()} has no value")
    return found


def opts_out(reply: str, words: Sequence[str]) -> bool:
    """Whether a reply is one of the opt-out words, whatever its width, case and punctuation, also with 回复 before it
    (the text says 回复R). A word of Chinese characters may stand within a short reply (我要退订, TD退订) that does not
    deny it (不退订)."""
    said = _plain(reply)
    known = {_plain(word) for word in words} - {""}
    if said in known or said.removeprefix("回").removeprefix("复") in known:
        return True
    if len(said) > _SHORT or _DENIED.search(said):
        return False
    return any(word in said for word in known if len(word) > 1 and not word.isascii())


def _plain(text: str) -> str:
    return "".join(one for one in unicodedata.normalize("NFKC", text).casefold() if one.isalnum())
