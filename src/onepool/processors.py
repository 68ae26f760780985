"""How many processors this process has to itself: as many threads are worth starting for what only computes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

_PROCESS, _GROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
_UNLIMITED: Final = "max"


def processors() -> int:
    """Those it may run on, but no more than its control group's quota (`docker run --cpus`) pays for, rounded up:
    threads beyond that only make the group stand still until the next period. At least one."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    paid = _quota()
    return there if paid is None else max(1, min(there, paid))


@cache
def _quota() -> int | None:
    """The quota, as this process began, in processors; None without one."""
    return quota(_PROCESS, _GROUPS)


def quota(process: Path, groups: Path) -> int | None:
    """The smallest quota of a process's control group and those around it, in processors, rounded up; None without one.

    `process`: which groups it is in (https://man7.org/linux/man-pages/man7/cgroups.7.html); `groups`: where they are
    mounted, of version 1 or 2. What cannot be read limits nothing.
    """
    found = [-(-most // period) for most, period in _limits(process, groups) if most > 0 and period > 0]
    return min(found, default=None)


def _limits(process: Path, groups: Path) -> Iterator[tuple[int, int]]:
    """Microseconds of processor time in each period, and the period's."""
    for line in _text(process).splitlines():
        number, _, rest = line.partition(":")
        controllers, _, place = rest.partition(":")
        if number == "0" and not controllers:
            yield from (_of_two(folder) for folder in _upwards(groups, place))
        elif "cpu" in controllers.split(","):
            for mounted in ("cpu", controllers):
                yield from (_of_one(folder) for folder in _upwards(groups / mounted, place))


def _upwards(root: Path, place: str) -> Iterator[Path]:
    """A group's folder and those around it. In a container its own group may be mounted as the root."""
    folder = root / place.lstrip("/")
    yield from (one for one in (folder, *folder.parents) if one.is_relative_to(root))


def _of_two(folder: Path) -> tuple[int, int]:
    most, _, period = _text(folder / "cpu.max").strip().partition(" ")
    return (0, 0) if most == _UNLIMITED else (_number(most), _number(period))


def _of_one(folder: Path) -> tuple[int, int]:
    return _number(_text(folder / "cpu.cfs_quota_us")), _number(_text(folder / "cpu.cfs_period_us"))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        return 0
