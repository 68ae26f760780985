"""Moving what SQLite committed from its write-ahead log into the main file, beside those who write.

SQLite does it within a commit, once a thousand pages have gathered: whoever writes pays with two syncs of the disk and
the copying. Steps of journeys write so much that they leave it to a thread of its own, on another core.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

_logger = structlog.get_logger(__name__)

_USUAL: Final = 1_000
"""Pages after which SQLite itself moves them within a commit."""

_MOST_BYTES: Final = 256 << 20
"""Of the write-ahead log: above it the writer waits until it is moved, so that it can begin anew."""

_ROWS: Final = 250
"""Rows that were written before it is worth while: each may be on a page of its own, in the table and in an index."""

_APART: Final = 1.0
"""Seconds between two checkpoints, at least: each syncs two files."""


class Checkpoints:
    """The checkpoints of one SQLite file. May be used from any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._next = 0.0
        self._rows = 0

    @contextlib.contextmanager
    def left_out(self, connection: Connection) -> Iterator[None]:
        """Transactions of a connection without checkpoints in their commits; they are made up for behind them."""
        driver: Any = connection.connection.driver_connection
        before = driver.total_changes
        # The file of the write-ahead log does not stay as long as it once was.
        connection.exec_driver_sql(f"PRAGMA journal_size_limit = {_MOST_BYTES}")
        connection.exec_driver_sql("PRAGMA wal_autocheckpoint = 0")
        try:
            yield
        finally:
            with contextlib.suppress(DatabaseError):
                connection.exec_driver_sql(f"PRAGMA wal_autocheckpoint = {_USUAL}")
        with self._lock:
            self._rows += driver.total_changes - before
            enough = self._rows >= _ROWS
        if enough:
            self.soon()

    def soon(self) -> None:
        """Move what was committed, in a thread of its own; no more than once in a second."""
        if self._log_bytes() > _MOST_BYTES:
            self.close()
            self._move()
            return
        with self._lock:
            now = time.monotonic()
            if now < self._next or (self._thread is not None and self._thread.is_alive()):
                return
            self._next, self._rows = now + _APART, 0
            self._thread = threading.Thread(target=self._move, name="state-checkpoint", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Wait for the one that is under way."""
        thread = self._thread
        if thread is not None:
            thread.join()

    def _move(self) -> None:
        # A failure (disk full, busy) loses nothing: the pages stay in the write-ahead log until the next one.
        try:
            connection = sqlite3.connect(self._path, timeout=0)
            try:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            finally:
                connection.close()
        except sqlite3.Error as error:
            _logger.warning("the state's checkpoint failed; the next one moves its pages", error=str(error))

    def _log_bytes(self) -> int:
        try:
            return self._path.with_name(f"{self._path.name}-wal").stat().st_size
        except OSError:
            return 0
