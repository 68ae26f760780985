"""Opening a file as the source of rows that it is."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from onepool.collect.files.blocks import Block, Facts, Source
from onepool.collect.files.errors import FileError
from onepool.collect.files.formats import UNREADABLE, FileFormat, detect, file_sha256, open_bytes
from onepool.collect.files.plan import Planner
from onepool.collect.files.records import JsonLinesSource, ParquetSource
from onepool.collect.files.sheets import ExcelSource
from onepool.collect.files.text import TextSource


def open_source(path: Path, planner: Planner, scratch: Path | None = None) -> Source:
    """Finds out what a file is. Raises FileError when it is nothing that can be imported."""
    if not path.is_file():
        raise FileError("no such file", where=str(path))
    mapping = planner.mapping
    form = detect(path, mapping.encoding)
    if form.kind in ("excel", "parquet"):
        return _binary(path, form, planner) if form.compression == "none" else _Unpacked(path, form, planner, scratch)
    fixed = mapping.encoding is not None
    if form.kind == "jsonl":
        return JsonLinesSource(path, form, fixed=fixed)
    return TextSource(path, form, planner.knows, delimiter=mapping.delimiter, header=mapping.header, fixed=fixed)


def _binary(path: Path, form: FileFormat, planner: Planner) -> Source:
    if form.kind == "parquet":
        return ParquetSource(path)
    mapping = planner.mapping
    return ExcelSource(path, planner.knows, sheet=mapping.sheet, header=mapping.header, repeats=planner.repeats)


class _Unpacked:
    """A compressed workbook or Parquet file: both are read at random places, so it is unpacked first."""

    def __init__(self, path: Path, form: FileFormat, planner: Planner, scratch: Path | None) -> None:
        self.name = path.name
        self.facts = Facts(form.kind, compression=form.compression, size=path.stat().st_size)
        self._path = path
        self._form = form
        self._planner = planner
        self._scratch = scratch

    def blocks(self) -> Iterator[Block]:
        with tempfile.TemporaryDirectory(prefix="unpacked-", dir=self._scratch) as folder:
            plain = Path(folder) / "file"
            try:
                with open_bytes(self._path, self._form.compression) as packed, plain.open("wb") as out:
                    shutil.copyfileobj(packed, out, 1 << 20)
            except UNREADABLE as error:
                raise FileError(f"not readable to its end: {error}", where=self.name) from error
            inner = _binary(plain, self._form, self._planner)
            for block in inner.blocks():
                self.facts.done = self.facts.size * inner.facts.done // max(inner.facts.size, 1)
                yield block
        self.facts.header_row = inner.facts.header_row
        self.facts.sha256 = file_sha256(self._path)
