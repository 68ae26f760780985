"""Links: evidence that two identifiers are one person, gathered per batch and kept in the state."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sqlalchemy import Connection, Insert, case, func
from sqlalchemy.dialects import postgresql, sqlite

from onepool.state.bulk import insert_many
from onepool.state.schema import links

I64 = npt.NDArray[np.int64]

SAME_EVENT = "same_event"
"""Rule of a link between identifiers that one event, order or profile carried."""


def _none() -> I64:
    return np.empty(0, np.int64)


@dataclass(frozen=True)
class LinkBatch:
    """Links of one batch, one entry per (a, b, touchpoint), a < b; times in µs, events as 16 raw bytes."""

    a: I64 = field(default_factory=_none)
    b: I64 = field(default_factory=_none)
    touchpoint: list[str] = field(default_factory=list)
    first_event: list[bytes] = field(default_factory=list)
    first_time: I64 = field(default_factory=_none)
    last_event: list[bytes] = field(default_factory=list)
    last_time: I64 = field(default_factory=_none)
    count: I64 = field(default_factory=_none)


def gather(bearer: I64, row: I64, node: I64, rows: pa.Table, time: I64) -> LinkBatch:
    """The links of a batch: each row's bearer with each of the row's other identifiers."""
    other = bearer[row] != node
    if not other.any():
        return LinkBatch()
    rows_of = row[other]
    left, right = bearer[rows_of], node[other]
    a, b = np.minimum(left, right), np.maximum(left, right)
    encoded = rows.column("touchpoint").combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    names: list[str] = encoded.dictionary.to_pylist()
    touchpoint = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)[rows_of]
    when = time[rows_of]
    # Within a group ordered by time (ties: by row), its first entry is the earliest evidence and its last the latest.
    order = np.lexsort((rows_of, when, touchpoint, b, a))
    a, b, touchpoint, when, rows_of = a[order], b[order], touchpoint[order], when[order], rows_of[order]
    starts = np.flatnonzero(np.r_[True, (a[1:] != a[:-1]) | (b[1:] != b[:-1]) | (touchpoint[1:] != touchpoint[:-1])])
    ends = np.r_[starts[1:], a.size] - 1
    event = rows.column("event_id").combine_chunks()
    event = event.storage if isinstance(event, pa.ExtensionArray) else event
    return LinkBatch(
        a=a[starts],
        b=b[starts],
        touchpoint=[names[code] for code in touchpoint[starts]],
        first_event=event.take(pa.array(rows_of[starts])).to_pylist(),
        first_time=when[starts],
        last_event=event.take(pa.array(rows_of[ends])).to_pylist(),
        last_time=when[ends],
        count=ends - starts + 1,
    )


def link_key(a: int, b: int, rule: str, touchpoint: str) -> bytes:
    """The 128-bit key of a link: blake2b over both identifiers, the rule and the touchpoint."""
    return blake2b(f"{a}\x1f{b}\x1f{rule}\x1f{touchpoint}".encode(), digest_size=16).digest()


def store(connection: Connection, batch: LinkBatch) -> None:
    """Add a batch of links to the evidence: first and last widen, counts add up. Once per batch (not idempotent)."""
    if batch.a.size == 0:
        return
    columns = zip(
        batch.a.tolist(),
        batch.b.tolist(),
        batch.touchpoint,
        batch.first_event,
        batch.first_time.tolist(),
        batch.last_event,
        batch.last_time.tolist(),
        batch.count.tolist(),
        strict=True,
    )
    insert_many(
        connection,
        _upsert(connection),
        (
            *("key", "a", "b", "rule", "touchpoint", "first_event", "first_time", "last_event", "last_time", "count"),
            "status",
        ),
        (
            (link_key(a, b, SAME_EVENT, touchpoint), a, b, SAME_EVENT, touchpoint, *rest, "active")
            for a, b, touchpoint, *rest in columns
        ),
    )


def _upsert(connection: Connection) -> Insert:
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = make(links)
    new = statement.excluded
    earlier = new.first_time < links.c.first_time
    later = new.last_time >= links.c.last_time
    least, most = (func.least, func.greatest) if connection.dialect.name == "postgresql" else (func.min, func.max)
    return statement.on_conflict_do_update(
        index_elements=[links.c.key],
        set_={
            "first_event": case((earlier, new.first_event), else_=links.c.first_event),
            "first_time": least(links.c.first_time, new.first_time),
            "last_event": case((later, new.last_event), else_=links.c.last_event),
            "last_time": most(links.c.last_time, new.last_time),
            "count": links.c.count + new.count,
        },
    )
