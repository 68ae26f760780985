"""JSON lines, Parquet and tables in memory as blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from onepool.collect.files.blocks import JSON_FIELD, Block, BrokenRow, Facts, cut_sample
from onepool.collect.files.errors import FileError
from onepool.collect.files.formats import BROKEN_MARK, CleanText, FileFormat, file_sha256

BLOCK_BYTES = 4 * 1024 * 1024
BLOCK_ROWS = 50_000

MAX_DEPTH = 200
"""A line that nests deeper is refused: it could be read here, but not where more is around it."""

LIFTED = ("properties", "fields", "ids")
"""Objects of a JSON line whose members count as columns of the line itself."""

_decoder = msgspec.json.Decoder()


class JsonLinesSource:
    """One JSON object a line. Nested values stay JSON, except the members of ``LIFTED``, which become columns."""

    def __init__(self, path: Path, form: FileFormat, *, fixed: bool) -> None:
        self.name = path.name
        self.facts = Facts("jsonl", form.encoding, form.compression, size=path.stat().st_size)
        self._text = CleanText(path, form, fixed=fixed)

    def blocks(self) -> Iterator[Block]:
        held = b""
        row = 1
        for chunk in self._text:
            held += chunk
            if len(held) < BLOCK_BYTES:
                continue
            cut = held.rfind(b"\n") + 1
            if cut:
                lines = held[:cut].split(b"\n")[:-1]
                yield json_block(lines, row)
                row += len(lines)
                held = held[cut:]
                self.facts.done = self._text.bytes_read
        if held:
            yield json_block(held.split(b"\n"), row)
        self.facts.done = self._text.bytes_read
        self.facts.encoding = self._text.encoding
        self.facts.sha256 = self._text.digest.hexdigest()


def json_block(lines: Sequence[bytes], first: int) -> Block:
    """Lines of JSON as one block with a column for every key that occurs."""
    objects: list[dict[str, Any]] = []
    numbers: list[int] = []
    broken: list[BrokenRow] = []
    mark = BROKEN_MARK.encode()
    for number, line in enumerate(lines, start=first):
        if not line.strip():
            continue
        rule, message = "", ""
        value: Any = None
        if mark in line:
            rule, message = "file.encoding", "bytes that are no text in the file's encoding"
        else:
            try:
                value = _decoder.decode(line)
            except msgspec.DecodeError as error:
                rule, message = "file.json", f"not JSON: {error}"
            except RecursionError:
                rule, message = "file.json", "nested too deep"
            else:
                if not isinstance(value, dict):
                    rule, message = "file.json", "not a JSON object"
                elif line.count(b"[") + line.count(b"{") > MAX_DEPTH and _deep(value):
                    rule, message = "file.json", "nested too deep"
        if rule:
            text = line.decode("utf-8", "replace").replace(BROKEN_MARK, "\N{REPLACEMENT CHARACTER}")
            broken.append(BrokenRow(number, rule, message, cut_sample(text)))
        else:
            objects.append(_lift(value))
            numbers.append(number)
    keys = dict.fromkeys(key for value in objects for key in value)
    columns = {key: _column([value.get(key) for value in objects]) for key in keys}
    schema = pa.schema(
        [
            pa.field(key, array.type, metadata=JSON_FIELD if is_json else None)
            for key, (array, is_json) in columns.items()
        ]
    )
    table = pa.table([array for array, _ in columns.values()], schema=schema)
    return Block(table, pa.array(numbers, pa.int64()), broken)


def _deep(value: dict[str, Any]) -> bool:
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for one in level
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _lift(value: dict[str, Any]) -> dict[str, Any]:
    for key in LIFTED:
        inner = value.get(key)
        if isinstance(inner, dict):
            del value[key]
            value = {**inner, **value}
    return value


def _column(values: list[Any]) -> tuple[pa.Array, bool]:
    """An Arrow column, and whether it holds JSON text because the values are nested or of several kinds."""
    kinds = {type(value) for value in values if value is not None}
    try:
        if kinds <= {str}:
            return pa.array(values, pa.string()), False
        if kinds == {int}:
            return pa.array(values, pa.int64()), False
        if kinds == {float}:
            return pa.array(values, pa.float64()), False
        if kinds == {bool}:
            return pa.array(values, pa.bool_()), False
    except (OverflowError, pa.ArrowInvalid):
        pass  # integers of more than 64 bits
    texts = [None if value is None else msgspec.json.encode(value).decode() for value in values]
    return pa.array(texts, pa.string()), True


class ParquetSource:
    """A Parquet file, read in row batches."""

    def __init__(self, path: Path, *, name: str | None = None) -> None:
        self.name = name or path.name
        self.facts = Facts("parquet", size=path.stat().st_size)
        self._path = path

    def blocks(self) -> Iterator[Block]:
        try:
            with pq.ParquetFile(self._path) as file:
                total = max(file.metadata.num_rows, 1)
                row = 0
                for batch in file.iter_batches(batch_size=BLOCK_ROWS):
                    yield table_block(pa.Table.from_batches([batch]), row + 1)
                    row += batch.num_rows
                    self.facts.done = self.facts.size * row // total
        except (pa.ArrowInvalid, OSError) as error:
            raise FileError(f"not a readable Parquet file: {error}", where=self.name) from error
        self.facts.sha256 = file_sha256(self._path)


class TableSource:
    """Tables that a loader makes, taken through the same way as a file. ``sha256`` names their origin."""

    def __init__(self, name: str, tables: Callable[[], Iterable[pa.Table]], sha256: str, rows: int) -> None:
        self.name = name
        self.facts = Facts("table", sha256=sha256, size=rows)
        self._tables = tables

    def blocks(self) -> Iterator[Block]:
        row = 0
        for table in self._tables():
            yield table_block(table, row + 1)
            row += table.num_rows
            self.facts.done = row


def table_block(table: pa.Table, first: int) -> Block:
    """A table whose rows are numbered from ``first``."""
    return Block(table, pa.array(np.arange(first, first + table.num_rows, dtype=np.int64)))
