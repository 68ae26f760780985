"""Items of one kind as columns: how an imported file lies in the log, so that a million rows are never objects each.

The body of a record of protocol ``file`` whose headers say ``"form": "sheet"`` is an Arrow IPC stream. Columns: ``row``
(int64, of the file), ``name`` (of the event), ``message_id`` and ``time`` (text or null), ``ids`` (JSON, a list of
[type, scope, value]) and one of JSON text for every field, named ``field:`` and its name; null where a thing lacks it.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
import pyarrow as pa

from onepool.channels.base.items import Item, Kind
from onepool.collect.log import Record

FIELD: Final = "field:"
FORM: Final = "sheet"

SCHEMA: Final = pa.schema(
    [
        ("row", pa.int64()),
        ("name", pa.string()),
        ("message_id", pa.string()),
        ("time", pa.string()),
        ("ids", pa.string()),
    ]
)
"""The columns that every sheet has; its fields follow."""

_decode = msgspec.json.Decoder().decode
_ids = msgspec.json.Decoder(list[tuple[str, str, str]]).decode


class Headers(msgspec.Struct):
    """The part of a record's headers that says how its body reads."""

    file: str = ""
    form: str = ""
    item: Kind = "event"


class NotASheet(Exception):
    """The body of a record is not what its headers say."""


class Sheet(msgspec.Struct):
    """The rows of one record. ``kind`` is that of all its items; see this module for the columns of ``table``."""

    file: str
    kind: Kind
    table: pa.Table

    def items(self) -> list[Item]:
        """Every row as an item, for those who look at single ones. Raises msgspec.DecodeError for a cell of no JSON."""
        return [self._item(number, row) for number, row in enumerate(self.table.to_pylist())]

    def item(self, number: int) -> Item:
        """One row as an item. Raises msgspec.DecodeError for a cell that holds no JSON."""
        return self._item(number, self.table.slice(number, 1).to_pylist()[0])

    def _item(self, number: int, row: dict[str, Any]) -> Item:
        written = {name.removeprefix(FIELD): text for name, text in row.items() if name.startswith(FIELD)}
        return Item(
            kind=self.kind,
            item=number,
            message_id=row["message_id"],
            name=row["name"],
            time=row["time"],
            sent_at=None,
            ids=_ids(row["ids"] or "[]"),
            fields={name: _decode(text) for name, text in written.items() if text is not None},
            traits={},
            context={"import": {"file": self.file, "row": row["row"]}},
        )


_headers = msgspec.json.Decoder(Headers)


def pack(table: pa.Table) -> bytes:
    """The body of a record of these rows."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table.combine_chunks())
    body: bytes = sink.getvalue().to_pybytes()
    return body


def sheet_of(record: Record) -> Sheet | None:
    """The rows of a record, None when its items lie there as JSON. Raises NotASheet."""
    if record.protocol != "file":
        return None
    try:
        headers = _headers.decode(record.headers)
        if headers.form != FORM:
            return None
        with pa.ipc.open_stream(record.body) as reader:
            table = reader.read_all()
    except (msgspec.MsgspecError, pa.ArrowInvalid, OSError) as error:
        raise NotASheet(f"not a sheet of an imported file: {error}") from error
    text = all(table.schema.field(name).type == pa.string() for name in table.column_names if name.startswith(FIELD))
    if table.select([name for name in SCHEMA.names if name in table.column_names]).schema != SCHEMA or not text:
        raise NotASheet(f"not a sheet of an imported file: its columns are {', '.join(table.column_names)}"[:500])
    return Sheet(headers.file, headers.item, table)
