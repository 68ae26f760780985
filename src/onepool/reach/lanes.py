"""Threads that call platforms, some for each account: one that answers slowly holds up nobody else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any


class Lanes:
    """`threads`: calls of one lane at the same time, at most. Threads are made when a lane is first used.

    `closing` is set as soon as no more calls should begin: what still waits in a lane asks it before it calls.
    """

    def __init__(self, threads: int) -> None:
        self.closing = threading.Event()
        self._threads = threads
        self._lanes: dict[str, ThreadPoolExecutor] = {}
        self._lock = threading.Lock()

    def submit(self, name: str, call: Callable[..., Any], *args: Any) -> Future[Any]:
        """Call as soon as a thread of the lane is free. Raises RuntimeError after `close`."""
        with self._lock:
            if self.closing.is_set():
                raise RuntimeError("no more calls: the senders are closing")
            lane = self._lanes.get(name)
            if lane is None:
                lane = self._lanes[name] = ThreadPoolExecutor(self._threads, thread_name_prefix=f"send-{name}")
            return lane.submit(call, *args)

    def close(self) -> None:
        """Wait for all calls; none can be made afterwards."""
        with self._lock:
            self.closing.set()
            lanes = list(self._lanes.values())
        for lane in lanes:
            lane.shutdown(wait=False)
        for lane in lanes:
            lane.shutdown(wait=True)
