"""Consent, reach, lists and anniversaries in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from onepool.audience.conditions.parts import Anniversary, Near
from onepool.audience.conditions.standing.consents import CATEGORIES, PURPOSES
from onepool.audience.conditions.standing.model import ConsentLeaf, ListLeaf, ReachableLeaf

_DAYS = {
    "today": ("今天", "today"),
    "this month": ("本月", "this month"),
    "next month": ("下月", "next month"),
}


def standing_sentence(
    leaf: ConsentLeaf | ReachableLeaf | ListLeaf,
    zh: bool,
    title: Callable[[str, str], str],
    quoted: Callable[[str, str], str],
) -> str:
    """The leaf in words. `title` and `quoted`: the title of something of a kind, plain and in quotation marks."""
    match leaf:
        case ListLeaf():
            return f"在名单{quoted('list', leaf.list)}中" if zh else f"is on the list {quoted('list', leaf.list)}"
        case ConsentLeaf():
            purpose = _purpose(leaf.consent.purpose, zh)
            channel = title("channel", leaf.consent.channel) if leaf.consent.channel is not None else ""
            category = leaf.consent.category or ""
            if zh:
                kind = f"（{_category(category, zh)}消息）" if category else ""
                return f"同意{f'通过{channel}' if channel else ''}用于“{purpose}”{kind}"
            kind = f" ({_category(category, zh)} messages)" if category else ""
            return f"consents to {purpose}{kind}" + (f" by {channel}" if channel else "")
        case ReachableLeaf():
            name = title("channel", leaf.reachable.channel)
            touchpoint = leaf.reachable.touchpoint
            at = title("touchpoint", touchpoint) if touchpoint is not None else ""
            if zh:
                return f"可通过{name}{f'（{at}）' if at else ''}触达"
            return f"can be reached on {name}" + (f" at {at}" if at else "")


def near_sentence(anniversary: Anniversary, zh: bool, one: Callable[[Any], str]) -> str:
    """When the anniversary is. `one`: a span in words."""
    near = anniversary.in_
    if not isinstance(near, Near):
        return _DAYS[near][0 if zh else 1]
    if near.next is not None:
        return f"未来 {one(near.next)}内（含今天）" if zh else f"within the next {one(near.next)}, today included"
    return f"最近 {one(near.last)}内（含今天）" if zh else f"within the last {one(near.last)}, today included"


def _purpose(name: str, zh: bool) -> str:
    known = PURPOSES.get(name)
    return known["zh" if zh else "en"] if known else name


def _category(name: str, zh: bool) -> str:
    known = CATEGORIES.get(name)
    return known["zh" if zh else "en"] if known else name
