"""The latest events of one customer, from the ends of the pieces that hold them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from onepool.pool.behaviour.files import Base
from onepool.pool.behaviour.kinds import I64
from onepool.pool.behaviour.state import State, seqs_of, times_of, word_codes
from onepool.pool.behaviour.tail import Piece

_BLOCK = 4096


@dataclass(frozen=True, slots=True)
class Newest:
    """Events in the order of the timeline, the newest first: their times (microseconds) and seqs, and in which row of
    table `events` each lay when the index was built (-1: it came later). Rows may have moved since: look at the seq."""

    times: I64
    seqs: I64
    rows: I64


def newest(
    state: State,
    customer: int,
    limit: int,
    before: tuple[int, int] | None = None,
    *,
    event: str | None = None,
    channel: str | None = None,
) -> Newest:
    """The customer's last `limit` events before the place (time in microseconds, seq), of a name and of a channel."""
    times, seqs, rows = [_NONE], [_NONE], [_NONE]
    named = {name: word for name, word in (("event", event), ("channel", channel)) if word is not None}
    for source, start, end in state.runs(customer):
        if before is not None:
            end = _cut(source, start, end, before)
        found = _last(state, source, start, end, customer, limit, named)
        times.append(times_of(source)[found])
        seqs.append(seqs_of(source)[found])
        rows.append(source.values("row")[found] if isinstance(source, Base) else np.full(found.size, -1, np.int64))
    time, seq, row = np.concatenate(times), np.concatenate(seqs), np.concatenate(rows)
    by = np.lexsort((seq, time))[::-1][:limit]
    return Newest(time[by], seq[by], row[by])


_NONE = np.empty(0, np.int64)


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
