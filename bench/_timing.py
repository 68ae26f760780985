"""What a call costs: the median of a few runs, by the clock and by the processor."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass
class Cost:
    """Seconds by the clock, and by the processor (steadier where others use the machine too)."""

    wall: float = 0.0
    cpu: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.wall + other.wall, self.cpu + other.cpu)

    def times(self, other: Cost) -> dict[str, float]:
        """How many times as much the other costs."""
        return Cost(other.wall / self.wall, other.cpu / self.cpu).rounded()

    def rounded(self) -> dict[str, float]:
        return {"wall": round(self.wall, 4), "cpu": round(self.cpu, 4)}


def timed(runs: int, work: Callable[[], Any], *, first: bool = False) -> tuple[Cost, Any]:
    """What a call costs, and its last answer. The first call, which loads and compiles, is not counted, unless `first`
    says that there is no call before."""
    wall: list[float] = []
    cpu: list[float] = []
    answer = None if first else work()
    for _ in range(runs):
        started, worked = time.perf_counter(), time.process_time()
        answer = work()
        wall.append(time.perf_counter() - started)
        cpu.append(time.process_time() - worked)
    return Cost(statistics.median(wall), statistics.median(cpu)), answer
