"""Receipts that come back as events (delivered, read, clicked, failed) folded into the outbox by the tick.

Events name the message by the field `send_id` (our own receipts), by the number that short links carry, or by the
platform's number. What comes late is written down and undoes nothing: the chain of hops has gone on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, get_args

import pyarrow as pa
from sqlalchemy import BindParameter, Connection, and_, bindparam, case, func, literal, not_, select, text, update

from onepool.channels.base.receipts import Reason
from onepool.clock import from_micros
from onepool.collect import links
from onepool.pool import Session
from onepool.reach import tasks
from onepool.reach.states import SendState
from onepool.state.bulk import update_many
from onepool.state.outbox import sends

EVENTS: Final = ("message_sent", "message_delivered", "message_read", "message_clicked", "message_failed")

_REASONS: Final = frozenset(get_args(Reason))
_CHUNK: Final = 500
_QUERY: Final = """SELECT e.event, e.touchpoint, e.message_id, json_extract_string(e.fields, '$.send_id') AS send,
        epoch_us(e.time) AS time, e.failure_code AS code, e.failure_reason AS reason
    FROM events e WHERE e.seq > $after AND e.seq <= $upto AND list_contains($events, e.event) ORDER BY e.time, e.seq"""


def fold(session: Session, connection: Connection, after: int, upto: int, at: int) -> int:
    """Take in the receipts among the pool's events with `seq` in (after, upto], in the caller's transaction.

    Returns how many messages they were of. Folding them again changes nothing. ``at``: µs.
    """
    told = session.query(_QUERY, {"after": after, "upto": upto, "events": list(EVENTS)})
    if told.num_rows == 0:
        return 0
    found = _matched(connection, told)
    by_event: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for number, row in zip(found, told.to_pylist(), strict=True):
        if number is not None:
            by_event.setdefault(row["event"], []).append((number, row))
    _sent(connection, by_event.get("message_sent", ()), at)
    _failed(connection, by_event.get("message_failed", ()), at)
    arrived = by_event.get("message_delivered", ())
    for event, rows in by_event.items():
        if event in _STEPS:
            _step(connection, event, [(number, row["time"]) for number, row in rows], at)
    links.note_arrivals(connection, [(str(number), from_micros(row["time"])) for number, row in arrived])
    return len({number for rows in by_event.values() for number, _ in rows})


def _matched(connection: Connection, told: pa.Table) -> list[int | None]:
    """The message of each event, None where it is none of ours."""
    found: list[int | None] = []
    named: dict[str, None] = {}
    for event, message, send in zip(
        *(told.column(name).to_pylist() for name in ("event", "message_id", "send")), strict=True
    ):
        number = _number(send, 16) if send else None
        if number is None and event == "message_clicked":
            number = _number(message, 10)
        found.append(number)
        if number is None and message:
            named[message] = None
    t = sends.c
    by_provider: dict[tuple[str, str], int | None] = {}
    for part in _chunks(list(named)):
        rows = connection.execute(select(t.send_id, t.touchpoint, t.provider_id).where(t.provider_id.in_(part)))
        for row in rows:
            place = (row.touchpoint, row.provider_id)
            # What went in one call has one number, which says of none of it whom it is about.
            by_provider[place] = row.send_id if place not in by_provider else None
    places = zip(told.column("touchpoint").to_pylist(), told.column("message_id").to_pylist(), strict=True)
    return [
        by_provider.get((touchpoint, message or "")) if number is None else number
        for number, (touchpoint, message) in zip(found, places, strict=True)
    ]


def _number(text: str | None, base: int) -> int | None:
    try:
        number = int(text or "", base)
    except ValueError:
        return None
    return number if 0 <= number < 1 << 63 else None


_OPEN: Final = (SendState.CLAIMED, SendState.TASK, SendState.UNKNOWN, SendState.ACCEPTED)
_STEPS: Final = {
    "message_delivered": ("delivered", SendState.DELIVERED, _OPEN),
    "message_read": ("read", SendState.READ, (*_OPEN, SendState.DELIVERED)),
    "message_clicked": ("clicked", SendState.CLICKED, (*_OPEN, SendState.DELIVERED, SendState.READ)),
}
"""Event -> the column that holds its instant, the state that it leads to, and from which ones."""


def _step(connection: Connection, event: str, rows: Iterable[tuple[int, int]], at: int) -> None:
    column, state, before = _STEPS[event]
    t = sends.c
    time: BindParameter[int] = bindparam("told")
    moves = text(f"(state IN ({_listed(before)}) OR (state = {SendState.FAILED:d} AND reason = 'staff_timeout'))")
    first = case((t[column] < time, t[column]), else_=time)
    change = update(sends).where(t.send_id == bindparam("of")).values(
        {
            column: first,
            "state": case((moves, int(state)), else_=t.state),
            "concluded": func.coalesce(t.concluded, literal(at)),
            "changed": at,
        }
    )  # fmt: skip
    rows = list(rows)
    update_many(connection, change, ("of", "told"), rows)
    for number, _ in rows:
        tasks.close_for(connection, number, at, "sent")


def _sent(connection: Connection, rows: Sequence[tuple[int, dict[str, Any]]], at: int) -> None:
    """Of calls whose sender died before it wrote down what came of them."""
    t = sends.c
    lost = text(f"state IN ({_listed((SendState.CLAIMED, SendState.UNKNOWN))})")
    change = update(sends).where(t.send_id == bindparam("of"), lost).values(
        state=int(SendState.ACCEPTED), reason=None, provider_id=func.coalesce(t.provider_id, bindparam("provider")),
        concluded=func.coalesce(t.concluded, literal(at)), changed=at,
    )  # fmt: skip
    update_many(connection, change, ("of", "provider"), [(number, row["message_id"]) for number, row in rows])


def _failed(connection: Connection, rows: Sequence[tuple[int, dict[str, Any]]], at: int) -> None:
    """What had been accepted has bounced; what was open has failed."""
    t = sends.c
    accepted = t.state == int(SendState.ACCEPTED)
    change = update(sends).where(
        t.send_id == bindparam("of"), text(f"state IN ({_listed(_OPEN)})"), not_(and_(bindparam("own") == 1, accepted))
    ).values(
        state=case((accepted, int(SendState.BOUNCED)), else_=int(SendState.FAILED)),
        reason=bindparam("why"), code=func.coalesce(bindparam("given"), t.code),
        concluded=func.coalesce(t.concluded, literal(at)), changed=at,
    )  # fmt: skip
    named = [
        (number, int(row["send"] is not None), row["reason"] if row["reason"] in _REASONS else "refused",
         (row["code"] or "")[:64] or None)
        for number, row in rows
        if row["reason"] != "unknown"
    ]  # fmt: skip
    update_many(connection, change, ("of", "own", "why", "given"), named)
    for number, _, why, _ in named:
        tasks.close_for(connection, number, at, why)


def _listed(states: Iterable[SendState]) -> str:
    return ", ".join(str(int(one)) for one in states)


def _chunks(values: Sequence[str]) -> Iterable[Sequence[str]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]
