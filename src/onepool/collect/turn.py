"""Turns between processes: who wants to write waits in the kernel's queue instead of polling."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from types import TracebackType

if sys.platform != "win32":  # without flock SQLite's own polling busy handler does the work
    import fcntl


class Turn:
    """A lock between processes and threads that hold the same path; the kernel frees it when its process dies.

    It only orders the waiting (SQLite's busy handler sleeps in growing steps, up to 100 ms); it protects no data.
    A turnstile stands before the lock: who waits for the lock keeps the turnstile shut, so a busy process that comes
    straight back can't overtake it.
    """

    def __init__(self, path: Path) -> None:
        self._threads = threading.Lock()
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        self._lock = os.open(path, flags, 0o600)
        self._turnstile = os.open(path.with_name(path.name + "stile"), flags, 0o600)

    def __enter__(self) -> None:
        self._threads.acquire()
        try:
            _lock(self._turnstile)
            try:
                _lock(self._lock)
            finally:
                _unlock(self._turnstile)
        except BaseException:
            self._threads.release()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            _unlock(self._lock)
        finally:
            self._threads.release()

    def close(self) -> None:
        os.close(self._lock)
        os.close(self._turnstile)


def _lock(descriptor: int) -> None:
    if sys.platform != "win32":
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _unlock(descriptor: int) -> None:
    if sys.platform != "win32":
        fcntl.flock(descriptor, fcntl.LOCK_UN)
