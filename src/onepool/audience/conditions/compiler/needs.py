"""What plans read of events: for whoever brings the events of some customers together before."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final, TypeAlias

from sqlglot import exp

Starts: TypeAlias = Mapping[str, int | None]
"""Event -> the earliest instant (microseconds) that is read of it; None: from the first one on."""


GATHERED = "_gathered_events"
"""The relation of a session that holds the events of some customers, brought together from the behaviour index."""

ALWAYS: Final = frozenset({"identifier_id", "event", "time", "seq", "channel", "touchpoint"})
"""Columns of `events` that every behaviour index has."""
_FURTHER: Final = frozenset({"items", "fields", "received_at"})


def together(all_of: Iterable[Starts]) -> dict[str, int | None]:
    """What covers each of them."""
    found: dict[str, int | None] = {}
    for starts in all_of:
        for event, start in starts.items():
            known = found.get(event, start)
            found[event] = None if known is None or start is None else min(known, start)
    return found


def columns_in(steps: Iterable[tuple[str, exp.Query]], typed: Collection[str]) -> frozenset[str]:
    """The columns of `events` that steps may name, besides those that every index has. `typed`: the standard's."""
    return (
        frozenset(one.name for _, step in steps for one in step.find_all(exp.Column)) & (_FURTHER | {*typed}) - ALWAYS
    )
