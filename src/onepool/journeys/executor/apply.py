"""Writing what a step decided: rows of the state, all in the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection, Table, and_, bindparam, delete, insert, null, text, update

from onepool.audience.bitmaps import members_of
from onepool.journeys.executor.columns import COLUMNS, I64, NONE, NULLABLE, Runs
from onepool.journeys.executor.ports import DAY, EDGES, Step
from onepool.reach import policies
from onepool.reach.states import WAITING, SendState
from onepool.state.bulk import insert_alike, insert_many, update_many
from onepool.state.journeys import (
    journey_audiences,
    journey_edges,
    journey_effects,
    journey_states,
    runs,
    tasks,
)
from onepool.state.outbox import sends

_CHANGING: Final = (
    "node", "visit", "hop", "state", "due", "arrived", "ended", "reason", "goal_at", "vars", "seq",
)  # fmt: skip
_OWNED: Final = ("version_id", "customer_id")

_UPDATE: Final = (
    update(runs)
    .where(runs.c.run_id == bindparam("b_run_id"))
    .values({name: bindparam(f"b_{name}") for name in _CHANGING})
)
_REHOME: Final = (
    update(runs).where(runs.c.run_id == bindparam("b_run_id")).values({name: bindparam(f"b_{name}") for name in _OWNED})
)
_SENT: Final = (
    "send_id", "run_id", "version_id", "customer_id", "node", "visit", "hop", "channel", "touchpoint", "kind",
    "template", "message", "message_version", "category", "purpose", "priority", "expires", "vars", "state", "reason",
    "due", "identifier_id", "staff_id",
)  # fmt: skip


def save(connection: Connection, step: Step, now: int) -> pa.Table:
    """Write a step; `now`: the clock's instant, in microseconds. Returns the edges that it counted (EDGES)."""
    _save_runs(connection, step)
    _save_sends(connection, step, now)
    _give_up(connection, step, now)
    _save_effects(connection, step)
    _move(connection, step, now)
    _forget(connection, step.erased, now)
    _save_audiences(connection, step)
    for change in step.changes:
        connection.execute(
            update(journey_states).where(journey_states.c.journey == change.journey).values(**dict(change.values))
        )
    edges = counted(step.steps)
    _count(connection, edges)
    return edges


