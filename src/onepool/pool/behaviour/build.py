"""Making a build: events brought from arrival order into the order (customer, time, seq), in bounded memory.

A counting sort. One scan counts each customer's events; then, for ranges of customers that fit the budget, one scan
puts times, seqs and rows at their customer's places, where they are ordered, and notes the place of every table row;
then each further column is scanned once and written at those places, again in ranges that fit the budget.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from typing import Final

import numpy as np
import pyarrow as pa

from onepool.pool.behaviour import kernels
from onepool.pool.behaviour.arrange import Places, write_arrow, write_plain, write_words
from onepool.pool.behaviour.kinds import CORE, I64, ROW, Column, storage_of
from onepool.pool.behaviour.whole import Kept, write_whole
from onepool.pool.engine import PoolError, Scanning, Session

BUDGET: Final = 768 << 20
"""Bytes of the arrays that a range is sorted in."""
_SORTED_ROW: Final = 24
SCAN_ROWS: Final = 1 << 19


class BuildStopped(Exception):
    """A build was told to stop; what it had made is thrown away."""


class Built:
    """What a build found out besides its files."""

    def __init__(self, reach: int, events: int, customers: int, columns: dict[str, Column], seconds: float) -> None:
        self.reach = reach
        self.events = events
        self.customers = customers
        self.columns = columns
        self.seconds = seconds


def build(
    session: Session, folder: Path, columns: Mapping[str, str], whole: Kept, stop: Event, *, budget: int = BUDGET
) -> Built:
    """Write the index of a snapshot into an empty folder.

    `columns`: further columns (name -> SQL type) besides the core ones; `whole`: which events are kept whole. Raises
    BuildStopped, PoolError.
    """
    started = time.monotonic()
    # Readers are not to wait for the compiler.
    nothing = np.empty(0, np.int64)
    kernels.ranges(nothing, nothing, nothing, nothing)
    if not isinstance(session, Scanning):
        raise PoolError("this engine can't hand over events piece by piece", code="pool")
    scan = Scan(session, session, stop)
    owners = _owners(session)
    np.save(folder / "identifiers.npy", owners.identifiers)
    np.save(folder / "owners.npy", owners.owners)
    counts, rows, reach = _count(scan, owners)
    kept = np.flatnonzero(counts)
    np.save(folder / "customers.npy", owners.customers[kept])
    offsets = np.zeros(kept.size + 1, np.int64)
    np.cumsum(counts[kept], out=offsets[1:])
    np.save(folder / "offsets.npy", offsets)
    # Slots are customers that have events.
    slot_of = np.full(owners.customers.size, -1, np.int32)
    slot_of[kept] = np.arange(kept.size, dtype=np.int32)
    total = int(offsets[-1])
    kind: type[np.signedinteger] = np.int32 if total < 1 << 31 else np.int64
    places = Places(folder, rows, kind)
    try:
        _sort(scan, owners, slot_of, offsets, places, folder, budget)
        stored = {"time": Column("TIMESTAMPTZ", "plain", "<i8")}
        stored |= {name: Column("BIGINT", "plain", "<i8") for name in ("seq", ROW)}
        wanted = {name: sql for name, sql in {**CORE, **columns}.items() if name not in stored}
        writers = {"plain": write_plain, "words": write_words, "arrow": write_arrow}
        for name, sql in wanted.items():
            found = writers[storage_of(sql)](scan, places, total, folder, name, sql, budget)
            # Text with too many different words.
            stored[name] = found or write_arrow(scan, places, total, folder, name, sql, budget)
        write_whole(scan, places, offsets, folder, whole)
    finally:
        places.close()
    return Built(reach, total, kept.size, stored, time.monotonic() - started)


class Scan:
    """Scans over the events of one snapshot that can be stopped."""

    def __init__(self, session: Session, scanning: Scanning, stop: Event) -> None:
        self._session = session
        self._scanning = scanning
        self._stop = stop

    def columns(self, *selected: str) -> Iterator[pa.RecordBatch]:
        """Batches of columns given as SQL, the table's row numbers first."""
        for batch in self._scanning.scan(f"SELECT rowid, {', '.join(selected)} FROM events", rows=SCAN_ROWS):
            if self._stop.is_set():
                raise BuildStopped
            yield batch

    def kind(self, selected: str) -> pa.DataType:
        """The Arrow type of a column given as SQL."""
        return self._session.query(f"SELECT {selected} FROM events LIMIT 0").schema.field(0).type


