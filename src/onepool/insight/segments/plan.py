"""What saving a segment would do: who enters, who leaves, what follows for everything that uses it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from onepool.audience.conditions import Condition, Context, Scope, canonical_text, compile_conditions
from onepool.audience.conditions.compiler.steps import Views
from onepool.audience.conditions.diff import Difference, differences
from onepool.audience.conditions.model import All, AnyOf, Not, SegmentLeaf
from onepool.pool import Session

SAMPLE = 10

_Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Dependent:
    """A segment whose members change with it."""

    segment: str
    before: int
    after: int
    entered: int
    left: int


@dataclass(frozen=True, slots=True)
class SegmentPlan:
    """Counts at one instant, both conditions evaluated over all customers and all of history in one pass.

    `before` is None for a new segment (everyone enters then). `sample_entered`, `sample_left`: customers' numbers, the
    lowest. `steps`: the named steps of the query that was run.
    """

    at: datetime
    customers: int
    before: int | None
    after: int
    entered: int
    left: int
    sample_entered: list[int]
    sample_left: list[int]
    dependents: list[Dependent]
    differences: list[Difference]
    steps: list[str] = field(default_factory=list)
    seconds: float = 0.0


def plan_segment(
    session: Session,
    name: str | None,
    condition: Condition,
    ctx: Context,
    at: datetime,
    *,
    sample: int = SAMPLE,
    views: Views | None = None,
) -> SegmentPlan:
    """What it would mean to give the segment `name` (None, or one that is not there: a new one) this condition.

    `condition` must have been checked against `ctx.names`. Segments that use `name`, directly or through others, are
    evaluated both ways too. `views`: of the behaviour index, where there is one.
    """
    current = ctx.names.segments
    key = name if name is not None else _NEW
    plans = plan_changes(
        session, current, {**current, key: condition}, ctx, at, always=[key], sample=sample, views=views
    )
    others = [
        Dependent(other, plan.before or 0, plan.after, plan.entered, plan.left)
        for other, plan in plans.items()
        if other != key
    ]
    return replace(plans[key], dependents=others)


_NEW = ""


def plan_changes(
    session: Session,
    current: Mapping[str, Condition],
    wanted: Mapping[str, Condition],
    ctx: Context,
    at: datetime,
    *,
    always: Sequence[str] = (),
    sample: int = SAMPLE,
    views: Views | None = None,
) -> dict[str, SegmentPlan]:
    """What it would mean to have the segments `wanted` in place of `current`, for each that differs, by name.

    A segment differs also when only one that it uses does; `always`: shown though nothing differs. All conditions of
    both sides are evaluated in one pass, so what they share is computed once. Tags are read as they are now.
    """
    started = time.perf_counter()
    pairs: dict[str, tuple[Condition | None, Condition]] = {}
    for name in sorted(wanted):
        before = inlined(current[name], current) if name in current else None
        after = inlined(wanted[name], wanted)
        if name in always or before is None or canonical_text(before) != canonical_text(after):
            pairs[name] = (before, after)
    asked: dict[str, Condition] = {}
    for number, (before, after) in enumerate(pairs.values()):
        asked[f"after{number}"] = after
        if before is not None:
            asked[f"before{number}"] = before
    if not asked:
        return {}
    plan = compile_conditions(asked, at, Scope.all(), ctx, sparse=True)
    table = plan.run(session, views)
    ids = table.column("customer_id").to_numpy()
    total = session.query("SELECT count(DISTINCT customer_id) AS n FROM customer_of")
    customers = int(total["n"][0].as_py())
    seconds = time.perf_counter() - started
    found = {}
    for number, (name, (before, _)) in enumerate(pairs.items()):
        inside = _mask(table, f"after{number}")
        was = np.zeros_like(inside) if before is None else _mask(table, f"before{number}")
        found[name] = SegmentPlan(
            at=at,
            customers=customers,
            before=None if before is None else int(was.sum()),
            after=int(inside.sum()),
            entered=int((inside & ~was).sum()),
            left=int((was & ~inside).sum()),
            sample_entered=_lowest(ids[inside & ~was], sample),
            sample_left=_lowest(ids[was & ~inside], sample),
            dependents=[],
            differences=[] if before is None else differences(current[name], wanted[name]),
            steps=[step for step, _ in plan.steps],
            seconds=seconds,
        )
    return found


def inlined(condition: Condition, segments: Mapping[str, Condition]) -> Condition:
    """The condition with the conditions of the segments that it names in their place, all the way down."""
    match condition:
        case All():
            return All.model_construct(all=[inlined(part, segments) for part in condition.all])
        case AnyOf():
            return AnyOf.model_construct(any=[inlined(part, segments) for part in condition.any])
        case Not():
            return Not.model_construct(not_=inlined(condition.not_, segments))
        case SegmentLeaf() if condition.segment in segments:
            # A circle can't be saved; should one be there all the same, it ends where it would close.
            others = {name: one for name, one in segments.items() if name != condition.segment}
            return inlined(segments[condition.segment], others)
    return condition


def _mask(table: pa.Table, name: str) -> _Mask:
    column = table.column(name).combine_chunks().fill_null(False)
    return np.asarray(column.to_numpy(zero_copy_only=False), np.bool_)


def _lowest(ids: npt.NDArray[np.int64], count: int) -> list[int]:
    found: list[int] = np.sort(ids)[:count].tolist()
    return found
