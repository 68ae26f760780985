"""Live identity: a batch of rows with their identifiers in, the identifier of each row and changed customers out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, insert, select

from onepool.identity.components import Components
from onepool.identity.links import LinkBatch, gather, store
from onepool.pool.keys import KeyMap
from onepool.state import State
from onepool.state.bulk import insert_many
from onepool.state.schema import identifiers, links

I64 = npt.NDArray[np.int64]

_SEPARATOR = "\x1f"
_CHUNK = 200_000


@dataclass(frozen=True, slots=True)
class TypeRule:
    """What the data standard says of an identifier type: does it join, and which comes first as an event's bearer."""

    strong: bool
    priority: int


RuleOf = Callable[[str], TypeRule]


@dataclass(frozen=True)
class Resolved:
    """What a batch meant for identity.

    `bearer`: identifier id by row number, -1 where a row has none. `new`: identifiers seen for the first time, as a
    table (identifier_id, type, scope, value, first_seen). `seen`: (identifier_id, first_seen, last_seen) of all
    identifiers of the batch. `moved`: (identifier_id, customer_id, was) of identifiers whose customer is new or
    changed; `was` is null for new ones. `customers`: every customer that the batch touched, retired ones included.
    """

    bearer: I64
    new: pa.Table
    seen: pa.Table
    moved: pa.Table
    customers: I64
    links: LinkBatch


class Resolver:
    """Holds identifiers and customers in memory; the state keeps them. One per worker, used by one thread."""

    def __init__(self, state: State, rule_of: RuleOf) -> None:
        self._state = state
        self._rule_of = rule_of
        self._rules: dict[str, TypeRule] = {}
        self._ids = KeyMap()
        self.components = Components()
        self._load()

    def resolve(self, ids: pa.Table, rows: pa.Table) -> Resolved:
        """Resolve one batch.

        `ids`: (row int32, type, scope, value), in the order sent within a row. `rows`: (row int32, event_id
        fixed_size_binary(16), touchpoint, time timestamp); row numbers run from 0 without gaps. Changes the customers
        in memory at once; `save` makes them durable.
        """
        count = rows.num_rows
        bearer = np.full(count, -1, np.int64)
        time = _micros(rows.column("time"))
        if ids.num_rows == 0:
            return Resolved(bearer, _new_table([]), _seen_table(), _moved_table(), np.empty(0, np.int64), LinkBatch())
        row = ids.column("row").to_numpy().astype(np.int64)
        distinct, code = _distinct(ids)
        keys = _keys(distinct)
        known = self._ids.get(keys)
        first, last = _extent(code, time[row], len(distinct))
        fresh = known < 0
        new = self._intern(distinct, keys, known, fresh, first)
        node = known[code]

        rules = [self._rule(parts[0]) for parts in distinct]
        strong = np.array([rule.strong for rule in rules], np.bool_)[code]
        priority = np.array([rule.priority for rule in rules], np.int64)[code]
        order = np.lexsort((np.arange(row.size), priority, ~strong, row))
        heads = np.r_[True, row[order][1:] != row[order][:-1]]
        bearer[row[order][heads]] = node[order][heads]

        batch = gather(bearer, row, node, rows, time)
        before = self.components.customer.copy()
        changed = self.components.link(batch.a, batch.b, batch.last_time)
        after = self.components.customer
        born = known[fresh]
        moved = np.union1d(changed, born)
        was = np.where(np.isin(moved, born), -1, before[moved])
        touched = np.unique(np.concatenate([after[known], after[moved], was[was >= 0], before[known]]))
        return Resolved(
            bearer=bearer,
            new=new,
            seen=_seen_table(known, first, last),
            moved=_moved_table(moved, after[moved], was),
            customers=touched,
            links=batch,
        )

    def save(self, connection: Connection, resolved: Resolved) -> None:
        """Write what a batch added, inside the caller's transaction."""
        new = resolved.new
        if new.num_rows:
            first = _micros(new.column("first_seen")).tolist()
            parts = (new.column(name).to_pylist() for name in ("identifier_id", "type", "scope", "value"))
            insert_many(
                connection,
                insert(identifiers),
                ("id", "key", "type", "scope", "value", "first_seen"),
                ((i, key_of(t, s, v), t, s, v, seen) for i, t, s, v, seen in zip(*parts, first, strict=True)),
            )
        store(connection, resolved.links)

    def identifiers(self) -> pa.Table:
        """All identifiers from the state: (identifier_id, type, scope, value, first_seen)."""
        with self._state.read() as connection:
            found = connection.execute(
                select(
                    identifiers.c.id,
                    identifiers.c.type,
                    identifiers.c.scope,
                    identifiers.c.value,
                    identifiers.c.first_seen,
                ).order_by(identifiers.c.id)
            ).all()
        return _new_table([tuple(row) for row in found])

    def customers(self) -> pa.Table:
        """The whole map: (identifier_id, customer_id)."""
        customer = self.components.customer
        return pa.table({"identifier_id": np.arange(customer.size, dtype=np.int64), "customer_id": customer.copy()})

    def _intern(
        self,
        distinct: list[tuple[str, str, str]],
        keys: npt.NDArray[np.uint64],
        known: I64,
        fresh: npt.NDArray[np.bool_],
        first: I64,
    ) -> pa.Table:
        """Give ids to new identifiers, in the order in which the batch first names them."""
        places = np.flatnonzero(fresh)
        start = len(self.components)
        known[places] = np.arange(start, start + places.size)
        self._ids.put(keys[places], known[places])
        self.components.grow(np.array([self._rule(distinct[i][0]).strong for i in places], np.bool_), keys[places, 1])
        return _new_table([(int(known[i]), *distinct[i], int(first[i])) for i in places])

    def _rule(self, kind: str) -> TypeRule:
        if kind not in self._rules:
            self._rules[kind] = self._rule_of(kind)
        return self._rules[kind]

    def _load(self) -> None:
        with self._state.read() as connection:
            found = connection.execution_options(yield_per=_CHUNK).execute(
                select(identifiers.c.id, identifiers.c.key, identifiers.c.type).order_by(identifiers.c.id)
            )
            for part in found.partitions(_CHUNK):
                keys = np.frombuffer(b"".join(row.key for row in part), "<u8").reshape(-1, 2).astype(np.uint64)
                self._ids.put(keys, np.array([row.id for row in part], np.int64))
                self.components.grow(np.array([self._rule(row.type).strong for row in part], np.bool_), keys[:, 1])
            evidence = connection.execute(
                select(links.c.a, links.c.b, links.c.last_time).where(links.c.status == "active")
            )
            for rows in evidence.partitions(_CHUNK):
                a, b, time = np.array([tuple(row) for row in rows], np.int64).T
                self.components.link(np.ascontiguousarray(a), np.ascontiguousarray(b), np.ascontiguousarray(time))


