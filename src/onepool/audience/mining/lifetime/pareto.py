"""Pareto/NBD: a customer buys as a Poisson process and stops at some moment of its own.

Purchase rates are Gamma(r, alpha) among customers, rates of stopping Gamma(s, beta). The likelihood's awkward part,
written with two Gauss hypergeometric functions in the papers, is an integral over the moment of stopping,

    s * integral from t_x to T of (alpha+y)^-(r+x) (beta+y)^-(s+1) dy,

and is taken as such: all terms are positive, so nothing cancels and nothing overflows, and the gradient comes with it.

Sources: Schmittlein, Morrison, Colombo (1987), Counting your customers: who are they and what will they do next?,
Management Science 33(1); Fader, Hardie (2005), A note on deriving the Pareto/NBD model and related expressions.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.special import digamma, expit, gammaln  # type: ignore[import-untyped]

from onepool.audience.mining.lifetime.buyers import F64, Buyers
from onepool.audience.mining.lifetime.maximum import Estimate, maximise

NAMES = ("r", "alpha", "s", "beta")

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)
# Where the integrand has fallen by exp(-36), nothing is left of it in double precision.
_NEGLIGIBLE = 36.0
_ROWS = 8192


@dataclass(frozen=True)
class ParetoNbd:
    """A fitted Pareto/NBD. Times are in the unit of the buyers it was fitted to."""

    r: float
    alpha: float
    s: float
    beta: float

    @property
    def name(self) -> str:
        return "pareto_nbd"

    def log_likelihood(self, buyers: Buyers) -> float:
        """Of all the buyers together."""
        logs = np.log(np.array([self.r, self.alpha, self.s, self.beta]))
        return _likelihood(buyers, logs)[0] * buyers.customers

    def alive(self, buyers: Buyers) -> F64:
        """Probability of each group that its customers will still buy, shape (groups,)."""
        parameters = np.array([self.r, self.alpha, self.s, self.beta])
        gone = np.empty(buyers.frequency.size)
        for rows in _chunks(gone.size):
            x, recency, age = buyers.frequency[rows], buyers.recency[rows], buyers.age[rows]
            gone[rows] = np.log(self.s) + _stopped(parameters, x, recency, age)[0]
        here = -(self.r + buyers.frequency) * np.log(self.alpha + buyers.age) - self.s * np.log(self.beta + buyers.age)
        return np.asarray(expit(here - gone))

    def expected(self, buyers: Buyers, horizon: float) -> F64:
        """Purchases expected of each group's customers within the horizon from now, shape (groups,)."""
        rate = (self.r + buyers.frequency) / (self.alpha + buyers.age)
        lasting = self.beta + buyers.age
        return np.asarray(self.alive(buyers) * rate * lasting * _lasts(self.s, np.log1p(horizon / lasting)))

    def expected_of_new(self, horizon: float) -> float:
        """Repeat purchases of somebody within the horizon from the first purchase on."""
        return float(self.r / self.alpha * self.beta * _lasts(self.s, np.log1p(np.array(horizon / self.beta))))


def fit_pareto_nbd(buyers: Buyers) -> tuple[ParetoNbd, Estimate]:
    """By maximum likelihood. `buyers`: at least one repeat buyer; ValueError otherwise."""
    if buyers.repeat_buyers == 0:
        raise ValueError("nobody bought again: there is nothing to fit")
    scale = 1.0 / max(float(np.average(buyers.age, weights=buyers.weight)), 1e-12)
    objective = partial(_likelihood, buyers.scaled(scale))
    found = maximise(objective, NAMES, [(0.6, 0.3, 0.6, 0.4)], buyers.customers)
    unit = np.array([1.0, 1.0 / scale, 1.0, 1.0 / scale])
    shifted = found.log_likelihood + float(np.dot(buyers.weight, buyers.frequency)) * float(np.log(scale))
    values = found.values * unit
    estimate = Estimate(NAMES, values, found.errors * unit, shifted, found.converged, found.flat, found.evaluations)
    r, alpha, s, beta = map(float, values)
    return ParetoNbd(r, alpha, s, beta), estimate