def counted(steps: pa.Table) -> pa.Table:
    """Steps by version, node, edge and UTC day of the run's own time."""
    if steps.num_rows == 0:
        return EDGES.empty_table()
    day = pa.array(steps.column("at").to_numpy() // DAY).cast(pa.int32())
    keyed = steps.select(["version_id", "node", "edge"]).append_column("day", day)
    found = keyed.group_by(["version_id", "node", "edge", "day"]).aggregate([([], "count_all")])
    found = found.rename_columns(["version_id", "node", "edge", "day", "count"]).cast(EDGES)
    return found.sort_by([(name, "ascending") for name in ("version_id", "node", "edge", "day")])


def _save_runs(connection: Connection, step: Step) -> None:
    if step.removed.size:
        for ids in _chunks(step.removed):
            connection.execute(delete(runs).where(runs.c.run_id.in_(ids)))
    new = step.runs.take(step.created)
    if len(new):
        # In the order of their keys, so that the tree grows page by page.
        new = new.take(np.argsort(new.run_id))
        _insert(connection, runs, {name: _values(new, name) for name in COLUMNS})
    old = step.runs.take(~step.created)
    if len(old):
        old = old.take(np.argsort(old.run_id))
        _update(connection, old, _UPDATE, _CHANGING)
    moved = step.runs.take(step.rehomed & ~step.created)
    if len(moved):
        _update(connection, moved, _REHOME, _OWNED)


def _update(connection: Connection, rows: Runs, statement: Any, names: Sequence[str]) -> None:
    columns = ("run_id", *names)
    update_many(
        connection,
        statement,
        [f"b_{name}" for name in columns],
        zip(*(_values(rows, one) for one in columns), strict=True),
    )


def _values(rows: Runs, name: str) -> list[Any]:
    found: list[Any] = getattr(rows, name).tolist()
    return [None if one == NONE else one for one in found] if name in NULLABLE else found


def _save_sends(connection: Connection, step: Step, now: int) -> None:
    table = step.sends
    if table.num_rows == 0:
        return
    ids = policies.store(connection, step.policies)
    table = table.take(pa.array(np.argsort(table.column("send_id").to_numpy())))
    policy = [ids[one] for one in table.column("policy").to_pylist()]
    touchpoint = [
        found or wanted or ""
        for found, wanted in zip(
            table.column("sent_over").to_pylist(), table.column("touchpoint").to_pylist(), strict=True
        )
    ]
    state = table.column("state").to_numpy()
    refused = state == SendState.SUPPRESSED
    planned = table.column("planned").to_numpy()
    names = [*(name for name in _SENT if name != "touchpoint"), "journey"]
    columns = {name: table.column(name).to_pylist() for name in names}
    columns |= {
        "touchpoint": touchpoint,
        "policy": policy,
        "planned": planned.tolist(),
        "concluded": [at if out else None for at, out in zip(planned.tolist(), refused.tolist(), strict=True)],
        "told": refused.tolist(),
        "changed": [now] * table.num_rows,
        "attempts": [0] * table.num_rows,
    }
    for name in ("purpose", "template", "staff_id"):
        if not sends.c[name].nullable:
            columns[name] = [one or "" for one in columns[name]]
    _insert(connection, sends, columns)


def _insert(connection: Connection, table: Table, columns: dict[str, list[Any]]) -> None:
    """Insert columns; those in which all rows are alike are told once."""
    same = {name: values[0] for name, values in columns.items() if values.count(values[0]) == len(values)}
    different = {name: values for name, values in columns.items() if name not in same}
    if different:
        insert_alike(connection, table, different, same)
    else:
        insert_many(connection, insert(table), list(columns), zip(*columns.values(), strict=True))


def _give_up(connection: Connection, step: Step, now: int) -> None:
    """Messages past their deadline, and what ended runs still had planned."""
    if step.gone:
        update_many(
            connection,
            update(sends).where(sends.c.send_id == bindparam("b_id")).values(
                state=bindparam("b_state"), reason=bindparam("b_reason"), concluded=bindparam("b_at"),
                told=bindparam("b_told"), changed=bindparam("b_changed"), due=null(),
            ),
            ["b_id", "b_state", "b_reason", "b_at", "b_told", "b_changed"],
            [(send_id, state, reason, step.at, True, now) for send_id, state, reason in step.gone],
        )  # fmt: skip
    if step.cancelled.num_rows:
        ids, whys = step.cancelled.column("run_id").to_pylist(), step.cancelled.column("reason").to_pylist()
        waiting = ", ".join(str(int(one)) for one in WAITING)
        update_many(
            connection,
            update(sends).where(and_(sends.c.run_id == bindparam("b_run"), text(f"state IN ({waiting})"))).values(
                state=bindparam("b_state"), reason=bindparam("b_reason"), concluded=bindparam("b_at"),
                told=bindparam("b_told"), changed=bindparam("b_changed"), due=null(),
            ),
            ["b_run", "b_state", "b_reason", "b_at", "b_told", "b_changed"],
            [(one, int(SendState.CANCELLED), why, step.at, True, now) for one, why in zip(ids, whys, strict=True)],
        )  # fmt: skip
        for table in (journey_effects, tasks):
            open_ = table.c.status.in_(["waiting"] if table is journey_effects else ["open"])
            for some in _chunks(np.array(ids, np.int64)):
                values: dict[str, Any] = {"status": "cancelled", "told": True}
                if table is tasks:
                    values["closed"] = step.at
                connection.execute(update(table).where(and_(table.c.run_id.in_(some), open_)).values(**values))
    for some in _chunks(step.tasks_gone):
        connection.execute(
            update(tasks).where(and_(tasks.c.key.in_(some), tasks.c.status == "open")).values(
                status="expired", closed=step.at, told=True
            )
        )  # fmt: skip


def _save_effects(connection: Connection, step: Step) -> None:
    if step.effects.num_rows:
        rows = [{**row, "status": "waiting", "attempts": 0, "told": False} for row in step.effects.to_pylist()]
        connection.execute(insert(journey_effects), rows)
    if step.tasks.num_rows:
        rows = []
        for row in step.tasks.to_pylist():
            row["staff_id"] = row.pop("staff") or ""
            rows.append({**row, "status": "open", "told": False})
        connection.execute(insert(tasks), rows)


def _move(connection: Connection, step: Step, now: int) -> None:
    """Give what belongs to those who went up in others to these."""
    if step.merges.num_rows == 0:
        return
    pairs = list(
        zip(step.merges.column("customer_id").to_pylist(), step.merges.column("other_id").to_pylist(), strict=True)
    )
    for table in (sends, tasks, journey_effects):
        values: dict[str, Any] = {"customer_id": bindparam("b_to")}
        names, rows = ["b_to", "b_from"], [(to, gone) for gone, to in pairs]
        if table is sends:
            values["changed"] = bindparam("b_changed")
            names, rows = [*names, "b_changed"], [(*one, now) for one in rows]  # type: ignore[misc]
        update_many(
            connection, update(table).where(table.c.customer_id == bindparam("b_from")).values(values), names, rows
        )


def _forget(connection: Connection, customers: I64, now: int) -> None:
    """Take away what runs, messages and calls of these customers carried."""
    for some in _chunks(customers):
        connection.execute(update(runs).where(runs.c.customer_id.in_(some)).values(trigger=None, vars=None))
        connection.execute(update(sends).where(sends.c.customer_id.in_(some)).values(vars=None, changed=now))
        mine = journey_effects.c.customer_id.in_(some)
        connection.execute(update(journey_effects).where(mine).values(payload="{}", saved=None))


def _save_audiences(connection: Connection, step: Step) -> None:
    table = journey_audiences
    for one in step.audiences:
        values = {"taken": one.taken, "total": one.total, "done": one.done}
        if one.customers is None:
            same = and_(table.c.journey == one.journey, table.c.at == one.at)
            connection.execute(update(table).where(same).values(**values))
        else:
            packed = members_of(one.customers).serialize()
            connection.execute(insert(table).values(journey=one.journey, at=one.at, customers=packed, **values))


def _count(connection: Connection, edges: pa.Table) -> None:
    table = journey_edges
    for row in edges.to_pylist():
        same = and_(*(table.c[name] == row[name] for name in ("version_id", "node", "edge", "day")))
        more = update(table).where(same).values(count=table.c.count + row["count"])
        if connection.execute(more).rowcount == 0:
            connection.execute(insert(table).values(**row))


def _chunks(ids: I64, size: int = 5_000) -> list[list[int]]:
    return [ids[start : start + size].tolist() for start in range(0, ids.size, size)]
