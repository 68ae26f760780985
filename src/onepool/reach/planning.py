"""Planned messages that went through the gate, as rows of the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, select

from onepool.reach import policies
from onepool.reach.rules import SendPolicy
from onepool.reach.states import SendState
from onepool.state.bulk import insert_alike
from onepool.state.outbox import sends

_PLAIN: Final = (
    "send_id", "run_id", "broadcast_id", "version_id", "journey", "customer_id", "node", "visit", "hop", "channel",
    "kind", "template", "message", "message_version", "category", "purpose", "priority", "expires", "vars", "state",
    "reason", "due", "identifier_id", "staff_id",
)  # fmt: skip
_CHUNK: Final = 500


def store(connection: Connection, gated: pa.Table, rules: Sequence[SendPolicy], at: int) -> int:
    """Put messages (the gate's answer) into the outbox, in the caller's transaction; those that are there already are
    passed over. Returns how many are new. ``at``: µs.
    """
    gated = _new(connection, gated)
    if gated.num_rows:
        save(connection, gated, policies.store(connection, rules), at)
    return int(gated.num_rows)


def save(connection: Connection, gated: pa.Table, rules: Sequence[int], at: int) -> None:
    """Put new messages into the outbox. ``rules``: numbers of the policies to which `policy` points; ``at``: µs.

    Suppressed ones are concluded at once, and nobody has to be told: who planned them has the answer.
    """
    columns = {name: gated.column(name) for name in _PLAIN}
    columns["touchpoint"] = pc.coalesce(gated.column("sent_over"), gated.column("touchpoint"), "")
    columns["policy"] = pa.array(np.array(rules, np.int64)[gated.column("policy").to_numpy()])
    columns["planned"] = pc.fill_null(gated.column("planned"), at)
    refused = pc.equal(gated.column("state"), int(SendState.SUPPRESSED))
    columns["concluded"] = pc.if_else(refused, columns["planned"], pa.scalar(None, pa.int64()))
    columns["told"] = refused
    # In the order of their keys, so that the tree grows page by page.
    order = np.argsort(gated.column("send_id").to_numpy())
    same: dict[str, Any] = {"attempts": 0, "changed": at}
    different: dict[str, list[Any]] = {}
    for name, column in columns.items():
        if column.null_count == len(column):
            same[name] = None
        elif name != "send_id" and column.null_count == 0 and pc.all(pc.equal(column, column[0])).as_py():
            same[name] = column[0].as_py()
        else:
            different[name] = _listed(column, order)
    insert_alike(connection, sends, different, same)


def _listed(column: pa.ChunkedArray, order: npt.NDArray[np.int64]) -> list[Any]:
    """Plain values in this order."""
    if pa.types.is_int64(column.type) and column.null_count == 0:
        listed: list[Any] = column.to_numpy()[order].tolist()
        return listed
    return column.take(pa.array(order)).to_pylist()  # type: ignore[no-any-return]


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
