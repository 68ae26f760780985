"""Delimited text (CSV, TSV and their cousins) as blocks, row by row accounted for.

The fast path hands whole blocks to Arrow's parser. Whatever Arrow can't read, or reads in a way that could hide a
broken quote, goes through the slow path: strictly, row by row, giving up one line at a time and never the file.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from onepool.collect.files.blocks import Block, BrokenRow, Facts, column_names, cut_sample
from onepool.collect.files.errors import FileError
from onepool.collect.files.formats import (
    BROKEN_MARK,
    SAMPLE_BYTES,
    CleanText,
    FileFormat,
    guess_delimiter,
)
from onepool.collect.files.header import Knows, find_header

BLOCK_BYTES = 4 * 1024 * 1024
LONGEST_RECORD = 16 * 1024 * 1024
"""A block grows up to this many bytes while it waits for a quote to close."""

RECORD_LINES = 200
"""A quoted value may run over this many lines; a longer one is taken as a quote that was never closed."""

csv.field_size_limit(LONGEST_RECORD)

_MARK_BYTES = BROKEN_MARK.encode()


class TextSource:
    """A delimited text file. ``header`` gives the header's row number (0: none), None lets it be found."""

    def __init__(
        self, path: Path, form: FileFormat, knows: Knows, *, delimiter: str | None, header: int | None, fixed: bool
    ) -> None:
        self.name = path.name
        self.facts = Facts("csv", form.encoding, form.compression, size=path.stat().st_size)
        self._text = CleanText(path, form, fixed=fixed)
        self._knows = knows
        self._delimiter = delimiter
        self._header = header

    def blocks(self) -> Iterator[Block]:
        chunks = iter(self._text)
        head = b""
        while len(head) < SAMPLE_BYTES:
            chunk = next(chunks, b"")
            if not chunk:
                break
            head += chunk
        if not head.strip():
            raise FileError("no rows", where=self.name)
        names, skip, row = self._open(head)
        rest = itertools.chain([_without_lines(head, skip)], chunks)
        for block in split_records(rest):
            parsed, row = self._parse(block, names, row)
            self.facts.done = self._text.bytes_read
            yield parsed
        self.facts.done = self._text.bytes_read
        self.facts.encoding = self._text.encoding
        self.facts.sha256 = self._text.digest.hexdigest()

    def _open(self, head: bytes) -> tuple[list[str], int, int]:
        """Column names, the number of lines above the first data row, and that row's number."""
        text = head[:SAMPLE_BYTES].decode("utf-8", "ignore")
        skip = 0
        if text.startswith("sep=") and self._delimiter is None:  # Excel's own way to name the delimiter
            self._delimiter = text[4:5]
            skip = 1
        lines = [line + "\n" for line in text.split("\n")][skip:]
        delimiter = self._delimiter or guess_delimiter("".join(lines))
        self._delimiter = self.facts.delimiter = delimiter
        records: list[tuple[list[str], int]] = []
        reader = csv.reader(lines, delimiter=delimiter)
        try:
            for record in itertools.islice(reader, 50):
                records.append((record, reader.line_num + skip))
        except csv.Error:
            pass  # the rows so far are enough to find a header; the broken one is met again when it is its turn
        rows = [record for record, _ in records]
        header = find_header(rows, self._knows) if self._header is None else self._header - 1 - skip
        if header is None or header < 0:
            width = max((len(record) for record in rows), default=1)
            return column_names([""] * width), skip, skip + 1
        if header >= len(records):
            raise FileError(f"no row {header + 1} to be the header", where=self.name)
        self.facts.header_row = header + 1 + skip
        names = column_names(records[header][0])
        return names, records[header][1], header + 2 + skip

    def _parse(self, data: bytes, names: Sequence[str], first: int) -> tuple[Block, int]:
        """One block and the number of the row behind it."""
        keys = [f"c{number}" for number in range(len(names))]
        table: pa.Table | None = None
        broken: list[BrokenRow] = []
        numbers: npt.NDArray[np.int64] = np.empty(0, np.int64)
        total = 0
        bad: list[pa.csv.InvalidRow] = []

        def skip(row: pa.csv.InvalidRow) -> str:
            bad.append(row)
            return "skip"

        try:
            table = pa.csv.read_csv(
                pa.BufferReader(data),
                read_options=pa.csv.ReadOptions(use_threads=False, column_names=keys, block_size=len(data) + 1),
                parse_options=pa.csv.ParseOptions(
                    delimiter=self._delimiter,
                    newlines_in_values=True,
                    ignore_empty_lines=False,
                    invalid_row_handler=skip,
                ),
                convert_options=pa.csv.ConvertOptions(
                    column_types=dict.fromkeys(keys, pa.string()), strings_can_be_null=False
                ),
            )
        except pa.ArrowInvalid:
            table = None
        quoted = b'"' in data
        if table is not None:
            total = table.num_rows + len(bad)
            lines = data.count(b"\n") + (not data.endswith(b"\n"))
            # Fewer rows than lines: some value spans lines, honestly or because a quote was not closed.
            if quoted and (bad or total != lines):
                table = None
        if table is None:
            table, numbers, broken, total = _read_slowly(data, keys, self._delimiter or ",", first)
        else:
            wrong = {row.number: row for row in bad}
            numbers = np.arange(1, total + 1, dtype=np.int64)
            if wrong:
                numbers = np.setdiff1d(numbers, np.fromiter(wrong, np.int64, len(wrong)), assume_unique=True)
            numbers += first - 1
            blank = f"{self._delimiter} \t\r\n"
            broken = [
                _width(first + n - 1, len(keys), row.actual_columns, row.text)
                for n, row in wrong.items()
                if row.text.strip(blank)
            ]
        rows = pa.array(numbers)
        table, rows = _drop_blank(table, rows)
        if _MARK_BYTES in data:
            table, rows, undecodable = _split_marked(table, rows)
            broken = [_shown(row) for row in broken] + undecodable
        return Block(table.rename_columns(list(names)), rows, broken), first + total


