"""What plans read of events: for whoever brings the events of some customers together before."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TypeAlias

from sqlglot import exp

Starts: TypeAlias = Mapping[str, int | None]
"""Event -> the earliest instant (microseconds) that is read of it; None: from the first one on."""


def together(all_of: Iterable[Starts]) -> dict[str, int | None]:
    """What covers each of them."""
    found: dict[str, int | None] = {}
    for starts in all_of:
        for event, start in starts.items():
            known = found.get(event, start)
            found[event] = None if known is None or start is None else min(known, start)
    return found


def columns_in(steps: Iterable[tuple[str, exp.Query]], known: Collection[str]) -> frozenset[str]:
    """Which of the known columns the steps name."""
    return frozenset(one.name for _, step in steps for one in step.find_all(exp.Column)) & frozenset(known)
