"""The next batch, standardised while the one before it is written: the engine leaves the interpreter free meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import Protocol

from onepool.collect.log import Record
from onepool.standards import Batch


class Work(Protocol):
    """How a batch is made of records: a pure function, since it runs beside everything else."""

    def __call__(self, records: Sequence[Record], *, beside: bool) -> Batch:
        """``beside``: other threads work meanwhile, so nothing that they share may be changed."""
        ...


class Ahead:
    """Holds at most one batch. ``work`` must not hold on to who asks: the two would keep each other in memory."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="standardise-ahead")
        self._begun: tuple[Sequence[Record], Future[Batch]] | None = None

    @property
    def records(self) -> Sequence[Record]:
        """The records that were begun and not yet asked for."""
        return () if self._begun is None else self._begun[0]

    def begin(self, records: Sequence[Record]) -> None:
        """Begin with these records, which are to be asked for next; nothing where there are none.

        Nothing either after `close` or while the interpreter ends: they are made when they are asked for.
        """
        self.drop()
        if records:
            with suppress(RuntimeError):
                self._begun = records, self._thread.submit(self._work, records, beside=True)

    def batch(self, records: Sequence[Record]) -> Batch:
        """The batch of these records; made now if it was not begun. Raises what making it raised."""
        if self._begun is None or self._begun[0] is not records:
            self.drop()
            return self._work(records, beside=False)
        made = self._begun[1]
        self._begun = None
        return made.result()

    def drop(self) -> None:
        """Wait for what was begun, and forget it."""
        if self._begun is not None:
            wait([self._begun[1]])
            self._begun = None

    def close(self) -> None:
        """Forget what was begun, and end the thread. Doing it again is nothing."""
        self.drop()
        self._thread.shutdown()
