"""Events of the past as if they came in when they happened, and the executor's world over them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from onepool.audience.conditions import Condition
from onepool.audience.conditions.names import Context
from onepool.journeys.backtest.gating import HistoryGate
from onepool.journeys.backtest.types import I64
from onepool.journeys.executor.ports import ENTRANTS, FOUND, Entering, Sought
from onepool.journeys.world.events import STEP, Happened
from onepool.journeys.world.pool import PoolWorld
from onepool.pool import Session
from onepool.reach.gate import gate
from onepool.reach.rules import SendPolicy
from onepool.reach.states import SendState

SCOPE = "_backtest_customers"
"""The relation with the customers that a back-test is narrowed to."""


class Past(Happened):
    """The events of a span of time (after, until], of some names: what a step of a back-test takes in.

    Runs look back no further than the step: nobody is in hand who came into it before.
    """

    def __init__(
        self, session: Session, ctx: Context, after: int, until: int, names: Sequence[str], *, scoped: bool
    ) -> None:
        """`names`: of the events that mean anything; `scoped`: only of the customers of the relation SCOPE."""
        super().__init__(session, ctx, 0, 0, (), until)
        self._after, self._until = after, until
        self._wanted = list(names)
        self._scoped = scoped
        self._entered = False

    def again(self) -> None:
        """From now on the events start nobody: they did already. They still end and wake runs."""
        self._entered = True

    def names(self) -> frozenset[str]:
        if self._names is None:
            self._make()
        assert self._names is not None
        return self._names

    def who_changed(self, attributes: frozenset[str]) -> I64:
        return np.empty(0, np.int64) if self._entered else super().who_changed(attributes)

    def entrants(self, asked: Sequence[Entering]) -> pa.Table:
        if self._entered:
            return ENTRANTS.empty_table()
        found = super().entrants(asked)
        return found.set_column(ENTRANTS.get_field_index("received_at"), "received_at", found.column("time"))

    def find(self, sought: Sequence[Sought]) -> pa.Table:
        if not {one.match.did for one in sought} & self.names():
            return FOUND.empty_table()
        return super().find([replace(one, whole=False) for one in sought])

    def _make(self) -> None:
        if self._made:
            return
        owned = f"SEMI JOIN {SCOPE} s USING (customer_id)" if self._scoped else ""
        found = self._session.query(
            f"""SELECT e.*, c.customer_id FROM events e JOIN customer_of c USING (identifier_id) {owned}
            WHERE e.event IN (SELECT unnest($names::VARCHAR[])) AND {self._mine("e.")}""",
            {**self._params(), "names": self._wanted},
        )
        self._session.relation(STEP, found)
        self._names = frozenset(pc.unique(found.column("event")).to_pylist())
        self._made = True

    def _mine(self, prefix: str = "") -> str:
        return f"({prefix}time > make_timestamptz($low) AND {prefix}time <= make_timestamptz($high))"

    def _params(self) -> dict[str, object]:
        return {"low": self._after, "high": self._until}


class HistoryWorld(PoolWorld):
    """`executor.ports.World` over history, with virtual runs, messages and coupons."""

    def __init__(
        self,
        session: Session,
        connection: Connection,
        ctx: Context,
        past: Past,
        gate_world: HistoryGate,
        at: int,
        codes: Callable[[str, I64], list[str | None]],
        scope: I64 | None,
    ) -> None:
        super().__init__(session, connection, ctx, past, gate_world, lambda: at, reserve=True)
        self._virtual = gate_world
        self._codes = codes
        self._scope = scope
        self._at = at

    def members(self, segment: str | None, who: Condition | None, at: int) -> I64:
        if segment is None:
            found = super().members(None, who, at)
        else:
            found = members_at(self._session, segment, at)
            if who is not None:
                found = np.intersect1d(found, super().members(None, who, at))
        return found if self._scope is None else np.intersect1d(found, self._scope)

    def dated(self, attribute: str, day: int, yearly: bool) -> I64:
        found = super().dated(attribute, day, yearly)
        return found if self._scope is None else np.intersect1d(found, self._scope)

    def issue(self, batch: str, keys: I64, customers: I64, runs: I64, at: int) -> Sequence[str | None]:
        return self._codes(batch, keys)

    def gate(self, planned: pa.Table, policies: Sequence[SendPolicy], at: int) -> pa.Table:
        # A long step would put all that it plans at its end; each message is judged when its run came to it.
        return self.regate(planned, policies, planned.column("planned").fill_null(at).to_numpy().astype(np.int64))

    def regate(self, planned: pa.Table, policies: Sequence[SendPolicy], moments: I64) -> pa.Table:
        """The gate's answer for messages each at its own moment."""
        moments = np.minimum(moments, self._at)
        decided = gate(planned, policies, self._virtual, self._at, reserve=True, moments=moments)
        self._virtual.going(decided, moments, int(SendState.QUEUED))
        return decided


def members_at(session: Session, segment: str, at: int) -> I64:
    """Who was in a segment at an instant, by its changes: the last one before it, else the opposite of the first one
    after it, else whoever is in it now since before."""
    found = session.query(
        """WITH changes AS (
            SELECT customer_id, arg_max(change, ("at", change_id)) FILTER ("at" <= make_timestamptz($at)) AS before,
                arg_min(change, ("at", change_id)) FILTER ("at" > make_timestamptz($at)) AS behind
            FROM segment_changes WHERE segment = $segment GROUP BY 1)
        SELECT customer_id FROM changes WHERE coalesce(before = 'enter', behind <> 'enter')
        UNION SELECT customer_id FROM segment_members WHERE segment = $segment AND since <= make_timestamptz($at)
            AND customer_id NOT IN (SELECT customer_id FROM changes)""",
        {"segment": segment, "at": at},
    )
    return np.unique(found.column("customer_id").to_numpy()).astype(np.int64)
