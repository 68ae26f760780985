"""What waits in the outbox of an account, found by stepping through the index `sends_waiting_kind`.

Its cost follows from how many journeys wait, not from how many messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, func, select, text

from onepool.state.outbox import sends

WAITING: Final = text("state IN (1, 2, 4)")
"""As the index has it (state/outbox.py)."""

_MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Group:
    """Messages of one journey (or broadcast), kind and priority."""

    journey: str
    priority: int
    kind: str


def touchpoints(connection: Connection) -> list[str]:
    """Accounts with messages that wait."""
    found: list[str] = []
    while len(found) < _MOST:
        query = select(func.min(sends.c.touchpoint)).where(WAITING)
        if found:
            query = query.where(sends.c.touchpoint > found[-1])
        name = connection.execute(query).scalar_one_or_none()
        if name is None:
            break
        found.append(name)
    return found


def groups(connection: Connection, touchpoint: str) -> list[Group]:
    """Who has messages that wait for the account, due or not."""
    found: list[Group] = []
    while len(found) < _MOST and (one := _next(connection, touchpoint, found[-1] if found else None)) is not None:
        found.append(one)
    return found


def _next(connection: Connection, touchpoint: str, last: Group | None) -> Group | None:
    """The group behind another: the same journey's next kind, next priority, else the next journey. Three seeks."""
    t = sends.c
    query = select(t.journey, t.priority, t.kind).where(t.touchpoint == touchpoint, WAITING)
    query = query.order_by(t.journey, t.priority, t.kind).limit(1)
    steps = [query] if last is None else [
        query.where(t.journey == last.journey, t.priority == last.priority, t.kind > last.kind),
        query.where(t.journey == last.journey, t.priority > last.priority),
        query.where(t.journey > last.journey),
    ]  # fmt: skip
    for step in steps:
        row = connection.execute(step).one_or_none()
        if row is not None:
            return Group(row.journey, row.priority, row.kind)
    return None


def due(connection: Connection, touchpoint: str, group: Group, now: int, most: int) -> list[Row[Any]]:
    """Messages of a group that are due, the longest due first."""
    t = sends.c
    mine = (t.touchpoint == touchpoint, t.journey == group.journey, t.priority == group.priority, t.kind == group.kind)
    return list(connection.execute(select(sends).where(*mine, t.due <= now, WAITING).order_by(t.due).limit(most)))


def depth(
    connection: Connection,
    touchpoint: str,
    now: int,
    most: int = 1_000_000,
    before: int | None = None,
    kinds: Sequence[str] = (),
) -> int:
    """How many messages are due at an account, counted up to `most`. `before`: only of priorities below this one;
    `kinds`: only of these (none: of all)."""
    t = sends.c
    mine = select(t.send_id).where(t.touchpoint == touchpoint, t.due <= now, WAITING)
    if before is not None:
        mine = mine.where(t.priority < before)
    if kinds:
        mine = mine.where(t.kind.in_(kinds))
    some = mine.limit(most).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one())
