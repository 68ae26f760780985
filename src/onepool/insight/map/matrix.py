"""Touchpoints against identifiers and signals: what they say they give, and what came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from onepool.clock import from_micros
from onepool.identity.read import Sources
from onepool.insight.columns import own_columns
from onepool.insight.map.declared import NOTHING, Declared
from onepool.insight.map.gather import Gathered
from onepool.insight.map.types import FieldFill, IdentifierCell, Place, SignalCell
from onepool.pool import Session, quote
from onepool.standards import Standard

LATE_SECONDS = 3_600
"""An event that is received later than this after it happened is late."""
ISLAND_SHARE = 0.05
"""A touchpoint of which a smaller share of customers is known at another one is an island."""
FEW = 10
"""Of fewer customers or events nothing is concluded."""


def identifier_cells(
    sources: Sources, gathered: Gathered, given: Mapping[str, Declared], customers: Mapping[str, int]
) -> list[IdentifierCell]:
    """A cell for every touchpoint and type that was declared or seen."""
    with gathered.read() as work:
        seen = work.query(
            """SELECT tp, slot, count(DISTINCT id) AS identifiers, count(DISTINCT customer) AS customers,
                sum(times)::BIGINT AS times, min(first_at) AS first_at, max(last_at) AS last_at
            FROM seen GROUP BY ALL"""
        ).to_pylist()
        joining = work.query(
            """SELECT s.tp, s.slot, count(DISTINCT s.customer) AS n FROM seen s
            WHERE EXISTS (SELECT 1 FROM seen o WHERE o.id = s.id AND o.tp <> s.tp) GROUP BY ALL"""
        ).to_pylist()
    joins = {(row["tp"], row["slot"]): row["n"] for row in joining}
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in seen:
        kind, _ = gathered.slots[row["slot"]]
        cell = found.setdefault(
            (gathered.touchpoints[row["tp"]], kind),
            {"identifiers": 0, "customers": 0, "times": 0, "joining": 0, "first_at": row["first_at"], "last_at": 0},
        )
        # A touchpoint names one scope of a type as a rule; of several the customers are added up, up to all there are.
        for name in ("identifiers", "customers", "times"):
            cell[name] += row[name]
        cell["joining"] += joins.get((row["tp"], row["slot"]), 0)
        cell["first_at"] = min(cell["first_at"], row["first_at"])
        cell["last_at"] = max(cell["last_at"], row["last_at"])
    for name, one in given.items():
        for kind in one.identifiers:
            found.setdefault((name, kind), {})
    cells = []
    for (name, kind), cell in sorted(found.items()):
        total = customers.get(name, 0)
        mine = min(cell.get("customers", 0), total)
        cells.append(
            IdentifierCell(
                touchpoint=name,
                type=kind,
                strength=sources.registry.rule(kind).strength,
                declared=kind in given.get(name, NOTHING).identifiers,
                identifiers=cell.get("identifiers", 0),
                customers=mine,
                times=cell.get("times", 0),
                fill=mine / total if total else 0.0,
                joining=min(cell.get("joining", 0), mine),
                first_at=_instant(cell.get("first_at")),
                last_at=_instant(cell.get("last_at")),
            )
        )
    return cells


def signal_cells(session: Session, standard: Standard, given: Mapping[str, Declared]) -> list[SignalCell]:
    """A cell for every touchpoint and event, attribute or kind of object that was declared or seen."""
    return [
        *_events(session, standard, given),
        *_attributes(session, given),
        *_objects(session, standard, given),
    ]


def _events(session: Session, standard: Standard, given: Mapping[str, Declared]) -> list[SignalCell]:
    told_fields = {field for one in given.values() for fields in one.events.values() for field in fields}
    columns = own_columns(session, standard, told_fields)
    counted = ", ".join(f"count({quote(name)}) AS {quote('n_' + name)}" for name in columns)
    found = session.query(
        f"""SELECT e.touchpoint, e.event, count(*) AS n, max(e.time) AS last_at{", " + counted if counted else ""}
        FROM events e WHERE e.touchpoint <> '' GROUP BY 1, 2"""
    ).to_pylist()
    people = session.query(
        """SELECT touchpoint, event, count(DISTINCT c.customer_id) AS n
        FROM events e JOIN customer_of c USING (identifier_id) GROUP BY 1, 2"""
    ).to_pylist()
    customers = {(row["touchpoint"], row["event"]): row["n"] for row in people}
    cells = []
    for row in found:
        name, event = row["touchpoint"], row["event"]
        told = given.get(name, NOTHING).events
        filled = {column: row[f"n_{column}"] for column in columns}
        cells.append(
            SignalCell(
                touchpoint=name,
                kind="event",
                name=event,
                declared=event in told,
                count=row["n"],
                customers=customers.get((name, event), 0),
                last_at=row["last_at"],
                fields=_fills(standard, event, told.get(event, ()), filled, row["n"]),
            )
        )
    return cells + _unseen("event", cells, {name: one.events for name, one in given.items()})


def _fills(
    standard: Standard, event: str, told: Sequence[str], filled: Mapping[str, int], total: int
) -> list[FieldFill]:
    """Declared fields, and those of the standard's event that ever had a value."""
    own = standard.events[event].fields if event in standard.events else ()
    names = dict.fromkeys([*told, *(name for name in own if filled.get(name))])
    return [FieldFill(name, name in told, filled[name], filled[name] / total) for name in names if name in filled]