def split_records(chunks: Iterator[bytes] | itertools.chain[bytes]) -> Iterator[bytes]:
    """Cuts a stream of text into blocks that end at the end of a record."""
    held = b""
    for chunk in chunks:
        held += chunk
        if len(held) < BLOCK_BYTES:
            continue
        cut = _record_end(held)
        if cut == 0 and len(held) >= LONGEST_RECORD:
            cut = held.rfind(b"\n") + 1
        if cut == 0 and len(held) >= 4 * LONGEST_RECORD:
            cut = len(held)  # no line end in 64 MB: no table; the parser will say so row by row
        if cut:
            yield held[:cut]
            held = held[cut:]
    if held:
        yield held


def _record_end(data: bytes) -> int:
    """The position behind the last line end outside of quotes; 0 when there is none."""
    if b'"' not in data:
        return data.rfind(b"\n") + 1
    view = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(view == 0x22)
    ends = np.flatnonzero(view == 0x0A)
    outside = ends[np.searchsorted(quotes, ends) % 2 == 0]
    return int(outside[-1]) + 1 if len(outside) else 0


def _without_lines(data: bytes, count: int) -> bytes:
    position = 0
    for _ in range(count):
        end = data.find(b"\n", position)
        if end < 0:
            return b""
        position = end + 1
    return data[position:]


def _read_slowly(
    data: bytes, keys: Sequence[str], delimiter: str, first: int
) -> tuple[pa.Table, npt.NDArray[np.int64], list[BrokenRow], int]:
    """Strict reading, one record at a time; ``first`` is the number of the first row."""
    lines = data.decode("utf-8").split("\n")
    if lines and not lines[-1]:
        lines.pop()
    good: list[list[str]] = []
    numbers: list[int] = []
    broken: list[BrokenRow] = []
    at, row = 0, first
    while at < len(lines):
        reader = csv.reader(
            (lines[i] + "\n" for i in range(at, min(at + RECORD_LINES, len(lines)))), delimiter=delimiter, strict=True
        )
        try:
            record = next(reader)
            filled = any(cell.strip() for cell in record)
            used = reader.line_num
            problem = None if len(record) == len(keys) or not filled else _width(row, len(keys), len(record), lines[at])
        except csv.Error as error:
            used = 1
            problem = BrokenRow(
                row, "file.quote", f"a quote is not closed or stands in the wrong place: {error}", cut_sample(lines[at])
            )
        if problem is not None:
            used = 1
            broken.append(problem)
        elif filled:
            good.append(record)
            numbers.append(row)
        at += used
        row += 1
    columns = list(zip(*good, strict=True)) if good else [()] * len(keys)
    table = pa.table({key: pa.array(column, pa.string()) for key, column in zip(keys, columns, strict=True)})
    return table, np.array(numbers, np.int64), broken, row - first


def _width(row: int, expected: int, found: int, text: str) -> BrokenRow:
    return BrokenRow(row, "file.columns", f"{found} cells, the header has {expected}", cut_sample(text))


def _drop_blank(table: pa.Table, rows: pa.Array) -> tuple[pa.Table, pa.Array]:
    """Leaves out rows in which every cell is empty; they are the blank lines of a file."""
    blank: pa.ChunkedArray | None = None
    for column in table.columns:
        empty = pc.equal(pc.binary_length(pc.utf8_trim_whitespace(column)), 0)
        blank = empty if blank is None else pc.and_(blank, empty)
        if not pc.any(blank).as_py():
            return table, rows
    if blank is None:
        return table, rows
    keep = pc.invert(blank)
    return table.filter(keep), rows.filter(keep.combine_chunks())


def _split_marked(table: pa.Table, rows: pa.Array) -> tuple[pa.Table, pa.Array, list[BrokenRow]]:
    """Takes out the rows with bytes that are no text."""
    marked: pa.ChunkedArray = pc.match_substring(table.column(0), BROKEN_MARK)
    for column in table.columns[1:]:
        marked = pc.or_(marked, pc.match_substring(column, BROKEN_MARK))
    bad = table.filter(marked)
    samples = [",".join(values) for values in zip(*(column.to_pylist() for column in bad.columns), strict=True)]
    numbers = rows.filter(marked.combine_chunks()).to_pylist()
    message = "bytes that are no text in the file's encoding"
    broken = [
        _shown(BrokenRow(number, "file.encoding", message, cut_sample(text)))
        for number, text in zip(numbers, samples, strict=True)
    ]
    keep = pc.invert(marked)
    return table.filter(keep), rows.filter(keep.combine_chunks()), broken


def _shown(row: BrokenRow) -> BrokenRow:
    return BrokenRow(row.row, row.rule, row.message, row.sample.replace(BROKEN_MARK, "\N{REPLACEMENT CHARACTER}"))
