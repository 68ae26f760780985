"""A condition read back as a sentence, in Chinese and in English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from onepool.audience.conditions.anchors.model import is_reference
from onepool.audience.conditions.model import (
    All,
    Anniversary,
    AnyOf,
    AttributeLeaf,
    Behaviour,
    Condition,
    ConsentLeaf,
    DidLeaf,
    DidNotLeaf,
    Figure,
    ListLeaf,
    NodeAnchor,
    Not,
    NumberTest,
    Predicate,
    ReachableLeaf,
    SegmentLeaf,
    SequenceLeaf,
    TagLeaf,
    Window,
)
from onepool.audience.conditions.moves.model import MOVES
from onepool.audience.conditions.moves.sentence import move_sentence
from onepool.audience.conditions.names import CORE_TITLES, Names
from onepool.audience.conditions.sequence.sentence import sequence_sentence
from onepool.audience.conditions.standing.regions import title_of
from onepool.audience.conditions.standing.sentence import near_sentence, standing_sentence
from onepool.audience.conditions.values import DAYS_OF_WEEK, Span

_NO_NAMES = Names()

# test -> (Chinese, English); {} is the operand.
_TESTS: Mapping[str, tuple[str, str]] = {
    "is": ("是 {}", "is {}"),
    "is_not": ("不是 {}", "is not {}"),
    "in": ("是 {} 之一", "is one of {}"),
    "not_in": ("不是 {} 中的任何一个", "is none of {}"),
    "contains": ("包含 {}", "contains {}"),
    "starts_with": ("以 {} 开头", "starts with {}"),
    "ends_with": ("以 {} 结尾", "ends with {}"),
    "matches": ("匹配 {}", "matches {}"),
    "region": ("在 {} 之内", "is in {}"),
    "anniversary": ("的周年日在 {}", "has its anniversary {}"),
    "is_set": ("有值", "is known"),
    "is_unset": ("没有值", "is not known"),
    "at_least": ("不少于 {}", "is at least {}"),
    "at_most": ("不超过 {}", "is at most {}"),
    "above": ("大于 {}", "is above {}"),
    "below": ("小于 {}", "is below {}"),
    "between": ("在 {0} 到 {1} 之间", "is between {0} and {1}"),
    "before": ("早于 {}", "is before {}"),
    "after": ("在 {} 或之后", "is on or after {}"),
    "on": ("在 {} 当天", "is on {}"),
    "last": ("在最近 {} 内", "is within the last {}"),
    "next": ("在未来 {} 内", "is within the next {}"),
    "day_of_week": ("在 {}", "is on {}"),
    "hour_of_day": ("在 {} 点", "is at hour {}"),
    "any_of": ("含有 {} 中的任一个", "has any of {}"),
    "all_of": ("含有全部 {}", "has all of {}"),
    "none_of": ("不含 {} 中的任何一个", "has none of {}"),
}
_WHOLE = frozenset({"is", "is_not", "in", "not_in", "any_of", "all_of", "none_of"})
"""Tests whose operands are values, and not parts of their text."""

_COUNTS: Mapping[str, tuple[str, str]] = {
    "is": ("恰好 {}", "exactly {}"),
    "is_not": ("不是 {}", "not {}"),
    "at_least": ("至少 {}", "at least {}"),
    "at_most": ("至多 {}", "at most {}"),
    "above": ("多于 {}", "more than {}"),
    "below": ("少于 {}", "fewer than {}"),
    "between": ("{0} 到 {1}", "{0} to {1}"),
}
_FIGURES: Mapping[str, tuple[str, str]] = {
    "sum": ("合计", "total"),
    "avg": ("平均", "average"),
    "min": ("最小", "smallest"),
    "max": ("最大", "largest"),
    "distinct": ("不同值的个数", "number of different values"),
}
_UNITS = {"minute": "分钟", "hour": "小时", "day": "天", "week": "周", "month": "个月"}
_THIS = {
    "day": ("今天", "today"),
    "week": ("本周", "this week"),
    "month": ("本月", "this month"),
    "quarter": ("本季度", "this quarter"),
    "year": ("今年", "this year"),
}
_PREVIOUS = {
    "day": ("昨天", "yesterday"),
    "week": ("上周", "last week"),
    "month": ("上月", "last month"),
    "quarter": ("上季度", "last quarter"),
    "year": ("去年", "last year"),
}
_LENT: Mapping[str, tuple[str, str]] = {
    "trigger": ("触发事件的「{}」", "the triggering event's {}"),
    "vars": ("旅程变量「{}」", "the journey's variable {}"),
    "params": ("旅程参数「{}」", "the journey's parameter {}"),
}
_DAYS_ZH = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")


def sentence(condition: Condition, lang: str, names: Names | None = None) -> str:
    """The condition in words; titles come from `names` where they are there. `lang` is zh (also zh-CN) or en.

    >>> from onepool.audience.conditions.parse import parse_condition
    >>> sentence(parse_condition({"did": "order_paid", "within": {"last": "7 days"}}), "en")
    'did “order_paid” in the last 7 days'
    """
    writer = Writer(lang, names)
    return writer.condition(condition)


class Writer:
    """Words of one language, with the titles of some names."""

    def __init__(self, lang: str, names: Names | None = None) -> None:
        self.zh = lang.lower().startswith("zh")
        self.lang = "zh" if self.zh else "en"
        self.names = names or _NO_NAMES

    def condition(self, condition: Condition) -> str:
        match condition:
            case All():
                return self._joined(condition.all, "并且", "and")
            case AnyOf():
                return self._joined(condition.any, "或者", "or")
            case Not():
                return (
                    f"不满足（{self.condition(condition.not_)}）"
                    if self.zh
                    else f"not ({self.condition(condition.not_)})"
                )
            case SegmentLeaf():
                title = self.quoted("segment", condition.segment)
                return f"属于人群{title}" if self.zh else f"is in the segment {title}"
            case AttributeLeaf():
                return self.value(
                    self.title("attribute", condition.attribute), condition, f"attribute:{condition.attribute}"
                )
            case TagLeaf():
                title = self._of("标签", "the tag", self.quoted("tag", condition.tag))
                return self.value(title, condition, f"tag:{condition.tag}")
            case DidLeaf() | DidNotLeaf() if condition.event in MOVES:
                return move_sentence(condition, self)
            case DidNotLeaf():
                return self._did_not(condition)
            case DidLeaf():
                return self._did(condition)
            case SequenceLeaf():
                since = self.since(condition)
                return sequence_sentence(condition, self.zh, self.events, self.window, self.one, since)
            case ConsentLeaf() | ReachableLeaf() | ListLeaf():
                return standing_sentence(condition, self.zh, self.title, self.quoted)

    def value(self, title: str, predicate: Predicate, of: str = "") -> str:
        """A value's tests in words. `of`: what it is a value of (`tag:x`, `attribute:x`, `field:x`)."""
        tests = predicate.tests()
        return self.both([f"{title} {self.test(test, operand, predicate.currency, of)}" for test, operand in tests])

    def events(self, event: str, behaviour: Behaviour, verb: str = "") -> str:
        """The events meant: window, slice, name, filters; in Chinese the verb stands before the name."""
        name = self.quoted("event", event)
        window = self.window(behaviour.within) + self.since(behaviour)
        where = self.both(
            [self.value(self.field(name), test, f"field:{name}") for name, test in (behaviour.where or {}).items()]
        )
        slice_ = self._slice(behaviour)
        if self.zh:
            return "".join([window, slice_, verb, name, f"（{where}）" if where else ""])
        return " ".join(part for part in (name, f"({where})" if where else "", slice_, window) if part)

    def test(self, test: str, operand: Any, currency: str | None = None, of: str = "") -> str:
        if test == "size":
            return ("个数 " if self.zh else "has a number of values that ") + self.both(
                [self.test(one, wanted) for one, wanted in operand.tests()]
            )
        if test in ("in", "not_in") and len(operand) == 1:
            test, operand = {"in": "is", "not_in": "is_not"}[test], operand[0]
        if test == "hour_of_day" and (run := _run_of_hours(operand)) is not None:
            start, end = f"{run[0]:02}:00", f"{run[1]:02}:00"
            night = "次日 " if run[1] <= run[0] else " "
            return f"在 {start} 到{night}{end} 之间" if self.zh else f"is from {start} to {end}"
        pattern = _TESTS[test][0 if self.zh else 1]
        if test == "between":
            return pattern.format(self.one(operand[0]), self.one(operand[1])) + (f" {currency}" if currency else "")
        return pattern.format(self._operand(test, operand, of)) + (f" {currency}" if currency else "")

    def count(self, test: NumberTest, unit: str) -> str:
        texts = []
        for name, operand in test.tests():
            values = operand if name == "between" else (operand,)
            texts.append(_COUNTS[name][0 if self.zh else 1].format(*(self.one(value) for value in values)))
        return f"{self.both(texts)} {unit}".strip()

    def window(self, window: Window | None) -> str:
        if window is None:
            return ""
        side = 0 if self.zh else 1
        if window.last is not None:
            return f"最近 {self.one(window.last)}内" if self.zh else f"in the last {self.one(window.last)}"
        if window.this is not None:
            return _THIS[window.this][side]
        if window.previous is not None:
            return _PREVIOUS[window.previous][side]
        start, end = window.between or (window.after, window.before)
        if start and end:
            return f"自 {start} 起、{end} 之前" if self.zh else f"from {start} up to but not including {end}"
        if self.zh:
            return f"自 {start} 起" if start else f"{end} 之前"
        return f"from {start}" if start else f"before {end}"

    def one(self, value: Any) -> str:
        if isinstance(value, Span):
            return f"{value.count} {_UNITS[value.unit]}" if self.zh else str(value)
        if is_reference(value):
            source, _, name = value.removeprefix("$").partition(".")
            return _LENT[source][0 if self.zh else 1].format(self.field(name) if source == "trigger" else name)
        if isinstance(value, bool):
            return ("是" if value else "否") if self.zh else ("yes" if value else "no")
        return str(value)

    def title(self, kind: str, name: str) -> str:
        return self.names.titles.get(f"{kind}:{name}", {}).get(self.lang) or name

    def quoted(self, kind: str, name: str) -> str:
        return f"「{self.title(kind, name)}」" if self.zh else f"“{self.title(kind, name)}”"

    def field(self, name: str) -> str:
        if name.startswith("items."):
            inner = self.title("field", name.removeprefix("items."))
            return f"某件商品的{inner}" if self.zh else f"{inner} of an item"
        return CORE_TITLES.get(name, {}).get(self.lang) or self.title("field", name.removeprefix("fields."))

    def both(self, texts: Sequence[str]) -> str:
        return ("且" if self.zh else " and ").join(texts)

    def _did(self, leaf: DidLeaf) -> str:
        events = self.events(leaf.did, leaf, "做过")
        if leaf.first or leaf.last:
            which = ("首次", "first") if leaf.first else ("最近一次", "latest")
            if self.zh:
                bare = leaf.model_copy(update={"where": None, "within": None})
                rest = self.both(
                    [
                        part
                        for part in (
                            self.window(leaf.within) and f"发生在{self.window(leaf.within)}",
                            self._where(leaf),
                        )
                        if part
                    ]
                )
                return f"{which[0]}{self.events(leaf.did, bare)}{rest}"
            bare = leaf.model_copy(update={"where": None, "within": None, "since": None})
            asked_of = (self.window(leaf.within) + self.since(leaf), self._where(leaf))
            told = " and ".join(part for part in (asked_of[0] and f"was {asked_of[0].strip()}", asked_of[1]) if part)
            return f"the {which[1]} {self.events(leaf.did, bare)} {told}".rstrip() if told else f"did {events}"
        asked = leaf.figure()
        if asked is None:
            return events if self.zh else f"did {events}"
        return f"{events}，{self.figure(*asked)}" if self.zh else f"did {events}, {self.figure(*asked)}"

    def _did_not(self, leaf: DidNotLeaf) -> str:
        asked = leaf.figure()
        events = self.events(leaf.did_not, leaf, "没有做过" if asked is None else "做过")
        if asked is None:
            return events if self.zh else f"did not do {events}"
        figure = self.figure(*asked)
        return f"不满足（{events}，{figure}）" if self.zh else f"not (did {events}, {figure})"

    def _where(self, leaf: Behaviour) -> str:
        tests = (leaf.where or {}).items()
        return self.both([self.value(self.field(name), test, f"field:{name}") for name, test in tests])

    def figure(self, name: str, test: NumberTest) -> str:
        """What is asked of the events together."""
        if name == "times":
            return self.count(test, "次" if self.zh else "times")
        if name == "days":
            return self.count(test, "天" if self.zh else "days")
        assert isinstance(test, Figure)
        word = _FIGURES[name][0 if self.zh else 1]
        title = self.field(test.of)
        tests = self.both([self.test(one, operand, test.currency) for one, operand in test.tests()])
        return f"{title}{word} {tests}" if self.zh else f"{word} of {title} {tests}"

    def since(self, behaviour: Behaviour | SequenceLeaf) -> str:
        """Since when of a run, in journeys."""
        if behaviour.since is None:
            return ""
        space = " " if behaviour.within is not None and not self.zh else ""
        if not isinstance(behaviour.since, NodeAnchor):
            return "进入旅程后" if self.zh else f"{space}since entering the journey"
        node = behaviour.since.node
        return f"到达节点「{node}」后" if self.zh else f"{space}since coming to “{node}”"

    def _slice(self, behaviour: Behaviour) -> str:
        if behaviour.at is None:
            return ""
        parts = []
        for kind, words, given in (
            ("channel", ("渠道", "on channel"), behaviour.at.channel),
            ("touchpoint", ("触点", "at touchpoint"), behaviour.at.touchpoint),
        ):
            if given:
                names = [self.title(kind, name) for name in given]
                parts.append(f"在{words[0]} {'、'.join(names)} " if self.zh else f"{words[1]} {' or '.join(names)}")
        return "".join(parts) if self.zh else " ".join(parts)

    def _joined(self, parts: Sequence[Condition], zh: str, en: str) -> str:
        if len(parts) == 1:
            return self.condition(parts[0])
        texts = [self._grouped(part) for part in parts]
        return f"，{zh}".join(texts) if self.zh else f", {en} ".join(texts)

    def _grouped(self, part: Condition) -> str:
        text = self.condition(part)
        many = (isinstance(part, All) and len(part.all) > 1) or (isinstance(part, AnyOf) and len(part.any) > 1)
        return (f"（{text}）" if self.zh else f"({text})") if many else text

    def named(self, value: Any, of: str) -> str:
        """A value as people call it. `of`: what it is a value of."""
        if of and isinstance(value, str) and not is_reference(value):
            kind, _, name = of.partition(":")
            own = name.removeprefix("items.").removeprefix("fields.") if kind == "field" else name
            place = kind == "field" and own in ("channel", "touchpoint")
            key = f"{own}:{value}" if place else f"value:{kind}:{own}:{value}"
            words = self.names.titles.get(key, {}).get(self.lang)
            if words:
                return words
        return self.one(value)

    def _operand(self, test: str, operand: Any, of: str = "") -> str:
        if test == "region":
            return self._list([title_of(text) for text in operand])
        if isinstance(operand, Anniversary):
            return near_sentence(operand, self.zh, self.one)
        if test == "day_of_week":
            words = [_DAYS_ZH[DAYS_OF_WEEK.index(day)] if self.zh else day.capitalize() for day in operand]
            return self._list(words)
        whole = of if test in _WHOLE else ""
        if isinstance(operand, list):
            return self._list([self.named(value, whole) for value in operand])
        return self.named(operand, whole)

    def _list(self, words: list[str]) -> str:
        return ("、" if self.zh else ", ").join(words)

    def _of(self, zh: str, en: str, title: str) -> str:
        return f"{zh}{title}" if self.zh else f"{en} {title}"


def _run_of_hours(hours: Sequence[int]) -> tuple[int, int] | None:
    """From when to when these hours are one stretch of three or more, over midnight where need be; else None."""
    wanted = set(hours)
    starts = [hour for hour in wanted if (hour - 1) % 24 not in wanted]
    if len(wanted) < 3 or len(starts) != 1:
        return None
    return starts[0], (starts[0] + len(wanted)) % 24
