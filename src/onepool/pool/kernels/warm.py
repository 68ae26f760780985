"""Having the loops compiled before they are needed."""

from __future__ import annotations

import numpy as np

from onepool.pool.kernels.counting import counted
from onepool.pool.kernels.funnel import funnel
from onepool.pool.kernels.ordering import gather, ordered
from onepool.pool.kernels.pattern import Pattern
from onepool.pool.kernels.sequence import sequence
from onepool.pool.kernels.tracing import trace


def warm() -> None:
    """Run every loop once, on two events."""
    ones = np.ones(2, np.int64)
    codes = np.zeros(2, np.uint16)
    marks = np.ones(1, np.uint64)
    found = ordered(ones, np.arange(2), np.arange(2), np.ones(2, np.uint64))
    gather(found.customers, found.offsets, codes, found.time, marks)
    pattern = Pattern((1, 1), at=9)
    sequence(found.offsets, found.time, found.masks, pattern)
    trace(found.time, found.masks, pattern)
    for keep in (np.empty(0, np.bool_), np.ones(2, np.bool_)):
        counted(found.offsets, found.time, 9, keep=keep)
    for groups in (None, codes):
        funnel(found.offsets, found.time, 2, 9, codes=codes, marks=marks, groups=groups, groups_count=1)
