"""Dropping what was sent before: by the id of each accepted thing, exactly, without scanning the pool each time."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from onepool.pool import Session
from onepool.pool.keys import HashSet

Bool = npt.NDArray[np.bool_]


class Duplicates:
    """Remembers hashes of the ids accepted in the last `days`; a hit is confirmed in the pool before it counts.

    What comes from files is checked against the whole pool, so that a file imported again changes nothing, however
    late.
    """

    def __init__(self, session: Session, now: datetime, days: int) -> None:
        self._seen = HashSet()
        since = {"since": now - timedelta(days=days)}
        for table in ("events", "accepted_ids"):
            found = session.query(f"SELECT hash(event_id) AS h FROM {table} WHERE received_at >= $since", since)
            self._seen.add(_hashes(found))

    def find(self, session: Session, rows: pa.Table, always: Bool) -> tuple[Bool, npt.NDArray[np.uint64]]:
        """Which rows are duplicates, of an earlier row of the batch or of something accepted before; and all hashes.

        `rows`: (row from 0 without gaps, event_id as UUID); `always`: shape (n,), rows to look up in the whole pool
        without a hit first.
        """
        if rows.num_rows == 0:
            return np.zeros(0, np.bool_), np.zeros(0, np.uint64)
        session.relation("_ids", rows.select(["row", "event_id"]))
        hashes = _hashes(session.query("SELECT hash(event_id) AS h FROM _ids ORDER BY row"))
        again = np.ones(rows.num_rows, np.bool_)
        again[np.unique(hashes, return_index=True)[1]] = False
        suspects = self._seen.find(hashes) | always
        if again.any():
            # Equal hashes inside the batch: keep the first of each id.
            kept = session.query("SELECT min(row) AS row FROM _ids GROUP BY event_id").column("row").to_numpy()
            again[:] = True
            again[kept] = False
        if suspects.any():
            session.relation("_suspects", pa.table({"row": pa.array(np.flatnonzero(suspects), pa.int32())}))
            known = session.query(
                # The batch is the small side: the pool's ids stream past it.
                """WITH asked AS (SELECT i.row, i.event_id FROM _ids i SEMI JOIN _suspects s ON s.row = i.row)
                SELECT a.row FROM events e JOIN asked a ON a.event_id = e.event_id
                UNION SELECT a.row FROM accepted_ids e JOIN asked a ON a.event_id = e.event_id"""
            )
            again[known.column("row").to_numpy()] = True
        return again, hashes

    def remember(self, hashes: npt.NDArray[np.uint64]) -> None:
        """Remember the hashes that `find` returned, once their batch is committed."""
        self._seen.add(hashes)


def _hashes(found: pa.Table) -> npt.NDArray[np.uint64]:
    values: npt.NDArray[np.uint64] = found.column("h").to_numpy().astype(np.uint64)
    return values
