"""Marks in the pool of how far it has come: table meta (key, value), written in the transaction of what they tell."""

from __future__ import annotations

from onepool.pool import Session

EPOCH = "identity_epoch"
"""Key in the meta of state and pool: how many times rules or decisions changed identities."""


def make(session: Session) -> None:
    """Make the table where it is missing."""
    session.execute("CREATE TABLE IF NOT EXISTS meta (key VARCHAR, value VARCHAR)")


def get(session: Session, key: str) -> str | None:
    """The value of a mark, None where it was never set."""
    found = session.query("SELECT value FROM meta WHERE key = $key", {"key": key})
    return found.column("value")[0].as_py() if found.num_rows else None


def put(session: Session, key: str, value: str) -> None:
    """Set a mark."""
    session.execute("DELETE FROM meta WHERE key = $key", {"key": key})
    session.execute("INSERT INTO meta VALUES ($key, $value)", {"key": key, "value": value})
