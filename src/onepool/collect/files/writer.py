"""Packing items into log records: about 2,000 items or 1 MB each as JSON, 4,000 or 4 MB as columns; compressed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import msgspec
import pyarrow as pa
import zstandard

from onepool.clock import Clock
from onepool.collect.log import NewRecord
from onepool.collect.sheets import FORM, pack
from onepool.collect.touchpoint import Touchpoint

MAX_ITEMS = 2_000
MAX_CHARS = 1_000_000
SHEET_ROWS = 4_000
SHEET_BYTES = 4_000_000
PENDING_BYTES = 4_000_000
"""Compressed bytes that wait for one durable append."""

Sink = Callable[[Sequence[NewRecord]], None]
Part = Literal["batch", "broken"]


class ChunkWriter:
    """Turns items given as JSON text or as columns into records of protocol ``file`` and hands them on in groups."""

    def __init__(self, sink: Sink, clock: Clock, touchpoint: Touchpoint, *, kind: str, file: str, sha256: str) -> None:
        self._sink = sink
        self._clock = clock
        self._touchpoint = touchpoint
        self._headers = {
            "kind": kind,
            "file": file,
            "sha256": sha256,
            "scopes": dict(touchpoint.scopes),
        }
        self._compressor = zstandard.ZstdCompressor(level=3)
        self._pending: list[NewRecord] = []
        self._pending_bytes = 0

    def write(self, part: Part, rows: pa.ChunkedArray, contents: pa.ChunkedArray) -> None:
        """Writes items (``batch``) or rows that are none (``broken``), in this order."""
        numbers, texts = rows.to_pylist(), contents.to_pylist()
        start = size = 0
        for index, text in enumerate(texts):
            if index > start and (index - start == MAX_ITEMS or size + len(text) > MAX_CHARS):
                self._pack(part, numbers[start], texts[start:index])
                start, size = index, 0
            size += len(text)
        if start < len(texts):
            self._pack(part, numbers[start], texts[start:])

    def write_sheet(self, table: pa.Table) -> None:
        """Writes events given as columns (see `collect.sheets`), in this order."""
        rows = max(1, min(SHEET_ROWS, SHEET_BYTES * table.num_rows // max(table.nbytes, 1)))
        numbers = table.column("row")
        for start in range(0, table.num_rows, rows):
            body = pack(table.slice(start, rows))
            self._keep(body, {"form": FORM, "item": "event", "first_row": numbers[start].as_py()})

    def flush(self) -> None:
        """Hands on what still waits."""
        if self._pending:
            self._sink(self._pending)
            self._pending = []
            self._pending_bytes = 0

    def _pack(self, part: Part, first_row: int, texts: Sequence[str]) -> None:
        body = self._compressor.compress(f'{{"{part}":[{",".join(texts)}]}}'.encode())
        self._keep(body, {"content-encoding": "zstd", "first_row": first_row})

    def _keep(self, body: bytes, more: Mapping[str, object]) -> None:
        headers = msgspec.json.encode({**self._headers, **more})
        self._pending.append(NewRecord(self._clock.now(), self._touchpoint.name, "file", headers, body))
        self._pending_bytes += len(body)
        if self._pending_bytes >= PENDING_BYTES:
            self.flush()
