"""The executor's world over the past: everything that was read once is in memory, runs and coupons are virtual."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sqlalchemy import Connection

from onepool.audience.conditions import Condition
from onepool.audience.conditions.names import Context
from onepool.journeys.backtest.asking import Answers, able, texts_of
from onepool.journeys.backtest.coming import Coming
from onepool.journeys.backtest.events import Events, Past, among, answerable
from onepool.journeys.backtest.gating import HistoryGate
from onepool.journeys.backtest.keeping import Kept
from onepool.journeys.backtest.lines import MISSING, People, spread
from onepool.journeys.backtest.outbox import Outbox
from onepool.journeys.backtest.types import I64
from onepool.journeys.backtest.values import Values
from onepool.journeys.executor.columns import Runs
from onepool.journeys.executor.ports import ENTRANTS, FOUND, PERSONS, Audience, Clocks, Entering, Question, Sought
from onepool.journeys.world.asking import answers
from onepool.journeys.world.events import Happened
from onepool.journeys.world.pool import PoolWorld
from onepool.pool import Session
from onepool.reach.gate import gate
from onepool.reach.rules import Door, SendPolicy
from onepool.reach.states import COUNTED, SendState

if TYPE_CHECKING:
    from onepool.journeys.executor.ports import World


@dataclass(frozen=True)
class Round:
    """The customers of one round: each (a place, ascending) goes on from the instant `since` (not included) to its own
    `until`.

    `at`: the latest of these, the instant of the executor's step.
    """

    places: I64
    since: I64
    until: I64
    at: int
    clocks: Clocks


class HistoryWorld(PoolWorld):
    """`executor.ports.World` of one round after the other."""

    def __init__(
        self, session: Session, ctx: Context, people: People, events: Events, coming: Coming, kept: Kept,
        outbox: Outbox, values: Values, replies: Answers, gate_world: HistoryGate,
        codes: Callable[[str, I64, I64, I64], Sequence[str | None]],
    ) -> None:  # fmt: skip
        nothing = Happened(session, ctx, 0, 0, (), 0)
        super().__init__(session, cast(Connection, None), ctx, nothing, gate_world, lambda: self.at, reserve=True)
        self._people, self._events, self._coming, self._kept = people, events, coming, kept
        self._outbox, self._values, self._replies, self._virtual = outbox, values, replies, gate_world
        self._codes = codes
        self.at = 0

    def begin(self, one: Round) -> None:
        """Go on to the next round."""
        self._round = one
        self.at = one.at
        self._virtual.clocks = one.clocks
        self._entered = False
        self._wakes = self._coming.waking(one.places, one.since, one.until)
        self._comes = self._coming.entering(one.places, one.since, one.until)

    def again(self) -> None:
        """From now on the events start, end and wake nobody: they did already. Who comes to a wait just now still finds
        what happened behind that."""
        self._entered = True

    # events

    def event_names(self) -> frozenset[str]:
        if self._entered:
            return frozenset()
        found = {self._coming.names[code] for code in np.unique(self._wakes[1]).tolist()}
        if self._comes.size and self._coming.entry is not None:
            found.add(self._coming.entry.match.did)
        return frozenset(found)

    def who_did(self, names: frozenset[str]) -> I64:
        wanted = [code for code, name in enumerate(self._coming.names) if name in names]
        row = self._wakes[0][np.isin(self._wakes[1], wanted)]
        return self._people.customers[np.unique(self._round.places[row])]

    def who_changed(self, attributes: frozenset[str]) -> I64:
        if self._entered:
            return np.empty(0, np.int64)
        return self._people.customers[self._coming.told_anew(self._round.places, self._round.since, self._round.until)]

    def entrants(self, asked: Sequence[Entering]) -> pa.Table:
        if self._entered or self._comes.size == 0:
            return ENTRANTS.empty_table()
        return self._coming.entrants.take(pa.array(self._comes)).sort_by([("time", "ascending"), ("seq", "ascending")])

    def find(self, sought: Sequence[Sought]) -> pa.Table:
        # Nobody is in hand who came into the round before, so its own events are all that count.
        parts = [self._sought(number, one) for number, one in enumerate(sought) if one.window.num_rows]
        return pa.concat_tables([FOUND.empty_table(), *parts]).combine_chunks()

    def _sought(self, number: int, one: Sought) -> pa.Table:
        window = one.window
        customers = window.column("customer_id").to_numpy().astype(np.int64)
        places = self._people.places(customers)
        mine = np.minimum(np.searchsorted(self._round.places, places), self._round.places.size - 1)
        known = self._round.places[mine] == places
        first = np.maximum(window.column("first").to_numpy(), self._round.since[mine] + 1)
        last = np.minimum(window.column("last").to_numpy(), self._round.until[mine])
        last = np.where(known, last, np.iinfo(np.int64).min)
        if not answerable(one.match.where, self._ctx):
            return self._asked_of_pool(number, one, first, last)
        matched = self._events.matched(one.match.did, one.match.at, one.match.where, whole=False)
        row, event = spread(matched.line.before(places, first), matched.line.upto(places, last))
        but = window.column("but").to_numpy()
        kept = matched.line.seq[event] != but[row]
        row, event = row[kept], event[kept]
        if matched.asks and row.size:
            carried = [self._carried(window, row, ref) for _, ref in matched.asks]
            passed = among(matched, row, event, carried)
            row, event = row[passed], event[passed]
        _, earliest = np.unique(row, return_index=True)
        row, event = row[earliest], event[earliest]
        ids = window.column("run_id").to_numpy().astype(np.int64)[row]
        order = np.argsort(ids)
        return pa.table(
            [np.full(row.size, number, np.int32), ids[order], matched.line.time[event][order],
             matched.line.seq[event][order]], schema=FOUND,
        )  # fmt: skip

    def _asked_of_pool(self, number: int, one: Sought, first: I64, last: I64) -> pa.Table:
        """What can't be told from memory."""
        window = one.window
        for name, values in (("first", first), ("last", last)):
            window = window.set_column(window.column_names.index(name), name, pa.array(values))
        past = Past(self._session, self._ctx, int(self._round.since.min()), self.at, [one.match.did])
        found = past.find([replace(one, window=window, whole=False)])
        place = FOUND.get_field_index("asked")
        return found.set_column(place, "asked", pa.array(np.full(found.num_rows, number, np.int32)))

    def _carried(self, window: pa.Table, rows: I64, reference: str) -> I64:
        """Codes of what runs carry, of those rows that are asked about."""
        wanted = np.unique(rows)
        column = window.column(reference[1:].partition(".")[0]).take(pa.array(wanted)).to_pylist()
        found = np.full(window.num_rows, MISSING, np.int64)
        found[wanted] = self._events.codes.known(texts_of([decoded(one) for one in column], reference))
        return found

    # customers

    def answers(self, question: Question, at: int) -> dict[str, npt.NDArray[np.bool_]]:
        if question.runs.num_rows == 0:
            return {name: np.zeros(0, np.bool_) for name in question.conditions}
        known = {name: one for name, one in question.conditions.items() if able(one, self._ctx)}
        found = self._replies.of(Question(known, question.runs)) if known else {}
        rest = {name: one for name, one in question.conditions.items() if name not in known}
        return found | (answers(self._session, self._ctx, Question(rest, question.runs), at) if rest else {})

    def attributes(self, customers: I64, names: Sequence[str]) -> pa.Table:
        places, now = self._people.places(customers), self._round.clocks.of(customers, self.at)
        columns = {name: pa.array(self._values.texts(name, places, now), pa.string()) for name in names}
        return pa.table({"customer_id": customers, **columns})

    def members(self, segment: str | None, who: Condition | None, at: int) -> I64:
        return np.intersect1d(audience_at(self._session, self._ctx, segment, who, at), self._people.customers)

    def dated(self, attribute: str, day: int, yearly: bool) -> I64:
        return np.intersect1d(super().dated(attribute, day, yearly), self._people.customers)

    def issue(self, batch: str, keys: I64, customers: I64, runs: I64, at: int) -> Sequence[str | None]:
        return self._codes(batch, keys, customers, self._round.clocks.of(customers, at))

    def gate(self, planned: pa.Table, policies: Sequence[SendPolicy], at: int) -> pa.Table:
        # Each message is judged when its run came to it.
        return self.regate(planned, policies, planned.column("planned").fill_null(at).to_numpy().astype(np.int64))

    def regate(self, planned: pa.Table, policies: Sequence[SendPolicy], moments: I64) -> pa.Table:
        """The gate's answer for messages each at its own moment."""
        moments = np.minimum(moments, self.at)
        decided = gate(planned, policies, self._virtual, self.at, reserve=True, moments=moments)
        self._virtual.going(decided, moments, int(SendState.QUEUED))
        return decided

    # runs

    def due(self, at: int, most: int, priorities: Mapping[int, int], scarce: Collection[int]) -> Runs:
        return self._kept.due(self._round.places, self._round.until)

    def runs_of(self, customers: I64, *, live: bool) -> Runs:
        places = self._people.places(customers)
        return self._kept.of(places[places >= 0], live=live)

    def runs(self, run_ids: I64) -> Runs:
        return self._kept.runs(run_ids)

    def children(self, parents: I64) -> Runs:
        return self._kept.children(parents)

    def runs_in(self, version: int, state: int, most: int, after: int = -1) -> Runs:
        return self._kept.of_version(version, state, most, after)

    def any_runs(self, versions: Sequence[int]) -> bool:
        return self._kept.any_of(versions)

    def audiences(self, but: Collection[str]) -> Sequence[Audience]:
        return [one for _, one in sorted(self._kept.audiences.items()) if not one.done and one.journey not in but]

    def started(self) -> frozenset[str]:
        return frozenset(journey for journey, _ in self._kept.audiences)

    def give_up(self, gone: Sequence[tuple[int, int, str]]) -> None:
        self._virtual.not_sent([send_id for send_id, state, _ in gone if SendState(state) not in COUNTED])

    def room(self, door: Door) -> int | None:
        # Nothing is sent, nothing waits.
        return None

    def persons(self, customers: I64, since: int) -> pa.Table:
        # Identities are today's: nobody goes up in another.
        return PERSONS.empty_table()

    def open_sends(self, send_ids: I64) -> dict[int, int]:
        return self._outbox.open_sends(send_ids)


def decoded(text: str | None) -> Mapping[str, object]:
    """What a run carries; nothing where it carries nothing."""
    found: Mapping[str, object] = msgspec.json.decode(text) if text else {}
    return found


def audience_at(session: Session, ctx: Context, segment: str | None, who: Condition | None, at: int) -> I64:
    """Those in a segment and for whom a condition holds at an instant, ascending."""
    inside = None if segment is None else members_at(session, segment, at)
    if who is None and inside is not None:
        return inside
    pool = PoolWorld(
        session, cast(Connection, None), ctx, Happened(session, ctx, 0, 0, (), at), cast(HistoryGate, None), lambda: at
    )
    found = pool.members(None, who, at)
    return found if inside is None else np.intersect1d(inside, found)


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


if TYPE_CHECKING:

    def _is_world(one: HistoryWorld) -> World:
        return one


__all__ = ["HistoryWorld", "Round", "audience_at", "members_at"]
