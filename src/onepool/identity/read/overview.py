"""OneID in numbers: identifiers, customers, evidence, what changed, what stands out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
from sqlalchemy import Connection, func, select, text

from onepool.clock import from_micros, to_micros
from onepool.identity.read.queue import UNJOINED, reason_code
from onepool.identity.read.sources import Node, Sources, nodes, tenures
from onepool.state import schema

_QUARTER = 900_000_000
"""A quarter of an hour in µs: every zone's days begin at a whole one."""

# Identifiers with their customers, but for tenures that are no longer in use.
_OWNED = """identifiers i JOIN customer_of c USING (identifier_id)
        WHERE (i.base IS NULL OR i.valid_from IS NOT NULL)"""

_CHUNK = 200_000

SIZES = ("1", "2", "3", "4", "5", "6-10", "11-20", "21-50", ">50")


@dataclass(frozen=True, slots=True)
class TypeCount:
    """One type of identifiers. `touchpoints`: identifiers named at each."""

    type: str
    identifiers: int
    customers: int
    touchpoints: dict[str, int]


@dataclass(frozen=True, slots=True)
class Suspect:
    """An identifier that joins nobody though evidence links it to `owners` customers."""

    node: Node
    reason: str
    owners: int
    links: int
    customers: int


@dataclass(frozen=True, slots=True)
class Overview:
    """All figures. `links`: by status; `changes`: (day, merged, split); `largest`: (customer, identifiers, events)."""

    customers: int
    identifiers: int
    anonymous: int
    linked: int
    by_type: list[TypeCount]
    sizes: dict[str, int]
    links: dict[str, int]
    changes: list[tuple[str, int, int]]
    conflicts: dict[str, int]
    candidates: dict[str, int]
    largest: list[tuple[int, int, int]]
    suspicious: list[Suspect]


def overview(sources: Sources, now: datetime, zone: ZoneInfo, *, days: int = 30, most: int = 10) -> Overview:
    """The figures of now; changes over so many calendar days, `most` rows in the lists."""
    by_type = _by_type(sources)
    sizes, customers, linked = _sizes(sources)
    touchpoints, links = _evidence(sources)
    with sources.state.read() as connection:
        changes = _changes(connection, now, zone, days)
        proposals = _proposals(connection)
    return Overview(
        customers=customers,
        identifiers=sum(row[1] for row in by_type),
        anonymous=_anonymous(sources),
        linked=linked,
        by_type=[TypeCount(*row, touchpoints=touchpoints.get(row[0], {})) for row in by_type],
        sizes=sizes,
        links=links,
        changes=changes,
        conflicts=_conflicts(sources),
        candidates=proposals,
        largest=_largest(sources, most),
        suspicious=suspicious(sources, most),
    )


def suspicious(sources: Sources, most: int = 10) -> list[Suspect]:
    """The identifiers that join nobody, those with most evidence first."""
    table = schema.links
    query = select(table.c.a, table.c.b, table.c.first_time, table.c.status).where(
        UNJOINED, table.c.status.in_(("void", "blocked"))
    )
    with sources.state.read() as connection:
        spans = tenures(connection)
        rows = [
            (spans.at(row.a, row.first_time), spans.at(row.b, row.first_time), row.status)
            for row in connection.execute(query)
        ]
        blocked = _blocked(connection)
    sources.session.relation(
        "identity_unused",
        pa.table(
            {
                "a": pa.array([row[0] for row in rows], pa.int64()),
                "b": pa.array([row[1] for row in rows], pa.int64()),
                "status": pa.array([row[2] for row in rows], pa.string()),
            }
        ),
    )
    caps = {
        name: (rule.max_customers, rule.max_per_customer, rule.strength)
        for name, rule in sources.registry.types.items()
    }
    sources.session.relation(
        "identity_caps",
        pa.table(
            {
                "type": pa.array(list(caps), pa.string()),
                "cap": pa.array([cap[0] for cap in caps.values()], pa.int64()),
                "slot": pa.array([cap[1] for cap in caps.values()], pa.int64()),
                "strength": pa.array([cap[2] for cap in caps.values()], pa.string()),
            }
        ),
    )
    found = sources.session.query(_SUSPECTS, {"blocked": sorted(blocked), "most": most}).to_pylist()
    known = nodes(sources, [row["id"] for row in found])
    return [
        Suspect(known[row["id"]], row["reason"], int(row["owners"]), row["links"], row["customers"])
        for row in found
        if row["id"] in known
    ]


