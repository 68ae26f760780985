"""BG/NBD and MBG/NBD: a customer buys as a Poisson process and may stop right after a purchase.

Purchase rates are Gamma(r, alpha) among customers, chances to stop Beta(a, b). In the BG/NBD a customer may stop after
every repeat purchase, so that whoever has none is certainly still there; in the MBG/NBD also right after the first one.

Sources: Fader, Hardie, Lee (2005), "Counting Your Customers" the Easy Way, Marketing Science 24(2); Batislam, Denizel,
Filiztekin (2007), Empirical validation and comparison of models for customer base analysis, IJRM 24(3).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.special import betaln, digamma, expit, gammaln  # type: ignore[import-untyped]

from onepool.audience.mining.lifetime.buyers import F64, Buyers
from onepool.audience.mining.lifetime.maximum import Estimate, maximise
from onepool.audience.mining.lifetime.quadrature import beta_nodes

NAMES = ("r", "alpha", "a", "b")
_ROWS = 8192


@dataclass(frozen=True)
class BgNbd:
    """A fitted BG/NBD (`modified`: MBG/NBD). Times are in the unit of the buyers it was fitted to."""

    r: float
    alpha: float
    a: float
    b: float
    modified: bool = False

    @property
    def name(self) -> str:
        return "mbg_nbd" if self.modified else "bg_nbd"

    def log_likelihood(self, buyers: Buyers) -> float:
        """Of all the buyers together."""
        logs = np.log(np.array([self.r, self.alpha, self.a, self.b]))
        return _likelihood(buyers, self.modified, logs)[0] * buyers.customers

    def alive(self, buyers: Buyers) -> F64:
        """Probability of each group that its customers will still buy, shape (groups,)."""
        x, shift = buyers.frequency, _shift(self.modified)
        with np.errstate(divide="ignore", invalid="ignore"):
            gone = (
                np.log(self.a)
                - np.log(self.b + x + shift - 1)
                + (self.r + x) * (np.log(self.alpha + buyers.age) - np.log(self.alpha + buyers.recency))
            )
        found = expit(-gone)
        return found if self.modified else np.where(x > 0, found, 1.0)

    def expected(self, buyers: Buyers, horizon: float) -> F64:
        """Purchases expected of each group's customers within the horizon from now, shape (groups,).

        The papers' expression with a Gauss hypergeometric function is the mean of (1 - (1 + p h)^-(r+x)) / p,
        h = t/(alpha+T), over the chances to stop of those still there, p ~ Beta(a, b+x); it is taken as that mean
        because SciPy's hyp2f1 fails for many purchases (2F1(1, 1; 101; 19/21) = 1.009 comes out infinite).
        """
        # All but `alive` depends on frequency and age only, of which there are far fewer pairs than groups.
        levels, level = np.unique(buyers.frequency, return_inverse=True)
        ages, age = np.unique(buyers.age, return_inverse=True)
        pairs, place = np.unique(level * ages.size + age, return_inverse=True)
        of_level, of_age = pairs // ages.size, ages[pairs % ages.size]
        found = np.empty(pairs.size)
        # `pairs` are sorted by frequency: one run of them for each.
        edges = np.searchsorted(of_level, np.arange(levels.size + 1))
        for x, start, end in zip(levels.tolist(), edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            found[start:end] = self._if_alive(x, horizon / (self.alpha + of_age[start:end]))
        return self.alive(buyers) * found[place]

    def expected_of_new(self, horizon: float) -> float:
        """Repeat purchases of somebody within the horizon from the first purchase on."""
        new = Buyers(np.zeros(1), np.zeros(1), np.zeros(1), np.ones(1))
        return float(self.expected(new, horizon)[0])

    def _if_alive(self, x: float, growth: F64) -> F64:
        """Purchases of those still there who bought x times again; `growth`: t/(alpha+T)."""
        # The integrand has a pole at -1/growth: the nearer it comes to 0, the more nodes are needed.
        size = 48 if growth.max(initial=0.0) < 50 else 160
        places, weights = beta_nodes(self.a, self.b + x + _shift(self.modified), size)
        found = np.empty(growth.size)
        for start in range(0, growth.size, _ROWS):
            spread = np.log1p(growth[start : start + _ROWS, None] * places)
            found[start : start + _ROWS] = -np.expm1(-(self.r + x) * spread) @ (weights / places)
        return found


def fit_bg_nbd(buyers: Buyers) -> tuple[BgNbd, Estimate]:
    """BG/NBD by maximum likelihood. `buyers`: at least one repeat buyer; ValueError otherwise."""
    return _fit(buyers, modified=False)


def fit_mbg_nbd(buyers: Buyers) -> tuple[BgNbd, Estimate]:
    """MBG/NBD by maximum likelihood. `buyers`: at least one repeat buyer; ValueError otherwise."""
    return _fit(buyers, modified=True)


def _fit(buyers: Buyers, *, modified: bool) -> tuple[BgNbd, Estimate]:
    if buyers.repeat_buyers == 0:
        raise ValueError("nobody bought again: there is nothing to fit")
    scale = 1.0 / max(float(np.average(buyers.age, weights=buyers.weight)), 1e-12)
    scaled = buyers.scaled(scale)
    objective = partial(_likelihood, scaled, modified)
    found = maximise(objective, NAMES, [(0.5, 0.3, 0.8, 2.5), (2.0, 1.0, 0.2, 5.0)], buyers.customers)
    unit = np.array([1.0, 1.0 / scale, 1.0, 1.0])
    # Densities of times have the inverse of the unit: one factor for each repeat purchase.
    shifted = found.log_likelihood + float(np.dot(buyers.weight, buyers.frequency)) * float(np.log(scale))
    values = found.values * unit
    estimate = Estimate(NAMES, values, found.errors * unit, shifted, found.converged, found.flat, found.evaluations)
    r, alpha, a, b = map(float, values)
    return BgNbd(r, alpha, a, b, modified), estimate


def _shift(modified: bool) -> int:
    return 1 if modified else 0


def _likelihood(buyers: Buyers, modified: bool, logs: F64) -> tuple[float, F64]:
    """Log-likelihood by customer and its gradient by the logs of (r, alpha, a, b)."""
    r, alpha, a, b = np.exp(logs)
    shift = _shift(modified)
    x, weight = buyers.frequency, buyers.weight
    levels, place = buyers.per_frequency()
    of_level = np.bincount(place, weight, levels.size)
    power = r + x
    log_age, log_recency = np.log(alpha + buyers.age), np.log(alpha + buyers.recency)
    with np.errstate(divide="ignore", invalid="ignore"):
        of_gone = np.log(a) - np.log(b + x + shift - 1)
    ratio = of_gone + power * (log_age - log_recency)
    if not modified:
        ratio = np.where(x > 0, ratio, -np.inf)
    gone = expit(ratio)
    value = float(np.dot(weight, np.logaddexp(0.0, ratio) - power * log_age))
    value += float(
        np.dot(of_level, gammaln(r + levels) - gammaln(r) + betaln(a, b + levels + shift) - betaln(a, b))
    ) + float(weight.sum()) * r * float(np.log(alpha))
    stays = 1 - gone
    by_r = np.dot(of_level, digamma(r + levels) - digamma(r)) - np.dot(weight, stays * log_age + gone * log_recency)
    by_r += weight.sum() * np.log(alpha)
    by_alpha = weight.sum() * r / alpha
    by_alpha -= np.dot(weight * power, stays / (alpha + buyers.age) + gone / (alpha + buyers.recency))
    both = digamma(a + b + levels + shift)
    by_a = np.dot(of_level, digamma(a + b) - both) + np.dot(weight, gone) / a
    by_b = np.dot(of_level, digamma(b + levels + shift) - both - digamma(b) + digamma(a + b))
    by_b -= np.dot(weight, np.where(gone > 0, gone / np.where(gone > 0, b + x + shift - 1, 1.0), 0.0))
    gradient = np.array([by_r * r, by_alpha * alpha, by_a * a, by_b * b])
    return value / buyers.customers, gradient / buyers.customers
