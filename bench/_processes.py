"""Processor time and memory of a server and the processes it started, from /proc."""

from __future__ import annotations

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def processor(pid: int) -> float:
    """Seconds of the processor (user and system) that a process and those that it started have had so far."""
    found = 0.0
    for one in _family(pid):
        fields = _read(one, "stat").rpartition(")")[2].split()
        found += (int(fields[11]) + int(fields[12])) / _TICKS if fields else 0.0
    return found


def memory(pid: int) -> int:
    """The most megabytes that a process and those that it started have had so far, each for itself, added up."""
    lines = [line for one in _family(pid) for line in _read(one, "status").splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) // 1000


def _family(pid: int) -> list[int]:
    """A process and all that it started, and so on."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*"):
        fields = _read(int(path.name), "stat").rpartition(")")[2].split()
        if fields:
            parents.setdefault(int(fields[1]), []).append(int(path.name))
    found = [pid]
    for one in found:
        found += parents.get(one, [])
    return found


def _read(pid: int, name: str) -> str:
    """What the system says of a process; nothing once it has ended."""
    try:
        return Path(f"/proc/{pid}/{name}").read_text()
    except OSError:
        return ""
