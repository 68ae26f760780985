"""Ranges of work on several threads: compiled functions let other threads run meanwhile (`jit.released`)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Self, TypeVar

Result = TypeVar("Result")

PIECES = 16
"""Into so many pieces for each thread work is cut of which parts may cost more than others."""


class Crew:
    """So many threads, of which the calling one is the first; a context manager, at whose end the others are gone."""

    def __init__(self, threads: int) -> None:
        self.threads = max(1, threads)
        self._pool = ThreadPoolExecutor(self.threads - 1, "crew") if self.threads > 1 else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown()

    def begin(self, work: Callable[[], Result]) -> Future[Result]:
        """Work that another thread does meanwhile; here and now if there is no other."""
        if self._pool is not None:
            return self._pool.submit(work)
        done: Future[Result] = Future()
        done.set_result(work())
        return done

    def over(self, count: int, work: Callable[[int, int, int], Result], step: int = 1) -> list[Result]:
        """`work` of 0..count in as many parts as there are threads; the results in their order.

        It is given the number of the part, start and end. step: parts begin at multiples of it. Nothing runs any more
        when this returns, or raises; only of one who is interrupted (KeyboardInterrupt) while waiting for the others,
        who cannot be, these may go on until the crew's end.
        """
        steps = -(-count // step)
        at = [min(count, steps * k // self.threads * step) for k in range(self.threads + 1)]
        others: list[Future[Result]] = []
        try:
            for k in range(1, self.threads):
                others.append(self.begin(lambda k=k: work(k, at[k], at[k + 1])))  # type: ignore[misc]
            first = work(0, at[0], at[1])
        finally:
            wait(others)
        return [first, *(other.result() for other in others)]

    def share(self, count: int, work: Callable[[int, int, int], Result], step: int = 1) -> list[Result]:
        """As `over`, in more pieces, each for whoever is free: for work of which parts cost more than others.

        `work` is given the number of the thread, start and end; the results are in the order of the pieces.
        """
        if self.threads == 1:
            return self.over(count, work, step)
        size = max(1, -(-count // (self.threads * PIECES * step))) * step
        starts = range(0, count, size)
        # To take the next of an iterator is one step to other threads.
        pieces = iter(enumerate(starts))
        found: dict[int, Result] = {}

        def some(part: int, start: int, end: int) -> None:
            for k, at in pieces:
                found[k] = work(part, at, min(count, at + size))

        self.over(self.threads, some)
        return [found[k] for k in range(len(starts))]
