"""Walking over a platform's changes window by window: what most order interfaces ask for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from onepool.channels.base.channel import Cursor


def windows(
    cursor: Cursor, now: datetime, *, size: timedelta, lag: timedelta, first: timedelta, overlap: timedelta
) -> Iterator[tuple[datetime, datetime]]:
    """(from, until) of each window from where the cursor stands (``since``, ISO 8601) up to ``now - lag``.

    ``first``: how far back a stream without a cursor begins. ``overlap``: how much of the last window is asked for
    again, since platforms' lists lag behind; repetitions are dropped by their ids. ``size``: longest window.
    """
    until = now - lag
    since = cursor.get("since")
    at = datetime.fromisoformat(since) - overlap if isinstance(since, str) else now - first
    while at < until:
        end = min(at + size, until)
        yield at, end
        at = end
