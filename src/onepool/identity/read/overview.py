"""OneID in numbers: identifiers, customers, evidence, what changed, what stands out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection, func, select

from onepool.clock import from_micros, to_micros
from onepool.identity.read.joining import joined_by_day
from onepool.identity.read.queue import OPEN_REASONS, UNJOINED, candidates, count_ranked, open_conflicts, settled
from onepool.identity.read.sources import Node, Sources, customers_of, in_parts, nodes, tenures
from onepool.identity.read.voids import near_limit, void_identifiers
from onepool.state import schema
from onepool.state.columns import read

_QUARTER = 900_000_000
"""A quarter of an hour in µs: every zone's days begin at a whole one."""

# Identifiers with their customers, but for tenures that are no longer in use.
_OWNED = """identifiers i JOIN customer_of c USING (identifier_id)
        WHERE (i.base IS NULL OR i.valid_from IS NOT NULL)"""

_BLOCK = 400_000
"""Links of one part."""
_TOUCHPOINTS = 1 << 20
"""More than any workspace has: an identifier and a touchpoint become one number."""

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
    """An identifier that joins nobody though evidence links it to `owners` customers (`void`: more than its type
    allows; `blocked` by people), or that has nearly as many owners as its type allows (`near`)."""

    node: Node
    reason: Literal["void", "blocked", "near"]
    owners: int
    links: int
    customers: int


@dataclass(frozen=True, slots=True)
class Overview:
    """All figures.

    `links`: by status; `changes`: (day, merged, split), by when it was concluded; `joined`: (day, customers, those with
    more than one identifier), by when they were seen; `largest`: (customer, identifiers, events); `unclaimed`: numbers
    that were handed on, and of which nobody has proved yet to be the new owner: they join nobody.
    """

    customers: int
    identifiers: int
    anonymous: int
    linked: int
    by_type: list[TypeCount]
    sizes: dict[str, int]
    links: dict[str, int]
    changes: list[tuple[str, int, int]]
    joined: list[tuple[str, int, int]]
    conflicts: dict[str, int]
    candidates: dict[str, int]
    largest: list[tuple[int, int, int]]
    suspicious: list[Suspect]
    unclaimed: int


def overview(sources: Sources, now: datetime, zone: ZoneInfo, *, days: int = 30, most: int = 10) -> Overview:
    """The figures of now; changes over so many calendar days, `most` rows in the lists."""
    by_type = _by_type(sources)
    sizes, customers, linked = _sizes(sources)
    touchpoints, links = _evidence(sources)
    with sources.state.read() as connection:
        changes = _changes(connection, now, zone, days)
    proposals = _proposals(sources)
    void = _void(sources)
    return Overview(
        customers=customers,
        identifiers=sum(row[1] for row in by_type),
        anonymous=_anonymous(sources),
        linked=linked,
        by_type=[TypeCount(*row, touchpoints=touchpoints.get(row[0], {})) for row in by_type],
        sizes=sizes,
        links=links,
        changes=changes,
        joined=joined_by_day(sources, now, zone, days),
        conflicts=_conflicts(sources),
        candidates=proposals,
        largest=_largest(sources, most),
        suspicious=_suspicious(sources, void, most),
        unclaimed=void.unclaimed,
    )


def suspicious(sources: Sources, most: int = 10) -> list[Suspect]:
    """The identifiers that join nobody, those with most evidence first; then those near the limit of their type."""
    return _suspicious(sources, _void(sources), most)


@dataclass(frozen=True, slots=True)
class _Void:
    """`owners`: of identifiers that name more people than they may; `blocked`: by people."""

    owners: dict[int, int]
    blocked: set[int]
    unclaimed: int


