"""Tables that people bring, to learn from and to be held against: CSV as programs write it, TSV, Parquet."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from onepool.errors import OnePoolError
from onepool.identity.evaluate import TruthError

FILE: Final = "CSV, TSV or Parquet"
IDS: Final = ("record_id", "rec_id", "recordid", "unique_id", "id", "编号", "记录编号")
ENTITIES: Final = ("entity_id", "person_id", "cluster_id", "cluster", "entity", "person", "label", "人员编号")

_MARKS = ((codecs.BOM_UTF8, "utf8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_QUOTED = re.compile(r'"[^"]*"')
_PART = 1 << 20
"""Bytes read at once while the encoding is looked for."""
_ENDINGS = (".csv", ".tsv", ".parquet", ".pq")
_SPARED = 60
"""Letters of a broken line that an error shows."""


class FileError(OnePoolError):
    """A file can't be read as a table."""

    code = "file"


def read_table(path: Path, raises: type[OnePoolError] = FileError) -> pa.Table:
    """CSV with all columns as texts (UTF-8, UTF-16 or GB18030; commas, semicolons, tabs or bars); Parquet as it is.

    Raises FileError, or what of it is named, for what is no table: no header, a row with more cells than the header, a
    column twice.
    """
    try:
        table = pa.parquet.read_table(path) if path.suffix.lower() in (".parquet", ".pq") else _csv(path)
    except (pa.ArrowInvalid, UnicodeError, OSError) as error:
        told = str(error)
        told = told if len(told) <= 3 * _SPARED else f"{told[: 3 * _SPARED]} …"
        raise raises(f"can't be read: {told}", where=str(path), hint=f"{FILE}, with a header") from error
    twice = [name for name, count in Counter(table.column_names).items() if count > 1]
    if twice:
        raise raises(f"the column {twice[0]!r} is there twice", where=str(path), hint="name each once")
    return table


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why the records are not named by a column that looks like it: `value` is there again, or some rows have none."""

    column: str
    value: str | None


def with_ids(table: pa.Table, path: Path, wanted: str | None) -> tuple[pa.Table, str | None, Doubt | None]:
    """The table with `record_id` first; the column that it was made from: `wanted`, else one of a usual name, else none
    (`row 1` …), and then what there was to say against the first of a usual name.

    Raises FileError where there are no rows, or where `wanted` is not there, has gaps or names two rows alike.
    """
    if not table.num_rows:
        raise FileError("there are no rows", where=str(path))
    if wanted is not None:
        return _named(table, wanted, _ids(table, path, wanted)), wanted, None
    doubt = None
    for name in sorted(table.column_names, key=lambda one: IDS.index(one.lower()) if one.lower() in IDS else len(IDS)):
        if name.lower() not in IDS:
            break
        ids = pc.cast(table[name], pa.string())
        again = twice(ids)
        if not ids.null_count and again is None:
            return _named(table, name, ids), name, None
        doubt = doubt or Doubt(name, again)
    rows = pa.array([f"row {number}" for number in range(1, table.num_rows + 1)])
    return _named(table, "record_id", rows), None, doubt


def _ids(table: pa.Table, path: Path, wanted: str) -> pa.ChunkedArray:
    if wanted not in table.column_names:
        known = ", ".join(table.column_names)
        raise FileError(f"--id: there is no column {wanted}", where=str(path), hint=f"there are {known}")
    ids = pc.cast(table[wanted], pa.string())
    if ids.null_count:
        raise FileError(f"--id: {ids.null_count:,} rows without {wanted}", where=str(path))
    again = twice(ids)
    if again is not None:
        raise FileError(f"--id: {wanted} names several rows {again!r}", where=str(path))
    return ids


def twice(values: pa.ChunkedArray) -> str | None:
    """A value that is there more than once, None if each is there once; missing ones do not count."""
    counts = pc.value_counts(values.drop_null())
    again = counts.filter(pc.greater(counts.field("counts"), 1))
    return str(again.field("values")[0].as_py()) if len(again) else None


def read_truth(path: Path) -> pa.Table:
    """Whose each record is: `record_id` and `entity_id` as texts, under these or other usual names.

    Raises TruthError for another ending, where a column or a value is missing, or a record is there twice.
    """
    if path.suffix.lower() not in _ENDINGS:
        raise TruthError("neither CSV nor Parquet", where=str(path), hint="name it .csv, .tsv or .parquet")
    table = read_table(path, TruthError)
    there = {one.lower(): one for one in table.column_names}
    found = {}
    for name, usual in (("record_id", IDS), ("entity_id", ENTITIES)):
        column = next((there[one] for one in usual if one in there), None)
        if column is None:
            known = ", ".join(table.column_names)
            hint = f"a truth has record_id and entity_id; there are {known[: 3 * _SPARED]}"
            raise TruthError(f"no column {name}", where=str(path), hint=hint)
        found[name] = pc.cast(table[column], pa.string())
        if found[name].null_count:
            raise TruthError(f"{found[name].null_count:,} rows without {column}", where=str(path))
    again = twice(found["record_id"])
    if again is not None:
        raise TruthError(f"the record {again} is there more than once", where=str(path), hint="name each once")
    return pa.table(found)


def _named(table: pa.Table, column: str, ids: pa.Array | pa.ChunkedArray) -> pa.Table:
    rest = [one for one in table.column_names if one not in (column, "record_id")]
    return table.select(rest).add_column(0, "record_id", ids)


def _csv(path: Path) -> pa.Table:
    encoding = _encoding(path)
    tabs = path.suffix.lower() == ".tsv"
    parse = pa.csv.ParseOptions(delimiter="\t" if tabs else _delimiter(path, encoding), newlines_in_values=True)
    read = pa.csv.ReadOptions(encoding=encoding)
    with pa.csv.open_csv(path, read, parse) as opened_file:
        names = opened_file.schema.names
    texts = pa.csv.ConvertOptions(column_types={name: pa.string() for name in names}, strings_can_be_null=True)
    table = pa.csv.read_csv(path, read, parse, texts)
    trimmed = (pc.utf8_trim_whitespace(column) for column in table.columns)
    columns = [pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column) for column in trimmed]
    return pa.table(columns, [name.strip() for name in table.column_names])


def _encoding(path: Path) -> str:
    """What the mark at the beginning says; else UTF-8 if all of it is, else GB18030 (a wider GBK)."""
    with path.open("rb") as file:
        start = file.read(4)
        for mark, encoding in _MARKS:
            if start.startswith(mark):
                return encoding
        file.seek(0)
        for encoding in ("utf8", "gb18030"):
            decoder = codecs.getincrementaldecoder(encoding)()
            try:
                file.seek(0)
                while part := file.read(_PART):
                    decoder.decode(part)
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                continue
            return encoding
    raise UnicodeError("neither UTF-8, UTF-16 nor GBK")


def _delimiter(path: Path, encoding: str) -> str:
    """What the header has most of, outside of quotes."""
    with path.open(encoding=encoding) as file:
        header = _QUOTED.sub("", file.readline(_PART))
    return max(",;\t|", key=header.count)
