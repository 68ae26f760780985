"""From links to customers: connected sets of strong identifiers, with weak ones following.

The customer id of a set is the id of its oldest strong identifier (ids are given in order of birth), so a merge keeps
the older id, and the retired id still resolves: it is itself an identifier id of the merged set.
"""

from __future__ import annotations

from typing import TypeVar

import numba
import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]
_T = TypeVar("_T", bound=np.generic)
Bool = npt.NDArray[np.bool_]


@numba.njit(cache=True)
def _union(parent, a, b):  # type: ignore[no-untyped-def]
    for i in range(a.size):
        x = a[i]
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        y = b[i]
        while parent[y] != y:
            parent[y] = parent[parent[y]]
            y = parent[y]
        # The smaller id is always the root: the root is the customer id.
        if x < y:
            parent[y] = x
        elif y < x:
            parent[x] = y


@numba.njit(cache=True)
def _flatten(parent):  # type: ignore[no-untyped-def]
    # Roots are smaller than their members, so one pass in ascending order flattens every chain.
    for i in range(parent.size):
        parent[i] = parent[parent[i]]


@numba.njit(cache=True)
def _follow(owner, owner_time, rank, weak, strong, time):  # type: ignore[no-untyped-def]
    for i in range(weak.size):
        w = weak[i]
        newer = time[i] > owner_time[w] or (time[i] == owner_time[w] and rank[strong[i]] > rank[owner[w]])
        if owner[w] < 0 or newer:
            owner[w] = strong[i]
            owner_time[w] = time[i]


def union(size: int, a: I64, b: I64) -> I64:
    """Connected components of `size` nodes under edges a[i]-b[i]: the smallest member of each node's component."""
    parent = np.arange(size, dtype=np.int64)
    _union(parent, a, b)
    _flatten(parent)
    return parent


class Components:
    """Customers of identifiers 0..n-1, kept in arrays and changed by batches of links.

    A link between two strong identifiers joins. A weak identifier belongs to the strong one that it was seen with at
    the latest time (ties: the higher rank, a number made from the identifier itself), so the outcome does not depend on
    the order of arrival.
    """

    def __init__(self) -> None:
        self._size = 0
        self._customer = np.empty(0, np.int64)
        self._strong = np.empty(0, np.bool_)
        self._owner = np.empty(0, np.int64)
        self._owner_time = np.empty(0, np.int64)
        self._rank = np.empty(0, np.uint64)

    def __len__(self) -> int:
        return self._size

    @property
    def customer(self) -> I64:
        """customer id by identifier id, shape (n,)."""
        return self._customer[: self._size]

    @property
    def strong(self) -> Bool:
        """Whether each identifier is strong, shape (n,)."""
        return self._strong[: self._size]

    def grow(self, strong: Bool, rank: npt.NDArray[np.uint64]) -> None:
        """New identifiers of shape (k,), each its own customer, appended at the end."""
        start, end = self._size, self._size + strong.size
        if end > self._customer.size:
            room = max(end, 2 * self._customer.size, 1024)
            self._customer = _extend(self._customer, room)
            self._strong = _extend(self._strong, room)
            self._owner = _extend(self._owner, room)
            self._owner_time = _extend(self._owner_time, room)
            self._rank = _extend(self._rank, room)
        self._customer[start:end] = np.arange(start, end)
        self._strong[start:end] = strong
        self._rank[start:end] = rank
        self._owner[start:end] = -1
        self._owner_time[start:end] = np.iinfo(np.int64).min
        self._size = end

    def link(self, a: I64, b: I64, time: I64) -> I64:
        """Take links a[i]-b[i] seen last at time[i] (µs). Returns the identifiers whose customer changed, ascending."""
        if a.size == 0:
            return np.empty(0, np.int64)
        strong_a, strong_b = self.strong[a], self.strong[b]
        weak = strong_a != strong_b
        if weak.any():
            follower = np.where(strong_a, b, a)[weak]
            leader = np.where(strong_a, a, b)[weak]
            _follow(self._owner, self._owner_time, self._rank, follower, leader, time[weak])
        customer = self.customer
        both = strong_a & strong_b
        left, right = customer[a[both]], customer[b[both]]
        joins = left != right
        before = customer.copy()
        if joins.any():
            root = np.arange(self._size, dtype=np.int64)
            _union(root, left[joins], right[joins])
            _flatten(root)
            # Only strong identifiers move by the roots; the weak ones follow their owners below.
            customer[:] = np.where(self.strong, root[customer], customer)
        owned = self._owner[: self._size] >= 0
        if weak.any() or joins.any():
            customer[owned] = customer[self._owner[: self._size][owned]]
        return np.flatnonzero(before != customer)


def _extend(array: npt.NDArray[_T], room: int) -> npt.NDArray[_T]:
    out = np.empty(room, array.dtype)
    out[: array.size] = array
    return out
