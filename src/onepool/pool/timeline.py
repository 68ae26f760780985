"""One customer's events and orders, page by page, over all channels."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
import pyarrow as pa

from onepool.clock import from_micros, to_micros
from onepool.pool.customers import identifier_ids
from onepool.pool.engine import Session, quote

if TYPE_CHECKING:
    from onepool.pool.behaviour import BehaviourIndex


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a timeline: events strictly before (time, seq) come next."""

    time: datetime
    seq: int


@dataclass(frozen=True, slots=True)
class Event:
    """One event in clear. `items`: the lines; `fields`: all fields as sent and normalised."""

    seq: int
    event_id: UUID
    event: str
    time: datetime
    received_at: datetime | None
    channel: str | None
    touchpoint: str | None
    amount: Decimal | None
    currency: str | None
    order_id: str | None
    items: list[Mapping[str, Any]]
    fields: dict[str, Any]
    identifier: tuple[str, str, str] | None


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order in clear."""

    order_id: str
    touchpoint: str | None
    status: str | None
    placed_at: datetime | None
    paid_at: datetime | None
    refunded_at: datetime | None
    closed_at: datetime | None
    amount: Decimal | None
    discount: Decimal | None
    refunded_amount: Decimal | None
    currency: str | None
    store_id: str | None
    items: list[Mapping[str, Any]]


def events(
    session: Session,
    identifiers: Sequence[int] | None,
    *,
    columns: Collection[str],
    before: Place | None = None,
    limit: int = 50,
    event: str | None = None,
    channel: str | None = None,
    customer: int | None = None,
    index: BehaviourIndex | None = None,
) -> tuple[list[Event], Place | None]:
    """The latest events of these identifiers and where the next page begins (None at the end).

    `identifiers`: None for those that the customer has. `columns`: the typed event columns that the pool has. First
    the narrow columns choose the page, then the page's rows are read whole: a customer with a million events costs a
    scan of four columns. With an index, and the customer whose all these identifiers are, nothing is scanned.
    """
    found = None
    whole: list[Mapping[str, Any] | None]
    if index is not None and customer is not None:
        place = None if before is None else (to_micros(before.time), before.seq)
        shared = [*_NARROW, *(name for name in _WIDE if name in columns or name in _EVERYWHERE)]
        found = index.newest(session, customer, limit + 1, place, event=event, channel=channel, columns=shared)
    if found is None:
        identifiers = _identifiers(session, identifiers, customer)
        if not identifiers:
            return [], None
        chosen = _chosen(session, identifiers, before, limit + 1, event, channel)
        rows, known, lined, whole = [-1] * len(chosen), {}, [True] * len(chosen), [None] * len(chosen)
    else:
        chosen = [
            Place(from_micros(time), seq) for time, seq in zip(found.times.tolist(), found.seqs.tolist(), strict=True)
        ]
        rows, known, lined = found.rows.tolist(), dict(found.columns), found.lined.tolist()
        whole = list(found.whole)
    more = len(chosen) > limit
    chosen = chosen[:limit]
    if not chosen:
        return [], None
    known = {name: values[:limit] for name, values in known.items()}
    page = _Page(chosen, rows[:limit], lined[:limit], known, whole[:limit])
    return _whole(session, page, columns, identifiers, customer), chosen[-1] if more else None


_NARROW = ("identifier_id", "event", "channel", "touchpoint")
_EVERYWHERE = ("received_at", "items")
_WIDE = ("amount", "currency", "order_id", *_EVERYWHERE)
_KEPT = ("event_id", "fields", *_WIDE)


@dataclass(frozen=True, slots=True)
class _Page:
    """Which events, in the order of the timeline: their rows in the table (-1: unknown), which of them may have lines,
    columns known already, and what the index has whole."""

    places: Sequence[Place]
    rows: Sequence[int]
    lined: Sequence[bool]
    known: Mapping[str, Sequence[Any]]
    whole: Sequence[Mapping[str, Any] | None]


def _identifiers(session: Session, given: Sequence[int] | None, customer: int | None) -> Sequence[int]:
    return identifier_ids(session, customer) if given is None and customer is not None else given or ()


def _chosen(
    session: Session,
    identifiers: Sequence[int],
    before: Place | None,
    limit: int,
    event: str | None,
    channel: str | None,
) -> list[Place]:
    """Which events are on the page, from a scan of the columns that decide it."""
    parts = ["identifier_id IN (SELECT unnest($ids))"]
    params: dict[str, object] = {"ids": list(identifiers), "limit": limit}
    if before is not None:
        parts.append("time <= $time AND (time < $time OR seq < $seq)")
        params |= {"time": before.time, "seq": before.seq}
    if event is not None:
        parts.append("event = $event")
        params["event"] = event
    if channel is not None:
        parts.append("channel = $channel")
        params["channel"] = channel
    found = session.query(
        f"""SELECT time, seq FROM events WHERE {" AND ".join(parts)}
        ORDER BY time DESC, seq DESC LIMIT $limit""",
        params,
    )
    return [Place(row["time"], row["seq"]) for row in found.to_pylist()]


def _whole(
    session: Session,
    page: _Page,
    columns: Collection[str],
    identifiers: Sequence[int] | None,
    customer: int | None,
) -> list[Event]:
    """Events whole, in the order of the timeline: as the index has them, or by their row in the table, or by their seq.

    Every column of a page costs as many blocks of the file as it has rows, so what is known is not read again.
    """
    left = [name for name in (*_NARROW, *_WIDE) if name not in page.known]
    parts = [
        f"e.{quote(name)}" if name in columns or name not in _OPTIONAL else f"NULL AS {quote(name)}"
        for name in left
        if name != "items"
    ]
    listed = ", ".join(["e.seq", "e.event_id::VARCHAR AS event_id", "e.fields::VARCHAR AS fields", *parts])
    missing = [
        _Missing(place.seq, row, may)
        for place, row, may, kept in zip(page.places, page.rows, page.lined, page.whole, strict=True)
        if kept is None
    ]
    owners = _Owners(session, identifiers, customer)
    found = _read(session, listed, missing, owners, lines="items" in left) if missing else {}
    whole = []
    for number, (place, kept) in enumerate(zip(page.places, page.whole, strict=True)):
        known = {name: values[number] for name, values in page.known.items()}
        if kept is not None:
            own = {name: kept.get(name) if name in columns or name not in _OPTIONAL else None for name in _KEPT}
            whole.append({**own, **known, "seq": place.seq, "time": place.time})
        elif place.seq in found:
            whole.append({**found[place.seq], **known, "time": place.time})
    names = _names(session, sorted({row["identifier_id"] for row in whole}))
    return [_event(row, names.get(row["identifier_id"])) for row in whole]


@dataclass(frozen=True, slots=True)
class _Owners:
    """Whose events are read: these identifiers', or those that the customer has."""

    session: Session
    given: Sequence[int] | None
    customer: int | None

    def identifiers(self) -> list[int]:
        return list(_identifiers(self.session, self.given, self.customer))


