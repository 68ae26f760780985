"""Who is in which segment, as the pool has it, kept in memory: asking the table of millions at every tick costs more
than everything else about few customers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyroaring import BitMap64

from onepool.audience.bitmaps import Members, members_of
from onepool.audience.outcomes import SEGMENT_SCHEMA
from onepool.pool import Session

I64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_ENTER: Final = "enter"
_EXIT: Final = "exit"


class KeptMembers:
    """Exact at the version of `segment_members` that a session sees, whatever was rolled back before.

    Every change of the table gives it a new version (`outcomes.apply_segments`). What a transaction changed is taken
    over once a later session sees that transaction's version, and forgotten when it sees the one before.
    """

    def __init__(self) -> None:
        self._version: str | None = None
        self._members: dict[str, Members] = {}
        self._pending: tuple[str | None, pa.Table] | None = None

    def at(self, version: str | None) -> None:
        """Take up the session's version (`outcomes.MEMBERS`); to be called before anything is asked."""
        pending, self._pending = self._pending, None
        if pending is not None and pending[0] == version and version != self._version:
            self._follow(pending[1])
        elif version != self._version or version is None:
            self._members.clear()
        self._version = version

    def changes(self, session: Session, customers: I64, holds: Mapping[str, Mask]) -> pa.Table:
        """How what holds of customers (ascending) differs from what is kept: SEGMENT_SCHEMA, by customer."""
        names = sorted(holds)
        asked = BitMap64(customers.astype(np.uint64))
        parts = []
        for number, name in enumerate(names):
            before = np.zeros(customers.size, np.bool_)
            inside = asked & self._of(session, name)
            before[np.searchsorted(customers, np.asarray(inside.to_array(), np.uint64).astype(np.int64))] = True
            differs = np.flatnonzero(before != holds[name])
            if differs.size:
                parts.append((differs, np.full(differs.size, number), holds[name][differs]))
        if not parts:
            return SEGMENT_SCHEMA.empty_table()
        place, which, now = (np.concatenate(one) for one in zip(*parts, strict=True))
        by = np.lexsort((which, place))
        change = pa.DictionaryArray.from_arrays(pa.array(now[by].astype(np.int8)), [_EXIT, _ENTER])
        segment = pa.DictionaryArray.from_arrays(pa.array(which[by].astype(np.int32)), names)
        columns = [pa.array(customers[place[by]]), segment.cast(pa.string()), change.cast(pa.string())]
        return pa.table(columns, schema=SEGMENT_SCHEMA)

    def note(self, version: str | None, changes: pa.Table) -> None:
        """These changes were written in this transaction since `at`, and gave the table that version."""
        if changes.num_rows:
            self._pending = (version, changes)

    def forget(self, names: Sequence[str]) -> None:
        """These segments are written otherwise in this transaction: they are read anew."""
        for name in names:
            self._members.pop(name, None)

    def _of(self, session: Session, name: str) -> Members:
        if name not in self._members:
            found = session.query("SELECT customer_id FROM segment_members WHERE segment = $name", {"name": name})
            self._members[name] = members_of(found.column("customer_id"))
        return self._members[name]

    def _follow(self, changes: pa.Table) -> None:
        """Make what is kept what the changes say."""
        for name in changes.column("segment").unique().to_pylist():
            kept = self._members.get(name)
            if kept is None:
                continue
            own = changes.filter(pc.equal(changes.column("segment"), name))
            entered = pc.equal(own.column("change"), _ENTER)
            kept |= members_of(own.column("customer_id").filter(entered))
            kept -= members_of(own.column("customer_id").filter(pc.invert(entered)))
