"""Addresses and customers that get nothing, whatever they agreed to: dead addresses, complaints, opt-outs that are not
in the ledger yet, and what people of the brand wrote by hand.

A row of a customer stands for whoever bears that number's identifier now, so merges need no rewriting; a row of an
identifier is for that address only. Rows are never deleted: lifting one is noted in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sqlalchemy import Connection, Row, and_, desc, func, insert, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from onepool.clock import from_micros
from onepool.errors import OnePoolError
from onepool.privacy.consents.words import ALL, bounded
from onepool.reach import keys
from onepool.state.outbox import suppressions

I64 = npt.NDArray[np.int64]

Reason = Literal["hard_bounce", "complaint", "dead_number", "opted_out", "manual", "erased"]
REASONS: Final = ("hard_bounce", "complaint", "dead_number", "opted_out", "manual", "erased")

EXEMPT: Final = "transactional"
"""The category that rows without a category leave alone, except those of erased customers and of dead addresses."""

_EVERYTHING: Final = frozenset({"hard_bounce", "dead_number", "erased"})
"""Reasons for which nothing can be sent, whatever its category."""

ASKED: Final = pa.schema(
    [
        ("customer_id", pa.int64()),
        ("identifier_id", pa.int64()),  # the address; null: not chosen yet
        ("purpose", pa.string()),
        ("category", pa.string()),
        ("channel", pa.string()),
    ]
)
"""What is asked: may this address of this customer be sent something."""

_CHUNK: Final = 500
_FEW: Final = 40_000


class SuppressionError(OnePoolError):
    """An entry that can't be made or lifted like this."""

    code = "suppression"


@dataclass(frozen=True, slots=True)
class Suppression:
    """One entry. Empty `channel`, `purpose`: every one; empty `category`: every one that is not transactional."""

    id: int
    customer_id: int | None
    identifier_id: int | None
    channel: str
    category: str
    purpose: str
    reason: str
    source: str
    at: datetime
    until: datetime | None
    lifted: datetime | None
    lifted_by: str
    author: str
    note: str

    def live(self, now: datetime) -> bool:
        """Whether it holds at an instant."""
        return self.lifted is None and (self.until is None or now < self.until)


# what the gate and the claim ask


def suppressed(
    connection: Connection, bearers: pa.Table, asked: pa.Table, at: int, *, past: bool = False
) -> list[str | None]:
    """Why each row of `asked` (`ASKED`) must not be sent at the instant `at` (µs): its reason, None where it may.

    `bearers`: (customer_id, identifier_id), all identifiers of the customers asked about. `past`: by the entries that
    were in force then, also those lifted since, and without those made since.
    """
    found: list[str | None] = [None] * asked.num_rows
    rows = _live(connection, bearers, asked, at, past)
    if not rows:
        return found
    customers = asked.column("customer_id").to_pylist()
    owner = dict(zip(bearers["identifier_id"].to_pylist(), bearers["customer_id"].to_pylist(), strict=True))
    of_person: dict[int, list[Row[Any]]] = {}
    of_address: dict[int, list[Row[Any]]] = {}
    for row in rows:
        if row.customer_id is not None:
            of_person.setdefault(owner.get(row.customer_id, row.customer_id), []).append(row)
        elif row.identifier_id is not None:
            of_address.setdefault(row.identifier_id, []).append(row)
    # Only rows of those who are on the list at all are looked at one by one.
    listed = np.isin(np.array(customers, np.int64), np.fromiter(of_person, np.int64, len(of_person)))
    if of_address:
        addresses = asked.column("identifier_id").fill_null(-1).to_numpy().astype(np.int64)
        listed |= np.isin(addresses, np.fromiter(of_address, np.int64, len(of_address)))
    places = np.flatnonzero(listed)
    for place, one in zip(places.tolist(), asked.take(pa.array(places)).to_pylist(), strict=True):
        entries = [*of_person.get(one["customer_id"], ()), *of_address.get(one["identifier_id"], ())]
        found[place] = next((entry.reason for entry in entries if means(entry, one)), None)
    return found


def means(entry: Row[Any], one: Mapping[str, Any]) -> bool:
    """Whether an entry is about what is asked."""
    if entry.channel and entry.channel != one["channel"]:
        return False
    if entry.purpose not in ("", ALL) and entry.purpose != bounded(one["purpose"] or "", 64):
        return False
    if entry.category:
        return bool(entry.category == one["category"])
    return one["category"] != EXEMPT or entry.reason in _EVERYTHING