def _attributes(session: Session, given: Mapping[str, Declared]) -> list[SignalCell]:
    found = session.query(
        """SELECT f.touchpoint, f.attribute, count(*) AS n, count(DISTINCT c.customer_id) AS customers,
            max(f.time) AS last_at
        FROM attribute_facts f JOIN customer_of c USING (identifier_id) WHERE f.touchpoint <> '' GROUP BY 1, 2"""
    ).to_pylist()
    cells = [
        SignalCell(
            touchpoint=row["touchpoint"],
            kind="profile",
            name=row["attribute"],
            declared=row["attribute"] in given.get(row["touchpoint"], NOTHING).attributes,
            count=row["n"],
            customers=row["customers"],
            last_at=row["last_at"],
        )
        for row in found
    ]
    return cells + _unseen("profile", cells, {name: one.attributes for name, one in given.items()})


def _objects(session: Session, standard: Standard, given: Mapping[str, Declared]) -> list[SignalCell]:
    found = session.query(
        """SELECT touchpoint, kind, count(*) AS n, max(time) AS last_at FROM objects
        WHERE fields IS NOT NULL AND touchpoint <> '' GROUP BY 1, 2"""
    ).to_pylist()
    fields = session.query(
        """SELECT touchpoint, kind, key, count(*) AS n FROM (
            SELECT touchpoint, kind, unnest(json_keys(fields)) AS key FROM objects WHERE fields IS NOT NULL
        ) WHERE touchpoint <> '' GROUP BY 1, 2, 3"""
    ).to_pylist()
    filled: dict[tuple[str, str], dict[str, int]] = {}
    for row in fields:
        filled.setdefault((row["touchpoint"], row["kind"]), {})[row["key"]] = row["n"]
    cells = []
    for row in found:
        place = (row["touchpoint"], row["kind"])
        told = given.get(place[0], NOTHING).objects
        own = standard.objects[place[1]].fields if place[1] in standard.objects else ()
        had = filled.get(place, {})
        names = dict.fromkeys([*told.get(place[1], ()), *(name for name in own if had.get(name))])
        cells.append(
            SignalCell(
                touchpoint=place[0],
                kind="object",
                name=place[1],
                declared=place[1] in told,
                count=row["n"],
                customers=0,
                last_at=row["last_at"],
                fields=[
                    FieldFill(name, name in told.get(place[1], ()), had.get(name, 0), had.get(name, 0) / row["n"])
                    for name in names
                ],
            )
        )
    return cells + _unseen("object", cells, {name: one.objects for name, one in given.items()})


def _unseen(kind: Any, cells: Sequence[SignalCell], told: Mapping[str, Any]) -> list[SignalCell]:
    """Cells of what was declared and never came."""
    seen = {(cell.touchpoint, cell.name) for cell in cells}
    return [
        SignalCell(touchpoint=name, kind=kind, name=one, declared=True, count=0, customers=0, last_at=None)
        for name, names in sorted(told.items())
        for one in sorted(names)
        if (name, one) not in seen
    ]


def places(
    session: Session,
    gathered: Gathered,
    touchpoints: Mapping[str, Any],
    given: Mapping[str, Declared],
    now: datetime,
) -> list[Place]:
    """Every touchpoint, defined or seen, with its size, joins, freshness and lag."""
    events = {
        row["touchpoint"]: row
        for row in session.query(
            """SELECT touchpoint, count(*) AS n, min(time) AS first_at, max(time) AS last_at,
                count(*) FILTER (received_at > $since) AS lately,
                median(greatest(0, epoch(received_at) - epoch(time))) FILTER (received_at > $since) AS lag,
                avg((epoch(received_at) - epoch(time) > $late)::INTEGER) FILTER (received_at > $since) AS late
            FROM events WHERE touchpoint <> '' GROUP BY 1""",
            {"since": now - timedelta(days=30), "late": LATE_SECONDS},
        ).to_pylist()
    }
    with gathered.read() as work:
        known = {
            gathered.touchpoints[row["tp"]]: row
            for row in work.query(
                """WITH per AS (SELECT customer, count(*) AS n FROM presence GROUP BY 1)
                SELECT p.tp, count(*) AS customers, count(*) FILTER (per.n > 1) AS joined,
                    min(p.first_at) AS first_at, max(p.last_at) AS last_at
                FROM presence p JOIN per USING (customer) GROUP BY 1"""
            ).to_pylist()
        }
    found = []
    for name in sorted({*touchpoints, *known, *events}):
        defined, row, people = touchpoints.get(name), events.get(name, {}), known.get(name, {})
        customers, joined = people.get("customers", 0), people.get("joined", 0)
        first = [at for at in (row.get("first_at"), _instant(people.get("first_at"))) if at]
        last = [at for at in (row.get("last_at"), _instant(people.get("last_at"))) if at]
        found.append(
            Place(
                touchpoint=name,
                channel=defined.channel if defined else None,
                title=dict(defined.title) if defined else {},
                declared=given.get(name, NOTHING).known,
                paused=bool(defined and defined.paused),
                customers=customers,
                joined=joined,
                only_here=customers - joined,
                events=row.get("n", 0),
                events_30d=row.get("lately", 0),
                first_at=min(first, default=None),
                last_at=max(last, default=None),
                lag_seconds=row.get("lag"),
                late_share=row.get("late"),
                island=customers >= FEW and joined < ISLAND_SHARE * customers,
            )
        )
    return found


def _instant(micros: int | None) -> datetime | None:
    return None if not micros else from_micros(int(micros))
