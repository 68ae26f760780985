"""Faults of conditions, awaited events and everything else that compares with what a run carries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from onepool.audience.conditions import check
from onepool.audience.conditions.anchors.model import Anchors, is_reference
from onepool.audience.conditions.errors import Problem, closest
from onepool.audience.conditions.moves.check import not_here
from onepool.audience.conditions.names import EventNames
from onepool.journeys.checks.common import Checked, Lent, core_fields
from onepool.journeys.graph import surely_saved
from onepool.journeys.inside import conditions_in, leaf_of, matches_in, saves
from onepool.journeys.known import Known
from onepool.journeys.model import ApiEntry, EventEntry, Journey, Wait

_NOTHING = Anchors()


def lent_of(journey: Journey, known: Known) -> Lent:
    """What the journey's runs lend: the entry event's fields, what nodes save, its nodes and parameters."""
    saved = frozenset(one for node in journey.nodes.values() for one in saves(node))
    anchors = Anchors(frozenset(journey.nodes), _trigger(journey, known), saved, journey.params)
    return Lent(anchors, surely_saved(journey))


def check_asked(journey: Journey, known: Known, lent: Lent, found: Checked) -> None:
    """Every condition and awaited event against the names, and every reference against what is there by then."""
    inside: list[tuple[str, str | None]] = []
    for asked in conditions_in(journey):
        inside.append((asked.place, asked.node))
        anchored = lent.anchors if asked.run else None
        for problem in check(asked.condition, known.names, anchored=anchored):
            found.problems.append(_under(asked.place, problem))
    for awaited in matches_in(journey):
        inside.append((awaited.place, awaited.node))
        anchored = lent.anchors if awaited.lent else _NOTHING
        # Who comes into a segment is decided and not sent: nothing that awaits an event ever hears of it.
        elsewhere = not_here(awaited.match.did, awaited.place, "did")
        if elsewhere is not None:
            found.problems.append(elsewhere)
            continue
        for problem in check(leaf_of(awaited.match), known.names, anchored=anchored):
            found.problems.append(_under(awaited.place, problem))
    _check_references(journey, lent, [place for place, _ in inside], found)
    for name, node in journey.nodes.items():
        if isinstance(node, Wait) and node.date is not None and node.date.var is not None:
            _check_var(f"nodes.{name}.date.var", node.date.var, name, lent, found)
    for place, segment in _segments(journey):
        if segment not in known.names.segments:
            found.unknown(place, "segment", segment, known.names.segments)


def check_variable(place: str, source: str, node: str, lent: Lent, found: Checked) -> None:
    """Whether `trigger.x`, `vars.x` or `params.x` is there when a run comes to the node."""
    head, _, name = source.partition(".")
    if head == "vars":
        _check_var(place, name, node, lent, found)
    elif head == "trigger" and not lent.anchors.known(f"$trigger.{name}"):
        near = closest(name, lent.anchors.trigger)
        found.wrong(place, f"the event that starts this journey has no {source}", near and f"trigger.{near}")
    elif head == "params" and name not in lent.anchors.params:
        near = closest(name, lent.anchors.params)
        found.wrong(place, f"the journey has no parameter {name}", near and f"params.{near}")


def _check_var(place: str, name: str, node: str, lent: Lent, found: Checked) -> None:
    if name not in lent.anchors.vars:
        near = closest(name, lent.anchors.vars)
        found.wrong(place, f"nothing in this journey saves a variable {name}", near)
    elif name not in lent.saved.get(node, frozenset()):
        found.wrong(place, f"{name} is not saved yet on every way to {node}: save it before, or give a default")


def _check_references(journey: Journey, lent: Lent, asked: list[str], found: Checked) -> None:
    """Every `$…` outside of conditions (those name unknown ones themselves), and what is saved too late anywhere."""
    for name, node in journey.nodes.items():
        dumped = node.model_dump(by_alias=True, exclude_none=True, mode="json")
        for place, reference in _references(dumped, f"nodes.{name}"):
            source = reference.removeprefix("$")
            head, _, variable = source.partition(".")
            if not any(place == one or place.startswith((f"{one}.", f"{one}[")) for one in asked):
                check_variable(place, source, name, lent, found)
            elif head == "vars" and variable in lent.anchors.vars:
                _check_var(place, variable, name, lent, found)


def _references(data: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from _references(value, f"{place}.{key}")
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from _references(value, f"{place}[{number}]")
    elif is_reference(data):
        yield place, data


def _segments(journey: Journey) -> Iterator[tuple[str, str]]:
    for number, one in enumerate(journey.exit):
        segment = getattr(one, "segment_leave", None)
        if segment is not None:
            yield f"exit[{number}].segment_leave", segment


def _trigger(journey: Journey, known: Known) -> frozenset[str]:
    """Fields of the event that starts runs. Of events unknown to the standard any field may be named."""
    entry = journey.entry
    if isinstance(entry, ApiEntry):
        return frozenset(entry.fields)
    if not isinstance(entry, EventEntry):
        return frozenset()
    event = known.names.events.get(entry.did, EventNames())
    named = {
        reference.removeprefix("$trigger.")
        for _, reference in _references(journey.model_dump(by_alias=True, exclude_none=True, mode="json"), "")
        if reference.startswith("$trigger.")
    }
    further = {name for name in named if event.open or name.startswith("fields.")}
    return core_fields() | event.fields | further


def _under(place: str, problem: Problem) -> Problem:
    inner = problem.place
    return Problem(f"{place}.{inner}" if inner else place, problem.message, problem.suggestion)
