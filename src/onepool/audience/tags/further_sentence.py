"""The further kinds of tags in words, and the words that all kinds share."""

from __future__ import annotations

from onepool.audience.conditions.model import Window
from onepool.audience.conditions.sentence import Writer
from onepool.audience.tags.base import Cut, EventSource, FigureSource
from onepool.audience.tags.expression import tree_of, walk
from onepool.audience.tags.expression.syntax import Reference
from onepool.audience.tags.further import ExpressionTag, ImportTag, RfmTag, SequenceTag, SqlTag
from onepool.audience.tags.model import TagDefinition

_FIGURES = {
    "times": ("次数", "number"),
    "days": ("天数", "number of days"),
    "sum": ("合计", "total"),
    "avg": ("平均", "average"),
    "min": ("最小", "smallest"),
    "max": ("最大", "largest"),
    "distinct": ("不同值的个数", "number of different values"),
}


def further_sentence(writer: Writer, tag: TagDefinition) -> str:
    """An imported, SQL, expression, sequence or RFM tag in words."""
    match tag:
        case ImportTag():
            if writer.zh:
                return "导入的值，" + ("新文件整体替换" if tag.mode == "overwrite" else "新值覆盖旧值")
            return "imported values; " + (
                "a new file replaces all" if tag.mode == "overwrite" else "new ones are added"
            )
        case SqlTag():
            text = "SQL 查询给出的值" if writer.zh else "the value that an SQL query gives"
            return text + cut_words(writer, tag.cut, tag.tag)
        case ExpressionTag():
            return _expression(writer, tag) + cut_words(writer, tag.cut, tag.tag)
        case SequenceTag():
            return _sequence(writer, tag)
        case RfmTag():
            return _rfm(writer, tag)
    raise TypeError(f"{tag.kind} is no such kind")


def _expression(writer: Writer, tag: ExpressionTag) -> str:
    parts = [f"{name} = {figure_words(writer, figure, figure.within)}" for name, figure in tag.inputs.items()]
    tree = tree_of(tag)
    for node in walk(tree) if tree is not None else ():
        if isinstance(node, Reference) and node.sort != "input":
            parts.append(f"{node.sort}.{node.name} = {writer.title(node.sort, node.name)}")
    said = "；".join(dict.fromkeys(parts)) if writer.zh else "; ".join(dict.fromkeys(parts))
    head = "公式 " if writer.zh else "the formula "
    tail = ("，其中 " if writer.zh else ", where ") + said if said else ""
    return f"{head}{tag.expression.strip()}{tail}"


def _sequence(writer: Writer, tag: SequenceTag) -> str:
    plain = tag.model_copy(update={"valid_for": None}).leaf()
    text = writer.condition(plain)
    life = writer.one(tag.valid_for) if tag.valid_for is not None else None
    value = writer.named(tag.value, f"tag:{tag.tag}")
    otherwise = None if tag.otherwise is None else writer.named(tag.otherwise, f"tag:{tag.tag}")
    if writer.zh:
        found = f"{value}：{text}" + (f"，自成立起 {life} 内有效" if life else "")
        return found + (f"；其余：{otherwise}" if otherwise is not None else "")
    found = f"{value} if {text}" + (f", for {life} from then on" if life else "")
    return found + (f"; else {otherwise}" if otherwise is not None else "")


def _rfm(writer: Writer, tag: RfmTag) -> str:
    events = events_words(writer, tag.source, tag.within)
    money = writer.field(tag.source.sum)
    if writer.zh:
        by = {"mean": "全体买家的均值", "value": "给定数值", "rank": "名次"}[tag.by]
        cells = "8 类" if tag.cells == 8 else "125 类（各分 5 档）"
        return f"{events}的最近一次、次数与{money}，按{by}分为 {cells}"
    by = {"mean": "the mean of all buyers", "value": "given numbers", "rank": "rank"}[tag.by]
    cells = "8 cells" if tag.cells == 8 else "125 cells (five layers each)"
    return f"recency, frequency and {money} of {events}, by {by}, in {cells}"


def events_words(writer: Writer, source: EventSource, within: Window | None) -> str:
    """What events a source means, in words."""
    texts = [writer.events(event, source.behaviour(within)) for event in source.did]
    return ("或" if writer.zh else " or ").join(texts)


def figure_words(writer: Writer, source: FigureSource, within: Window | None) -> str:
    """A figure over events, in words."""
    name, of = source.figure()
    word = _FIGURES[name][0 if writer.zh else 1]
    events = events_words(writer, source, within)
    if writer.zh:
        return f"{events}的{writer.field(of) if of else ''}{word}"
    return f"{word} of {writer.field(of)} over {events}" if of else f"{word} of {events}"


def cut_words(writer: Writer, cut: Cut | None, tag: str) -> str:
    """Layers of a tag, in words; nothing where there are none."""
    if cut is None:
        return ""
    by = {"number": ("数值", "number"), "percent": ("全体客户的百分位", "percentile of all"), "rank": ("名次", "place")}
    points = ", ".join(str(point) for point in cut.at)
    labels = ("、" if writer.zh else ", ").join(writer.named(label, f"tag:{tag}") for label in cut.labels)
    if writer.zh:
        return f"，按{by[cut.by][0]} {points} 分为 {labels}"
    return f", cut by {by[cut.by][1]} at {points} into {labels}"
