"""The events of the customers that a tick touched, brought together from the behaviour index for all definitions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt
from sqlglot import exp

from onepool.audience.conditions import Scope
from onepool.audience.conditions.compiler.needs import ALWAYS, GATHERED, Starts, columns_in, together
from onepool.audience.conditions.compiler.steps import Prepared
from onepool.audience.conditions.names import Context
from onepool.pool import Session
from onepool.pool.behaviour import BehaviourIndex, State

I64 = npt.NDArray[np.int64]

_ARRIVED = "_arrived_events"
_SHARE, _LEAST = 20, 200_000
"""Customers with more events than a twentieth of all are read from the table: then a scan costs less."""


class Readable(Protocol):
    """What conditions and tags are compiled to."""

    @property
    def steps(self) -> list[tuple[str, exp.Query]]: ...

    @property
    def starts(self) -> Starts: ...


class Work(Protocol):
    """Something to be done by a plan."""

    @property
    def plan(self) -> Readable: ...


W = TypeVar("W", bound=Work)


def columns_of(plans: Sequence[Readable], ctx: Context) -> frozenset[str]:
    """The columns of `events` that plans name, besides those that every index has."""
    steps = [step for plan in plans for step in plan.steps]
    for plan in plans:
        before: Sequence[Prepared] = getattr(plan, "before", ())
        steps += [step for one in before for step in one.steps()]
    return columns_in(steps, ctx.names.columns)


def gathered(
    session: Session,
    index: BehaviourIndex | None,
    customers: I64,
    scope: Scope,
    columns: Callable[[Sequence[W]], frozenset[str]],
    work: Callable[[Scope], list[W]],
) -> tuple[list[W], State | None]:
    """Work for some customers whose plans read events from a relation that is made here, where the index has them, and
    from the table otherwise; and the index's state in the first case. `columns`: those besides the core ones that such
    work reads."""
    state = index.state(session) if index is not None else None
    small = state is not None and state.rows_of(customers) <= max(_LEAST, state.base.manifest.events // _SHARE)
    some = work(scope.reading(GATHERED) if small else scope)
    if index is None:
        return some, None
    named = columns(some)
    index.want(named)
    if state is None or not small:
        return some, None
    if not state.has(named):
        return work(scope), None
    if not any(one.plan.steps for one in some):
        return some, state
    starts = together(one.plan.starts for one in some)
    events = state.gather(customers, sorted(ALWAYS | named), starts)
    session.relation(_ARRIVED, events.drop_columns(["customer_id"]))
    # Every event name is a scan of its own, and the engine scans its own tables faster than Arrow from outside.
    session.execute(f"CREATE OR REPLACE TEMP TABLE {GATHERED} AS SELECT * FROM {_ARRIVED}")  # noqa: S608 constants
    return some, state
