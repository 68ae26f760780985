"""Outcomes: what the tick decided about tags and segments.

They are decisions (someone entered a segment at an instant, and a journey may have acted on it), so the state keeps
them, packed; the pool's tables are folds of them and can be made again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import uuid4

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, insert, select

from onepool.clock import from_micros, to_micros
from onepool.pool import Session
from onepool.state import State
from onepool.state import schema as state_schema

TAG_SCHEMA = pa.schema(
    [
        ("customer_id", pa.int64()),
        ("tag", pa.string()),
        ("value", pa.string()),
        ("number", pa.float64()),
        ("list", pa.list_(pa.string())),
    ]
)
"""A tag's new value; all three value columns null: the customer has the tag no longer."""

SEGMENT_SCHEMA = pa.schema([("customer_id", pa.int64()), ("segment", pa.string()), ("change", pa.string())])
"""A customer's `enter` or `exit`."""


MEMBERS: Final = "members_version"
"""Mark in the pool's meta: another one with each change of table `segment_members`."""


@dataclass(frozen=True)
class Outcome:
    """Changes decided at one instant."""

    at: datetime
    tags: pa.Table
    segments: pa.Table

    @property
    def empty(self) -> bool:
        return bool(self.tags.num_rows == 0 and self.segments.num_rows == 0)

    def shown(self, most: int, in_all: int = 20_000) -> list[tuple[int, str, str]]:
        """The segment changes as (customer_id, segment, change); of each segment the first ones, at most `most`, and
        fewer where there are so many segments that they were more than `in_all`."""
        rows = self.segments
        if rows.num_rows > most:
            codes = rows.column("segment").combine_chunks().dictionary_encode().indices.to_numpy()
            by = np.argsort(codes, kind="stable")
            first = np.flatnonzero(np.r_[True, np.diff(codes[by]) != 0])
            most = max(1, min(most, in_all // first.size))
            rank = np.arange(by.size) - np.repeat(first, np.diff(np.r_[first, by.size]))
            rows = rows.take(pa.array(np.sort(by[rank < most])))
        columns = (rows.column(name).to_pylist() for name in ("customer_id", "segment", "change"))
        return list(zip(*columns, strict=True))


class _Packed(msgspec.Struct):
    tags: bytes
    segments: bytes


class OutcomeLog:
    """Outcomes in the state, and their fold into the pool."""

    def __init__(self, state: State) -> None:
        self._state = state

    def save(self, connection: Connection, outcome: Outcome, offset: int) -> int:
        """Store an outcome inside the caller's transaction; returns its number."""
        payload = msgspec.msgpack.encode(_Packed(_pack(outcome.tags), _pack(outcome.segments)))
        table = state_schema.outcomes
        values = {"at": to_micros(outcome.at), "log_offset": offset, "payload": payload}
        return int(connection.execute(insert(table).values(**values).returning(table.c.id)).scalar_one())

    def after(self, number: int) -> Iterator[tuple[int, Outcome]]:
        """Outcomes behind a number, in order."""
        table = state_schema.outcomes
        with self._state.read() as connection:
            found = connection.execute(select(table).where(table.c.id > number).order_by(table.c.id))
            for row in found:
                packed = msgspec.msgpack.decode(row.payload, type=_Packed)
                yield row.id, Outcome(from_micros(row.at), _unpack(packed.tags), _unpack(packed.segments))

    def fold(self, session: Session, number: int, outcome: Outcome) -> None:
        """Apply an outcome to the pool: current values and members, and the history."""
        apply_tags(session, outcome.tags, outcome.at)
        apply_segments(session, outcome.segments, outcome.at)
        self.record(session, number, outcome)

    def record(self, session: Session, number: int, outcome: Outcome) -> None:
        """Append an outcome, applied already, to the history."""
        at = pa.scalar(to_micros(outcome.at), pa.int64()).cast(pa.timestamp("us", tz="UTC"))
        for table, changes, column in (
            ("tag_changes", outcome.tags, "as_of"),
            ("segment_changes", outcome.segments, "at"),
        ):
            rows = changes.append_column("change_id", pa.array([number] * changes.num_rows, pa.int64()))
            session.append(table, rows.append_column(column, pa.repeat(at, changes.num_rows)))


def apply_tags(session: Session, changes: pa.Table, at: datetime) -> None:
    """Make tag values what the changes say."""
    if changes.num_rows == 0:
        return
    session.relation("_tag_changes", changes)
    session.execute(
        "DELETE FROM tag_values t USING _tag_changes c WHERE t.customer_id = c.customer_id AND t.tag = c.tag"
    )
    session.execute(
        """INSERT INTO tag_values BY NAME SELECT customer_id, tag, value, number, list, $at AS as_of FROM _tag_changes
        WHERE value IS NOT NULL OR number IS NOT NULL OR list IS NOT NULL""",
        {"at": at},
    )


def apply_segments(session: Session, changes: pa.Table, at: datetime) -> str | None:
    """Make membership what the changes say. Returns the table's new version (mark `MEMBERS`); None: nothing changed."""
    if changes.num_rows == 0:
        return None
    entered = pc.equal(changes.column("change"), "enter")
    gone = changes.filter(pc.invert(entered))
    if gone.num_rows:
        session.relation("_segment_exits", gone)
        # Names written out let the engine pass over the parts of the table that have none of them.
        names = {f"s{number}": name for number, name in enumerate(gone.column("segment").unique().to_pylist())}
        session.execute(
            f"""DELETE FROM segment_members m USING _segment_exits c
            WHERE m.segment IN ({", ".join(f"${one}" for one in names)})
                AND m.customer_id = c.customer_id AND m.segment = c.segment""",  # noqa: S608 numbered placeholders
            names,
        )
    if gone.num_rows < changes.num_rows:
        session.relation("_segment_entries", changes.filter(entered))
        session.execute(
            """INSERT INTO segment_members BY NAME SELECT customer_id, segment, $at AS since FROM _segment_entries""",
            {"at": at},
        )
    version = uuid4().hex
    session.execute("DELETE FROM meta WHERE key = $key", {"key": MEMBERS})
    session.execute("INSERT INTO meta VALUES ($key, $value)", {"key": MEMBERS, "value": version})
    return version


def empty_outcome(at: datetime) -> Outcome:
    """Nothing changed."""
    return Outcome(at, TAG_SCHEMA.empty_table(), SEGMENT_SCHEMA.empty_table())


def unpack_segments(payload: bytes) -> pa.Table:
    """The changes of segments of a stored outcome (SEGMENT_SCHEMA)."""
    return _unpack(msgspec.msgpack.decode(payload, type=_Packed).segments)


def _pack(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    dense = table
    for index, field in enumerate(table.schema):
        if field.name in ("tag", "segment", "change") and table.num_rows:
            # Names repeat row by row; a dictionary keeps the record small.
            dense = dense.set_column(index, field.name, pc.dictionary_encode(table.column(index)))
    with pa.ipc.new_stream(sink, dense.schema, options=options) as writer:
        writer.write_table(dense)
    return bytes(sink.getvalue())


def _unpack(raw: bytes) -> pa.Table:
    table = pa.ipc.open_stream(raw).read_all()
    for index, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(index, field.name, table.column(index).cast(field.type.value_type))
    return table
