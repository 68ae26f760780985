"""A withdrawal holds from the moment it is on disk, also while the tick is behind.

What somebody says on a page of ours or in a reply goes into the log, and the ledger follows with the tick. In between a
stop in the list of suppressions keeps messages back; the tick that takes the word into the ledger lifts it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, insert, select, update

from onepool.privacy.consents.words import ALL, SEQ_BITS, bounded, of_template
from onepool.state.bulk import insert_many
from onepool.state.consents import consent_ledger
from onepool.state.outbox import suppressions

_CHUNK: Final = 500
_COLUMNS: Final = (
    "customer_id", "channel", "category", "purpose", "reason", "source", "at", "log_offset", "lifted_by", "author",
    "note",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stop:
    """A withdrawal: of whoever bears the identifier; empty parts mean everything."""

    identifier_id: int
    purpose: str = ""
    category: str = ""
    channel: str = ""


def stop(connection: Connection, stops: Iterable[Stop], *, offset: int, source: str, at: int) -> None:
    """Keep messages back until the log's record `offset` is in the ledger; nothing where it is. `at`: now, µs."""
    seq = consent_ledger.c.seq
    taken = select(seq).where(seq >= offset << SEQ_BITS, seq < (offset + 1) << SEQ_BITS).limit(1)
    if connection.execute(taken).first() is not None:
        return
    rows = (
        (one.identifier_id, bounded(one.channel, 32), bounded(one.category, 32),
         "" if one.purpose == ALL else bounded(one.purpose, 64), "opted_out", source[:128], at, offset, "", "", "")
        for one in stops
    )  # fmt: skip
    insert_many(connection, insert(suppressions), _COLUMNS, rows)


def on_their_way(connection: Connection, nodes: Sequence[int]) -> list[Stop]:
    """What was withdrawn of these identifiers and is not in the ledger yet."""
    t = suppressions.c
    asked = select(t.customer_id, t.purpose, t.category, t.channel).where(
        t.customer_id.in_(list(nodes)), t.reason == "opted_out", t.log_offset.is_not(None), t.lifted.is_(None)
    )
    return [Stop(*row) for row in connection.execute(asked)]


def hold(connection: Connection, words: pa.Table, at: int) -> None:
    """Withdrawals dated ahead (a sender's clock that is fast) hold from now on too: until their own time comes."""
    ahead = words.filter(pc.and_(pc.invert(words.column("granted")), pc.greater_equal(words.column("time"), at)))
    rows = (
        (one["identifier_id"], one["channel"], one["category"], "" if one["purpose"] == ALL else one["purpose"],
         "opted_out", "ahead", at, one["time"] + 1, "", "", "")
        for one in ahead.to_pylist()
        if not of_template(one["purpose"])
    )  # fmt: skip
    columns = tuple("until" if name == "log_offset" else name for name in _COLUMNS)
    insert_many(connection, insert(suppressions), columns, rows)


def release(connection: Connection, offsets: Sequence[int], at: int) -> None:
    """The ledger has what these records of the log say."""
    t = suppressions.c
    waiting = t.log_offset.is_not(None) & t.lifted.is_(None)
    if connection.execute(select(t.id).where(waiting).limit(1)).first() is None:
        return
    for start in range(0, len(offsets), _CHUNK):
        some = t.log_offset.in_(list(offsets[start : start + _CHUNK]))
        connection.execute(update(suppressions).where(waiting, some).values(lifted=at, lifted_by="ledger"))
