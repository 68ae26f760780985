"""Taking a person who is erased off every list: in the state at once, in the pool with the next change it takes in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, or_, select, update

from onepool.audience.lists import log
from onepool.audience.lists.definition import CUSTOMER
from onepool.state.schema import identifiers, list_changes, list_past

I64 = npt.NDArray[np.int64]

NODE: Final = "identifier"
"""Type of the entries of a change that erases: numbers of identifiers, no values."""

_CHUNK: Final = 500
_EVER: Final = -(2**62)

Name = tuple[str, str, str]


def erase(connection: Connection, nodes: Collection[int], at: datetime) -> None:
    """Take these identifiers out of all that was put on lists and of who was on them, in the caller's transaction.

    `nodes`: all identifiers of the person, while the state still knows their values. A value that was somebody else's
    when it was put on a list stays.
    """
    known = sorted(set(nodes))
    numbers = (
        select(list_changes.c.id)
        .where(list_changes.c.payload.is_not(None), list_changes.c.mode != "erase")
        .order_by(list_changes.c.id)
    )
    if not known or connection.execute(numbers.limit(1)).first() is None:
        return
    bearers = _bearers(connection, known)
    gone = set(known)
    names = pa.array([_text(*name) for name in bearers] + [_text(CUSTOMER, "", str(node)) for node in known])
    for number in connection.execute(numbers).scalars().all():
        row = connection.execute(select(list_changes).where(list_changes.c.id == number)).one()
        entries = log.unpack(row.payload)
        texts = pc.binary_join_element_wise(*(entries.column(one) for one in log.ENTRIES.names), "\x1f")
        maybe = np.flatnonzero(pc.is_in(texts, value_set=names).to_numpy(zero_copy_only=False))
        away = [place for place in maybe.tolist() if _means(entries, place, row.at, bearers, gone)]
        if away:
            kept = np.ones(entries.num_rows, np.bool_)
            kept[away] = False
            left = log.pack(entries.filter(pa.array(kept)))
            connection.execute(update(list_changes).where(list_changes.c.id == number).values(payload=left))
    forget_past(connection, known)
    count = len(known)
    told = pa.table(
        {
            "type": pa.repeat(pa.scalar(NODE), count),
            "scope": pa.repeat(pa.scalar(""), count),
            "value": pa.array([str(node) for node in known]),
        }
    )
    log.save(connection, log.ListChange(0, "", at, "erase", "system", "", 0, 0, 0, count), told)


def nodes_of(told: pa.Table) -> I64:
    """The identifiers that a change erases."""
    found: I64 = told.column("value").cast(pa.int64()).to_numpy()
    return found


def _means(
    entries: pa.Table, place: int, at: int, bearers: Mapping[Name, list[tuple[int, int]]], gone: set[int]
) -> bool:
    """Whether the entry, put there at `at`, means one of the identifiers."""
    name: Name = tuple(entries.column(one)[place].as_py() for one in log.ENTRIES.names)
    if name[0] == CUSTOMER:
        return True
    begun = [tenure for tenure in bearers[name] if tenure[0] <= at]
    return not begun or max(begun)[1] in gone


def _bearers(connection: Connection, nodes: list[int]) -> dict[Name, list[tuple[int, int]]]:
    """Of each value of these identifiers all that bear it: (since when, identifier)."""
    t = identifiers.c
    wanted: set[int] = set()
    for start in range(0, len(nodes), _CHUNK):
        some = nodes[start : start + _CHUNK]
        rows = connection.execute(select(t.id, t.base).where(t.id.in_(some))).all()
        wanted |= {row.id if row.base is None else row.base for row in rows}
    found: dict[Name, list[tuple[int, int]]] = defaultdict(list)
    every = sorted(wanted)
    for start in range(0, len(every), _CHUNK):
        some = every[start : start + _CHUNK]
        for row in connection.execute(
            select(t.id, t.type, t.scope, t.value, t.base, t.valid_from).where(or_(t.id.in_(some), t.base.in_(some)))
        ):
            if row.base is None or row.valid_from is not None:
                since = _EVER if row.valid_from is None else row.valid_from
                found[(row.type, row.scope, row.value)].append((since, row.id))
    return dict(found)


def forget_past(connection: Connection, nodes: Collection[int] | I64, before: int | None = None) -> None:
    """Take these identifiers out of who was on lists. `before`: only of what changes with lower numbers took off."""
    gone = pa.array(np.fromiter(nodes, np.int64, len(nodes)))
    numbers = select(list_past.c.change).where(list_past.c.payload.is_not(None))
    if before is not None:
        numbers = numbers.where(list_past.c.change < before)
    for number in connection.execute(numbers).scalars().all():
        raw = connection.execute(select(list_past.c.payload).where(list_past.c.change == number)).scalar_one()
        was = log.opened_past(raw)
        left = was.filter(pc.invert(pc.is_in(was.column("identifier_id"), value_set=gone)))
        if left.num_rows < was.num_rows:
            payload = log.packed(left) if left.num_rows else None
            connection.execute(update(list_past).where(list_past.c.change == number).values(payload=payload))


def _text(*parts: str) -> str:
    return "\x1f".join(parts)
