"""Groups of records that can't be told apart by their pairs alone: clusters are only ever made within one."""

from __future__ import annotations

from collections.abc import Iterator

import numba
import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


@numba.njit(cache=True, nogil=True)
def components(left: Ints, right: Ints, records: int) -> Ints:
    """The smallest position of the records that each record is connected with (union-find, path halving)."""
    parent = np.arange(records)
    for e in range(len(left)):
        a, b = left[e], right[e]
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        while parent[b] != b:
            parent[b] = parent[parent[b]]
            b = parent[b]
        if a < b:
            parent[b] = a
        else:
            parent[a] = b
    for record in range(records):
        # A parent is never larger than its child, so it has its final value already.
        parent[record] = parent[parent[record]]
    return parent


def batches(component: Ints, edges: Ints, most: int) -> Iterator[tuple[slice, slice]]:
    """Slices of records and of edges that hold whole components, of about ``most`` edges.

    ``component``: of each record, ascending; ``edges``: the record (position here) of each edge, ascending."""
    starts = np.flatnonzero(np.r_[True, component[1:] != component[:-1]]) if len(component) else np.empty(0, np.int64)
    first = np.searchsorted(edges, starts)
    record, edge = 0, 0
    while edge < len(edges):
        after = int(np.searchsorted(first, edge + most))
        end, last = (int(starts[after]), int(first[after])) if after < len(starts) else (len(component), len(edges))
        yield slice(record, end), slice(edge, last)
        record, edge = end, last
