"""What the data map is computed from, brought together once: who was seen where, under which identifier.

The pool says which identifiers bore events and facts, the state which identifiers were named together. Both are folded
into a few tables of numbers in a database in memory of their own, so that the pool is read once and briefly.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sqlalchemy import select

from onepool.collect.touchpoint import Touchpoint
from onepool.identity.links import LIKELY, RULED
from onepool.identity.read import Sources
from onepool.identity.read.sources import tenures
from onepool.pool import DuckDBEngine, Session
from onepool.pool.schema import IN_USE
from onepool.state import schema
from onepool.state.columns import read

EVENT, LIKELIHOOD, DECISION = 0, 1, 2
"""Kinds of links: from events, from the model, from people."""

_BLOCK = 400_000
_JOINS = ("joined", "follows")


@dataclass(frozen=True)
class Gathered:
    """Tables in memory. Instants are µs since 1970; `tp` and `slot` are places in the lists here.

    ``ident``: id, customer, slot of every identifier in use. ``link``: a, b, tp (null: of a model or of people),
    first_at, last_at, times, joined, status, kind of every link. ``seen``: id, customer, slot, tp, first_at, last_at,
    times, borne of every identifier at every touchpoint that named it; `times` is how many events or facts named it at
    least, `borne` how many are kept under it. ``presence``: customer, tp, first_at, last_at.
    """

    engine: DuckDBEngine
    touchpoints: list[str]
    slots: list[tuple[str, str]]
    customers: int
    at: datetime

    def read(self) -> AbstractContextManager[Session]:
        """A session over the tables."""
        return self.engine.read()

    def place(self, touchpoint: str) -> int | None:
        """The number of a touchpoint; None when nothing is known of it."""
        return self.touchpoints.index(touchpoint) if touchpoint in self.touchpoints else None

    def of_type(self, kind: str, scope: str | None = None) -> list[int]:
        """The numbers of a type's slots, of one scope or of all."""
        return [n for n, (one, where) in enumerate(self.slots) if one == kind and scope in (None, where)]

    def strong(self, sources: Sources) -> list[int]:
        """The slots of types that join people."""
        return [n for n, (kind, _) in enumerate(self.slots) if sources.registry.rule(kind).strength == "strong"]

    def close(self) -> None:
        """Give the memory back."""
        self.engine.close()


def gather(sources: Sources, touchpoints: Mapping[str, Touchpoint], now: datetime) -> Gathered:
    """Reads pool and state once. Costs memory for about 40 bytes per identifier and touchpoint."""
    session = sources.session
    slots = [
        (row["type"], row["scope"] or "")
        for row in session.query("SELECT DISTINCT type, scope FROM identifiers ORDER BY 1, 2").to_pylist()
    ]
    borne = session.query(
        """SELECT identifier_id AS id, touchpoint, epoch_us(min(time)) AS first_at, epoch_us(max(time)) AS last_at,
            count(*) AS n
        FROM (SELECT identifier_id, touchpoint, time FROM events
            UNION ALL SELECT identifier_id, touchpoint, time FROM attribute_facts)
        WHERE touchpoint <> '' GROUP BY 1, 2"""
    )
    ident = _identifiers(session, slots)
    engine = DuckDBEngine(":memory:")
    try:
        with engine.write() as work:
            names = _links(sources, work, list(touchpoints))
            known = dict.fromkeys([*names, *borne.column("touchpoint").unique().to_pylist()])
            listed = list(known)
            work.relation("_ident", ident)
            work.execute("CREATE TABLE ident AS SELECT id, customer, slot::SMALLINT AS slot FROM _ident")
            work.relation("_borne", borne)
            work.relation("_places", pa.table({"touchpoint": listed, "tp": pa.array(range(len(listed)), pa.int16())}))
            work.execute(_SEEN)
            work.execute(_PRESENCE)
            customers = work.query("SELECT count(DISTINCT customer) AS n FROM ident")["n"][0].as_py()
    except BaseException:
        engine.close()
        raise
    return Gathered(engine, listed, slots, int(customers), now)


