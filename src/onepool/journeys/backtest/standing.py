"""How customers stood at each instant: their words on messages, the list of suppressions, their live addresses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection, Row, and_, or_, select

from onepool.audience.conditions.standing.ways import Way, Ways
from onepool.journeys.backtest.events import SCOPE
from onepool.journeys.backtest.lines import MISSING, Bools, Line, People, ints, spread
from onepool.journeys.backtest.types import I64
from onepool.pool import Session
from onepool.pool.schema import FIRST_SEEN, IN_USE
from onepool.privacy.consents import reading
from onepool.privacy.consents.words import ALL, bounded, of_template
from onepool.reach import suppression
from onepool.reach.lives import Lives
from onepool.reach.world import DEAD
from onepool.state.outbox import suppressions

_EVER = np.iinfo(np.int64).max
Reading = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True)
class Stays:
    """Live addresses of one way: from when to when (both included) each was one. By place: `begin`, as of lines."""

    way: Way
    begin: I64
    identifier: I64
    since: I64
    first: I64
    last: I64
    staff: pa.Array

    def alive(self, places: I64, instants: I64) -> tuple[I64, I64]:
        """(row among the places, row here) of all that live at the instants."""
        row, number = spread(self.begin[places], self.begin[places + 1])
        now = instants[row]
        there = (self.first[number] <= now) & (now <= self.last[number])
        return row[there], number[there]


class Standings:
    """Read when first asked about, of all customers at once."""

    def __init__(
        self, session: Session, reading_: Reading, people: People, ways: Ways, lives: Lives, start: int, end: int
    ) -> None:
        """`reading_`: a connection of the workspace's state, which is only read; `start`, `end`: of the span."""
        self._session, self._reading, self._people = session, reading_, people
        self._ways, self._lives, self._start, self._end = ways, lives, start, end
        self._bearing: pa.Table | None = None
        self._spoken: pa.Table | None = None
        self._words: dict[tuple[str, ...], Line] = {}
        self._stays: dict[str, list[Stays]] = {}
        self._listed: _Listed | None = None

    @property
    def bearers(self) -> pa.Table:
        """(customer_id, identifier_id) of all customers."""
        if self._bearing is None:
            self._bearing = self._session.query(
                f"SELECT c.customer_id, c.identifier_id FROM customer_of c SEMI JOIN {SCOPE} s USING (customer_id)"
            ).combine_chunks()
        return self._bearing

    # words

    def consented(self, places: I64, instants: I64, purpose: str, category: str, channel: str) -> Bools:
        """Who has agreed: see `privacy.consents.reading.consented`."""
        line = self._said(("agrees", bounded(purpose, 64), bounded(category, 32), bounded(channel, 32)))
        at = line.latest(places, instants, inclusive=False)
        return np.where(at >= 0, line.code[at] == 1, False) if line.code.size else np.zeros(places.size, np.bool_)

    def refused(self, places: I64, instants: I64, channel: str) -> Bools:
        """Who refuses a channel altogether: see `privacy.consents.reading.refused`."""
        line = self._said(("refuses", bounded(channel, 32)))
        at = line.latest(places, instants, inclusive=False)
        return np.where(at >= 0, line.code[at] == 0, False) if line.code.size else np.zeros(places.size, np.bool_)

    def _said(self, asked: tuple[str, ...]) -> Line:
        if asked not in self._words:
            words = self._all_words()
            names = {name: words.column(name).to_pylist() for name in ("purpose", "category", "channel")}
            granted = ints(words, "granted")
            if asked[0] == "agrees":
                kept = _any(names["purpose"], ALL, asked[1])
                kept &= _any(names["category"], "", asked[2]) & _any(names["channel"], "", asked[3])
            else:
                kept = _any(names["channel"], "", asked[1])
                kept &= ~np.array([of_template(one) for one in names["purpose"]], np.bool_)
                kept &= (granted == 1) | (_any(names["purpose"], ALL) & _any(names["category"], ""))
            rows = np.flatnonzero(kept)
            mine = words.take(pa.array(rows))
            self._words[asked] = Line.of(
                self._people, ints(mine, "customer_id"), ints(mine, "time"), ints(mine, "seq"), granted[rows]
            )
        return self._words[asked]

    def _all_words(self) -> pa.Table:
        if self._spoken is None:
            bearers = self.bearers.sort_by("identifier_id")
            nodes = ints(bearers, "identifier_id")
            with self._reading() as connection:
                words = reading.spoken(connection, nodes, self._start)
            place = np.searchsorted(nodes, ints(words, "identifier_id")) if nodes.size else np.empty(0, np.int64)
            known = (
                nodes[np.minimum(place, nodes.size - 1)] == ints(words, "identifier_id") if nodes.size else place > 0
            )
            words, place = words.filter(pa.array(known)), place[known]
            owner = ints(bearers, "customer_id")[place]
            self._spoken = words.append_column("customer_id", pa.array(owner)).combine_chunks()
        return self._spoken

    # suppressions

    def suppressed(self, places: I64, instants: I64, asked: pa.Table) -> list[str | None]:
        """Why each row must not be sent: see `reach.suppression.suppressed`."""
        if self._listed is None:
            self._listed = self._list()
        return self._listed.reasons(places, instants, asked)

    def dead(self, addresses: I64, instants: I64) -> Bools:
        """Which addresses nothing arrives at any more."""
        if self._listed is None:
            self._listed = self._list()
        return self._listed.dead(addresses, instants)

    def _list(self) -> _Listed:
        t = suppressions.c
        mine = and_(t.at <= self._end, or_(t.lifted.is_(None), t.lifted > self._start))
        with self._reading() as connection:
            rows = list(connection.execute(select(suppressions).where(mine).order_by(t.id)))
        if not rows:
            return _Listed({}, {})
        owner = dict(
            zip(ints(self.bearers, "identifier_id").tolist(), ints(self.bearers, "customer_id").tolist(), strict=True)
        )
        people, addresses = _Entries(), _Entries()
        for row in rows:
            if row.customer_id is not None:
                whose = owner.get(row.customer_id, row.customer_id)
                people.setdefault(int(self._people.places(np.array([whose], np.int64))[0]), []).append(row)
            elif row.identifier_id is not None:
                addresses.setdefault(row.identifier_id, []).append(row)
        people.pop(MISSING, None)
        return _Listed(people, addresses)

    # addresses

    def reachable(self, places: I64, instants: I64, channel: str, touchpoint: str | None) -> Bools:
        """Who has a live, permitted address: see `audience.conditions.standing`."""
        found = np.zeros(places.size, np.bool_)
        for one in self.stays(channel):
            if touchpoint is None or touchpoint in one.way.touchpoints:
                found[one.alive(places, instants)[0]] = True
        return found & ~self.refused(places, instants, channel)

    def stays(self, channel: str) -> list[Stays]:
        """Live addresses on a channel, by way."""
        if channel not in self._stays:
            self._stays[channel] = [self._way(channel, way) for way in self._ways.get(channel, ())]
        return self._stays[channel]

    def _way(self, channel: str, way: Way) -> Stays:
        told = self._lives.of(self._session, self._ways, channel, way)
        self._session.relation("_bearers", self.bearers)
        known = self._session.query(
            f"""SELECT b.customer_id, i.identifier_id, epoch_us(i.last_seen) AS seen,
                epoch_us({FIRST_SEEN}) AS first, epoch_us(i.valid_to) AS until
            FROM identifiers i JOIN _bearers b USING (identifier_id)
            WHERE i.type = $type AND i.scope = $scope AND {IN_USE}""",
            {"type": way.type, "scope": way.scope},
        )
        whose = self._people.places(ints(known, "customer_id"))
        identifier, seen, first = (ints(known, name) for name in ("identifier_id", "seen", "first"))
        until = known.column("until").fill_null(_EVER).to_numpy().astype(np.int64)
        owner, begins, ends, since, relation, names = self._spans(way, told)
        mine = whose if way.scoped else identifier
        row, number = spread(np.searchsorted(owner, mine), np.searchsorted(owner, mine, side="right"))
        # Of whom nothing was told up to then: as the channel says.
        firsts = self._first_heard(way, told, mine)
        rest = np.arange(identifier.size) if way.known else np.empty(0, np.int64)
        rows = np.concatenate([row, rest])
        live_from = np.concatenate([begins[number], np.full(rest.size, np.iinfo(np.int64).min, np.int64)])
        live_to = np.concatenate([ends[number], firsts[rest]])
        when = np.concatenate([since[number] if way.per else seen[row], seen[rest]])
        staff = pa.concat_arrays([names.take(pa.array(relation[number])), pa.array([""] * rest.size, pa.string())])
        order = np.argsort(whose[rows], kind="stable")
        place = whose[rows][order]
        return Stays(
            way, np.searchsorted(place, np.arange(len(self._people) + 1)), identifier[rows][order], when[order],
            np.maximum(live_from, first[rows])[order], np.minimum(live_to, until[rows] - 1)[order],
            staff.take(pa.array(order)),
        )  # fmt: skip

    def _told_of(self, way: Way, told: pa.Table) -> tuple[I64, pa.Table]:
        """The events of addresses' lives with whose life each tells of: a place (of scoped ways), or an identifier."""
        nodes = ints(self.bearers, "identifier_id")
        order = np.argsort(nodes, kind="stable")
        of = ints(told, "identifier_id")
        place = np.minimum(np.searchsorted(nodes[order], of), max(nodes.size - 1, 0))
        mine = nodes[order][place] == of if nodes.size else np.zeros(of.size, np.bool_)
        customer = ints(self.bearers, "customer_id")[order][place[mine]] if nodes.size else of[mine]
        owner = self._people.places(customer) if way.scoped else of[mine]
        return owner, told.filter(pa.array(mine))

    def _spans(self, way: Way, told: pa.Table) -> tuple[I64, I64, I64, I64, I64, pa.Array]:
        """(owner, from, to, since, relation, names of relations) of lives that began, by owner."""
        owner, part = self._told_of(way, told)
        coded = part.column("relation").combine_chunks().dictionary_encode()
        if isinstance(coded, pa.ChunkedArray):
            coded = coded.combine_chunks()
        relation = coded.indices.to_numpy().astype(np.int64)
        time, seq = ints(part, "time"), ints(part, "seq")
        begins = part.column("begins").to_numpy(zero_copy_only=False).astype(np.bool_)
        order = np.lexsort((seq, time, relation, owner))
        owner, relation, time, begins = owner[order], relation[order], time[order], begins[order]
        follows = np.zeros(owner.size, np.bool_)
        follows[:-1] = (owner[1:] == owner[:-1]) & (relation[1:] == relation[:-1])
        # What happened at an instant counts behind it.
        ends = np.full(owner.size, _EVER, np.int64)
        ends[:-1] = np.where(follows[:-1], time[1:], _EVER)
        kept = begins & (ends > time)
        return (
            owner[kept], time[kept] + 1, ends[kept], time[kept], relation[kept],
            coded.dictionary.cast(pa.string()),
        )  # fmt: skip

    def _first_heard(self, way: Way, told: pa.Table, mine: I64) -> I64:
        """When something was first told of each owner's addresses."""
        owner, part = self._told_of(way, told)
        found = np.full(mine.size, _EVER, np.int64)
        if owner.size:
            time = ints(part, "time")
            order = np.lexsort((time, owner))
            known, first = np.unique(owner[order], return_index=True)
            place = np.minimum(np.searchsorted(known, mine), known.size - 1)
            there = known[place] == mine
            found[there] = time[order][first[place[there]]]
        return found


