"""The ledger of consent: rows are only ever added, and what holds is the fold of them.

A word is one thing that an event said: of an identifier, for a purpose, a category and a channel. The state keeps the
latest word of each by (time of the event, place in the log), so neither batches nor the order of arrival matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa
from sqlalchemy import (
    Connection,
    Row,
    and_,
    bindparam,
    delete,
    desc,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from onepool.clock import from_micros
from onepool.privacy.consents.words import GRANTED, WITHDRAWN, WORDS
from onepool.state.bulk import insert_many
from onepool.state.consents import consent_ledger, consent_states

_LEDGER: Final = (
    "seq", "identifier_id", "purpose", "category", "channel", "action", "time", "at", "source", "touchpoint",
    "event_id", "notice", "notice_hash", "evidence",
)  # fmt: skip
_KEY: Final = ("identifier_id", "purpose", "category", "channel")
_STATE: Final = (*_KEY, "granted", "time", "seq")
_CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the ledger. `time`: when it was said; `at`: when it was written here."""

    id: int
    identifier_id: int
    purpose: str
    category: str
    channel: str
    granted: bool
    time: datetime
    at: datetime
    source: str
    touchpoint: str
    event_id: bytes | None
    notice: str
    notice_hash: str
    evidence: str
    seq: int


def fold(connection: Connection, words: pa.Table, at: int) -> None:
    """Add words (`WORDS`) to the ledger and to what holds, in the caller's transaction. Adding them again is nothing.

    `at`: now, µs.
    """
    if words.num_rows == 0:
        return
    if not words.schema.equals(WORDS):
        raise ValueError("words have the columns of WORDS")
    columns = {name: words.column(name).to_pylist() for name in words.column_names}
    action = [GRANTED if yes else WITHDRAWN for yes in columns["granted"]]
    whole = {**columns, "action": action, "at": [at] * words.num_rows}
    _add(connection, zip(*(whole[name] for name in _LEDGER), strict=True))
    newest = latest(words)
    kept = {name: newest.column(name).to_pylist() for name in _STATE}
    _take(connection, zip(*(kept[name] for name in _STATE), strict=True))


def latest(words: pa.Table) -> pa.Table:
    """Of each identifier, purpose, category and channel the row that holds: the latest by (time, seq)."""
    keys = [words.column(name).combine_chunks().dictionary_encode() for name in _KEY[1:]]
    codes = [one.indices.to_numpy(zero_copy_only=False) for one in keys]
    node = words.column("identifier_id").to_numpy()
    order = np.lexsort((words.column("seq").to_numpy(), words.column("time").to_numpy(), *codes, node))
    same = np.ones(max(order.size - 1, 0), np.bool_)
    for column in (node, *codes):
        ordered = column[order]
        same &= ordered[1:] == ordered[:-1]
    last = np.r_[~same, True] if order.size else np.zeros(0, np.bool_)
    return words.take(pa.array(order[last]))


def _add(connection: Connection, rows: Iterable[Sequence[Any]]) -> None:
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    insert_many(connection, dialect.insert(consent_ledger).on_conflict_do_nothing(), _LEDGER, rows)


