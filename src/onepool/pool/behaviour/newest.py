"""The latest events of one customer, from the ends of the pieces that hold them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from onepool.pool.behaviour.files import Base
from onepool.pool.behaviour.kinds import I64, Mask
from onepool.pool.behaviour.state import State, read, seqs_of, times_of, word_codes
from onepool.pool.behaviour.tail import Piece
from onepool.pool.behaviour.whole import SHOWN

_BLOCK = 4096


@dataclass(frozen=True, slots=True)
class Newest:
    """Events in the order of the timeline, the newest first: their times (microseconds) and seqs, and in which row of
    table `events` each lay when the index was built (-1: it came later). Rows may have moved since: look at the seq.
    `columns`: what else the index has of them, as values of Python. `lined`: which of them may have order lines.
    `whole`: those that the build has whole, with the columns of `whole.SHOWN` that the table has."""

    times: I64
    seqs: I64
    rows: I64
    columns: Mapping[str, list[Any]]
    lined: Mask
    whole: Sequence[Mapping[str, Any] | None]


def newest(
    state: State,
    customer: int,
    limit: int,
    before: tuple[int, int] | None = None,
    *,
    event: str | None = None,
    channel: str | None = None,
    columns: Collection[str] = (),
) -> Newest:
    """The customer's last `limit` events before the place (time in microseconds, seq), of a name and of a channel.

    `columns`: of these, those that the index has are read beside it.
    """
    parts: list[tuple[Base | Piece, I64]] = []
    named = {name: word for name, word in (("event", event), ("channel", channel)) if word is not None}
    for source, start, end in state.runs(customer):
        if before is not None:
            end = _cut(source, start, end, before)
        parts.append((source, _last(state, source, start, end, customer, limit, named)))
    time = np.concatenate([_NONE, *(times_of(source)[found] for source, found in parts)])
    seq = np.concatenate([_NONE, *(seqs_of(source)[found] for source, found in parts)])
    by = np.lexsort((seq, time))[::-1][:limit]
    row = np.full(by.size, -1, np.int64)
    lined = np.ones(by.size, np.bool_)
    whole: list[Mapping[str, Any] | None] = [None] * by.size
    known: dict[str, list[Any]] = {name: [None] * by.size for name in columns if state.has([name])}
    before_it = 0
    for source, found in parts:
        places = np.flatnonzero((by >= before_it) & (by < before_it + found.size))
        here = found[by[places] - before_it]
        before_it += found.size
        if here.size == 0:
            continue
        if isinstance(source, Base):
            row[places] = source.values("row")[here]
            lined[places] = _lined(source, here)
            if source.whole is not None and state.hidden.isdisjoint(SHOWN):
                for place, values in zip(places.tolist(), source.whole.read(here), strict=True):
                    whole[place] = values
        for name, kept in known.items():
            for place, value in zip(places.tolist(), read(source, name, here).to_pylist(), strict=True):
                kept[place] = value
    return Newest(time[by], seq[by], row, known, lined, whole)


def rows(state: State, customer: int, wanted: I64) -> I64:
    """In which rows of table `events` some events of the customer lay when the index was built, by their seqs (-1: they
    came later). Rows may have moved since."""
    found = np.full(wanted.size, -1, np.int64)
    for source, start, end in state.runs(customer):
        if isinstance(source, Base):
            _, here, places = np.intersect1d(seqs_of(source)[start:end], wanted, return_indices=True)
            found[places] = source.values("row")[start + here]
    return found


_NONE = np.empty(0, np.int64)


def _lined(source: Base, rows: I64) -> Mask:
    """Which of a build's rows are events of a name that ever had order lines by then."""
    names = source.manifest.lined
    if names is None:
        return np.ones(rows.size, np.bool_)
    codes = source.codes("event")
    return np.isin(source.values("event")[rows], [codes[name] for name in names if name in codes])


def _cut(source: Base | Piece, start: int, end: int, before: tuple[int, int]) -> int:
    """Where rows at or after the place begin."""
    time, seq = before
    times = times_of(source)
    low = start + int(np.searchsorted(times[start:end], time, side="left"))
    high = start + int(np.searchsorted(times[start:end], time, side="right"))
    return low + int(np.searchsorted(seqs_of(source)[low:high], seq, side="left"))


def _last(
    state: State, source: Base | Piece, start: int, end: int, customer: int, limit: int, named: dict[str, str]
) -> I64:
    """The last `limit` rows of a piece that belong to the customer and have these words, looked for from its end."""
    found: list[I64] = []
    missing = limit
    codes = {name: word_codes(source, name) for name in named}
    while end > start and missing > 0:
        first = max(start, end - _BLOCK)
        rows = np.arange(first, end, dtype=np.int64)
        keep = state.belongs(source, rows, customer)
        for name, word in named.items():
            values, known = codes[name]
            keep &= values[first:end] == known[word] if word in known else False
        some = rows[keep][-missing:]
        found.append(some)
        missing -= some.size
        end = first
    return np.concatenate([_NONE, *found])
