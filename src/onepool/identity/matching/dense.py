"""Average linkage within small groups of records, in tables of all their pairs: no hashing, no heap."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
SCALE = 1_000_000
#: most records of a group whose pairs have a place each
MOST = 64


@numba.njit(cache=True, nogil=True)
def mean(total: int, lack: int, pairs: int) -> float:
    """Mean score of ``pairs`` pairs of which evidence worth ``lack`` millionths of a pair is missing."""
    return total / (pairs - lack / SCALE)


@numba.njit(cache=True, nogil=True)
def least(threshold: float, caution: float, pairs: int) -> float:
    """Least mean score of two clusters that become one: the fewer pairs it gains, the nearer to certain it has to be,
    since to take strangers for one person costs the same however few records they have."""
    return threshold + (SCALE - threshold) * caution / (caution + pairs)


@numba.njit(cache=True, nogil=True)
def _value(a, b, total, gap, there, sizes, threshold, caution, most, held):  # type: ignore[no-untyped-def]
    """Mean score of two clusters that may become one; -1 of others (``a`` < ``b``)."""
    if not there[a, b] or sizes[a] + sizes[b] > most:
        return -1.0
    pairs = sizes[a] * sizes[b]
    value = mean(total[a, b], gap[a, b], pairs)
    if value < least(threshold, caution, pairs):
        return -1.0
    for column in range(held.shape[1]):
        if held[a, column] >= 0 and held[b, column] >= 0 and held[a, column] != held[b, column]:
            return -1.0
    return value


@numba.njit(cache=True, nogil=True)
def _best_of(a, best, mate, cluster, total, gap, there, sizes, threshold, caution, most, held):  # type: ignore[no-untyped-def]
    """Look anew for the best of the clusters behind ``a``; of equal ones the first."""
    best[a], mate[a] = -1.0, -1
    for c in range(a + 1, len(sizes)):
        if cluster[c] == c and there[a, c]:
            value = _value(a, c, total, gap, there, sizes, threshold, caution, most, held)
            if value > best[a]:
                best[a], mate[a] = value, c


@numba.njit(cache=True, nogil=True)
def link_small(  # type: ignore[no-untyped-def]
    left, right, score, lack, first, records, threshold, caution, most, held, total, gap, there, cluster
):
    """As the average linkage of large groups, for ``records`` from ``first``, up to ``MOST``: the smallest record of
    each one's cluster, counted from ``first``, is written to ``cluster``. ``total``, ``gap`` and ``there`` are tables
    to work in; ``held`` (values of exclusive columns by record, -1 none) is changed."""
    total[:records, :records] = 0
    gap[:records, :records] = 0
    there[:records, :records] = False
    sizes = np.ones(records, dtype=np.int64)
    best = np.full(records, -1.0)
    mate = np.full(records, -1, dtype=np.int64)
    for record in range(records):
        cluster[record] = record
    for e in range(len(left)):
        a, b = left[e] - first, right[e] - first
        total[a, b], gap[a, b], there[a, b] = score[e], lack[e], True
        value = _value(a, b, total, gap, there, sizes, threshold, caution, most, held)
        # Of equal ones the first, which has the smaller record.
        if value >= 0.0 and (value > best[a] or (value == best[a] and b < mate[a])):
            best[a], mate[a] = value, b
    while True:
        a = -1
        for record in range(records):
            if mate[record] >= 0 and (a < 0 or best[record] > best[a]):
                a = record
        if a < 0:
            break
        b = mate[a]
        # b (the larger) becomes part of a
        cluster[b] = a
        sizes[a] += sizes[b]
        mate[b] = -1
        for column in range(held.shape[1]):
            if held[a, column] < 0:
                held[a, column] = held[b, column]
        for c in range(records):
            if cluster[c] != c or c == a:
                continue
            x, y = min(b, c), max(b, c)
            if there[x, y]:
                low, high = min(a, c), max(a, c)
                total[low, high] += total[x, y]
                gap[low, high] += gap[x, y]
                there[low, high] = True
        _best_of(a, best, mate, cluster, total, gap, there, sizes, threshold, caution, most, held)
        # Pairs with a or b are others now: those behind b have them in other rows.
        for c in range(b):
            if cluster[c] != c or c == a:
                continue
            if mate[c] == a or mate[c] == b:
                _best_of(c, best, mate, cluster, total, gap, there, sizes, threshold, caution, most, held)
            elif c < a:
                value = _value(c, a, total, gap, there, sizes, threshold, caution, most, held)
                if value >= 0.0 and (value > best[c] or (value == best[c] and a < mate[c])):
                    best[c], mate[c] = value, a
    for record in range(records):
        # A cluster's smallest record is never behind its others.
        cluster[record] = cluster[cluster[record]]
