"""How a column of `events` lies in the index, and how it is read back.

Whole numbers, instants, days, money (unscaled) and floating point are arrays of fixed width; text is codes into a
dictionary of words (code 0: none); lists, structs, JSON and text with too many different words stay Arrow.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from onepool.pool.engine import quote

Array: TypeAlias = npt.NDArray[Any]
I64: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]
Storage: TypeAlias = Literal["plain", "words", "arrow"]

CORE: Final[Mapping[str, str]] = {
    "identifier_id": "BIGINT",
    "event": "VARCHAR",
    "time": "TIMESTAMPTZ",
    "seq": "BIGINT",
    "channel": "VARCHAR",
    "touchpoint": "VARCHAR",
}
"""Columns that every index has, with their SQL types."""

ROW: Final = "row"
"""The column of table rows; not a column of `events`, so it never comes from there."""

MOST_WORDS: Final = 1 << 20
"""Different words of a text column beyond which it is kept as Arrow."""

BATCH_ROWS: Final = 1 << 16
"""Rows of a batch of a column that stays Arrow."""

_INSTANT = pa.timestamp("us", tz="UTC")
_PLAIN: Final[Mapping[str, tuple[str, pa.DataType]]] = {
    "BIGINT": ("<i8", pa.int64()),
    "DOUBLE": ("<f8", pa.float64()),
    "TIMESTAMPTZ": ("<i8", _INSTANT),
    "DATE": ("<i4", pa.date32()),
    "BOOLEAN": ("|i1", pa.bool_()),
    "DECIMAL(18,4)": ("<i8", pa.decimal128(18, 4)),
}
_CODES: Final = ((1 << 8, "|u1"), (1 << 16, "<u2"))


class Column(msgspec.Struct, frozen=True):
    """One column: its SQL type and how it is stored. `nulls`: whether a mask of missing values lies beside it."""

    sql: str
    storage: Storage
    dtype: str
    nulls: bool = False


def storage_of(sql: str) -> Storage:
    """How a column of an SQL type is stored at first."""
    if sql in _PLAIN:
        return "plain"
    return "words" if sql == "VARCHAR" else "arrow"


def plain_dtype(sql: str) -> str:
    """The array type of a column of fixed width."""
    return _PLAIN[sql][0]


def code_dtype(words: int) -> str:
    """The narrowest array type for codes of so many words (the missing one included)."""
    return next((dtype for limit, dtype in _CODES if words <= limit), "<i4")


def selected(name: str, sql: str, table: str = "events") -> str:
    """The column in a SELECT over `events`, so that it comes as Arrow that can be stored."""
    column = f"{quote(table)}.{quote(name)}"
    return f"{column}::VARCHAR AS {quote(name)}" if sql in ("JSON", "UUID") else column


def to_plain(values: pa.Array, sql: str) -> tuple[Array, Array | None]:
    """Arrow values as an array of fixed width, and which of them are missing (None: none is)."""
    missing = values.is_null().to_numpy(zero_copy_only=False) if values.null_count else None
    if sql == "DECIMAL(18,4)":
        return _unscaled(values), missing
    if sql == "TIMESTAMPTZ":
        values = values.cast(_INSTANT).view(pa.int64())
    elif sql == "DATE":
        values = values.view(pa.int32())
    elif sql == "BOOLEAN":
        values = values.cast(pa.int8())
    if missing is not None:
        values = pc.fill_null(values, 0)
    found: Array = values.to_numpy(zero_copy_only=False)
    return found, missing


def from_plain(values: Array, missing: Array | None, sql: str) -> pa.Array:
    """An array of fixed width as Arrow of the column's type."""
    kind = _PLAIN[sql][1]
    if sql == "DECIMAL(18,4)":
        return _scaled(values, missing)
    if sql == "BOOLEAN":
        return pa.array(values.astype(np.bool_), mask=missing)
    return pa.array(values, mask=missing).view(kind)


def _unscaled(values: pa.Array) -> Array:
    """Money in ten-thousandths. 18 digits fit 64 bits, so the low half of each value is all of it."""
    if values.type != _PLAIN["DECIMAL(18,4)"][1]:
        values = values.cast(_PLAIN["DECIMAL(18,4)"][1])
    halves = np.frombuffer(values.buffers()[1], np.int64)[2 * values.offset : 2 * (values.offset + len(values))]
    found: Array = halves[::2]
    if values.null_count:
        found = np.where(values.is_null().to_numpy(zero_copy_only=False), 0, found)
    return found


def _scaled(values: Array, missing: Array | None) -> pa.Array:
    halves = np.empty((values.size, 2), np.int64)
    halves[:, 0] = values
    halves[:, 1] = values >> 63
    valid = None if missing is None else pa.array(~missing).buffers()[1]
    return pa.Array.from_buffers(_PLAIN["DECIMAL(18,4)"][1], values.size, [valid, pa.py_buffer(halves)])