# Which end of an unused link is at fault: the one that names more owners than its type allows (of each kind of its
# neighbours, how many customers they make at least), or that people blocked.
_SUSPECTS = """WITH ends AS (
        SELECT a AS id, b AS other, status FROM identity_unused UNION ALL SELECT b, a, status FROM identity_unused
    ), slots AS (
        SELECT e.id, e.status, i.type, i.scope, count(DISTINCT e.other) AS n, count(*) AS links,
            count(DISTINCT e.other) FILTER (c.strength = 'strong') AS strong, any_value(c.slot) AS slot
        FROM ends e JOIN identifiers i ON i.identifier_id = e.other JOIN identity_caps c ON c.type = i.type
        GROUP BY ALL
    ), owners AS (
        SELECT s.id, s.status, sum(s.links) AS links,
            CASE WHEN any_value(c.strength) = 'weak' THEN sum(s.strong)
                ELSE max(CASE WHEN s.slot IS NULL OR (s.type, s.scope) = (i.type, i.scope) THEN 1
                    ELSE ceil(s.n / s.slot) END) END AS owners,
            any_value(c.cap) AS cap
        FROM slots s JOIN identifiers i ON i.identifier_id = s.id JOIN identity_caps c ON c.type = i.type
        GROUP BY s.id, s.status
    ), suspects AS (
        SELECT id, status AS reason, links::BIGINT AS links, owners FROM owners
        WHERE (status = 'void' AND owners > cap) OR (status = 'blocked' AND list_contains($blocked, id))
        ORDER BY links DESC, id LIMIT $most
    )
    SELECT s.*, (SELECT count(DISTINCT o.customer_id) FROM ends e JOIN customer_of o ON o.identifier_id = e.other
        WHERE e.id = s.id) AS customers
    FROM suspects s ORDER BY links DESC, id"""


def _by_type(sources: Sources) -> list[tuple[str, int, int]]:
    found = sources.session.query(
        f"""SELECT i.type, count(*) FILTER (i.base IS NULL) AS identifiers, count(DISTINCT c.customer_id) AS customers
        FROM {_OWNED} GROUP BY 1 ORDER BY 2 DESC, 1"""
    )
    return [(row["type"], row["identifiers"], row["customers"]) for row in found.to_pylist()]


def _sizes(sources: Sources) -> tuple[dict[str, int], int, int]:
    """Customers by number of identifiers; all customers; those with more than one identifier."""
    found = sources.session.query(
        f"""SELECT CASE WHEN n <= 5 THEN n::VARCHAR WHEN n <= 10 THEN '6-10' WHEN n <= 20 THEN '11-20'
            WHEN n <= 50 THEN '21-50' ELSE '>50' END AS size, count(*) AS customers
        FROM (SELECT count(*) AS n FROM {_OWNED} GROUP BY customer_id) GROUP BY 1"""
    )
    counted = dict(zip(found["size"].to_pylist(), found["customers"].to_pylist(), strict=True))
    total = sum(counted.values())
    return {size: counted.get(size, 0) for size in SIZES}, total, total - counted.get("1", 0)


def _anonymous(sources: Sources) -> int:
    """A customer is numbered after its oldest strong identifier, or after its only one."""
    strong = [name for name, rule in sources.registry.types.items() if rule.strength == "strong"]
    found = sources.session.query(
        f"""SELECT count(*) AS n FROM {_OWNED}
        AND c.customer_id = i.identifier_id AND i.type NOT IN (SELECT unnest($strong))""",
        {"strong": strong},
    )
    return int(found["n"][0].as_py())


