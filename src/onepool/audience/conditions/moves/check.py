"""Faults of what is asked of entering and leaving segments."""

from __future__ import annotations

from collections.abc import Sequence

from onepool.audience.conditions.errors import Problem
from onepool.audience.conditions.model import DidLeaf, DidNotLeaf
from onepool.audience.conditions.moves.model import FIELD, MOVES, segments_moved

_TESTS = {("is",), ("in",)}
_FIGURES = ("times", "days")


def check_move(leaf: DidLeaf | DidNotLeaf, place: str, problems: list[Problem]) -> None:
    """Which segments are named, and that nothing is asked that such an event does not have. Whether the segments are
    there is for the caller to say."""
    where = leaf.where or {}
    for name in where:
        if name != FIELD:
            problems.append(Problem(_at(place, "where", name), f"the event {leaf.event} has no such field", FIELD))
    predicate = where.get(FIELD)
    if predicate is None or tuple(name for name, _ in predicate.tests()) not in _TESTS:
        problems.append(Problem(_at(place, "where", FIELD), f"say which segment: {FIELD}: {{is: …}} or {{in: […]}}"))
    if leaf.at is not None:
        problems.append(Problem(_at(place, "at"), f"{leaf.event} happens on no channel and at no touchpoint"))
    asked = leaf.figure()
    if asked is not None and asked[0] not in _FIGURES:
        problems.append(Problem(_at(place, asked[0]), f"of {leaf.event} only times and days are counted"))
    for word in ("first", "last"):
        if isinstance(leaf, DidLeaf) and getattr(leaf, word):
            problems.append(Problem(_at(place, word), f"{word} can't be asked of {leaf.event}"))


def not_here(event: str, place: str, head: str) -> Problem | None:
    """That such an event can't be asked for at this place; None for other events."""
    if event not in MOVES:
        return None
    return Problem(_at(place, head), f"{event} can be asked for by did and did_not of a condition, not here")


def _at(*steps: str) -> str:
    return ".".join(step for step in steps if step)


def moved_names(leaf: DidLeaf | DidNotLeaf) -> Sequence[str]:
    """The segments it names, each once."""
    return list(dict.fromkeys(segments_moved(leaf.event, leaf)))
