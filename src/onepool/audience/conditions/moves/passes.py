"""Moves between segments as rows of events, for the passes that measure events."""

from __future__ import annotations

from sqlglot import exp

from onepool.audience.conditions.compiler.scope import Scope, table
from onepool.audience.conditions.compiler.sql import E, Params, col, named
from onepool.audience.conditions.moves.model import FIELD, MOVES, segments_moved
from onepool.audience.conditions.parts import Behaviour


def moved(event: str, behaviour: Behaviour, params: Params) -> E:
    """Whether a move is of the segments that are named."""
    return exp.In(this=col(FIELD), expressions=[params.text(one) for one in segments_moved(event, behaviour)])


def moves_of(event: str, scope: Scope, params: Params) -> exp.Subquery:
    """The moves of those in scope, with the columns that measures of events read: the customer's own, as they were
    decided; who went up in another customer has none."""
    there = exp.In(this=col("customer_id"), query=exp.select(col("customer_id")).from_(table(scope.owners)).subquery())
    found = exp.select(
        col("customer_id"),
        named(params.text(event), "event"),
        named(col("at"), "time"),
        named(col("change_id"), "seq"),
        named(exp.cast(exp.null(), "UUID"), "event_id"),
        col(FIELD),
    )
    same = exp.EQ(this=col("change"), expression=exp.Literal.string(MOVES[event]))
    return found.from_(table("segment_changes")).where(same, there).subquery("moves")
