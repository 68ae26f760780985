"""Why a customer has this value of a tag: the rule that gave it, the figures, the events behind it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlglot import exp

from onepool.audience.conditions.compiler.plan import Compiler
from onepool.audience.conditions.compiler.scope import Scope, union
from onepool.audience.conditions.compiler.sql import E, col, named, number
from onepool.audience.conditions.compiler.steps import with_steps
from onepool.audience.conditions.explain import explain_condition
from onepool.audience.conditions.model import Window
from onepool.audience.conditions.names import Context, find_field
from onepool.audience.conditions.reason import Reason
from onepool.audience.tags.compiler import compile_tags
from onepool.audience.tags.model import (
    AttributeTag,
    EventSource,
    FirstLastTag,
    MetricTag,
    PreferenceTag,
    StateTag,
    TagDefinition,
)
from onepool.audience.tags.preference import matching_rows
from onepool.pool import Session

EVIDENCE = 5


@dataclass(frozen=True)
class TagReason:
    """A tag's value for one customer (`values`: all of a preference) and what made it.

    `found`: figures by name (the attribute's text, cut points, shares of the population); `events`: up to five event
    ids, the deciding one first; `rules`: for a state, the rules up to the one that held, each with its reason.
    """

    tag: str
    value: str | None
    number: float | None
    values: list[str] | None
    found: dict[str, Any] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)
    rules: list[tuple[str, Reason]] = field(default_factory=list)


def explain_tag(tag: TagDefinition, customer_id: int, at: datetime, session: Session, ctx: Context) -> TagReason:
    """The value at an instant, with what made it. Raises PoolError when the pool can't be read."""
    plan = compile_tags({tag.tag: tag}, at, Scope.one(customer_id), ctx)
    rows = [row for row in plan.run(session).to_pylist() if row["tag"] == tag.tag]
    row = rows[0] if rows else {"value": None, "number": None, "list": None}
    found: dict[str, Any] = {}
    events: list[str] = []
    rules: list[tuple[str, Reason]] = []
    match tag:
        case AttributeTag():
            compiler = Compiler(at, Scope.one(customer_id), ctx)
            text = compiler.facts.value(tag.source.attribute)
            found[tag.source.attribute] = _one(session, compiler, [named(text, "text")])["text"]
        case FirstLastTag():
            events = _events(
                tag.source, tag.within, customer_id, at, session, ctx, tag.source.field, tag.take == "first"
            )
        case MetricTag():
            events = _events(tag.source, tag.within, customer_id, at, session, ctx)
        case PreferenceTag():
            events = _events(tag.source, tag.within, customer_id, at, session, ctx)
        case StateTag():
            for rule in tag.states:
                if rule.when is None:
                    continue
                reason = explain_condition(rule.when, customer_id, at, session, ctx)
                rules.append((rule.value, reason))
                if reason.holds:
                    break
    kept = plan.populations.get(tag.tag, {})
    if isinstance(tag, MetricTag):
        found["cuts"] = (
            [kept.get(str(place)) for place in range(len(kept))] if kept else list(tag.cut.at if tag.cut else [])
        )
    elif isinstance(tag, PreferenceTag) and kept:
        found["average shares"] = {value: kept[value] for value in row["list"] or () if value in kept}
    return TagReason(tag.tag, row["value"], row["number"], row["list"], found, events, rules)


def _one(session: Session, compiler: Compiler, columns: list[E]) -> dict[str, Any]:
    plan = with_steps([*compiler.sources(), ("answer", compiler.joined(*columns))])
    answer: dict[str, Any] = session.query(plan.sql("duckdb"), compiler.params.values).to_pylist()[0]
    return answer


def _events(
    source: EventSource,
    within: Window | None,
    customer_id: int,
    at: datetime,
    session: Session,
    ctx: Context,
    having: str | None = None,
    oldest: bool = False,
) -> list[str]:
    """Ids of matching events (that have the field), the latest first unless the oldest are asked for."""
    compiler = Compiler(at, Scope.one(customer_id), ctx)
    queries: list[exp.Query] = []
    for event in dict.fromkeys(source.did):
        rows = matching_rows(compiler, source, event, within)
        if having is not None:
            here = find_field(having, ctx.names)
            value = compiler.reader.json_value(here, "VARCHAR") if here.source == "json" else col(here.name)
            rows = rows.where(exp.Not(this=exp.Is(this=value, expression=exp.null())))
        queries.append(rows)
    order = [exp.Ordered(this=col(name), desc=not oldest) for name in ("time", "seq")]
    picked = exp.select(col("event_id")).from_(union(queries).subquery("rows")).order_by(*order).limit(number(EVIDENCE))
    plan = with_steps([*compiler.scope.steps(), ("picked", picked)])
    found = session.query(plan.sql("duckdb"), compiler.params.values)
    return [str(one) for one in found.column("event_id").to_pylist()]
