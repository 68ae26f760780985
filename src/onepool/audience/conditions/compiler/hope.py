"""Of whom conditions hold, or may come to hold by time alone: everybody else needs no row where few are asked for.

Events leave a sliding window and none come into it, so who has too few of them has too few until something happens; the
opposite of a leaf may come true at any time. Queries and arrays leave out the same customers by this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from onepool.audience.conditions.compiler.sql import E, both, either, paren
from onepool.audience.conditions.model import All, AnyOf, Condition, Leaf, Not, SegmentLeaf

Hope = Callable[[Leaf, bool], E | None]
"""Of whom a leaf is or may become true (or false); None: anybody."""


def hope_of_any(conditions: Iterable[Condition], segments: Mapping[str, Condition], of_leaf: Hope) -> E | None:
    """Of whom any of them does or may hold; None: of anybody."""
    found = [hope(one, segments, of_leaf) for one in conditions]
    return _any(found) if found else None


def hope(condition: Condition, segments: Mapping[str, Condition], of_leaf: Hope, *, true: bool = True) -> E | None:
    """Of whom the condition is or may become true (or false: `true=False`). Segments are known and not in a circle."""
    match condition:
        case Not():
            return hope(condition.not_, segments, of_leaf, true=not true)
        case SegmentLeaf():
            return hope(segments[condition.segment], segments, of_leaf, true=true)
        case All() | AnyOf():
            parts = condition.all if isinstance(condition, All) else condition.any
            found = [hope(part, segments, of_leaf, true=true) for part in parts]
            if isinstance(condition, All) == true:
                known = [one for one in found if one is not None]
                return paren(both(*known)) if known else None
            return _any(found)
    return of_leaf(condition, true)


def _any(found: list[E | None]) -> E | None:
    known = [one for one in found if one is not None]
    return paren(either(*known)) if len(known) == len(found) else None
