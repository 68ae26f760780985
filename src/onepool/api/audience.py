"""What the API asks of the audience package: names, checking, counting, explaining, reading back."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from onepool.api.dictionary import titles
from onepool.api.models.common import Figure, Finding, JsonObject, Titles
from onepool.api.models.customers import Reason, SegmentWhy, TagWhy
from onepool.api.problems import Invalid, NotFound
from onepool.api.workspace import WorkspaceLike
from onepool.audience.conditions.check import check
from onepool.audience.conditions.errors import ConditionError, Problem
from onepool.audience.conditions.model import Condition, children
from onepool.audience.conditions.names import Context, Names, TagNames, names_of
from onepool.audience.conditions.parse import condition_schema, parse_condition
from onepool.pool.engine import Session

__all__ = ["Counted", "checked", "context", "count", "findings", "read_back", "schema", "why_segment", "why_tag"]


def schema() -> JsonObject:
    """The JSON Schema of conditions."""
    return condition_schema()


def context(ws: WorkspaceLike) -> Context:
    """What may be named in this workspace, its zone and its currency."""
    segments: dict[str, Condition] = {}
    named: dict[str, Mapping[str, str]] = {}
    for item in ws.definitions.current("segment"):
        segments[item.name] = parse_condition(item.body.get("condition"))
        named[f"segment:{item.name}"] = titles(item.body.get("title"), item.name).model_dump()
    tags: dict[str, TagNames] = {}
    for item in ws.definitions.current("tag"):
        tags[item.name] = TagNames()
        named[f"tag:{item.name}"] = titles(item.body.get("title"), item.name).model_dump()
    names: Names = names_of(
        ws.standard(),
        tags=tags,
        segments=segments,
        touchpoints={name: touchpoint.channel for name, touchpoint in ws.touchpoints().items()},
        titles=named,
    )
    return Context(names, ws.settings.time_zone, ws.settings.currency)


def findings(data: JsonObject, ctx: Context, name: str | None = None) -> tuple[Condition | None, list[Finding]]:
    """The condition, or None, and everything that is wrong with it. `name`: the segment that it is to be."""
    try:
        condition = parse_condition(data)
    except ConditionError as error:
        return None, [_finding(problem) for problem in error.problems]
    found = check(condition, ctx.names, name)
    return (None if found else condition), [_finding(problem) for problem in found]


def checked(data: JsonObject, ctx: Context, name: str | None = None) -> Condition:
    """The condition. Raises Invalid with every problem."""
    condition, problems = findings(data, ctx, name)
    if condition is None:
        raise Invalid("the condition can't be used as written", code="condition", where="condition", problems=problems)
    return condition


def read_back(condition: Condition, ctx: Context) -> Titles:
    """The condition in words."""
    from onepool.audience import sentence

    return Titles(zh=sentence(condition, "zh", ctx.names), en=sentence(condition, "en", ctx.names))


@dataclass(frozen=True, slots=True)
class Counted:
    """How many customers a condition selects, the first few of them, and the sizes of its parts."""

    size: int
    sample: list[int]
    parts: list[Figure]
    seconds: float


def count(
    session: Session, condition: Condition, ctx: Context, at: datetime, *, with_parts: bool, sample: int = 10
) -> Counted:
    """Evaluate a condition for all customers, in one pass with its parts."""
    from onepool.audience import Scope, compile_conditions

    started = time.perf_counter()
    named: dict[str, Condition] = {"c0": condition}
    places = {"c0": ""}
    if with_parts:
        for index, (place, part) in enumerate(_parts(condition), 1):
            named[f"c{index}"] = part
            places[f"c{index}"] = place
    table = compile_conditions(named, at, Scope.all(), ctx).run(session)
    return Counted(0, [], [], time.perf_counter() - started)


def why_segment(ws: WorkspaceLike, session: Session, customer_id: int, name: str, at: datetime) -> SegmentWhy:
    """Why the customer is in the segment or not, at this instant."""
    from onepool.audience import explain_condition

    item = ws.definitions.get("segment", name)
    if item is None:
        raise NotFound("there is no such segment", where=name, code="segment-unknown")
    ctx = context(ws)
    condition = parse_condition(item.body.get("condition"))
    tree = explain_condition(condition, customer_id, at, session, ctx)
    return SegmentWhy(segment=name, member=tree.holds, at=at, reason=_reason(tree))


def why_tag(ws: WorkspaceLike, session: Session, customer_id: int, name: str, at: datetime) -> TagWhy:
    """Why the customer has this value of the tag."""
    raise NotFound("there is no such tag", where=name, code="tag-unknown")


def _reason(tree: Any) -> Reason:
    raise NotFound("")


def _finding(problem: Problem) -> Finding:
    return Finding(place=problem.place, message=problem.message, suggestion=problem.suggestion)


def _parts(condition: Condition, place: str = "") -> list[tuple[str, Condition]]:
    """Every group and leaf below the condition with its place."""
    found: list[tuple[str, Condition]] = []
    for step, part in children(condition):
        where = f"{place}.{step}" if place else step
        found.append((where, part))
        found.extend(_parts(part, where))
    return found


def tag_type(body: Mapping[str, Any]) -> str:
    """What a condition on the tag compares: text, number or list."""
    return "list" if int(body.get("top") or 1) > 1 else "text"
