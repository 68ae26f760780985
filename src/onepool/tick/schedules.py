"""Instants of runs: what a backfill computes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from onepool.tick.jobs import MOST_PARTS, JobError

Step = Literal["day", "week", "month"]


def instants_between(start: datetime, end: datetime, every: Step, zone: ZoneInfo) -> list[datetime]:
    """`start`, and from there every day, week or month (by the zone's calendar) up to `end`, both included.

    Months keep the day where it exists, else take the last. Raises JobError for more than a job may have.
    """
    here = start.astimezone(zone)
    found: list[datetime] = []
    number = 0
    while (moment := _moved(here, every, number)) <= end:
        found.append(moment.astimezone(start.tzinfo))
        number += 1
        if number > MOST_PARTS:
            raise JobError(
                f"more than {MOST_PARTS} instants were asked for", hint="take larger steps, or two jobs", where="every"
            )
    return found


def _moved(here: datetime, every: Step, number: int) -> datetime:
    if every != "month":
        days = number * (7 if every == "week" else 1)
        return here + timedelta(days=days)
    months = here.year * 12 + here.month - 1 + number
    year, month = divmod(months, 12)
    following = datetime(year + (month + 1) // 12, (month + 1) % 12 + 1, 1, tzinfo=here.tzinfo)
    last = (following - timedelta(days=1)).day
    return here.replace(year=year, month=month + 1, day=min(here.day, last))
