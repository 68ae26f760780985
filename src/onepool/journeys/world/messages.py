"""Messages of the outbox brought along into the pool: those that changed since, a portion at a time."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
from sqlalchemy import ColumnElement, Connection, Integer, Text, and_, cast, func, select

from onepool.journeys.executor.columns import I64
from onepool.pool import journeys as tables
from onepool.reach.coupons.among import among
from onepool.reach.keys import key
from onepool.state.columns import fetch
from onepool.state.outbox import sends

OVERLAP: Final = 10_000_000
"""Writers of other processes may commit so much after the instant that they wrote down, in microseconds."""

NEAR: Final = 1_000_000
"""Mostly they commit within a second: that much is looked at again every time, all of the overlap now and then."""

PORTION: Final = 100_000
"""Messages that one fold brings over, and those that changed at the same instant as the last of them."""

_COLUMNS: Final[tuple[ColumnElement[Any], ...]] = tuple(
    cast(sends.c[name], Text).label(name) if name == "cost" else sends.c[name] for name in tables.SENDS
)
_SAID: Final = (sends.c.changed, sends.c.state, sends.c.attempts, sends.c.customer_id)
"""Some of which is other whenever a message is other than before."""


class Followed:
    """Which messages the pool has as they are, among those that changed lately. One for a pool.

    What was looked at again and is as before is not copied again: messages are written three or four times within
    seconds, and copying the overlap every time would cost many times what is new.
    """

    def __init__(self) -> None:
        self._ids = np.empty(0, np.int64)
        self._prints = np.empty(0, np.int64)
        self._times = np.empty(0, np.int64)

    def other(self, ids: I64, prints: I64) -> I64:
        """Those of the messages that the pool has not as they are."""
        if self._ids.size == 0 or ids.size == 0:
            return ids
        place = np.minimum(np.searchsorted(self._ids, ids), self._ids.size - 1)
        found: I64 = ids[(self._ids[place] != ids) | (self._prints[place] != prints)]
        return found

    def remember(self, ids: I64, prints: I64, times: I64, until: int) -> None:
        """What was brought over just now; what changed long before `until` is forgotten."""
        kept = self._times >= until - 3 * OVERLAP
        every = [np.concatenate(pair) for pair in (
            (self._ids[kept], ids), (self._prints[kept], prints), (self._times[kept], times)
        )]  # fmt: skip
        order = np.argsort(every[0], kind="stable")
        ordered = every[0][order]
        # The later one of two of the same message.
        last = order[np.r_[ordered[1:] != ordered[:-1], True]] if ordered.size else order
        self._ids, self._prints, self._times = (one[last] for one in every)


def unsure(mark: int, swept: int, now: int) -> bool:
    """Whether a message may be missing that changed up to the mark, and all such would be found now."""
    return 0 < mark <= now - OVERLAP and swept < mark + OVERLAP


def changed(
    connection: Connection, mark: int, swept: int, now: int, followed: Followed
) -> tuple[int, int, list[pa.Table]]:
    """Messages that changed behind a mark (0: all), at most about a portion, and those of before that the pool has
    otherwise. Returns the mark up to which these are all, until when late writers were looked for, and the rows
    (columns of `tables.SENDS`).

    `swept`: until when late writers were looked for so far: what changed an overlap before that is surely there.
    Part of the marks, since whoever goes on elsewhere has to look from there. `now`: before the connection reads.
    """
    t = sends.c.changed
    low = mark if mark else -1
    more = select(t).where(t > low).order_by(t).limit(1).offset(PORTION)
    until = connection.execute(more).scalar()
    if until is None:
        until = connection.execute(select(func.max(t))).scalar() or mark
    until = max(int(until), mark)
    parts = []
    found = fetch(connection, [*_COLUMNS, *_prints()], and_(t > low, t <= until))
    new = _read(found)
    parts.append(found.select(list(tables.SENDS)))
    if mark:
        swept = swept or mark
        whole = unsure(mark, swept, now) or now - swept >= OVERLAP > swept - mark
        start = swept - OVERLAP if whole else max(mark - NEAR, swept - OVERLAP)
        swept = max(swept, min(mark + OVERLAP, now)) if whole else swept
        near = _read(fetch(connection, [sends.c.send_id, *_prints()], and_(t >= start, t <= mark)))
        late = followed.other(near[0], near[1])
        if late.size:
            parts.append(fetch(connection, list(_COLUMNS), among(connection, sends.c.send_id, late.tolist())))
        followed.remember(*near, until)
    followed.remember(*new, until)
    # Of what was all there before, more is surely there now.
    if not mark or swept >= mark + OVERLAP:
        swept = max(swept, min(until + OVERLAP, now))
    return until, swept, [part for part in parts if part.num_rows]


def _prints() -> list[ColumnElement[Any]]:
    return [
        *(one.label(f"print_{one.name}") for one in _SAID), cast(sends.c.told, Integer).label("print_told")
    ]  # fmt: skip


def _read(found: pa.Table) -> tuple[I64, I64, I64]:
    """Numbers of messages, what stands for their present shape, and when they changed."""
    columns = [found.column(one.name).to_numpy().astype(np.int64, copy=False) for one in _prints()]
    if found.num_rows == 0:
        return (np.empty(0, np.int64),) * 3
    return found.column("send_id").to_numpy().astype(np.int64, copy=False), key("message", *columns), columns[0]