def _take(connection: Connection, rows: Iterable[Sequence[Any]]) -> None:
    """What is later than what is known replaces it."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    adding = dialect.insert(consent_states)
    new, known = adding.excluded, consent_states.c
    upsert = adding.on_conflict_do_update(
        index_elements=list(_KEY),
        set_={name: new[name] for name in ("granted", "time", "seq")},
        where=tuple_(new.time, new.seq) > tuple_(known.time, known.seq),
    )
    insert_many(connection, upsert, _STATE, rows)


# values that were handed on to somebody else


def retime(connection: Connection, tenures: pa.Table) -> None:
    """Give words about a value that was handed on to whoever had it then.

    `tenures`: (base, identifier_id, valid_from, valid_to in µs), all of each base, as `identity.Resolved.retimed`.
    """
    if tenures.num_rows == 0:
        return
    t = consent_ledger.c
    moving = (
        update(consent_ledger)
        .where(t.identifier_id.in_(bindparam("members", expanding=True)))
        .where(t.time >= bindparam("since"), t.time < bindparam("until"), t.identifier_id != bindparam("now"))
        .values(identifier_id=bindparam("now"))
    )
    by_base: dict[int, list[dict[str, int]]] = {}
    for row in tenures.to_pylist():
        by_base.setdefault(row["base"], []).append(row)
    for spans in by_base.values():
        members = [row["identifier_id"] for row in spans]
        if connection.execute(select(t.id).where(t.identifier_id.in_(members)).limit(1)).first() is None:
            continue
        for row in spans:
            if row["valid_from"] < row["valid_to"]:
                span = {"since": row["valid_from"], "until": row["valid_to"], "now": row["identifier_id"]}
                connection.execute(moving, {"members": members, **span})
        refold(connection, members)


def refold(connection: Connection, nodes: Sequence[int] | None = None) -> None:
    """Make what holds anew from the ledger, of these identifiers or of all."""
    ledger, states = consent_ledger.c, consent_states.c
    some = [None] if nodes is None else [list(nodes[at : at + _CHUNK]) for at in range(0, len(nodes), _CHUNK)]
    for part in some:
        gone, from_ledger = delete(consent_states), _holding()
        if part is not None:
            gone = gone.where(states.identifier_id.in_(part))
            from_ledger = _holding(ledger.identifier_id.in_(part))
        connection.execute(gone)
        insert_many(
            connection, consent_states.insert(), _STATE, (tuple(row) for row in connection.execute(from_ledger).all())
        )


def differences(connection: Connection) -> int:
    """Rows in which what holds is not the fold of the ledger, either way round: none, unless something is wrong."""
    folded = _holding().subquery()
    states = consent_states.c
    same = and_(*(folded.c[name] == states[name] for name in _STATE))
    missing = select(func.count()).select_from(folded).where(~select(literal(1)).where(same).exists())
    beyond = select(func.count()).select_from(consent_states).where(~select(literal(1)).where(same).exists())
    return int(connection.execute(missing).scalar_one()) + int(connection.execute(beyond).scalar_one())


def _holding(*where: Any) -> Any:
    """The latest word of each key, from the ledger."""
    t = consent_ledger.c
    place = func.row_number().over(partition_by=[t[name] for name in _KEY], order_by=[desc(t.time), desc(t.seq)])
    ranked = select(*(t[name] for name in _KEY), (t.action == GRANTED).label("granted"), t.time, t.seq,
                    place.label("place")).where(*where).subquery()  # fmt: skip
    return select(*(ranked.c[name] for name in _STATE)).where(ranked.c.place == 1)


# reading


def history(
    connection: Connection,
    nodes: Sequence[int] | None = None,
    *,
    channel: str | None = None,
    purpose: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Entry]:
    """Words of these identifiers (of all), the latest written first; `before`: only entries with a smaller id."""
    t = consent_ledger.c
    query = select(consent_ledger).order_by(desc(t.id)).limit(limit)
    if nodes is not None:
        query = query.where(t.identifier_id.in_(list(nodes)))
    if channel is not None:
        query = query.where(or_(t.channel == channel, t.channel == ""))
    if purpose is not None:
        query = query.where(t.purpose == purpose)
    if before is not None:
        query = query.where(t.id < before)
    return [_entry(row) for row in connection.execute(query)]


def proofs(connection: Connection, seqs: Sequence[int]) -> dict[int, Entry]:
    """The entry behind each word, by its `seq`; of an event that named several things the first."""
    found: dict[int, Entry] = {}
    for start in range(0, len(seqs), _CHUNK):
        some = consent_ledger.c.seq.in_(list(seqs[start : start + _CHUNK]))
        for row in connection.execute(select(consent_ledger).where(some).order_by(desc(consent_ledger.c.id))):
            found[row.seq] = _entry(row)
    return found


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        id=row.id,
        identifier_id=row.identifier_id,
        purpose=row.purpose,
        category=row.category,
        channel=row.channel,
        granted=row.action == GRANTED,
        time=from_micros(row.time),
        at=from_micros(row.at),
        source=row.source,
        touchpoint=row.touchpoint,
        event_id=row.event_id,
        notice=row.notice,
        notice_hash=row.notice_hash,
        evidence=row.evidence,
        seq=row.seq,
    )
