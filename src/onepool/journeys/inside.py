"""What a journey asks: every condition and every awaited event in it, by place, and from where it is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from onepool.audience.conditions.model import Condition, DidLeaf
from onepool.audience.conditions.parts import Part
from onepool.journeys.model import (
    Branch,
    DateEntry,
    EventEntry,
    EventExit,
    EventMatch,
    IssueCoupon,
    Journey,
    OneOffEntry,
    Repeat,
    ScheduleEntry,
    Send,
    Wait,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A condition of a journey. `node`: where the run is when it is asked, None before it begins.

    `run`: asked of runs (it may count from the entry and compare with what the run carries), not of customers who may
    become entrants.
    """

    place: str
    condition: Condition
    node: str | None = None
    run: bool = True


@dataclass(frozen=True, slots=True)
class Awaited:
    """An event that a journey looks out for. `lent`: whether it may be compared with what the run carries; `node`: the
    node that waits for it, None: at any time of the run."""

    place: str
    match: EventMatch
    node: str | None = None
    lent: bool = True


def conditions_in(journey: Journey) -> Iterator[Asked]:
    """Every condition, in the order of the definition."""
    entry = journey.entry
    if entry.eligible is not None:
        yield Asked("entry.eligible", entry.eligible)
    if isinstance(entry, ScheduleEntry | DateEntry) and entry.who is not None:
        yield Asked("entry.who", entry.who, run=False)
    if isinstance(entry, OneOffEntry) and entry.one_off.who is not None:
        yield Asked("entry.one_off.who", entry.one_off.who, run=False)
    for name, node in journey.nodes.items():
        at = f"nodes.{name}"
        match node:
            case Send() | IssueCoupon() if node.guard is not None:
                yield Asked(f"{at}.guard", node.guard, name)
            case Branch():
                for number, case in enumerate(node.cases):
                    yield Asked(f"{at}.cases[{number}].when", case.when, name)
            case Repeat() if node.while_ is not None:
                yield Asked(f"{at}.while", node.while_, name)


def matches_in(journey: Journey) -> Iterator[Awaited]:
    """Every event that starts a run, ends it, or that a node waits for."""
    entry = journey.entry
    if isinstance(entry, EventEntry):
        yield Awaited("entry", entry, lent=False)
        if entry.hold is not None and entry.hold.unless is not None:
            yield Awaited("entry.hold.unless", entry.hold.unless)
    if journey.goal is not None:
        yield Awaited("goal", journey.goal)
    for number, one in enumerate(journey.exit):
        if isinstance(one, EventExit):
            yield Awaited(f"exit[{number}]", one)
    for name, node in journey.nodes.items():
        if isinstance(node, Wait) and node.until is not None:
            yield Awaited(f"nodes.{name}.until", node.until, name)


def leaf_of(match: EventMatch) -> DidLeaf:
    """The condition that a customer did it, with the same event, place and fields."""
    return DidLeaf(did=match.did, where=match.where, at=match.at)


def saves(node: Part) -> list[str]:
    """The variables that a node leaves behind when it goes on to `next`."""
    saved = getattr(node, "save", None)
    return [saved] if isinstance(saved, str) else list(saved) if isinstance(saved, Mapping) else []
