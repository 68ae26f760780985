"""Sizes from some of the customers, where counting all of them would keep a person waiting."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from onepool.pool.engine import Session

EXACT: Final = 200_000
"""Up to so many customers all are counted at once."""

SAMPLE: Final = 20_000
"""About as many are looked at beyond: a share is then within 0.7 points, at 95 %."""

_Z: Final = 1.96


@dataclass(frozen=True, slots=True)
class Sample:
    """Customers drawn by a hash of their numbers, and of how many."""

    customers: npt.NDArray[np.int64]
    total: int

    def size(self, found: int) -> int:
        """Of all customers about as many."""
        drawn = self.customers.size
        return round(found * self.total / drawn) if drawn else 0

    def between(self, found: int) -> tuple[int, int]:
        """Where the size lies, at 95 %: Wilson's interval (Wilson 1927), which holds for rare ones too."""
        drawn = self.customers.size
        if not drawn:
            return 0, self.total
        share, square = found / drawn, _Z * _Z
        middle = (share + square / (2 * drawn)) / (1 + square / drawn)
        half = _Z / (1 + square / drawn) * math.sqrt(share * (1 - share) / drawn + square / (4 * drawn * drawn))
        low, high = max(0.0, middle - half) * self.total, min(1.0, middle + half) * self.total
        return max(found, math.floor(low)), math.ceil(high)


def drawn(session: Session, total: int) -> Sample:
    """Some of the customers, the same for every question until somebody comes or goes."""
    # Of the hash's own type: a remainder by a signed number is one of 128 bits, forty times as slow.
    found = session.query(
        """SELECT DISTINCT customer_id FROM customer_of WHERE hash(customer_id) % $each::UBIGINT = 0
        ORDER BY customer_id""",
        {"each": max(1, total // SAMPLE)},
    )
    return Sample(found.column("customer_id").to_numpy(), total)
