"""What people's decisions amount to: which are in force, and what they ask of the graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from onepool.identity.decisions import Decision


@dataclass(frozen=True)
class Rulings:
    """Pairs are ascending. `merges`: pair -> the decision that wants it."""

    merges: dict[tuple[int, int], int] = field(default_factory=dict)
    never: frozenset[tuple[int, int]] = frozenset()
    cuts: frozenset[tuple[int, int]] = frozenset()
    blocked: frozenset[int] = frozenset()


def in_force(decisions: Sequence[Decision]) -> Rulings:
    """The rulings that follow from all decisions, in order of their numbers.

    Of two about one pair the later holds; a merge also ends those that it names (`over`) and cuts of its own pair. One
    that overrules a limit has further `pairs`, so that nobody whom it joins is left out for that limit.
    """
    ordered = sorted(decisions, key=lambda one: one.id)
    undone: set[int] = set()
    for one in reversed(ordered):
        if one.kind == "undo" and one.undoes is not None and one.id not in undone:
            undone.add(one.undoes)
    standing = [one for one in ordered if one.kind != "undo" and one.id not in undone]
    over = {number for one in standing for number in one.over}
    merges: dict[tuple[int, int], int] = {}
    never: set[tuple[int, int]] = set()
    cuts: set[tuple[int, int]] = set()
    blocked: set[int] = set()
    for one in standing:
        if one.kind == "block" and one.a is not None:
            blocked.add(one.a)
        if one.kind == "split" and one.id not in over:
            cuts |= set(one.pairs)
        if one.a is None or one.b is None or one.a == one.b:
            continue
        pair = (min(one.a, one.b), max(one.a, one.b))
        if one.kind == "merge":
            for wanted in (pair, *one.pairs):
                merges[wanted] = one.id
                never.discard(wanted)
                cuts.discard(wanted)
        elif one.kind in ("never", "split") and one.id not in over:
            never.add(pair)
            merges.pop(pair, None)
    return Rulings(merges, frozenset(never), frozenset(cuts), frozenset(blocked))
