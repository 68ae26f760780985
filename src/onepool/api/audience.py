"""What the API asks of the audience package: names, checking, counting, explaining, reading back."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from weakref import WeakKeyDictionary

import pyarrow as pa
import pyarrow.compute as pc

from onepool.api.dictionary import titles, value_titles
from onepool.api.estimating import Sample
from onepool.api.explained import shown_figure, shown_found
from onepool.api.learned import score_reasons
from onepool.api.models.common import Figure, Finding, JsonObject, Titles
from onepool.api.models.customers import Reason, SegmentWhy, TagWhy
from onepool.api.problems import Invalid, NotFound
from onepool.api.showing import Shown
from onepool.api.workspace import WorkspaceLike
from onepool.audience import conditions
from onepool.audience.conditions import (
    Condition,
    ConditionError,
    Context,
    Names,
    Problem,
    Scope,
    parse_condition,
    sentence,
)
from onepool.audience.conditions.model import DidStep, SequenceLeaf, children
from onepool.audience.definitions import parse_segment, workspace_names
from onepool.audience.tags import explain_tag, parse_tag, tag_sentence
from onepool.audience.tags.chinese import both as in_both
from onepool.audience.tags.learned import LearnedTag
from onepool.audience.touched import OWNED, PRESENT, Program, answered, present_of
from onepool.pool.behaviour import BehaviourIndex
from onepool.pool.engine import Session
from onepool.state import State

SAMPLE = 10

_KNOWN: WeakKeyDictionary[State, tuple[int, tuple[str, ...], Names]] = WeakKeyDictionary()
"""Of each state, its names by the revision of the definitions and the events that the standard does not know."""


def schema() -> JsonObject:
    """The JSON Schema of conditions."""
    return conditions.condition_schema()


def context(ws: WorkspaceLike, kept_events: Iterable[str] = ()) -> Context:
    """What may be named in this workspace, its zone and its currency. Definitions are read anew when one changed."""
    kept = tuple(kept_events)
    # Asked for first: what is saved while they are read is read the next time.
    revision = ws.definitions.revision()
    found = _KNOWN.get(ws.definitions.state)
    if found is None or found[:2] != (revision, kept):
        names = workspace_names(
            ws.standard(),
            {item.name: item.body for item in ws.definitions.current("tag")},
            {item.name: item.body for item in ws.definitions.current("segment")},
            ws.touchpoints().values(),
            kept,
            [item.body for item in ws.definitions.current("list")],
        )
        found = _KNOWN[ws.definitions.state] = (revision, kept, names)
    return Context(found[2], ws.settings.time_zone, ws.settings.currency)


def condition_of(body: Mapping[str, Any]) -> Condition:
    """The condition of a segment's definition. Raises ConditionError."""
    return parse_segment(body).when


def findings(data: JsonObject, ctx: Context, name: str | None = None) -> tuple[Condition | None, list[Finding]]:
    """The condition, or None, and everything that is wrong with it. `name`: the segment that it is to be."""
    try:
        condition = parse_condition(data)
    except ConditionError as error:
        return None, [finding(problem) for problem in error.problems]
    found = conditions.check(condition, ctx.names, name)
    return (None if found else condition), [finding(problem) for problem in found]


def checked(data: JsonObject, ctx: Context, name: str) -> Condition:
    """The condition of the segment to be saved. Raises Invalid with every problem."""
    condition, problems = findings(data, ctx, name)
    if condition is None:
        raise Invalid("the condition can't be used as written", code="condition", where="condition", problems=problems)
    return condition


def read_back(condition: Condition, ctx: Context) -> Titles:
    """The condition in words."""
    return Titles(zh=sentence(condition, "zh", ctx.names), en=sentence(condition, "en", ctx.names))


@dataclass(frozen=True, slots=True)
class Counted:
    """How many customers a condition selects, the first few of them, and the sizes of its parts.

    `between`: of an estimate, where the size lies.
    """

    size: int
    sample: list[int]
    parts: list[Figure]
    seconds: float
    between: tuple[int, int] | None = None


