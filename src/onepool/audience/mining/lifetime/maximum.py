"""Maximum likelihood over positive parameters: in their logarithms, with analytic gradients, and standard errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy.optimize import minimize  # type: ignore[import-untyped]

from onepool.audience.mining.lifetime.buyers import F64

# Logs of parameters -> (log-likelihood, its gradient by those logs), both divided by the number of customers.
Objective: TypeAlias = Callable[[F64], tuple[float, F64]]

_EDGE = 14.0
_STEP = 1e-4
_FLAT = 1.0


@dataclass(frozen=True)
class Estimate:
    """Parameters at the maximum. `errors`: standard errors, NaN where the likelihood does not settle them.

    `flat`: the data hardly say what some parameter is (its logarithm has a standard error above 1, or it went to the
    edge of what is searched): predictions for those alike may still be right, single parameters mean nothing.
    """

    names: tuple[str, ...]
    values: F64
    errors: F64
    log_likelihood: float
    converged: bool
    flat: bool
    evaluations: int

    def __getitem__(self, name: str) -> float:
        return float(self.values[self.names.index(name)])


def maximise(
    objective: Objective, names: Sequence[str], starts: Sequence[Sequence[float]], customers: float
) -> Estimate:
    """The best maximum reached from the starts (not logs). `customers`: what the objective was divided by."""
    count = 0

    def loss(logs: F64) -> tuple[float, F64]:
        nonlocal count
        count += 1
        value, gradient = objective(logs)
        if not np.isfinite(value) or not np.isfinite(gradient).all():
            return 1e10, np.zeros_like(logs)
        return -value, -gradient

    best: tuple[float, F64] | None = None
    for start in starts:
        found = minimize(
            loss,
            np.log(np.asarray(start, dtype=np.float64)),
            jac=True,
            method="L-BFGS-B",
            bounds=[(-_EDGE, _EDGE)] * len(names),
            options={"maxiter": 400, "ftol": 1e-13, "gtol": 1e-7},
        )
        if best is None or found.fun < best[0] - 1e-10:
            best = (float(found.fun), np.asarray(found.x, dtype=np.float64))
    assert best is not None
    logs, hessian, settled = _polished(loss, best[1])
    value, gradient = loss(logs)
    spread = _spread(hessian, customers)
    at_edge = bool((np.abs(logs) > _EDGE - 0.5).any())
    values = np.exp(logs)
    return Estimate(
        tuple(names),
        values,
        values * spread,
        float(-value * customers),
        settled or bool(np.abs(gradient).max() < 1e-4),
        at_edge or not bool(np.isfinite(spread).all() and spread.max() < _FLAT),
        count,
    )


def _polished(loss: Callable[[F64], tuple[float, F64]], logs: F64) -> tuple[F64, F64, bool]:
    """A few steps of Newton's method from near the maximum; (logs, Hessian there, whether it came to rest)."""
    value, gradient = loss(logs)
    hessian = _hessian(loss, logs)
    for _ in range(6):
        if np.abs(gradient).max() < 1e-9:
            break
        try:
            step = np.linalg.solve(hessian, -gradient)
        except np.linalg.LinAlgError:
            break
        if not np.isfinite(step).all() or np.abs(step).max() > 1.0 or np.abs(logs + step).max() > _EDGE:
            break
        next_value, next_gradient = loss(logs + step)
        if not next_value <= value + 1e-12 or np.abs(next_gradient).max() >= np.abs(gradient).max():
            break
        moved = np.abs(step).max()
        logs, value, gradient = logs + step, next_value, next_gradient
        if moved > 1e-3:
            hessian = _hessian(loss, logs)
    return logs, hessian, bool(np.abs(gradient).max() < 1e-6)


def _hessian(loss: Callable[[F64], tuple[float, F64]], logs: F64) -> F64:
    size = logs.size
    rows = np.empty((size, size))
    for place in range(size):
        step = np.zeros(size)
        step[place] = _STEP
        rows[place] = (loss(logs + step)[1] - loss(logs - step)[1]) / (2 * _STEP)
    return (rows + rows.T) / 2


def _spread(hessian: F64, customers: float) -> F64:
    """Standard errors of the logs; NaN where the likelihood is no peak."""
    try:
        lowest = np.linalg.eigvalsh(hessian)[0]
        variance = np.diag(np.linalg.inv(hessian)) / customers
    except np.linalg.LinAlgError:
        return np.full(hessian.shape[0], np.nan)
    if lowest <= 0:
        return np.full(hessian.shape[0], np.nan)
    return np.sqrt(np.maximum(variance, 0.0))
