"""Threads that take work off whoever must not wait: started when first needed, bounded in number and in what waits."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Final, Generic, TypeVar

import structlog

_logger = structlog.get_logger(__name__)

_CLOSING_SECONDS: Final = 3.0

T = TypeVar("T")


class Hands(Generic[T]):
    """Up to ``most`` threads that do ``work`` with what `give` was given, in its order; ``waiting`` may wait.

    An error of one ends none of the others: it is logged.
    """

    def __init__(self, name: str, work: Callable[[T], None], most: int, waiting: int) -> None:
        self._name = name
        self._work = work
        self._most = most
        self._waiting: queue.Queue[tuple[T] | None] = queue.Queue(waiting)
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def give(self, one: T) -> bool:
        """Take one over, at once; False where too many wait."""
        if self._stop.is_set():
            return False
        try:
            self._waiting.put_nowait((one,))
        except queue.Full:
            return False
        with self._lock:
            if len(self._threads) < self._most:
                thread = threading.Thread(target=self._run, name=f"{self._name}-{len(self._threads)}", daemon=True)
                self._threads.append(thread)
                thread.start()
        return True

    def drain(self) -> None:
        """Wait until all that was given is done."""
        self._waiting.join()

    def close(self) -> None:
        """Finish what is in hand; what waits is given up. Waits for some seconds at most."""
        self._stop.set()
        for _ in self._threads:
            # A full queue needs no wake-up: the threads find the flag.
            try:
                self._waiting.put_nowait(None)
            except queue.Full:
                break
        for thread in self._threads:
            thread.join(_CLOSING_SECONDS)

    def _run(self) -> None:
        while not self._stop.is_set():
            one = self._waiting.get()
            try:
                if one is None:
                    return
                self._work(*one)
            except Exception as error:  # noqa: BLE001 whatever it was, the next one waits
                _logger.error("work beside failed", hands=self._name, error=type(error).__name__)
            finally:
                self._waiting.task_done()
