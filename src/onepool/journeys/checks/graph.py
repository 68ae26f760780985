"""Faults of the graph: targets that are not there, circles, nodes out of reach, ways back that lead nowhere."""

from __future__ import annotations

from itertools import pairwise

from onepool.audience.conditions.errors import closest
from onepool.journeys.checks.common import Checked
from onepool.journeys.graph import circle, edges, every_way, forward, reached
from onepool.journeys.model import Journey, Repeat


def check_graph(journey: Journey, found: Checked) -> None:
    """Every target is there, every node is reached, every way ends, and only `repeat` leads back."""
    if journey.start not in journey.nodes:
        found.wrong("start", f"there is no node {journey.start}", closest(journey.start, journey.nodes))
    for name, node in journey.nodes.items():
        for edge in edges(node):
            if edge.target not in journey.nodes:
                near = closest(edge.target, [one for one in journey.nodes if one != name])
                found.wrong(f"nodes.{name}.{edge.place}", f"there is no node {edge.target}", near)
    for number, one in enumerate(journey.exit):
        if one.before is not None and one.before not in journey.nodes:
            near = closest(one.before, journey.nodes)
            found.wrong(f"exit[{number}].before", f"there is no node {one.before}", near)
    following = forward(journey)
    round_about = circle(following)
    if round_about is not None:
        found.wrong(
            _closing(journey, round_about),
            f"the nodes go round in a circle: {' -> '.join(round_about)}; only a repeat node leads back",
        )
    _check_repeats(journey, following, found)
    if journey.start in journey.nodes:
        met = reached(every_way(journey), journey.start)
        for name in journey.nodes:
            if name not in met:
                found.wrong(f"nodes.{name}", f"no way from {journey.start} leads here: connect it or take it out")


def _check_repeats(journey: Journey, following: dict[str, list[str]], found: Checked) -> None:
    for name, node in journey.nodes.items():
        if isinstance(node, Repeat) and node.back in journey.nodes and name not in reached(following, node.back):
            found.wrong(
                f"nodes.{name}.back", f"{node.back} does not lead to {name}: a repeat goes back to a node before it"
            )


def _closing(journey: Journey, around: list[str]) -> str:
    """The place of the edge that closes a circle: the one to its node that is nearest to the start."""
    depth = _depths(journey)
    source, target = min(pairwise(around), key=lambda pair: depth.get(pair[1], len(journey.nodes)))
    edge = next(one for one in edges(journey.nodes[source]) if one.target == target)
    return f"nodes.{source}.{edge.place}"


def _depths(journey: Journey) -> dict[str, int]:
    following = forward(journey)
    depth, level = {journey.start: 0}, [journey.start]
    while level:
        below = [target for name in level for target in following.get(name, ()) if target not in depth]
        depth |= dict.fromkeys(below, depth[level[0]] + 1)
        level = list(dict.fromkeys(below))
    return depth
