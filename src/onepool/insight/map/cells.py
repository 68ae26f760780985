"""The customers behind a number of the map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import pyarrow as pa

from onepool.collect.touchpoint import Touchpoint
from onepool.identity.read import Sources
from onepool.insight.map.declared import NOTHING, declared
from onepool.insight.map.gather import Gathered
from onepool.insight.map.matrix import ISLAND_SHARE
from onepool.insight.map.reach import addresses, allowed, refused, ways
from onepool.pool import Session

CellKind = Literal["touchpoint", "only", "identifier", "event", "attribute", "pair", "flow", "reach", "unjoinable"]


@dataclass(frozen=True, slots=True)
class Cell:
    """Which number. ``name``: identifier type, event, attribute or message kind; ``other``: the second touchpoint."""

    kind: CellKind
    touchpoint: str
    name: str | None = None
    other: str | None = None


def cell_customers(
    sources: Sources,
    gathered: Gathered,
    touchpoints: Mapping[str, Touchpoint],
    cell: Cell,
    now: datetime,
    *,
    offset: int = 0,
    limit: int = 50,
) -> tuple[list[int], int]:
    """A page of customers, the lowest numbers first, and how many there are."""
    page = {"offset": offset, "limit": limit}
    if cell.kind in ("event", "attribute"):
        return _page(sources.session, _POOL[cell.kind], {"tp": cell.touchpoint, "name": cell.name, **page})
    at = gathered.place(cell.touchpoint)
    with gathered.read() as work:
        if cell.kind == "reach":
            return _reach(sources, gathered, touchpoints, cell, now, work, page)
        if at is None:
            return [], 0
        if cell.kind == "identifier":
            slots = gathered.of_type(cell.name or "")
            return _page(work, _IDENTIFIER, {"tp": at, "slots": slots, **page})
        if cell.kind == "unjoinable":
            return _page(
                work, UNJOINABLE, {"tp": at, "strong": gathered.strong(sources), "least": ISLAND_SHARE, **page}
            )
        if cell.kind in ("pair", "flow"):
            other = gathered.place(cell.other or "")
            return _page(work, _TWO[cell.kind], {"tp": at, "other": -1 if other is None else other, **page})
        return _page(work, _ONE[cell.kind], {"tp": at, **page})


def _page(session: Session, sql: str, params: Mapping[str, object]) -> tuple[list[int], int]:
    found = session.query(
        f"SELECT customer, count(*) OVER () AS total FROM ({sql}) ORDER BY 1 LIMIT $limit OFFSET $offset", params
    )
    if found.num_rows:
        ids: list[int] = found.column("customer").to_pylist()
        return ids, int(found.column("total")[0].as_py())
    if not params["offset"]:
        return [], 0
    rest = {**params, "offset": 0, "limit": 1}
    return [], _page(session, sql, rest)[1]


def _reach(
    sources: Sources,
    gathered: Gathered,
    touchpoints: Mapping[str, Touchpoint],
    cell: Cell,
    now: datetime,
    work: Session,
    page: Mapping[str, object],
) -> tuple[list[int], int]:
    """Whom a message kind reaches now: with an open allowance where it needs one."""
    touchpoint = touchpoints.get(cell.touchpoint)
    one = declared(touchpoint, sources.standard) if touchpoint else NOTHING
    kind = next((kind for kind in ways(one) if kind.name == cell.name), None)
    if kind is None:
        return [], 0
    work.relation("no_more", refused(sources.session, {name: one.channel for name, one in touchpoints.items()}))
    work.relation("allowed", allowed(sources, now) if kind.allowance else _NONE)
    params = {"tp": cell.touchpoint, "slots": addresses(gathered, one, kind.to), "allowance": kind.allowance or ""}
    return _page(work, _REACHED, {**params, "marketing": kind.marketing, **page})


UNJOINABLE: Final = """WITH shared AS (SELECT id FROM seen GROUP BY 1 HAVING count(DISTINCT tp) > 1),
    joiner AS (
        SELECT s.slot FROM seen s LEFT JOIN shared USING (id)
        WHERE s.tp = $tp AND s.slot IN (SELECT unnest($strong::SMALLINT[])) GROUP BY 1
        HAVING count(DISTINCT s.customer) FILTER (shared.id IS NOT NULL)
            >= greatest(1, $least * count(DISTINCT s.customer))
    ), alone AS (SELECT customer FROM presence GROUP BY 1 HAVING count(*) = 1 AND any_value(tp) = $tp)
    SELECT customer FROM alone
    WHERE customer NOT IN (SELECT s.customer FROM seen s JOIN joiner USING (slot) WHERE s.tp = $tp)"""
"""Customers known at one touchpoint only, of whom it gave no identifier of a type and scope that joins others there: of
those who have one at least the share `least` is known elsewhere by it."""

_NONE = pa.schema([("id", pa.int64()), ("touchpoint", pa.string()), ("allowance", pa.string())]).empty_table()

_ONE = {
    "touchpoint": "SELECT customer FROM presence WHERE tp = $tp",
    "only": "SELECT customer FROM presence GROUP BY 1 HAVING count(*) = 1 AND any_value(tp) = $tp",
}
_IDENTIFIER = "SELECT DISTINCT customer FROM seen WHERE tp = $tp AND slot IN (SELECT unnest($slots::SMALLINT[]))"
_TWO = {
    "pair": """SELECT customer FROM presence WHERE tp = $tp
        INTERSECT SELECT customer FROM presence WHERE tp = $other""",
    "flow": """SELECT customer FROM (
            SELECT customer, tp, lag(tp) OVER (PARTITION BY customer ORDER BY first_at, tp) AS before FROM presence
        ) WHERE before = $tp AND tp = $other""",
}
_POOL = {
    "event": """SELECT DISTINCT c.customer_id AS customer FROM events e JOIN customer_of c USING (identifier_id)
        WHERE e.touchpoint = $tp AND e.event = $name""",
    "attribute": """SELECT DISTINCT c.customer_id AS customer FROM attribute_facts f
        JOIN customer_of c USING (identifier_id) WHERE f.touchpoint = $tp AND f.attribute = $name""",
}
_REACHED = """SELECT DISTINCT i.customer FROM ident i LEFT JOIN allowed a ON a.id = i.id AND a.touchpoint = $tp
        AND a.allowance = $allowance
    WHERE i.slot IN (SELECT unnest($slots::SMALLINT[])) AND ($allowance = '' OR a.id IS NOT NULL)
        AND NOT EXISTS (SELECT 1 FROM no_more n WHERE n.customer = i.customer AND n.touchpoint = $tp
            AND (NOT n.marketing OR $marketing))"""
