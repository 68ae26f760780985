"""How often, first and last: what is counted over each customer's events of one kind."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from onepool.pool.kernels.pattern import ALWAYS, I64, NEVER, Bools
from onepool.pool.kernels.threads import lent, share

_ALL = np.empty(0, np.bool_)


@dataclass(frozen=True)
class Counted:
    """Per customer: how many events lie in the range, the oldest and newest of these (NEVER: none), the first one at or
    after the instant of evaluation (NEVER: none)."""

    count: I64
    oldest: I64
    newest: I64
    ahead: I64


@numba.njit(cache=True, nogil=True)
def _count(
    offsets: I64,
    time: I64,
    keep: Bools,
    first: int,
    last: int,
    start: int,
    end: int,
    at: int,
    count: I64,
    oldest: I64,
    newest: I64,
    ahead: I64,
) -> None:
    some = keep.size > 0
    for customer in range(first, last):
        found = 0
        for row in range(offsets[customer], offsets[customer + 1]):
            now = time[row]
            if some and not keep[row]:
                continue
            if now >= at:
                ahead[customer] = now
                break
            if start <= now < end:
                if found == 0:
                    oldest[customer] = now
                newest[customer] = now
                found += 1
        count[customer] = found


def counted(
    offsets: I64,
    time: I64,
    at: int,
    *,
    start: int = NEVER,
    end: int = ALWAYS,
    keep: Bools = _ALL,
    threads: int = 1,
) -> Counted:
    """Count events in `start <= time < end` and before `at`.

    `offsets` int64[customers + 1], `time` int64[events] in microseconds, sorted by (customer, time); `keep`
    bool[events]: only these.
    """
    customers = offsets.size - 1
    found = Counted(np.zeros(customers, np.int64), *(np.full(customers, NEVER, np.int64) for _ in range(3)))
    offsets, time, keep = lent(offsets), lent(time), lent(keep)

    def work(first: int, last: int) -> None:
        answers = (found.count, found.oldest, found.newest, found.ahead)
        _count(offsets, time, keep, first, last, start, end, at, *answers)

    share(offsets, threads, work)
    return found
