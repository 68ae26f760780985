"""What the gate asks, answered from the pool and the state as they are now."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, and_, or_, select, text

from onepool.audience.conditions.standing.ways import Ways, ways_of
from onepool.channels import registry
from onepool.channels.base import MessageKind
from onepool.clock import Clock
from onepool.collect.touchpoint import Touchpoint
from onepool.definitions import Definitions
from onepool.pool import Session
from onepool.privacy.consents import reading
from onepool.reach import keys, suppression, zones
from onepool.reach.gate import ADDRESSES, LEDGER
from onepool.reach.keys import I64
from onepool.reach.lives import Addresses, Lives, live
from onepool.reach.policies import Policies
from onepool.reach.rules import ContactPolicy
from onepool.reach.states import COUNTED, PERHAPS_OUT
from onepool.settings import Settings
from onepool.state.columns import fetch
from onepool.state.outbox import sends, suppressions

Bools = npt.NDArray[np.bool_]

ABSENT: Final = {"wechat_oa": "not_follower", "wecom": "not_friend"}
"""What a customer without a live address is to a channel; of others the address is missing."""

SAID: Final[Mapping[str, str]] = {
    "hard_bounce": "bad_address",
    "dead_number": "bad_address",
    "complaint": "refused",
    "opted_out": "refused",
    "manual": "refused",
    "erased": "erased",
}
"""Reasons of suppressions in the words of sends."""

DEAD: Final = ("hard_bounce", "dead_number")

_FEW: Final = 2_000
_CHUNK: Final = 500


class Place(Protocol):
    """What this needs of a workspace."""

    @property
    def definitions(self) -> Definitions: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def clock(self) -> Clock: ...
    def touchpoints(self) -> dict[str, Touchpoint]: ...


class Words:
    """Texts as codes: whole columns of them without an object for each row."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def code(self, text: str) -> int:
        return self._known.setdefault(text, len(self._known))

    def codes(self, texts: pa.Array) -> I64:
        """-1 for those that are empty."""
        coded = texts.dictionary_encode()
        found = np.array([self.code(one) if one else -1 for one in coded.dictionary.to_pylist()], np.int64)
        return found[coded.indices.to_numpy()] if len(coded) else np.empty(0, np.int64)

    def texts(self, codes: I64) -> pa.Array:
        """Null for -1."""
        return pa.array(list(self._known), pa.string()).take(pa.array(codes, mask=codes < 0))


