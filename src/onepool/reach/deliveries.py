"""The log of messages: filtered, page by page; one message with its attempts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, desc, func, or_, select, tuple_

from onepool.reach.states import SendState
from onepool.state.journeys import runs
from onepool.state.outbox import send_attempts, sends


@dataclass(frozen=True, slots=True)
class Wanted:
    """A filter; what is None is not asked for. Instants in µs, `since` included, `until` not."""

    journey: str | None = None
    message: str | None = None
    channel: str | None = None
    touchpoint: str | None = None
    states: Sequence[SendState] | None = None
    reason: str | None = None
    customer: int | None = None
    run: int | None = None
    since: int | None = None
    until: int | None = None
    nodes: Sequence[tuple[int, int]] | None = None
    """Steps that sent them: version and place of the step in it."""
    hop: int | None = None
    entered: tuple[int, int] | None = None
    """Of runs that entered in [first, second)."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ends: behind this message in (planned, send_id)."""

    planned: int
    send_id: int


def page(connection: Connection, wanted: Wanted, before: Place | None, limit: int) -> list[Row[Any]]:
    """Messages, the latest planned first."""
    t = sends.c
    query = _filtered(select(sends), wanted)
    if before is not None:
        query = query.where(
            t.planned <= before.planned, or_(t.planned < before.planned, t.send_id < before.send_id)
        )  # fmt: skip
    return list(connection.execute(query.order_by(desc(t.planned), desc(t.send_id)).limit(limit)))


def counted(connection: Connection, wanted: Wanted) -> list[tuple[str, str, str | None, int]]:
    """(channel, state, reason, messages), most first."""
    t = sends.c
    query = _filtered(select(t.channel, t.state, t.reason, func.count()), wanted)
    rows = connection.execute(query.group_by(t.channel, t.state, t.reason).order_by(desc(func.count()), t.channel))
    return [(row[0], SendState(row[1]).name.lower(), row[2], row[3]) for row in rows]


def find(connection: Connection, send_id: int) -> Row[Any] | None:
    """One message."""
    return connection.execute(select(sends).where(sends.c.send_id == send_id)).one_or_none()


def attempts(connection: Connection, send_id: int) -> list[Row[Any]]:
    """The calls that were made for a message, the first one first."""
    t = send_attempts.c
    return list(connection.execute(select(send_attempts).where(t.send_id == send_id).order_by(t.number)))


def unknown(connection: Connection, wanted: Wanted, limit: int) -> list[int]:
    """Messages of which it can't be told whether they went out, the longest open first."""
    query = _filtered(select(sends.c.send_id), wanted).where(sends.c.state == int(SendState.UNKNOWN))
    return list(connection.execute(query.order_by(sends.c.planned, sends.c.send_id).limit(limit)).scalars())


def _filtered(query: Select[Any], wanted: Wanted) -> Select[Any]:
    t = sends.c
    for value, test in (
        (wanted.journey, t.journey == wanted.journey),
        (wanted.message, t.message == wanted.message),
        (wanted.channel, t.channel == wanted.channel),
        (wanted.touchpoint, t.touchpoint == wanted.touchpoint),
        (wanted.states, t.state.in_([int(one) for one in wanted.states or ()])),
        (wanted.reason, t.reason == wanted.reason),
        (wanted.customer, t.customer_id == wanted.customer),
        (wanted.run, and_(t.run_id == wanted.run, t.customer_id.in_(_whose(wanted.run)))),
        (wanted.since, t.planned >= (wanted.since or 0)),
        (wanted.until, and_(t.planned < (wanted.until or 0))),
        (wanted.nodes, tuple_(t.version_id, t.node).in_(list(wanted.nodes or ()))),
        (wanted.hop, t.hop == wanted.hop),
        (wanted.entered, t.run_id.in_(_entered(*(wanted.entered or (0, 0))))),
    ):
        if value is not None:
            query = query.where(test)
    return query


def _entered(since: int, until: int) -> Select[tuple[int]]:
    return select(runs.c.run_id).where(runs.c.entered >= since, runs.c.entered < until)


def _whose(run: int | None) -> Select[tuple[int]]:
    """Messages of a run are found by its customer."""
    return select(runs.c.customer_id).where(runs.c.run_id == run)
