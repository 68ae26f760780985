"""Dropping what was sent before: by the id of each accepted thing, exactly, without scanning the pool each time.

Whether a thing is a duplicate depends on the log alone, on the time of receipt of both, never on when it is applied or
in which batch; otherwise a pool made again would hold other things.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from onepool.collect import hooked
from onepool.collect.log import Record
from onepool.pool import Session
from onepool.pool.keys import HashSet

Bool = npt.NDArray[np.bool_]

_MARGIN = timedelta(days=1)
"""Collectors whose clocks differ write times of receipt into the log that are not quite in order."""


_AGAIN = ("file", hooked.PULL, hooked.HOOK)
"""Protocols by which old things are told again."""


class Duplicates:
    """Remembers hashes of the ids accepted in `days` before what comes next; a hit is confirmed in the pool.

    What may be older (`retold`), or is tried again, is checked against the whole pool, so that a file imported again
    changes nothing, however late.
    """

    def __init__(self, session: Session, oldest: datetime, days: int) -> None:
        """`oldest`: no later than the time of receipt of what is still to come."""
        self._seen = HashSet()
        self._window = timedelta(days=days) // timedelta(microseconds=1)
        since = {"since": oldest - timedelta(days=days) - _MARGIN}
        for table in ("events", "accepted_ids"):
            found = session.query(f"SELECT hash(event_id) AS h FROM {table} WHERE received_at >= $since", since)
            self._seen.add(_hashes(found))

    def retold(self, rows: pa.Table, offsets: npt.NDArray[np.int64], records: Sequence[Record]) -> Bool:
        """Which rows may tell what was told before the days that are remembered; `offsets`: the record of each.

        Those of files; events that were fetched, since a platform gives an order again as a whole whenever a memo, a
        late refund or a review changes it, and a table without a cursor is read from its start; and pushed events that
        happened before those days, since an order is pushed again as a whole too. Profiles and objects say what holds
        now: told again, they only hold again.
        """
        of = {name: [one.offset for one in records if one.protocol == name] for name in _AGAIN}
        again: Bool = np.isin(offsets, of["file"])
        if of[hooked.PULL] or of[hooked.HOOK]:
            events = pc.equal(rows.column("kind"), "event").to_numpy(zero_copy_only=False)
            happened, received = (rows.column(name).cast(pa.int64()).to_numpy() for name in ("time", "received_at"))
            past = received - happened > self._window
            again |= events & (np.isin(offsets, of[hooked.PULL]) | (past & np.isin(offsets, of[hooked.HOOK])))
        return again

    def find(self, session: Session, rows: pa.Table, always: Bool) -> tuple[Bool, npt.NDArray[np.uint64]]:
        """Which rows are duplicates, of an earlier row of the batch or of something accepted before; and all hashes.

        `rows`: (row from 0 without gaps, event_id as UUID, received_at); `always`: shape (n,), rows to look up in the
        whole pool without a hit first, however long ago.
        """
        if rows.num_rows == 0:
            return np.zeros(0, np.bool_), np.zeros(0, np.uint64)
        session.relation("_ids", rows.select(["row", "event_id"]))
        hashes = _hashes(session.query("SELECT hash(event_id) AS h FROM _ids ORDER BY row"))
        again = np.zeros(rows.num_rows, np.bool_)
        _, place, count = np.unique(hashes, return_inverse=True, return_counts=True)
        suspects = self._seen.find(hashes) | always
        candidates = np.flatnonzero(suspects | (count[place] > 1))
        if candidates.size == 0:
            return again, hashes
        session.relation(
            "_suspects", pa.table({"row": pa.array(candidates, pa.int32()), "known": pa.array(suspects[candidates])})
        )
        found = session.query(
            # The batch is the small side: the pool's ids stream past it.
            """WITH asked AS (SELECT i.row, i.event_id, s.known FROM _ids i JOIN _suspects s ON s.row = i.row),
            kept AS (SELECT DISTINCT event_id FROM asked WHERE known),
            before AS (
                SELECT event_id, max(received_at) AS at FROM (
                    SELECT e.event_id, e.received_at FROM events e SEMI JOIN kept k ON k.event_id = e.event_id
                    UNION ALL
                    SELECT e.event_id, e.received_at FROM accepted_ids e SEMI JOIN kept k ON k.event_id = e.event_id)
                GROUP BY event_id)
            SELECT a.row, dense_rank() OVER (ORDER BY a.event_id) AS thing, epoch_us(b.at) AS before
            FROM asked a LEFT JOIN before b ON b.event_id = a.event_id ORDER BY a.row"""
        )
        received = rows.column("received_at").cast(pa.int64()).to_numpy()
        accepted: dict[int, int] = {}
        columns = (found.column(name).to_pylist() for name in ("row", "thing", "before"))
        for row, thing, before in zip(*columns, strict=True):
            last = accepted.get(thing, before)
            again[row] = last is not None and (bool(always[row]) or int(received[row]) - last <= self._window)
            if not again[row]:
                accepted[thing] = int(received[row])
        return again, hashes

    def remember(self, hashes: npt.NDArray[np.uint64]) -> None:
        """Remember the hashes that `find` returned, once their batch is committed."""
        self._seen.add(hashes)


def _hashes(found: pa.Table) -> npt.NDArray[np.uint64]:
    values: npt.NDArray[np.uint64] = found.column("h").to_numpy().astype(np.uint64)
    return values
