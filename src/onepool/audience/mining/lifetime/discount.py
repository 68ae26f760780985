"""Money that comes later is worth less now."""

from __future__ import annotations

from collections.abc import Callable
from math import log1p

import numpy as np

from onepool.audience.mining.lifetime.buyers import F64

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(6)


def discounted(expected: Callable[[float], F64], horizon: float, rate: float, year: float) -> F64:
    """Purchases expected within the horizon, each at its worth now.

    `expected(t)`: purchases up to t from now (the model's own); `rate`: of a year (0.1: ten per cent); `year`: its
    length in the unit of the model's times. The integral of exp(-d u) dE(u), by parts, with Gauss-Legendre quadrature.

    >>> round(float(discounted(lambda t: np.array([t]), 1.0, 0.1, 1.0)[0]), 4)
    0.9538
    """
    force = log1p(rate) / year
    whole = expected(horizon)
    if force == 0.0:
        return whole
    total: F64 = whole * np.exp(-force * horizon)
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        at = horizon * (node + 1) / 2
        total = total + force * (horizon / 2 * weight) * np.exp(-force * at) * expected(at)
    return total
