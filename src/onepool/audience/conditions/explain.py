"""Why a condition holds for one customer or not: every leaf with its truth, the figure found, the events behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np

from onepool.audience.conditions.compiler.needs import ALWAYS, GATHERED, columns_in
from onepool.audience.conditions.compiler.plan import Compiler
from onepool.audience.conditions.compiler.scope import Scope
from onepool.audience.conditions.compiler.sql import E, named
from onepool.audience.conditions.compiler.steps import bound, text_of
from onepool.audience.conditions.model import (
    HEADS,
    All,
    AnyOf,
    Condition,
    DidLeaf,
    DidNotLeaf,
    Not,
    SegmentLeaf,
    SequenceLeaf,
    children,
)
from onepool.audience.conditions.moves.explain import move_reasons
from onepool.audience.conditions.moves.model import MOVES
from onepool.audience.conditions.names import Context
from onepool.audience.conditions.reason import Reason
from onepool.audience.conditions.sequence.explain import sequence_reason
from onepool.pool import Session
from onepool.pool.behaviour import BehaviourIndex, State
from onepool.pool.timeline import event_ids

LEAST_EVENTS = 2_000_000
"""Of a pool with fewer, a customer's events are found sooner by a scan than brought together from the index."""


def state_of(session: Session, index: BehaviourIndex | None) -> State | None:
    """The index as the session sees it, where it is the shorter way to one customer's events."""
    state = index.state(session) if index is not None else None
    return state if state is not None and state.base.manifest.events >= LEAST_EVENTS else None


def explain_condition(
    condition: Condition,
    customer_id: int,
    at: datetime,
    session: Session,
    ctx: Context,
    index: BehaviourIndex | None = None,
) -> Reason:
    """The tree of reasons for one customer at one instant, from the same plan that decides membership.

    `index`: where the customer's events are found at once; without it the table is searched.
    """
    (found,) = explain_conditions([condition], customer_id, at, session, ctx, index)
    return found


def explain_conditions(
    conditions: Sequence[Condition],
    customer_id: int,
    at: datetime,
    session: Session,
    ctx: Context,
    index: BehaviourIndex | None = None,
) -> list[Reason]:
    """The reasons of several conditions, as `explain_condition` gives them, asked at once; in their order."""
    state = state_of(session, index)
    scope = Scope.one(customer_id)
    if state is not None:
        compiler = _compiler(conditions, at, scope.reading(GATHERED), ctx)
        steps = [*compiler.sources(), *(step for one in compiler.prepared() for step in one.steps())]
        columns = columns_in(steps, ctx.names.columns)
        if state.has(columns):
            events = state.gather(np.array([customer_id]), sorted(ALWAYS | columns), compiler.starts())
            session.relation(GATHERED, events.drop_columns(["customer_id"]))
            return with_event_ids(session, _explained(conditions, session, compiler), customer_id, index)
    return _explained(conditions, session, _compiler(conditions, at, scope, ctx))


def with_event_ids(
    session: Session, reasons: list[Reason], customer: int, index: BehaviourIndex | None
) -> list[Reason]:
    """Reasons whose events are named by their seqs, with their ids instead."""
    seqs = [seq for reason in reasons for seq in _seqs(reason)]
    if not seqs:
        return reasons
    ids = event_ids(session, list(dict.fromkeys(seqs)), customer=customer, index=index)
    return [_renamed(reason, ids) for reason in reasons]


def _seqs(reason: Reason) -> Iterator[int]:
    yield from (int(one) for one in reason.events)
    for part in reason.parts:
        yield from _seqs(part)


def _renamed(reason: Reason, ids: Mapping[int, str]) -> Reason:
    parts = [_renamed(part, ids) for part in reason.parts]
    return replace(reason, events=[ids[int(one)] for one in reason.events], parts=parts)


def _compiler(conditions: Sequence[Condition], at: datetime, scope: Scope, ctx: Context) -> Compiler:
    compiler = Compiler(at, scope, ctx, evidence=True)
    for condition in conditions:
        compiler.condition(condition)
    return compiler


def _explained(conditions: Sequence[Condition], session: Session, compiler: Compiler) -> list[Reason]:
    for one in compiler.prepared():
        one.run(session)
    text = text_of(compiler.narrowed(leaf_columns(compiler)))
    row = session.query(text, bound(text, compiler.params.values)).to_pylist()[0]
    return [reason_of(condition, "", row, compiler) for condition in conditions]


def leaf_columns(compiler: Compiler) -> list[E]:
    """What reasons are made of: each leaf's truth, figure and events."""
    columns: list[E] = []
    for name, leaf in compiler.leaves.values():
        columns.append(named(leaf.truth, name))
        if leaf.figure is not None:
            columns.append(named(leaf.figure, f"{name}_figure"))
        if leaf.evidence is not None:
            columns.append(named(leaf.evidence, f"{name}_events"))
    return columns


def reason_of(condition: Condition, place: str, row: Mapping[str, Any], compiler: Compiler) -> Reason:
    """The tree of reasons of a condition that the compiler has, from a customer's row of `leaf_columns`."""
    match condition:
        case All() | AnyOf() | Not():
            parts = [
                reason_of(part, f"{place}.{step}" if place else step, row, compiler)
                for step, part in children(condition)
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
            inner = reason_of(own, "", row, compiler)
            return Reason(place, "segment", condition, inner.holds, parts=[inner])
        case SequenceLeaf():
            return sequence_reason(condition, place, compiler.sequences.traced(condition))
    name, _ = compiler.leaf(condition)
    what = next(iter(type(condition).model_fields.keys() & set(HEADS)))
    if isinstance(condition, DidLeaf | DidNotLeaf) and condition.event in MOVES:
        parts = move_reasons(condition, place, row.get(f"{name}_events") or ())
        return Reason(place, what, condition, row[name], row.get(f"{name}_figure"), parts=parts)
    events = [str(one) for one in row.get(f"{name}_events") or ()]
    return Reason(place, what, condition, row[name], row.get(f"{name}_figure"), events)
