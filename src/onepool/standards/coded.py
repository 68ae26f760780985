"""Columns of repeating values: each distinct value once, and which of them every row has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from onepool.standards.columns import Column

Codes = npt.NDArray[np.int64]


def coded(texts: pa.ChunkedArray) -> tuple[list[str | None], Codes]:
    """The distinct texts of a column and the code of each row."""
    found = pc.dictionary_encode(texts, null_encoding="encode").combine_chunks()
    if isinstance(found, pa.ChunkedArray):  # of a column without rows
        return [], np.zeros(0, np.int64)
    return found.dictionary.to_pylist(), found.indices.to_numpy(zero_copy_only=False).astype(np.int64)


def spread(values: Sequence[Any], codes: Codes) -> list[Any]:
    """The value of every row."""
    held = np.empty(len(values), object)
    held[:] = values
    found: list[Any] = held[codes].tolist()
    return found


def rows_with(codes: Codes, wanted: Sequence[int]) -> list[tuple[int, int]]:
    """(row, code) of the rows that have one of some codes, in the order of the rows."""
    if not wanted:
        return []
    rows = np.flatnonzero(np.isin(codes, np.array(wanted, np.int64)))
    return list(zip(rows.tolist(), codes[rows].tolist(), strict=True))


def spread_column(column: Column, codes: Codes) -> Column:
    """A column of distinct values as that of all rows."""
    return Column(
        column.array.take(pa.array(codes)),
        spread(column.json, codes),
        {row: column.faults[code] for row, code in rows_with(codes, list(column.faults))},
        {row: column.named[code] for row, code in rows_with(codes, list(column.named))},
    )
