"""Segments as they were: evaluated anew from all history, with the conditions of now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from onepool.audience.conditions import Condition, Context, Scope, check, compile_conditions
from onepool.audience.conditions.compiler.steps import Views
from onepool.audience.portions import portions
from onepool.pool import Session


def sizes_at(
    session: Session, segments: Mapping[str, Condition], at: datetime, ctx: Context, views: Views | None = None
) -> dict[str, int]:
    """How many customers each segment had at the instant; nothing of those that can't be used. `views`: the behaviour
    index."""
    past = replace(ctx, past_tags=True)
    sizes: dict[str, int] = {}
    usable = [name for name, condition in segments.items() if not check(condition, ctx.names, name)]
    for some in portions(session, usable):
        plan = compile_conditions({name: segments[name] for name in some}, at, Scope.all(), past, sparse=True)
        found = plan.run(session, views)
        sizes |= {name: int(pc.sum(found.column(name)).as_py() or 0) for name in some}
    return sizes


def members_at(session: Session, condition: Condition, at: datetime, ctx: Context) -> pa.Table:
    """Who fulfilled a condition at the instant: customer_id, ascending. `ctx`: says of when tags are."""
    found = compile_conditions({"member": condition}, at, Scope.all(), ctx, sparse=True).run(session)
    return found.filter(found.column("member")).select(["customer_id"]).sort_by("customer_id")
