"""The pool's tables of journeys: folds of what the state decided, for analysts, reports and explanations.

`journey_steps` is the journal of all ticks; `journey_runs` and `sends` are rows of the state, brought along by the runs
that a tick touched and by when a message changed. Made again from nothing they are the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import zstandard
from sqlalchemy import Connection, and_, func, select

from onepool.journeys.executor.columns import I64
from onepool.journeys.executor.ports import STEPS
from onepool.journeys.world import messages
from onepool.pool import Session
from onepool.pool import journeys as tables
from onepool.reach.coupons.among import among
from onepool.reach.keys import among_ordered, distinct
from onepool.state import State
from onepool.state.columns import fetch
from onepool.state.journeys import journey_ticks, journey_versions, runs
from onepool.state.outbox import sends

MARKS: Final = ("journey_tick", "sends_changed", "sends_swept")
"""What `Marks` are called in the pool."""

_TICKS: Final = 200

_BYTES: Final = 1_000_000
"""Of packed steps and runs in one portion: some hundred thousand runs."""

_MANY: Final = 2_000

BLOCK: Final = 100_000
"""Rows that are brought over at a time."""

_TYPES: Final = {
    "BIGINT": pa.int64(), "INTEGER": pa.int32(), "TINYINT": pa.int8(), "VARCHAR": pa.string(), "DOUBLE": pa.float64()
}  # fmt: skip


class Marks(NamedTuple):
    """How far the pool has come: the last tick that it has; the instant (microseconds) up to which it has followed
    messages; until when it was looked for messages whose writers came late (messages.py)."""

    tick: int = 0
    changed: int = 0
    swept: int = 0


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


def ahead(state: State) -> Marks:
    """How far the state is: its last tick and the last change of a message."""
    with state.read() as connection:
        return Marks(_last_tick(connection), _last_change(connection))


def behind(state: State, known: Marks, now: int) -> bool:
    """Whether the state has a tick or a changed message that the pool has not; or may have one, of a late writer."""
    found = ahead(state)
    return found.tick > known.tick or found.changed > known.changed or messages.unsure(known.changed, known.swept, now)


def fold(session: Session, state: State, known: Marks, now: int, followed: messages.Followed | None = None) -> Marks:
    """Give the pool the next ticks and messages that the state has, at most a portion of each: a fold of many lets
    others have their turn in between. Returns the marks up to which it has them now.

    `followed`: what the pool has of late, from fold to fold.
    """
    tick, changed, swept = known
    with state.read() as connection:
        latest = _portion(connection, tick)
        if latest > tick:
            names = _versions(connection)
            for touched, new, gone in _steps(session, connection, tick, latest):
                for start in range(0, touched.size, BLOCK):
                    ids = touched[start : start + BLOCK]
                    # Who was taken away may be there again by now: he comes with the tick in which that was.
                    found = _runs(connection, ids[~np.isin(ids, gone)], names)
                    _replace(session, "journey_runs", "run_id", ids[~among_ordered(ids, new)], found)
        moment = changed
        if _last_change(connection) > changed or messages.unsure(changed, swept, now):
            moment, swept, parts = messages.changed(connection, changed, swept, now, followed or messages.Followed())
            for part in parts:
                _replace(
                    session, "sends", "send_id", part.column("send_id").to_numpy(), part.cast(_schema(tables.SENDS))
                )
    return Marks(latest, moment, swept)


def _portion(connection: Connection, tick: int) -> int:
    """The tick up to which one fold goes: as many as make no more than a portion, one at least."""
    table = journey_ticks
    size = func.coalesce(func.length(table.c.steps), 0) + func.coalesce(func.length(table.c.touched), 0)
    rows = connection.execute(
        select(table.c.id, size).where(table.c.id > tick).order_by(table.c.id).limit(_TICKS)
    ).all()  # fmt: skip
    total = 0
    for place, (number, length) in enumerate(rows):
        total += int(length)
        if place and total > _BYTES:
            break
        tick = int(number)
    return tick


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
        gone, ever = np.empty(0, np.int64), [np.empty(0, np.int64)]
        appended: list[pa.Table] = []
        for row in rows:
            after = row.id
            if row.steps is not None:
                steps = unpack(row.steps)
                number = pa.repeat(pa.scalar(row.id, pa.int64()), steps.num_rows)
                appended.append(steps.append_column("tick", number))
                new.append(steps.column("run_id").to_numpy()[steps.column("seq").to_numpy() == 0])
                away = steps.filter(pc.equal(steps.column("edge"), "not_qualified")).column("run_id").to_numpy()
                ever.append(away)
                # A run that begins again is not gone any more.
                gone = np.union1d(gone[~np.isin(gone, new[-1])], away) if gone.size or away.size else gone
            if row.touched is not None:
                touched.append(np.frombuffer(zstandard.decompress(row.touched), np.int64))
        if appended:
            # Each statement costs some milliseconds, however few its rows.
            session.append("journey_steps", pa.concat_tables(appended))
        # Who was taken away in between may have been in the pool before these ticks.
        yield distinct(np.concatenate(touched)), np.setdiff1d(np.concatenate(new), np.concatenate(ever)), gone
        if not rows:
            return


def _runs(connection: Connection, ids: I64, names: dict[int, _Version]) -> pa.Table:
    """Rows of the state for these runs (ascending); those that are not there (never qualified) are left out."""
    columns = [runs.c[name] for name in tables.RUNS if name in runs.c]
    found = _fetched(connection, columns, ids)
    coded = found.column("version_id").combine_chunks().dictionary_encode()
    known = [names[one] for one in coded.dictionary.to_pylist()]
    version = coded.indices
    # The names of all versions' nodes, one version behind the other.
    starts = np.cumsum([0, *(len(one.nodes) for one in known)])[:-1].astype(np.int64)
    node = found.column("node").to_numpy()
    place = (starts[version.to_numpy()] if known else np.empty(0, np.int64)) + node
    here = pa.array([name for one in known for name in one.nodes], pa.string()).take(pa.array(place, mask=node < 0))
    found = found.append_column("journey", pa.array([one.journey for one in known], pa.string()).take(version))
    found = found.append_column("version", pa.array([one.version for one in known], pa.int32()).take(version))
    found = found.append_column("node_name", here)
    return found.select(list(tables.RUNS)).cast(_schema(tables.RUNS))


def _fetched(connection: Connection, columns: list[Any], ids: I64) -> pa.Table:
    """Columns (`run_id` the first) of runs by ascending ids. Of many that lie side by side a stretch is read."""
    t = runs.c.run_id
    if ids.size >= _MANY:
        stretch = and_(t >= int(ids[0]), t <= int(ids[-1]))
        inside = select(t).where(stretch).limit(2 * ids.size).subquery()
        if connection.execute(select(func.count()).select_from(inside)).scalar_one() < 2 * ids.size:
            found = fetch(connection, columns, stretch)
            return found.filter(pa.array(among_ordered(found.column("run_id").to_numpy(), ids)))
    return fetch(connection, columns, among(connection, t, ids.tolist()))


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
