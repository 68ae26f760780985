"""Who the members of a frozen audience are by now: customers are merged and split while they wait for their turn."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection, and_, select

from onepool.journeys.executor.columns import I64
from onepool.journeys.executor.ports import PERSONS
from onepool.pool import Session
from onepool.reach.coupons.among import among
from onepool.reach.keys import distinct
from onepool.state.schema import customer_changes

_ASKED = "_journey_persons"


def persons(session: Session, connection: Connection, customers: I64, since: int) -> pa.Table:
    """PERSONS: these customers and those who went up in the same persons since an instant, as far as somebody did.

    Costs as much as these customers went through, however many others were merged meanwhile.
    """
    changes = customer_changes
    later = changes.c.at >= since
    if customers.size == 0 or connection.execute(select(changes.c.id).where(later).limit(1)).first() is None:
        return PERSONS.empty_table()
    query = select(changes.c.customer_id).where(and_(later, among(connection, changes.c.customer_id, _list(customers))))
    changed = distinct(np.array(connection.execute(query).scalars().all(), np.int64))
    now = present(session, changed)
    # Whoever they went up in may have taken in others, and these others before.
    found = distinct(np.concatenate([customers, now]))
    front = found
    while front.size:
        went = and_(later, changes.c.kind == "merge", among(connection, changes.c.other_id, _list(front)))
        ids = np.array(connection.execute(select(changes.c.customer_id).where(went)).scalars().all(), np.int64)
        front = np.setdiff1d(ids, found)
        found = np.union1d(found, front)
    asked = np.setdiff1d(np.union1d(found, changed), customers)
    ids = np.concatenate([changed, np.setdiff1d(asked, changed)])
    here = np.concatenate([now, present(session, ids[changed.size :])])
    other = ids != here
    return pa.table([pa.array(ids[other]), pa.array(here[other])], schema=PERSONS)


def present(session: Session, ids: I64) -> I64:
    """The customer of each id today; itself where the pool knows none."""
    if ids.size == 0:
        return ids
    session.relation(_ASKED, pa.table({"id": ids}))
    found = session.query(
        f"SELECT identifier_id, customer_id FROM customer_of WHERE identifier_id IN (SELECT id FROM {_ASKED})"
    )
    known = found.column("identifier_id").to_numpy()
    order = np.argsort(known)
    if known.size == 0:
        return ids.copy()
    place = np.minimum(np.searchsorted(known[order], ids), known.size - 1)
    hit = known[order][place] == ids
    now: I64 = np.where(hit, found.column("customer_id").to_numpy()[order][place], ids).astype(np.int64)
    return now


def _list(ids: I64) -> list[int]:
    found: list[int] = ids.tolist()
    return found
