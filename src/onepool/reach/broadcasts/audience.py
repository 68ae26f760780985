"""Who is in the audience of a broadcast."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from onepool.audience.catalog import load_catalog
from onepool.audience.conditions import Scope, compile_conditions
from onepool.clock import from_micros
from onepool.pool import Session
from onepool.reach.broadcasts.model import Audience

I64 = npt.NDArray[np.int64]

_SEGMENT = "SELECT customer_id FROM segment_members WHERE segment = $name"
_LIST = "SELECT c.customer_id FROM list_entries e JOIN customer_of c USING (identifier_id) WHERE e.list = $name"


def members(place: Any, session: Session, audience: Audience, now: int) -> I64:
    """The customers of an audience as it is now, ascending. `place`: a workspace; `now`: µs."""
    if audience.who is not None:
        context = load_catalog(place).context
        plan = compile_conditions({"who": audience.who}, from_micros(now), Scope.all(), context)
        answers = plan.run(session)
        found = answers.column("customer_id").filter(answers.column("who"))
    elif audience.segment is not None:
        found = session.query(_SEGMENT, {"name": audience.segment}).column(0)
    else:
        found = session.query(_LIST, {"name": audience.list_}).column(0)
    return np.unique(found.to_numpy()).astype(np.int64)


def size(place: Any, audience: Audience, now: int) -> int:
    """How many are in it now."""
    with place.pool.read() as session:
        return int(members(place, session, audience, now).size)
