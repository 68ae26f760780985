"""What a journey's condition means for one run: the same condition with the run's own values put in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from onepool.audience.conditions.anchors.model import is_reference, references
from onepool.audience.conditions.model import (
    All,
    AnyOf,
    AttributeLeaf,
    Condition,
    DidLeaf,
    DidNotLeaf,
    NodeAnchor,
    Not,
    Predicate,
    SequenceLeaf,
    TagLeaf,
)
from onepool.audience.conditions.names import Context, find_field
from onepool.audience.conditions.reference import History, holds
from onepool.audience.conditions.texts import read_text, reading
from onepool.clock import from_micros

_TAGS = {"text": "VARCHAR", "number": "DOUBLE", "list": "VARCHAR[]"}
_NEVER = Predicate.model_validate({"is_set": True, "is_unset": True})


@dataclass(frozen=True)
class Run:
    """A run: when it entered and came to nodes (microseconds), what it carries (`$trigger.x` -> canonical text)."""

    entered: int
    nodes: Mapping[str, int] = field(default_factory=dict)
    carries: Mapping[str, str | None] = field(default_factory=dict)


def run_holds(condition: Condition, history: History, run: Run, at: datetime, ctx: Context) -> bool:
    """Whether the condition is true of this customer's run at this instant."""
    match condition:
        case All():
            return all(run_holds(part, history, run, at, ctx) for part in condition.all)
        case AnyOf():
            return any(run_holds(part, history, run, at, ctx) for part in condition.any)
        case Not():
            return not run_holds(condition.not_, history, run, at, ctx)
        case AttributeLeaf():
            bound = _bound(condition, str(ctx.names.attributes[condition.attribute]), run, ctx)
            return bound is not _NEVER and holds(_as(condition, bound), history, at, ctx)
        case TagLeaf():
            bound = _bound(condition, _TAGS[ctx.names.tags[condition.tag].type], run, ctx)
            return bound is not _NEVER and holds(_as(condition, bound), history, at, ctx)
        case DidLeaf() | DidNotLeaf():
            history = _since(condition.since, history, run)
            where = _where(condition.where, run, ctx)
            return holds(condition.model_copy(update={"where": where, "since": None}), history, at, ctx)
        case SequenceLeaf():
            steps = [step.model_copy(update={"where": _where(step.where, run, ctx)}) for step in condition.sequence]
            bare = condition.model_copy(update={"sequence": steps, "since": None})
            return holds(bare, _since(condition.since, history, run), at, ctx)
    return holds(condition, history, at, ctx)


def _since(since: Any, history: History, run: Run) -> History:
    """What happened at or after the run's entry, or its coming to a node; all of it where nothing is said."""
    if since is None:
        return history
    start = run.nodes.get(since.node) if isinstance(since, NodeAnchor) else run.entered
    kept = [event for event in history.events if start is not None and event.time >= start]
    moves = [move for move in history.moves if start is not None and move.time >= start]
    return replace(history, events=kept, moves=moves)


def _as(leaf: Predicate, bound: Predicate) -> Any:
    return leaf.model_copy(update={name: getattr(bound, name) for name in Predicate.model_fields})


def _where(where: Mapping[str, Predicate] | None, run: Run, ctx: Context) -> dict[str, Predicate] | None:
    if where is None:
        return None
    return {name: _bound(predicate, find_field(name, ctx.names).type, run, ctx) for name, predicate in where.items()}


def _bound(predicate: Predicate, sql_type: str, run: Run, ctx: Context) -> Predicate:
    """The predicate with values in the place of references; one that nothing passes where a value is missing."""
    update: dict[str, Any] = {}
    for name, info in Predicate.model_fields.items():
        operand = getattr(predicate, name)
        if not references(operand):
            continue
        values = [
            _value(run.carries.get(one), info.alias or name, sql_type, ctx) if is_reference(one) else one
            for one in (operand if isinstance(operand, list) else [operand])
        ]
        if None in values:
            return _NEVER
        update[name] = values if isinstance(operand, list) else values[0]
    return predicate.model_copy(update=update) if update else predicate


def _value(text: str | None, test: str, sql_type: str, ctx: Context) -> Any:
    if text is None:
        return None
    if test in ("before", "after"):
        instant = read_text(text, "TIMESTAMPTZ", ctx.tz)
        return None if instant is None else from_micros(instant).isoformat()
    if sql_type == "VARCHAR[]":
        return text
    if sql_type == "JSON":
        kind = reading(test, "")
        return {"number": lambda: read_text(text, "DOUBLE", ctx.tz)}.get(kind, lambda: text)()
    return read_text(text, sql_type, ctx.tz)
