"""What a sequence means, plainly: try every chain of events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

from onepool.audience.conditions.parts import Behaviour
from onepool.audience.conditions.sequence.model import DidNotStep, DidStep, Link, SequenceLeaf, links, micros_of
from onepool.audience.conditions.windows import resolve


class Happened(Protocol):
    """As much of an event as its order takes."""

    @property
    def seq(self) -> int: ...
    @property
    def event(self) -> str: ...
    @property
    def time(self) -> int: ...


E = TypeVar("E", bound=Happened)


def sequence_holds(
    leaf: SequenceLeaf, events: Sequence[E], at: int, zone: ZoneInfo, fits: Callable[[E, Behaviour], bool]
) -> bool:
    """Whether there are events e1 < e2 < … for the `did` steps, with every gap and every absence.

    `fits`: whether an event (of the right name) is one that a behaviour means.
    """
    known = sorted((event for event in events if event.time < at), key=lambda event: (event.time, event.seq))
    window = resolve(leaf.within, at, zone)
    chain = links(leaf)

    def is_a(event: E, step: DidStep | DidNotStep) -> bool:
        return event.event == step.event and fits(event, step.behaviour)

    def absent(link: Link, place: int, following: int | None) -> bool:
        """Whether the absences after this link's event hold, up to the next one's (or to now)."""
        event = known[place]
        for _, step in link.absences:
            if step.for_ is None:
                between = known[place + 1 : following]
            else:
                over = event.time + micros_of(step.for_)
                if over > (at if following is None else known[following].time):
                    return False
                between = [later for later in known[place + 1 :] if later.time < over]
            if any(is_a(later, step) for later in between):
                return False
        return True

    def in_time(step: DidStep, first: int, before: int, place: int) -> bool:
        passed = known[place].time - known[before].time
        if step.gap is not None and step.gap.at_least is not None and passed < micros_of(step.gap.at_least):
            return False
        if step.gap is not None and step.gap.at_most is not None and passed > micros_of(step.gap.at_most):
            return False
        return leaf.span is None or known[place].time - known[first].time <= micros_of(leaf.span)

    def goes_on(number: int, first: int, before: int) -> bool:
        """Whether the links from `number` on can follow the event at `before`."""
        if number == len(chain):
            return absent(chain[-1], before, None)
        return any(
            window.holds(known[place].time)
            and is_a(known[place], chain[number].step)
            and in_time(chain[number].step, first, before, place)
            and absent(chain[number - 1], before, place)
            and goes_on(number + 1, first, place)
            for place in range(before + 1, len(known))
        )

    return any(
        window.holds(known[place].time) and is_a(known[place], chain[0].step) and goes_on(1, place, place)
        for place in range(len(known))
    )
