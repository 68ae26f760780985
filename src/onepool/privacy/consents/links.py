"""Links to somebody's own preference page. Only the digest of a token is kept: who reads the state can open no page."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, insert, select

from onepool.clock import from_micros, to_micros
from onepool.state.bulk import insert_many
from onepool.state.consents import preference_links

LIFETIME: Final = timedelta(days=365)
"""A link in an old message works for a year: withdrawing is to be no harder than finding the message."""

PATTERN: Final = re.compile(r"[A-Za-z0-9_-]{43}")
"""256 random bits as URL-safe base64."""

_CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class PreferenceLink:
    """Whose page a link opens, and the message that it came with."""

    identifier_id: int
    send_id: int | None
    created: datetime
    expires: datetime


def make(
    connection: Connection,
    whose: Iterable[tuple[int, int | None]],
    now: datetime,
    *,
    lifetime: timedelta = LIFETIME,
) -> list[str]:
    """Tokens for (identifier, message), in order, stored in the caller's transaction."""
    created, expires = to_micros(now), to_micros(now + lifetime)
    pairs = list(whose)
    tokens = [secrets.token_urlsafe(32) for _ in pairs]
    rows = ((digest(token), node, send, created, expires) for token, (node, send) in zip(tokens, pairs, strict=True))
    insert_many(connection, insert(preference_links), ("token", "identifier_id", "send_id", "created", "expires"), rows)
    return tokens


def find(connection: Connection, token: str, now: datetime) -> PreferenceLink | None:
    """Whose page a token opens; None for one that is unknown or has ended."""
    if not PATTERN.fullmatch(token):
        return None
    row = connection.execute(select(preference_links).where(preference_links.c.token == digest(token))).one_or_none()
    if row is None or to_micros(now) >= row.expires:
        return None
    return PreferenceLink(row.identifier_id, row.send_id, from_micros(row.created), from_micros(row.expires))


def forget(connection: Connection, nodes: Sequence[int]) -> int:
    """Remove the links of identifiers; returns how many there were."""
    count = 0
    for start in range(0, len(nodes), _CHUNK):
        some = preference_links.c.identifier_id.in_(list(nodes[start : start + _CHUNK]))
        count += connection.execute(delete(preference_links).where(some)).rowcount
    return count


def expire(connection: Connection, now: datetime) -> int:
    """Remove links that have ended; returns how many."""
    return connection.execute(delete(preference_links).where(preference_links.c.expires <= to_micros(now))).rowcount


def digest(token: str) -> bytes:
    """What is kept of a token: 256 random bits need no salt."""
    return hashlib.sha256(token.encode()).digest()