def count(
    session: Session,
    condition: Condition,
    ctx: Context,
    at: datetime,
    *,
    with_parts: bool,
    index: BehaviourIndex | None = None,
    some: Sample | None = None,
) -> Counted:
    """Evaluate a condition for all customers, together with its parts in the same pass. `some`: for these only, and
    estimate the sizes from them."""
    started = time.perf_counter()
    places = ["", *(place for place, _ in _parts(condition))] if with_parts else [""]
    asked = [condition, *(part for _, part in _parts(condition))]
    named = {f"c{index}": part for index, part in enumerate(asked[: len(places)])}
    if some is None:
        table = conditions.compile_conditions(named, at, Scope.all(), ctx).run(
            session, index.view if index is not None else None
        )
    else:
        table = _of_some(session, named, ctx, at, index, some)
    found = [int(pc.sum(table.column(name)).as_py() or 0) for name in named]
    sizes = found if some is None else [some.size(one) for one in found]
    members = table.column("customer_id").filter(table.column("c0"))
    return Counted(
        sizes[0],
        sorted(members.slice(0, SAMPLE).to_pylist()),
        [Figure(place=place, size=size) for place, size in zip(places[1:], sizes[1:], strict=True)],
        time.perf_counter() - started,
        None if some is None else some.between(found[0]),
    )


def _of_some(
    session: Session,
    named: Mapping[str, Condition],
    ctx: Context,
    at: datetime,
    index: BehaviourIndex | None,
    some: Sample,
) -> pa.Table:
    """(customer_id, a truth for each condition) of these customers: what they did from the index, as a tick reads it,
    where it has that; the rest by a query."""
    present = present_of(session, some.customers)
    scope = Scope.customers(PRESENT, owned=OWNED)
    state = index.state(session) if index is not None else None
    if state is not None:
        program = Program(named, ctx)
        if state.has(program.further):
            found = answered(session, program, program.rest(at, scope), state, present, at)
            return pa.table({"customer_id": found.customers, **found.holds})
    return conditions.compile_conditions(named, at, scope, ctx).run(session)


def why_segment(
    ws: WorkspaceLike, session: Session, customer_id: int, name: str, at: datetime, view: Shown
) -> SegmentWhy:
    """Why the customer is in the segment or not, at this instant; figures as the caller may see them."""
    item = ws.definitions.get("segment", name)
    if item is None:
        raise NotFound("there is no such segment", where=name, code="segment-unknown")
    ctx = context(ws)
    tree = conditions.explain_condition(condition_of(item.body), customer_id, at, session, ctx, ws.behaviour)
    return SegmentWhy(segment=name, member=tree.holds, at=at, reason=reason(tree, ctx, view))


def why_tag(
    ws: WorkspaceLike, session: Session, customer_id: int, name: str, at: datetime, view: Shown, *, past: bool = False
) -> TagWhy:
    """Why the customer has this value of the tag: the definition in words, figures, events, rules.

    `past`: read other tags as they were at the instant.
    """
    item = ws.definitions.get("tag", name)
    if item is None:
        raise NotFound("there is no such tag", where=name, code="tag-unknown")
    ctx = replace(context(ws), past_tags=past)
    tag = parse_tag(item.body)
    found = explain_tag(tag, customer_id, at, session, ctx, ws.behaviour)
    value = ", ".join(found.values) if found.values else found.value
    has = found.values or ([] if found.value is None else [found.value])
    figures = [
        _leaf("figure", _figure_titles(name, ctx), _figure(figure))
        for name, figure in shown_found(tag, found.found, view).items()
        if figure not in (None, [], {})
    ]
    rules = [
        _leaf("rule", Titles(zh=text, en=text), None, holds=why.holds, children=[reason(why, ctx, view)])
        for text, why in found.rules
    ]
    if isinstance(tag, LearnedTag) and not past:
        figures += score_reasons(ws, session, name, customer_id, ctx)
    words = Titles(zh=tag_sentence(tag, "zh", ctx.names), en=tag_sentence(tag, "en", ctx.names))
    figure = None if found.number is None else f"{found.number:g}"
    return TagWhy(
        tag=name,
        value=value,
        value_title=_value_title(has, value_titles(ctx.names, f"tag:{name}", has)),
        at=at,
        reason=_leaf(tag.kind, words, figure, events=found.events, children=[*figures, *rules]),
    )