class Worlds:
    """Makes worlds for the gate; keeps what does not change between two of them. One for a process."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.policies = Policies(place)
        self.lives = Lives()
        self._ways: tuple[int, Ways] | None = None

    def over(self, session: Session, connection: Connection) -> LiveWorld:
        """The world as a session of the pool and a connection of the state see it."""
        return LiveWorld(session, connection, self.policies.now()[1], self.ways(), self.lives)

    def ways(self) -> Ways:
        """The ways that the touchpoints open."""
        revision = self._place.definitions.revision()
        if self._ways is None or self._ways[0] != revision:
            self._ways = (revision, ways_of(self._place.touchpoints().values()))
        return self._ways[1]


class LiveWorld:
    """`GateWorld` over the pool and the state.

    What the pool says is asked once: a claim asks everything before its transaction and once more within it, over
    another `connection`, for customers that it asked about before.
    """

    def __init__(
        self, session: Session, connection: Connection, policy: ContactPolicy, ways: Ways, lives: Lives
    ) -> None:
        self._session = session
        self.connection = connection
        self._ways = ways
        self._lives = lives
        self.policy = policy
        self.deciding: frozenset[int] = frozenset()
        """Messages about which a claim decides: what became of their first calls does not count against themselves."""
        self._bearing: tuple[I64, pa.Table] | None = None
        self._live: dict[str, list[Addresses]] = {}
        self._followed = False
        self._zones: dict[str | None, tuple[I64, list[str], I64]] = {}

    def bearers(self, customers: I64) -> pa.Table:
        """(customer_id, identifier_id): all identifiers of the customers."""
        wanted = keys.distinct(customers)
        known = self._bearing
        if known is None or not keys.among_ordered(wanted, known[0]).all():
            self._session.relation("_asked", pa.table({"customer_id": wanted}))
            found = self._session.query(
                "SELECT c.customer_id, c.identifier_id FROM customer_of c JOIN _asked a USING (customer_id)"
            ).combine_chunks()
            self._bearing = known = (wanted, found)
            self._live.clear()
        return known[1]

    def addresses(self, wanted: pa.Table, at: int) -> pa.Table:
        """See `GateWorld`. Of several addresses: by the kind's order of types, then the latest."""
        customer = wanted.column("customer_id").to_numpy()
        words = Words()
        identifier = np.full(customer.size, -1, np.int64)
        touchpoint = np.full(customer.size, -1, np.int64)
        staff = np.full(customer.size, -1, np.int64)
        reason = np.full(customer.size, words.code("bad_address"), np.int64)
        if customer.size:
            self.bearers(customer)
        for (channel, over, kind, asked), rows in kinds_of(wanted, ("channel", "touchpoint", "kind", "staff")):
            reason[rows] = words.code(ABSENT.get(channel or "", "bad_address"))
            found = self._found(channel or "", over, kind or "", asked, customer[rows], at, words)
            if found is None:
                continue
            whose, address, place, relation = found
            has = whose >= 0
            mine = rows[has]
            identifier[mine], reason[mine] = address[whose[has]], -1
            touchpoint[mine], staff[mine] = place[whose[has]], relation[whose[has]]
        return pa.table(
            [
                pa.array(identifier, mask=identifier < 0),
                words.texts(touchpoint),
                words.texts(staff),
                words.texts(reason),
            ],
            schema=ADDRESSES,
        )

    def _found(
        self, channel: str, over: str | None, kind: str, staff: str | None, customers: I64, at: int, words: Words
    ) -> tuple[I64, I64, I64, I64] | None:
        """For each customer the place of the best address (-1: none) in: identifiers, touchpoints, members of staff
        (both as codes of `words`)."""
        message = message_kind(channel, kind)
        if message is None:
            return None
        named = staff not in (None, "", "owner")
        bearers = self.bearers(customers)
        assert self._bearing is not None
        people = self._bearing[0]
        if not self._followed:
            # Once for a world, when it is asked where somebody can be reached.
            self._lives.follow(self._session)
            self._followed = True
        if channel not in self._live:
            self._live[channel] = live(self._session, self._lives, self._ways, channel, people, bearers, at)
        wanted = np.zeros(people.size, np.bool_)
        place = np.searchsorted(people, customers)
        wanted[place] = True
        rows: list[tuple[I64, I64, I64, I64, I64, I64]] = []
        for number, one in enumerate(self._live[channel]):
            if one.type not in message.to or (over is not None and over not in one.touchpoints):
                continue
            kept = wanted[one.customer]
            if named:
                kept &= pc.equal(one.staff, staff).to_numpy(zero_copy_only=False)
            count = int(kept.sum())
            rank = np.full(count, message.to.index(one.type) * 1000 + number, np.int64)
            where = np.full(count, words.code(over if over is not None else one.touchpoints[0]), np.int64)
            relations = words.codes(one.staff.filter(pa.array(kept)))
            rows.append((one.customer[kept], rank, one.since[kept], one.identifier[kept], relations, where))
        if not any(row[0].size for row in rows):
            return None
        who, rank, since, address, relation, touchpoint = (
            np.concatenate([row[part] for row in rows]) for part in range(6)
        )  # fmt: skip
        address = self._alive(address, at)
        best = np.full(people.size, -1, np.int64)
        if np.bincount(who, minlength=people.size).max() == 1:
            best[who] = np.arange(who.size)
        else:
            order = np.lexsort((address, -since, rank, address < 0, who))
            first = np.r_[True, who[order][1:] != who[order][:-1]]
            best[who[order][first]] = order[first]
        best[(best >= 0) & (address[best] < 0)] = -1
        return best[place], address, touchpoint, relation

    def _alive(self, address: I64, at: int) -> I64:
        """Addresses without those that are on the list as dead (-1): another of the customer may be alive."""
        dead = _dead(self.connection, keys.distinct(address), at)
        return np.where(keys.among_ordered(address, dead), -1, address)

    def suppressed(self, asked: pa.Table, at: int) -> pa.Array:
        customers = asked.column("customer_id").to_numpy()
        bearers = self.bearers(customers)
        wanted = asked.select(["customer_id", "identifier_id", "purpose", "category", "channel"])
        found = suppression.suppressed(self.connection, bearers, wanted, at)
        return said_of(self.connection, bearers, asked, found, at)

    def consented(self, asked: pa.Table, at: int) -> Bools:
        wanted = asked.select(["customer_id", "purpose", "category", "channel"])
        bearers = self.bearers(asked.column("customer_id").to_numpy())
        held = reading.consented(self.connection, bearers, wanted, at)
        # A category whose purpose nobody named needs none.
        needless = pc.is_null(asked.column("purpose")).to_numpy(zero_copy_only=False)
        agreed: Bools = held.granted | needless
        return agreed

    def zones(self, customers: I64, attribute: str | None) -> tuple[list[str], I64]:
        known = self._zones.get(attribute)
        if known is None or not keys.among_ordered(customers, known[0]).all():
            people = keys.distinct(customers)
            self._zones[attribute] = known = (people, *zones.zones(self._session, people, attribute))
        people, names, codes = known
        return names, codes[np.searchsorted(people, customers)]

    def ledger(self, customers: I64, since: int) -> pa.Table:
        return ledger(self.connection, customers, since, self.deciding)


