"""Links: evidence that two identifiers are one person, gathered per batch and kept in the state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sqlalchemy import Connection, bindparam, case, insert, update

from onepool.state.bulk import insert_many, update_many
from onepool.state.schema import links

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

SAME_EVENT = "same_event"
"""Rule of a link between identifiers that one event, order or profile carried."""

RULED = "decision"
"""Rule of a link that a person made; its event is the number of the decision."""

MOST_MET = 64
"""Pairs of a contact and an account that one row links at most, beside those with its bearer."""

LIKELY = "likelihood"
"""Rule of a link that a model made; its event is the number of the candidate."""


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
    trust: I64 = field(default_factory=_none)  # UNSAID, TYPED or PROVED


@dataclass(frozen=True)
class Concluded:
    """What became of links: ids ascending, and of each its status and reason."""

    ids: I64 = field(default_factory=_none)
    status: Sequence[tuple[str, str]] = ()


def gather(
    bearer: I64, row: I64, node: I64, rows: pa.Table, time: I64, trust: I64, contact: Bools, account: Bools
) -> LinkBatch:
    """The links of a batch: each row's bearer with each of the row's other identifiers, and its contacts with its other
    accounts. `trust`: of each row; `contact`, `account`: of each entry of `node`, whether it is one that joins.

    Without the latter an account that told a phone twice, the second time beside a better account, would look silent
    since the first, and the phone handed on to a stranger. A row with more than MOST_MET pairs of them is no person's
    record; it links by its bearer alone.
    """
    other = bearer[row] != node
    if not other.any():
        return LinkBatch()
    rows_of, left, right = row[other], bearer[row[other]], node[other]
    accounts_in, contacts_in = (np.bincount(row[other & one], minlength=bearer.size) for one in (account, contact))
    few = (accounts_in * contacts_in <= MOST_MET)[row]
    account, contact = other & account & few, other & contact & few
    more = _met(row[account], row[contact])
    if more[0].size:
        accounts, contacts = node[account][more[0]], node[contact][more[1]]
        rows_of = np.concatenate([rows_of, row[account][more[0]]])
        left, right = np.concatenate([left, accounts]), np.concatenate([right, contacts])
    a, b = np.minimum(left, right), np.maximum(left, right)
    encoded = rows.column("touchpoint").combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    names: list[str] = encoded.dictionary.to_pylist()
    touchpoint = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)[rows_of]
    when = time[rows_of]
    # Within a group ordered by time (ties: by row), its first entry is the earliest evidence and its last the latest.
    # Few keys sort faster: both ends as one number, and rows only if they don't come in order.
    both = a << 32 | b
    in_order = bool((rows_of[1:] >= rows_of[:-1]).all())
    order = np.lexsort((when, touchpoint, both) if in_order else (rows_of, when, touchpoint, both))
    a, b, both = a[order], b[order], both[order]
    touchpoint, when, rows_of = touchpoint[order], when[order], rows_of[order]
    starts = np.flatnonzero(np.r_[True, (both[1:] != both[:-1]) | (touchpoint[1:] != touchpoint[:-1])])
    ends = np.r_[starts[1:], a.size] - 1
    event = rows.column("event_id").combine_chunks()
    event = event.storage if isinstance(event, pa.ExtensionArray) else event
    first_event: list[bytes] = event.take(pa.array(rows_of[starts])).to_pylist()
    last_event = list(first_event)
    several = np.flatnonzero(ends != starts)
    for place, one in zip(several.tolist(), event.take(pa.array(rows_of[ends[several]])).to_pylist(), strict=True):
        last_event[place] = one
    return LinkBatch(
        a=a[starts],
        b=b[starts],
        touchpoint=[names[code] for code in touchpoint[starts]],
        first_event=first_event,
        first_time=when[starts],
        last_event=last_event,
        last_time=when[ends],
        count=ends - starts + 1,
        trust=np.maximum.reduceat(trust[rows_of], starts),
    )


def _met(one: I64, other: I64) -> tuple[I64, I64]:
    """Places of all pairs of equal rows, one of each side."""
    none = np.empty(0, np.int64)
    if one.size == 0 or other.size == 0:
        return none, none
    order = np.argsort(other, kind="stable")
    start = np.searchsorted(other[order], one)
    count = np.searchsorted(other[order], one, side="right") - start
    left = np.repeat(np.arange(one.size), count)
    within = np.arange(left.size) - np.repeat(np.cumsum(count) - count, count)
    return left, order[start[left] + within]


def store(connection: Connection, batch: LinkBatch, edge: I64, known: int, concluded: Concluded) -> None:
    """Add a batch of links to the evidence, and what was concluded. Once per batch (not idempotent).

    `edge`: the number of each link; those from `known` on are new. First and last widen, counts add up.
    """
    status = dict(zip(concluded.ids.tolist(), concluded.status, strict=True))
    fresh = edge >= known
    values = list(
        zip(
            edge.tolist(),
            batch.a.tolist(),
            batch.b.tolist(),
            batch.touchpoint,
            batch.first_event,
            batch.first_time.tolist(),
            batch.last_event,
            batch.last_time.tolist(),
            batch.count.tolist(),
            batch.trust.tolist(),
            strict=True,
        )
    )
    new = sorted(values[place] for place in np.flatnonzero(fresh).tolist())
    insert_links(
        connection,
        (
            (number, a, b, SAME_EVENT, touchpoint, e1, t1, e2, t2, count, trust, None, *status.pop(number))
            for number, a, b, touchpoint, e1, t1, e2, t2, count, trust in new
        ),
    )
    update_many(
        connection,
        _WIDEN,
        ("link", "e1", "t1", "e2", "t2", "n", "said"),
        ((values[p][0], *values[p][4:]) for p in np.flatnonzero(~fresh).tolist()),
    )
    mark(connection, ((number, *found) for number, found in status.items()))


def insert_links(connection: Connection, rows: Iterable[Sequence[object]]) -> None:
    """New links, as rows of values in the order of the table's columns."""
    insert_many(connection, insert(links), [column.name for column in links.columns], rows)


def mark(connection: Connection, rows: Iterable[tuple[int, str, str]]) -> None:
    """Write what became of links: (id, status, reason)."""
    update_many(connection, _MARK, ("link", "status_is", "reason_is"), rows)


_WIDEN = (
    update(links)
    .where(links.c.id == bindparam("link"))
    .values(
        first_event=case((bindparam("t1") < links.c.first_time, bindparam("e1")), else_=links.c.first_event),
        first_time=case((bindparam("t1") < links.c.first_time, bindparam("t1")), else_=links.c.first_time),
        last_event=case((bindparam("t2") >= links.c.last_time, bindparam("e2")), else_=links.c.last_event),
        last_time=case((bindparam("t2") >= links.c.last_time, bindparam("t2")), else_=links.c.last_time),
        count=links.c.count + bindparam("n"),
        trust=case((bindparam("said") > links.c.trust, bindparam("said")), else_=links.c.trust),
    )
)
_MARK = (
    update(links)
    .where(links.c.id == bindparam("link"))
    .values(status=bindparam("status_is"), reason=bindparam("reason_is"))
)

__all__ = [
    "LIKELY",
    "MOST_MET",
    "RULED",
    "SAME_EVENT",
    "Concluded",
    "LinkBatch",
    "gather",
    "insert_links",
    "mark",
    "store",
]