@dataclass(frozen=True, slots=True)
class _Missing:
    """An event to be read from the table: its row there (-1: unknown), whether it may have lines."""

    seq: int
    row: int
    lined: bool


def _read(
    session: Session, listed: str, events: Sequence[_Missing], owners: _Owners, *, lines: bool
) -> dict[int, dict[str, Any]]:
    """Columns of events by their seqs, from their rows in the table where these are known; with their lines if asked.

    Lines are as many columns as they have members, and read slowly though they be empty: where fewer than half may
    have any, only those are asked for them.
    """
    query = f"SELECT {listed}{', e.items' if lines else ''} FROM events e"
    missing = {one.seq for one in events}
    rows = {may: [one.row for one in events if one.row >= 0 and one.lined == may] for may in (False, True)}
    if lines and len(rows[True]) * 2 < sum(map(len, rows.values())):
        may = {one.seq for one in events if one.lined}
        plain = f"SELECT {listed}, NULL AS items, false AS lined FROM events e WHERE e.rowid IN (SELECT unnest($plain))"
        some = f"SELECT {listed}, e.items, true AS lined FROM events e WHERE e.rowid IN (SELECT unnest($lined))"
        placed = {"plain": rows[False]} | ({"lined": rows[True]} if rows[True] else {})
        near = session.query(f"{plain} UNION ALL {some}" if rows[True] else plain, placed).to_pylist()
        near = [row for row in near if row.pop("lined") or row["seq"] not in may]
    else:
        placed = {"rows": [*rows[False], *rows[True]]}
        here = f"{query} WHERE e.rowid IN (SELECT unnest($rows))"
        near = session.query(here, placed).to_pylist() if placed["rows"] else []
    # Rows move when the table is rewritten: only those that are still what they were count.
    found = {row["seq"]: row for row in near if row["seq"] in missing}
    missing -= found.keys()
    if missing:
        late = session.query(
            f"{query} WHERE e.seq IN (SELECT unnest($seqs)) AND e.identifier_id IN (SELECT unnest($ids))",
            {"seqs": sorted(missing), "ids": owners.identifiers()},
        ).to_pylist()
        found |= {row["seq"]: row for row in late}
    return found


