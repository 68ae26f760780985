"""The graph of a journey: edges, order, circles, what is reached, what is surely saved on the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

from onepool.journeys.inside import saves
from onepool.journeys.model import Branch, End, Journey, Node, Repeat, Split

BACK = "back"


class Edge(NamedTuple):
    """One way on from a node. `label`: `next`, `else`, `on_event`, `cases[0]` …, `arms[0]` …, `back`; `place`: where
    the target is written, below the node."""

    label: str
    target: str
    place: str


def edges(node: Node) -> list[Edge]:
    """The ways on from a node, in the order in which they are tried; none from an end."""
    if isinstance(node, End):
        return []
    if isinstance(node, Branch):
        cases = [Edge(f"cases[{i}]", case.next, f"cases[{i}].next") for i, case in enumerate(node.cases)]
        return [*cases, Edge("else", node.else_, "else")]
    if isinstance(node, Split):
        return [Edge(f"arms[{i}]", arm.next, f"arms[{i}].next") for i, arm in enumerate(node.arms)]
    if isinstance(node, Repeat):
        return [Edge(BACK, node.back, "back"), Edge("next", node.next, "next")]
    found = [Edge("next", node.next, "next")]
    for label, name in (("on_event", "on_event"), ("else", "else_")):
        target = getattr(node, name, None)
        if target is not None:
            found.append(Edge(label, target, label))
    return found


def forward(journey: Journey) -> dict[str, list[str]]:
    """Node -> the nodes that follow it, without the ways back of `repeat` and without targets that are not there."""
    return {
        name: [edge.target for edge in edges(node) if edge.label != BACK and edge.target in journey.nodes]
        for name, node in journey.nodes.items()
    }


def every_way(journey: Journey) -> dict[str, list[str]]:
    """Node -> the nodes that may come next, ways back included."""
    return {
        name: [edge.target for edge in edges(node) if edge.target in journey.nodes]
        for name, node in journey.nodes.items()
    }


def order(journey: Journey) -> list[str]:
    """The nodes, each after all that lead to it (ways back left out). Raises ValueError for a circle."""
    before: dict[str, list[str]] = {name: [] for name in journey.nodes}
    for name, following in forward(journey).items():
        for target in following:
            before[target].append(name)
    try:
        return list(TopologicalSorter({name: sorted(before[name]) for name in sorted(before)}).static_order())
    except CycleError as error:
        raise ValueError(" -> ".join(error.args[1])) from None


def circle(following: Mapping[str, Iterable[str]]) -> list[str] | None:
    """The nodes along a circle, its first one again at the end; None where there is none."""
    try:
        TopologicalSorter(following).prepare()
    except CycleError as error:
        # The sorter took successors for predecessors: its path runs against the arrows.
        found: list[str] = error.args[1]
        return found[::-1]
    return None


def reached(following: Mapping[str, Iterable[str]], start: str) -> set[str]:
    """Everything that can be reached from a node, itself included."""
    found, waiting = {start}, [start]
    while waiting:
        for target in following.get(waiting.pop(), ()):
            if target not in found:
                found.add(target)
                waiting.append(target)
    return found


def surely_saved(journey: Journey) -> dict[str, frozenset[str]]:
    """Node -> the variables that every way to it from the start has saved. Nodes out of reach have all."""
    left = {name: frozenset(saves(node)) for name, node in journey.nodes.items()}
    every = frozenset[str]().union(*left.values())
    have = dict.fromkeys(journey.nodes, every)
    if journey.start in have:
        have[journey.start] = frozenset()
    met = [name for name in journey.nodes if name in reached(every_way(journey), journey.start)]
    changed = True
    while changed:
        changed = False
        for name in met:
            for edge in edges(journey.nodes[name]):
                if edge.target in have:
                    carried = have[name] | (left[name] if edge.label == "next" else frozenset())
                    changed |= not have[edge.target] <= carried
                    have[edge.target] &= carried
    return have