def key_of(kind: str, scope: str, value: str) -> bytes:
    """The 128-bit key of an identifier: blake2b over type, scope and value."""
    return blake2b(_SEPARATOR.join((kind, scope, value)).encode(), digest_size=16).digest()


def _distinct(ids: pa.Table) -> tuple[list[tuple[str, str, str]], I64]:
    joined = pc.binary_join_element_wise(
        ids.column("type").cast(pa.string()),
        ids.column("scope").cast(pa.string()),
        ids.column("value").cast(pa.string()),
        _SEPARATOR,
    )
    encoded = joined.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    parts = [tuple(text.split(_SEPARATOR, 2)) for text in encoded.dictionary.to_pylist()]
    return [(p[0], p[1], p[2]) for p in parts], encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)


def _keys(distinct: list[tuple[str, str, str]]) -> npt.NDArray[np.uint64]:
    raw = b"".join(key_of(*parts) for parts in distinct)
    return np.frombuffer(raw, "<u8").reshape(-1, 2).astype(np.uint64)


def _extent(code: I64, time: I64, size: int) -> tuple[I64, I64]:
    first = np.full(size, np.iinfo(np.int64).max, np.int64)
    last = np.full(size, np.iinfo(np.int64).min, np.int64)
    np.minimum.at(first, code, time)
    np.maximum.at(last, code, time)
    return first, last


def _micros(column: pa.ChunkedArray) -> I64:
    values: I64 = column.cast(pa.int64()).to_numpy().astype(np.int64)
    return values


def _instants(values: I64 | list[int]) -> pa.Array:
    return pa.array(values, pa.int64()).cast(pa.timestamp("us", tz="UTC"))


def _new_table(rows: list[tuple[int, str, str, str, int]]) -> pa.Table:
    return pa.table(
        {
            "identifier_id": pa.array([row[0] for row in rows], pa.int64()),
            "type": pa.array([row[1] for row in rows], pa.string()),
            "scope": pa.array([row[2] for row in rows], pa.string()),
            "value": pa.array([row[3] for row in rows], pa.string()),
            "first_seen": _instants([row[4] for row in rows]),
        }
    )


def _seen_table(node: I64 | None = None, first: I64 | None = None, last: I64 | None = None) -> pa.Table:
    return pa.table(
        {
            "identifier_id": pa.array([] if node is None else node, pa.int64()),
            "first_seen": _instants([] if first is None else first),
            "last_seen": _instants([] if last is None else last),
        }
    )


def _moved_table(node: I64 | None = None, customer: I64 | None = None, was: I64 | None = None) -> pa.Table:
    old = pa.array([] if was is None else was, pa.int64(), mask=None if was is None else was < 0)
    return pa.table(
        {
            "identifier_id": pa.array([] if node is None else node, pa.int64()),
            "customer_id": pa.array([] if customer is None else customer, pa.int64()),
            "was": old,
        }
    )
