"""Where customers can be reached: live addresses, from what the pool knows of identifiers and of the events that begin
and end the life of an address.

The meaning is that of `reachable` (audience/conditions/standing/addresses.py). There the question is whether somebody
has a live address at all; here it is which. Events of the kind are few beside all others, so they are kept in memory,
and the new ones are added by their place in the log.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from onepool.audience.conditions.standing.ways import Way, Ways
from onepool.channels.base import Life
from onepool.pool import Session
from onepool.pool.engine import quote
from onepool.pool.schema import IN_USE
from onepool.reach.keys import I64

Bools = npt.NDArray[np.bool_]

_LIFE: Final = pa.schema(
    [
        ("identifier_id", pa.int64()),
        ("relation", pa.string()),
        ("begins", pa.bool_()),
        ("time", pa.int64()),
        ("seq", pa.int64()),
    ]
)
_NONE: Final = -1
_GROWN: Final = """SELECT (SELECT count(*) FROM events) AS total, count(*) AS fresh, max(seq) AS last
    FROM events WHERE seq > $last"""

_Key: TypeAlias = tuple[str, str, str]
"""Channel, type and scope of a way."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Live addresses, row by row: of the customer at a place among those asked about. `staff`: the relation over which
    it lives ("" where there is none); `since`: when that began, else when the identifier was last seen (µs)."""

    customer: I64
    identifier: I64
    staff: pa.Array
    since: I64
    type: str
    touchpoints: tuple[str, ...]


class Lives:
    """Events of addresses' lives, by way. One for a process; `of` may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ways: Ways = {}
        self._seq: dict[_Key, int] = {}
        self._known: dict[_Key, pa.Table] = {}
        self._columns: frozenset[str] = frozenset()
        self._total = 0
        self._last = _NONE

    def follow(self, session: Session) -> None:
        """Begin anew where the pool is not what it was plus what came since: a replay puts events behind those that
        were read, a rebuild makes all of them again."""
        with self._lock:
            (found,) = session.query(_GROWN, {"last": self._last}).to_pylist()
            if found["total"] != self._total + found["fresh"]:
                self._seq.clear()
                self._known.clear()
            self._total = int(found["total"])
            self._last = int(found["last"]) if found["last"] is not None else self._last

    def of(self, session: Session, ways: Ways, channel: str, way: Way) -> pa.Table:
        """The events of a way (`_LIFE`), sorted by identifier."""
        with self._lock:
            if ways != self._ways or not self._columns:
                self._ways = ways
                self._seq.clear()
                self._known.clear()
                self._columns = _columns(session)
            key = (channel, way.type, way.scope)
            known = self._known.get(key, _LIFE.empty_table())
            if not (way.begins or way.ends):
                return known
            new = _read(session, channel, way, self._seq.get(key, _NONE), self._columns)
            if new.num_rows:
                self._seq[key] = int(pc.max(new.column("seq")).as_py())
                known = pa.concat_tables([known, new]).sort_by("identifier_id").combine_chunks()
                self._known[key] = known
            return known


def live(
    session: Session, lives: Lives, ways: Ways, channel: str, customers: I64, bearers: pa.Table, at: int
) -> list[Addresses]:
    """The live addresses of customers (distinct, ascending) on a channel, by way. `bearers`: (customer_id,
    identifier_id), all identifiers of these customers; `at`: µs."""
    found = []
    for way in ways.get(channel, ()):
        told = lives.of(session, ways, channel, way)
        known = _identifiers(session, way, bearers, at)
        if known.num_rows:
            found.append(_living(way, told, known, customers, bearers, at))
    return found


def _living(way: Way, told: pa.Table, known: pa.Table, customers: I64, bearers: pa.Table, at: int) -> Addresses:
    identifier = known.column("identifier_id").to_numpy()
    whose = np.searchsorted(customers, known.column("customer_id").to_numpy())
    seen = known.column("seen").to_numpy()
    owner, relation, since, names = _begun(way, told, customers, bearers, at)
    # An owner of whom nothing was told stands as the channel says; else each relation that lives is a way of its own.
    mine = whose if way.scoped else identifier
    heard = np.unique(owner)
    untold = ~np.isin(mine, heard) & way.known
    alive = since >= 0
    owner, relation, since = owner[alive], relation[alive], since[alive]
    order = np.argsort(owner, kind="stable")
    owner, relation, since = owner[order], relation[order], since[order]
    low, high = np.searchsorted(owner, mine), np.searchsorted(owner, mine, side="right")
    times = high - low
    rows = np.repeat(np.arange(mine.size), times)
    place = np.repeat(low, times) + np.arange(rows.size) - np.repeat(np.cumsum(times) - times, times)
    rest = np.flatnonzero(untold)
    staff = pa.concat_arrays([names.take(pa.array(relation[place])), pa.array([""] * rest.size, pa.string())])
    chosen = np.r_[rows, rest]
    when = np.r_[since[place] if way.per else seen[rows], seen[rest]]
    return Addresses(whose[chosen], identifier[chosen], staff, when, way.type, way.touchpoints)


