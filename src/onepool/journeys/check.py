"""A journey against the workspace: every fault with its place, and what one might have overlooked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from onepool.audience.conditions.errors import ConditionError
from onepool.journeys.checks.advice import advise
from onepool.journeys.checks.asked import check_asked, lent_of
from onepool.journeys.checks.common import Checked
from onepool.journeys.checks.entry import check_entry
from onepool.journeys.checks.graph import check_graph
from onepool.journeys.checks.nodes import check_nodes
from onepool.journeys.checks.sends import check_sends
from onepool.journeys.known import Known
from onepool.journeys.model import Journey, Send
from onepool.journeys.parse import canonical_journey, parse_journey
from onepool.reach.messages.model import Message

__all__ = ["Checked", "check", "check_body", "refuse_faulty"]


def check(journey: Journey, known: Known) -> Checked:
    """Everything that is wrong with a journey beside what the workspace has; warnings apart."""
    found = Checked()
    lent = lent_of(journey, known)
    check_graph(journey, found)
    whole = not found.problems
    check_entry(journey, known, lent, found)
    check_asked(journey, known, lent, found)
    check_sends(journey, known, lent, found)
    check_nodes(journey, known, found)
    if whole:
        advise(journey, known, found)
    return found


def check_body(body: Mapping[str, Any], known: Known) -> tuple[Journey | None, Checked]:
    """The same of a body as it was written: None and the problems where it can't be parsed."""
    try:
        journey = parse_journey(body)
    except ConditionError as error:
        return None, Checked(list(error.problems))
    found = check(journey, known)
    written = canonical_journey({key: value for key, value in body.items() if key != "params"})
    for name in journey.params:
        taken = any(one.from_ == f"params.{name}" for m in _messages(journey, known) for one in m.variables.values())
        if not taken and not re.search(rf'"\$params\.{re.escape(name)}"', written):
            found.warn(f"params.{name}", "nothing in this journey uses it")
    return journey, found


def _messages(journey: Journey, known: Known) -> list[Message]:
    sent = {node.message for node in journey.nodes.values() if isinstance(node, Send)}
    return [known.messages[name] for name in sorted(sent) if name in known.messages]


def refuse_faulty(body: Mapping[str, Any], known: Known, where: str | None = None) -> Journey:
    """The journey of a body. Raises ConditionError with every problem."""
    journey, found = check_body(body, known)
    if journey is None or found.problems:
        raise ConditionError(found.problems, where=where or f"journey {body.get('journey')}")
    return journey
