"""A pool with its behaviour index beside it, for the tests of both."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from onepool.clock import FakeClock
from onepool.pool import Columns, DuckDBEngine, customers, timeline
from onepool.pool.behaviour import BehaviourIndex, State
from onepool.pool.schema import create

COLUMNS = {"amount": "DECIMAL(18,4)", "score": "DOUBLE", "count": "BIGINT", "gift": "BOOLEAN", "day": "DATE",
           "word": "VARCHAR", "labels": "VARCHAR[]"}  # fmt: skip
ITEMS = {"category": "VARCHAR", "price": "DECIMAL(18,4)"}
ARRAYS = ("event", "channel", "identifier_id", "amount", "count", "word", "day", "gift")
NONE = pa.table({"identifier_id": pa.array([], pa.int64()), "customer_id": pa.array([], pa.int64()),
                 "was": pa.array([], pa.int64())})  # fmt: skip
CLOCK = FakeClock(datetime(2026, 11, 22, tzinfo=UTC))
EMPTY = np.empty(0, np.int64)


class Pool:
    """A pool and its index, changed as the tick changes them."""

    def __init__(
        self, folder: Path, budget: int = 1 << 20, path: Path | str = ":memory:", whole: tuple[int, int] = (1, 3)
    ) -> None:
        self.folder = folder
        self.budget = budget
        self.whole = whole
        self.engine = DuckDBEngine(path, "Asia/Shanghai", threads=2)
        self.columns = dict(COLUMNS)
        with self.engine.write() as session:
            create(session, Columns(self.columns, ITEMS, {}))
        self.number = 0
        self.open()

    def open(self) -> None:
        self.index = BehaviourIndex(self.folder, self.engine, CLOCK, budget=self.budget, whole=self.whole)
        self.index.want([*COLUMNS, "items", "fields"])
        self.attach()

    def attach(self) -> None:
        with self.engine.write() as session:
            self.index.attach(session)

    def commit(
        self,
        events: list[dict[str, Any]] | None = None,
        owners: dict[int, int] | None = None,
        retimed: tuple[int, int] | None = None,
        *,
        fail: bool = False,
        seqs: list[int] | None = None,
    ) -> State | None:
        """One transaction: events, the owners of identifiers, events of one identifier given to another."""
        rows = []
        for place, event in enumerate(events or []):
            self.number += 1
            rows.append({"event_id": uuid.UUID(int=self.number).hex, "seq": self.number * 10, **event})
            if seqs:
                rows[-1]["seq"] = seqs[place]
        try:
            with self.engine.write() as session:
                owned = session.query("SELECT * FROM customer_of").to_pylist()
                known = {row["identifier_id"]: row["customer_id"] for row in owned}
                unknown = {row["identifier_id"] for row in rows} - known.keys()
                wanted = {identifier: identifier for identifier in unknown}
                wanted |= {i: c for i, c in (owners or {}).items() if known.get(i) != c}
                if retimed and retimed[1] not in known:
                    wanted.setdefault(retimed[1], retimed[1])
                moved = [{"identifier_id": i, "customer_id": c, "was": known.get(i)} for i, c in wanted.items()]
                session.append("events", events_of(rows, self.columns))
                for one in moved:
                    session.execute("DELETE FROM customer_of WHERE identifier_id = $i", {"i": one["identifier_id"]})
                    session.append("customer_of", pa.Table.from_pylist([one]).select(["identifier_id", "customer_id"]))
                if retimed:
                    session.execute(
                        "UPDATE events SET identifier_id = $to WHERE identifier_id = $was AND seq % 20 = 0",
                        {"was": retimed[0], "to": retimed[1]},
                    )
                table = pa.Table.from_pylist(moved, NONE.schema) if moved else NONE
                state = self.index.note(
                    session, np.array([row["seq"] for row in rows], np.int64), table,
                    np.array(retimed or (), np.int64),
                )  # fmt: skip
                if state is not None:
                    self.same(session, state)
                if fail:
                    raise Failed
                return state
        except Failed:
            return None

    def same(self, session: Any, state: State) -> None:
        """Everything that the state says is what the tables say."""
        names = [name for name in ("identifier_id", "event", "time", "seq", "channel", "touchpoint", *COLUMNS, "items")
                 if state.has([name])]  # fmt: skip
        listed = ", ".join(f'e."{name}"' for name in names)
        fields = ", e.fields::VARCHAR AS fields" if state.has(["fields"]) else ""
        wanted = session.query(
            f"""SELECT c.customer_id, {listed}{fields} FROM events e JOIN customer_of c USING (identifier_id)
            ORDER BY c.customer_id, e.time, e.seq"""
        )
        customers = np.unique(session.query("SELECT customer_id FROM customer_of").column("customer_id").to_numpy())
        asked = [*names, *(["fields"] if fields else [])]
        order = [("customer_id", "ascending"), ("time", "ascending"), ("seq", "ascending")]
        found = state.gather(customers, asked).sort_by(order)
        assert found.to_pylist() == wanted.to_pylist()
        some = customers[::2]
        part = state.gather(some, asked, {"seen": None, "bought": 5_000_000}).sort_by(order)
        expected = [
            row for row in wanted.to_pylist()
            if row["customer_id"] in some
            and (row["event"] == "seen" or (row["event"] == "bought" and row["time"].timestamp() >= 5))
        ]  # fmt: skip
        assert part.to_pylist() == expected


def events_of(rows: list[dict[str, Any]], columns: dict[str, str]) -> pa.Table:
    instant = pa.timestamp("us", tz="UTC")
    types = {"seq": pa.int64(), "event_id": pa.string(), "identifier_id": pa.int64(), "event": pa.string(),
             "time": instant, "channel": pa.string(), "amount": pa.decimal128(18, 4), "score": pa.float64(),
             "count": pa.int64(), "gift": pa.bool_(), "day": pa.date32(), "word": pa.string(),
             "labels": pa.list_(pa.string()), "fields": pa.string(),
             "items": pa.list_(pa.struct([("category", pa.string()), ("price", pa.decimal128(18, 4))]))}  # fmt: skip
    schema = pa.schema([(name, kind) for name, kind in types.items() if name in columns or name not in COLUMNS])
    return pa.Table.from_pylist(rows, schema)


class Failed(Exception):
    pass


class Busy(threading.Event):
    """A stop that is never set; each time the build looks at it, something else is committed."""

    def __init__(self, *deeds: Callable[[], object]) -> None:
        super().__init__()
        self._deeds = list(deeds)

    def is_set(self) -> bool:
        if self._deeds:
            self._deeds.pop()()
        return False


def seen_by(identifier: int, second: int = 1, **more: Any) -> dict[str, Any]:
    return {"identifier_id": identifier, "event": "seen", "time": datetime.fromtimestamp(second, UTC), **more}


def same_pages(pool: Pool, session: Any) -> None:
    """Pages by the index, from what is kept whole and from the table, are those by the table: the table is asked once
    of each customer, for all there is."""
    for customer in range(1, 9):
        ids = customers.identifier_ids(session, customer)
        everything, following = timeline.events(session, ids, columns=pool.columns, limit=1_000)
        assert following is None
        for limit, name in ((2, None), (50, None), (50, "bought")):
            wanted = [one for one in everything if name in (None, one.event)]
            last = wanted[limit - 1] if len(wanted) > limit else None
            asked: dict[str, Any] = {"columns": pool.columns, "limit": limit, "event": name}
            by_table = (wanted[:limit], None if last is None else timeline.Place(last.time, last.seq))
            assert timeline.events(session, None, **asked, customer=customer, index=pool.index) == by_table
            if customer == 1:
                assert timeline.events(session, ids, **asked) == by_table
