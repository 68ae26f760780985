"""What came in behind the cursors of the last tick, cut where a step ends."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, and_, func, select, text

from onepool.audience.outcomes import unpack_segments
from onepool.journeys.executor.columns import I64
from onepool.journeys.executor.ports import HELD_BACK, MERGES, OUTCOMES, REQUESTS, SEGMENTS, Inputs
from onepool.journeys.world.events import SEQ_BITS
from onepool.pool import Session
from onepool.state.bulk import update_alike
from onepool.state.journeys import (
    DUE_SLOT,
    SLOT,
    journey_audiences,
    journey_effects,
    journey_states,
    journey_ticks,
    tasks,
)
from onepool.state.outbox import sends
from onepool.state.schema import customer_changes, outcomes

MOST_RECORDS: Final = 20_000
"""Log records that one look ahead takes in."""

MOST: Final = {"outcomes": 1_000, "changes": 200_000, "requests": 20_000}
"""So many rows of these one step takes."""

MOST_OUTCOMES: Final = 50_000


@dataclass(frozen=True)
class Cursors:
    """How far each input was taken. `at`: the instant of the last step; `id`: of its row (0: none yet)."""

    id: int
    at: int
    log_offset: int
    outcome: int
    change: int
    request: int


@dataclass(frozen=True)
class Cut:
    """The inputs of one step: what lies between two cursors."""

    before: Cursors
    after: Cursors
    inputs: Inputs
    sends: I64
    effects: I64
    tasks: I64
    parted: I64
    """Identifiers that came to other customers by splits."""


def last(connection: Connection) -> Cursors | None:
    """The cursors of the last tick; None before the first one."""
    table = journey_ticks
    row = connection.execute(
        select(table.c.id, table.c.at, table.c.log_offset, table.c.outcome, table.c.change, table.c.request)
        .order_by(table.c.id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else Cursors(*row)


def first(connection: Connection, session: Session, at: int) -> Cursors:
    """Where a workspace begins that never had a journey before: at the instant of the first publication."""
    found = session.query(
        "SELECT max(seq) AS seq FROM events WHERE epoch_us(received_at) < $at", {"at": at}
    ).to_pylist()[0]["seq"]

    def behind(table: Any) -> int:
        return int(connection.execute(select(func.max(table.c.id)).where(table.c.at < at)).scalar_one() or 0)

    return Cursors(0, at, 0 if found is None else int(found) >> SEQ_BITS, behind(outcomes), behind(customer_changes), 0)


def came_in(session: Session, after: int, until: int, since: int) -> tuple[I64, I64]:
    """(log offsets with events behind `after`, up to `until`; when each came in: never falling, not before `since`)."""
    found = session.query(
        f"""SELECT seq >> {SEQ_BITS} AS log_offset, max(epoch_us(received_at)) AS at FROM events
        WHERE seq >= $low AND seq < $high GROUP BY 1 ORDER BY 1 LIMIT {MOST_RECORDS}""",
        {"low": (after + 1) << SEQ_BITS, "high": (until + 1) << SEQ_BITS},
    )
    at = found.column("at").to_numpy().astype(np.int64)
    return found.column("log_offset").to_numpy().astype(np.int64), np.maximum.accumulate(np.maximum(at, since))


# The words are those of the indexes: without them they are not used.
_EARLIEST: Final = text(
    f"""SELECT (SELECT at FROM outcomes WHERE id > :outcome ORDER BY id LIMIT 1),
        (SELECT at FROM customer_changes WHERE id > :change ORDER BY id LIMIT 1),
        (SELECT at FROM journey_requests WHERE id > :request ORDER BY id LIMIT 1),
        (SELECT {SLOT} * min({DUE_SLOT}) FROM runs WHERE due IS NOT NULL AND state <> 5),
        (SELECT min(concluded) FROM sends WHERE concluded IS NOT NULL AND told = false AND run_id IS NOT NULL),
        (SELECT min(concluded) FROM journey_effects WHERE told = false AND concluded IS NOT NULL
            AND status IN ('logged', 'done', 'failed') AND (log_offset IS NULL OR log_offset <= :log_offset)),
        (SELECT min(closed) FROM tasks WHERE told = false AND closed IS NOT NULL AND run_id IS NOT NULL)"""
)
_STANDINGS: Final = text("SELECT journey, status, changed_at, next_at, problem FROM journey_states")


def earliest(connection: Connection, cursors: Cursors, log_offset: int, seen: Mapping[str, int]) -> int | None:
    """The first instant at which the state has something to be done: an input behind the cursors, a timer, a start.
    Of timers it is the end of their slot (`state.journeys.SLOT`).

    `log_offset`: how far the pool is complete; what was written counts from there. `seen`: journey -> when it was
    changed (published, paused, resumed) as the last step knew it.
    """
    cursor = {"outcome": cursors.outcome, "change": cursors.change, "request": cursors.request}
    row = connection.execute(_EARLIEST, {**cursor, "log_offset": log_offset}).one()
    found: list[int | None] = list(row)
    states = journey_states.c
    going = and_(states.status == "live", states.problem == "")
    for one in connection.execute(_STANDINGS):
        if one.status == "stopping" or seen.get(one.journey) != one.changed_at:
            found.append(one.changed_at)
        if one.status == "live" and one.problem == "":
            found.append(one.next_at)
    waiting = connection.execute(
        select(states.metering)
        .join(journey_audiences, states.journey == journey_audiences.c.journey)
        .where(and_(journey_audiences.c.done.is_(False), going))
    ).scalars()
    for said in waiting:
        meter = json.loads(said) if said else {}
        again = int(meter["held"]) + HELD_BACK if "held" in meter else 0
        found.append(max(int(meter.get("next", 0)), again, cursors.at + 1))
    known = [one for one in found if one is not None]
    return min(known) if known else None


# The last one of each that a step takes, if there are so many.
_REACH: Final = text(
    f"""SELECT (SELECT at FROM outcomes WHERE id > :outcome ORDER BY id LIMIT 1 OFFSET {MOST["outcomes"] - 1}),
        (SELECT at FROM customer_changes WHERE id > :change ORDER BY id LIMIT 1 OFFSET {MOST["changes"] - 1}),
        (SELECT at FROM journey_requests WHERE id > :request ORDER BY id LIMIT 1 OFFSET {MOST["requests"] - 1})"""
)


def reach(connection: Connection, cursors: Cursors) -> int | None:
    """Up to when one step takes all inputs of the state, where it can't take all there are; None: it can."""
    cursor = {"outcome": cursors.outcome, "change": cursors.change, "request": cursors.request}
    return min((one for one in connection.execute(_REACH, cursor).one() if one is not None), default=None)


