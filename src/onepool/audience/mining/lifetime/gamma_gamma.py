"""Gamma-Gamma: what a customer spends at a purchase, apart from how often.

Amounts of one customer are Gamma(p, nu), and nu is Gamma(q, gamma) among customers. The model assumes that how much
somebody spends says nothing of how often: `correlation` tells how far that is from true.

Sources: Fader, Hardie, Lee (2005), RFM and CLV: using iso-value curves for customer base analysis, JMR 42(4); Fader,
Hardie (2013), The Gamma-Gamma model of monetary value (note).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, gammaln  # type: ignore[import-untyped]

from onepool.audience.mining.lifetime.buyers import F64
from onepool.audience.mining.lifetime.maximum import Estimate, maximise

NAMES = ("p", "q", "gamma")


@dataclass(frozen=True)
class GammaGamma:
    """A fitted Gamma-Gamma model; money in the unit of the amounts that it was fitted to."""

    p: float
    q: float
    gamma: float

    @property
    def population_mean(self) -> float:
        """What customers spend at a purchase on average; infinite for q <= 1."""
        return self.p * self.gamma / (self.q - 1) if self.q > 1 else float("inf")

    def expected(self, frequency: F64, mean: F64) -> F64:
        """What each customer will spend at a purchase, given the mean of `frequency` purchases (0: as all do)."""
        x = np.asarray(frequency, dtype=np.float64)
        below = self.p * x + self.q - 1
        with np.errstate(divide="ignore", invalid="ignore"):
            found = self.p * (self.gamma + x * np.where(x > 0, mean, 0.0)) / below
        return np.asarray(np.where(below > 0, found, np.inf))


def correlation(frequency: F64, mean: F64) -> float:
    """Pearson's correlation of frequency and mean amount (0 where one of them does not vary)."""
    if frequency.size < 2 or np.ptp(frequency) == 0 or np.ptp(mean) == 0:
        return 0.0
    return float(np.corrcoef(frequency, mean)[0, 1])


def fit_gamma_gamma(frequency: F64, mean: F64) -> tuple[GammaGamma, Estimate]:
    """By maximum likelihood over customers with purchases. Shapes (n,): purchases (>= 1) and their mean amount (> 0).

    Raises ValueError for other figures, and when all amounts are the same.
    """
    x, z = np.asarray(frequency, dtype=np.float64), np.asarray(mean, dtype=np.float64)
    if x.size == 0 or (x < 1).any() or (z <= 0).any() or not np.isfinite(z).all():
        raise ValueError("every customer has at least one purchase and a mean amount above 0")
    if np.ptp(z) == 0:
        raise ValueError("all amounts are the same: there is nothing to fit")
    scale = float(z.mean())
    z = z / scale
    levels, place = np.unique(x, return_inverse=True)
    of_level = np.bincount(place, minlength=levels.size).astype(np.float64)
    log_z, size = np.log(z), float(x.size)
    constant = float(np.dot(of_level, levels * np.log(levels)))
    total, sum_log = float(np.dot(x, log_z)), float(log_z.sum())

    def objective(logs: F64) -> tuple[float, F64]:
        p, q, gamma = np.exp(logs)
        spent = gamma + x * z
        log_spent = np.log(spent)
        all_, own = digamma(p * levels + q), digamma(p * levels)
        value = np.dot(of_level, gammaln(p * levels + q) - gammaln(p * levels)) + size * (q * logs[2] - gammaln(q))
        value += p * total - sum_log + p * constant - np.dot(p * x + q, log_spent)
        by_p = np.dot(of_level, levels * (all_ - own)) + total + constant - np.dot(x, log_spent)
        by_q = np.dot(of_level, all_) - size * digamma(q) + size * logs[2] - log_spent.sum()
        by_gamma = size * q / gamma - np.dot(p * x + q, 1 / spent)
        return float(value) / size, np.array([by_p * p, by_q * q, by_gamma * gamma]) / size

    found = maximise(objective, NAMES, [(6.0, 4.0, 0.5), (1.0, 2.0, 1.0)], size)
    unit = np.array([1.0, 1.0, scale])
    estimate = Estimate(
        NAMES,
        found.values * unit,
        found.errors * unit,
        found.log_likelihood - size * float(np.log(scale)),
        found.converged,
        found.flat,
        found.evaluations,
    )
    return GammaGamma(estimate["p"], estimate["q"], estimate["gamma"]), estimate
