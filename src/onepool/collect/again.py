"""Fetching that failed, and may work now."""

from __future__ import annotations

from sqlalchemy import and_, update

from onepool.state import State
from onepool.state.schema import streams


def try_again(state: State, touchpoint: str) -> None:
    """What failed at a touchpoint is due at once and counts as not tried: its settings or secrets are others now."""
    with state.write() as connection:
        failed = and_(streams.c.touchpoint == touchpoint, streams.c.error != "")
        connection.execute(update(streams).where(failed).values(error="", failures=0, next_at=0))
