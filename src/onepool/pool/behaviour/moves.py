"""Identifiers that have moved to another customer since their events were filed."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from onepool.pool.behaviour.kinds import I64, Mask

_NONE = np.empty(0, np.int64)


def _none() -> I64:
    return _NONE


@dataclass(frozen=True)
class Moves:
    """`moved` (ascending) belong to `now`; their events may be filed under each of their `homes` (pairs with `of`)."""

    moved: I64 = field(default_factory=_none)
    now: I64 = field(default_factory=_none)
    of: I64 = field(default_factory=_none)
    homes: I64 = field(default_factory=_none)

    def __len__(self) -> int:
        return int(self.moved.size)

    def after(self, identifiers: I64, was: I64, now: I64) -> Moves:
        """These identifiers, each once, went from `was` to `now`."""
        if identifiers.size == 0:
            return self
        known = np.concatenate([identifiers, self.moved])
        belongs = np.concatenate([now, self.now])
        # The first of equal ones is kept: the new.
        moved, first = np.unique(known, return_index=True)
        pairs = np.stack([np.concatenate([self.of, identifiers]), np.concatenate([self.homes, was])], axis=1)
        pairs = np.unique(pairs, axis=0)
        return Moves(moved, belongs[first], np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1]))

    def current(self, identifiers: I64, filed: I64) -> I64:
        """Whose events of these identifiers are, filed under these customers."""
        if self.moved.size == 0:
            return filed
        at = np.minimum(np.searchsorted(self.moved, identifiers), self.moved.size - 1)
        return np.where(self.moved[at] == identifiers, self.now[at], filed)

    def sources(self, customers: I64) -> I64:
        """The customers under whom events of these ones may be filed (ascending); `customers` ascending."""
        if self.of.size == 0:
            return customers
        return np.union1d(customers, self.homes[among(self._belong, customers)])

    @cached_property
    def touched(self) -> I64:
        """Every customer whose own files are not the whole truth about them."""
        return np.unique(np.concatenate([self.now, self.homes]))

    @cached_property
    def _belong(self) -> I64:
        return self.now[np.searchsorted(self.moved, self.of)]


def among(values: I64, known: I64) -> Mask:
    """Which values are in `known` (ascending)."""
    if known.size == 0:
        return np.zeros(values.size, np.bool_)
    at = np.minimum(np.searchsorted(known, values), known.size - 1)
    found: Mask = known[at] == values
    return found
