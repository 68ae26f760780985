"""When somebody came into a segment or left it, as reasons."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from onepool.audience.conditions.compiler.sql import E, col, fn, micros
from onepool.audience.conditions.model import DidLeaf, DidNotLeaf, Predicate
from onepool.audience.conditions.moves.model import FIELD
from onepool.audience.conditions.reason import Reason
from onepool.clock import from_micros


def told() -> E:
    """A move as a text: its instant (microseconds) and its segment."""
    return fn("concat", micros(col("time")), exp.Literal.string(" "), col(FIELD))


def move_reasons(leaf: DidLeaf | DidNotLeaf, place: str, moves: Iterable[str]) -> list[Reason]:
    """A part for each of these moves, as `told` has them: that it happened, and when."""
    found = []
    for one in moves:
        time, _, segment = one.partition(" ")
        happened = DidLeaf(did=leaf.event, where={FIELD: Predicate.model_validate({"is": segment})})
        found.append(Reason(place, "did", happened, holds=True, figure=from_micros(int(time))))
    return found