def said_of(
    connection: Connection, bearers: pa.Table, asked: pa.Table, found: Iterable[str | None], at: int
) -> pa.Array:
    """Reasons of suppressions (`found`) in the words of sends; `refused` also where a channel is refused altogether."""
    customers = asked.column("customer_id").to_numpy()
    said = np.array([None if one is None else SAID.get(one, "refused") for one in found], object)
    for (channel,), rows in kinds_of(asked, ("channel",)):
        no = reading.refused(connection, bearers, customers[rows], channel or "", at)
        hit = rows[no]
        # Who refuses a channel gets what concerns his own doings all the same.
        free = pc.equal(asked.column("category"), "transactional").to_numpy(zero_copy_only=False)[hit]
        said[hit[~free & (said[hit] == None)]] = "refused"  # noqa: E711 elementwise
    return pa.array(said, pa.string())


def ledger(connection: Connection, customers: I64, since: int, without: Collection[int] = ()) -> pa.Table:
    """`LEDGER` of customers (distinct) from the outbox, `without` some messages that are to be called again."""
    t = sends.c
    # What is called again since nobody can tell whether it went out may have.
    again = and_(text(PERHAPS_OUT), t.send_id.not_in(list(without)))
    counted = and_(or_(t.state.in_([int(one) for one in COUNTED]), again), t.claimed.is_not(None), t.claimed >= since)
    columns = (t.customer_id, t.claimed, t.category, t.channel, t.journey)
    if customers.size > _FEW:
        found = fetch(connection, columns, counted).rename_columns(LEDGER.names).cast(LEDGER)
        return found.filter(pc.is_in(found.column("customer_id"), value_set=pa.array(customers)))
    rows: list[tuple[object, ...]] = []
    for start in range(0, customers.size, _CHUNK):
        some = t.customer_id.in_(customers[start : start + _CHUNK].tolist())
        rows += [tuple(row) for row in connection.execute(select(*columns).where(some, counted))]
    values = list(zip(*rows, strict=True)) or [()] * len(LEDGER)
    return pa.table([pa.array(one, kind.type) for one, kind in zip(values, LEDGER, strict=True)], schema=LEDGER)


def _dead(connection: Connection, addresses: I64, at: int) -> I64:
    """Those of these identifiers to which nothing arrives any more."""
    t = suppressions.c
    live = and_(t.lifted.is_(None), or_(t.until.is_(None), t.until > at), t.reason.in_(DEAD))
    if addresses.size > _FEW:
        found = fetch(connection, (t.identifier_id,), and_(t.identifier_id.is_not(None), live))
        return np.unique(found.column(0).to_numpy().astype(np.int64))
    rows: list[int] = []
    for start in range(0, addresses.size, _CHUNK):
        some = t.identifier_id.in_(addresses[start : start + _CHUNK].tolist())
        rows += connection.execute(select(t.identifier_id).where(some, live)).scalars()
    return np.sort(np.array(rows, np.int64))


def message_kind(channel: str, kind: str) -> MessageKind | None:
    found = registry.find(channel)
    return None if found is None else next((one for one in found.manifest.messages if one.name == kind), None)


def kinds_of(table: pa.Table, names: Iterable[str]) -> list[tuple[tuple[str | None, ...], I64]]:
    """The distinct combinations of text columns, each with its rows: few, however many rows there are."""
    if table.num_rows == 0:
        return []
    parts = [table.column(name).combine_chunks().dictionary_encode() for name in names]
    code = np.zeros(table.num_rows, np.int64)
    for part in parts:
        code = code * (len(part.dictionary) + 1) + pc.fill_null(part.indices, len(part.dictionary)).to_numpy()
    if (code == code[0]).all():
        return [(tuple(part[0].as_py() for part in parts), np.arange(code.size))]
    _, first, inverse = np.unique(code, return_index=True, return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(inverse[order])) + 1)
    return [(tuple(part[int(row)].as_py() for part in parts), rows) for row, rows in zip(first, groups, strict=True)]
