"""One customer's events and orders, page by page, over all channels."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from onepool.clock import from_micros, to_micros
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
    identifiers: Sequence[int],
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

    `columns`: the typed event columns that the pool has. First the narrow columns choose the page, then the page's
    rows are read whole: a customer with a million events costs a scan of four columns. With an index, and the customer
    whose all these identifiers are, nothing is scanned.
    """
    if not identifiers:
        return [], None
    found = None
    if index is not None and customer is not None:
        place = None if before is None else (to_micros(before.time), before.seq)
        found = index.newest(session, customer, limit + 1, place, event=event, channel=channel)
    if found is not None:
        chosen = [
            Place(from_micros(time), seq) for time, seq in zip(found.times.tolist(), found.seqs.tolist(), strict=True)
        ]
        rows = dict(zip(found.seqs.tolist(), found.rows.tolist(), strict=True))
    else:
        chosen, rows = _chosen(session, identifiers, before, limit + 1, event, channel), {}
    more = len(chosen) > limit
    chosen = chosen[:limit]
    if not chosen:
        return [], None
    read = _whole(session, identifiers, [(place.seq, rows.get(place.seq, -1)) for place in chosen], columns)
    return read, chosen[-1] if more else None


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
    session: Session, identifiers: Sequence[int], wanted: Sequence[tuple[int, int]], columns: Collection[str]
) -> list[Event]:
    """Events whole, in the order of the timeline: by their row in the table (-1: unknown), or else by their seq."""
    optional = ", ".join(
        f"e.{quote(name)}" if name in columns else f"NULL AS {quote(name)}"
        for name in ("amount", "currency", "order_id")
    )
    query = f"""SELECT e.seq, e.identifier_id, e.event_id::VARCHAR AS event_id, e.event, e.time, e.received_at,
        e.channel, e.touchpoint, {optional}, e.items, e.fields::VARCHAR AS fields FROM events e"""
    missing = {seq for seq, _ in wanted}
    found: list[dict[str, Any]] = []
    placed = [row for _, row in wanted if row >= 0]
    if placed:
        # Rows move when the table is rewritten: only those that are still what they were count.
        near = session.query(f"{query} WHERE e.rowid IN (SELECT unnest($rows))", {"rows": placed}).to_pylist()
        found = [row for row in near if row["seq"] in missing]
        missing -= {row["seq"] for row in found}
    if missing:
        found += session.query(
            f"{query} WHERE e.seq IN (SELECT unnest($seqs)) AND e.identifier_id IN (SELECT unnest($ids))",
            {"seqs": sorted(missing), "ids": list(identifiers)},
        ).to_pylist()
    bearers = sorted({row["identifier_id"] for row in found})
    known = session.query(
        "SELECT identifier_id, type, scope, value FROM identifiers WHERE identifier_id IN (SELECT unnest($ids))",
        {"ids": bearers},
    ).to_pylist()
    names = {row["identifier_id"]: (row["type"], row["scope"] or "", row["value"]) for row in known}
    found.sort(key=lambda row: (row["time"], row["seq"]), reverse=True)
    return [_event(row, names.get(row["identifier_id"])) for row in found]


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
