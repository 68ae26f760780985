"""Writing what a step decided: rows of the state, all in the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection, and_, bindparam, case, delete, insert, null, text, update

from onepool.journeys.executor.columns import COLUMNS, I64, NONE, NULLABLE, Runs
from onepool.journeys.executor.members import packed
from onepool.journeys.executor.ports import DAY, EDGES, Step
from onepool.reach import planning, policies
from onepool.reach.states import PERHAPS_OUT, WAITING, SendState
from onepool.state.bulk import insert_alike, update_alike, update_many
from onepool.state.journeys import (
    journey_audiences,
    journey_edges,
    journey_effects,
    journey_requests,
    journey_states,
    runs,
    tasks,
)
from onepool.state.outbox import sends

_CHANGING: Final = (
    "node", "visit", "hop", "state", "due", "arrived", "ended", "reason", "goal_at", "vars", "seq",
)  # fmt: skip
_OWNED: Final = ("version_id", "customer_id")


def save(connection: Connection, step: Step, now: int) -> pa.Table:
    """Write a step (what merges moved is there already, see `move`). Returns the edges that it counted (EDGES).

    `now`: the clock's instant, in microseconds.
    """
    _save_runs(connection, step)
    # What a run planned in the step in which it ended is there before it is given up.
    _save_sends(connection, step, now)
    _save_effects(connection, step)
    _give_up(connection, step, now)
    _forget(connection, step.erased, now)
    _save_audiences(connection, step)
    for change in step.changes:
        connection.execute(
            update(journey_states).where(journey_states.c.journey == change.journey).values(**dict(change.values))
        )
    if step.requests:
        connection.execute(insert(journey_requests), [{**one, "author": "onepool"} for one in step.requests])
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
        columns, same = _split(new, [name for name in COLUMNS if name != "run_id"])
        insert_alike(connection, runs, {"run_id": new.run_id.tolist(), **columns}, same)
    old = step.runs.take(~step.created)
    if len(old):
        # In the order of the table, which the index of what is due has within a slot too.
        order = np.argsort(old.run_id)
        _update(connection, old.take(order), step.before.take(order))
    moved = step.runs.take(step.rehomed & ~step.created)
    if len(moved):
        update_alike(connection, runs, "run_id", moved.run_id.tolist(), *_split(moved, _OWNED))


def _update(connection: Connection, rows: Runs, before: Runs) -> None:
    """Write what is other than before; rows apart whose state changed, since that one is in an index of its own."""
    differs = {name: np.asarray(getattr(rows, name) != getattr(before, name), np.bool_) for name in _CHANGING}
    changed = np.logical_or.reduce(list(differs.values()))
    for part in (changed & differs["state"], changed & ~differs["state"]):
        if part.any():
            mine = rows.take(part)
            names = [name for name in _CHANGING if differs[name][part].any()]
            update_alike(connection, runs, "run_id", mine.run_id.tolist(), *_split(mine, names))


def _split(rows: Runs, names: Sequence[str]) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    """Columns in which rows differ, and the values of those in which all are alike."""
    columns: dict[str, list[Any]] = {}
    same: dict[str, Any] = {}
    for name in names:
        found = getattr(rows, name)
        first = found[0]
        if (found == first).all():
            plain = first if found.dtype == object else int(first)
            same[name] = None if name in NULLABLE and plain == NONE else plain
            continue
        values: list[Any] = found.tolist()
        if name in NULLABLE and (found == NONE).any():
            values = [None if one == NONE else one for one in values]
        columns[name] = values
    return columns, same


def _save_sends(connection: Connection, step: Step, now: int) -> None:
    if step.sends.num_rows:
        planning.save(connection, step.sends, policies.store(connection, step.policies), now)


def _give_up(connection: Connection, step: Step, now: int) -> None:
    """Messages past their deadline, and what ended runs still had planned."""
    if step.gone:
        update_many(
            connection,
            update(sends).where(sends.c.send_id == bindparam("b_id")).values(
                state=bindparam("b_state"), reason=bindparam("b_reason"), concluded=bindparam("b_at"),
                told=bindparam("b_told"), changed=bindparam("b_changed"),
                # What an associate may still send late goes on being asked about.
                due=case((bindparam("b_reason") == "staff_timeout", sends.c.due), else_=null()),
            ),
            ["b_id", "b_state", "b_reason", "b_at", "b_told", "b_changed"],
            [(send_id, state, reason, step.at, True, now) for send_id, state, reason in step.gone],
        )  # fmt: skip
    if step.cancelled.num_rows:
        cancelled = step.cancelled.column("run_id").to_numpy()
        ids, whys = cancelled.tolist(), step.cancelled.column("reason").to_pylist()
        order = np.argsort(step.runs.run_id)
        customers = step.runs.customer_id[order[np.searchsorted(step.runs.run_id, cancelled, sorter=order)]]
        waiting = ", ".join(str(int(one)) for one in WAITING)
        mine = and_(sends.c.customer_id == bindparam("b_customer"), sends.c.run_id == bindparam("b_run"))
        update_many(
            connection,
            update(sends).where(and_(mine, text(f"state IN ({waiting})"))).values(
                # What was called already and may have gone out goes on counting for caps.
                state=text(f"CASE WHEN {PERHAPS_OUT} THEN {SendState.UNKNOWN:d} ELSE {SendState.CANCELLED:d} END"),
                reason=case((text(PERHAPS_OUT), "unknown"), else_=bindparam("b_reason")), concluded=step.at, told=True,
                changed=now, due=null(),
            ),
            ["b_customer", "b_run", "b_reason"],
            zip(customers.tolist(), ids, whys, strict=True),
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


def move(connection: Connection, merges: pa.Table, now: int) -> None:
    """Give what belongs to those who went up in others (MERGES) to these: before the step that takes the merges, since
    caps count it as theirs from then on; runs are the step's own matter."""
    if merges.num_rows == 0:
        return
    pairs = list(zip(merges.column("customer_id").to_pylist(), merges.column("other_id").to_pylist(), strict=True))
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
            row = {"journey": one.journey, "at": one.at, "customers": packed(one.customers)}
            connection.execute(insert(table).values(**row, **values))


def _count(connection: Connection, edges: pa.Table) -> None:
    table = journey_edges
    for row in edges.to_pylist():
        same = and_(*(table.c[name] == row[name] for name in ("version_id", "node", "edge", "day")))
        more = update(table).where(same).values(count=table.c.count + row["count"])
        if connection.execute(more).rowcount == 0:
            connection.execute(insert(table).values(**row))


def _chunks(ids: I64, size: int = 5_000) -> list[list[int]]:
    return [ids[start : start + size].tolist() for start in range(0, ids.size, size)]