def cut(connection: Connection, cursors: Cursors, at: int, log_offset: int) -> Cut:
    """Everything but events that came in up to an instant. `log_offset`: the last record of the step."""
    outcome, segments = _segments(connection, cursors.outcome, at)
    change, merges, parted = _merges(connection, cursors.change, at)
    request, requests = _requests(connection, cursors.request, at)
    parts, keys = zip(
        *(read(connection, at, log_offset) for read in (_sends, _effects, _tasks)), strict=True
    )  # fmt: skip
    rows = [row for part in parts for row in part]
    table = pa.Table.from_pylist(rows, schema=OUTCOMES) if rows else OUTCOMES.empty_table()
    after = replace(cursors, id=0, at=at, log_offset=log_offset, outcome=outcome, change=change, request=request)
    sends, effects, tasks = keys
    return Cut(cursors, after, Inputs(segments, merges, table, requests), sends, effects, tasks, parted)


_OUTCOMES: Final = text(f"SELECT id, at, payload FROM outcomes WHERE id > :cursor ORDER BY id LIMIT {MOST['outcomes']}")
_CHANGES: Final = text(
    "SELECT id, at, kind, customer_id, other_id FROM customer_changes WHERE id > :cursor ORDER BY id "
    f"LIMIT {MOST['changes']}"
)
_REQUESTS: Final = text(f"SELECT * FROM journey_requests WHERE id > :cursor ORDER BY id LIMIT {MOST['requests']}")


def _segments(connection: Connection, cursor: int, at: int) -> tuple[int, pa.Table]:
    rows = connection.execute(_OUTCOMES, {"cursor": cursor})
    parts = []
    for row in rows:
        if row.at > at:
            break
        cursor = row.id
        changes = unpack_segments(row.payload)
        if changes.num_rows:
            instant = pa.repeat(pa.scalar(row.at, pa.int64()), changes.num_rows)
            entered = pc.equal(changes.column("change"), "enter")
            parts.append(
                pa.table([changes.column("customer_id"), changes.column("segment"), entered, instant], schema=SEGMENTS)
            )
    return cursor, pa.concat_tables(parts).combine_chunks() if parts else SEGMENTS.empty_table()