def _lasts(s: float, log_growth: F64) -> F64:
    """(1 - exp(-(s-1) l)) / (s-1), which is l at s = 1."""
    below = s - 1
    return log_growth if abs(below) < 1e-12 else -np.expm1(-below * log_growth) / below


def _likelihood(buyers: Buyers, logs: F64) -> tuple[float, F64]:
    """Log-likelihood by customer and its gradient by the logs of (r, alpha, s, beta)."""
    parameters = np.exp(logs)
    r, alpha, s, beta = parameters
    weight = buyers.weight
    levels, place = buyers.per_frequency()
    of_level = np.bincount(place, weight, levels.size)
    value = np.dot(of_level, gammaln(r + levels) - gammaln(r)) + weight.sum() * (r * logs[1] + s * logs[3])
    gradient = np.array(
        [
            np.dot(of_level, digamma(r + levels) - digamma(r)) + weight.sum() * logs[1],
            weight.sum() * r / alpha,
            weight.sum() * logs[3],
            weight.sum() * s / beta,
        ]
    )
    for rows in _chunks(weight.size):
        x, recency, age, here = buyers.frequency[rows], buyers.recency[rows], buyers.age[rows], weight[rows]
        log_a, log_b = np.log(alpha + age), np.log(beta + age)
        stays = -(r + x) * log_a - s * log_b
        log_integral, slopes = _stopped(parameters, x, recency, age)
        goes = logs[2] + log_integral
        value += np.dot(here, np.logaddexp(stays, goes))
        gone = expit(goes - stays)
        stay = here * (1 - gone)
        go = here * gone
        gradient[0] += np.dot(go, slopes[0]) - np.dot(stay, log_a)
        gradient[1] += np.dot(go, slopes[1]) - np.dot(stay, (r + x) / (alpha + age))
        gradient[2] += np.dot(go, slopes[2] + 1 / s) - np.dot(stay, log_b)
        gradient[3] += np.dot(go, slopes[3]) - np.dot(stay, s / (beta + age))
    return float(value) / buyers.customers, gradient * parameters / buyers.customers


def _stopped(parameters: F64, x: F64, recency: F64, age: F64) -> tuple[F64, F64]:
    """Log of the integral over the moment of stopping (-inf where there is no time for it), shape (n,), and its
    slopes by the parameters, shape (4, n)."""
    r, alpha, s, beta = parameters
    least = min(alpha, beta)
    start = least + recency
    # In u = log((least + y) / (least + t_x)) the integrand is smooth, and falls faster and faster.
    length = np.log1p((age - recency) / start)
    falls = r + x - 1 + (s + 1) * (alpha + recency) / (beta + recency) if least == alpha else 0.0
    if least != alpha:
        falls = s + (r + x) * (beta + recency) / (alpha + recency)
    length = np.minimum(length, _NEGLIGIBLE / np.maximum(falls, 1e-3))
    u = length[:, None] * ((_NODES + 1) / 2)
    y = start[:, None] * np.exp(u) - least
    to_alpha, to_beta = alpha + y, beta + y
    log_a, log_b = np.log(to_alpha), np.log(to_beta)
    power = (r + x)[:, None]
    logs = u - power * log_a - (s + 1) * log_b
    top = logs[:, :1]
    parts = np.exp(logs - top) * _WEIGHTS
    total = parts.sum(axis=1)
    with np.errstate(divide="ignore"):
        found = top[:, 0] + np.log(total * length / 2) + np.log(start)
    share = parts / total[:, None]
    slopes = np.stack(
        [
            -(share * log_a).sum(axis=1),
            -(r + x) * (share / to_alpha).sum(axis=1),
            -(share * log_b).sum(axis=1),
            -(s + 1) * (share / to_beta).sum(axis=1),
        ]
    )
    return found, slopes


def _chunks(size: int) -> list[slice]:
    """So many rows that their nodes stay in the processor's cache."""
    return [slice(start, start + _ROWS) for start in range(0, size, _ROWS)]