def _begun(way: Way, told: pa.Table, customers: I64, bearers: pa.Table, at: int) -> tuple[I64, I64, I64, pa.Array]:
    """Per owner (a customer's place, or an identifier) and relation: since when it lives, -1 where it was ended; names
    of the relations."""
    empty = np.empty(0, np.int64)
    nodes = bearers.column("identifier_id").to_numpy()
    if told.num_rows == 0 or nodes.size == 0:
        return empty, empty, empty, pa.array([], pa.string())
    order = np.argsort(nodes, kind="stable")
    nodes = nodes[order]
    base = np.searchsorted(customers, bearers.column("customer_id").to_numpy())[order]
    of = told.column("identifier_id").to_numpy()
    low, high = np.searchsorted(of, nodes), np.searchsorted(of, nodes, side="right")
    times = high - low
    rows = np.repeat(low, times) + np.arange(int(times.sum())) - np.repeat(np.cumsum(times) - times, times)
    owner = np.repeat(base if way.scoped else nodes, times)
    part = told.take(pa.array(rows))
    time = part.column("time").to_numpy()
    # Like `reachable`, what counts is what happened before the instant.
    past = time < at
    coded = part.column("relation").combine_chunks().dictionary_encode()
    relation = coded.indices.to_numpy().astype(np.int64)[past]
    owner, time, seq = owner[past], time[past], part.column("seq").to_numpy()[past]
    begins = part.column("begins").to_numpy(zero_copy_only=False)[past]
    order = np.lexsort((seq, time, relation, owner))
    owner, relation, time, begins = owner[order], relation[order], time[order], begins[order]
    last = np.ones(owner.size, np.bool_)
    last[:-1] = (owner[1:] != owner[:-1]) | (relation[1:] != relation[:-1])
    return owner[last], relation[last], np.where(begins, time, -1)[last], coded.dictionary.cast(pa.string())


def _identifiers(session: Session, way: Way, bearers: pa.Table, at: int) -> pa.Table:
    """Identifiers of the way that these customers bear at the instant: customer_id, identifier_id, seen (µs)."""
    session.relation("_bearers", bearers)
    return session.query(
        f"""SELECT b.customer_id, i.identifier_id, epoch_us(i.last_seen) AS seen
        FROM identifiers i JOIN _bearers b USING (identifier_id)
        WHERE i.type = $type AND i.scope = $scope AND {IN_USE}
            AND greatest(i.first_seen, coalesce(i.valid_from, i.first_seen)) <= make_timestamptz($at)
            AND (i.valid_to IS NULL OR i.valid_to > make_timestamptz($at))""",
        {"type": way.type, "scope": way.scope, "at": at},
    )


def _columns(session: Session) -> frozenset[str]:
    found = session.query(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'main' AND table_name = 'events'"
    )
    return frozenset(found.column("column_name").to_pylist())


def _read(session: Session, channel: str, way: Way, after: int, columns: frozenset[str]) -> pa.Table:
    """Events of the way behind a place in the log. Field names are the manifests', values are bound."""
    params: dict[str, Any] = {"after": after, "channel": channel, "touchpoints": list(way.touchpoints)}

    def field(name: str) -> str:
        return f"e.{quote(name)}::VARCHAR" if name in columns else f"json_extract_string(e.fields, '$.{name}')"

    def some(lives: Sequence[Life]) -> str:
        tests = []
        for life in lives:
            params[f"v{len(params)}"] = life.event
            parts = [f"e.event = $v{len(params) - 1}"]
            for name, values in life.where.items():
                params[f"v{len(params)}"] = list(values)
                parts.append(f"coalesce(list_contains($v{len(params) - 1}, {field(name)}), false)")
            tests.append(f"({' AND '.join(parts)})")
        return f"({' OR '.join(tests)})" if tests else "false"

    begins = some(way.begins)
    either = f"({begins} OR {some(way.ends)})"
    spoken = f"coalesce(nullif({field('message_channel')}, ''), e.channel) = $channel"
    here = "list_contains($touchpoints, e.touchpoint)" if way.scoped else spoken
    params.pop("channel" if way.scoped else "touchpoints")
    relation = f"coalesce({field(way.per)}, '')" if way.per else "''"
    return session.query(
        f"""SELECT e.identifier_id, {relation} AS relation, {begins} AS begins, epoch_us(e.time) AS time, e.seq
        FROM events e WHERE e.seq > $after AND {here} AND {either}""",
        params,
    ).cast(_LIFE)
