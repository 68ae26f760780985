"""Faults of anchors: outside of a journey, or naming what the journey does not have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from onepool.audience.conditions.anchors.model import Anchors, references
from onepool.audience.conditions.errors import Problem, closest
from onepool.audience.conditions.model import (
    AttributeLeaf,
    Condition,
    DidLeaf,
    DidNotLeaf,
    NodeAnchor,
    Predicate,
    SequenceLeaf,
    TagLeaf,
)

COMPARED = frozenset(
    (
        *("is", "is_not", "in", "not_in", "at_least", "at_most", "above", "below", "before", "after"),
        *("contains", "starts_with", "ends_with", "any_of", "all_of", "none_of"),
    )
)
"""Tests whose operand may come from a run."""


def check_anchors(leaf: Condition, place: str, anchored: Anchors | None, problems: list[Problem]) -> None:
    """`since` and every `$…` of a leaf."""
    if isinstance(leaf, DidLeaf | DidNotLeaf | SequenceLeaf) and leaf.since is not None:
        at = f"{place}.since" if place else "since"
        if anchored is None:
            problems.append(Problem(at, "only in journeys: segments and tags have no run to count from"))
        elif isinstance(leaf.since, NodeAnchor) and leaf.since.node not in anchored.nodes:
            node = leaf.since.node
            problems.append(Problem(f"{at}.node", f"the journey has no node {node}", closest(node, anchored.nodes)))
    for at, predicate in predicates(leaf, place):
        for test, operand in predicate.tests():
            for reference in references(operand):
                _check_reference(reference, test, f"{at}.{test}" if at else test, anchored, problems)


def predicates(leaf: Condition, place: str) -> Iterator[tuple[str, Predicate]]:
    """(place, predicate) of each test of values in a leaf."""
    match leaf:
        case AttributeLeaf() | TagLeaf():
            yield place, leaf
        case DidLeaf() | DidNotLeaf():
            yield from _where(leaf.where, place)
        case SequenceLeaf():
            for number, step in enumerate(leaf.sequence):
                here = f"sequence[{number}]"
                yield from _where(step.where, f"{place}.{here}" if place else here)


def _where(where: Mapping[str, Predicate] | None, place: str) -> Iterator[tuple[str, Predicate]]:
    for name, predicate in (where or {}).items():
        yield f"{place}.where.{name}" if place else f"where.{name}", predicate


def _check_reference(reference: str, test: str, place: str, anchored: Anchors | None, problems: list[Problem]) -> None:
    if anchored is None:
        problems.append(Problem(place, f"{reference} has a meaning only in journeys: put in a value"))
    elif test not in COMPARED:
        problems.append(Problem(place, f"`{test}` can't be compared with {reference}; these can: {_listed()}"))
    elif not anchored.known(reference):
        source = reference.removeprefix("$").partition(".")[0]
        known = {"trigger": anchored.trigger, "vars": anchored.vars, "params": anchored.params}[source]
        near = closest(reference, [f"${source}.{name}" for name in known])
        problems.append(Problem(place, f"the journey has no {reference}", near))


def _listed() -> str:
    return ", ".join(sorted(COMPARED))
