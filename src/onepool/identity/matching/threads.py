"""Work in parts on all processors: numpy and compiled loops let other threads run meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from onepool.processors import processors

Item = TypeVar("Item")
Result = TypeVar("Result")
#: more threads than this wait for memory only
_MOST = 8


def each(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """``work`` of every item, in their order; on as many threads as this process has processors."""
    todo = list(items)
    threads = min(processors(), _MOST)
    if len(todo) < 2 or threads < 2:
        return [work(item) for item in todo]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, todo))
