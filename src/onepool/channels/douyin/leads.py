"""Lead cards (留资卡片) filled in within private messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from onepool.channels.base.commerce import clear_phone, text

_LISTS: Final = ("labels", "items", "components", "fields")
_NAMES: Final = ("label", "name", "title", "key")
_VALUES: Final = ("value", "content", "text")
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "phone": ("电话", "手机", "phone", "mobile", "tel"),
    "name": ("姓名", "称呼", "name"),
    "province": ("省",),
    "city": ("城市", "所在地", "city"),
    "email": ("邮箱", "email", "mail"),
}
_MOST: Final = 50


def answers(card: Any) -> list[tuple[str, str]]:
    """What was filled in, as (question, answer): a list of objects, or lists of labels and values side by side."""
    if not isinstance(card, dict):
        return []
    labels, values = card.get("labels"), card.get("values")
    if isinstance(labels, list) and isinstance(values, list) and all(not isinstance(one, dict) for one in labels):
        pairs = [(text(label), text(value)) for label, value in zip(labels, values, strict=False)]
        return [pair for pair in pairs[:_MOST] if pair[1]]
    found: list[tuple[str, str]] = []
    for name in _LISTS:
        listed = card.get(name)
        for one in listed[:_MOST] if isinstance(listed, list) else []:
            if isinstance(one, dict):
                value = _first(one, _VALUES)
                if value:
                    found.append((_first(one, _NAMES), value))
    return found


def known(given: list[tuple[str, str]]) -> dict[str, str]:
    """The answers that have a name of their own: phone, name, province, city, email."""
    found: dict[str, str] = {}
    for question, answer in given:
        lower = question.lower()
        for name, words in _WORDS.items():
            if name not in found and any(word in lower for word in words):
                found[name] = answer
                break
    phone = clear_phone(found.get("phone")) or next((clear_phone(one) for _, one in given if clear_phone(one)), None)
    if phone:
        found["phone"] = phone
    else:
        found.pop("phone", None)
    return found


def _first(one: dict[str, Any], names: tuple[str, ...]) -> str:
    return next((text(one[name]) for name in names if text(one.get(name))), "")
