"""How a segment's size went, by day or by hour, since it is there."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from onepool.definitions import Definition
from onepool.pool import Session

Step = Literal["day", "hour"]

_QUARTER = 900


@dataclass(frozen=True, slots=True)
class Span:
    """A calendar day, or an hour. `at`: its end (now, for the last); `size` there; who came and went in it; `version`:
    the version of the definition that was saved last in it, so that what it moved can be told from customers' deeds."""

    start: datetime
    at: datetime
    size: int
    entered: int
    left: int
    version: int | None = None


def spans(
    session: Session,
    name: str,
    versions: Sequence[Definition],
    now: datetime,
    zone: ZoneInfo,
    step: Step = "day",
    count: int = 30,
) -> list[Span]:
    """The last `count` days or hours, oldest first; none before the segment was there.

    `versions`: of its definition (any order). While a segment is removed nobody is in it: those spans are there, empty.
    Sizes are counted back from the present one, so every span agrees with the one before it.
    """
    first = min((version.created_at for version in versions), default=None)
    if first is None:
        return []
    edges = _edges(now, zone, step, count)
    # Days and hours of every zone begin at a quarter of an hour of UTC.
    moved = session.query(
        """SELECT epoch_us("at") // $quarter AS quarter, count(*) FILTER (change = 'enter') AS entered,
            count(*) FILTER (change = 'exit') AS departed
        FROM segment_changes WHERE segment = $segment AND "at" >= $start AND "at" <= $now GROUP BY 1""",
        {"segment": name, "start": edges[0], "now": now, "quarter": _QUARTER * 1_000_000},
    ).to_pylist()
    size = int(
        session.query("SELECT count(*) AS n FROM segment_members WHERE segment = $segment", {"segment": name})["n"][
            0
        ].as_py()
    )
    starts = [edge.timestamp() for edge in edges]
    counts = [[0, 0] for _ in edges]
    for row in moved:
        place = _place(starts, row["quarter"] * _QUARTER)
        counts[place][0] += row["entered"]
        counts[place][1] += row["departed"]
    saved: dict[int, int] = {}
    for version in sorted(versions, key=lambda one: one.version):
        if version.created_at >= edges[0]:
            saved[_place(starts, version.created_at.timestamp())] = version.version
    found = []
    for number in range(len(edges) - 1, -1, -1):
        last = number == len(edges) - 1
        end = now if last else edges[number + 1]
        # A pool from before the definition (a restored one) may know of earlier members: these are shown.
        if not last and end <= first and not size and not any(counts[number]):
            break
        entered, left = counts[number]
        found.append(Span(edges[number], end, size, entered, left, saved.get(number)))
        size -= entered - left
    return found[::-1]


def _edges(now: datetime, zone: ZoneInfo, step: Step, count: int) -> list[datetime]:
    """The beginnings of the last `count` spans, oldest first."""
    if step == "hour":
        here = now.astimezone(zone)
        past = timedelta(minutes=here.minute, seconds=here.second, microseconds=here.microsecond)
        latest = now - past
        return [latest - timedelta(hours=back) for back in range(count - 1, -1, -1)]
    today = now.astimezone(zone).date()
    days = [today - timedelta(days=back) for back in range(count - 1, -1, -1)]
    return [datetime(day.year, day.month, day.day, tzinfo=zone) for day in days]


def _place(starts: Sequence[float], seconds: float) -> int:
    """The span that an instant lies in."""
    return max(bisect_right(starts, seconds) - 1, 0)