def _void(sources: Sources) -> _Void:
    """What joins nobody. A number that was handed on names no more people than it may: it is nobody's until somebody
    proves to have it, and nothing is wrong with it."""
    with sources.state.read() as connection:
        blocked = _blocked(connection)
    found = void_identifiers(sources.state, sources.registry, blocked)
    known = nodes(sources, found)
    cap = {number: sources.registry.rule(node.type).max_customers for number, node in known.items()}
    handed = {number for number, node in known.items() if node.generation and found[number] <= (cap[number] or 0)}
    return _Void({one: owners for one, owners in found.items() if one not in handed}, blocked, len(handed))


def _suspicious(sources: Sources, void: _Void, most: int) -> list[Suspect]:
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
    owners, blocked = void.owners, void.blocked
    columns = zip(*rows, strict=True) if rows else ([], [], [])
    kinds = (("a", pa.int64()), ("b", pa.int64()), ("status", pa.string()))
    unused = {name: pa.array(column, kind) for (name, kind), column in zip(kinds, columns, strict=True)}
    sources.session.relation("identity_unused", pa.table(unused))
    ends = {"id": pa.array(owners.keys(), pa.int64()), "owners": pa.array(owners.values(), pa.int64())}
    sources.session.relation("identity_void", pa.table(ends))
    found = sources.session.query(_SUSPECTS, {"blocked": sorted(blocked), "most": most}).to_pylist()
    known = nodes(sources, [row["id"] for row in found])
    return [
        Suspect(known[row["id"]], row["reason"], int(row["owners"]), row["links"], row["customers"])
        for row in found
        if row["id"] in known
    ] + _near(sources, most)


def _near(sources: Sources, most: int) -> list[Suspect]:
    """The identifiers next to their limit, those with most evidence first."""
    owners = near_limit(sources.state, sources.registry)
    known = nodes(sources, owners)
    customers: dict[int, set[int]] = {}
    links: Counter[int] = Counter()
    table = schema.links
    with sources.state.read() as connection:
        spans = tenures(connection, {node.base for node in known.values()})
        for part in in_parts({node.base for node in known.values()}):
            for end, other in ((table.c.a, table.c.b), (table.c.b, table.c.a)):
                query = select(end.label("one"), other.label("other"), table.c.first_time)
                used = table.c.status.in_(("joined", "conflict"))
                for row in connection.execute(query.where(end.in_(part), used)):
                    number = spans.at(row.one, row.first_time)
                    if number in known:
                        links[number] += 1
                        customers.setdefault(number, set()).add(row.other)
    of = customers_of(sources.session, {one for some in customers.values() for one in some})
    found = [
        Suspect(node, "near", owners[number], links[number], len({of.get(one, one) for one in customers[number]}))
        for number, node in known.items()
        if number in customers
    ]
    return sorted(found, key=lambda one: (-one.links, one.node.identifier_id))[:most]


