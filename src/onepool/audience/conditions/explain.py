"""Why a condition holds for one customer or not: every leaf with its truth, the figure found, the events behind it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from onepool.audience.conditions.compiler.plan import Compiler
from onepool.audience.conditions.compiler.scope import Scope
from onepool.audience.conditions.compiler.sql import E, named
from onepool.audience.conditions.compiler.steps import bound, with_steps
from onepool.audience.conditions.model import HEADS, All, AnyOf, Condition, Not, SegmentLeaf, SequenceLeaf, children
from onepool.audience.conditions.names import Context
from onepool.audience.conditions.reason import Reason
from onepool.audience.conditions.sequence.explain import sequence_reason
from onepool.pool import Session


def explain_condition(condition: Condition, customer_id: int, at: datetime, session: Session, ctx: Context) -> Reason:
    """The tree of reasons for one customer at one instant, from the same plan that decides membership."""
    compiler = Compiler(at, Scope.one(customer_id), ctx, evidence=True)
    compiler.condition(condition)
    columns: list[E] = []
    for name, leaf in compiler.leaves.values():
        columns.append(named(leaf.truth, name))
        if leaf.figure is not None:
            columns.append(named(leaf.figure, f"{name}_figure"))
        if leaf.evidence is not None:
            columns.append(named(leaf.evidence, f"{name}_events"))
    for one in compiler.prepared():
        one.run(session)
    text = with_steps([*compiler.sources(), ("reasons", compiler.joined(*columns))]).sql("duckdb")
    row = session.query(text, bound(text, compiler.params.values)).to_pylist()[0]
    return _reason(condition, "", row, compiler)


def _reason(condition: Condition, place: str, row: dict[str, Any], compiler: Compiler) -> Reason:
    match condition:
        case All() | AnyOf() | Not():
            parts = [
                _reason(part, f"{place}.{step}" if place else step, row, compiler) for step, part in children(condition)
            ]
            truths = [part.holds for part in parts]
            if isinstance(condition, Not):
                return Reason(place, "not", condition, not truths[0], parts=parts)
            every = isinstance(condition, All)
            return Reason(
                place, "all" if every else "any", condition, all(truths) if every else any(truths), parts=parts
            )
        case SegmentLeaf():
            own = compiler.ctx.names.segments[condition.segment]
            inner = _reason(own, "", row, compiler)
            return Reason(place, "segment", condition, inner.holds, parts=[inner])
        case SequenceLeaf():
            return sequence_reason(condition, place, compiler.sequences.traced(condition))
    name, _ = compiler.leaf(condition)
    what = next(iter(type(condition).model_fields.keys() & set(HEADS)))
    events = [str(one) for one in row.get(f"{name}_events") or ()]
    return Reason(place, what, condition, row[name], row.get(f"{name}_figure"), events)
