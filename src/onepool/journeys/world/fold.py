"""The pool's tables of journeys: folds of what the state decided, for analysts, reports and explanations.

`journey_steps` is the journal of all ticks; `journey_runs` and `sends` are rows of the state, brought along by the runs
that a tick touched and by when a message changed. Made again from nothing they are the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import zstandard
from sqlalchemy import Connection, Text, and_, cast, func, select

from onepool.journeys.executor.columns import I64
from onepool.journeys.executor.ports import STEPS
from onepool.pool import Session
from onepool.pool import journeys as tables
from onepool.reach.coupons.among import among
from onepool.reach.keys import distinct
from onepool.state import State
from onepool.state.columns import fetch
from onepool.state.journeys import journey_ticks, journey_versions, runs
from onepool.state.outbox import sends

TICK: Final = "journey_tick"
"""Mark of the last tick that the pool has."""

CHANGED: Final = "sends_changed"
"""Mark of the instant up to which the pool has followed messages, in microseconds."""

OVERLAP: Final = 10_000_000
"""Writers of other processes may commit a little after the instant that they wrote down."""

_TICKS: Final = 200

BLOCK: Final = 100_000
"""Rows that are brought over at a time."""

_TYPES: Final = {
    "BIGINT": pa.int64(), "INTEGER": pa.int32(), "TINYINT": pa.int8(), "VARCHAR": pa.string(), "DOUBLE": pa.float64()
}  # fmt: skip


class _Version(NamedTuple):
    journey: str
    version: int
    nodes: list[str]


def pack(steps: pa.Table) -> bytes | None:
    """Steps of one tick for the state's journal (Arrow, zstd); None where there are none."""
    if steps.num_rows == 0:
        return None
    dense = steps
    for index, field in enumerate(steps.schema):
        if field.name in ("edge", "detail"):
            dense = dense.set_column(index, field.name, steps.column(index).dictionary_encode())
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, dense.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(dense)
    return bytes(sink.getvalue())


