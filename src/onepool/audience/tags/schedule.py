"""When a scheduled tag is computed: crontab texts in the workspace's zone."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

NIGHTLY = "0 3 * * *"
"""Of kinds that are never live and name no schedule."""

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")


def parse_schedule(text: str, zone: ZoneInfo) -> CronTrigger:
    """The trigger of a crontab text (minute hour day month day-of-week). Raises ValueError saying what is wrong.

    >>> parse_schedule("0 3 * * 1", ZoneInfo("Asia/Shanghai")).fields[4].expressions[0].first
    0
    """
    return _parsed(" ".join(text.split()), zone.key)


@lru_cache(maxsize=512)
def _parsed(text: str, zone: str) -> CronTrigger:
    parts = text.split(" ")
    if len(parts) != 5:
        raise ValueError("five fields are wanted: minute hour day month day-of-week, such as `0 3 * * *`")
    if parts[2] != "*" and parts[4] != "*":
        raise ValueError("say a day of the month or days of the week, not both: crontab takes either, not the two")
    # crontab counts from Sunday, APScheduler from Monday: names mean the same to both.
    days = _weekdays(parts[4])
    try:
        return CronTrigger(
            minute=parts[0], hour=parts[1], day=parts[2], month=parts[3], day_of_week=days, timezone=ZoneInfo(zone)
        )
    except (ValueError, TypeError) as error:
        raise ValueError(f"not a crontab: {error}") from None


def _weekdays(text: str) -> str:
    """Numbers as names: 0 and 7 are Sunday; ranges are written out, since one may go over Sunday."""
    found: list[str] = []
    for part in text.lower().split(","):
        part = re.sub(r"^\*/", "0-6/", part)
        match = re.fullmatch(r"([0-7])(?:-([0-7]))?(?:/(\d+))?", part)
        if match is None:
            found.append(part)
            continue
        first = int(match[1])
        last = int(match[2]) if match[2] else (first if not match[3] else 6)
        if last < first:
            raise ValueError(f"the range {part} ends before it begins")
        found += [_DAYS[day] for day in range(first, last + 1, int(match[3] or 1) or 1)]
    return ",".join(dict.fromkeys(found))


def next_time(text: str, zone: ZoneInfo, after: datetime) -> datetime | None:
    """The first instant of a schedule after another; None when there never is one."""
    found = parse_schedule(text, zone).get_next_fire_time(None, after + timedelta(microseconds=1))
    return None if found is None else found.astimezone(after.tzinfo)


def last_time(text: str, zone: ZoneInfo, at: datetime, since: datetime) -> datetime | None:
    """The latest instant of a schedule in (since, at]; None when there is none."""
    found = None
    step = next_time(text, zone, since)
    if step is None or step > at:
        return None
    # Far behind (a server that stood still): look from near the present, further back where that finds nothing.
    for back in (timedelta(hours=2), timedelta(days=2), timedelta(days=32), timedelta(days=400), at - since):
        start = max(since, at - back)
        step = next_time(text, zone, start)
        while step is not None and step <= at:
            found = step
            step = next_time(text, zone, step)
        if found is not None:
            break
    return found
