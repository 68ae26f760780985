"""A condition with what was found of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from onepool.audience.conditions.model import Condition


@dataclass(frozen=True)
class Reason:
    """A condition and whether it holds.

    `place` is its path (`all[2]`); `what` its head (`all`, `did` …); `figure` what was found: how often, how much, the
    attribute's text, the tag's value, the time of the first or latest event; `events` up to five event ids, latest
    first; `parts` what it is made of (a segment's own condition, the steps of a sequence: each with the event that made
    it, or that broke it; the latest times that somebody came into a segment or left it).
    """

    place: str
    what: str
    condition: Condition
    holds: bool
    figure: Any = None
    events: list[str] = field(default_factory=list)
    parts: list[Reason] = field(default_factory=list)
