"""What reach keeps of a person's addresses, taken away when the person is erased.

Figures stay: a message that was sent still counts in its journey and in the ledger of caps, without where it went, what
stood in it or the platform's number for it. The ledger of consent stays too, as proof; its evidence does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from sqlalchemy import Connection, case, func, select, text, update

from onepool.collect import links as short_links
from onepool.privacy.consents import links
from onepool.reach import allowances, coupons
from onepool.reach.states import PERHAPS_OUT, WAITING, SendState
from onepool.state.consents import consent_ledger
from onepool.state.outbox import send_attempts, sends, suppressions
from onepool.state.schema import identifiers

_CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How much was taken away. `cancelled`: messages that will not go out; those that may be out already are others."""

    sends: int
    cancelled: int
    pages: int


def forget_addresses(connection: Connection, nodes: Sequence[int], at: int) -> Forgotten:
    """Take these identifiers out of everything that reach keeps, in the caller's transaction. `at`: now, µs.

    `nodes`: all identifiers of the person, while the state still knows their values. Afterwards no claim can be made:
    what waited is cancelled with the reason `erased` (what may have gone out already stays unknown and goes on counting
    for caps), and whoever bears one of the identifiers is on the list.
    """
    t, perhaps = sends.c, text(PERHAPS_OUT)
    given_up = {
        "state": case((perhaps, int(SendState.UNKNOWN)), else_=int(SendState.CANCELLED)),
        "reason": case((perhaps, "unknown"), else_="erased"), "concluded": at, "due": None, "changed": at,
    }  # fmt: skip
    changed = cancelled = 0
    known = sorted(set(nodes))
    for start in range(0, len(known), _CHUNK):
        some = known[start : start + _CHUNK]
        mine = t.identifier_id.in_(some) | t.customer_id.in_(some)
        waiting = (mine, t.state.in_([int(one) for one in WAITING]))
        counted = select(func.coalesce(func.sum(case((perhaps, 0), else_=1)), 0)).where(*waiting)
        cancelled += int(connection.execute(counted).scalar_one())
        connection.execute(update(sends).where(*waiting).values(given_up))
        whole = connection.execute(select(t.send_id).where(mine)).scalars().all()
        for first in range(0, len(whole), _CHUNK):
            part = list(whole[first : first + _CHUNK])
            emptied = {"identifier_id": None, "vars": None, "provider_id": None, "changed": at}
            changed += connection.execute(update(sends).where(t.send_id.in_(part)).values(**emptied)).rowcount
            attempts = update(send_attempts).where(send_attempts.c.send_id.in_(part))
            connection.execute(attempts.values(provider_id=None, detail=""))
        said = update(consent_ledger).where(consent_ledger.c.identifier_id.in_(some))
        connection.execute(said.values(evidence=""))
        names = select(identifiers.c.type, identifiers.c.scope, identifiers.c.value).where(identifiers.c.id.in_(some))
        short_links.forget(connection, [(row.type, row.scope, row.value) for row in connection.execute(names)])
    pages = links.forget(connection, known)
    allowances.forget(connection, known)
    coupons.forget(connection, np.array(known, np.int64))
    _listed(connection, known, at)
    return Forgotten(changed, cancelled, pages)


def _listed(connection: Connection, nodes: Sequence[int], at: int) -> None:
    """Whoever bears one of these identifiers gets nothing any more."""
    t = suppressions.c
    for node in nodes:
        there = select(func.count()).where(t.customer_id == node, t.reason == "erased", t.lifted.is_(None))
        if not connection.execute(there).scalar_one():
            connection.execute(
                suppressions.insert().values(
                    customer_id=node, channel="", category="", purpose="", reason="erased", source="erasure", at=at
                )
            )