def _live(connection: Connection, bearers: pa.Table, asked: pa.Table, at: int, past: bool = False) -> list[Row[Any]]:
    """Entries in force that can be about these customers and addresses, the oldest first."""
    t = suppressions.c
    live = and_(t.lifted.is_(None), or_(t.until.is_(None), t.until > at))
    if past:
        live = and_(t.at <= at, or_(t.lifted.is_(None), t.lifted > at), or_(t.until.is_(None), t.until > at))
    columns = (t.id, t.customer_id, t.identifier_id, t.channel, t.category, t.purpose, t.reason)
    nodes = keys.distinct(bearers.column("identifier_id").to_numpy().astype(np.int64))
    addresses = keys.distinct(asked.column("identifier_id").drop_null().to_numpy().astype(np.int64))
    if nodes.size + addresses.size > _FEW:
        return list(connection.execute(select(*columns).where(live).order_by(t.id)))
    rows: dict[int, Row[Any]] = {}
    for column, wanted in ((t.customer_id, nodes), (t.identifier_id, addresses)):
        for start in range(0, wanted.size, _CHUNK):
            some = column.in_(wanted[start : start + _CHUNK].tolist())
            rows |= {row.id: row for row in connection.execute(select(*columns).where(live, some))}
    return [rows[number] for number in sorted(rows)]


# the list itself


def add(
    connection: Connection,
    *,
    at: int,
    reason: Reason,
    source: str,
    customer_id: int | None = None,
    identifier_id: int | None = None,
    channel: str = "",
    category: str = "",
    until: int | None = None,
    author: str = "",
    note: str = "",
) -> int | None:
    """Put somebody on the list, in the caller's transaction; its number, None where the same entry holds already.

    Of a customer or of an address, never both. Instants in µs. Raises SuppressionError.
    """
    if (customer_id is None) == (identifier_id is None):
        raise SuppressionError("an entry is about a customer or about an address", hint="name one of both")
    if reason not in REASONS:
        raise SuppressionError(f"there is no reason {reason}", hint=f"one of {', '.join(REASONS)}")
    t = suppressions.c
    same = and_(
        t.customer_id.is_(None) if customer_id is None else t.customer_id == customer_id,
        t.identifier_id.is_(None) if identifier_id is None else t.identifier_id == identifier_id,
        t.channel == channel,
        t.category == category,
        t.purpose == "",
        t.reason == reason,
        t.lifted.is_(None),
        t.log_offset.is_(None),
        or_(t.until.is_(None), t.until >= (at if until is None else until)) if until is not None else t.until.is_(None),
    )
    if connection.execute(select(t.id).where(same).limit(1)).first() is not None:
        return None
    made = connection.execute(
        insert(suppressions)
        .values(
            customer_id=customer_id, identifier_id=identifier_id, channel=channel, category=category, reason=reason,
            source=source[:128], at=at, until=until, author=author[:256], note=note[:2000],
        )
        .returning(t.id)
    )  # fmt: skip
    return int(made.scalar_one())


def lift(connection: Connection, numbers: Sequence[int], at: int, by: str) -> int:
    """Take entries off the list; they stay readable. Returns how many held until now."""
    t = suppressions.c
    count = 0
    for start in range(0, len(numbers), _CHUNK):
        some = t.id.in_(list(numbers[start : start + _CHUNK]))
        changed = connection.execute(
            update(suppressions).where(some, t.lifted.is_(None)).values(lifted=at, lifted_by=by[:256])
        )
        count += changed.rowcount
    return count


def entries(
    connection: Connection,
    *,
    nodes: Sequence[int] | None = None,
    channel: str | None = None,
    reason: str | None = None,
    live_at: int | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Suppression]:
    """Entries, the latest first. `nodes`: about any of these identifiers, or customers with these numbers."""
    query = select(suppressions).where(*_wanted(nodes, channel, reason, live_at)).order_by(desc(suppressions.c.id))
    if before is not None:
        query = query.where(suppressions.c.id < before)
    return [_suppression(row) for row in connection.execute(query.limit(limit))]


def count(
    connection: Connection, *, channel: str | None = None, reason: str | None = None, live_at: int | None = None
) -> int:
    """How many there are."""
    query = select(func.count()).select_from(suppressions).where(*_wanted(None, channel, reason, live_at))
    return int(connection.execute(query).scalar_one())


def find(connection: Connection, number: int) -> Suppression | None:
    """One by its number."""
    row = connection.execute(select(suppressions).where(suppressions.c.id == number)).one_or_none()
    return None if row is None else _suppression(row)


def _wanted(
    nodes: Sequence[int] | None, channel: str | None, reason: str | None, live_at: int | None
) -> list[ColumnElement[bool]]:
    t = suppressions.c
    found: list[ColumnElement[bool]] = []
    if nodes is not None:
        found.append(or_(t.customer_id.in_(list(nodes)), t.identifier_id.in_(list(nodes))))
    if channel is not None:
        found.append(t.channel == channel)
    if reason is not None:
        found.append(t.reason == reason)
    if live_at is not None:
        found += [t.lifted.is_(None), or_(t.until.is_(None), t.until > live_at)]
    return found


def _suppression(row: Row[Any]) -> Suppression:
    return Suppression(
        id=row.id,
        customer_id=row.customer_id,
        identifier_id=row.identifier_id,
        channel=row.channel,
        category=row.category,
        purpose=row.purpose,
        reason=row.reason,
        source=row.source,
        at=from_micros(row.at),
        until=None if row.until is None else from_micros(row.until),
        lifted=None if row.lifted is None else from_micros(row.lifted),
        lifted_by=row.lifted_by,
        author=row.author,
        note=row.note,
    )
