"""Asking a program about the customers that a session looks at."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Protocol

import numpy as np
import pyarrow as pa
from sqlglot import exp

from onepool.audience.changes import TOUCHED
from onepool.audience.touched.program import Found, Program
from onepool.audience.touched.rows import I64, from_index, from_table
from onepool.pool import Session
from onepool.pool.behaviour import State

PRESENT: Final = "_present_customers"
OWNED: Final = "_owned_identifiers"
"""Relations of a session: those looked at who are still there, and their identifiers."""


class Asked(Protocol):
    """A plan."""

    @property
    def steps(self) -> list[tuple[str, exp.Query]]: ...

    def run(self, session: Session) -> pa.Table: ...


def present_of(session: Session, customers: I64) -> I64:
    """Have these customers and their identifiers in relations of the session. Returns those who have any: who went up
    in others has none any more, nothing holds for them, and they leave what they were in."""
    session.relation(TOUCHED, pa.table({"customer_id": customers}))
    owned = session.query(
        "SELECT identifier_id, customer_id FROM customer_of SEMI JOIN _touched_customers USING (customer_id)"
    )
    session.relation(OWNED, owned)
    present: I64 = np.unique(owned.column("customer_id").to_numpy())
    session.relation(PRESENT, pa.table({"customer_id": present}))
    return present


def answered(session: Session, program: Program, plan: Asked, state: State | None, present: I64, at: datetime) -> Found:
    """What a program says of the customers of `present_of`. `plan`: of its other leaves; `state`: of the index."""
    rest = plan.run(session) if plan.steps else None
    starts = program.starts(at)
    if state is not None:
        return program.run(present, at, from_index(state, present, starts), rest)
    return program.run(present, at, from_table(session, OWNED, present, starts, program.reads), rest)
