"""What goes on of a journey's rate when another version is published."""

from __future__ import annotations

import json
from datetime import date
from zoneinfo import ZoneInfo

from onepool.clock import from_micros
from onepool.journeys.model import EventEntry, Journey

_EPOCH = date(1970, 1, 1)


def carried_on(said: str, old: Journey, new: Journey, now: int) -> str:
    """`journey_states.metering` for a new version.

    With another hold or another rate the places that were given out far ahead count for those alone who have them:
    nobody waits behind them for a time that the new version does not say. What was let in today counts on.
    """
    if not said or _pace(old) == _pace(new):
        return said
    meter = json.loads(said)
    meter.pop("next", None)
    today = from_micros(now).astimezone(ZoneInfo(new.zone.default)).date()
    if meter.get("day", 0) > (today - _EPOCH).days:
        meter = {name: value for name, value in meter.items() if name not in ("day", "count")}
    return json.dumps(meter, separators=(",", ":")) if meter else ""


def _pace(journey: Journey) -> tuple[object, object]:
    entry = journey.entry
    return entry.rate, entry.hold if isinstance(entry, EventEntry) else None
