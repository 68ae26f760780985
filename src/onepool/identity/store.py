"""What the state keeps of identity: writing what a batch added, and the tables that say it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sqlalchemy import Connection, bindparam, insert, select, update

from onepool.clock import to_micros
from onepool.identity import decisions
from onepool.identity.arrays import LATER
from onepool.identity.graph import Graph
from onepool.identity.keys import key_of
from onepool.identity.links import RULED, insert_links
from onepool.identity.links import store as store_links
from onepool.identity.registry import Registry
from onepool.state import State
from onepool.state.bulk import insert_many, update_many
from onepool.state.columns import read
from onepool.state.schema import candidates, consents, customer_changes, identifiers
from onepool.state.store import get_meta, set_meta

if TYPE_CHECKING:
    from onepool.identity.resolved import Resolved

I64 = npt.NDArray[np.int64]
Times = Mapping[int, datetime]

REGISTRY = "identity_registry"
"""Key in the state's meta: the rules that its links and customers were solved under."""

NEW_SCHEMA = pa.schema(
    [
        ("identifier_id", pa.int64()),
        ("type", pa.string()),
        ("scope", pa.string()),
        ("value", pa.string()),
        ("first_seen", pa.timestamp("us", tz="UTC")),
        ("last_seen", pa.timestamp("us", tz="UTC")),
        ("base", pa.int64()),
        ("generation", pa.int32()),
        ("valid_from", pa.timestamp("us", tz="UTC")),
    ]
)


@dataclass(frozen=True, slots=True)
class RuledLink:
    """A new link that a person or a model made: ends a < b, the number of the decision or candidate, and its time."""

    a: int
    b: int
    decision: int
    at: datetime
    rule: str = RULED
    confidence: float | None = None
    edge: int = -1


def save(connection: Connection, resolved: Resolved, registry: Registry, at: int, offset: int) -> None:
    """Write what a batch added, and the rules it was solved under. `at`: the instant of the tick, µs."""
    rules = registry.to_json()
    if get_meta(connection, REGISTRY) != rules:
        set_meta(connection, REGISTRY, rules)
    _save_identifiers(connection, resolved.new)
    concluded = resolved.concluded
    if resolved.rulings:
        known = dict(zip(concluded.ids.tolist(), concluded.status, strict=True))
        insert_links(
            connection,
            (
                (one.edge, one.a, one.b, one.rule, "", event, when, event, when, 1, 0, one.confidence, *known[one.edge])
                for one in resolved.rulings
                for event, when in [(one.decision.to_bytes(16, "big"), to_micros(one.at))]
            ),
        )
    store_links(connection, resolved.links, resolved.edge, resolved.known_edges, concluded)
    update_many(connection, _NAMED, ("node", "code", "said"), resolved.renamed)
    update_many(connection, _SEEN, ("node", "seen"), resolved.aged)
    update_many(connection, _RETIMED, ("node", "since"), _tenures_of(resolved.retimed))
    for node, granted, when, event, touchpoint in resolved.words:
        values = {"granted": granted, "time": when, "event_id": event, "touchpoint": touchpoint}
        changed = connection.execute(update(consents).where(consents.c.identifier_id == node).values(**values))
        if changed.rowcount == 0:
            connection.execute(insert(consents).values(identifier_id=node, **values))
    insert_many(
        connection,
        insert(customer_changes),
        ("at", "log_offset", "kind", "customer_id", "other_id"),
        ((at, offset, *change) for change in moves(resolved.moved)),
    )
    update_many(connection, _JOINED, ("candidate", "now"), ((number, "joined") for number in resolved.joined))
    if resolved.decided is not None:
        set_meta(connection, decisions.APPLIED, str(resolved.decided))


def moves(moved: pa.Table) -> Iterator[tuple[str, int, int]]:
    """What moved identifiers mean for customers: (merge, gone, kept), (split, out, of), and (move, identifier, was).

    Every known identifier whose customer changed has one of them, so that its customer at any earlier tick can be told
    (onepool.identity.read.history): before a merge it was its own, before the others that of the third.
    """
    node = moved.column("identifier_id").to_numpy()
    now = moved.column("customer_id").to_numpy()
    was = moved.column("was").fill_null(-1).to_numpy()
    for place in np.flatnonzero((was == node) & (now != node)).tolist():
        yield "merge", int(node[place]), int(now[place])
    for place in np.flatnonzero((now == node) & (was >= 0)).tolist():
        yield "split", int(node[place]), int(was[place])
    for place in np.flatnonzero((now != node) & (was >= 0) & (was != node)).tolist():
        yield "move", int(node[place]), int(was[place])


def _save_identifiers(connection: Connection, new: pa.Table) -> None:
    if new.num_rows == 0:
        return
    times = {name: new.column(name).cast(pa.int64()).to_pylist() for name in ("first_seen", "last_seen", "valid_from")}
    parts = {name: new.column(name).to_pylist() for name in ("identifier_id", "type", "scope", "value", "base")}
    rows = zip(*parts.values(), new.column("generation").to_pylist(), *times.values(), strict=True)
    insert_many(
        connection,
        insert(identifiers),
        (
            "id",
            "key",
            "type",
            "scope",
            "value",
            "first_seen",
            "last_seen",
            "base",
            "generation",
            "valid_from",
            "witness",
        ),
        (
            (i, key_of(t, s, v, generation), t, s, v, first, last, base, generation, since, 0)
            for i, t, s, v, base, generation, first, last, since in rows
        ),
    )


