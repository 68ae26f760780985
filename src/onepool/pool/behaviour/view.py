"""All customers' events as arrays for kernels: the build as it lies on disk, and over it whoever has changed since."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from onepool.pool.behaviour.files import Base, latest
from onepool.pool.behaviour.kinds import I64, Array, Mask, plain_dtype, to_plain
from onepool.pool.behaviour.state import State, identifiers_of, seqs_of, times_of
from onepool.pool.behaviour.tail import Piece


@dataclass(frozen=True)
class Ordered:
    """Events in the order (customer, time, seq). Customer n has the rows `offsets[n]` to `offsets[n + 1]`.

    `columns`: instants in microseconds, days as days, money in ten-thousandths, text as codes into `View.words`;
    `missing`: which values are missing, for columns where some are (text has the code 0 instead). `latest`: when each
    customer's newest event was.
    """

    customers: I64
    offsets: I64
    columns: Mapping[str, Array]
    missing: Mapping[str, Mask]
    latest: I64


@dataclass(frozen=True)
class View:
    """`base` without the customers in `skip`, and `overlay`, are together every event of every customer."""

    base: Ordered
    skip: Mask
    overlay: Ordered
    words: Mapping[str, pa.Array]


def arrayed(state: State, columns: Collection[str]) -> bool:
    """Whether all of these columns are arrays in the build."""
    return all(state.base.columns[name].storage != "arrow" for name in columns)


def view(state: State, columns: Collection[str]) -> View:
    """The arrays of these columns (time and seq are always among them). Columns that stay Arrow can't be asked for."""
    base = state.base
    names = sorted({*columns, "time", "seq"})
    fixed = [name for name in names if base.columns[name].storage == "plain"]
    text = [name for name in names if base.columns[name].storage == "words"]
    if len(fixed) + len(text) < len(names):
        others = sorted({*names} - {*fixed, *text})
        raise KeyError(f"no arrays of {others}: read them with gather()")
    absent = {name: base.missing(name) for name in fixed}
    whole = Ordered(
        base.customers,
        base.offsets,
        {name: base.values(name) for name in names},
        {name: missing for name, missing in absent.items() if missing is not None},
        base.latest,
    )
    changed = state.changed()
    at = np.searchsorted(base.customers, changed)
    known = at < base.customers.size
    known[known] = base.customers[at[known]] == changed[known]
    skip = np.zeros(base.customers.size, np.bool_)
    skip[at[known]] = True
    overlay, words = _overlay(state, changed, fixed, text)
    return View(whole, skip, overlay, words)


def _overlay(state: State, changed: I64, fixed: list[str], text: list[str]) -> tuple[Ordered, dict[str, pa.Array]]:
    found = list(state.found(changed))
    whose = np.concatenate([part[2] for part in found])
    time = np.concatenate([times_of(source)[rows] for source, rows, _ in found])
    seq = np.concatenate([seqs_of(source)[rows] for source, rows, _ in found])
    by = np.lexsort((seq, time, whose))
    arrays: dict[str, Array] = {"time": time[by], "seq": seq[by]}
    missing: dict[str, Mask] = {}
    words: dict[str, pa.Array] = {}
    for name in fixed:
        if name in arrays:
            continue
        parts = [_fixed(source, rows, name, state.base.columns[name].sql) for source, rows, _ in found]
        arrays[name] = np.concatenate([values for values, _ in parts])[by]
        if any(absent is not None for _, absent in parts):
            masks = [np.zeros(values.size, np.bool_) if gone is None else gone for values, gone in parts]
            missing[name] = np.concatenate(masks)[by]
    for name in text:
        codes, words[name] = _codes(state.base, found, name)
        arrays[name] = codes[by]
    customers, first = np.unique(whose[by], return_index=True)
    offsets = np.append(first, whose.size).astype(np.int64)
    return Ordered(customers, offsets, arrays, missing, latest(offsets, arrays["time"])), words


def _fixed(source: Base | Piece, rows: I64, name: str, sql: str) -> tuple[Array, Mask | None]:
    if isinstance(source, Base):
        missing = source.missing(name)
        return source.values(name)[rows], None if missing is None else missing[rows]
    if name == "identifier_id":
        return identifiers_of(source)[rows], None
    values, missing = to_plain(source.rows.column(name).take(pa.array(rows)).combine_chunks(), sql)
    return values.astype(plain_dtype(sql), copy=False), missing


def _codes(base: Base, found: list[tuple[Base | Piece, I64, I64]], name: str) -> tuple[Array, pa.Array]:
    """Codes over all parts; words that the build does not have get codes behind its own."""
    known = dict(base.codes(name))
    fresh: list[str] = []
    size = len(base.words(name))
    parts: list[Array] = []
    for source, rows, _ in found:
        if isinstance(source, Base):
            parts.append(source.values(name)[rows].astype(np.int32))
            continue
        own, words = source.codes(name)
        to = np.zeros(len(words) + 1, np.int32)
        for word, code in words.items():
            if word not in known:
                known[word] = size + len(fresh)
                fresh.append(word)
            to[code] = known[word]
        # A missing one has the code -1, which is the last place: 0.
        parts.append(to[own[rows]])
    return np.concatenate(parts), pa.concat_arrays([base.words(name), pa.array(fresh, pa.string())])
