"""Why a sequence holds for one customer or not, step by step."""

from __future__ import annotations

from typing import Any

from onepool.audience.conditions.model import Condition, DidLeaf, DidNotLeaf
from onepool.audience.conditions.reason import Reason
from onepool.audience.conditions.sequence.model import DidNotStep, DidStep, SequenceLeaf, links
from onepool.audience.conditions.sequence.passes import Traced
from onepool.clock import from_micros


def sequence_reason(leaf: SequenceLeaf, place: str, traced: Traced) -> Reason:
    """The sequence with a part for each step: the event that made it (figure: its time), or the one that broke it.

    Steps after the one at which the customer stands do not hold and have no events.
    """
    found = traced.trace
    parts: list[Reason] = []
    quiet = 0
    for done, link in enumerate(links(leaf)):
        came = done < len(found.chain)
        at = found.chain[done] if came else None
        parts.append(_part(place, link.number, link.step, came, at, traced))
        for number, absence in link.absences:
            breaker: int | None
            if absence.for_ is None:
                breaker = found.broken.get(("between", done + 1))
                passed = breaker is None
            else:
                breaker = found.broken.get(("quiet", quiet))
                passed = breaker is None and quiet not in found.waiting
                quiet += 1
            # Of an absence before a step that was reached nothing can have broken it for this chain.
            if done + 1 < len(found.chain) or found.holds:
                passed, breaker = True, None
            parts.append(_part(place, number, absence, came and passed, breaker, traced))
    events = [traced.ids[position] for position in reversed(found.chain)]
    return Reason(place, "sequence", leaf, found.holds, len(found.chain), events, parts)


def _part(place: str, number: int, step: DidStep | DidNotStep, holds: bool, at: int | None, traced: Traced) -> Reason:
    here = f"{place}.sequence[{number}]" if place else f"sequence[{number}]"
    said: dict[str, Any] = {"where": step.where, "at": step.at}
    condition: Condition = (
        DidLeaf.model_construct(did=step.did, **said)
        if isinstance(step, DidStep)
        else DidNotLeaf.model_construct(did_not=step.did_not, **said)
    )
    what = "did" if isinstance(step, DidStep) else "did_not"
    if at is None:
        return Reason(here, what, condition, holds)
    return Reason(here, what, condition, holds, from_micros(traced.times[at]), [traced.ids[at]])