# An event that names several identifiers is a link of each two of them, and is kept under one.
_SEEN = """CREATE TABLE seen AS
    SELECT e.id, i.customer, i.slot, e.tp, min(e.first_at) AS first_at, max(e.last_at) AS last_at,
        max(e.times) AS times, max(e.borne) AS borne
    FROM (
        SELECT a AS id, tp, first_at, last_at, times, 0 AS borne FROM link WHERE kind = 0
        UNION ALL SELECT b, tp, first_at, last_at, times, 0 FROM link WHERE kind = 0
        UNION ALL SELECT b.id, p.tp, b.first_at, b.last_at, b.n, b.n FROM _borne b JOIN _places p USING (touchpoint)
    ) e JOIN ident i USING (id) WHERE e.tp IS NOT NULL GROUP BY ALL"""

_PRESENCE = """CREATE TABLE presence AS
    SELECT customer, tp, min(first_at) AS first_at, max(last_at) AS last_at FROM seen GROUP BY ALL"""


def _identifiers(session: Session, slots: list[tuple[str, str]]) -> pa.Table:
    kinds, scopes = [kind for kind, _ in slots], [scope for _, scope in slots]
    named = pa.table(
        {
            "type": pa.array(kinds, pa.string()),
            "scope": pa.array(scopes, pa.string()),
            "slot": pa.array(range(len(slots)), pa.int16()),
        }
    )
    session.relation("map_slots", named)
    return session.query(
        f"""SELECT i.identifier_id AS id, c.customer_id AS customer, s.slot
        FROM identifiers i JOIN customer_of c USING (identifier_id)
        JOIN map_slots s ON s.type = i.type AND s.scope = coalesce(i.scope, '') WHERE {IN_USE}"""
    )


def _links(sources: Sources, work: Session, names: list[str]) -> list[str]:
    """All links into table ``link``, their ends as the tenures that they are of. Returns the touchpoints by number."""
    work.execute(
        """CREATE TABLE link (a BIGINT, b BIGINT, tp SMALLINT, first_at BIGINT, last_at BIGINT, times BIGINT,
            joined BOOLEAN, status VARCHAR, kind TINYINT)"""
    )
    with sources.state.read() as connection:
        spans = tenures(connection)
        base = schema.identifiers.c.base
        handed = connection.execute(select(base).where(base.is_not(None))).scalars().all()
    on = np.unique(np.array(handed, np.int64))
    number = {name: place for place, name in enumerate(names)}
    table = schema.links
    wanted = [table.c.a, table.c.b, table.c.rule, table.c.touchpoint, table.c.first_time, table.c.last_time]
    wanted += [table.c["count"], table.c.status]
    for part in read(sources.state, table, wanted, block=_BLOCK):
        if part.num_rows == 0:
            continue
        first = part.column("first_time").to_numpy()
        ends = {}
        for end in ("a", "b"):
            ids = part.column(end).to_numpy().copy()
            for place in np.flatnonzero(np.isin(ids, on)).tolist():
                ids[place] = spans.at(int(ids[place]), int(first[place]))
            ends[end] = ids
        told = _codes(part.column("touchpoint"), number)
        rule = part.column("rule").combine_chunks()
        rules = np.array([{LIKELY: LIKELIHOOD, RULED: DECISION}.get(one, EVENT) for one in rule.dictionary.to_pylist()])
        kind = rules[rule.indices.to_numpy()].astype(np.int8)
        status = part.column("status").combine_chunks()
        joins = np.array([one in _JOINS for one in status.dictionary.to_pylist()])[status.indices.to_numpy()]
        work.append(
            "link",
            pa.table(
                {
                    **ends,
                    "tp": pa.array(told, mask=kind != EVENT),
                    "first_at": first,
                    "last_at": part.column("last_time"),
                    "times": part.column("count"),
                    "joined": joins,
                    "status": status.dictionary_decode(),
                    "kind": kind,
                }
            ),
        )
    return list(number)


def _codes(column: pa.ChunkedArray, number: dict[str, int]) -> npt.NDArray[np.int16]:
    """Touchpoints as numbers; new names are numbered on."""
    values = column.combine_chunks()
    known = [number.setdefault(name, len(number)) if name else -1 for name in values.dictionary.to_pylist()]
    found: npt.NDArray[np.int16] = np.array(known, np.int16)[values.indices.to_numpy()]
    return found
