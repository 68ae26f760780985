"""What the gate asks, answered as of a past instant; caps count virtual messages and those that others really sent."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, and_, or_, select

from onepool.audience.conditions.standing.ways import Ways
from onepool.journeys.backtest.types import I64
from onepool.pool import Session
from onepool.reach import suppression
from onepool.reach.gate import LEDGER
from onepool.reach.lives import Lives
from onepool.reach.rules import ContactPolicy
from onepool.reach.states import COUNTED
from onepool.reach.world import DEAD, LiveWorld, said_of
from onepool.state.columns import fetch
from onepool.state.outbox import sends, suppressions

Bools = npt.NDArray[np.bool_]


class Ledger:
    """Messages that count for caps: of other journeys as they really were, and the virtual ones."""

    def __init__(self, others: pa.Table) -> None:
        order = np.argsort(others.column("customer_id").to_numpy(), kind="stable")
        self._others = others.take(pa.array(order))
        self._customers = self._others.column("customer_id").to_numpy()
        self._parts: list[pa.Table] = []
        self._sizes = 0
        self._mine = LEDGER.empty_table()

    def add(self, rows: pa.Table) -> None:
        """Virtual messages that went out (LEDGER)."""
        if rows.num_rows:
            self._parts.append(rows)

    def of(self, customers: I64, since: int) -> pa.Table:
        """Those of some customers since an instant."""
        if self._parts:
            self._mine = pa.concat_tables([self._mine, *self._parts]).combine_chunks()
            self._parts = []
        found = []
        if self._customers.size:
            low = np.searchsorted(self._customers, customers)
            high = np.searchsorted(self._customers, customers, side="right")
            places = np.concatenate(
                [np.arange(a, b) for a, b in zip(low.tolist(), high.tolist(), strict=True) if b > a]
                or [np.empty(0, np.int64)]
            )
            found.append(self._others.take(pa.array(places)))
        if self._mine.num_rows:
            recent = self._mine.filter(pc.greater_equal(self._mine.column("at"), since))
            keep = np.isin(recent.column("customer_id").to_numpy(), customers)
            found.append(recent.filter(pa.array(keep)))
        if not found:
            return LEDGER.empty_table()
        together = pa.concat_tables(found)
        return together.filter(pc.greater_equal(together.column("at"), since))

    def forget(self, before: int) -> None:
        """Leave out virtual messages that no cap looks back to."""
        if self._mine.num_rows:
            self._mine = self._mine.filter(pc.greater_equal(self._mine.column("at"), before)).combine_chunks()


def really_sent(connection: Connection, journey: str, since: int, until: int) -> pa.Table:
    """LEDGER of what others than a journey sent in a time."""
    t = sends.c
    counted = and_(
        t.state.in_([int(one) for one in COUNTED]), t.claimed >= since, t.claimed <= until, t.journey != journey
    )
    columns = (t.customer_id, t.claimed, t.category, t.channel, t.journey)
    return fetch(connection, columns, counted).rename_columns(LEDGER.names).cast(LEDGER)


class HistoryGate(LiveWorld):
    """`GateWorld` at one instant of the past: addresses, words and suppressions as they were then."""

    def __init__(
        self,
        session: Session,
        reading: Callable[[], AbstractContextManager[Connection]],
        policy: ContactPolicy,
        ways: Ways,
        lives: Lives,
        ledger: Ledger,
        counts: Callable[[pa.Table], Bools],
    ) -> None:
        """`reading`: a connection of the workspace's state, which is only read; `counts`: which messages, once they go
        out, count for caps (those that fail do not)."""
        super().__init__(session, None, policy, ways, lives)  # type: ignore[arg-type]
        self._reading = reading
        self._ledger = ledger
        self._counts = counts

    def addresses(self, wanted: pa.Table, at: int) -> pa.Table:
        with self._reading() as self.connection:
            return super().addresses(wanted, at)

    def _alive(self, address: I64, at: int) -> I64:
        t = suppressions.c
        live = and_(t.at <= at, or_(t.lifted.is_(None), t.lifted > at), or_(t.until.is_(None), t.until > at))
        rows = self.connection.execute(
            select(t.identifier_id).where(live, t.identifier_id.is_not(None), t.reason.in_(DEAD))
        ).scalars()
        dead = np.unique(np.array(list(rows), np.int64))
        return np.where(np.isin(address, dead), -1, address)

    def consented(self, asked: pa.Table, at: int) -> Bools:
        with self._reading() as self.connection:
            return super().consented(asked, at)

    def suppressed(self, asked: pa.Table, at: int) -> pa.Array:
        with self._reading() as self.connection:
            bearers = self.bearers(asked.column("customer_id").to_numpy())
            wanted = asked.select(["customer_id", "identifier_id", "purpose", "category", "channel"])
            found = suppression.suppressed(self.connection, bearers, wanted, at, past=True)
            return said_of(self.connection, bearers, asked, found, at)

    def ledger(self, customers: I64, since: int) -> pa.Table:
        return self._ledger.of(customers, since)

    def going(self, decided: pa.Table, moments: I64, queued: int) -> None:
        """What a call of the gate lets out counts for the next ones."""
        mine = decided.column("state").to_numpy() == queued
        if not mine.any():
            return
        mine &= self._counts(decided)
        rows = decided.filter(pa.array(mine))
        self._ledger.add(
            pa.table(
                [rows.column("customer_id"), pa.array(moments[mine]), rows.column("category"), rows.column("channel"),
                 rows.column("journey")], schema=LEDGER,
            )
        )  # fmt: skip
