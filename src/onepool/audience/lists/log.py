"""Changes of lists as the state keeps them: each whole or not at all, in the order in which they were made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, and_, delete, func, insert, or_, select, update

from onepool.clock import from_micros, to_micros
from onepool.state import State
from onepool.state.schema import list_changes, list_past

Mode = Literal["add", "replace", "remove", "delete", "erase"]

ENTRIES: Final = pa.schema([("type", pa.string()), ("scope", pa.string()), ("value", pa.string())])
"""Identifiers in their canonical form, each once; numbers of customers are of type `customer`."""


PAST: Final = pa.schema(
    [("identifier_id", pa.int64()), ("time", pa.timestamp("us", "UTC")), ("until", pa.timestamp("us", "UTC"))]
)
"""Who was on a list and is no more, each from `time` until before `until`."""

KEPT: Final = timedelta(days=400)
"""How long it is known who was on a list."""


@dataclass(frozen=True, slots=True)
class ListChange:
    """What was put on a list or taken off it. `source`: a file's name, or what the members were copied from."""

    id: int
    list: str
    at: datetime
    mode: Mode
    author: str
    source: str
    read: int
    refused: int
    duplicates: int
    entries: int


def save(connection: Connection, change: ListChange, entries: pa.Table | None) -> int:
    """Keep a change, in the caller's transaction; returns its number. What it replaces is forgotten."""
    if change.mode in ("replace", "delete"):
        connection.execute(
            update(list_changes)
            .where(list_changes.c.list == change.list, list_changes.c.payload.is_not(None))
            .values(payload=None)
        )
    mine = select(list_changes.c.id).where(list_changes.c.list == change.list)
    if change.mode != "delete":
        mine = mine.where(list_changes.c.at <= to_micros(change.at - KEPT))
    connection.execute(delete(list_past).where(list_past.c.change.in_(mine)))
    values = {
        "list": change.list,
        "at": to_micros(change.at),
        "mode": change.mode,
        "author": change.author,
        "source": change.source[:256],
        "read": change.read,
        "refused": change.refused,
        "duplicates": change.duplicates,
        "entries": change.entries,
        "payload": None if entries is None else pack(entries),
    }
    return int(connection.execute(insert(list_changes).values(**values).returning(list_changes.c.id)).scalar_one())


def latest(state: State) -> int:
    """The number of the last change of any list; 0 before the first."""
    with state.read() as connection:
        return int(connection.execute(select(func.max(list_changes.c.id))).scalar_one() or 0)


def after(state: State, number: int) -> Iterator[tuple[ListChange, pa.Table]]:
    """Changes behind a number with their entries, in order."""
    with state.read() as connection:
        found = select(list_changes.c.id).where(list_changes.c.id > number).order_by(list_changes.c.id)
        numbers = connection.execute(found).scalars().all()
    for one in numbers:
        with state.read() as connection:
            row = connection.execute(select(list_changes).where(list_changes.c.id == one)).one()
        yield _change(row), unpack(row.payload)


def past(state: State, number: int) -> pa.Table | None:
    """Whom a change took off, as it was found then (see PAST); None where it was not found yet."""
    with state.read() as connection:
        row = connection.execute(select(list_past.c.payload).where(list_past.c.change == number)).one_or_none()
    return None if row is None else opened_past(row.payload)


def opened_past(raw: bytes | None) -> pa.Table:
    """Whom a change took off, from how it is kept."""
    return _opened(raw, PAST)


def keep_past(state: State, number: int, found: pa.Table) -> None:
    """Keep whom a change took off."""
    with state.write() as connection:
        there = connection.execute(select(list_past.c.change).where(list_past.c.change == number)).first()
        if there is None:
            payload = packed(found.cast(PAST)) if found.num_rows else None
            connection.execute(insert(list_past).values(change=number, payload=payload))


def history(state: State, name: str, most: int = 50) -> list[ListChange]:
    """The latest changes of a list, newest first."""
    columns = [one for one in list_changes.c if one.name != "payload"]
    with state.read() as connection:
        rows = connection.execute(
            select(*columns).where(list_changes.c.list == name).order_by(list_changes.c.id.desc()).limit(most)
        ).all()
    return [_change(row) for row in rows]


def newest_content(state: State, name: str, begins: str) -> str | None:
    """The source of the newest replacement of a list's content of those whose source begins so; None where there is
    none, or the list was deleted since."""
    t = list_changes.c
    wanted = or_(t.mode == "delete", and_(t.mode == "replace", t.source.startswith(begins, autoescape=True)))
    newest = select(t.mode, t.source).where(t.list == name, wanted).order_by(t.id.desc()).limit(1)
    with state.read() as connection:
        row = connection.execute(newest).one_or_none()
    return None if row is None or row.mode == "delete" else str(row.source)


def _change(row: object) -> ListChange:
    fields = row._mapping  # type: ignore[attr-defined]
    return ListChange(
        fields["id"], fields["list"], from_micros(fields["at"]), fields["mode"], fields["author"], fields["source"],
        fields["read"], fields["refused"], fields["duplicates"], fields["entries"],
    )  # fmt: skip


def pack(entries: pa.Table) -> bytes:
    """Entries as they are kept."""
    dense = pa.table(
        {
            "type": pc.dictionary_encode(entries.column("type")),
            "scope": pc.dictionary_encode(entries.column("scope")),
            "value": entries.column("value"),
        }
    )
    return packed(dense)


def unpack(raw: bytes | None) -> pa.Table:
    """The entries that were kept so."""
    return _opened(raw, ENTRIES)


def packed(table: pa.Table) -> bytes:
    """A table as compressed bytes."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _opened(raw: bytes | None, schema: pa.Schema) -> pa.Table:
    return schema.empty_table() if raw is None else pa.ipc.open_stream(raw).read_all().cast(schema)
