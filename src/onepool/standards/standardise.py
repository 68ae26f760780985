"""From log records to typed tables: the way every input takes into the pool.

A pure function of its arguments, so that a rebuild gives the same rows. Work is done by columns: things of one event
are read together, field by field. What lies in the log as columns already (imported orders) stays columns.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from onepool.collect.log import Record
from onepool.collect.sheets import Sheet
from onepool.standards.asked import Asked
from onepool.standards.batch import COUNTS, Batch, Touchpoint
from onepool.standards.run import Run
from onepool.standards.settings import StandardSettings
from onepool.standards.sheet_run import SheetRun, Unfit, stretches
from onepool.standards.standard import Standard

_SELDOM: Final = 50_000
"""New containers after which memory is swept beside other work; at Python's own 700 that takes a fourth of the time."""

_lock = threading.Lock()
_beside: list[tuple[int, int, int]] = []
"""What was set before each of the batches that are made beside other work."""


def standardise(
    records: Sequence[Record],
    standard: Standard,
    settings: StandardSettings,
    touchpoints: Mapping[str, Touchpoint],
    *,
    asked: Asked | None = None,
    beside: bool = False,
) -> Batch:
    """Standardises a run of records; see `Batch` for what comes out.

    Every item ends in `rows` or in `quarantine`. Control records hold no items. A touchpoint that isn't among
    `touchpoints` is taken without mapping and without channel; things of one whose mapping is wrong wait.
    `asked`: what of the records the caller will take, leaving out the rest: what a request may have at most is counted
    over these only. Everything is asked for if None.
    `beside`: whether other threads have work of their own meanwhile, for whom memory has to be swept.
    """
    with _seldom_swept() if beside else _unswept():
        return _joined([_run(part, standard, settings, touchpoints, asked) for part in stretches(records)])


def _run(
    part: tuple[Sequence[Record], Sequence[Sheet]],
    standard: Standard,
    settings: StandardSettings,
    touchpoints: Mapping[str, Touchpoint],
    asked: Asked | None,
) -> Batch:
    records, sheets = part
    if sheets:
        try:
            return SheetRun(standard, settings, touchpoints, sheets, asked).run(records)
        except Unfit:
            pass  # read as items, one by one
    return Run(standard, settings, touchpoints, asked).run(records)


def _joined(parts: Sequence[Batch]) -> Batch:
    """Batches of consecutive records as one."""
    if len(parts) == 1:
        return parts[0]
    starts = [0]
    for part in parts:
        starts.append(starts[-1] + part.rows.num_rows)

    def whole(name: str) -> pa.Table:
        tables = []
        for part, start in zip(parts, starts, strict=False):
            table: pa.Table = getattr(part, name)
            at = table.schema.get_field_index("row")
            moved = pc.add(table.column(at), pa.scalar(start, pa.int32())) if at >= 0 and start else None
            tables.append(table if moved is None else table.set_column(at, "row", moved))
        return pa.concat_tables(tables)

    counts = whole("counts").group_by(["touchpoint", "event"], use_threads=False)
    sums = counts.aggregate([(name, "sum") for name in ("accepted", "quarantined", "unknown")])
    named = sums.rename_columns([name.removesuffix("_sum") for name in sums.column_names]).select(COUNTS.names)
    return Batch(
        **{name: whole(name) for name in ("rows", "events", "ids", "attributes", "objects", "quarantine")},
        counts=named.cast(COUNTS).sort_by([("touchpoint", "ascending"), ("event", "ascending")]),
    )


@contextmanager
def _unswept() -> Iterator[None]:
    """Without the cycle collector: a batch makes many containers and no cycles, and sweeping them costs a third."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def _seldom_swept() -> Iterator[None]:
    """With memory swept seldom, as others need it: a batch in the making is thousands of containers and no cycles."""
    with _lock:
        before = gc.get_threshold()
        _beside.append(_beside[0] if _beside else before)
        if 0 < before[0] < _SELDOM:
            gc.set_threshold(_SELDOM, *before[1:])
    try:
        yield
    finally:
        with _lock:
            first = _beside.pop()
            # Unless somebody else set another pace meanwhile.
            if not _beside and gc.get_threshold() == (_SELDOM, *first[1:]):
                gc.set_threshold(*first)
