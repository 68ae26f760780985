"""Sessions of the console: a random token in a cookie, its hash in the state."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update

from onepool.clock import Clock, from_micros, to_micros
from onepool.privacy.roles import Role
from onepool.privacy.users import User
from onepool.state import State
from onepool.state.schema import sessions, users

IDLE = timedelta(hours=12)
LONGEST = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session that is good now, and whose it is."""

    user: User
    expires_at: datetime


def start(state: State, clock: Clock, user: User, replaces: str | None = None) -> tuple[str, datetime]:
    """A new session: (token for the cookie, end). The session of the token `replaces` ends; so do all that ran out."""
    token = secrets.token_urlsafe(32)
    now = clock.now()
    expires = now + IDLE
    with state.write() as connection:
        connection.execute(delete(sessions).where(sessions.c.expires_at <= to_micros(now)))
        if replaces is not None:
            connection.execute(delete(sessions).where(sessions.c.token_hash == digest(replaces)))
        connection.execute(
            insert(sessions).values(
                token_hash=digest(token), user_id=user.id, created_at=to_micros(now), expires_at=to_micros(expires)
            )
        )
    return token, expires


def find(state: State, clock: Clock, token: str) -> OpenSession | None:
    """The open session of a token, or None. Use prolongs it, up to LONGEST after signing in."""
    now = clock.now()
    hashed = digest(token)
    with state.read() as connection:
        row = connection.execute(
            select(
                sessions.c.created_at.label("started"),
                sessions.c.expires_at,
                users.c.id,
                users.c.email,
                users.c.name,
                users.c.role,
                users.c.language,
                users.c.disabled,
                users.c.created_at,
            )
            .join_from(sessions, users, sessions.c.user_id == users.c.id)
            .where(sessions.c.token_hash == hashed)
        ).one_or_none()
    if row is None or row.disabled or row.expires_at <= to_micros(now):
        return None
    expires = from_micros(row.expires_at)
    longer = min(now + IDLE, from_micros(row.started) + LONGEST)
    # Not on every request: a write each would cost more than the request.
    if longer - expires > IDLE / 4:
        with state.write() as connection:
            connection.execute(
                update(sessions).where(sessions.c.token_hash == hashed).values(expires_at=to_micros(longer))
            )
        expires = longer
    user = User(row.id, row.email, row.name, Role(row.role), row.language, False, from_micros(row.created_at))
    return OpenSession(user, expires)


def end(state: State, token: str) -> None:
    """End the session of a token."""
    with state.write() as connection:
        connection.execute(delete(sessions).where(sessions.c.token_hash == digest(token)))


def digest(token: str) -> bytes:
    """What is stored of a token. The token has 256 random bits, so a plain hash can't be searched."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
