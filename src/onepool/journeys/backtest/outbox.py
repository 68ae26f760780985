"""The virtual outbox: messages are claimed when they are due, and meet the fate that is assumed of their channel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from onepool.journeys.backtest.types import I64, Assumed
from onepool.journeys.executor.ports import OUTCOMES, Step
from onepool.reach.gate import DECIDED, PLANNED
from onepool.reach.keys import key
from onepool.reach.policy_model import Policy
from onepool.reach.rules import SendPolicy
from onepool.reach.states import SendState

Bools = npt.NDArray[np.bool_]
_SHARES: Final = 1_000_000
_NONE: Final = -1
_KEPT: Final = (
    "send_id", "run_id", "customer_id", "node", "visit", "hop", "channel", "kind", "template", "message",
    "message_version", "category", "planned", "expires", "vars", "identifier_id", "staff_id",
)  # fmt: skip

Again = Callable[[pa.Table, list[SendPolicy], I64], pa.Table]
"""Asks the gate once more: planned messages, policies, each one's moment -> the gate's answer."""

Instants = Callable[[I64], I64]
"""At which instant each customer is; -1: at none, it is not its turn."""

Guards = Callable[[pa.Table, I64], Bools]
"""Whether the guards of messages hold, at each one's moment."""


class Fates:
    """What becomes of a call, by channel; decided by the message's key."""

    def __init__(self, assumed: Mapping[str, Assumed]) -> None:
        self._assumed = assumed

    def of(self, channel: str, send_ids: I64) -> npt.NDArray[np.object_]:
        """The reason of each failure; None: accepted."""
        found = np.full(send_ids.size, None, object)
        one = self._assumed.get(channel)
        if one is None or (one.accepted >= 1 and not one.reasons):
            return found
        drawn = key("fate", send_ids) % _SHARES
        bound = round(one.accepted * _SHARES)
        failed = drawn >= bound
        found[failed] = "refused"
        for reason, share in sorted(one.reasons.items()):
            upto = bound + round(share * _SHARES)
            found[(drawn >= bound) & (drawn < upto)] = reason
            bound = upto
        return found

    def counts(self, decided: pa.Table) -> Bools:
        """Which messages count for caps once they go out."""
        good = np.ones(decided.num_rows, np.bool_)
        channels = decided.column("channel")
        for channel in self._assumed:
            mine = pc.equal(channels, channel).to_numpy(zero_copy_only=False)
            ids = decided.column("send_id").to_numpy()[mine]
            why = self.of(channel, ids)
            good[mine] = (why == None) | (why == "unknown") | (why == "staff_timeout")  # noqa: E711 elementwise
        return good