class _Owners:
    """The map of identifiers to customers: `dense` gives the place of each identifier's customer in `customers`."""

    def __init__(self, identifiers: I64, owners: I64) -> None:
        self.identifiers = identifiers
        self.owners = owners
        self.customers, places = np.unique(owners, return_inverse=True)
        self._places = places.astype(np.int32)
        least, most = (int(identifiers[0]), int(identifiers[-1])) if identifiers.size else (0, -1)
        self._direct = None
        if least >= 0 and most < 4 * identifiers.size + 1024:
            self._direct = np.full(most + 1, -1, np.int32)
            self._direct[identifiers] = self._places

    def dense(self, identifiers: I64) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
        if self._direct is not None:
            known = bool(identifiers.size == 0 or (identifiers.min() >= 0 and identifiers.max() < self._direct.size))
            found = self._direct[identifiers] if known else np.full(identifiers.size, -1, np.int32)
        else:
            at = np.minimum(np.searchsorted(self.identifiers, identifiers), max(0, self.identifiers.size - 1))
            same = self.identifiers.size > 0 and self.identifiers[at] == identifiers
            found = np.where(same, self._places[at] if self.identifiers.size else -1, -1).astype(np.int32)
        if found.size and found.min() < 0:
            raise PoolError("an event belongs to no identifier", hint="run: onepool verify")
        return found


def _owners(session: Session) -> _Owners:
    found = session.query("SELECT identifier_id, customer_id FROM customer_of ORDER BY identifier_id")
    return _Owners(found.column("identifier_id").to_numpy(), found.column("customer_id").to_numpy())


def _count(scan: Scan, owners: _Owners) -> tuple[I64, int, int]:
    """Events of each customer, how far row numbers go, and the greatest seq."""
    counts = np.zeros(owners.customers.size, np.int64)
    rows, reach = 0, -1
    for batch in scan.columns("identifier_id", "seq"):
        kernels.count(owners.dense(batch.column(1).to_numpy()), counts)
        rows = max(rows, int(batch.column(0).to_numpy().max()) + 1)
        reach = max(reach, int(batch.column(2).to_numpy().max()))
    return counts, rows, reach


def _sort(
    scan: Scan,
    owners: _Owners,
    slot_of: np.ndarray[tuple[int], np.dtype[np.int32]],
    offsets: I64,
    places: Places,
    folder: Path,
    budget: int,
) -> None:
    """Write `time`, `seq` and the row of the table in order, and note every row's place."""
    slots = offsets.size - 1
    filled = offsets[:-1].copy()
    first = 0
    with ExitStack() as stack:
        files = [stack.enter_context((folder / f"{name}.npy").open("wb")) for name in ("time", "seq", ROW)]
        for file in files:
            np.lib.format.write_array_header_1_0(
                file, {"descr": "<i8", "fortran_order": False, "shape": (int(offsets[-1]),)}
            )
        while first < slots:
            base = int(offsets[first])
            last = int(np.searchsorted(offsets, base + max(1, budget // _SORTED_ROW), side="right")) - 1
            last = min(slots, max(first + 1, last))
            size = int(offsets[last]) - base
            times, seqs, rows = (np.empty(size, np.int64) for _ in range(3))
            for batch in scan.columns("identifier_id", "epoch_us(time) AS time", "seq"):
                row, identifier, instant, seq = (batch.column(n).to_numpy() for n in range(4))
                slot = slot_of[owners.dense(identifier)]
                kernels.scatter(slot, first, last, base, filled, (instant, seq, row), (times, seqs, rows))
            kernels.order(offsets, first, last, base, times, seqs, rows)
            places.note(rows, base)
            for values, file in zip((times, seqs, rows), files, strict=True):
                values.tofile(file)
            first = last
