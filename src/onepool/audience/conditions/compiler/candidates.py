"""Of whom a condition can be true at all: those in certain steps, when everybody else has nothing that it asks for.

A customer without a single event of a name has not done it and will not have done it by time alone. So who fails one
part of an `all` for good needs no row, and the plan starts from the customers of one step instead of from all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from onepool.audience.conditions.model import (
    All,
    AnyOf,
    AttributeLeaf,
    Condition,
    DidLeaf,
    DidNotLeaf,
    Not,
    Predicate,
    SegmentLeaf,
    SequenceLeaf,
    TagLeaf,
)

Steps: TypeAlias = frozenset[str]
"""Names of steps with a row for each customer that counts: in none of them means false, now and later."""


def candidates(
    condition: Condition,
    segments: Mapping[str, Condition],
    step_of: Callable[[Condition], str],
    cost: Callable[[str], float],
    *,
    true: bool = True,
) -> Steps | None:
    """Steps that have everybody for whom the condition is, or may by time alone become, true (or false: `true=False`).

    None where it takes all customers. `step_of` names the step of a leaf, `cost` tells which of some is the smallest.
    """

    def of(part: Condition, wanted: bool) -> Steps | None:
        return candidates(part, segments, step_of, cost, true=wanted)

    match condition:
        case Not():
            return of(condition.not_, not true)
        case SegmentLeaf():
            return of(segments[condition.segment], true)
        case All() | AnyOf():
            parts = condition.all if isinstance(condition, All) else condition.any
            found = [of(part, true) for part in parts]
            every = isinstance(condition, All) == true
            return _fewest(found, cost) if every else _together(found)
        case DidLeaf() | SequenceLeaf():
            return frozenset({step_of(condition)}) if true else None
        case DidNotLeaf():
            return None if true else frozenset({step_of(condition)})
        case AttributeLeaf() | TagLeaf():
            return frozenset({step_of(condition)}) if _wants_value(condition) == true else None
    return None


def _wants_value(leaf: Predicate) -> bool | None:
    """Whether it is true only of a value, false only of one (is_unset), or neither."""
    tests = {test for test, _ in leaf.tests()}
    if tests == {"is_unset"}:
        return False
    return True if "is_unset" not in tests else None


def _fewest(found: Iterable[Steps | None], cost: Callable[[str], float]) -> Steps | None:
    known = [steps for steps in found if steps is not None]
    return min(known, key=lambda steps: (sum(cost(step) for step in steps), sorted(steps)), default=None)


def _together(found: Iterable[Steps | None]) -> Steps | None:
    steps = list(found)
    return None if None in steps else frozenset(step for one in steps if one is not None for step in one)
