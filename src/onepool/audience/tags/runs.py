"""Runs of tags: what a tag was for all customers at an instant, kept in the state and folded into the pool."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, and_, delete, desc, func, insert, select, true
from sqlalchemy.sql.elements import ColumnElement

from onepool.audience.tags.figures import Figures
from onepool.clock import from_micros, to_micros
from onepool.pool import Session
from onepool.state import State
from onepool.state.schema import tag_runs

KEPT = 100
"""Runs with values that are kept of each tag, and as many without."""

VALUES = pa.schema(
    [
        ("customer_id", pa.int64()),
        ("value", pa.string()),
        ("number", pa.float64()),
        ("list", pa.list_(pa.string())),
    ]
)
"""A tag's values: one row per customer who has one."""

MARK = "tag_run_id"
"""Mark in the pool's `meta`: the latest run that it has."""


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run to be kept. `values` None: only its figures. `card`: what a model says of itself."""

    tag: str
    as_of: datetime
    at: datetime
    version: int
    hash: str
    why: str
    seconds: float
    figures: Figures
    psi: float | None
    values: pa.Table | None
    card: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """A kept run, without its values."""

    id: int
    tag: str
    as_of: datetime
    at: datetime
    version: int
    hash: str
    why: str
    seconds: float
    psi: float | None
    figures: Figures
    card: dict[str, Any] | None
    valued: bool


_LIGHT = [column for column in tag_runs.c if column.name != "payload"]
_VALUED = tag_runs.c.payload.is_not(None)


class RunStore:
    """The kept runs of all tags."""

    def __init__(self, state: State) -> None:
        self._state = state

    def of(self, tag: str, limit: int = 2 * KEPT) -> list[Run]:
        """The runs of a tag, the latest instant first."""
        with self._state.read() as connection:
            query = select(*_LIGHT, _VALUED.label("valued")).where(tag_runs.c.tag == tag)
            return [_run(row) for row in connection.execute(query.order_by(desc(tag_runs.c.as_of)).limit(limit))]

    def latest(self) -> dict[str, Run]:
        """Of every tag the run with the latest instant that has values."""
        return self._last(_VALUED)

    def newest(self) -> dict[str, Run]:
        """Of every tag the run with the latest instant, with values or without."""
        return self._last(true())

    def _last(self, which: ColumnElement[bool]) -> dict[str, Run]:
        newest = select(tag_runs.c.tag, func.max(tag_runs.c.as_of).label("as_of")).where(which)
        pairs = newest.group_by(tag_runs.c.tag).subquery()
        query = select(*_LIGHT, _VALUED.label("valued")).join(
            pairs, and_(tag_runs.c.tag == pairs.c.tag, tag_runs.c.as_of == pairs.c.as_of)
        )
        with self._state.read() as connection:
            return {row.tag: _run(row) for row in connection.execute(query)}

    def before(self, tag: str, as_of: datetime) -> Run | None:
        """The run of a tag with the latest instant before another."""
        with self._state.read() as connection:
            query = select(*_LIGHT, _VALUED.label("valued"))
            query = query.where(tag_runs.c.tag == tag, tag_runs.c.as_of < to_micros(as_of))
            row = connection.execute(query.order_by(desc(tag_runs.c.as_of)).limit(1)).first()
        return None if row is None else _run(row)

    def save(self, connection: Connection, run: NewRun) -> int:
        """Keep a run, in place of one of the same instant; older ones beyond `KEPT` go. Returns its number."""
        as_of = to_micros(run.as_of)
        connection.execute(delete(tag_runs).where(tag_runs.c.tag == run.tag, tag_runs.c.as_of == as_of))
        values = {
            "tag": run.tag,
            "as_of": as_of,
            "at": to_micros(run.at),
            "version": run.version,
            "hash": run.hash,
            "why": run.why,
            "coverage": run.figures.coverage,
            "total": run.figures.total,
            "psi": run.psi,
            "seconds": run.seconds,
            "figures": run.figures.text(),
            "card": "" if run.card is None else json.dumps(run.card, ensure_ascii=False),
            "payload": None if run.values is None else _pack(run.values),
        }
        number = int(connection.execute(insert(tag_runs).values(**values).returning(tag_runs.c.id)).scalar_one())
        kind = _VALUED if run.values is not None else tag_runs.c.payload.is_(None)
        old = select(tag_runs.c.id).where(tag_runs.c.tag == run.tag, kind).order_by(desc(tag_runs.c.as_of)).offset(KEPT)
        gone = list(connection.execute(old.limit(1000)).scalars())
        if gone:
            connection.execute(delete(tag_runs).where(tag_runs.c.id.in_(gone)))
        return number

    def values(self, tag: str, as_of: datetime) -> pa.Table | None:
        """The values of a run."""
        with self._state.read() as connection:
            query = select(tag_runs.c.payload).where(tag_runs.c.tag == tag, tag_runs.c.as_of == to_micros(as_of))
            raw = connection.execute(query).scalar_one_or_none()
        return None if raw is None else _unpack(raw)

    def after(self, number: int) -> Iterator[tuple[int, str, datetime, pa.Table | None]]:
        """(number, tag, instant, values) of the runs behind a number, in order."""
        with self._state.read() as connection:
            query = select(tag_runs.c.id, tag_runs.c.tag, tag_runs.c.as_of, tag_runs.c.payload)
            for row in connection.execute(query.where(tag_runs.c.id > number).order_by(tag_runs.c.id)):
                yield row.id, row.tag, from_micros(row.as_of), None if row.payload is None else _unpack(row.payload)

    def kept(self) -> pa.Table:
        """(tag, as_of) of all runs that have values."""
        with self._state.read() as connection:
            rows = connection.execute(select(tag_runs.c.tag, tag_runs.c.as_of).where(_VALUED)).all()
        instants = pa.array([row.as_of for row in rows], pa.int64()).cast(pa.timestamp("us", tz="UTC"))
        return pa.table({"tag": pa.array([row.tag for row in rows], pa.string()), "as_of": instants})


def fold(session: Session, tag: str, as_of: datetime, values: pa.Table | None) -> None:
    """Make the pool's partition of a run what the run says."""
    found = {"tag": tag, "as_of": as_of}
    session.execute("DELETE FROM tag_partitions WHERE tag = $tag AND as_of = $as_of", found)
    if values is not None and values.num_rows:
        session.relation("_run_values", values)
        session.execute(
            """INSERT INTO tag_partitions BY NAME
            SELECT $tag AS tag, $as_of AS as_of, customer_id, value, number, list FROM _run_values""",
            found,
        )


