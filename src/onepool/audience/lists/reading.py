"""One column out of a file: CSV, TSV, plain text, Excel, JSON lines or Parquet, in UTF-8, UTF-16 or GB18030."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from onepool.audience.lists.errors import ListError
from onepool.collect.files import FileError, Source
from onepool.collect.files.formats import detect
from onepool.collect.files.records import JsonLinesSource, ParquetSource
from onepool.collect.files.sheets import ExcelSource
from onepool.collect.files.text import TextSource

Knows = Callable[[str], bool]
"""Whether a cell is the name of a column and no value."""


@dataclass(frozen=True, slots=True)
class Column:
    """The values of one column as they stand in the file (blanks left out), with the number of each one's row.

    ``broken``: rows that could not be read at all, as (row, why).
    """

    name: str
    values: pa.StringArray
    rows: pa.Int64Array
    broken: list[tuple[int, str]]


def read_column(path: Path, knows: Knows, column: str | None = None, *, header: bool | None = None) -> Column:
    """Read one column of a file.

    ``column``: its name, or its number from 1; without it the column with a name that ``knows`` has, else the first.
    ``header``: whether the first row has the names; None: it has if one of its cells is `column` or known.

    Raises:
        ListError: the file can't be read, or has no such column.
    """
    try:
        return _read(path, knows, column, header)
    except FileError as error:
        # The caller's file may have another name than this one.
        raise ListError(error.message, code="list-file", hint=error.hint) from error
    except pa.ArrowException as error:
        raise ListError(f"the file can't be read: {error}", code="list-file") from error


def _read(path: Path, knows: Knows, column: str | None, header: bool | None) -> Column:
    names: list[str] | None = None
    chosen, at, named = "", 0, False
    values: list[pa.Array] = []
    rows: list[pa.Array] = []
    broken: list[tuple[int, str]] = []
    for table, numbers, bad in _blocks(path):
        broken += bad
        if table.num_columns == 0 or table.num_rows == 0:
            continue
        if names is None:
            named = _is_named(table.column_names)
            if not named and header is None and column is not None and not column.isdecimal():
                header = True
            first = [_text(cell) for cell in table.slice(0, 1).to_pylist()[0].values()]
            if named:
                names = table.column_names
            else:
                heads = (
                    header if header is not None else any(cell and (cell == column or knows(cell)) for cell in first)
                )
                names = first if heads else [""] * table.num_columns
                if heads:
                    table, numbers = table.slice(1), numbers.slice(1)
            at = _choose(names, column, knows)
            chosen = names[at]
        if named and chosen not in table.column_names:
            continue  # lines of JSON need not have the same names
        texts = _texts(table.column(chosen if named else at))
        filled = pc.greater(pc.fill_null(pc.utf8_length(texts), 0), 0)
        values.append(texts.filter(filled))
        rows.append(numbers.filter(filled))
    if names is None and not broken:
        raise ListError("there is nothing in the file", code="list-file")
    texts = pa.concat_arrays(values) if values else pa.array([], pa.string())
    return Column(chosen, texts, pa.concat_arrays(rows) if rows else pa.array([], pa.int64()), broken)


def _blocks(path: Path) -> Iterator[tuple[pa.Table, pa.Array, list[tuple[int, str]]]]:
    """Blocks of a file with the numbers of their rows; a table of text or a sheet comes without a header."""
    for block in _source(path).blocks():
        yield block.table, block.rows, [(row.row, row.message) for row in block.broken]


def _source(path: Path) -> Source:
    form = detect(path)
    if form.kind in ("excel", "parquet") and form.compression != "none":
        raise FileError("a compressed workbook", hint="send it as it is")
    if form.kind == "parquet":
        return ParquetSource(path)
    if form.kind == "excel":
        return ExcelSource(path, lambda _: False, sheet=None, header=0)
    if form.kind == "jsonl":
        return JsonLinesSource(path, form, fixed=False)
    return TextSource(path, form, lambda _: False, delimiter=None, header=0, fixed=False)


def _text(cell: object) -> str:
    return "" if cell is None else str(cell).strip()


def _texts(column: pa.ChunkedArray) -> pa.StringArray:
    """Cells as texts without blanks around; whole numbers without a point."""
    if pa.types.is_floating(column.type):
        whole = pc.equal(pc.floor(column), column)
        written = pc.if_else(whole, column, pa.scalar(None, column.type)).cast(pa.int64())
        column = pc.coalesce(written.cast(pa.string()), column.cast(pa.string()))
    return pc.utf8_trim_whitespace(column.cast(pa.string())).combine_chunks()


def _is_named(names: list[str]) -> bool:
    """Whether the columns have names of their own (JSON lines, Parquet)."""
    return names != [f"column_{number}" for number in range(1, len(names) + 1)]


def _choose(names: list[str], column: str | None, knows: Knows) -> int:
    if column is not None:
        if column in names:
            return names.index(column)
        if column.isdecimal() and 1 <= int(column) <= len(names):
            return int(column) - 1
        known = ", ".join(name for name in names if name) or f"1 to {len(names)}"
        raise ListError(f"the file has no column {column}", where="column", code="list-column", hint=f"it has {known}")
    return next((number for number, name in enumerate(names) if name and knows(name)), 0)
