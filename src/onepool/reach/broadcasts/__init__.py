"""Broadcasts: one message to everybody of an audience, through the same gate and at the same pace as journeys'."""

from __future__ import annotations

from onepool.reach.broadcasts.checking import problems
from onepool.reach.broadcasts.forecasting import Forecast, forecast
from onepool.reach.broadcasts.model import Broadcast, BroadcastError, check, parse
from onepool.reach.broadcasts.planner import Broadcaster
from onepool.reach.broadcasts.store import (
    Stored,
    ask,
    cancel,
    change,
    counts,
    create,
    every,
    find,
    pause,
    remove,
    resume,
    start,
)

__all__ = [
    "Broadcast",
    "BroadcastError",
    "Broadcaster",
    "Forecast",
    "Stored",
    "ask",
    "cancel",
    "change",
    "check",
    "counts",
    "create",
    "every",
    "find",
    "forecast",
    "parse",
    "pause",
    "problems",
    "remove",
    "resume",
    "start",
]