class Outbox:
    """All messages of one back-test, as columns. Later entries about a message stand in place of earlier ones."""

    def __init__(self, fates: Fates, prices: Policy) -> None:
        self._fates = fates
        self._prices = prices
        self._planned: list[pa.Table] = []
        self._told: list[tuple[I64, I64, npt.NDArray[np.object_], I64, I64]] = []
        self._policies: list[SendPolicy] = []
        self._places: dict[SendPolicy, int] = {}
        schema = pa.schema([*PLANNED, *DECIDED])
        self._fresh = schema.empty_table()
        self._waiting = schema.empty_table()
        self._open: dict[int, int] = {}

    def take(self, step: Step) -> I64:
        """What a step planned, cancelled and gave up. Returns messages that were to go out at once and won't."""
        dropped = np.empty(0, np.int64)
        if step.sends.num_rows:
            table = self._remapped(step)
            self._planned.append(table.select(_KEPT))
            state = table.column("state").to_numpy().astype(np.int64)
            due = table.column("due").fill_null(_NONE).to_numpy().astype(np.int64)
            ids = table.column("send_id").to_numpy().astype(np.int64)
            self._tell(ids, state, np.array(table.column("reason").to_pylist(), object), due, None)
            self._fresh = pa.concat_tables([self._fresh, table.filter(pa.array(state == SendState.QUEUED))])
            late = table.filter(pa.array(state == SendState.DEFERRED))
            self._waiting = pa.concat_tables([self._waiting, late]).combine_chunks()
        if step.cancelled.num_rows:
            self._waiting, _ = self._cancel(self._waiting, step.cancelled)
            # What its own step cancelled was never called.
            self._fresh, dropped = self._cancel(self._fresh, step.cancelled)
        for send_id, state, reason in step.gone:
            one = np.array([send_id], np.int64)
            self._tell(one, np.array([state]), np.array([reason], object), None, None)
            self._open.pop(send_id, None)
            if state == SendState.CANCELLED:
                keep = pc.not_equal(self._waiting.column("send_id"), send_id)
                self._waiting = self._waiting.filter(keep)
        return dropped

    def _cancel(self, rows: pa.Table, cancelled: pa.Table) -> tuple[pa.Table, I64]:
        """Messages without those of runs that ended, and the ids of these."""
        if rows.num_rows == 0:
            return rows, np.empty(0, np.int64)
        gone = pc.is_in(rows.column("run_id"), value_set=cancelled.column("run_id").combine_chunks())
        out = rows.filter(gone)
        why = dict(zip(cancelled.column("run_id").to_pylist(), cancelled.column("reason").to_pylist(), strict=True))
        reasons = np.array([why[one] for one in out.column("run_id").to_pylist()], object)
        ids = out.column("send_id").to_numpy().astype(np.int64)
        self._tell(ids, np.full(ids.size, SendState.CANCELLED), reasons, None, None)
        return rows.filter(pc.invert(gone)).combine_chunks(), ids

    def waiting(self) -> tuple[I64, I64]:
        """(customer, when it may go out) of all messages that wait."""
        rows = self._waiting
        who, due = (rows.column(name).to_numpy().astype(np.int64) for name in ("customer_id", "due"))
        return who, due

    def open_sends(self, send_ids: I64) -> dict[int, int]:
        """States of messages whose outcome is open."""
        found = {one: self._open[one] for one in send_ids.tolist() if one in self._open}
        waiting = np.isin(send_ids, self._waiting.column("send_id").to_numpy())
        return found | {one: int(SendState.DEFERRED) for one in send_ids[waiting].tolist()}

    def claim(self, instants: Instants, again: Again, guards: Guards) -> pa.Table:
        """Claim all that is due, in the order in which it is. Returns OUTCOMES of those that have one."""
        who, planned = (self._fresh.column(name).to_numpy().astype(np.int64) for name in ("customer_id", "planned"))
        parts = [(self._fresh, np.minimum(planned, instants(who)))]
        self._fresh = self._fresh.slice(0, 0)
        if self._waiting.num_rows:
            who, when = self.waiting()
            due = pa.array(when <= instants(who))
            rows = self._waiting.filter(due).sort_by([("due", "ascending"), ("send_id", "ascending")])
            self._waiting = self._waiting.filter(pc.invert(due)).combine_chunks()
            if rows.num_rows:
                parts.append(self._asked_again(rows, again, guards))
                outs = [self._refused]
                return pa.concat_tables([*outs, *(self._called(*part) for part in parts)])
        return self._called(*parts[0])

    def _asked_again(self, rows: pa.Table, again: Again, guards: Guards) -> tuple[pa.Table, I64]:
        """What a claim asks of those that waited: the guard, then the gate. Leaves refusals in `_refused`."""
        moments = rows.column("due").to_numpy().astype(np.int64)
        holds = guards(rows, moments)
        decided = again(rows.select(PLANNED.names).filter(pa.array(holds)), self._policies, moments[holds])
        state = decided.column("state").to_numpy().astype(np.int64)
        said = np.array(decided.column("reason").to_pylist(), object)
        mine, when = rows.filter(pa.array(holds)), moments[holds]
        ids = mine.column("send_id").to_numpy().astype(np.int64)
        out = state == SendState.SUPPRESSED
        self._tell(ids[out], state[out], said[out], None, None)
        later = state == SendState.DEFERRED
        if later.any():
            due = decided.column("due").filter(pa.array(later))
            waits = mine.filter(pa.array(later))
            self._waiting = pa.concat_tables(
                [self._waiting, waits.set_column(waits.column_names.index("due"), "due", due)]
            ).combine_chunks()
        no = rows.filter(pa.array(~holds))
        no_ids = no.column("send_id").to_numpy().astype(np.int64)
        nothing = np.full(no_ids.size, "guard_false", object)
        self._tell(no_ids, np.full(no_ids.size, SendState.SUPPRESSED), nothing, None, None)
        self._refused = pa.concat_tables(
            [
                _outcomes(no, np.full(no_ids.size, SendState.SUPPRESSED), nothing, moments[~holds]),
                _outcomes(mine.filter(pa.array(out)), state[out], said[out], when[out]),
            ]
        )
        goes = ~(out | later)
        return mine.filter(pa.array(goes)), when[goes]

    def _called(self, rows: pa.Table, moments: I64) -> pa.Table:
        if rows.num_rows == 0:
            return OUTCOMES.empty_table()
        ids = rows.column("send_id").to_numpy().astype(np.int64)
        why = np.full(ids.size, None, object)
        channels = np.array(rows.column("channel").to_pylist(), object)
        for channel in set(channels.tolist()):
            mine = channels == channel
            why[mine] = self._fates.of(channel, ids[mine])
        state = np.where(why == None, SendState.ACCEPTED, SendState.FAILED).astype(np.int64)  # noqa: E711 elementwise
        state[why == "unknown"] = SendState.UNKNOWN
        # Nobody confirms these: their run waits until it gives them up.
        left = why == "staff_timeout"
        state[left] = SendState.TASK
        self._open |= dict.fromkeys(ids[left].tolist(), int(SendState.TASK))
        said = why.copy()
        said[left] = None
        self._tell(ids, state, said, None, moments)
        return _outcomes(rows.filter(pa.array(~left)), state[~left], why[~left], moments[~left])

    def _tell(
        self, ids: I64, state: npt.NDArray[np.int64], reason: npt.NDArray[np.object_], due: I64 | None,
        claimed: I64 | None,
    ) -> None:  # fmt: skip
        if ids.size:
            nothing = np.full(ids.size, _NONE, np.int64)
            self._told.append(
                (ids, state.astype(np.int64), reason, nothing if due is None else due,
                 nothing if claimed is None else claimed)
            )  # fmt: skip

    def _remapped(self, step: Step) -> pa.Table:
        places = []
        for one in step.policies:
            if one not in self._places:
                self._places[one] = len(self._policies)
                self._policies.append(one)
            places.append(self._places[one])
        own = np.array(places, np.int32)[step.sends.column("policy").to_numpy()]
        return step.sends.set_column(step.sends.column_names.index("policy"), "policy", pa.array(own))

    def table(self) -> pa.Table:
        """All messages as they stand at the end (`types.Outcome.sends`)."""
        kept = pa.schema([*PLANNED, *DECIDED])
        empty = pa.schema([kept.field(name) for name in _KEPT]).empty_table()
        planned = pa.concat_tables(self._planned).combine_chunks() if self._planned else empty
        told = self._told or [tuple(np.empty(0, object if place == 2 else np.int64) for place in range(5))]  # type: ignore[list-item]
        ids, state, reason, due, claimed = (np.concatenate([one[place] for one in told]) for place in range(5))
        order = np.argsort(ids, kind="stable")
        last = np.ones(order.size, np.bool_)
        last[:-1] = ids[order][1:] != ids[order][:-1]
        final = order[last]
        place = np.searchsorted(ids[final], planned.column("send_id").to_numpy())
        first = order[np.r_[True, last[:-1]]] if order.size else order
        when = np.maximum.reduceat(claimed[order], np.flatnonzero(np.r_[True, last[:-1]])) if order.size else claimed
        asked = np.maximum.reduceat(due[order], np.flatnonzero(np.r_[True, last[:-1]])) if order.size else due
        states = state[final][place]
        put_off = state[first][place] == SendState.DEFERRED
        found = planned.append_column("state", pa.array(states))
        found = found.append_column("reason", pa.array(reason[final][place], pa.string()))
        found = found.append_column("due", pa.array(asked[place], mask=asked[place] < 0))
        found = found.append_column("claimed", pa.array(when[place], mask=when[place] < 0))
        found = found.append_column("put_off", pa.array(put_off))
        return found.append_column("cost", self._costs(found, states))

    def _costs(self, found: pa.Table, states: I64) -> pa.Array:
        cost = np.full(found.num_rows, np.nan)
        pairs = found.select(["channel", "kind"]).group_by(["channel", "kind"]).aggregate([])
        for one in pairs.to_pylist():
            price = self._prices.price(one["channel"], one["kind"] or "")
            if price is not None:
                mine = pc.and_(
                    pc.equal(found.column("channel"), one["channel"]), pc.equal(found.column("kind"), one["kind"])
                )
                cost[mine.to_numpy(zero_copy_only=False)] = price
        went = (states >= SendState.ACCEPTED) & (states < SendState.SUPPRESSED)
        return pa.array(cost, mask=np.isnan(cost) | ~went)


def _outcomes(rows: pa.Table, state: npt.NDArray[np.int64], reason: npt.NDArray[np.object_], at: I64) -> pa.Table:
    count = rows.num_rows
    return pa.table(
        [
            rows.column("send_id"), rows.column("run_id"), rows.column("node"), rows.column("visit"),
            rows.column("hop"), pa.repeat(pa.scalar("send"), count), pa.array(state).cast(pa.int32()),
            pa.array(reason, pa.string()), pa.array(at), pa.nulls(count, pa.string()),
        ],
        schema=OUTCOMES,
    )  # fmt: skip
