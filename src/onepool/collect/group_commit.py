"""Group commit: many requests wait for one fsync.

Requests of the event loop queue their record; one writer thread takes all that wait, appends them in one transaction
and wakes the requests. While it writes, the next group gathers: the busier the server, the larger the groups.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from onepool.collect.log import Log, LogUnavailable, NewRecord
from onepool.errors import OnePoolError

_log = structlog.get_logger(__name__)


class Overloaded(OnePoolError):
    """More waits to be written than the limits allow; the sender should come again in a moment."""

    code = "overloaded"


@dataclass(slots=True)
class CommitFigures:
    """Counts since the start, for metrics."""

    records: int = 0
    bytes: int = 0
    commits: int = 0
    failures: int = 0


@dataclass(slots=True)
class _Waiting:
    records: list[NewRecord] = field(default_factory=list)
    futures: list[asyncio.Future[int]] = field(default_factory=list)
    bytes: int = 0


class GroupCommit:
    """Appends records to a log for many requests of one event loop at once.

    ``max_records`` and ``max_bytes`` bound what may wait (above: Overloaded). ``probe_seconds`` is how often a log that
    failed is tried again while no request does it. Made and used on one running event loop; ``close`` at the end.
    """

    def __init__(
        self, log: Log, *, max_records: int = 4096, max_bytes: int = 64 << 20, probe_seconds: float = 1.0
    ) -> None:
        self.figures = CommitFigures()
        self._appender = log
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._probe_seconds = probe_seconds
        self._loop = asyncio.get_running_loop()
        self._changed = threading.Condition()
        self._waiting = _Waiting()
        self._trouble: LogUnavailable | None = None
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    @property
    def trouble(self) -> LogUnavailable | None:
        """Why the last append failed; None as soon as one works again."""
        return self._trouble

    @property
    def queued(self) -> int:
        """Records that wait for the next commit."""
        return len(self._waiting.records)

    def append(self, record: NewRecord) -> asyncio.Future[int]:
        """Queues the record. The future has its offset once it is on disk, or LogUnavailable if it is not.

        Raises Overloaded at once when too much waits already.
        """
        future = self._loop.create_future()
        with self._changed:
            waiting = self._waiting
            size = len(record.body)
            if self._closing:
                raise Overloaded("the log's writer is stopping", hint="try again in a moment")
            if len(waiting.records) >= self._max_records or (
                waiting.records and waiting.bytes + size > self._max_bytes
            ):
                raise Overloaded(f"{len(waiting.records)} requests wait for the disk", hint="try again in a moment")
            waiting.records.append(record)
            waiting.futures.append(future)
            waiting.bytes += size
            if len(waiting.records) == 1:
                self._changed.notify()
        return future

    async def close(self) -> None:
        """Writes what waits, then stops the thread. The log stays open."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        await asyncio.to_thread(self._thread.join)
        await asyncio.sleep(0)  # lets the last futures be set

    def _run(self) -> None:
        while (waiting := self._take()) is not None:
            try:
                offsets = self._appender.append(waiting.records)
            except LogUnavailable as error:
                self._failed(error, waiting)
            except BaseException as bug:
                stopped = LogUnavailable(f"the log's writer stopped: {bug!r}", hint="restart the collector")
                with self._changed:  # nobody may be left waiting for a thread that is gone
                    self._closing = True
                    left, self._waiting = self._waiting, _Waiting()
                self._failed(stopped, waiting)
                self._failed(stopped, left)
                raise
            else:
                self._written(offsets, waiting)

    def _take(self) -> _Waiting | None:
        """All that waits, as soon as something does; nothing, to probe a log in trouble; None at the end."""
        with self._changed:
            while not self._waiting.records:
                if self._closing:
                    return None
                in_time = self._changed.wait(self._probe_seconds if self._trouble else None)
                if not in_time and self._trouble:
                    break
            taken, self._waiting = self._waiting, _Waiting()
            return taken

    def _written(self, offsets: list[int], written: _Waiting) -> None:
        if self._trouble is not None:
            _log.info("the log can be written again")
            self._trouble = None
        figures = self.figures
        figures.commits += 1
        figures.records += len(offsets)
        figures.bytes += written.bytes
        self._wake(lambda: _set_results(written.futures, offsets))

    def _failed(self, error: LogUnavailable, refused: _Waiting) -> None:
        if self._trouble is None:
            _log.error("the log can't be written", error=str(error))
        self._trouble = error
        self.figures.failures += 1
        self._wake(lambda: _set_errors(refused.futures, error))

    def _wake(self, callback: Callable[[], None]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(callback)


def _set_results(futures: list[asyncio.Future[int]], offsets: list[int]) -> None:
    for future, offset in zip(futures, offsets, strict=True):
        if not future.done():  # the client may have gone away meanwhile
            future.set_result(offset)


def _set_errors(futures: list[asyncio.Future[int]], error: LogUnavailable) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(LogUnavailable(error.message, where=error.where, hint=error.hint))
