"""Average linkage among many records: sums between clusters in a hash table, the best pair from a heap."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from onepool.identity.matching.dense import least
from onepool.identity.matching.dense import mean as mean_of

Ints = npt.NDArray[np.int64]


@numba.njit(cache=True, nogil=True)
def _slot(table: Ints, key: int) -> int:
    mask = len(table) - 1
    h = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    at = np.int64((h ^ (h >> np.uint64(29))) & np.uint64(mask))
    while table[at] != -1 and table[at] != key:
        at = (at + 1) & mask
    return at  # type: ignore[return-value]


@numba.njit(cache=True, nogil=True)
def _before(m1: float, a1: int, b1: int, m2: float, a2: int, b2: int) -> bool:
    if m1 != m2:
        return m1 > m2
    if a1 != a2:
        return a1 < a2
    return b1 < b2


@numba.njit(cache=True, nogil=True)
def _up(mean: npt.NDArray[np.float64], low: Ints, high: Ints, stamp: Ints, at: int) -> None:
    while at > 0:
        parent = (at - 1) // 2
        if not _before(mean[at], low[at], high[at], mean[parent], low[parent], high[parent]):
            return
        mean[at], mean[parent] = mean[parent], mean[at]
        low[at], low[parent] = low[parent], low[at]
        high[at], high[parent] = high[parent], high[at]
        stamp[at], stamp[parent] = stamp[parent], stamp[at]
        at = parent


@numba.njit(cache=True, nogil=True)
def _down(mean: npt.NDArray[np.float64], low: Ints, high: Ints, stamp: Ints, size: int) -> None:
    at = 0
    while True:
        child = 2 * at + 1
        if child >= size:
            return
        other = child + 1
        if other < size and _before(mean[other], low[other], high[other], mean[child], low[child], high[child]):
            child = other
        if not _before(mean[child], low[child], high[child], mean[at], low[at], high[at]):
            return
        mean[at], mean[child] = mean[child], mean[at]
        low[at], low[child] = low[child], low[at]
        high[at], high[child] = high[child], high[at]
        stamp[at], stamp[child] = stamp[child], stamp[at]
        at = child


@numba.njit(cache=True, nogil=True)
def average_linkage(
    left: Ints,
    right: Ints,
    score: Ints,
    lack: Ints,
    records: int,
    threshold: float,
    caution: float,
    most: int,
    exclusive: Ints,
) -> Ints:
    """Cluster (its smallest record) of each record. Pairs are distinct with left < right; ``exclusive`` has one
    column of value codes (-1 none) per exclusive column."""
    edges = len(left)
    capacity = 16
    while capacity < 4 * edges + 16:
        capacity *= 2
    # (smaller cluster, larger cluster) -> sum of scores between them
    table = np.full(capacity, -1, dtype=np.int64)
    sums = np.zeros(capacity, dtype=np.int64)
    lacks = np.zeros(capacity, dtype=np.int64)
    # neighbours of each cluster as linked lists; entries of clusters that are gone are skipped when met
    first = np.full(records, -1, dtype=np.int64)
    last = np.full(records, -1, dtype=np.int64)
    follow = np.full(2 * edges, -1, dtype=np.int64)
    neighbour = np.empty(2 * edges, dtype=np.int64)
    sizes = np.ones(records, dtype=np.int64)
    cluster = np.arange(records)
    held = exclusive.copy()
    heap = edges + 16
    mean = np.empty(heap, dtype=np.float64)
    low = np.empty(heap, dtype=np.int64)
    high = np.empty(heap, dtype=np.int64)
    stamp = np.empty(heap, dtype=np.int64)
    waiting = 0
    for e in range(edges):
        at = _slot(table, left[e] * records + right[e])
        table[at] = left[e] * records + right[e]
        sums[at] = score[e]
        lacks[at] = lack[e]
        for turn in range(2):
            me = left[e] if turn == 0 else right[e]
            entry = 2 * e + turn
            neighbour[entry] = right[e] if turn == 0 else left[e]
            if first[me] < 0:
                first[me] = entry
            else:
                follow[last[me]] = entry
            last[me] = entry
        value = mean_of(score[e], lack[e], 1)
        if value >= least(threshold, caution, 1):
            mean[waiting], low[waiting], high[waiting], stamp[waiting] = value, left[e], right[e], score[e]
            waiting += 1
            _up(mean, low, high, stamp, waiting - 1)
    used = edges
    while waiting:
        value, a, b, total = mean[0], low[0], high[0], stamp[0]
        waiting -= 1
        if waiting:
            mean[0], low[0], high[0], stamp[0] = mean[waiting], low[waiting], high[waiting], stamp[waiting]
            _down(mean, low, high, stamp, waiting)
        if cluster[a] != a or cluster[b] != b:
            continue
        at = _slot(table, a * records + b)
        if table[at] == -1 or sums[at] != total or value != mean_of(total, lacks[at], sizes[a] * sizes[b]):
            continue
        if sizes[a] + sizes[b] > most:
            continue
        clash = False
        for column in range(held.shape[1]):
            if held[a, column] >= 0 and held[b, column] >= 0 and held[a, column] != held[b, column]:
                clash = True
        if clash:
            continue
        # b (the larger id) becomes part of a
        cluster[b] = a
        sizes[a] += sizes[b]
        for column in range(held.shape[1]):
            if held[a, column] < 0:
                held[a, column] = held[b, column]
        entry = first[b]
        while entry >= 0:
            c = neighbour[entry]
            after = follow[entry]
            follow[entry] = -1
            if c != a and cluster[c] == c:
                at = _slot(table, min(b, c) * records + max(b, c))
                key = min(a, c) * records + max(a, c)
                to = _slot(table, key)
                if table[to] == -1:
                    used += 1
                    if 2 * used > capacity:
                        # Grow: only pairs of living clusters are worth keeping.
                        capacity *= 2
                        bigger = np.full(capacity, -1, dtype=np.int64)
                        amounts = np.zeros(capacity, dtype=np.int64)
                        gaps = np.zeros(capacity, dtype=np.int64)
                        kept = 0
                        for old in range(len(table)):
                            if table[old] != -1:
                                x, y = table[old] // records, table[old] % records
                                if (cluster[x] == x or x == b) and (cluster[y] == y or y == b):
                                    new = _slot(bigger, table[old])
                                    bigger[new] = table[old]
                                    amounts[new] = sums[old]
                                    gaps[new] = lacks[old]
                                    kept += 1
                        table, sums, lacks, used = bigger, amounts, gaps, kept + 1
                        at = _slot(table, min(b, c) * records + max(b, c))
                        to = _slot(table, key)
                    table[to] = key
                    # a and c are new neighbours: this entry moves to a's list, c's entry for b now means a
                    follow[last[a]] = entry
                    last[a] = entry
                    back = first[c]
                    while back >= 0:
                        if neighbour[back] == b:
                            neighbour[back] = a
                            break
                        back = follow[back]
                sums[to] += sums[at]
                lacks[to] += lacks[at]
            entry = after
        entry = first[a]
        before = -1
        while entry >= 0:
            c = neighbour[entry]
            after = follow[entry]
            if cluster[c] != c or c == a:
                if before >= 0:
                    follow[before] = after
                    if after < 0:
                        last[a] = before
                elif after >= 0:
                    first[a] = after
                else:
                    first[a] = -1
                    last[a] = -1
                entry = after
                continue
            x, y = min(a, c), max(a, c)
            at = _slot(table, x * records + y)
            total = sums[at]
            value = mean_of(total, lacks[at], sizes[x] * sizes[y])
            if value >= least(threshold, caution, sizes[x] * sizes[y]):
                if waiting == len(mean):
                    mean = np.append(mean, np.empty(len(mean), dtype=np.float64))
                    low = np.append(low, np.empty(len(low), dtype=np.int64))
                    high = np.append(high, np.empty(len(high), dtype=np.int64))
                    stamp = np.append(stamp, np.empty(len(stamp), dtype=np.int64))
                mean[waiting], low[waiting], high[waiting], stamp[waiting] = value, x, y, total
                waiting += 1
                _up(mean, low, high, stamp, waiting - 1)
            before = entry
            entry = after
    for record in range(records):
        top = record
        while cluster[top] != top:
            top = cluster[top]
        cluster[record] = top
    return cluster
