"""What a person lets an account send: asked and used up by whoever sends. tick/allowances.py counts the deeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, delete, or_, select, update

from onepool.clock import from_micros, to_micros
from onepool.state.schema import allowances

_CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may be sent: ``left`` messages until ``until`` (None: without end). ``per``: the template, or empty."""

    identifier_id: int
    allowance: str
    per: str
    left: int
    until: datetime | None


def allowed(connection: Connection, touchpoint: str, identifiers: Sequence[int], now: datetime) -> list[Allowed]:
    """What may be sent now over a touchpoint to these identifiers, by identifier, allowance and template.

    Who is not in the answer may be sent nothing that needs an allowance.
    """
    t, found = allowances.c, []
    wanted = sorted(set(identifiers))
    for start in range(0, len(wanted), _CHUNK):
        query = select(t.identifier_id, t.allowance, t.per, t.left_count, t.until).where(
            t.touchpoint == touchpoint,
            t.identifier_id.in_(wanted[start : start + _CHUNK]),
            t.left_count > 0,
            or_(t.until.is_(None), t.until > to_micros(now)),
        )
        for number, name, per, left, until in connection.execute(query.order_by(t.identifier_id, t.allowance, t.per)):
            found.append(Allowed(number, name, per, left, None if until is None else from_micros(until)))
    return found


def spend(
    connection: Connection, touchpoint: str, identifier: int, allowance: str, now: datetime, per: str = ""
) -> bool:
    """Take one message, in the caller's transaction. False where none is left: then it must not be sent."""
    t, at = allowances.c, to_micros(now)
    taken = connection.execute(
        update(allowances)
        .where(
            *_is(touchpoint, identifier, allowance, per),
            t.left_count > 0,
            or_(t.until.is_(None), t.until > at),
        )
        .values(left_count=t.left_count - 1, updated=at)
    )
    return taken.rowcount == 1


def give_back(connection: Connection, touchpoint: str, identifier: int, allowance: str, per: str = "") -> None:
    """Undo `spend` for a message that was not sent after all (refused for another reason, or tried again later)."""
    t = allowances.c
    connection.execute(
        update(allowances).where(*_is(touchpoint, identifier, allowance, per)).values(left_count=t.left_count + 1)
    )


def close(
    connection: Connection, touchpoint: str, identifier: int, allowance: str, now: datetime, per: str = ""
) -> None:
    """Nothing more may be sent until the next deed: the platform said so (`over_limit`, `refused`)."""
    connection.execute(
        update(allowances)
        .where(*_is(touchpoint, identifier, allowance, per))
        .values(left_count=0, updated=to_micros(now))
    )


def forget(connection: Connection, identifiers: Sequence[int]) -> None:
    """Delete what is kept of these identifiers (erasure)."""
    wanted = sorted(set(identifiers))
    for start in range(0, len(wanted), _CHUNK):
        chunk = wanted[start : start + _CHUNK]
        connection.execute(delete(allowances).where(allowances.c.identifier_id.in_(chunk)))


def _is(touchpoint: str, identifier: int, allowance: str, per: str) -> tuple[ColumnElement[bool], ...]:
    t = allowances.c
    return (t.touchpoint == touchpoint, t.identifier_id == identifier, t.allowance == allowance, t.per == per)
