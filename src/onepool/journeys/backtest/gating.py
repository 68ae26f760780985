"""What the gate asks, answered as of past instants; caps count virtual messages and those that others really sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, and_

from onepool.audience.conditions.standing.ways import Ways
from onepool.journeys.backtest.lines import MISSING, Bools, Codes, People, ints
from onepool.journeys.backtest.standing import Standings
from onepool.journeys.backtest.types import I64
from onepool.journeys.executor.ports import Clocks
from onepool.journeys.executor.times import known_zone
from onepool.pool import Session
from onepool.reach.gate import LEDGER
from onepool.reach.lives import Lives
from onepool.reach.rules import ContactPolicy
from onepool.reach.states import COUNTED
from onepool.reach.world import SAID, LiveWorld, Words, kinds_of, message_kind
from onepool.state.columns import fetch
from onepool.state.outbox import sends

Texts = Callable[[str, I64, I64], list[str | None]]
"""An attribute's texts of customers (places) at instants."""

_TEXTS = ("category", "channel", "journey")


class Ledger:
    """Messages that count for caps: of other journeys as they really were, and the virtual ones. Those of a customer
    hang together, the latest first."""

    def __init__(self, people: People, others: pa.Table) -> None:
        """`others`: LEDGER, in any order."""
        self._people = people
        self._head = np.full(len(people), MISSING, np.int64)
        self._size = 0
        self._columns = {name: np.empty(1024, np.int64) for name in ("place", "before", "at", "send", *_TEXTS)}
        self._codes = Codes()
        self.add(others.sort_by("at"))

    def add(self, rows: pa.Table, send_ids: I64 | None = None) -> None:
        """Messages that went out (LEDGER). `send_ids`: of virtual ones, which may be given up yet."""
        place = self._people.places(ints(rows, "customer_id"))
        known = place >= 0
        ids = np.full(place.size, MISSING, np.int64) if send_ids is None else send_ids
        rows, place, ids = rows.filter(pa.array(known)), place[known], ids[known]
        count = place.size
        if count == 0:
            return
        mine = self._size + np.arange(count)
        self._room(self._size + count)
        order = np.argsort(place, kind="stable")
        who, row = place[order], mine[order]
        first = np.r_[True, who[1:] != who[:-1]]
        columns = self._columns
        columns["before"][row] = np.where(first, self._head[who], np.r_[MISSING, row[:-1]])
        last = np.r_[first[1:], True]
        self._head[who[last]] = row[last]
        columns["place"][mine] = place
        columns["at"][mine] = ints(rows, "at")
        columns["send"][mine] = ids
        for name in _TEXTS:
            columns[name][mine] = self._codes.column(rows.column(name))
        self._size += count

    def drop(self, send_ids: I64) -> None:
        """Count these no more."""
        if send_ids.size:
            gone = np.isin(self._columns["send"][: self._size], send_ids)
            self._columns["at"][: self._size][gone] = np.iinfo(np.int64).min

    def of(self, customers: I64, since: int) -> pa.Table:
        """Those of some customers since an instant."""
        run = self._head[self._people.places(customers)]
        found = []
        while True:
            run = run[run >= 0]
            if run.size == 0:
                break
            found.append(run[self._columns["at"][run] >= since])
            run = self._columns["before"][run]
        rows = np.concatenate(found) if found else np.empty(0, np.int64)
        texts = pa.array(self._codes.texts, pa.string())
        # The text of a missing name is null.
        parts = [texts.take(pa.array(codes, mask=codes < 0)) for codes in (self._columns[one][rows] for one in _TEXTS)]
        whose = self._people.customers[self._columns["place"][rows]]
        return pa.table([pa.array(whose), pa.array(self._columns["at"][rows]), *parts], schema=LEDGER)

    def _room(self, wanted: int) -> None:
        size = self._columns["at"].size
        if wanted > size:
            more = np.empty(max(size, wanted - size), np.int64)
            self._columns = {name: np.concatenate([column, more]) for name, column in self._columns.items()}


def really_sent(connection: Connection, journey: str, since: int, until: int) -> pa.Table:
    """LEDGER of what others than a journey sent in a time."""
    t = sends.c
    counted = and_(
        t.state.in_([int(one) for one in COUNTED]), t.claimed >= since, t.claimed <= until, t.journey != journey
    )
    columns = (t.customer_id, t.claimed, t.category, t.channel, t.journey)
    return fetch(connection, columns, counted).rename_columns(LEDGER.names).cast(LEDGER)


