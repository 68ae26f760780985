"""A collector with preference pages, as a process: python -m tests.consent.collector ROOT DESCRIPTOR INSTANT."""

from __future__ import annotations

import socket
import sys
from datetime import datetime
from pathlib import Path

from onepool.clock import FakeClock
from onepool.collect.log import SqliteLog
from onepool.collect.preference_desk import PreferenceDesk
from onepool.collect.serve import serve_collector
from onepool.collect.touchpoint import CachedTouchpoints
from onepool.state import State

if __name__ == "__main__":
    data, clock = Path(sys.argv[1]) / "data", FakeClock(datetime.fromisoformat(sys.argv[3]))
    state = State.at(data / "state.sqlite")
    serve_collector(
        socket.socket(fileno=int(sys.argv[2])), SqliteLog(data / "log.sqlite"), CachedTouchpoints(list), clock,
        preferences=PreferenceDesk(lambda: state, clock, lambda: ["sms", "email"]),
    )  # fmt: skip
