"""What people say about a journey or a step of it. No part of the definition: no version changes by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Row, func, insert, select, update

from onepool.errors import OnePoolError
from onepool.state.journeys import journey_comments

MOST: Final = 500
"""Of one journey shown at a time: the newest, and that many may be open."""


class CommentError(OnePoolError):
    """A comment that is not there, or that can't be taken."""

    code = "comment"


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment; instants in microseconds. `node`: the step by its name, None: the journey."""

    id: int
    journey: str
    node: str | None
    text: str
    author: str
    at: int
    resolved_by: str
    resolved_at: int | None


def listed(connection: Connection, journey: str) -> list[Comment]:
    """Comments of a journey, the oldest first; of many the newest."""
    c = journey_comments.c
    query = select(journey_comments).where(c.journey == journey).order_by(c.id.desc()).limit(MOST)
    return [_comment(row) for row in reversed(connection.execute(query).all())]


def add(connection: Connection, journey: str, node: str | None, text: str, author: str, now: int) -> Comment:
    """Say something. Raises CommentError where nothing is said, or too many wait already."""
    said = text.strip()
    if not said:
        raise CommentError("there is nothing in it", where=journey, hint="write what is to be said")
    c = journey_comments.c
    still = select(func.count()).select_from(journey_comments).where(c.journey == journey, c.resolved_at.is_(None))
    if connection.execute(still).scalar_one() >= MOST:
        raise CommentError(f"{MOST} comments of it are open", where=journey, hint="resolve some of them first")
    values = {"journey": journey, "node": node, "text": said, "author": author[:256], "at": now}
    done = connection.execute(insert(journey_comments).values(**values))
    assert done.inserted_primary_key is not None
    return _find(connection, journey, int(done.inserted_primary_key[0]))


def resolve(connection: Connection, journey: str, number: int, author: str, now: int, *, resolved: bool) -> Comment:
    """Say that a comment is dealt with, or that it is not. Who says it first counts. Raises CommentError."""
    found = _find(connection, journey, number)
    if (found.resolved_at is not None) == resolved:
        return found
    values = {"resolved_by": author[:256] if resolved else "", "resolved_at": now if resolved else None}
    connection.execute(update(journey_comments).where(journey_comments.c.id == number).values(**values))
    return _find(connection, journey, number)


def _find(connection: Connection, journey: str, number: int) -> Comment:
    c = journey_comments.c
    query = select(journey_comments).where(c.id == number, c.journey == journey)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise CommentError(f"there is no comment {number}", where=journey, code="comment-unknown")
    return _comment(row)


def _comment(row: Row[tuple[object, ...]]) -> Comment:
    return Comment(**row._mapping)
