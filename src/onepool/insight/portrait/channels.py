"""Which customers were ever met on which channel: kept as sets of identifiers, brought up to date from new events."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
from pyroaring import BitMap64

from onepool.audience.sets import Members, marks_of, members_of
from onepool.pool import Session


@dataclass(frozen=True, slots=True)
class _Kept:
    rows: int
    last: int
    identifiers: dict[str, Members]


class Channels:
    """The sets of one process, from any thread.

    Events belong to identifiers, so the sets hold identifiers: merges and splits change nothing in them. New events
    are those with a higher number; when the count of events says that something else changed (an event tried again
    under its old number, events removed), all are read again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept = _Kept(0, -1, {})
        self._found: tuple[tuple[str, ...], dict[str, Members], dict[str, Members]] | None = None

    def customers(self, session: Session) -> dict[str, Members]:
        """The customers of every channel, in the session's snapshot."""
        identifiers = self._identifiers(session)
        marks = marks_of(session)
        with self._lock:
            if marks and self._found is not None and self._found[0] == marks and self._found[1] is identifiers:
                return self._found[2]
        owners = session.query("SELECT identifier_id, customer_id FROM customer_of ORDER BY identifier_id")
        ids, of = owners["identifier_id"].to_numpy(), owners["customer_id"].to_numpy()
        found = {}
        for channel, members in sorted(identifiers.items()):
            wanted = np.asarray(members.to_array(), dtype=np.uint64).astype(np.int64)
            places = np.searchsorted(ids, wanted)
            known = places < ids.size
            known[known] = ids[places[known]] == wanted[known]
            found[channel] = members_of(of[places[known]])
        found = {channel: members for channel, members in found.items() if members}
        with self._lock:
            self._found = (marks, identifiers, found)
        return found

    def _identifiers(self, session: Session) -> dict[str, Members]:
        state = session.query("SELECT count(*) AS n, coalesce(max(seq), -1) AS last FROM events").to_pylist()[0]
        with self._lock:
            kept = self._kept
        if (kept.rows, kept.last) == (state["n"], state["last"]):
            return kept.identifiers
        found = self._read(session, kept.last) if kept.last <= state["last"] else None
        if found is None or kept.rows + sum(found[1].values()) != state["n"]:
            kept = _Kept(0, -1, {})
            found = self._read(session, -(2**62))
        sets = dict(kept.identifiers)
        for channel, members in found[0].items():
            sets[channel] = sets.get(channel, BitMap64()) | members
        with self._lock:
            if self._kept.last <= state["last"]:
                self._kept = _Kept(state["n"], state["last"], sets)
        return sets

    @staticmethod
    def _read(session: Session, after: int) -> tuple[dict[str, Members], dict[str, int]]:
        """Of events behind a number: channel -> identifiers, channel -> events ("" where it is not known)."""
        table = session.query(
            """SELECT coalesce(channel, '') AS channel, list(identifier_id) AS ids, sum(n)::BIGINT AS n FROM (
                SELECT channel, identifier_id, count(*) AS n FROM events WHERE seq > $after GROUP BY ALL)
            GROUP BY ALL""",
            {"after": after},
        )
        rows = list(zip(table["channel"], table["ids"], table["n"], strict=True))
        sets = {name.as_py(): members_of(ids.values) for name, ids, _ in rows if name.as_py()}
        return sets, {name.as_py(): n.as_py() for name, _, n in rows}