def _largest(sources: Sources, most: int) -> list[tuple[int, int, int]]:
    found = sources.session.query(
        f"""WITH largest AS (
            SELECT customer_id, count(*) AS n FROM {_OWNED} GROUP BY 1 HAVING n > 1 ORDER BY n DESC, 1 LIMIT $most
        ), seen AS (
            SELECT c.customer_id, count(*) AS n FROM events e JOIN customer_of c USING (identifier_id)
            WHERE c.customer_id IN (SELECT customer_id FROM largest) GROUP BY 1
        )
        SELECT l.customer_id, l.n AS identifiers, coalesce(s.n, 0) AS events
        FROM largest l LEFT JOIN seen s USING (customer_id) ORDER BY identifiers DESC, customer_id""",
        {"most": most},
    )
    return [(row["customer_id"], row["identifiers"], row["events"]) for row in found.to_pylist()]


def _evidence(sources: Sources) -> tuple[dict[str, dict[str, int]], dict[str, int]]:
    """Identifiers by type and by the touchpoints that named them; links by status. Reads every link once."""
    query = text("SELECT a, b, touchpoint, status FROM links")
    with sources.state.read() as connection:
        parts = list(_parts(connection.execute(query)))
    sources.session.relation("identity_links", pa.concat_tables([pa.schema(_LINK).empty_table(), *parts]))
    seen = sources.session.query(
        """SELECT i.type, e.touchpoint, count(*) AS n FROM (
            SELECT a AS id, touchpoint FROM identity_links UNION SELECT b, touchpoint FROM identity_links
            UNION SELECT identifier_id, touchpoint FROM events
            UNION SELECT identifier_id, touchpoint FROM attribute_facts) e
        JOIN identifiers i ON i.identifier_id = e.id WHERE e.touchpoint <> '' GROUP BY 1, 2"""
    )
    touchpoints: dict[str, dict[str, int]] = {}
    for row in seen.to_pylist():
        touchpoints.setdefault(row["type"], {})[row["touchpoint"]] = row["n"]
    links = sources.session.query("SELECT status, count(*) AS n FROM identity_links GROUP BY 1")
    return touchpoints, dict(zip(links["status"].to_pylist(), links["n"].to_pylist(), strict=True))


_LINK = [("a", pa.int64()), ("b", pa.int64()), ("touchpoint", pa.string()), ("status", pa.string())]


def _parts(result: Any) -> Iterator[pa.Table]:
    """Links as Arrow, a part at a time, from the driver's own rows: others would cost more than all the rest."""
    while rows := result.cursor.fetchmany(_CHUNK):
        yield pa.table({name: pa.array([row[place] for row in rows], kind) for place, (name, kind) in enumerate(_LINK)})


def _proposals(connection: Connection) -> dict[str, int]:
    query = select(schema.candidates.c.status, func.count()).group_by(schema.candidates.c.status)
    return {row.status: row[1] for row in connection.execute(query)}


def _changes(connection: Connection, now: datetime, zone: ZoneInfo, days: int) -> list[tuple[str, int, int]]:
    table = schema.customer_changes
    today = now.astimezone(zone).date()
    first = today - timedelta(days=days - 1)
    since = to_micros(datetime(first.year, first.month, first.day, tzinfo=zone))
    quarter = (table.c.at // _QUARTER).label("quarter")
    shown = (table.c.at >= since) & table.c.kind.in_(("merge", "split"))
    query = select(quarter, table.c.kind, func.count()).where(shown).group_by(quarter, table.c.kind)
    counted: Counter[tuple[str, str]] = Counter()
    for number, kind, count in connection.execute(query):
        day = from_micros(int(number) * _QUARTER).astimezone(zone).date().isoformat()
        counted[day, kind] += count
    span = [(first + timedelta(days=number)).isoformat() for number in range(days)]
    return [(day, counted[day, "merge"], counted[day, "split"]) for day in span]


def _conflicts(sources: Sources) -> dict[str, int]:
    """Open conflicts by reason."""
    table = schema.links
    query = select(table.c.reason, func.count()).where(UNJOINED, table.c.status == "conflict").group_by(table.c.reason)
    counted: Counter[str] = Counter()
    with sources.state.read() as connection:
        for reason, count in connection.execute(query):
            counted[reason_code(reason)] += count
    del counted["never"]
    return dict(counted)


def _blocked(connection: Connection) -> set[int]:
    table = schema.decisions
    undone = select(table.c.undoes).where(table.c.undoes.is_not(None))
    query = select(table.c.a).where(table.c.kind == "block", table.c.id.not_in(undone))
    return set(connection.execute(query).scalars())