def forget_old(session: Session, store: RunStore) -> None:
    """Drop partitions whose run is kept no longer."""
    session.relation("_kept_runs", store.kept())
    session.execute("DELETE FROM tag_partitions WHERE (tag, as_of) NOT IN (SELECT (tag, as_of) FROM _kept_runs)")


def level(session: Session, store: RunStore, applied: int) -> tuple[int, list[tuple[str, datetime]]]:
    """Give the pool the runs behind a number. Returns the number of the last one, and (tag, instant) of each."""
    found = []
    for number, tag, as_of, values in store.after(applied):
        fold(session, tag, as_of, values)
        found.append((tag, as_of))
        applied = number
    if found:
        forget_old(session, store)
    return applied, found


def _run(row: Any) -> Run:
    return Run(
        row.id,
        row.tag,
        from_micros(row.as_of),
        from_micros(row.at),
        row.version,
        row.hash,
        row.why,
        row.seconds,
        row.psi,
        Figures.read(row.figures),
        json.loads(row.card) if row.card else None,
        bool(row.valued),
    )


def _pack(table: pa.Table) -> bytes:
    """Values repeat: as a dictionary they take little room."""
    table = table.select(VALUES.names).cast(VALUES).sort_by("customer_id")
    dense = table.set_column(1, "value", table.column("value").dictionary_encode().unify_dictionaries())
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, dense.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(dense.combine_chunks())
    return bytes(sink.getvalue())


def _unpack(raw: bytes) -> pa.Table:
    return pa.ipc.open_stream(raw).read_all().cast(VALUES)
