"""A journey read back in words, in Chinese and in English: as a whole, node by node, part by part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import PydanticCustomError

from onepool.audience.conditions.model import PARTS, Condition
from onepool.audience.conditions.names import Names
from onepool.audience.conditions.parts import Part
from onepool.audience.conditions.sentence import Writer
from onepool.audience.conditions.values import Span, read_span
from onepool.journeys.inside import leaf_of
from onepool.journeys.model import (
    ApiEntry,
    Arm,
    Branch,
    CallJourney,
    Cap,
    Case,
    DateEntry,
    DateOf,
    End,
    Entry,
    EventEntry,
    EventExit,
    EventMatch,
    Exit,
    Fresh,
    Goal,
    Hold,
    Hop,
    IssueCoupon,
    Journey,
    Node,
    OneOff,
    OneOffEntry,
    Quiet,
    Repeat,
    Retry,
    ScheduleEntry,
    SegmentEntry,
    SegmentLeaveEntry,
    Send,
    SetProfile,
    Split,
    TagNode,
    Task,
    Wait,
    Webhook,
)
from onepool.journeys.moments import Backoff, LocalDays, Per
from onepool.journeys.words import SCOPES, VALUES, key_title

_NOT_IN_WORDS = frozenset({"do", "note"})


def journey_sentence(journey: Journey, lang: str, names: Names | None = None) -> str:
    """The journey as a whole: who enters, its goal, how long, over what."""
    return Teller(lang, names).journey(journey)


def node_sentence(node: Node, lang: str, names: Names | None = None) -> str:
    """What a node does, without where it leads."""
    return Teller(lang, names).node(node)


class Teller(Writer):
    """Words for journeys; those of conditions are its base's."""

    def journey(self, journey: Journey) -> str:
        parts = [self.entry(journey.entry)]
        if journey.goal is not None:
            goal = self.goal(journey.goal)
            parts.append(f"目标是{goal}" if self.zh else f"the goal is {goal}")
        if journey.experiment.holdout:
            share = f"{journey.experiment.holdout:.0%}"
            parts.append(f"{share} 留作对照组" if self.zh else f"{share} are held out")
        steps = sum(isinstance(node, Send) for node in journey.nodes.values())
        parts.append(
            f"共 {len(journey.nodes)} 个节点、{steps} 次触达，最长 {self.span(journey.max_life)}"
            if self.zh
            else f"{len(journey.nodes)} nodes, {steps} of them messages, at most {self.span(journey.max_life)}"
        )
        return ("；" if self.zh else "; ").join(parts)

    def entry(self, entry: Entry) -> str:
        """Who enters, and when."""
        match entry:
            case EventEntry():
                text = self.match(entry)
                text = f"发生{text}时进入" if self.zh else f"entered by {text}"
                return text + (self._hold(entry.hold) if entry.hold is not None else "")
            case SegmentEntry():
                segment = self.quoted("segment", entry.segment_enter)
                return f"进入人群{segment}时进入" if self.zh else f"entered by coming into the segment {segment}"
            case SegmentLeaveEntry():
                segment = self.quoted("segment", entry.segment_leave)
                return f"离开人群{segment}时进入" if self.zh else f"entered by leaving the segment {segment}"
            case ScheduleEntry():
                whom = self._whom(entry.segment, entry.who)
                return f"按日程 {entry.schedule} 由{whom}进入" if self.zh else f"entered by {whom} at {entry.schedule}"
            case DateEntry():
                date = self.quoted("attribute", entry.date)
                offset = f" {entry.offset}" if entry.offset else ""
                yearly = ("每年" if self.zh else "each year ") if entry.every else ""
                return (
                    f"{yearly}在{date}{offset}的 {entry.time} 进入"
                    if self.zh
                    else f"entered {yearly}on {date}{offset} at {entry.time}"
                )
            case OneOffEntry():
                return self._one_off(entry.one_off)
            case ApiEntry():
                return "由接口调用进入" if self.zh else "entered by calls of the API"

    def goal(self, goal: Goal) -> str:
        """The goal and its time."""
        within = "" if goal.within is None else self.span(goal.within)
        text = self.match(goal)
        return (f"{within}内{text}" if within else text) if self.zh else f"{text} within {within}" if within else text

    def exit(self, one: Exit) -> str:
        """One way out."""
        if isinstance(one, EventExit):
            text = self.match(one)
        else:
            segment = self.quoted("segment", one.segment_leave)
            text = f"离开人群{segment}" if self.zh else f"leaving the segment {segment}"
        before = ""
        if one.before is not None:
            before = f"（到达 {one.before} 之前）" if self.zh else f" (before it came to {one.before})"
        return f"{text}{before} → {one.as_}"

    def node(self, node: Node) -> str:
        """What a node does."""
        match node:
            case Send():
                hops = (" → " if self.zh else ", then ").join(self.title("channel", hop.channel) for hop in node.chain)
                return f"发送「{node.message}」：{hops}" if self.zh else f"sends “{node.message}” over {hops}"
            case Wait():
                return self._wait(node)
            case Branch():
                return f"按 {len(node.cases)} 个条件分支" if self.zh else f"branches by {len(node.cases)} cases"
            case Split():
                arms = self._list([f"{arm.name} {arm.weight}" for arm in node.arms])
                return f"随机分组：{arms}" if self.zh else f"splits at random: {arms}"
            case IssueCoupon():
                return f"发放优惠券 {node.batch}" if self.zh else f"issues a coupon of {node.batch}"
            case SetProfile() | TagNode():
                what = self._list([f"{key} = {value}" for key, value in node.set.items()])
                if isinstance(node, TagNode):
                    return f"打标签：{what}" if self.zh else f"tags: {what}"
                return f"更新档案：{what}" if self.zh else f"writes to the profile: {what}"
            case Task():
                return f"导购任务「{node.title}」" if self.zh else f"a task for an associate: “{node.title}”"
            case Webhook():
                return f"调用 {node.touchpoint}" if self.zh else f"calls {node.touchpoint}"
            case CallJourney():
                return f"进入子旅程 {node.journey}" if self.zh else f"calls the journey {node.journey}"
            case Repeat():
                return (
                    f"回到 {node.back}，最多 {node.max} 次"
                    if self.zh
                    else f"back to {node.back}, at most {node.max} times"
                )
            case End():
                return f"结束：{node.as_}" if self.zh else f"ends as {node.as_}"

    def parts(self, part: Part) -> dict[str, str]:
        """Key -> words, of everything that a part of a definition says beside its kind."""
        said = part.canonical()
        found = {}
        for name, field in type(part).model_fields.items():
            key = field.alias or name
            if key in said and key not in _NOT_IN_WORDS:
                found[key] = self.any(getattr(part, name))
        return found

    def any(self, value: Any) -> str:
        """A value of a definition in words."""
        if isinstance(value, EventMatch) and type(value) is EventMatch:
            return self.match(value)
        if isinstance(value, Part):
            return self._part(value)
        if isinstance(value, Span | LocalDays | Per | Backoff):
            return self.span(value)
        if isinstance(value, bool):
            return self.one(value)
        if isinstance(value, Mapping):
            if set(value) <= {"zh", "en"} and value:
                return str(value.get(self.lang) or next(iter(value.values())))
            named = [f"{key} = {self.any(one)}" for key, one in value.items()]
            return self._list(named) or ("无" if self.zh else "none")
        if isinstance(value, Sequence) and not isinstance(value, str):
            return ("；" if self.zh else "; ").join(self.any(one) for one in value) or ("无" if self.zh else "none")
        if value is None:
            return "无" if self.zh else "none"
        return self._text(value) if isinstance(value, str) else self.one(value)

    def _text(self, text: str) -> str:
        """A text that stands for itself, a word of definitions, or a span that a parameter holds."""
        if not self.zh:
            return self.one(text)
        try:
            return VALUES.get(text) or self.span(read_span(text))
        except PydanticCustomError:
            return self.one(text)

    def match(self, match: EventMatch) -> str:
        """An event that is awaited."""
        return self.events(match.did, leaf_of(match))

    def span(self, span: Any) -> str:
        """A length of time."""
        if isinstance(span, LocalDays) and self.zh:
            return f"{span.days} 个自然日" + (f"后的 {span.at}" if span.at else "")
        if isinstance(span, Per) and self.zh:
            return "每个自然日" if span.rolling is None else f"任意 {self.one(span.rolling)}"
        return self.one(span) if isinstance(span, Span) else str(span)

    def _part(self, part: Part) -> str:
        match part:
            case Hop():
                return self._hop(part)
            case Case():
                return f"{self.condition(part.when)} → {part.next}"
            case Arm():
                control = ("（对照）" if self.zh else " (control)") if part.control else ""
                return f"{part.name} {part.weight}{control} → {part.next}"
            case Quiet():
                return f"{part.from_}-{part.to} {self.any(part.on_hit)}"
            case Cap():
                return (
                    f"{self.span(part.per)}最多 {part.count} 条（{SCOPES[part.scope]}）"
                    if self.zh
                    else f"at most {part.count} per {self.span(part.per)} ({part.scope})"
                )
            case Retry():
                return f"{self._list([self.any(reason) for reason in part.on])} × {part.max}"
            case Fresh():
                return self.span(part.identity)
            case DateOf():
                source = self.quoted("attribute", part.attribute) if part.attribute else str(part.var)
                return " ".join(one for one in (source, part.offset, part.time) if one)
            case EventEntry() | SegmentEntry() | SegmentLeaveEntry() | ScheduleEntry() | DateEntry() | ApiEntry():
                return self.entry(part)
            case OneOffEntry():
                return self.entry(part)
            case Goal():
                return self.goal(part)
        if type(part) in _CONDITIONS:
            return self.condition(part)  # type: ignore[arg-type]
        if hasattr(part, "as_") and hasattr(part, "before"):
            return self.exit(part)  # type: ignore[arg-type]
        return ("，" if self.zh else ", ").join(
            f"{key_title(key, self.zh)} {text}" for key, text in self.parts(part).items()
        )

    def _hop(self, hop: Hop) -> str:
        text = self.title("channel", hop.channel) + (f" {hop.template}" if hop.template else "")
        if not hop.next_on:
            return text
        reasons = self._list([self.any(reason) for reason in hop.next_on])
        return f"{text}（{reasons} 时换下一渠道）" if self.zh else f"{text} (the next one after {reasons})"

    def _hold(self, hold: Hold) -> str:
        span = self.span(hold.for_)
        if hold.unless is None:
            return f"，先等 {span}" if self.zh else f", after {span}"
        unless = self.match(hold.unless)
        return f"，先等 {span}，其间没有{unless}" if self.zh else f", after {span} without {unless}"

    def _wait(self, node: Wait) -> str:
        if node.until is not None:
            text, span = self.match(node.until), self.any(node.for_)
            return f"等待{text}，最长 {span}" if self.zh else f"waits for {text}, at most {span}"
        if node.date is not None:
            return f"等到{self.any(node.date)}" if self.zh else f"waits until {self.any(node.date)}"
        if node.time is not None:
            days = self._list(list(node.weekdays or ()))
            when = " ".join(part for part in (days, str(node.time)) if part)
            return f"等到 {when}" if self.zh else f"waits until {when}"
        return f"等待 {self.any(node.for_)}" if self.zh else f"waits {self.any(node.for_)}"

    def _one_off(self, one: OneOff) -> str:
        whom = self._whom(one.segment, one.who)
        start = one.start or ("发布时" if self.zh else "when it is published")
        return f"{start}由{whom}一次性进入" if self.zh else f"entered once by {whom}, {start}"

    def _whom(self, segment: str | None, who: Condition | None) -> str:
        if segment is not None:
            return (
                f"人群{self.quoted('segment', segment)}"
                if self.zh
                else f"the segment {self.quoted('segment', segment)}"
            )
        text = self.condition(who) if who is not None else ""
        return f"满足（{text}）的客户" if self.zh else f"customers who ({text})"


_CONDITIONS = frozenset(PARTS.values())
