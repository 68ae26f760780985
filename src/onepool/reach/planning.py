"""Planned messages that went through the gate, as rows of the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, insert, select

from onepool.reach import policies
from onepool.reach.rules import SendPolicy
from onepool.reach.states import SendState
from onepool.state.bulk import insert_many
from onepool.state.outbox import sends

_PLAIN: Final = (
    "send_id", "run_id", "broadcast_id", "version_id", "journey", "customer_id", "node", "visit", "hop", "channel",
    "kind", "template", "message", "message_version", "category", "purpose", "priority", "expires", "vars", "state",
    "reason", "due", "identifier_id", "staff_id",
)  # fmt: skip
_FURTHER: Final = ("touchpoint", "policy", "planned", "concluded", "told", "attempts", "changed")
_CHUNK: Final = 500


def store(connection: Connection, gated: pa.Table, rules: Sequence[SendPolicy], at: int) -> int:
    """Put messages (the gate's answer) into the outbox, in the caller's transaction; those that are there already are
    passed over. Returns how many are new. ``at``: µs.

    Suppressed ones are concluded at once, and nobody has to be told: who planned them has the answer.
    """
    gated = _new(connection, gated).sort_by("send_id")
    if gated.num_rows == 0:
        return 0
    numbers = np.array(policies.store(connection, rules), np.int64)
    refused = pc.equal(gated.column("state"), int(SendState.SUPPRESSED)).to_numpy(zero_copy_only=False)
    count = int(gated.num_rows)
    columns: dict[str, list[Any]] = {name: gated.column(name).to_pylist() for name in _PLAIN}
    columns["touchpoint"] = pc.coalesce(gated.column("sent_over"), gated.column("touchpoint"), "").to_pylist()
    columns["policy"] = numbers[gated.column("policy").to_numpy()].tolist()
    columns["planned"] = pc.fill_null(gated.column("planned"), at).to_pylist()
    columns["concluded"] = [at if one else None for one in refused.tolist()]
    columns["told"] = refused.tolist()
    columns["attempts"] = [0] * count
    columns["changed"] = [at] * count
    names = (*_PLAIN, *_FURTHER)
    insert_many(connection, insert(sends), names, zip(*(columns[name] for name in names), strict=True))
    return count


def _new(connection: Connection, gated: pa.Table) -> pa.Table:
    """Without messages that the outbox has."""
    numbers = gated.column("send_id").to_numpy()
    if numbers.size == 0:
        return gated
    known: list[int] = []
    t = sends.c.send_id
    ordered = np.sort(numbers)
    for start in range(0, ordered.size, _CHUNK):
        known += connection.execute(select(t).where(t.in_(ordered[start : start + _CHUNK].tolist()))).scalars()
    return gated if not known else gated.filter(pc.invert(pc.is_in(gated.column("send_id"), value_set=pa.array(known))))
