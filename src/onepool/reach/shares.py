"""Who may send next at an account: priority classes, and within a class deficit round robin over journeys and
broadcasts (Shreedhar and Varghese, "Efficient fair queuing using deficit round-robin", 1995).

Transactional messages go first. Of what is left triggered messages get nine parts where scheduled ones wait too, which
get one: a busy journey slows a broadcast down and never stops it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

CLASSES: Final = (0, 1, 2)
"""Transactional, triggered, scheduled: the thousands of a message's priority."""

_WEIGHTS: Final = {1: 9.0, 2: 1.0}


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody with messages: `sender` is a journey's name or `broadcast:ID`; `count`: how many wait (at most as many
    as could be taken)."""

    sender: str
    level: int
    count: int
    weight: float = 1.0


def allot(most: int, waiting: Sequence[Waiting], deficits: Mapping[str, float]) -> tuple[list[int], dict[str, float]]:
    """How many each may send, in order, and what each is owed then. The sum is min(most, all that wait)."""
    taken = [0] * len(waiting)
    owed: dict[str, float] = {}
    left = most
    for place, one in enumerate(waiting):
        if one.level == 0:
            taken[place] = min(one.count, left)
            left -= taken[place]
    of_level = {level: [one for one in waiting if one.level == level] for level in CLASSES[1:]}
    classes = [
        Waiting(f"class:{level}", level, sum(one.count for one in mine), _WEIGHTS[level])
        for level, mine in of_level.items()
        if mine
    ]
    parts, debts = _round(left, classes, deficits)
    owed |= debts
    for one, part in zip(classes, parts, strict=True):
        mine = [place for place, other in enumerate(waiting) if other.level == one.level]
        counts, debts = _round(part, [waiting[place] for place in mine], deficits)
        owed |= debts
        for place, count in zip(mine, counts, strict=True):
            taken[place] = count
    return taken, owed


def _round(most: int, waiting: Sequence[Waiting], deficits: Mapping[str, float]) -> tuple[list[int], dict[str, float]]:
    """Share `most` by weight; what one can't use goes to the others. Who is owed most goes first: where there is less
    than one for each, all have their turn in the end."""
    debt = [deficits.get(one.sender, 0.0) for one in waiting]
    taken = [0] * len(waiting)
    left = most
    while left > 0 and (active := [place for place, one in enumerate(waiting) if taken[place] < one.count]):
        weights = sum(waiting[place].weight for place in active)
        share = left / weights
        for place in active:
            debt[place] += share * waiting[place].weight
        for place in sorted(active, key=lambda place: (-debt[place], waiting[place].sender)):
            count = min(int(debt[place] + 1e-9), waiting[place].count - taken[place], left)
            taken[place] += count
            debt[place] -= count
            left -= count
    owed = {
        one.sender: 0.0 if taken[place] >= one.count else round(min(debt[place], 1e6), 6)
        for place, one in enumerate(waiting)
    }
    return taken, owed
