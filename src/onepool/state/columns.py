"""A whole table of the state as Arrow columns, without a Python object for each row.

The database joins the values of many rows to one text for each column, which is parsed in one go: several times faster
than rows of the driver, and the same for every engine. Texts and bytes travel as hex, so that any value may be in them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    TextClause,
    case,
    cast,
    func,
    select,
    true,
    type_coerce,
)
from sqlalchemy.sql.elements import BinaryExpression, BindParameter, ColumnElement, Label

from onepool.state.store import State

BLOCK = 100_000
"""Rows of one statement; a column of them stays far below what one value may hold."""

_READERS = 2
"""Connections that read at the same time; the database works outside Python's lock."""

_NULL = "n"
"""What null is written as among texts: no hex digit."""


def read(
    state: State,
    table: Table,
    columns: Sequence[ColumnElement[Any]],
    where: ColumnElement[bool] | None = None,
    *,
    block: int = BLOCK,
) -> Iterator[pa.Table]:
    """Columns of all rows, or of those that fulfil a condition, a part at a time, by ascending `id`, the table's key.

    Numbers come as int64, bytes as binary, long texts (Text) as string, other texts as dictionary<int32, string>; all
    may be null. There is at least one part. Parts are read by ranges of the id, so gaps only make them smaller, and on
    two connections, the next ones while one is used: where somebody writes meanwhile, they need not be of one instant.
    """
    key = table.c.id
    wanted = [key, *columns]
    condition = true() if where is None else where
    with state.read() as connection:
        packed = select(func.count(), *(_packed(connection, one) for one in wanted)).where(condition)
        least, most = connection.execute(select(func.min(key), func.max(key)).where(condition)).one()
    if least is None:
        yield pa.table([_unpacked("", one, 0) for one in columns], names=[one.name for one in columns])
        return

    def fetch(start: int) -> pa.Table | None:
        with state.read() as connection:
            rows, *texts = connection.execute(packed.where(key >= start, key < start + block)).one()
        if not rows:
            return None
        parts = [_unpacked(text or "", one, rows) for text, one in zip(texts, wanted, strict=True)]
        return _ordered(pa.table(parts, names=[one.name for one in wanted]))

    with ThreadPoolExecutor(_READERS, "state-columns") as readers:
        coming: deque[Future[pa.Table | None]] = deque()
        for start in range(least, most + 1, block):
            coming.append(readers.submit(fetch, start))
            if len(coming) > _READERS and (part := coming.popleft().result()) is not None:
                yield part
        while coming:
            if (part := coming.popleft().result()) is not None:
                yield part


def fetch(
    connection: Connection, columns: Sequence[ColumnElement[Any]], where: ColumnElement[bool] | TextClause
) -> pa.Table:
    """Columns of the rows that fulfil a condition, with one statement, in the order that the database gives them.

    Types as of `read`. For so many rows as may lie in one text for each column: some hundred thousand.
    """
    packed = select(func.count(), *(_packed(connection, one) for one in columns)).where(where)
    rows, *texts = connection.execute(packed).one()
    parts = [_unpacked(text or "", one, rows) for text, one in zip(texts, columns, strict=True)]
    return pa.table(parts, names=[one.name for one in columns])


def _ordered(part: pa.Table) -> pa.Table:
    """Rows by their first column, which is left out: no database promises in which order it joins values."""
    ids = part.column(0).to_numpy()
    if not (ids[1:] > ids[:-1]).all():
        part = part.take(pa.array(np.argsort(ids)))
    return part.select(range(1, part.num_columns))


def _packed(connection: Connection, column: ColumnElement[Any]) -> ColumnElement[str]:
    """An aggregate that joins a column's values to one text, one line for each row."""
    sqlite = connection.dialect.name == "sqlite"
    if isinstance(column.type, BigInteger | Integer):
        # SQLite joins numbers as they are; a conversion asked for would cost as much again.
        line: ColumnElement[str] = type_coerce(column, Text) if sqlite else cast(column, Text)
        null = ""
    else:
        plain = column if isinstance(column.type, LargeBinary) or sqlite else func.convert_to(column, "UTF8")
        line = func.hex(plain) if sqlite else func.encode(plain, "hex")
        null = _NULL
    if not _never_null(column):
        line = case((column.is_(None), null), else_=line)
    return func.aggregate_strings(line, "\n")


def _never_null(column: ColumnElement[Any]) -> bool:
    """Whether a column, or what is made of several, has a value in every row as far as the schema tells."""
    plain = column.element if isinstance(column, Label) else column
    if isinstance(plain, BinaryExpression):
        return _never_null(plain.left) and _never_null(plain.right)
    return isinstance(plain, BindParameter) or (isinstance(plain, Column) and not plain.nullable)


def _unpacked(text: str, column: ColumnElement[Any], rows: int) -> pa.Array:
    """The lines of a column as an Arrow array."""
    number = isinstance(column.type, BigInteger | Integer)
    if rows == 0:
        found = pa.array([], pa.int64() if number else pa.string())
    else:
        found = _lines(text, pa.int64() if number else pa.string())
    if number:
        return found
    if isinstance(column.type, LargeBinary):
        return _bytes(found)
    if isinstance(column.type, Text):
        return _bytes(found).cast(pa.string())
    if not isinstance(column.type, String):
        raise TypeError(f"columns of type {column.type} can't be read as columns")
    coded = found.dictionary_encode()
    return pa.DictionaryArray.from_arrays(coded.indices, _bytes(coded.dictionary).cast(pa.string()))


def _lines(text: str, kind: pa.DataType) -> pa.Array:
    raw = (text + "\n").encode()
    table = csv.read_csv(
        pa.BufferReader(raw),
        read_options=csv.ReadOptions(column_names=["value"], use_threads=False, block_size=len(raw) + 1),
        parse_options=csv.ParseOptions(quote_char=False, ignore_empty_lines=False),
        convert_options=csv.ConvertOptions(
            column_types={"value": kind},
            null_values=[""] if pa.types.is_integer(kind) else [_NULL],
            strings_can_be_null=True,
        ),
    )
    found = table.column(0).combine_chunks()
    return found.chunk(0) if isinstance(found, pa.ChunkedArray) else found


def _bytes(found: pa.Array) -> pa.Array:
    """Hex to bytes: the digits of all rows lie side by side."""
    if len(found) == 0:
        return pa.array([], pa.binary())
    valid, offsets, data = found.buffers()
    ends = np.frombuffer(offsets, np.int32)[: len(found) + 1]
    raw = bytes.fromhex(data.to_pybytes()[ends[0] : ends[-1]].decode()) if data is not None else b""
    halves = ((ends - ends[0]) // 2).astype(np.int32)
    return pa.Array.from_buffers(pa.binary(), len(found), [valid, pa.py_buffer(halves), pa.py_buffer(raw)])
