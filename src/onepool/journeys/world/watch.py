"""Is anybody lost? What a watchdog and `onepool verify` look at.

Timers that nobody minded, runs that nothing can wake, and whether as many went into each node as came out or are there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, func, select, text

from onepool.journeys import store
from onepool.journeys.graph import edges
from onepool.journeys.states import RunState
from onepool.state.journeys import (
    DUE_SLOT,
    SLOT,
    journey_audiences,
    journey_edges,
    journey_requests,
    journey_states,
    journey_ticks,
    journey_versions,
    runs,
)

LATE: Final = 60_000_000
"""A timer this much over its time is overdue: the executor takes them within seconds."""

HELD: Final = 120_000_000
"""So long after it was noted a journey counts as holding people back."""

_STAY: Final = ("hop", "goal", "enter", "held", "holdout", "not_qualified", "arrived")
"""Edges by which nobody leaves a node."""


@dataclass(frozen=True, slots=True)
class Watch:
    """`overdue`: runs whose time came more than a minute ago; `oldest`: since how many seconds, of the first of them;
    `never_woken`: live runs without anything that can wake them (there must be none); `live`: journeys that are going
    on; `aside`: journey -> why it can't go on; `lag`: seconds since the last step's instant; `held_back`: journey ->
    how many wait until an account has less to send; `underway`: journey -> what is being done with
    many runs (move, resume, stop_versions) and of how many it is done."""

    overdue: int
    oldest: float
    never_woken: int
    live: int
    aside: dict[str, str]
    lag: float | None
    held_back: dict[str, int] = field(default_factory=dict)
    underway: dict[str, tuple[str, int]] = field(default_factory=dict)


# The words are those of the index: without them it is not used.
_OVERDUE: Final = text(
    f"SELECT count(*), min({DUE_SLOT}) FROM runs WHERE due IS NOT NULL AND state <> 5 AND {DUE_SLOT} < :slot"
)


def watch(connection: Connection, now: int) -> Watch:
    """The figures at an instant (microseconds); cheap however many runs there are."""
    overdue, first = connection.execute(_OVERDUE, {"slot": (now - LATE) // SLOT}).one()
    lost = connection.execute(text("SELECT count(*) FROM runs WHERE due IS NULL AND state < 5")).scalar_one()
    table = journey_states
    said = connection.execute(select(table.c.journey, table.c.status, table.c.problem)).all()
    last = connection.execute(select(func.max(journey_ticks.c.at))).scalar()
    return Watch(
        overdue=int(overdue),
        oldest=0.0 if first is None else (now - int(first) * SLOT) / 1e6,
        never_woken=int(lost),
        live=sum(row.status == "live" for row in said),
        aside={row.journey: row.problem for row in said if row.problem},
        lag=None if last is None else (now - int(last)) / 1e6,
        held_back=held_back(connection, now),
        underway=underway(connection),
    )


def held_back(connection: Connection, now: int) -> dict[str, int]:
    """Journeys that hold people back since accounts are full, with how many wait: of their audiences, and of those who
    came by themselves."""
    table = journey_states
    rows = connection.execute(
        select(table.c.journey, table.c.metering).where(table.c.status == "live", table.c.metering != "")
    )
    found = {}
    for row in rows:
        meter, waiting = json.loads(row.metering), 0
        if now - meter.get("held", now - HELD) < HELD:
            audience = select(func.sum(journey_audiences.c.total - journey_audiences.c.taken)).where(
                journey_audiences.c.journey == row.journey, journey_audiences.c.done.is_(False)
            )
            waiting += int(connection.execute(audience).scalar_one() or 0)
        if "again" in meter:
            slot = -(-meter["again"] // SLOT)
            waiting += connection.execute(_HELD, {"slot": slot, "journey": row.journey}).scalar_one()
        if waiting:
            found[row.journey] = waiting
    return found


# All of a journey who are held for that wait for one instant. The first words are those of the index.
_HELD: Final = text(
    f"""SELECT count(*) FROM runs WHERE due IS NOT NULL AND state <> 5 AND {DUE_SLOT} = :slot
    AND version_id IN (SELECT id FROM journey_versions WHERE journey = :journey)"""
)


def underway(connection: Connection) -> dict[str, tuple[str, int]]:
    """Requests that are done with many runs, some in each step, as far as they are."""
    taken = connection.execute(select(func.max(journey_ticks.c.request))).scalar() or 0
    table = journey_requests
    rows = connection.execute(
        select(table.c.journey, table.c.kind, table.c.fields).where(table.c.id > taken, table.c.author == "onepool")
    )
    said = [(row.journey, row.kind, json.loads(row.fields).get("left")) for row in rows]
    return {journey: (kind, int(left["done"])) for journey, kind, left in said if left}


def conserved(connection: Connection) -> Iterator[tuple[str, int, str | None]]:
    """(version as `journey@3`, runs that entered, what does not add up or None).

    Entered = ended + live, and at each node what came in less what went out is who is there.
    """
    counted: dict[int, dict[tuple[int, str], int]] = {}
    table = journey_edges
    query = select(table.c.version_id, table.c.node, table.c.edge, func.sum(table.c.count)).group_by(
        table.c.version_id, table.c.node, table.c.edge
    )
    for version, node, edge, count in connection.execute(query):
        counted.setdefault(version, {})[node, edge] = int(count)
    here: dict[int, dict[tuple[int, bool], int]] = {}
    ended = runs.c.state == int(RunState.ENDED)
    for version, node, over, count in connection.execute(
        select(runs.c.version_id, runs.c.node, ended, func.count()).group_by(runs.c.version_id, runs.c.node, ended)
    ):
        here.setdefault(version, {})[node, bool(over)] = int(count)
    for version in connection.execute(select(journey_versions.c.id).order_by(journey_versions.c.id)).scalars().all():
        published = store.published(connection, version)
        known, present = counted.get(version, {}), here.get(version, {})
        entered = known.get((-1, "enter"), 0) + known.get((-1, "holdout"), 0)
        wrong = _difference(published, known, present)
        yield f"{published.journey}@{published.version}", entered, wrong


def _difference(
    published: store.Published, known: dict[tuple[int, str], int], present: dict[tuple[int, bool], int]
) -> str | None:
    number = {name: place for place, name in enumerate(published.nodes)}
    flow = dict.fromkeys(number.values(), 0)
    flow[number[published.definition.start]] += known.get((-1, "enter"), 0)
    for name, node in published.definition.nodes.items():
        targets = {edge.label: number[edge.target] for edge in edges(node)}
        for (at, label), count in known.items():
            if at != number[name]:
                continue
            if label == "arrived":
                flow[at] += count
            elif label not in _STAY:
                flow[at] -= count
                if label in targets:
                    flow[targets[label]] += count
    for place, count in flow.items():
        there = present.get((place, False), 0)
        if count != there:
            return f"{count} went into node {published.nodes[place]} and not out of it, {there} are there"
    over = sum(count for (_, label), count in known.items() if label.startswith("end:") or label == "holdout")
    ended = sum(count for (_, out), count in present.items() if out)
    return None if over == ended else f"{over} ended by the count of steps, {ended} are ended"
