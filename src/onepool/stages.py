"""Where ticks spend their time, stage by stage; kept in a file, since other processes are asked for it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec
from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric

FILE: Final = "tick.status.json"
_EVERY: Final = 2.0


class Spent(msgspec.Struct):
    """`seconds` by the clock, and by the processor of the tick's own thread (the pool's engine has more)."""

    times: int = 0
    seconds: float = 0.0
    processor: float = 0.0


class Stages:
    """Adds up what each stage took since the worker began. `data`: the folder where it is kept (None: nowhere)."""

    def __init__(self, data: Path | None) -> None:
        self.spent: dict[str, Spent] = {}
        self._data = data
        self._kept = 0.0

    @contextmanager
    def of(self, stage: str) -> Iterator[None]:
        """Within, the stage goes on; also counted where it fails."""
        began, used = time.perf_counter(), time.thread_time()
        try:
            yield
        finally:
            found = self.spent.setdefault(stage, Spent())
            found.times += 1
            found.seconds += time.perf_counter() - began
            found.processor += time.thread_time() - used

    def keep(self) -> None:
        """Write it down where other processes find it, now and then."""
        if self._data is None or time.monotonic() - self._kept < _EVERY:
            return
        self._kept = time.monotonic()
        draft = self._data / f"{FILE}.new"
        # What is measured must not stop what it measures: a full disk shows where something is lost by it.
        with suppress(OSError):
            draft.write_bytes(msgspec.json.encode(self.spent))
            draft.replace(self._data / FILE)


def metrics(data: Path) -> Iterable[Metric]:
    """The stages for Prometheus; nothing where no worker wrote them."""
    try:
        spent = msgspec.json.decode((data / FILE).read_bytes(), type=dict[str, Spent])
    except (OSError, msgspec.DecodeError):
        return
    times = CounterMetricFamily("onepool_tick_stage", "How often a stage of the tick ran", labels=["stage"])
    seconds = CounterMetricFamily("onepool_tick_stage_seconds", "How long it took by the clock", labels=["stage"])
    processor = CounterMetricFamily(
        "onepool_tick_stage_processor_seconds", "Processor time of the tick's own thread in it", labels=["stage"]
    )
    for stage, one in spent.items():
        times.add_metric([stage], one.times)
        seconds.add_metric([stage], one.seconds)
        processor.add_metric([stage], one.processor)
    yield from (times, seconds, processor)