def _merges(connection: Connection, cursor: int, at: int) -> tuple[int, pa.Table, I64]:
    found, parted = [], []
    for row in connection.execute(_CHANGES, {"cursor": cursor}):
        if row.at > at:
            break
        cursor = row.id
        if row.kind == "merge":
            found.append((row.customer_id, row.other_id, row.at))
        else:
            parted.append(row.customer_id)
    apart = np.array(parted, np.int64)
    if not found:
        return cursor, MERGES.empty_table(), apart
    return cursor, pa.table([pa.array(part, pa.int64()) for part in zip(*found, strict=True)], schema=MERGES), apart


def _requests(connection: Connection, cursor: int, at: int) -> tuple[int, pa.Table]:
    found = []
    for row in connection.execute(_REQUESTS, {"cursor": cursor}):
        if row.at > at:
            break
        cursor = row.id
        found.append({name: getattr(row, name) for name in REQUESTS.names})
    return cursor, pa.Table.from_pylist(found, schema=REQUESTS) if found else REQUESTS.empty_table()


# The words of the index: without them it is not used.
_SENDS: Final = text(
    f"""SELECT send_id, run_id, node, visit, hop, state, reason, concluded FROM sends
    WHERE concluded IS NOT NULL AND told = false AND concluded <= :at AND run_id IS NOT NULL
    ORDER BY concluded, send_id LIMIT {MOST_OUTCOMES}"""
)


def _sends(connection: Connection, at: int, log_offset: int) -> tuple[list[dict[str, Any]], I64]:
    del log_offset
    rows = connection.execute(_SENDS, {"at": at}).all()
    found = [
        {"key": row.send_id, "run_id": row.run_id, "node": row.node, "visit": row.visit, "hop": row.hop,
         "what": "send", "state": row.state, "reason": row.reason, "at": row.concluded, "saved": None}
        for row in rows
    ]  # fmt: skip
    return found, np.array([row.send_id for row in rows], np.int64)


_EFFECTS: Final = text(
    f"""SELECT * FROM journey_effects WHERE told = false AND concluded IS NOT NULL AND concluded <= :at
    AND status IN ('logged', 'done', 'failed') ORDER BY concluded, "key" LIMIT {MOST_OUTCOMES}"""
)


def _effects(connection: Connection, at: int, log_offset: int) -> tuple[list[dict[str, Any]], I64]:
    rows = connection.execute(_EFFECTS, {"at": at}).all()
    # What was written counts once the pool has it.
    rows = [row for row in rows if row.log_offset is None or row.log_offset <= log_offset]
    found = [
        {"key": row.key, "run_id": row.run_id, "node": row.node, "visit": row.visit, "hop": 0,
         "what": "webhook" if row.kind == "webhook" else "write", "state": int(row.status != "failed"),
         "reason": row.reason, "at": row.concluded, "saved": row.saved}
        for row in rows
    ]  # fmt: skip
    return found, np.array([row.key for row in rows], np.int64)


_TASKS: Final = text(
    f"""SELECT * FROM tasks WHERE told = false AND closed IS NOT NULL AND closed <= :at AND run_id IS NOT NULL
    ORDER BY closed, "key" LIMIT {MOST_OUTCOMES}"""
)


def _tasks(connection: Connection, at: int, log_offset: int) -> tuple[list[dict[str, Any]], I64]:
    del log_offset
    rows = connection.execute(_TASKS, {"at": at}).all()
    found = [
        {"key": row.key, "run_id": row.run_id, "node": row.node, "visit": row.visit, "hop": 0, "what": "task",
         "state": int(row.status == "done"), "reason": row.status, "at": row.closed, "saved": None}
        for row in rows
    ]  # fmt: skip
    return found, np.array([row.key for row in rows], np.int64)


def tell(connection: Connection, done: Cut, now: int) -> None:
    """Mark as taken what the step took."""
    update_alike(connection, sends, "send_id", done.sends.tolist(), {}, {"told": True, "changed": now})
    update_alike(connection, journey_effects, "key", done.effects.tolist(), {}, {"told": True})
    update_alike(connection, tasks, "key", done.tasks.tolist(), {}, {"told": True})


def replays(bodies: Sequence[bytes]) -> list[int]:
    """The seqs that records of protocol `replay` ask to be tried again."""
    return [(int(offset) << SEQ_BITS) | int(item) for body in bodies for offset, item in json.loads(body)]


def digest_of(inputs: Inputs) -> bytes:
    """The inputs as bytes, for the digest of a tick."""
    parts = [inputs.segments, inputs.merges, inputs.outcomes, inputs.requests]
    return msgspec.msgpack.encode([part.to_pylist() if part.num_rows < 1_000 else part.num_rows for part in parts])
