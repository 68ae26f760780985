"""A customer's copy of their data, made and noted: what the API and the command line share."""

from __future__ import annotations

from typing import IO

from onepool.api.workspace import WorkspaceLike
from onepool.clock import Clock
from onepool.journeys.states import RunState
from onepool.pool import customers
from onepool.privacy import audit, copies
from onepool.privacy.kept_rows import Names
from onepool.reach.states import SendState

_NAMES = Names(
    messages={int(one): one.name.lower() for one in SendState}, runs={int(one): one.name.lower() for one in RunState}
)


def copy_customer(
    ws: WorkspaceLike, clock: Clock, customer_id: int, file: IO[bytes], *, form: copies.Form, actor: str, reason: str
) -> dict[str, int]:
    """Write a present customer's copy into a file; rows by section. Who asked and why is in the audit trail before
    anything is read."""
    audit.record(ws.state, clock, actor, "customer.copy", f"customer:{customer_id}", {"reason": reason, "format": form})
    with ws.pool.read() as session, ws.state.read() as connection:
        person = copies.Person(customer_id, customers.identifier_ids(session, customer_id))
        return copies.write(file, session, connection, person, form=form, at=clock.now(), names=_NAMES)
