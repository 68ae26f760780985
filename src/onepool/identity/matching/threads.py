"""Work in parts on all processors: numpy and compiled loops let other threads run meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from onepool.processors import processors

Item = TypeVar("Item")
Result = TypeVar("Result")
#: more threads than this wait for memory only
_MOST = 8
_here = threading.local()


def each(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """``work`` of every item, in their order; on as many threads as this process has processors.

    Work that itself calls this stays on its thread: there are no more threads than processors."""
    todo = list(items)
    threads = min(processors(), _MOST)
    if len(todo) < 2 or threads < 2 or getattr(_here, "working", False):
        return [work(item) for item in todo]
    with ThreadPoolExecutor(threads, initializer=_enter) as pool:
        return list(pool.map(work, todo))


def _enter() -> None:
    _here.working = True