def tenure_rows(state: State, graph: Graph, born: I64, new: pa.Table) -> pa.Table:
    """Rows of `Resolved.new` for tenures that came into being; what they are called is taken from their bases."""
    if born.size == 0:
        return new_table([])
    wanted = sorted({int(graph.base[node]) for node in born})
    fresh = dict(
        zip(
            new.column("identifier_id").to_pylist(),
            zip(*(new.column(name).to_pylist() for name in ("type", "scope", "value")), strict=True),
            strict=True,
        )
    )
    called = {base: fresh[base] for base in wanted if base in fresh}
    missing = [base for base in wanted if base not in called]
    with state.read() as connection:
        for start in range(0, len(missing), 500):
            found = select(identifiers.c.id, identifiers.c.type, identifiers.c.scope, identifiers.c.value)
            rows = connection.execute(found.where(identifiers.c.id.in_(missing[start : start + 500])))
            called |= {row.id: (row.type, row.scope, row.value) for row in rows}
    made = []
    for node in born.tolist():
        base = int(graph.base[node])
        since = graph.valid_from(node)
        first = since if since != LATER else 0
        made.append((node, *called[base], first, first, base, graph.generation(node), since))
    return new_table(made)


def new_table(rows: list[tuple[int, str, str, str, int, int, int | None, int, int | None]]) -> pa.Table:
    """Rows (id, type, scope, value, first seen, last seen, base, generation, valid from) as a table."""
    columns = list(zip(*rows, strict=True)) or [()] * 9
    since = [None if one is None or one == LATER else one for one in columns[8]]
    return pa.table(
        [
            pa.array(columns[0], pa.int64()),
            *(pa.array(columns[place], pa.string()) for place in (1, 2, 3)),
            instants(columns[4]),
            instants(columns[5]),
            pa.array(columns[6], pa.int64()),
            pa.array(columns[7], pa.int32()),
            instants(since),
        ],
        schema=NEW_SCHEMA,
    )


def retimed_table(graph: Graph, bases: I64) -> pa.Table:
    """(base, identifier_id, valid_from, valid_to in µs) of all tenures in use of these identifiers."""
    rows = []
    for base in bases.tolist():
        tenures = graph.tenures(base)
        for place, (node, since) in enumerate(tenures):
            until = tenures[place + 1][1] if place + 1 < len(tenures) else LATER
            rows.append((base, node, since if place else -LATER, until))
        rows += [(base, node, LATER, LATER) for node in graph.unused_tenures(base)]
    columns = list(zip(*rows, strict=True)) or [()] * 4
    names = ("base", "identifier_id", "valid_from", "valid_to")
    return pa.table({name: pa.array(column, pa.int64()) for name, column in zip(names, columns, strict=True)})


def _tenures_of(retimed: pa.Table) -> Iterator[tuple[int, int | None]]:
    """(identifier, valid from) of further tenures; None: not in use."""
    for base, node, since in zip(*(retimed.column(i).to_pylist() for i in range(3)), strict=True):
        if node != base:
            yield node, None if since == LATER else since


def all_identifiers(state: State) -> pa.Table:
    """All identifiers of the state, as `new_table` makes them."""
    table = identifiers
    times = ("first_seen", "last_seen", "valid_from")
    columns = [
        table.c.id.label("identifier_id"),
        *(table.c[name] for name in ("type", "scope", "value", "first_seen", "last_seen", "base", "generation")),
        table.c.valid_from,
    ]
    parts = []
    for part in read(state, table, columns):
        arrays = [
            instants(part[name]) if name in times else part[name].cast(NEW_SCHEMA.field(name).type)
            for name in NEW_SCHEMA.names
        ]
        parts.append(pa.table(arrays, schema=NEW_SCHEMA))
    return pa.concat_tables(parts)


def seen_table(node: I64 | None = None, first: I64 | None = None, last: I64 | None = None) -> pa.Table:
    """(identifier_id, first_seen, last_seen)."""
    return pa.table(
        {
            "identifier_id": pa.array([] if node is None else node, pa.int64()),
            "first_seen": instants([] if first is None else first),
            "last_seen": instants([] if last is None else last),
        }
    )


def moved_table(node: I64, customer: I64, was: I64) -> pa.Table:
    """(identifier_id, customer_id, was); `was` is null for new ones, given as -1."""
    return pa.table(
        {
            "identifier_id": pa.array(node, pa.int64()),
            "customer_id": pa.array(customer, pa.int64()),
            "was": pa.array(was, pa.int64(), mask=was < 0),
        }
    )


def instants(values: Any) -> pa.Array | pa.ChunkedArray:
    """Instants in µs as timestamps."""
    numbers = values if isinstance(values, pa.ChunkedArray) else pa.array(values, pa.int64())
    return numbers.cast(pa.timestamp("us", tz="UTC"))


_JOINED = update(candidates).where(candidates.c.id == bindparam("candidate")).values(status=bindparam("now"))
_NAMED = (
    update(identifiers)
    .where(identifiers.c.id == bindparam("node"))
    .values(witness=bindparam("code"), witness_time=bindparam("said"))
)
_SEEN = update(identifiers).where(identifiers.c.id == bindparam("node")).values(last_seen=bindparam("seen"))
_RETIMED = update(identifiers).where(identifiers.c.id == bindparam("node")).values(valid_from=bindparam("since"))
