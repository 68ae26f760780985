"""Having the loops compiled before they are needed."""

from __future__ import annotations

import numpy as np

from onepool.pool.kernels import measuring, scatter
from onepool.pool.kernels.funnel import funnel
from onepool.pool.kernels.ordering import gather, ordered
from onepool.pool.kernels.pattern import I64, Pattern
from onepool.pool.kernels.sequence import sequence
from onepool.pool.kernels.texts import decimal_texts, ten_thousandths
from onepool.pool.kernels.tracing import trace


def warm() -> None:
    """Run every loop once, on two events."""
    ones = np.ones(2, np.int64)
    codes = np.zeros(2, np.uint16)
    marks = np.ones(1, np.uint64)
    found = ordered(ones, np.arange(2), np.arange(2), np.ones(2, np.uint64))
    for width in (np.uint8, np.uint16, np.int32):
        gather(found.customers, found.offsets, codes.astype(width), found.time, marks)
    pattern = Pattern((1, 1), at=9)
    sequence(found.offsets, found.time, found.masks, pattern)
    trace(found.time, found.masks, pattern)
    slot, there = np.zeros(2, np.int32), np.zeros(1, np.uint8)
    scatter.seen(slot, scatter.ALL, there)
    scatter.count(slot, scatter.ALL, np.zeros(1, np.int64))
    scatter.total(slot, scatter.ALL, ones, np.zeros(1, np.int64), there)
    scatter.latest(slot, ones, ones, slot, 9, ones.copy(), ones.copy(), slot.copy(), ones.copy())
    for dtype in (np.int64, np.float64, np.int32):
        for extreme in (scatter.least, scatter.greatest):
            extreme(slot, scatter.ALL, np.ones(2, dtype), np.zeros(1, dtype), there)
    _measures(found.offsets, found.time)
    decimal_texts(ones)
    ten_thousandths(np.ones(2), 9, ones.copy())
    for groups in (None, codes):
        funnel(found.offsets, found.time, 2, 9, codes=codes, marks=marks, groups=groups, groups_count=1)


def _measures(offsets: I64, time: I64) -> None:
    family, since, starts = np.zeros(1, np.int16), np.zeros(1, np.int64), np.zeros((1, offsets.size), np.int64)
    kinds = np.zeros(time.size, np.int16)
    customers = offsets.size - 1
    first, last = offsets[:-1].copy(), offsets[1:].copy()
    rows, times, into = np.empty(3, np.int64), np.empty(3, np.int64), np.empty(customers, np.int64)
    for dtype in (np.uint8, np.uint16, np.int32):
        codes = np.zeros(2, dtype)
        measuring.sizes(first, last, codes, time, family, since, kinds, starts)
    measuring.split(0, kinds, time, np.zeros(1, np.int64), rows, times)
    measuring.kept(offsets, np.ones(2, np.bool_), time, time, np.empty(offsets.size, np.int64), rows, times)
    measuring.sooner(into, into, np.ones(customers, np.bool_))
    measuring.found(first, offsets, first, np.empty_like(first), np.empty_like(first))
    whose, ends = (np.empty(offsets.size, np.int64) for _ in range(2))
    measuring.recent(offsets, time, 0, time, offsets.copy(), rows, times)
    instants, edges = np.ones(1, np.int64), np.empty((1, offsets.size), np.int64)
    measuring.windows(offsets, time, instants, whose, ends, edges)
    for pick in (measuring.oldest, measuring.newest, measuring.total):
        pick(first, last, time, into)
    for value in (np.int64, np.float64, np.int32):
        for extreme in (measuring.least, measuring.greatest):
            extreme(first, last, np.ones(2, value), np.zeros(customers, value))
    measuring.different(first, last, np.zeros(2, np.int64), np.full(1, -1, np.int64), into)