def unpack(raw: bytes) -> pa.Table:
    """What `pack` packed (STEPS)."""
    table = pa.ipc.open_stream(raw).read_all()
    columns = [
        column.cast(kind) if pa.types.is_dictionary(column.type) else column
        for column, kind in zip(table.columns, STEPS.types, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=STEPS)


def touched(ids: I64) -> bytes | None:
    """The runs of a tick for the state's journal."""
    return zstandard.compress(np.sort(ids).tobytes()) if ids.size else None


def behind(state: State, tick: int, changed: int) -> bool:
    """Whether the state has a tick or a changed message that the pool has not."""
    with state.read() as connection:
        return _last_tick(connection) > tick or _last_change(connection) > changed


def fold(session: Session, state: State, tick: int, changed: int) -> tuple[int, int]:
    """Give the pool the ticks and messages that the state has. Returns the marks up to which it has them now."""
    with state.read() as connection:
        latest, moment = _last_tick(connection), _last_change(connection)
        if latest > tick:
            names = _versions(connection)
            for touched, new, gone in _steps(session, connection, tick, latest):
                for start in range(0, touched.size, BLOCK):
                    ids = touched[start : start + BLOCK]
                    # Who was taken away may be there again by now: he comes with the tick in which that was.
                    found = _runs(connection, ids[~np.isin(ids, gone)], names)
                    _replace(session, "journey_runs", "run_id", ids[~np.isin(ids, new)], found)
        if moment > changed:
            since = changed - OVERLAP if changed else 0
            rows = connection.execute(select(sends.c.send_id).where(sends.c.changed >= since)).scalars().all()
            moved = np.array(rows, np.int64)
            for start in range(0, moved.size, BLOCK):
                ids = moved[start : start + BLOCK]
                columns = [cast(sends.c[n], Text).label(n) if n == "cost" else sends.c[n] for n in tables.SENDS]
                found = fetch(connection, columns, among(connection, sends.c.send_id, ids.tolist()))
                _replace(session, "sends", "send_id", ids, found.cast(_schema(tables.SENDS)))
    return latest, moment


def _steps(session: Session, connection: Connection, after: int, until: int) -> Iterator[tuple[I64, I64, I64]]:
    """Append the journal's steps, some ticks at a time; gives the runs that they touched, which of them began in these
    ticks, and which were taken away in the last step that the ticks have of them."""
    table = journey_ticks
    while after < until:
        rows = connection.execute(
            select(table.c.id, table.c.steps, table.c.touched)
            .where(and_(table.c.id > after, table.c.id <= until))
            .order_by(table.c.id)
            .limit(_TICKS)
        ).all()
        touched: list[I64] = [np.empty(0, np.int64)]
        new: list[I64] = [np.empty(0, np.int64)]
        gone = np.empty(0, np.int64)
        for row in rows:
            after = row.id
            if row.steps is not None:
                steps = unpack(row.steps)
                number = pa.repeat(pa.scalar(row.id, pa.int64()), steps.num_rows)
                session.append("journey_steps", steps.append_column("tick", number))
                new.append(steps.column("run_id").to_numpy()[steps.column("seq").to_numpy() == 0])
                away = steps.filter(pc.equal(steps.column("edge"), "not_qualified")).column("run_id").to_numpy()
                # A run that begins again is not gone any more.
                gone = np.union1d(gone[~np.isin(gone, new[-1])], away) if gone.size or away.size else gone
            if row.touched is not None:
                touched.append(np.frombuffer(zstandard.decompress(row.touched), np.int64))
        yield distinct(np.concatenate(touched)), np.concatenate(new), gone
        if not rows:
            return


def _runs(connection: Connection, ids: I64, names: dict[int, _Version]) -> pa.Table:
    """Rows of the state for these runs; those that are not there (never qualified) are left out."""
    columns = [runs.c[name] for name in tables.RUNS if name in runs.c]
    found = fetch(connection, columns, among(connection, runs.c.run_id, ids.tolist()))
    versions, nodes = found.column("version_id").to_pylist(), found.column("node").to_pylist()
    known = [names[one] for one in versions]
    here = [one.nodes[node] if node >= 0 else None for one, node in zip(known, nodes, strict=True)]
    found = found.append_column("journey", pa.array([one.journey for one in known], pa.string()))
    found = found.append_column("version", pa.array([one.version for one in known], pa.int32()))
    found = found.append_column("node_name", pa.array(here, pa.string()))
    return found.select(list(tables.RUNS)).cast(_schema(tables.RUNS))


def _schema(columns: dict[str, str]) -> pa.Schema:
    return pa.schema([(name, _TYPES[kind]) for name, kind in columns.items()])


def _replace(session: Session, table: str, key: str, ids: I64, rows: pa.Table) -> None:
    """Rows instead of those with these keys, as far as there are such."""
    if ids.size:
        session.relation("_replaced", pa.table({key: ids}))
        # The bounds let the engine pass over what lies elsewhere.
        session.execute(
            f"DELETE FROM {table} WHERE {key} BETWEEN $low AND $high AND {key} IN (SELECT {key} FROM _replaced)",
            {"low": int(ids.min()), "high": int(ids.max())},
        )
    session.append(table, rows)


def _versions(connection: Connection) -> dict[int, _Version]:
    table = journey_versions
    rows = connection.execute(select(table.c.id, table.c.journey, table.c.version, table.c.nodes))
    return {row.id: _Version(row.journey, row.version, json.loads(row.nodes)) for row in rows}


def _last_tick(connection: Connection) -> int:
    return int(connection.execute(select(func.max(journey_ticks.c.id))).scalar() or 0)


def _last_change(connection: Connection) -> int:
    return int(connection.execute(select(func.max(sends.c.changed))).scalar() or 0)