# Which end of an unused link is at fault: the one that the engine finds void, or that people blocked.
_SUSPECTS = """WITH ends AS (
        SELECT a AS id, b AS other, status FROM identity_unused UNION ALL SELECT b, a, status FROM identity_unused
    ), suspects AS (
        SELECT e.id, e.status AS reason, count(*) AS links, any_value(v.owners) AS owners
        FROM ends e LEFT JOIN identity_void v ON v.id = e.id
        WHERE (e.status = 'void' AND v.id IS NOT NULL) OR (e.status = 'blocked' AND list_contains($blocked, e.id))
        GROUP BY ALL ORDER BY links DESC, e.id LIMIT $most
    ), known AS (
        SELECT s.id, s.reason, count(DISTINCT o.customer_id) AS customers
        FROM suspects s JOIN ends e ON e.id = s.id AND e.status = s.reason
            JOIN customer_of o ON o.identifier_id = e.other GROUP BY ALL
    )
    SELECT s.id, s.reason, s.links, k.customers, CASE s.reason WHEN 'void' THEN s.owners ELSE k.customers END AS owners
    FROM suspects s JOIN known k ON k.id = s.id AND k.reason = s.reason ORDER BY links DESC, s.id"""


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
    """Identifiers by type and by the touchpoints that named them; links by status. Reads every link once, as columns.

    Links are folded to one row for each identifier and touchpoint, so that little of them has to reach the pool.
    """
    table = schema.links
    links: Counter[str] = Counter()
    number: dict[str, int] = {}
    pairs = [np.empty(0, np.int64)]
    for part in read(sources.state, table, [table.c.a, table.c.b, table.c.touchpoint, table.c.status], block=_BLOCK):
        for row in part.column("status").combine_chunks().value_counts().to_pylist():
            links[row["values"]] += row["counts"]
        named = part.column("touchpoint").combine_chunks()
        codes = np.array([number.setdefault(name, len(number)) for name in named.dictionary.to_pylist()], np.int64)
        code = codes[named.indices.to_numpy()]
        ends = np.concatenate([part.column(end).to_numpy() * _TOUCHPOINTS + code for end in ("a", "b")])
        pairs.append(np.unique(ends))
    seen = np.unique(np.concatenate(pairs))
    told = pa.DictionaryArray.from_arrays(pa.array(seen % _TOUCHPOINTS, pa.int32()), pa.array(number, pa.string()))
    sources.session.relation("identity_named", pa.table({"id": seen // _TOUCHPOINTS, "touchpoint": told}))
    counted = sources.session.query(
        """SELECT i.type, e.touchpoint, count(*) AS n FROM (
            SELECT id, touchpoint::VARCHAR AS touchpoint FROM identity_named
            UNION SELECT identifier_id, touchpoint FROM events
            UNION SELECT identifier_id, touchpoint FROM attribute_facts) e
        JOIN identifiers i ON i.identifier_id = e.id WHERE e.touchpoint <> '' GROUP BY 1, 2"""
    )
    touchpoints: dict[str, dict[str, int]] = {}
    for row in counted.to_pylist():
        touchpoints.setdefault(row["type"], {})[row["touchpoint"]] = row["n"]
    return touchpoints, dict(links)


def _proposals(sources: Sources) -> dict[str, int]:
    """Pairs that the model proposed, by what became of them; `open`: of two customers, as the queue has them."""
    query = select(schema.candidates.c.status, func.count()).group_by(schema.candidates.c.status)
    with sources.state.read() as connection:
        counted = {row.status: row[1] for row in connection.execute(query)}
    if "open" in counted:
        waiting = candidates(sources, ["open"])
        counted["open"] = count_ranked(sources.session, waiting, once=True, settled=settled(sources))
    return counted


def _changes(connection: Connection, now: datetime, zone: ZoneInfo, days: int) -> list[tuple[str, int, int]]:
    table = schema.customer_changes
    today = now.astimezone(zone).date()
    first = today - timedelta(days=days - 1)
    since = to_micros(datetime(first.year, first.month, first.day, tzinfo=zone))
    quarter = (table.c.at // _QUARTER).label("quarter")
    shown = (table.c.at >= since) & table.c.kind.in_(("merge", "split"))
    query = select(quarter, table.c.kind, func.count()).where(shown).group_by(quarter, table.c.kind)
    counted: Counter[tuple[str, str]] = Counter()
    for counted_in, kind, count in connection.execute(query):
        day = from_micros(int(counted_in) * _QUARTER).astimezone(zone).date().isoformat()
        counted[day, kind] += count
    span = [(first + timedelta(days=day)).isoformat() for day in range(days)]
    return [(day, counted[day, "merge"], counted[day, "split"]) for day in span]


def _conflicts(sources: Sources) -> dict[str, int]:
    """Open conflicts by reason, as many as the list of a reason has."""
    ruled = settled(sources)
    counted = {
        reason: count_ranked(sources.session, open_conflicts(sources, reason), settled=ruled) for reason in OPEN_REASONS
    }
    return {reason: count for reason, count in counted.items() if count}


def _blocked(connection: Connection) -> set[int]:
    table = schema.decisions
    undone = select(table.c.undoes).where(table.c.undoes.is_not(None))
    query = select(table.c.a).where(table.c.kind == "block", table.c.id.not_in(undone))
    return set(connection.execute(query).scalars())
