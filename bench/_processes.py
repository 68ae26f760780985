"""Processor time of a server and the processes it started, from /proc."""

from __future__ import annotations

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def processor(pid: int) -> float:
    """Seconds of the processor (user and system) that a process and those that it started have had so far."""
    parents: dict[int, list[int]] = {}
    used: dict[int, float] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        own = int(path.parent.name)
        parents.setdefault(int(fields[1]), []).append(own)
        used[own] = (int(fields[11]) + int(fields[12])) / _TICKS
    found, waiting = 0.0, [pid]
    while waiting:
        one = waiting.pop()
        found += used.get(one, 0.0)
        waiting += parents.get(one, [])
    return found
