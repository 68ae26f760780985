"""Sharing customers out over threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from onepool.processors import processors

A = TypeVar("A", bound=npt.NDArray[Any])
_MOST = 8


def cores() -> int:
    """How many threads are worth while for a large piece of work."""
    return min(_MOST, processors())


class _Lent:
    """Somebody else's memory, as numpy reads it."""

    def __init__(self, array: npt.NDArray[Any]) -> None:
        self._owner = array
        self.__array_interface__ = {**array.__array_interface__, "data": (array.ctypes.data, False)}


def lent(array: A) -> A:
    """The same memory, not marked read-only: kernels only read it, and would be compiled anew for marked arrays."""
    whole = np.ascontiguousarray(array)
    return whole if whole.flags.writeable and type(whole) is np.ndarray else np.asarray(_Lent(whole))  # type: ignore[return-value]


def ranges(offsets: npt.NDArray[np.int64], parts: int) -> list[tuple[int, int]]:
    """Up to `parts` ranges of customers with about as many events each."""
    customers = offsets.size - 1
    if customers <= 0:
        return []
    marks = np.linspace(int(offsets[0]), int(offsets[-1]), max(1, parts) + 1)[1:-1]
    edges = [0, *np.searchsorted(offsets, marks).clip(0, customers).tolist(), customers]
    return [(int(first), int(last)) for first, last in pairwise(edges) if first < last]


def share(offsets: npt.NDArray[np.int64], threads: int, work: Callable[[int, int], None]) -> None:
    """Call `work(first, last)` for ranges of customers that together are all of them."""
    parts = ranges(offsets, threads)
    if len(parts) <= 1:
        for first, last in parts:
            work(first, last)
        return
    with ThreadPoolExecutor(len(parts)) as pool:
        for done in [pool.submit(work, first, last) for first, last in parts]:
            done.result()
