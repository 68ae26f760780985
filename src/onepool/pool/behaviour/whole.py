"""Events kept whole in a build: what a page of a timeline shows of them, in the build's order.

In the table one customer's events are scattered over all of it: each costs the engine a walk over its row group and a
block of the file for every column. So of customers with more than `LEAST` events the last `MOST` by time are kept a
second time, in compressed batches (zstd) of `ROWS` rows of all columns of a page: a page is read from one batch or two.
Customers with fewer are read from the table, as is what lies further back, and what came since the build.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa

from onepool.pool.behaviour.arrange import Places, Scan, arranged
from onepool.pool.behaviour.kinds import I64, selected

SHOWN: Final = ("event_id", "received_at", "amount", "currency", "order_id", "items", "fields")
"""The columns of a page that an index need not have otherwise."""
LEAST: Final = 40
MOST: Final = 256
ROWS: Final = 1024
"""Rows of a batch; divides 65,536, where parts of a build begin."""
_FILE, _OFFSETS = "whole.arrow", "whole.npy"


class Kept(msgspec.Struct, frozen=True):
    """What is kept whole: of customers with more than `least` events the last `most`. `columns`: with their SQL types;
    identifiers of the pool (UUID) and JSON come as text."""

    least: int
    most: int
    columns: dict[str, str]


def shown(types: Mapping[str, str]) -> dict[str, str]:
    """The columns of a page that table `events` has, with their SQL types."""
    return {name: types[name] for name in SHOWN if name in types}


def write_whole(scan: Scan, places: Places, offsets: I64, folder: Path, kept: Kept) -> None:
    """Keep the events that `kept` says. `offsets`: where each customer's rows begin in the build's order."""
    sizes = np.diff(offsets)
    counts = np.where(sizes > kept.least, np.minimum(sizes, kept.most), 0)
    begins = np.zeros(offsets.size, np.int64)
    np.cumsum(counts, out=begins[1:])
    np.save(folder / _OFFSETS, begins)
    total = int(begins[-1])
    at = _among(offsets[1:][counts > 0], counts[counts > 0], int(offsets[-1]), total)
    listed = [selected(name, sql) for name, sql in kept.columns.items()]
    schema = pa.schema([pa.field(name, _utc(scan.kind(one))) for name, one in zip(kept.columns, listed, strict=True)])
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.OSFile(str(folder / _FILE), "wb") as sink, pa.ipc.new_file(sink, schema, options=options) as writer:
        for part in arranged(scan, listed, lambda rows: at[places.of[rows]], total, folder / "whole") if total else ():
            writer.write_table(part.cast(schema).combine_chunks(), max_chunksize=ROWS)


def _among(ends: I64, counts: I64, rows: int, total: int) -> np.ndarray[Any, Any]:
    """The place of each row of the build among those that are kept; -1: it is not. Kept are `counts` rows before each
    of `ends`."""
    edges = np.zeros(rows + 1, np.int8)
    edges[ends] -= 1
    edges[ends - counts] += 1
    inside = np.cumsum(edges[:rows], dtype=np.int8).view(np.bool_)
    found = np.full(rows, -1, np.int32 if total < 1 << 31 else np.int64)
    found[inside] = np.arange(total, dtype=found.dtype)
    return found


def _utc(kind: pa.DataType) -> pa.DataType:
    return pa.timestamp("us", tz="UTC") if pa.types.is_timestamp(kind) else kind


class Whole:
    """The events that a build has whole, read by the build's rows. To be shared by threads."""

    def __init__(self, folder: Path, offsets: I64) -> None:
        self._offsets = offsets
        self._begins: I64 = np.load(folder / _OFFSETS, allow_pickle=False)
        # The map lives as long as what reads from it, whatever becomes of the folder.
        self._reader = pa.ipc.open_file(pa.memory_map(str(folder / _FILE)))
        self._lock = threading.Lock()

    def read(self, rows: I64) -> list[dict[str, Any] | None]:
        """What is kept of some rows of the build, by column; None for those that are not kept."""
        slots = np.searchsorted(self._offsets, rows, side="right") - 1
        at = self._begins[slots + 1] - (self._offsets[slots + 1] - rows)
        there = at >= self._begins[slots]
        found: list[dict[str, Any] | None] = [None] * rows.size
        for number in np.unique(at[there] // ROWS).tolist():
            here = np.flatnonzero(there & (at // ROWS == number))
            with self._lock:
                batch = self._reader.get_batch(number)
            taken = batch.take(pa.array(at[here] - number * ROWS)).to_pylist()
            for place, values in zip(here.tolist(), taken, strict=True):
                found[place] = values
        return found
