"""A tag's definition read back as a sentence, in Chinese and in English."""

from __future__ import annotations

from dataclasses import replace

from onepool.audience.conditions.names import Names
from onepool.audience.conditions.sentence import Writer
from onepool.audience.tags.further_sentence import cut_words, events_words, figure_words, further_sentence
from onepool.audience.tags.learned import LearnedTag
from onepool.audience.tags.learned_checks import learned_sentence
from onepool.audience.tags.model import (
    AttributeTag,
    FirstLastTag,
    MetricTag,
    PreferenceTag,
    Quiet,
    StateTag,
    TagDefinition,
)
from onepool.audience.tags.value_titles import value_titles


def tag_sentence(tag: TagDefinition, lang: str, names: Names | None = None) -> str:
    """How the tag is made, in words; titles come from `names` where they are there."""
    known = names or Names()
    own = {f"value:tag:{tag.tag}:{value}": words for value, words in value_titles(tag, known.titles).items()}
    writer = Writer(lang, replace(known, titles={**known.titles, **own}))
    match tag:
        case AttributeTag():
            title = writer.title("attribute", tag.source.attribute)
            mapped = ("，按对照表换算" if writer.zh else ", by a map") if tag.map is not None else ""
            return (f"属性{title}的最新值" if writer.zh else f"the latest {title}") + mapped
        case FirstLastTag():
            field, events = writer.field(tag.source.field), events_words(writer, tag.source, tag.within)
            if writer.zh:
                return f"{'首次' if tag.take == 'first' else '最近一次'}{events}的{field}"
            return f"{field} of the {tag.take} event: {events}"
        case MetricTag():
            text = figure_words(writer, tag.source, tag.within)
            if tag.over is not None:
                below = figure_words(writer, tag.over, tag.within)
                text = f"{text}，除以{below}" if writer.zh else f"{text}, over {below}"
            return text + cut_words(writer, tag.cut, tag.tag)
        case PreferenceTag():
            return _preference(writer, tag)
        case StateTag():
            return _state(writer, tag)
        case LearnedTag():
            return learned_sentence(tag, writer)
    return further_sentence(writer, tag)


def _state(writer: Writer, tag: StateTag) -> str:
    rules = []
    for rule in tag.states:
        text = writer.condition(rule.when) if rule.when is not None else ""
        if rule.quiet is not None:
            text = _quiet(writer, rule.quiet)
        value = writer.named(rule.value, f"tag:{tag.tag}")
        rules.append(f"{value}：{text}" if writer.zh else f"{value} if {text}")
    if tag.otherwise is not None:
        otherwise = writer.named(tag.otherwise, f"tag:{tag.tag}")
        rules.append(f"其余：{otherwise}" if writer.zh else f"else {otherwise}")
    return ("按顺序取第一个成立的：" if writer.zh else "the first that holds of: ") + "; ".join(rules)


def _quiet(writer: Writer, quiet: Quiet) -> str:
    events, point = events_words(writer, quiet, None), f"P{quiet.percentile:g}"
    if writer.zh:
        whose = "全体客户" if quiet.of == "all" else "客户自己（不足时取全体客户）"
        return f"距上一次{events}的时间超过{whose}间隔的 {point}"
    whose = "all customers'" if quiet.of == "all" else "the customer's own"
    return f"longer since {events} than {point} of {whose} intervals between them"


def _preference(writer: Writer, tag: PreferenceTag) -> str:
    field = writer.field(tag.source.field.removeprefix("items."))
    events = events_words(writer, tag.source, tag.within)
    life = writer.one(tag.half_life) if tag.half_life is not None else None
    if writer.zh:
        score = {"count": "次数", "sum": "合计", "lift": "相对全体客户的倍数"}[tag.score]
        return f"{events}中{score}最高的 {tag.top} 个{field}" + (f"，半衰期 {life}" if life else "")
    score = {"count": "count", "sum": "total", "lift": "share compared with all customers"}[tag.score]
    return f"the top {tag.top} of {field} by {score} over {events}" + (f", half-life {life}" if life else "")
