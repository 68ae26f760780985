"""Ranges of work on several threads: compiled functions let other threads run meanwhile (`jit.released`)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Self, TypeVar

Result = TypeVar("Result")


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