class _Entries(dict[int, list[Row[Any]]]):
    pass


class _Listed:
    """The entries about customers (by place) and about addresses."""

    def __init__(self, people: dict[int, list[Row[Any]]], addresses: dict[int, list[Row[Any]]]) -> None:
        self._of_people, self._of_addresses = people, addresses
        self._people = np.array(sorted(people), np.int64)
        self._addresses = np.array(sorted(addresses), np.int64)

    def reasons(self, places: I64, instants: I64, asked: pa.Table) -> list[str | None]:
        found: list[str | None] = [None] * asked.num_rows
        addresses = asked.column("identifier_id").fill_null(MISSING).to_numpy().astype(np.int64)
        rows = np.flatnonzero(np.isin(places, self._people) | np.isin(addresses, self._addresses))
        for row, one in zip(rows.tolist(), asked.take(pa.array(rows)).to_pylist(), strict=True):
            entries = [
                *self._of_people.get(int(places[row]), ()),
                *self._of_addresses.get(int(addresses[row]), ()),
            ]
            now = int(instants[row])
            found[row] = next(
                (entry.reason for entry in entries if _holds(entry, now) and suppression.means(entry, one)), None
            )
        return found

    def dead(self, addresses: I64, instants: I64) -> Bools:
        found = np.zeros(addresses.size, np.bool_)
        for row in np.flatnonzero(np.isin(addresses, self._addresses)).tolist():
            entries = self._of_addresses[int(addresses[row])]
            found[row] = any(one.reason in DEAD and _holds(one, int(instants[row])) for one in entries)
        return found


def _holds(entry: Row[Any], now: int) -> bool:
    return bool(
        entry.at <= now and (entry.lifted is None or entry.lifted > now) and (entry.until is None or entry.until > now)
    )


def _any(texts: Sequence[str], *wanted: str) -> Bools:
    return np.array([one in wanted for one in texts], np.bool_)
