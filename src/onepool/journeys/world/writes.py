"""What runs write about customers: attributes into the log, values of imported tags into the state's imports.

A record in the log carries the write's own key as message id, so writing it again after a crash changes nothing.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa
from sqlalchemy import Connection, and_, bindparam, insert, select, update

from onepool.channels.base import Gathering
from onepool.clock import Clock, from_micros, to_micros
from onepool.collect.inbound import Broken, Decoded, register, sample
from onepool.collect.log import Log, NewRecord, Record
from onepool.collect.wire import UNREADABLE
from onepool.pool import Session
from onepool.state import State
from onepool.state.bulk import update_many
from onepool.state.journeys import journey_effects
from onepool.state.schema import tag_inputs

PROTOCOL: Final = "journey"
TOUCHPOINT: Final = "onepool"
AT_ONCE: Final = 2_000
_TAGS: Final = pa.schema([("identifier_id", pa.int64()), ("value", pa.string()), ("number", pa.float64())])


class Write(msgspec.Struct):
    """Attributes of one customer, by an identifier of theirs. `at`: microseconds."""

    key: str
    ids: list[tuple[str, str, str]]
    traits: dict[str, Any]
    at: int


_decode = msgspec.json.Decoder(list[Write]).decode
_payload = msgspec.json.Decoder(dict[str, dict[str, Any]]).decode


def read(record: Record) -> Decoded:
    """One profile for each write."""
    try:
        body = _decode(record.body)
    except UNREADABLE as error:
        return Decoded([], [Broken(0, "journey.unreadable", str(error), sample(record.body))])
    found = Gathering()
    for one in body:
        time = from_micros(one.at).isoformat()
        said = {name: value for name, value in one.traits.items() if value is not None}
        gone = {name: True for name, value in one.traits.items() if value is None}
        for change, traits in (("set", said), ("unset", gone)):
            if traits:
                found.add("profile", "", one.ids, time=time, message_id=f"journey.{one.key}.{change}", traits=traits)
                found.items[-1].change = change  # type: ignore[assignment]
    return found.decoded()


register(PROTOCOL, read)


def waiting(connection: Connection) -> bool:
    """Whether anything is yet to be written."""
    table = journey_effects
    query = select(1).where(and_(table.c.status == "waiting", table.c.kind != "webhook")).limit(1)
    return connection.execute(query).first() is not None


def write_out(state: State, log: Log, session: Session, clock: Clock) -> int:
    """Write what waits. Returns how many writes there were."""
    table = journey_effects
    with state.read() as connection:
        rows = connection.execute(
            select(table.c.key, table.c.customer_id, table.c.kind, table.c.payload, table.c.created)
            .where(and_(table.c.status == "waiting", table.c.kind != "webhook"))
            .order_by(table.c.key)
            .limit(AT_ONCE)
        ).all()
    if not rows:
        return 0
    bearers = _bearers(session, [row.customer_id for row in rows])
    profiles = [row for row in rows if row.kind == "set_profile" and row.customer_id in bearers]
    tags = [row for row in rows if row.kind == "tag" and row.customer_id in bearers]
    now = clock.now()
    offset = None
    if profiles:
        body = [
            Write(f"{row.key:x}", [bearers[row.customer_id][1]], _payload(row.payload)["set"], row.created)
            for row in profiles
        ]
        record = NewRecord(now, TOUCHPOINT, PROTOCOL, b"{}", msgspec.json.encode(body))
        offset = log.append([record])[-1]
    instant = to_micros(now)
    with state.write() as connection:
        if tags:
            _import(connection, tags, bearers, instant)
        done: list[tuple[Any, ...]] = []
        for row in rows:
            known = row.customer_id in bearers
            at = offset if row.kind == "set_profile" and known else None
            done.append((row.key, "logged" if known else "failed", at, instant))
        names = ["b_key", "b_status", "b_offset", "b_at"]
        update_many(
            connection,
            update(table).where(table.c.key == bindparam("b_key")).values(
                status=bindparam("b_status"), log_offset=bindparam("b_offset"), concluded=bindparam("b_at")
            ),
            names, done,
        )  # fmt: skip
    return len(rows)


def _bearers(session: Session, customers: Sequence[int]) -> dict[int, tuple[int, tuple[str, str, str]]]:
    """An identifier of each customer: the one with the customer's own number, else the first."""
    session.relation("_written", pa.table({"customer_id": np.unique(np.array(customers, np.int64))}))
    found = session.query(
        """SELECT customer_id, identifier_id, type, scope, value
        FROM customer_of JOIN identifiers USING (identifier_id) SEMI JOIN _written USING (customer_id)
        WHERE valid_to IS NULL QUALIFY row_number() OVER (PARTITION BY customer_id
            ORDER BY identifier_id <> customer_id, identifier_id) = 1"""
    )
    return {
        row["customer_id"]: (row["identifier_id"], (row["type"], row["scope"], row["value"]))
        for row in found.to_pylist()
    }


def _import(
    connection: Connection, rows: Sequence[Any], bearers: dict[int, tuple[int, tuple[str, str, str]]], at: int
) -> None:
    """Values of tags as one import for each tag."""
    values: dict[str, list[tuple[int, str | None, float | None]]] = {}
    for row in rows:
        for tag, value in _payload(row.payload)["set"].items():
            number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
            written = (
                None if value is None else value if isinstance(value, str) else msgspec.json.encode(value).decode()
            )
            values.setdefault(tag, []).append((bearers[row.customer_id][0], written, number))
    for tag, told in sorted(values.items()):
        table = pa.table([pa.array(part) for part in zip(*told, strict=True)], names=_TAGS.names).cast(_TAGS)
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, _TAGS, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
            writer.write_table(table)
        connection.execute(
            insert(tag_inputs).values(
                tag=tag, at=at, mode="append", author="journey", rows=table.num_rows, payload=sink.getvalue()
            )
        )
