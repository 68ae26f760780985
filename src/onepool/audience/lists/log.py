"""Changes of lists as the state keeps them: each whole or not at all, in the order in which they were made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, func, insert, select, update

from onepool.clock import from_micros, to_micros
from onepool.state import State
from onepool.state.schema import list_changes

Mode = Literal["add", "replace", "remove", "delete"]

ENTRIES: Final = pa.schema([("type", pa.string()), ("scope", pa.string()), ("value", pa.string())])
"""Identifiers in their canonical form, each once; numbers of customers are of type `customer`."""


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
        "payload": None if entries is None else _pack(entries),
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
        yield _change(row), _unpack(row.payload)


def history(state: State, name: str, most: int = 50) -> list[ListChange]:
    """The latest changes of a list, newest first."""
    columns = [one for one in list_changes.c if one.name != "payload"]
    with state.read() as connection:
        rows = connection.execute(
            select(*columns).where(list_changes.c.list == name).order_by(list_changes.c.id.desc()).limit(most)
        ).all()
    return [_change(row) for row in rows]


def _change(row: object) -> ListChange:
    fields = row._mapping  # type: ignore[attr-defined]
    return ListChange(
        fields["id"], fields["list"], from_micros(fields["at"]), fields["mode"], fields["author"], fields["source"],
        fields["read"], fields["refused"], fields["duplicates"], fields["entries"],
    )  # fmt: skip


def _pack(entries: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    dense = pa.table(
        {
            "type": pc.dictionary_encode(entries.column("type")),
            "scope": pc.dictionary_encode(entries.column("scope")),
            "value": entries.column("value"),
        }
    )
    with pa.ipc.new_stream(sink, dense.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(dense)
    return bytes(sink.getvalue())


def _unpack(raw: bytes | None) -> pa.Table:
    return ENTRIES.empty_table() if raw is None else pa.ipc.open_stream(raw).read_all().cast(ENTRIES)
