"""Writing a column's values at the places that the build's order gives them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from onepool.pool.behaviour import kernels
from onepool.pool.behaviour.kinds import (
    BATCH_ROWS,
    MOST_WORDS,
    Array,
    Column,
    code_dtype,
    plain_dtype,
    selected,
    to_plain,
)


class Scan(Protocol):
    """Scans over one snapshot of `events`."""

    def columns(self, *selected: str) -> Iterator[pa.RecordBatch]:
        """Batches of columns given as SQL, the table's row numbers first."""

    def kind(self, selected: str) -> pa.DataType:
        """The Arrow type of a column given as SQL."""


_PARTS = 128
"""Files that a column of Arrow values is divided into on its way."""
_AT = "rowid"
"""Beside them, where each goes: no column of a table may be called that."""


class Places:
    """Where each row of the table goes; in a file, so that the machine may take its memory back."""

    def __init__(self, folder: Path, rows: int, kind: type[np.signedinteger[Any]]) -> None:
        self._path = folder / "places.tmp"
        self.of: Array = np.memmap(self._path, dtype=kind, mode="w+", shape=(max(1, rows),)).view(np.ndarray)

    def note(self, rows: Array, base: int) -> None:
        """The rows lie at `base`, `base` + 1, …"""
        kernels.place(rows, base, self.of)

    def close(self) -> None:
        self.of = np.empty(0, np.int32)
        self._path.unlink(missing_ok=True)


def write_plain(scan: Scan, places: Places, total: int, folder: Path, name: str, sql: str, budget: int) -> Column:
    """A column of fixed width."""
    dtype = np.dtype(plain_dtype(sql))
    step = max(1, budget // (dtype.itemsize + 1))
    nulls = False
    with (folder / f"{name}.npy").open("wb") as file, (folder / f"{name}.null.npy").open("wb") as null_file:
        _header(file, dtype, total)
        _header(null_file, np.dtype(np.bool_), total)
        for first in range(0, total, step):
            last = min(total, first + step)
            values, missing = np.zeros(last - first, dtype), np.zeros(last - first, np.bool_)
            for batch in scan.columns(selected(name, sql)):
                rows = batch.column(0).to_numpy()
                found, absent = to_plain(batch.column(1), sql)
                kernels.spread(places.of, rows, first, last, found, values)
                if absent is not None:
                    nulls = True
                    kernels.spread(places.of, rows, first, last, absent, missing)
            values.tofile(file)
            missing.tofile(null_file)
    if not nulls:
        (folder / f"{name}.null.npy").unlink()
    return Column(sql, "plain", dtype.str, nulls)


def write_words(
    scan: Scan, places: Places, total: int, folder: Path, name: str, sql: str, budget: int
) -> Column | None:
    """A column of text as codes; None, and nothing written, when it has too many different words."""
    codes: dict[str | None, int] = {None: 0}
    step = max(1, budget // 4)
    path = folder / f"{name}.npy"
    wide = np.dtype("<i4")
    with path.open("wb") as file:
        _header(file, wide, total)
        for first in range(0, total, step):
            last = min(total, first + step)
            values = np.zeros(last - first, wide)
            for batch in scan.columns(selected(name, sql)):
                encoded = batch.column(1).dictionary_encode()
                for word in encoded.dictionary.to_pylist():
                    codes.setdefault(word, len(codes))
                if len(codes) > MOST_WORDS:
                    break
                known = np.array([codes[word] for word in encoded.dictionary.to_pylist()] or [0], wide)
                own = encoded.indices
                found = known[pc.fill_null(own, 0).to_numpy(zero_copy_only=False)]
                if own.null_count:
                    found[own.is_null().to_numpy(zero_copy_only=False)] = 0
                kernels.spread(places.of, batch.column(0).to_numpy(), first, last, found, values)
            if len(codes) > MOST_WORDS:
                break
            values.tofile(file)
    if len(codes) > MOST_WORDS:
        path.unlink()
        return None
    words = pa.table({"word": pa.array(list(codes), pa.string())})
    with pa.OSFile(str(folder / f"{name}.words.arrow"), "wb") as sink, pa.ipc.new_file(sink, words.schema) as writer:
        writer.write_table(words)
    return Column(sql, "words", _narrow(path, wide, code_dtype(len(codes)), total).str)


def write_arrow(scan: Scan, places: Places, total: int, folder: Path, name: str, sql: str, budget: int) -> Column:
    """A column of any other type, in batches of `BATCH_ROWS`."""
    target = pa.schema([pa.field("value", scan.kind(selected(name, sql)))])
    with pa.OSFile(str(folder / f"{name}.arrow"), "wb") as sink, pa.ipc.new_file(sink, target) as writer:
        if total == 0:
            writer.write_batch(pa.RecordBatch.from_pylist([], schema=target))
        for part in arranged(scan, [selected(name, sql)], lambda rows: places.of[rows], total, folder / name):
            for first in range(0, part.num_rows, BATCH_ROWS):
                values = pa.concat_arrays(part.column(0).slice(first, BATCH_ROWS).chunks)
                writer.write_batch(pa.record_batch([values], schema=target))
    return Column(sql, "arrow", "")


def arranged(
    scan: Scan, listed: Sequence[str], placed: Callable[[Array], Array], total: int, draft: Path
) -> Iterator[pa.Table]:
    """Columns given as SQL, each table row at the place that `placed` gives it (below 0: it is left out): divided into
    parts by place, then each part ordered. Parts begin at multiples of 65,536 rows. `draft`: files on their way."""
    shift = max(16, (max(1, total - 1) // _PARTS).bit_length())
    parts = [draft.with_name(f"{draft.name}.{number}.tmp") for number in range((max(0, total - 1) >> shift) + 1)]
    with ExitStack() as stack:
        writers: dict[int, Any] = {}
        for batch in scan.columns(*listed):
            at = placed(batch.column(0).to_numpy()).astype(np.int64)
            kept = np.flatnonzero(at >= 0)
            by = kept[np.argsort(at[kept], kind="stable")]
            moved = batch.take(pa.array(by)).set_column(0, _AT, pa.array(at[by]))
            edges = np.searchsorted(at[by] >> shift, np.arange(len(parts) + 1))
            for number in np.flatnonzero(np.diff(edges)).tolist():
                if number not in writers:
                    sink = stack.enter_context(pa.OSFile(str(parts[number]), "wb"))
                    writers[number] = stack.enter_context(pa.ipc.new_stream(sink, moved.schema))
                writers[number].write_batch(moved.slice(edges[number], edges[number + 1] - edges[number]))
    for path in parts:
        if not path.exists():
            continue
        with pa.memory_map(str(path)) as source:
            yield pa.ipc.open_stream(source).read_all().sort_by(_AT).drop_columns([_AT])
        path.unlink()


def _narrow(path: Path, wide: np.dtype[Any], dtype: str, total: int) -> np.dtype[Any]:
    """Write codes anew in their narrowest type, once it is known how many words there are."""
    narrow = np.dtype(dtype)
    if narrow == wide or total == 0:
        return wide
    codes = np.load(path, mmap_mode="r")
    draft = path.with_suffix(".narrow")
    with draft.open("wb") as file:
        _header(file, narrow, total)
        for first in range(0, total, 1 << 22):
            codes[first : first + (1 << 22)].astype(narrow).tofile(file)
    del codes
    draft.replace(path)
    return narrow


def _header(file: Any, dtype: np.dtype[Any], total: int) -> None:
    np.lib.format.write_array_header_1_0(file, {"descr": dtype.str, "fortran_order": False, "shape": (total,)})