_OPTIONAL = ("amount", "currency", "order_id")
_SINGLE = 8


def _names(session: Session, identifiers: Sequence[int]) -> dict[int, tuple[str, str, str]]:
    """Type, scope and value of some identifiers."""
    few = len(identifiers) <= _SINGLE
    # A comparison with each of a few looks at the blocks that may have them; a join looks at all.
    inside = ", ".join(f"$i{n}" for n in range(len(identifiers))) if few else "SELECT unnest($ids)"
    params: dict[str, object] = {f"i{n}": one for n, one in enumerate(identifiers)} if few else {"ids": identifiers}
    known = session.query(
        f"SELECT identifier_id, type, scope, value FROM identifiers WHERE identifier_id IN ({inside})", params
    ).to_pylist()
    return {row["identifier_id"]: (row["type"], row["scope"] or "", row["value"]) for row in known}


def event_ids(
    session: Session, seqs: Sequence[int], *, customer: int | None = None, index: BehaviourIndex | None = None
) -> dict[int, str]:
    """The ids of events by their seqs. With an index, and the customer whose they are, by their rows in the table."""
    wanted = np.unique(np.array(seqs, np.int64))
    rows = index.rows(session, customer, wanted) if index is not None and customer is not None else None
    query = "SELECT seq, event_id::VARCHAR AS event_id FROM events WHERE"
    found: dict[int, str] = {}
    if rows is not None and (rows >= 0).any():
        near = session.query(f"{query} rowid IN (SELECT unnest($rows))", {"rows": rows[rows >= 0].tolist()})
        # Rows move when the table is rewritten: there may be somebody else's events by now.
        there = set(wanted.tolist())
        found = {seq: one for seq, one in _pairs(near) if seq in there}
    left = [seq for seq in wanted.tolist() if seq not in found]
    if left:
        late = session.query(f"{query} seq IN (SELECT unnest($seqs))", {"seqs": left})
        found |= dict(_pairs(late))
    return found


def _pairs(found: pa.Table) -> Iterable[tuple[int, str]]:
    return zip(found.column("seq").to_pylist(), found.column("event_id").to_pylist(), strict=True)


def orders(
    session: Session, identifiers: Sequence[int], *, offset: int = 0, limit: int = 50
) -> tuple[list[OrderRow], int]:
    """The latest orders of these identifiers and how many there are in all."""
    params: dict[str, object] = {"ids": list(identifiers)}
    if not identifiers:
        return [], 0
    total = session.query("SELECT count(*) AS n FROM orders WHERE identifier_id IN (SELECT unnest($ids))", params)
    found = session.query(
        """SELECT order_id, touchpoint, status, placed_at, paid_at, refunded_at, closed_at, amount, discount,
            refunded_amount, currency, store_id, items
        FROM orders WHERE identifier_id IN (SELECT unnest($ids))
        ORDER BY coalesce(placed_at, paid_at) DESC NULLS LAST, order_id DESC LIMIT $limit OFFSET $offset""",
        {**params, "limit": limit, "offset": offset},
    ).to_pylist()
    return [OrderRow(**{**row, "items": row["items"] or []}) for row in found], int(total["n"][0].as_py())


def _event(row: dict[str, Any], identifier: tuple[str, str, str] | None) -> Event:
    return Event(
        seq=row["seq"],
        event_id=UUID(row["event_id"]),
        event=row["event"],
        time=row["time"],
        received_at=row["received_at"],
        channel=row["channel"],
        touchpoint=row["touchpoint"],
        amount=row["amount"],
        currency=row["currency"],
        order_id=row["order_id"],
        items=row["items"] or [],
        fields=json.loads(row["fields"]) if row["fields"] else {},
        identifier=identifier,
    )
