"""Reading identity from the state when a worker starts: columns in, arrays filled, everything solved."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sqlalchemy import Connection, Table, func, select
from sqlalchemy.sql.elements import ColumnElement

from onepool.identity import decisions
from onepool.identity.arrays import DECISION, EVENT, GRANTED, LIKELIHOOD, WITHDRAWN
from onepool.identity.decisions import Decision
from onepool.identity.graph import Graph
from onepool.identity.hearing import Hearing
from onepool.identity.links import LIKELY, RULED
from onepool.identity.registry import DAY
from onepool.pool.keys import KeyMap
from onepool.state import State
from onepool.state.columns import read
from onepool.state.schema import consents, identifiers, links

I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]

_SEPARATOR = "\x1f"
_KINDS = {RULED: DECISION, LIKELY: LIKELIHOOD}


def load(state: State, graph: Graph, ids: KeyMap, hearing: Hearing, restore: Callable[[list[Decision]], None]) -> I64:
    """Read identifiers, links, consents and decisions, and solve them; `restore` takes up the decisions.

    Returns the links of which the state says something else, as after an edition of OnePool with other rules.
    """
    with state.read() as connection:
        _identifiers(connection, state, graph, ids)
        _tenures(state, graph)
        hearing.extend(len(graph))
        _names(state, graph, hearing)
        stored, meant = _links(connection, state, graph)
        _consents(connection, graph, hearing)
        done = decisions.applied(connection)
    restore([one for one in decisions.every(state) if one.id <= done])
    graph.solve()
    return _differing(graph, stored, meant)


def _identifiers(connection: Connection, state: State, graph: Graph, ids: KeyMap) -> None:
    table = identifiers
    count, last = connection.execute(select(func.count(), func.max(table.c.id)).select_from(table)).one()
    if count != (0 if last is None else last + 1):
        raise ValueError(f"the state has {count} identifiers, numbered up to {last}: some are missing")
    graph.reserve(nodes=count)
    ids.reserve(count)
    slot = (table.c.type + _SEPARATOR + table.c.scope).label("slot")
    for part in read(state, table, [table.c.key, slot, table.c.last_seen, table.c.generation]):
        names = [_pair(text) for text in part.column("slot").combine_chunks().dictionary.to_pylist()]
        code = part.column("slot").combine_chunks().indices.to_numpy()
        types = np.array([graph.type_number(kind) for kind, _ in names], np.int64)
        slots = np.array([graph.slot_number(*one) for one in names], np.int64)
        keys = _words(part.column("key"))
        first = graph.add(types[code], slots[code], keys[:, 1], part.column("last_seen").to_numpy() // DAY * DAY)
        numbers = np.arange(first, first + len(keys), dtype=np.int64)
        own = part.column("generation").to_numpy() == 0
        ids.put(keys[own], numbers[own])


def _tenures(state: State, graph: Graph) -> None:
    for part in read(state, identifiers, [_id(identifiers), identifiers.c.base], identifiers.c.base.is_not(None)):
        graph.add_tenures(part.column("number").to_numpy(), part.column("base").to_numpy())


def _names(state: State, graph: Graph, hearing: Hearing) -> None:
    table = identifiers
    columns = [_id(table), table.c.witness, table.c.witness_time]
    for part in read(state, table, columns, table.c.witness_time.is_not(None)):
        nodes, codes, when = (column.to_numpy() for column in part.columns)
        graph.restore_names(nodes, codes)
        hearing.learned(nodes, when)


def _links(connection: Connection, state: State, graph: Graph) -> tuple[I32, list[str]]:
    """Append all links to the graph. Returns the outcome of each that the state knows, as a number, and its meaning."""
    table = links
    graph.reserve(edges=connection.execute(select(func.count()).select_from(table)).scalar_one())
    source = (table.c.rule + _SEPARATOR + table.c.touchpoint).label("source")
    outcome = (table.c.status + _SEPARATOR + table.c.reason).label("outcome")
    columns = [_id(table), table.c.a, table.c.b, source, table.c.first_time, table.c.last_time, outcome, table.c.trust]
    known: dict[str, int] = {}
    outcomes = [np.empty(0, np.int32)]
    ruled = _ruled(connection)
    for part in read(state, table, columns):
        number, start, end = (part.column(name).to_numpy() for name in ("number", "first_time", "last_time"))
        if number.size and (number[0] != graph.edges or number[-1] != graph.edges + number.size - 1):
            raise ValueError(f"links have gaps after {graph.edges - 1}")
        sources = [_pair(text) for text in part.column("source").combine_chunks().dictionary.to_pylist()]
        code = part.column("source").combine_chunks().indices.to_numpy()
        kind = np.array([_KINDS.get(rule, EVENT) for rule, _ in sources], np.int64)[code]
        by_hand = np.flatnonzero(kind != EVENT)
        if by_hand.size:
            # What was ruled first is taken first.
            start, end = start.copy(), end.copy()
            start[by_hand] = end[by_hand] = [ruled[one] for one in number[by_hand].tolist()]
        told = part.column("outcome").combine_chunks()
        status = [known.setdefault(text, len(known)) for text in told.dictionary.to_pylist()]
        found = np.array(status, np.int32)[told.indices.to_numpy()]
        retired = np.array([text.startswith("retired" + _SEPARATOR) for text in known], np.int8)
        graph.restore_links(
            part.column("a").to_numpy(),
            part.column("b").to_numpy(),
            np.array([graph.source_number(*one) for one in sources], np.int64)[code],
            kind,
            start,
            end,
            retired[found] if found.size else np.empty(0, np.int8),
            part.column("trust").to_numpy(),
        )
        outcomes.append(found)
    return np.concatenate(outcomes), list(known)


def _ruled(connection: Connection) -> dict[int, int]:
    """The number of the decision or candidate behind each link that is not of events."""
    query = select(links.c.id, links.c.first_event).where(links.c.rule.in_(tuple(_KINDS)))
    return {row.id: int.from_bytes(row.first_event, "big") for row in connection.execute(query)}


def _consents(connection: Connection, graph: Graph, hearing: Hearing) -> None:
    found = connection.execute(select(consents.c.identifier_id, consents.c.granted, consents.c.time)).all()
    nodes = np.array([row.identifier_id for row in found], np.int64)
    graph.restore_consents(nodes, np.array([GRANTED if row.granted else WITHDRAWN for row in found], np.int8))
    hearing.heard(nodes, np.array([row.time for row in found], np.int64))


def _differing(graph: Graph, stored: I32, meant: list[str]) -> I64:
    """The links whose outcome is not the one that the state has."""
    number, outcomes = graph.outcomes()
    place = {text: code for code, text in enumerate(meant)}
    same = np.array([place.get(_SEPARATOR.join(one), -1) for one in outcomes], np.int32)
    differing: I64 = np.flatnonzero(same[number] != stored) if outcomes else np.empty(0, np.int64)
    return differing


def _id(table: Table) -> ColumnElement[int]:
    return table.c.id.label("number")


def _pair(text: str) -> tuple[str, str]:
    left, _, right = text.partition(_SEPARATOR)
    return left, right


def _words(keys: pa.ChunkedArray) -> npt.NDArray[np.uint64]:
    """Keys of 16 bytes as uint64 of shape (n, 2)."""
    data = keys.combine_chunks().buffers()[2]
    raw = b"" if data is None else data
    return np.frombuffer(raw, "<u8").reshape(-1, 2).astype(np.uint64)
