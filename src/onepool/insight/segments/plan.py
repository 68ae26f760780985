"""What saving a segment would do: who enters, who leaves, what follows for everything that uses it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt

from onepool.audience.conditions import Condition, Context, Scope, compile_conditions
from onepool.audience.conditions.check import segments_of
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
    session: Session, name: str | None, condition: Condition, ctx: Context, at: datetime, *, sample: int = SAMPLE
) -> SegmentPlan:
    """What it would mean to give the segment `name` (None, or one that is not there: a new one) this condition.

    `condition` must have been checked against `ctx.names`. Segments that use `name`, directly or through others, are
    evaluated both ways too.
    """
    started = time.perf_counter()
    known = ctx.names.segments
    current = known.get(name) if name is not None else None
    asked: dict[str, Condition] = {"after": condition}
    if current is not None:
        asked["before"] = current
    dependents = [] if name is None or current is None else dependents_of(name, known)
    for number, one in enumerate(dependents):
        asked[f"before{number}"] = known[one]
        asked[f"after{number}"] = replaced(known[one], {name or "": condition}, known)
    plan = compile_conditions(asked, at, Scope.all(), ctx)
    table = plan.run(session)
    ids = table.column("customer_id").to_numpy()
    masks: dict[str, _Mask] = {
        key: np.asarray(table.column(key).combine_chunks().fill_null(False).to_numpy(zero_copy_only=False), np.bool_)
        for key in asked
    }
    after = masks["after"]
    before = masks.get("before", np.zeros_like(after))
    return SegmentPlan(
        at=at,
        customers=int(ids.size),
        before=int(before.sum()) if current is not None else None,
        after=int(after.sum()),
        entered=int((after & ~before).sum()),
        left=int((before & ~after).sum()),
        sample_entered=_lowest(ids[after & ~before], sample),
        sample_left=_lowest(ids[before & ~after], sample),
        dependents=[
            _dependent(one, masks[f"before{number}"], masks[f"after{number}"]) for number, one in enumerate(dependents)
        ],
        differences=differences(current, condition) if current is not None else [],
        steps=[step for step, _ in plan.steps],
        seconds=time.perf_counter() - started,
    )


def dependents_of(name: str, segments: Mapping[str, Condition]) -> list[str]:
    """The segments that use a segment, directly or through others, sorted."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        used = waiting.pop()
        for other, condition in segments.items():
            if other not in found and other != name and used in {segment for _, segment in segments_of(condition)}:
                found.add(other)
                waiting.append(other)
    return sorted(found)


def replaced(condition: Condition, new: Mapping[str, Condition], segments: Mapping[str, Condition]) -> Condition:
    """The condition with these segments' conditions put in their place, also where other segments lead to them."""
    match condition:
        case All():
            return All.model_construct(all=[replaced(part, new, segments) for part in condition.all])
        case AnyOf():
            return AnyOf.model_construct(any=[replaced(part, new, segments) for part in condition.any])
        case Not():
            return Not.model_construct(not_=replaced(condition.not_, new, segments))
        case SegmentLeaf():
            if condition.segment in new:
                return new[condition.segment]
            inner = segments.get(condition.segment)
            # A circle can't be saved; should one be there all the same, it stays what it is.
            others = {name: one for name, one in segments.items() if name != condition.segment}
            return condition if inner is None else replaced(inner, new, others)
    return condition


def _dependent(name: str, before: _Mask, after: _Mask) -> Dependent:
    return Dependent(
        name, int(before.sum()), int(after.sum()), int((after & ~before).sum()), int((before & ~after).sum())
    )


def _lowest(ids: npt.NDArray[np.int64], count: int) -> list[int]:
    found: list[int] = np.sort(ids)[:count].tolist()
    return found
