"""Which definitions refer to which: read from their bodies, so that it can't go out of date."""

from __future__ import annotations

from typing import Any, Literal

from onepool.definitions import Definitions
from onepool.insight.lineage import DEFINED, reads
from onepool.journeys import store
from onepool.journeys.uses import named


def users_of(definitions: Definitions, kind: Literal["tag", "segment", "list"]) -> dict[str, list[str]]:
    """For everything of a kind that is named somewhere: who does so (segments, tags, lists, destinations,
    journeys, also by versions that customers are in), as `segment:vip`."""
    bodies: dict[str, dict[str, dict[str, Any]]] = {}
    for one in DEFINED:
        bodies[one] = {item.name: item.body for item in definitions.current(one)}
    known = {one: frozenset(items) for one, items in bodies.items()}
    found: dict[str, set[str]] = {}
    for user_kind, items in bodies.items():
        for name, body in items.items():
            for ref in reads(user_kind, body, known):
                if ref.kind == kind:
                    found.setdefault(ref.name, set()).add(f"{user_kind}:{name}")
    for item in definitions.current("journey"):
        for used_kind, used in named(item.body):
            if used_kind == kind:
                found.setdefault(used, set()).add(f"journey:{item.name}")
    # What is published goes on as it was, whatever became of its draft.
    with definitions.state.read() as connection:
        versions = store.going(connection)
    for version in versions:
        for used_kind, used in named(version.body):
            if used_kind == kind:
                found.setdefault(used, set()).add(f"journey:{version.journey}")
    return {name: sorted(users) for name, users in found.items()}
