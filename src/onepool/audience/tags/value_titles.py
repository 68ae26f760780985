"""What the values of a tag are called in both languages: as its definition says, else as what they are values of."""

from __future__ import annotations

from collections.abc import Mapping

from onepool.audience.tags.learned import ClusterTag
from onepool.audience.tags.model import AttributeTag, FirstLastTag, PreferenceTag, RfmTag, TagDefinition

Words = Mapping[str, str]

# The cells of RFM by their names in the field, in English.
_CELLS: Mapping[str, str] = {
    "重要价值客户": "Champions",
    "重要发展客户": "High value, to develop",
    "重要保持客户": "High value, to keep",
    "重要挽留客户": "High value, to win back",
    "一般价值客户": "Regulars",
    "一般发展客户": "Newcomers",
    "一般保持客户": "Low value, to keep",
    "一般挽留客户": "Low value, lapsed",
}


def value_titles(tag: TagDefinition, titles: Mapping[str, Words]) -> dict[str, Words]:
    """Value -> {zh, en}, of the values that have other words than themselves.

    `titles`: those of channels, touchpoints and of enumerations of the data standard, keyed as `Names.titles` is.
    """
    found = _lent(tag, titles)
    found |= {value: title.model_dump() for value, title in (tag.value_titles or {}).items()}
    return found


def _lent(tag: TagDefinition, titles: Mapping[str, Words]) -> dict[str, Words]:
    match tag:
        case RfmTag() if tag.cells == 8:
            return {cell: {"zh": cell, "en": words} for cell, words in _CELLS.items()}
        case FirstLastTag() | PreferenceTag():
            field = tag.source.field.removeprefix("items.").removeprefix("fields.")
            heads = {"channel": "channel:", "touchpoint": "touchpoint:"}
            return titled(titles, heads.get(field, f"value:field:{field}:"))
        case ClusterTag():
            return _clusters(titles)
        case AttributeTag() if tag.map is None:
            return titled(titles, f"value:attribute:{tag.source.attribute}:")
    return {}


_MUCH: Mapping[str, tuple[str, str]] = {
    "times": ("突出：{}次数", "much of: {}"),
    "amount": ("突出：{}金额", "high amounts: {}"),
}
_ACTIVE: Words = {"zh": "突出：活跃天数", "en": "Active on many days"}
_QUIET: Words = {"zh": "低活跃", "en": "Quiet"}
_MOST_GROUPS = 12


def _clusters(titles: Mapping[str, Words]) -> dict[str, Words]:
    """Groups are called by the feature that stands out (see `mining.cluster.naming`), or by none."""
    found: dict[str, Words] = {"quiet": _QUIET, "any_active": _ACTIVE}
    for number in range(2, _MOST_GROUPS + 1):
        found[f"quiet_{number}"] = {lang: f"{words} {number}" for lang, words in _QUIET.items()}
    for event, words in titled(titles, "event:").items():
        for kind, (zh, en) in _MUCH.items():
            found[f"{event}_{kind}"] = {"zh": zh.format(words["zh"]), "en": en.format(words["en"])}
    for channel, words in titled(titles, "channel:").items():
        found[f"channel_{channel}"] = {"zh": f"突出：{words['zh']}", "en": f"much on: {words['en']}"}
    return found


def group_title(name: str, titles: Mapping[str, Words]) -> Words | None:
    """What any group of clusters is called, those of product categories, which are named by nothing but themselves, and
    of events and channels that the standard does not know among them; None for another name."""
    known = _clusters(titles).get(name)
    if known is not None:
        return known
    for head in ("category_", "channel_"):
        if name.startswith(head):
            rest = name.removeprefix(head)
            on = "on" if head == "channel_" else "of"
            return {"zh": f"突出：{rest}", "en": f"much {on}: {rest}"}
    for kind, (zh, en) in _MUCH.items():
        if name.endswith(f"_{kind}"):
            event = name.removesuffix(f"_{kind}")
            return {"zh": zh.format(event), "en": en.format(event)}
    return None


def titled(titles: Mapping[str, Words], head: str) -> dict[str, Words]:
    """What is titled under that beginning, by the rest of its key."""
    return {key.removeprefix(head): words for key, words in titles.items() if key.startswith(head)}
