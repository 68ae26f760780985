"""A whole table of the state as Arrow columns, without a Python object for each row.

The database joins the values of many rows to one text for each column, which is parsed in one go: several times faster
than rows of the driver, and the same for every engine. Texts and bytes travel as hex, so that any value may be in them.
"""

from __future__ import annotations

import functools
import operator
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
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
    literal_column,
    select,
    true,
    type_coerce,
)
from sqlalchemy.sql.elements import BinaryExpression, BindParameter, ColumnElement, Label

from onepool.state.store import State

BLOCK = 100_000
"""Rows of one statement; a column of them stays far below what one value may hold."""

_BITS = 60
"""Columns of whose nulls one number tells."""

_READERS = 2
"""Connections that read at the same time; the database works outside Python's lock."""


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
        packed = select(func.count(), *_packed(connection, wanted)).where(condition)
        least, most = connection.execute(select(func.min(key), func.max(key)).where(condition)).one()
    if least is None:
        yield pa.table([_unpacked(None, one, 0) for one in columns], names=[one.name for one in columns])
        return

    def fetch(start: int) -> pa.Table | None:
        with state.read() as connection:
            rows, *texts = connection.execute(packed.where(key >= start, key < start + block)).one()
        if not rows:
            return None
        return _ordered(_table(texts, wanted, rows))

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
    rows, *texts = connection.execute(select(func.count(), *_packed(connection, columns)).where(where)).one()
    return _table(texts, columns, rows)


def _ordered(part: pa.Table) -> pa.Table:
    """Rows by their first column, which is left out: no database promises in which order it joins values."""
    ids = part.column(0).to_numpy()
    if not (ids[1:] > ids[:-1]).all():
        part = part.take(pa.array(np.argsort(ids)))
    return part.select(range(1, part.num_columns))


def _packed(connection: Connection, columns: Sequence[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    """Aggregates that join each column's values to one text, a line for each value, and behind them the same of numbers
    that tell where which columns are null: databases pass over nulls, which costs next to nothing."""
    sqlite = connection.dialect.name == "sqlite"
    found: list[ColumnElement[Any]] = [func.aggregate_strings(_line(one, sqlite), "\n") for one in columns]
    for some in _groups(columns):
        nulls = [case((one.is_(None), literal_column(str(1 << bit))), else_=literal_column("0")) for bit, one in
                 enumerate(some)]  # fmt: skip
        together = functools.reduce(operator.add, nulls)
        found.append(func.aggregate_strings(type_coerce(together, Text) if sqlite else cast(together, Text), "\n"))
    return found


def _line(column: ColumnElement[Any], sqlite: bool) -> ColumnElement[str]:
    if isinstance(column.type, BigInteger | Integer):
        # SQLite joins numbers as they are; a conversion asked for would cost as much again.
        return type_coerce(column, Text) if sqlite else cast(column, Text)
    plain = column if isinstance(column.type, LargeBinary) or sqlite else func.convert_to(column, "UTF8")
    line: ColumnElement[str] = func.hex(plain) if sqlite else func.encode(plain, "hex")
    # SQLite writes null as an empty text, which would be taken for a value.
    return case((column.is_not(None), line)) if sqlite and not _never_null(column) else line


def _groups(columns: Sequence[ColumnElement[Any]]) -> list[list[ColumnElement[Any]]]:
    """Columns that may be null, as many together as one number tells of."""
    unsure = [one for one in columns if not _never_null(one)]
    return [unsure[start : start + _BITS] for start in range(0, len(unsure), _BITS)]


def _table(texts: Sequence[str | None], columns: Sequence[ColumnElement[Any]], rows: int) -> pa.Table:
    """The columns of so many rows from what `_packed` asked for."""
    absent: dict[int, npt.NDArray[np.bool_]] = {}
    for some, text in zip(_groups(columns), texts[len(columns) :], strict=True):
        told = _lines(text or "", pa.int64()).to_numpy() if rows else np.empty(0, np.int64)
        absent |= {id(one): (told >> bit) & 1 > 0 for bit, one in enumerate(some)}
    parts = [_unpacked(text, one, rows, absent.get(id(one))) for text, one in zip(texts, columns, strict=False)]
    return pa.table(parts, names=[one.name for one in columns])


def _never_null(column: ColumnElement[Any]) -> bool:
    """Whether a column, or what is made of several, has a value in every row as far as the schema tells."""
    plain = column.element if isinstance(column, Label) else column
    if isinstance(plain, BinaryExpression):
        return _never_null(plain.left) and _never_null(plain.right)
    return isinstance(plain, BindParameter) or (isinstance(plain, Column) and not plain.nullable)


def _unpacked(
    text: str | None, column: ColumnElement[Any], rows: int, absent: npt.NDArray[np.bool_] | None = None
) -> pa.Array:
    """The lines of a column as an Arrow array. `absent`: the rows that have none."""
    number = isinstance(column.type, BigInteger | Integer)
    if not number and not isinstance(column.type, LargeBinary | String):
        raise TypeError(f"columns of type {column.type} can't be read as columns")
    if rows == 0 or (absent is not None and absent.all()):
        return pa.nulls(rows, _kind(column))
    found = _lines(text or "", pa.int64() if number else pa.string())
    if not number:
        found = _decoded(found, column)
    if absent is not None and absent.any():
        found = found.take(pa.array(np.cumsum(~absent) - 1, mask=absent))
    return found


def _kind(column: ColumnElement[Any]) -> pa.DataType:
    if isinstance(column.type, BigInteger | Integer):
        return pa.int64()
    if isinstance(column.type, LargeBinary):
        return pa.binary()
    return pa.string() if isinstance(column.type, Text) else pa.dictionary(pa.int32(), pa.string())


def _decoded(found: pa.Array, column: ColumnElement[Any]) -> pa.Array:
    if isinstance(column.type, LargeBinary):
        return _bytes(found)
    if isinstance(column.type, Text):
        return _bytes(found).cast(pa.string())
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
            strings_can_be_null=False,
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
