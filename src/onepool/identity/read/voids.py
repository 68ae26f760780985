"""Which identifiers name too many people to join anybody: asked of the engine itself, over their own evidence.

Whether a value is void follows from its own links and from what is known of the identifiers at their other ends, so a
small graph of these answers as the worker's large one does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, select, text

from onepool.identity.arrays import BASE, EVENT, GRANTED, OWNERS, VALID_FROM, WITHDRAWN
from onepool.identity.graph import Graph
from onepool.identity.links import LIKELY, RULED
from onepool.identity.read.sources import in_parts, tenures
from onepool.identity.registry import DAY, Registry
from onepool.identity.store import REGISTRY
from onepool.state import State, schema

I64 = npt.NDArray[np.int64]

NEAR = 0.8
"""Share of the limit from which on a value is near it: 3 of 3, 4 of 5, 40 of 50."""

# Written as the partial index `links_unjoined` is: SQLite uses it only for this very text.
_UNJOINED = text("links.status NOT IN ('joined', 'follows')")


def void_identifiers(state: State, registry: Registry, blocked: Collection[int]) -> dict[int, int]:
    """The void identifiers that links were refused for, tenures included, with how many owners each names at least.

    `blocked`: identifiers that people blocked. The rules are those that the state was solved under, else `registry`.
    """
    rules = state.meta(REGISTRY)
    table = schema.links
    with state.read() as connection:
        query = select(table.c.a, table.c.b).where(_UNJOINED, table.c.status == "void")
        ends = {end for pair in connection.execute(query) for end in pair}
        links = _links(connection, ends)
        wanted = ends | {row.a for row in links} | {row.b for row in links}
        known = _identifiers(connection, wanted)
        consents = _consents(connection, wanted)
    ids = np.array([row.id for row in known if row.base is None], np.int64)
    if ids.size == 0:
        return {}
    graph = _graph(registry if rules is None else Registry.from_json(rules), ids, known, links, consents, blocked)
    return _found(graph, ids, known, ends)


def near_limit(state: State, registry: Registry) -> dict[int, int]:
    """Values that still join, with nearly as many owners as their type allows: identifier (tenures included) ->
    owners at least, from a share of NEAR of the limit on. Counted as the engine does, by the limits of what they are
    linked to and by surnames.

    Only types that join: two owners of such a value are kept apart by a conflict, so that few have to be looked at.
    """
    caps = {name: rule.max_customers for name, rule in registry.types.items() if rule.strength == "strong"}
    table = schema.links
    with state.read() as connection:
        query = select(table.c.a, table.c.b).where(_UNJOINED, table.c.status == "conflict")
        ends = {end for pair in connection.execute(query) for end in pair}
        types = {row.id: row for row in _identifiers(connection, ends)}
        ends = {end for end in ends if caps.get(types[end].type) is not None}
        links = [row for row in _links(connection, ends) if row.status in ("joined", "conflict")]
        known = {row.id: row for row in _identifiers(connection, ends | {end for row in links for end in row[1:3]})}
        spans = tenures(connection, ends)
    near: dict[int, dict[int, Any]] = {}
    for row in links:
        for one, other in ((row.a, row.b), (row.b, row.a)):
            if one in ends:
                near.setdefault(spans.at(one, row.first_time), {})[other] = known[other]
    found = {number: _owners(registry, known[number], others.values()) for number, others in near.items()}
    return {
        number: owners
        for number, owners in found.items()
        if max(2, NEAR * (caps[known[number].type] or 0)) <= owners <= (caps[known[number].type] or 0)
    }


def _owners(registry: Registry, value: Any, others: Iterable[Any]) -> int:
    """How many people what a value is linked to must be at least."""
    slots: Counter[tuple[str, str]] = Counter()
    surnames: set[int] = set()
    for other in others:
        rule = registry.rule(other.type)
        if rule.strength != "strong":
            continue
        surnames.add((other.witness >> 32) & 0xFFFF)
        if rule.max_per_customer and (other.type, other.scope) != (value.type, value.scope):
            slots[other.type, other.scope] += 1
    limits = [-(-count // (registry.rule(slot[0]).max_per_customer or 1)) for slot, count in slots.items()]
    return max([0, *limits, len(surnames - {0})])


def _graph(
    registry: Registry, ids: I64, known: list[Any], links: list[Any], consents: list[Any], blocked: Collection[int]
) -> Graph:
    graph = Graph(registry)
    bases = [row for row in known if row.base is None]
    graph.add(
        np.array([graph.type_number(row.type) for row in bases], np.int64),
        np.array([graph.slot_number(row.type, row.scope) for row in bases], np.int64),
        np.array([int.from_bytes(row.key[8:], "little") for row in bases], np.uint64),
        np.array([row.last_seen for row in bases], np.int64) // DAY * DAY,
    )
    graph.restore_names(np.arange(ids.size), np.array([row.witness for row in bases], np.int64))
    word = np.array([GRANTED if row.granted else WITHDRAWN for row in consents], np.int8)
    graph.restore_consents(_place(ids, [row.identifier_id for row in consents]), word)
    of = {row.id: row.id if row.base is None else row.base for row in known}
    named = sorted({of[one] for one in blocked if one in of})
    if named:
        graph.block(_place(ids, named), True)
    graph.restore_links(
        _place(ids, [row.a for row in links]),
        _place(ids, [row.b for row in links]),
        np.array([graph.source_number(row.rule, row.touchpoint) for row in links], np.int64),
        np.full(len(links), EVENT, np.int64),
        np.array([row.first_time for row in links], np.int64),
        np.array([row.last_time for row in links], np.int64),
        np.array([2 if row.status == "cut" else 0 for row in links], np.int8),
        np.array([row.trust for row in links], np.int64),
    )
    graph.solve()
    return graph


def _found(graph: Graph, ids: I64, known: list[Any], ends: set[int]) -> dict[int, int]:
    """Void nodes of the small graph as identifiers of the state: tenures by the instant from which they hold."""
    tenure = {(row.base, row.valid_from): row.id for row in known if row.base is not None}
    arrays = graph.arrays
    found: dict[int, int] = {}
    for node in graph.voids().tolist():
        base = int(ids[arrays.n32[BASE, node]])
        since = int(arrays.n64[VALID_FROM, node])
        number = base if node < ids.size else tenure.get((base, since))
        if number is not None and base in ends:
            found[number] = int(arrays.n32[OWNERS, node])
    return found


def _links(connection: Connection, ends: Collection[int]) -> list[Any]:
    """All links of events that identifiers have, once each, by id."""
    table = schema.links
    columns = (table.c.id, table.c.a, table.c.b, table.c.rule, table.c.touchpoint, table.c.first_time)
    query = select(*columns, table.c.last_time, table.c.status, table.c.trust).where(
        table.c.rule.not_in((RULED, LIKELY))
    )
    found: dict[int, Any] = {}
    for part in in_parts(ends):
        for end in (table.c.a, table.c.b):
            found |= {row.id: row for row in connection.execute(query.where(end.in_(part)))}
    return [found[number] for number in sorted(found)]


def _identifiers(connection: Connection, ids: Collection[int]) -> list[Any]:
    """Identifiers and their later tenures, by id."""
    table = schema.identifiers
    columns = (table.c.id, table.c.key, table.c.type, table.c.scope, table.c.last_seen, table.c.base)
    query = select(*columns, table.c.valid_from, table.c.witness)
    found: dict[int, Any] = {}
    for part in in_parts(ids):
        for column in (table.c.id, table.c.base):
            found |= {row.id: row for row in connection.execute(query.where(column.in_(part)))}
    return [found[number] for number in sorted(found)]


def _consents(connection: Connection, ids: Collection[int]) -> list[Any]:
    table = schema.consents
    found: list[Any] = []
    for part in in_parts(ids):
        found += connection.execute(select(table).where(table.c.identifier_id.in_(part))).all()
    return found


def _place(ids: I64, wanted: list[int]) -> I64:
    """Where identifiers are in an ascending array."""
    found: I64 = np.searchsorted(ids, np.array(wanted, np.int64)).astype(np.int64)
    return found