class HistoryGate(LiveWorld):
    """`GateWorld` in which each customer is at an instant of its own: addresses, words and suppressions as of then."""

    def __init__(
        self, session: Session, policy: ContactPolicy, ways: Ways, lives: Lives, people: People,
        standings: Standings, ledger: Ledger, counts: Callable[[pa.Table], Bools], texts: Texts,
    ) -> None:  # fmt: skip
        """`counts`: which messages, once they go out, count for caps (those that fail do not); `texts`: attributes as
        of then."""
        super().__init__(session, cast(Connection, None), policy, ways, lives)
        self._people = people
        self._standings = standings
        self._ledger = ledger
        self._counts = counts
        self._texts = texts
        self.clocks = Clocks(np.empty(0, np.int64), np.empty(0, np.int64))

    def bearers(self, customers: I64) -> pa.Table:
        return self._standings.bearers

    def _found(
        self, channel: str, over: str | None, kind: str, staff: str | None, customers: I64, at: int, words: Words
    ) -> tuple[I64, I64, I64, I64] | None:
        message = message_kind(channel, kind)
        if message is None:
            return None
        places, now = self._people.places(customers), self.clocks.of(customers, at)
        named = staff not in (None, "", "owner")
        parts = []
        for number, one in enumerate(self._standings.stays(channel)):
            if one.way.type not in message.to or (over is not None and over not in one.way.touchpoints):
                continue
            row, stay = one.alive(places, now)
            relation = words.codes(one.staff.take(pa.array(stay)))
            if named:
                mine = relation == words.code(staff or "")
                row, stay, relation = row[mine], stay[mine], relation[mine]
            rank = np.full(row.size, message.to.index(one.way.type) * 1000 + number, np.int64)
            where = np.full(row.size, words.code(over if over is not None else one.way.touchpoints[0]), np.int64)
            parts.append((row, rank, one.since[stay], one.identifier[stay], relation, where))
        if not any(part[0].size for part in parts):
            return None
        row, rank, since, address = (np.concatenate([part[column] for part in parts]) for column in range(4))
        relation, touchpoint = (np.concatenate([part[column] for part in parts]) for column in (4, 5))
        address = np.where(self._standings.dead(address, now[row]), MISSING, address)
        order = np.lexsort((address, -since, rank, address < 0, row))
        first = np.r_[True, row[order][1:] != row[order][:-1]]
        best = np.full(customers.size, MISSING, np.int64)
        best[row[order][first]] = order[first]
        best[(best >= 0) & (address[best] < 0)] = MISSING
        return best, address, touchpoint, relation

    def suppressed(self, asked: pa.Table, at: int) -> pa.Array:
        customers = ints(asked, "customer_id")
        places, now = self._people.places(customers), self.clocks.of(customers, at)
        found = self._standings.suppressed(places, now, asked)
        said = np.array([None if one is None else SAID.get(one, "refused") for one in found], object)
        free = pc.equal(asked.column("category"), "transactional").to_numpy(zero_copy_only=False)
        for (channel,), rows in kinds_of(asked, ("channel",)):
            hit = rows[self._standings.refused(places[rows], now[rows], channel or "")]
            # Who refuses a channel gets what concerns his own doings all the same.
            said[hit[~free[hit] & (said[hit] == None)]] = "refused"  # noqa: E711 elementwise
        return pa.array(said, pa.string())

    def consented(self, asked: pa.Table, at: int) -> Bools:
        customers = ints(asked, "customer_id")
        places, now = self._people.places(customers), self.clocks.of(customers, at)
        # A category whose purpose nobody named needs none.
        found: Bools = pc.is_null(asked.column("purpose")).to_numpy(zero_copy_only=False).astype(np.bool_)
        for (purpose, category, channel), rows in kinds_of(asked, ("purpose", "category", "channel")):
            if purpose is not None:
                found[rows] = self._standings.consented(places[rows], now[rows], purpose, category or "", channel or "")
        return found

    def zones(self, customers: I64, attribute: str | None) -> tuple[list[str], I64]:
        # Country and number are today's; the zone that an attribute names is the one of then.
        if None not in self._zones:
            super().zones(self._people.customers, None)
        _, known, codes = self._zones[None]
        places = self._people.places(customers)
        found = codes[places]
        if attribute is None:
            return known, found
        names = list(known)
        number = {name: place for place, name in enumerate(names)}
        said = self._texts(attribute, places, self.clocks.of(customers, np.iinfo(np.int64).max))
        code: dict[str | None, int] = {}
        for text in set(said):
            zone = (text or "").strip()
            if known_zone(zone):
                code[text] = number.setdefault(zone, len(number))
        if code:
            own = np.array([code.get(text, MISSING) for text in said], np.int64)
            found = np.where(own >= 0, own, found)
        return list(number), found

    def ledger(self, customers: I64, since: int) -> pa.Table:
        return self._ledger.of(customers, since)

    def not_sent(self, send_ids: Sequence[int]) -> None:
        """These count for no cap any more: they were given up."""
        self._ledger.drop(np.array(send_ids, np.int64))

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
            ),
            ints(rows, "send_id"),
        )  # fmt: skip
