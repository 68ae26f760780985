"""API keys for programs: shown once, kept as a hash, with a role."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Row

from onepool.clock import Clock, from_micros, to_micros
from onepool.errors import OnePoolError
from onepool.privacy.audit import record_in
from onepool.privacy.roles import Role
from onepool.privacy.sessions import digest
from onepool.state import State
from onepool.state.schema import api_keys

PREFIX = "opk_"
_NOTE_USE_EVERY = timedelta(minutes=5)


class KeyUnknown(OnePoolError):
    """There is no such API key."""

    code = "key-unknown"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key (never the key itself)."""

    id: int
    name: str
    role: Role
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def create_key(state: State, clock: Clock, *, name: str, role: Role, actor: str = "cli") -> tuple[ApiKey, str]:
    """A new key: (what is kept, the key to be shown once)."""
    secret = PREFIX + secrets.token_urlsafe(32)
    with state.write() as connection:
        connection.execute(
            insert(api_keys).values(
                name=name, key_hash=digest(secret), role=role.value, created_at=to_micros(clock.now())
            )
        )
        row = connection.execute(select(api_keys).where(api_keys.c.key_hash == digest(secret))).one()
        record_in(connection, clock, actor, "key.add", f"key:{row.id}", {"name": name, "role": role.value})
    return _key(row), secret


def list_keys(state: State) -> list[ApiKey]:
    """All keys, revoked ones too, in the order of their making."""
    with state.read() as connection:
        return [_key(row) for row in connection.execute(select(api_keys).order_by(api_keys.c.id))]


def find_key(state: State, clock: Clock, secret: str) -> ApiKey | None:
    """The key if it is good, else None. Notes its use now and then."""
    if not secret.startswith(PREFIX):
        return None
    with state.read() as connection:
        row = connection.execute(select(api_keys).where(api_keys.c.key_hash == digest(secret))).one_or_none()
    if row is None or row.revoked_at is not None:
        return None
    now = clock.now()
    if row.last_used_at is None or now - from_micros(row.last_used_at) >= _NOTE_USE_EVERY:
        with state.write() as connection:
            connection.execute(update(api_keys).where(api_keys.c.id == row.id).values(last_used_at=to_micros(now)))
    return _key(row)


def revoke_key(state: State, clock: Clock, key_id: int, *, actor: str = "cli") -> None:
    """Make a key useless at once. Raises KeyUnknown."""
    with state.write() as connection:
        row = connection.execute(select(api_keys).where(api_keys.c.id == key_id)).one_or_none()
        if row is None:
            raise KeyUnknown("no such API key", where=str(key_id), hint="see: onepool key list")
        if row.revoked_at is None:
            connection.execute(
                update(api_keys).where(api_keys.c.id == key_id).values(revoked_at=to_micros(clock.now()))
            )
            record_in(connection, clock, actor, "key.revoke", f"key:{key_id}")


def _key(row: Row[tuple[object, ...]]) -> ApiKey:
    return ApiKey(
        id=row.id,
        name=row.name,
        role=Role(row.role),
        created_at=from_micros(row.created_at),
        last_used_at=None if row.last_used_at is None else from_micros(row.last_used_at),
        revoked_at=None if row.revoked_at is None else from_micros(row.revoked_at),
    )
