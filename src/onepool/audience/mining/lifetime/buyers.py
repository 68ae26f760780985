"""Customers as the models of purchases see them: three figures each, equal ones taken together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

F64: TypeAlias = npt.NDArray[np.float64]
I64: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Buyers:
    """Groups of customers with equal figures, all arrays of shape (groups,).

    `frequency`: repeat purchases (those after the first), x; `recency`: time from the first to the last purchase, t_x
    (0 without repeats); `age`: time from the first purchase to now, T; `weight`: customers in the group. Any unit of
    time, the same for all; BG/BB counts opportunities to buy.
    """

    frequency: F64
    recency: F64
    age: F64
    weight: F64

    @classmethod
    def grouped(
        cls, frequency: Sequence[float] | F64, recency: Sequence[float] | F64, age: Sequence[float] | F64
    ) -> tuple[Buyers, I64]:
        """Groups, and for each customer the place of its group.

        Raises ValueError for figures that can't be: negative ones, a last purchase after now, repeats without time.
        """
        columns = [np.asarray(column, dtype=np.float64) for column in (frequency, recency, age)]
        x, t_x, age_ = columns
        if any(not np.isfinite(column).all() or (column < 0).any() for column in columns):
            raise ValueError("frequency, recency and age are finite and not below 0")
        if (t_x > age_).any() or ((x == 0) & (t_x > 0)).any():
            raise ValueError("recency lies between 0 and age, and is 0 without repeat purchases")
        key = np.zeros(x.size, dtype=np.int64)
        for column in columns:
            levels, place = np.unique(column, return_inverse=True)
            key = key * levels.size + place
        _, first, group, weight = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
        found = cls(x[first], t_x[first], age_[first], weight.astype(np.float64))
        return found, group.astype(np.int64)

    @property
    def customers(self) -> float:
        """How many customers there are."""
        return float(self.weight.sum())

    @property
    def repeat_buyers(self) -> float:
        """How many of them bought again."""
        return float(self.weight[self.frequency > 0].sum())

    def scaled(self, factor: float) -> Buyers:
        """The same with another unit of time: times are multiplied."""
        return Buyers(self.frequency, self.recency * factor, self.age * factor, self.weight)

    def per_frequency(self) -> tuple[F64, I64]:
        """The different frequencies, and for each group the place of its own: what depends on nothing else is computed
        once for each."""
        levels, place = np.unique(self.frequency, return_inverse=True)
        return levels, place.astype(np.int64)
