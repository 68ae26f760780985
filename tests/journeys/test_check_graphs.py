"""Drawn graphs: what is whole passes, one fault put into it is found at its place."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.journeys.brand import known

from onepool.audience.conditions.errors import Problem
from onepool.journeys.check import check_body
from onepool.journeys.graph import circle, edges, every_way, forward, order, reached
from onepool.journeys.parse import parse_journey

END = {"do": "end", "as": "completed"}
WHEN = {"attribute": "city", "is": "上海"}


@st.composite
def bodies(draw: st.DrawFn) -> dict[str, Any]:
    """A journey of up to a dozen nodes: every one leads to later ones, every one is reached, repeats lead back."""
    count = draw(st.integers(1, 11))
    nodes: dict[str, Any] = {}
    for number in range(count):
        later = st.integers(number + 1, count).map(lambda at: f"n{at}")
        # The next one is always among the targets, so that every node is reached.
        following = f"n{number + 1}"
        kinds = ["wait", "branch", "split", *(["repeat"] if number else [])]
        match draw(st.sampled_from(kinds)):
            case "wait":
                node = {"do": "wait", "for": "1 day", "next": following}
            case "branch":
                cases = [{"when": WHEN, "next": draw(later)} for _ in range(draw(st.integers(1, 3)))]
                node = {"do": "branch", "cases": cases, "else": following}
            case "split":
                arms = [{"name": "a", "weight": 1, "next": following}]
                arms += [{"name": f"b{at}", "weight": 2, "next": draw(later)} for at in range(draw(st.integers(1, 3)))]
                node = {"do": "split", "arms": arms}
            case _:
                back = f"n{draw(st.integers(0, number - 1))}"
                node = {"do": "repeat", "back": back, "max": 2, "next": following}
        nodes[f"n{number}"] = node
    nodes[f"n{count}"] = dict(END)
    listed = draw(st.permutations(sorted(nodes)))
    return {
        "journey": "drawn", "entry": {"api": True}, "max_life": "90 days", "start": "n0",
        "nodes": {name: nodes[name] for name in listed},
    }  # fmt: skip


def problems(body: dict[str, Any]) -> list[Problem]:
    journey, found = check_body(body, known())
    assert journey is not None, found.problems
    return found.problems


def targets(body: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(node, place below it, target) of every edge."""
    journey = parse_journey(body)
    return [(name, edge.place, edge.target) for name, node in journey.nodes.items() for edge in edges(node)]


def redirect(body: dict[str, Any], node: str, place: str, target: str) -> dict[str, Any]:
    made = copy.deepcopy(body)
    at: Any = made["nodes"][node]
    if "[" in place:
        listed, _, rest = place.partition("[")
        at = at[listed][int(rest.partition("]")[0])]
        place = place.rpartition(".")[2]
    at[place] = target
    return made


@settings(max_examples=150, deadline=None)
@given(bodies())
def test_whole_graphs_pass(body: dict[str, Any]) -> None:
    assert problems(body) == []
    journey = parse_journey(body)
    placed = order(journey)
    assert sorted(placed) == sorted(journey.nodes) and circle(forward(journey)) is None
    before = {name: at for at, name in enumerate(placed)}
    assert all(before[name] < before[target] for name, way in forward(journey).items() for target in way)
    assert reached(every_way(journey), "n0") == set(journey.nodes)


@settings(max_examples=100, deadline=None)
@given(bodies(), st.data())
def test_a_target_that_is_not_there(body: dict[str, Any], data: st.DataObject) -> None:
    node, place, _ = data.draw(st.sampled_from(targets(body)))
    found = problems(redirect(body, node, place, "nn0"))
    assert f"nodes.{node}.{place}" in {one.place for one in found}
    named = next(one for one in found if one.place == f"nodes.{node}.{place}")
    assert named.suggestion in {*body["nodes"], None} - {node}


@settings(max_examples=150, deadline=None)
@given(bodies(), st.data())
def test_a_circle_is_named_by_its_nodes(body: dict[str, Any], data: st.DataObject) -> None:
    journey = parse_journey(body)
    following = forward(journey)
    choices = [
        (node, place, target)
        for node, place, _ in targets(body)
        if place != "back"
        for target in journey.nodes
        if node in reached(following, target)
    ]
    node, place, target = data.draw(st.sampled_from(choices))
    made = redirect(body, node, place, target)
    found = [one for one in problems(made) if "round in a circle" in one.message]
    assert len(found) == 1
    # The circle that is told is one, and it goes over the way that was put in.
    names = found[0].message.partition(": ")[2].partition(";")[0].split(" -> ")
    ways = forward(parse_journey(made))
    assert names[0] == names[-1] and all(to in ways[of] for of, to in pairwise(names))
    assert (node, target) in pairwise(names)
    assert found[0].place.startswith("nodes.") and found[0].place.split(".")[1] in names


@settings(max_examples=100, deadline=None)
@given(bodies(), st.data())
def test_a_node_that_nothing_leads_to(body: dict[str, Any], data: st.DataObject) -> None:
    made = copy.deepcopy(body)
    target = data.draw(st.sampled_from(sorted(body["nodes"])))
    made["nodes"]["alone"] = {"do": "wait", "for": "1 day", "next": target}
    assert [one.place for one in problems(made)] == ["nodes.alone"]


@settings(max_examples=100, deadline=None)
@given(bodies(), st.data())
def test_a_way_back_that_leads_forward(body: dict[str, Any], data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(body["nodes"]) - 2))
    made = copy.deepcopy(body)
    ahead = data.draw(st.integers(number + 1, len(body["nodes"]) - 1))
    made["nodes"][f"n{number}"] = {"do": "repeat", "back": f"n{ahead}", "max": 2, "next": f"n{number + 1}"}
    found = [one for one in problems(made) if "does not lead to" in one.message]
    assert f"nodes.n{number}.back" in {one.place for one in found}


@settings(max_examples=60, deadline=None)
@given(bodies(), st.data())
def test_a_start_that_is_not_there(body: dict[str, Any], data: st.DataObject) -> None:
    del data
    found = problems({**body, "start": "n00"})
    assert [(one.place, one.suggestion in body["nodes"]) for one in found] == [("start", True)]
