"""Faults of a sequence: its order, and times that can't be."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from onepool.audience.conditions.errors import Problem
from onepool.audience.conditions.names import Names
from onepool.audience.conditions.parts import Behaviour
from onepool.audience.conditions.sequence.model import DidNotStep, DidStep, Link, SequenceLeaf, links, micros_of

CheckEvent = Callable[[str, Behaviour, Names, str, str, list[Problem]], None]
"""Checks (event, behaviour, names, place, head, problems) for names and types."""


def check_sequence(
    leaf: SequenceLeaf, place: str, names: Names, check_event: CheckEvent, problems: list[Problem]
) -> None:
    """Every step's names and fields by `check_event`; the order of steps, gaps and spans here."""
    for number, step in enumerate(leaf.sequence):
        at = _at(place, f"sequence[{number}]")
        check_event(step.event, step.behaviour, names, at, "did" if isinstance(step, DidStep) else "did_not", problems)
        _check_lengths(step, at, problems)
        if number == 0 and isinstance(step, DidStep) and step.gap is not None:
            problems.append(Problem(_at(at, "gap"), "a gap is the time from the step before: the first has none"))
    if isinstance(leaf.sequence[0], DidNotStep):
        problems.append(
            Problem(_at(place, "sequence[0].did_not"), "a sequence begins with something done: put a did step first")
        )
    if leaf.span is not None:
        _fixed(leaf.span, _at(place, "span"), problems)
    _check_possible(leaf, place, problems)


def _at(place: str, step: str) -> str:
    return f"{place}.{step}" if place else step


def _fixed(span: Any, place: str, problems: list[Problem]) -> None:
    if span is not None and span.micros is None:
        days = 30 * span.count
        problems.append(
            Problem(place, f"months differ in length: say minutes, hours, days or weeks, such as {days} days")
        )


def _check_lengths(step: DidStep | DidNotStep, place: str, problems: list[Problem]) -> None:
    if isinstance(step, DidNotStep):
        _fixed(step.for_, _at(place, "for"), problems)
        return
    gap = step.gap
    if gap is None:
        return
    _fixed(gap.at_least, _at(place, "gap.at_least"), problems)
    _fixed(gap.at_most, _at(place, "gap.at_most"), problems)
    if gap.at_least is not None and gap.at_most is not None and micros_of(gap.at_least) > micros_of(gap.at_most):
        problems.append(Problem(_at(place, "gap"), f"no time is at least {gap.at_least} and at most {gap.at_most}"))


def _check_possible(leaf: SequenceLeaf, place: str, problems: list[Problem]) -> None:
    """Steps that can't fit: a gap shorter than the absence before it, a span or window shorter than all gaps."""
    chain = links(leaf)
    taken = 0
    for before, link in pairwise([None, *chain]):
        assert link is not None
        gap = link.step.gap
        quiet = _longest(before)
        least = micros_of(gap.at_least) if gap is not None and gap.at_least is not None else 0
        if quiet is not None:
            least = max(least, micros_of(quiet))
            if gap is not None and gap.at_most is not None and micros_of(gap.at_most) < micros_of(quiet):
                at = _at(place, f"sequence[{link.number}].gap.at_most")
                said = f"it can't come within {gap.at_most}: the did_not before it takes {quiet}"
                problems.append(Problem(at, said))
        taken += least
    if leaf.span is not None and taken > micros_of(leaf.span):
        problems.append(Problem(_at(place, "span"), f"the gaps between the steps add up to more than {leaf.span}"))
    last = leaf.within.last if leaf.within is not None else None
    if last is None or not chain:
        return
    quiet = _longest(chain[-1])
    after = micros_of(quiet) if quiet is not None else 0
    # Months of a window are at most 31 days long.
    room = micros_of(last) if last.micros is not None else last.count * 31 * 86_400_000_000
    if taken + after > room or (taken == room and not after):
        problems.append(Problem(_at(place, "within"), f"the steps take longer than the last {last} can hold"))


def _longest(link: Link | None) -> Any:
    """The longest absence that follows a step, None without any."""
    spans = [one.for_ for _, one in link.absences if one.for_ is not None] if link is not None else []
    return max(spans, key=micros_of, default=None)
