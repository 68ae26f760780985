"""Set algebra over customers: and, or, not; every exclusive intersection of a few sets; how alike two sets are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from pyroaring import BitMap64

from onepool.audience.sets import Members

MOST_SETS = 6
"""So many sets have at most 63 exclusive intersections, which is what an UpSet plot can show."""


@dataclass(frozen=True, slots=True)
class One:
    """A set by its kind and name: a segment, a list, or the customers whose tag has `value`."""

    kind: str
    name: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Every:
    """Who is in all of the parts."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """Who is in at least one of the parts."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Without:
    """All customers but these."""

    part: Expression


Expression: TypeAlias = One | Every | Some | Without


def leaves(expression: Expression) -> Iterator[One]:
    """The sets that are named, in order."""
    match expression:
        case One():
            yield expression
        case Every(parts) | Some(parts):
            for part in parts:
                yield from leaves(part)
        case Without(part):
            yield from leaves(part)


def evaluate(expression: Expression, lookup: Callable[[One], Members], everyone: Callable[[], Members]) -> Members:
    """The customers that an expression selects. `everyone` is asked for only where something is negated.

    In an `all`, what is negated is taken away from the rest: the complement is never built there.
    """
    match expression:
        case One():
            return lookup(expression)
        case Without(part):
            return everyone() - evaluate(part, lookup, everyone)
        case Some(parts):
            found = [evaluate(part, lookup, everyone) for part in parts]
            return BitMap64.union(*found) if len(found) > 1 else found[0]
        case Every(parts):
            wanted = [evaluate(part, lookup, everyone) for part in parts if not isinstance(part, Without)]
            result = everyone() if not wanted else sorted(wanted, key=len)[0]
            for members in sorted(wanted, key=len)[1:]:
                result = result & members
            for part in parts:
                if isinstance(part, Without):
                    result = result - evaluate(part.part, lookup, everyone)
            return result
    raise AssertionError(expression)


@dataclass(frozen=True, slots=True)
class Cell:
    """Who is in all sets of `inside` and in none of `outside`; together these name every set, in the order given."""

    inside: tuple[str, ...]
    outside: tuple[str, ...]
    members: Members


def exclusive(sets: Mapping[str, Members]) -> list[Cell]:
    """The exclusive intersections of up to six sets that anybody is in, the largest first.

    Their sizes add up to the size of the union. The union is split by one set after the other, so the work is the
    size of the union times the number of sets, not two to their number. Raises ValueError for more sets.
    """
    if len(sets) > MOST_SETS:
        raise ValueError(f"at most {MOST_SETS} sets can be compared")
    union = BitMap64()
    for members in sets.values():
        union |= members
    cells: list[tuple[frozenset[str], Members]] = [(frozenset(), union)] if union else []
    for name, members in sets.items():
        split = []
        for inside, cell in cells:
            if both := cell & members:
                split.append((inside | {name}, both))
            if rest := cell - members:
                split.append((inside, rest))
        cells = split
    found = [
        Cell(tuple(n for n in sets if n in inside), tuple(n for n in sets if n not in inside), cell)
        for inside, cell in cells
    ]
    return sorted(found, key=lambda cell: (-len(cell.members), cell.outside))


def jaccard(a: Members, b: Members) -> float | None:
    """The size of the intersection over that of the union (Jaccard 1901), 0 to 1; None for two empty sets."""
    union = a.union_cardinality(b)
    return a.intersection_cardinality(b) / union if union else None
