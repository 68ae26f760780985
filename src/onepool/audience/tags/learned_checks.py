"""Learned tags held against the workspace's names, and read back."""

from __future__ import annotations

from onepool.audience.conditions.check import check_behaviour, check_field, unknown
from onepool.audience.conditions.errors import Problem
from onepool.audience.conditions.names import Names, find_field
from onepool.audience.conditions.sentence import Writer
from onepool.audience.tags.further_sentence import cut_words
from onepool.audience.tags.learned import (
    ClassifierTag,
    ClusterTag,
    ClvTag,
    Features,
    LearnedTag,
    LookalikeTag,
    ModelTag,
)


def check_learned(tag: ModelTag, names: Names) -> list[Problem]:
    """Faults of names and types in the tag, its conditions (`conditions_of`) apart."""
    return _check_purchases(tag, names) if isinstance(tag, ClvTag) else _check_features(tag.features, names)


def _check_purchases(tag: ClvTag, names: Names) -> list[Problem]:
    event, field = tag.source.did[0], tag.source.sum
    problems = check_behaviour(event, tag.source.behaviour(None), names, "from")
    if field is None:
        return problems
    if event in names.events:
        check_field(field, event, names.events[event], names, "from.sum", problems)
    here = find_field(field, names)
    if here.source == "item":
        problems.append(Problem("from.sum", "a field of the event itself is wanted, not of its items"))
    elif here.kind not in ("number", "money", "any"):
        problems.append(Problem("from.sum", f"{field} is {here.kind}: a number is wanted"))
    if tag.source.currency is not None and here.kind != "money":
        problems.append(Problem("from.currency", f"{field} is no money"))
    return problems


def _check_features(features: Features, names: Names) -> list[Problem]:
    return [
        unknown(f"features.events[{index}]", "event", event, names.events)
        for index, event in enumerate(features.events or [])
        if event not in names.events
    ]


def learned_sentence(tag: LearnedTag, writer: Writer) -> str:
    """How the tag is made, in words."""
    match tag:
        case ClvTag():
            text = _clv(writer, tag)
        case ClassifierTag():
            ahead, target = writer.one(tag.ahead), writer.condition(tag.target)
            text = (
                f"接下来 {ahead} 内“{target}”的概率" if writer.zh else f"how likely within the next {ahead}: {target}"
            )
            text += _among(writer, tag)
        case LookalikeTag():
            like = writer.condition(tag.like)
            text = (
                f"与“{like}”的客户的相似度（百分位）"
                if writer.zh
                else f"likeness, as a percentile, to those with: {like}"
            )
            text += _among(writer, tag)
        case ClusterTag():
            least, most = tag.clusters
            count = str(least) if least == most else f"{least}–{most}"
            text = f"按行为分成 {count} 群" if writer.zh else f"{count} groups of customers who behave alike"
            text += _among(writer, tag)
        case _:
            text = ""
    return text + cut_words(writer, tag.cut, tag.tag)


def _clv(writer: Writer, tag: ClvTag) -> str:
    event = writer.events(tag.source.did[0], tag.source.behaviour(tag.within))
    horizon = writer.one(tag.horizon)
    field = writer.field(tag.source.sum) if tag.source.sum is not None else ""
    if writer.zh:
        what = {"money": f"预计的{field}现值", "purchases": "预计的次数", "alive": "仍会发生的概率"}[tag.predict]
        return f"接下来 {horizon} 内{event}{what}"
    what = {"money": f"the worth now of {field}", "purchases": "the number", "alive": "the chance of any more"}[
        tag.predict
    ]
    return f"{what} expected within {horizon} of {event}"


def _among(writer: Writer, tag: ClassifierTag | LookalikeTag | ClusterTag) -> str:
    if tag.among is None:
        return ""
    whom = writer.condition(tag.among)
    return f"（仅限：{whom}）" if writer.zh else f" (among those with: {whom})"
