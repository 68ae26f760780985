"""A tag's definition read back as a sentence, in Chinese and in English."""

from __future__ import annotations

from onepool.audience.conditions.model import Window
from onepool.audience.conditions.names import Names
from onepool.audience.conditions.sentence import Writer
from onepool.audience.tags.model import (
    AttributeTag,
    Cut,
    EventSource,
    FigureSource,
    FirstLastTag,
    MetricTag,
    PreferenceTag,
    TagDefinition,
)

_FIGURES = {
    "times": ("次数", "number"),
    "days": ("天数", "number of days"),
    "sum": ("合计", "total"),
    "avg": ("平均", "average"),
    "min": ("最小", "smallest"),
    "max": ("最大", "largest"),
    "distinct": ("不同值的个数", "number of different values"),
}


def tag_sentence(tag: TagDefinition, lang: str, names: Names | None = None) -> str:
    """How the tag is made, in words; titles come from `names` where they are there."""
    writer = Writer(lang, names)
    match tag:
        case AttributeTag():
            title = writer.title("attribute", tag.source.attribute)
            mapped = ("，按对照表换算" if writer.zh else ", by a map") if tag.map is not None else ""
            return (f"属性{title}的最新值" if writer.zh else f"the latest {title}") + mapped
        case FirstLastTag():
            field, events = writer.field(tag.source.field), _events(writer, tag.source, tag.within)
            if writer.zh:
                return f"{'首次' if tag.take == 'first' else '最近一次'}{events}的{field}"
            return f"{field} of the {tag.take} event: {events}"
        case MetricTag():
            text = _figure(writer, tag.source, tag.within)
            if tag.over is not None:
                below = _figure(writer, tag.over, tag.within)
                text = f"{text}，除以{below}" if writer.zh else f"{text}, over {below}"
            return text + _cut(writer, tag.cut)
        case PreferenceTag():
            return _preference(writer, tag)
    rules = [f"{rule.value}：{writer.condition(rule.when)}" for rule in tag.states]
    if not writer.zh:
        rules = [f"{rule.value} if {writer.condition(rule.when)}" for rule in tag.states]
    if tag.otherwise is not None:
        rules.append(f"其余：{tag.otherwise}" if writer.zh else f"else {tag.otherwise}")
    return ("按顺序取第一个成立的：" if writer.zh else "the first that holds of: ") + "; ".join(rules)


def _events(writer: Writer, source: EventSource, within: Window | None) -> str:
    texts = [writer.events(event, source.behaviour(within)) for event in source.did]
    return ("或" if writer.zh else " or ").join(texts)


def _figure(writer: Writer, source: FigureSource, within: Window | None) -> str:
    name, of = source.figure()
    word = _FIGURES[name][0 if writer.zh else 1]
    events = _events(writer, source, within)
    if writer.zh:
        return f"{events}的{writer.field(of) if of else ''}{word}"
    return f"{word} of {writer.field(of)} over {events}" if of else f"{word} of {events}"


def _cut(writer: Writer, cut: Cut | None) -> str:
    if cut is None:
        return ""
    by = {"number": ("数值", "number"), "percent": ("全体客户的百分位", "percentile of all"), "rank": ("名次", "place")}
    points = ", ".join(str(point) for point in cut.at)
    labels = "、".join(cut.labels) if writer.zh else ", ".join(cut.labels)
    if writer.zh:
        return f"，按{by[cut.by][0]} {points} 分为 {labels}"
    return f", cut by {by[cut.by][1]} at {points} into {labels}"


def _preference(writer: Writer, tag: PreferenceTag) -> str:
    field = writer.field(tag.source.field.removeprefix("items."))
    events = _events(writer, tag.source, tag.within)
    life = writer.one(tag.half_life) if tag.half_life is not None else None
    if writer.zh:
        score = {"count": "次数", "sum": "合计", "lift": "相对全体客户的倍数"}[tag.score]
        return f"{events}中{score}最高的 {tag.top} 个{field}" + (f"，半衰期 {life}" if life else "")
    score = {"count": "count", "sum": "total", "lift": "share compared with all customers"}[tag.score]
    return f"the top {tag.top} of {field} by {score} over {events}" + (f", half-life {life}" if life else "")
