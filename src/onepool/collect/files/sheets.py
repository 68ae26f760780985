"""Excel workbooks (.xlsx) as blocks: one sheet, read as a stream, every cell as the text a person sees."""

from __future__ import annotations

import itertools
import math
import re
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import pyarrow as pa

from onepool.collect.files.blocks import Block, BrokenRow, Facts, column_names, cut_sample
from onepool.collect.files.errors import FileError
from onepool.collect.files.formats import file_sha256
from onepool.collect.files.header import LOOK_AT, Knows, find_header

BLOCK_ROWS = 5_000

_EXACT = 2**53

Row = Sequence[object]


_MERGED = re.compile(rb'<(?:\w+:)?mergeCell [^>]*?ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')

_ROWS_END = re.compile(rb"</(?:\w+:)?sheetData>")


class ExcelSource:
    """One sheet of a workbook: the one named ``sheet``, or the first.

    A cell that was merged with those below it holds for their rows too, where ``repeats`` says so of its column's name.
    """

    def __init__(
        self,
        path: Path,
        knows: Knows,
        *,
        sheet: str | None,
        header: int | None,
        name: str | None = None,
        repeats: Knows = lambda name: True,
    ) -> None:
        self.name = name or path.name
        self._repeats = repeats
        self.facts = Facts("excel", size=path.stat().st_size)
        self._path = path
        self._knows = knows
        self._sheet = sheet
        self._header = header

    def blocks(self) -> Iterator[Block]:
        import openpyxl  # takes a third of a second; only those who import workbooks pay
        from openpyxl.utils.exceptions import InvalidFileException

        with self._path.open("rb") as stream:  # openpyxl judges a path by its name, a stream by what it holds
            try:
                book = openpyxl.load_workbook(stream, read_only=True, data_only=True)
            except (zipfile.BadZipFile, InvalidFileException, KeyError, ParseError, OSError) as error:
                raise FileError(f"not a readable workbook: {error}", where=self.name) from error
            try:
                opened = self._open_sheet(book)
                yield from self._rows(opened.iter_rows(values_only=True), self._merged(opened))
            except (zipfile.BadZipFile, ParseError, KeyError) as error:
                raise FileError(f"the workbook is damaged: {error}", where=self.name) from error
            finally:
                book.close()
        self.facts.sha256 = file_sha256(self._path)
        self.facts.done = self.facts.size

    def _open_sheet(self, book: Any) -> Any:
        if self._sheet is not None and self._sheet not in book.sheetnames:
            sheets = ", ".join(book.sheetnames)
            raise FileError(f"no sheet {self._sheet!r}", where=self.name, hint=f"it has: {sheets}")
        sheet = book[self._sheet or book.sheetnames[0]]
        sheet.reset_dimensions()  # what some exporters state as the sheet's size is wrong
        return sheet

    def _merged(self, sheet: Any) -> dict[int, list[tuple[int, int]]]:
        """Cells that reach down over further rows: by number of their first row, (column from 0, last row)."""
        found: dict[int, list[tuple[int, int]]] = {}
        # It stands behind all rows, and the streaming reader does not tell it.
        with zipfile.ZipFile(self._path) as packed, packed.open(sheet._worksheet_path.lstrip("/")) as part:
            held, behind = b"", False
            while piece := part.read(1 << 20):
                held += piece
                if not behind:
                    end = _ROWS_END.search(held)
                    behind = end is not None
                    held = held[end.end() :] if end else held[-64:]
        for left, first, _, last in _MERGED.findall(held) if behind else ():
            if int(last) > int(first):
                found.setdefault(int(first), []).append((_column(left), int(last)))
        return found

    def _rows(self, rows: Iterator[Row], merged: Mapping[int, list[tuple[int, int]]]) -> Iterator[Block]:
        head = list(itertools.islice(rows, LOOK_AT))
        if not any(any(cell is not None for cell in row) for row in head):
            raise FileError("no rows in the sheet", where=self.name)
        header = find_header(head, self._knows) if self._header is None else self._header - 1
        if header is not None and header >= len(head):
            raise FileError(f"the header must be in the first {LOOK_AT} rows", where=self.name)
        if header is None or header < 0:
            header = -1
            names = column_names([None] * max(len(row) for row in head))
        else:
            self.facts.header_row = header + 1
            cells = list(head[header])
            while cells and cells[-1] is None:
                cells.pop()
            names = column_names(cells)
        number = header + 2
        data: Iterator[Row] = itertools.chain(head[header + 1 :], rows)
        if merged:
            down = {at for at, name in enumerate(names) if self._repeats(name)}
            data = _filled(data, number, merged, down)
        while batch := list(itertools.islice(data, BLOCK_ROWS)):
            yield _block(batch, names, number)
            number += len(batch)


def _column(letters: bytes) -> int:
    """A column's number from 0: A, B … Z, AA."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def _filled(
    rows: Iterator[Row], first: int, merged: Mapping[int, list[tuple[int, int]]], columns: Collection[int]
) -> Iterator[Row]:
    """The rows with the value of merged cells in each of their rows, in these columns."""
    open_: dict[int, tuple[int, object]] = {}
    for number, row in enumerate(rows, start=first):
        cells = list(row)
        for at, (last, value) in list(open_.items()):
            if number > last:
                del open_[at]
            elif at < len(cells) and cells[at] is None:
                cells[at] = value
        for at, last in merged.get(number, ()):
            if at in columns and at < len(cells) and cells[at] is not None:
                open_[at] = (last, cells[at])
        yield cells


def _block(batch: Sequence[Row], names: Sequence[str], first: int) -> Block:
    width = len(names)
    good: list[Row] = []
    numbers: list[int] = []
    broken: list[BrokenRow] = []
    for number, row in enumerate(batch, start=first):
        if all(cell is None for cell in row):
            continue
        if any(cell is not None for cell in row[width:]):
            message = f"cells beyond the header's {width} columns"
            broken.append(BrokenRow(number, "file.columns", message, cut_sample(",".join(map(_text_or_empty, row)))))
            continue
        good.append(row)
        numbers.append(number)
    columns = {
        name: pa.array([_text(row[index]) if index < len(row) else None for row in good], pa.string())
        for index, name in enumerate(names)
    }
    return Block(pa.table(columns), pa.array(numbers, pa.int64()), broken)


def _text_or_empty(cell: object) -> str:
    return _text(cell) or ""


def _text(cell: object) -> str | None:
    """A cell as text: whole numbers without ``.0``, instants as ISO 8601."""
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < _EXACT:
        return str(int(cell))
    if isinstance(cell, int | float) and abs(cell) >= _EXACT and math.isfinite(cell):
        return f"{cell:.14E}"  # workbooks keep no more digits: what it was can't be told
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    return str(cell)