def _value_title(values: Sequence[str], words: Mapping[str, Titles]) -> Titles | None:
    """What the values are called together; None where they are called as they are kept."""
    if not any(value in words for value in values):
        return None
    known = [words.get(value, Titles(zh=value, en=value)) for value in values]
    return Titles(zh="、".join(one.zh for one in known), en=", ".join(one.en for one in known))


def _leaf(
    kind: str,
    words: Titles,
    figure: str | None,
    *,
    holds: bool | None = None,
    events: Sequence[str] = (),
    children: Sequence[Reason] = (),
) -> Reason:
    return Reason(
        kind=kind,
        place="",
        sentence=words,
        holds=holds,
        figure=figure,
        event_ids=list(events),
        children=list(children),
    )


_FIGURES = {
    "recency": Titles(zh="距上次购买（天）", en="Days since the last purchase"),
    "frequency": Titles(zh="购买次数", en="Purchases"),
    "monetary": Titles(zh="购买金额", en="Money spent"),
    "cut of recency": Titles(zh="天数的界限", en="Days: cut at"),
    "cut of frequency": Titles(zh="次数的界限", en="Purchases: cut at"),
    "cut of monetary": Titles(zh="金额的界限", en="Money: cut at"),
    "imported": Titles(zh="导入时间", en="Imported"),
    "cuts": Titles(zh="分层界限", en="Cuts between layers"),
    "average shares": Titles(zh="全体客户的平均占比", en="Average shares among all customers"),
}


_FIGURE_HEADS = {
    "days since the last: ": Titles(zh="距上一次的天数：", en="Days since the last: "),
    "quiet after days: ": Titles(zh="超过多少天算沉默：", en="Quiet after days: "),
}


def _figure_titles(name: str, ctx: Context) -> Titles:
    for head, words in _FIGURE_HEADS.items():
        if name.startswith(head):
            rest = name.removeprefix(head)
            return Titles(zh=words.zh + rest, en=words.en + rest)
    return _FIGURES.get(name) or titles(ctx.names.titles.get(f"attribute:{name}"), name)


def reason(tree: conditions.Reason, ctx: Context, view: Shown) -> Reason:
    """A tree of reasons as the caller may see it."""
    figure = shown_figure(tree.condition, tree.figure, view)
    return Reason(
        kind=tree.what,
        place=tree.place,
        sentence=read_back(tree.condition, ctx),
        holds=tree.holds,
        figure=None if figure is None else _figure(figure),
        event_ids=tree.events,
        children=[reason(part, ctx, view) for part in tree.parts],
    )


def finding(problem: Problem) -> Finding:
    """A problem of the audience package in the shape of the API, in both languages."""
    return Finding(place=problem.place, message=in_both(problem.message), suggestion=problem.suggestion)


def _figure(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return ", ".join(_figure(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_figure(item)}" for name, item in value.items())
    return str(value)


def _parts(condition: Condition, place: str = "") -> list[tuple[str, Condition]]:
    """Every group and leaf below the condition with its place, and how far a sequence is followed: its first steps."""
    found: list[tuple[str, Condition]] = []
    if isinstance(condition, SequenceLeaf):
        for number, one in enumerate(condition.sequence):
            # What may not come between two steps says nothing before the second one.
            if isinstance(one, DidStep) or one.for_ is not None or one is condition.sequence[-1]:
                begun = condition.model_copy(update={"sequence": condition.sequence[: number + 1]})
                found.append((f"{place}.sequence[{number}]" if place else f"sequence[{number}]", begun))
    for step, part in children(condition):
        where = f"{place}.{step}" if place else step
        found.append((where, part))
        found.extend(_parts(part, where))
    return found
