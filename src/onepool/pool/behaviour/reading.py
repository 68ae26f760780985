"""What the index reads of the pool's tables besides a build."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa

from onepool.pool.behaviour.files import Base
from onepool.pool.behaviour.kinds import CORE, I64, selected
from onepool.pool.behaviour.moves import Moves
from onepool.pool.behaviour.state import State
from onepool.pool.behaviour.tail import Piece, Tail
from onepool.pool.engine import Session

_NONE = np.empty(0, np.int64)


def types(session: Session) -> dict[str, str]:
    """The columns of table `events` with their SQL types."""
    found = session.query(
        """SELECT column_name, data_type FROM information_schema.columns
        WHERE table_schema = 'main' AND table_name = 'events' ORDER BY ordinal_position"""
    )
    kinds = {row["column_name"]: _plain(row["data_type"]) for row in found.to_pylist()}
    return {**kinds, **{name: sql for name, sql in CORE.items() if name in kinds}}


def extent(session: Session) -> tuple[int, int]:
    """The greatest seq (-1: no events) and how many events there are."""
    row = session.query("SELECT coalesce(max(seq), -1) AS reach, count(*) AS n FROM events").to_pylist()[0]
    return int(row["reach"]), int(row["n"])


def lined(session: Session) -> list[str]:
    """The names of events of which any has order lines."""
    found = session.query("SELECT DISTINCT event FROM events WHERE items IS NOT NULL ORDER BY event")
    names: list[str] = found.column("event").to_pylist()
    return names


def load(session: Session, base: Base) -> State | None:
    """The state of a build in the session's snapshot; None where the build is not a part of this history."""
    manifest = base.manifest
    reach = {"reach": manifest.reach}
    count = session.query("SELECT count(*) AS n FROM events WHERE seq <= $reach", reach).column("n")[0].as_py()
    if count != manifest.events:
        return None
    moves = _moves(session, base)
    if moves is None:
        return None
    known = types(session)
    columns = {name: sql for name, sql in known.items() if name in base.columns}
    rows = session.query(
        f"""SELECT c.customer_id, {_list(columns, "e")} FROM events e JOIN customer_of c USING (identifier_id)
        WHERE e.seq > $reach""",
        reach,
    )
    tail = Tail().after(Piece.of(rows.column("customer_id").to_numpy(), rows.drop_columns(["customer_id"])))
    return State(base, tail, moves)


def appended(
    session: Session,
    seqs: I64,
    rewritten: I64,
    columns: Mapping[str, str],
    owner: Callable[[I64], I64] | None,
    *,
    out_of_turn: bool,
) -> Piece:
    """The events with these seqs, and all of the rewritten identifiers, as the session sees them."""
    names = _list(columns, "e")
    parts = []
    if seqs.size and out_of_turn:
        wanted = {"seqs": np.sort(seqs).tolist()}
        parts.append(session.query(f"SELECT {names} FROM events e WHERE seq IN (SELECT unnest($seqs))", wanted))
    elif seqs.size:
        # Behind all that was there before, so the rest of the table is passed over.
        parts.append(session.query(f"SELECT {names} FROM events e WHERE seq >= $first", {"first": int(seqs.min())}))
    if rewritten.size:
        ids = {"ids": np.unique(rewritten).tolist()}
        again = session.query(f"SELECT {names} FROM events e WHERE identifier_id IN (SELECT unnest($ids))", ids)
        parts = [part.filter(pa.array(~np.isin(part.column("identifier_id").to_numpy(), rewritten))) for part in parts]
        parts.append(again)
    if not parts:
        return Piece(_NONE, session.query(f"SELECT {names} FROM events e LIMIT 0"))
    rows = pa.concat_tables(parts)
    identifiers = rows.column("identifier_id").to_numpy()
    return Piece.of((owner or _owner(session))(identifiers), rows)


def _owner(session: Session) -> Callable[[I64], I64]:
    def find(identifiers: I64) -> I64:
        wanted = np.unique(identifiers)
        found = session.query(
            """SELECT identifier_id, customer_id FROM customer_of
            WHERE identifier_id IN (SELECT unnest($ids)) ORDER BY identifier_id""",
            {"ids": wanted.tolist()},
        )
        owners: I64 = found.column("customer_id").to_numpy()
        return owners[np.searchsorted(found.column("identifier_id").to_numpy(), identifiers)]

    return find


def _moves(session: Session, base: Base) -> Moves | None:
    found = session.query("SELECT identifier_id, customer_id FROM customer_of ORDER BY identifier_id")
    ids, owners = found.column("identifier_id").to_numpy(), found.column("customer_id").to_numpy()
    if base.identifiers.size and not ids.size:
        return None
    at = np.minimum(np.searchsorted(ids, base.identifiers), max(0, ids.size - 1))
    if not np.array_equal(ids[at], base.identifiers):
        return None
    now = owners[at]
    moved = now != base.owners
    return Moves().after(base.identifiers[moved], base.owners[moved], now[moved])


def _list(columns: Mapping[str, str], table: str) -> str:
    return ", ".join(selected(name, sql, table) for name, sql in columns.items())


def _plain(sql: str) -> str:
    return {"TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ"}.get(sql, sql)
