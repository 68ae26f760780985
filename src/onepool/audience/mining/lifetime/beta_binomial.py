"""BG/BB: opportunities to buy come one after another (a week, a campaign, a year); each is taken or not.

Chances to buy at an opportunity are Beta(alpha, beta) among customers, chances to stop before the next one
Beta(gamma, delta). For purchases that are bound to occasions, and for data that only say whether, not when.

Source: Fader, Hardie, Shang (2010), Customer-base analysis in a discrete-time noncontractual setting, Marketing
Science 29(6).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.special import betaln, digamma, gammaln  # type: ignore[import-untyped]

from onepool.audience.mining.lifetime.buyers import F64, Buyers
from onepool.audience.mining.lifetime.maximum import Estimate, maximise

NAMES = ("alpha", "beta", "gamma", "delta")


@dataclass(frozen=True)
class BgBb:
    """A fitted BG/BB. Of buyers, `age` counts the opportunities since the first purchase, `frequency` those that were
    taken, `recency` the last one taken (0: none)."""

    alpha: float
    beta: float
    gamma: float
    delta: float

    @property
    def name(self) -> str:
        return "bg_bb"

    def log_likelihood(self, buyers: Buyers) -> float:
        """Of all the buyers together."""
        return float(np.dot(buyers.weight, _by_group(buyers, self._logs)[0]))

    def alive(self, buyers: Buyers) -> F64:
        """Probability of each group that its customers are there at the next opportunity, shape (groups,)."""
        x, n = buyers.frequency, buyers.age
        logs = betaln(self.alpha + x, self.beta + n - x) - betaln(self.alpha, self.beta)
        logs += betaln(self.gamma, self.delta + n + 1) - betaln(self.gamma, self.delta)
        return np.asarray(np.exp(np.minimum(logs - _by_group(buyers, self._logs)[0], 0.0)))

    def expected(self, buyers: Buyers, horizon: float) -> F64:
        """Purchases expected at the next `horizon` opportunities (of a part of one, that part), shape (groups,)."""
        x, n = buyers.frequency, buyers.age
        bought = betaln(self.alpha + x + 1, self.beta + n - x) - betaln(self.alpha, self.beta)
        log_share = bought - _by_group(buyers, self._logs)[0]
        whole = int(horizon)
        there: F64 = np.asarray(self._there(n, whole))
        if horizon > whole:
            there += (horizon - whole) * (self._there(n, whole + 1) - there)
        return np.asarray(np.exp(log_share) * there)

    def _there(self, n: F64, horizon: int) -> F64:
        """Sum over the next opportunities of the chance to be there still: sum of B(gamma, delta+n+i) / B(gamma,
        delta), i = 1 … horizon."""
        levels, place = np.unique(n, return_inverse=True)
        steps = np.arange(1, horizon + 1, dtype=np.float64)
        logs = betaln(self.gamma, self.delta + levels[:, None] + steps) - betaln(self.gamma, self.delta)
        found: F64 = np.exp(logs).sum(axis=1)[place]
        return found

    @property
    def _logs(self) -> F64:
        logs: F64 = np.log(np.array([self.alpha, self.beta, self.gamma, self.delta]))
        return logs


def fit_bg_bb(buyers: Buyers) -> tuple[BgBb, Estimate]:
    """By maximum likelihood. ValueError without a repeat buyer, or when figures are no whole numbers."""
    if buyers.repeat_buyers == 0:
        raise ValueError("nobody bought again: there is nothing to fit")
    for column in (buyers.frequency, buyers.recency, buyers.age):
        if (column != np.floor(column)).any():
            raise ValueError("BG/BB counts opportunities: whole numbers are wanted")
    if (buyers.frequency > buyers.recency).any():
        raise ValueError("there can't be more purchases than opportunities up to the last one taken")
    found = maximise(
        partial(_likelihood, buyers), NAMES, [(1.0, 1.0, 0.7, 2.5), (0.5, 2.0, 0.5, 5.0)], buyers.customers
    )
    alpha, beta, gamma, delta = map(float, found.values)
    return BgBb(alpha, beta, gamma, delta), found


def _likelihood(buyers: Buyers, logs: F64) -> tuple[float, F64]:
    value, slopes = _by_group(buyers, logs)
    share = buyers.weight / buyers.customers
    return float(np.dot(share, value)), (slopes @ share) * np.exp(logs)


def _by_group(buyers: Buyers, logs: F64) -> tuple[F64, F64]:
    """Log-likelihood of one customer of each group, shape (groups,), and its slopes by the parameters, (4, groups)."""
    alpha, beta, gamma, delta = np.exp(logs)
    x, n = buyers.frequency, buyers.age
    most = int(n.max(initial=0))
    # Column m < most: stopped after the opportunity m; the last column: still there after all of n.
    m = np.broadcast_to(np.arange(most + 1, dtype=np.float64), (x.size, most + 1)).copy()
    m[:, most] = n
    inside = (m >= buyers.recency[:, None]) & (m < n[:, None])
    stopped = np.ones(most + 1)
    stopped[most] = 0.0
    inside[:, most] = True
    missed = np.maximum(m - x[:, None], 0.0)
    log_b = gammaln(alpha + x)[:, None] + gammaln(beta + missed) - gammaln(alpha + beta + m)
    log_g = gammaln(gamma + stopped) + gammaln(delta + m) - gammaln(gamma + delta + stopped + m)
    terms = np.where(inside, log_b + log_g, -np.inf)
    top = terms.max(axis=1)
    parts = np.exp(terms - top[:, None])
    total = parts.sum(axis=1)
    value = top + np.log(total) - betaln(alpha, beta) - betaln(gamma, delta)
    share = parts / total[:, None]
    both_b, both_g = digamma(alpha + beta + m), digamma(gamma + delta + stopped + m)
    ends = digamma(np.array([alpha, beta, alpha + beta, gamma, delta, gamma + delta]))
    slopes = np.stack(
        [
            digamma(alpha + x) - (share * both_b).sum(axis=1) - ends[0] + ends[2],
            (share * (digamma(beta + missed) - both_b)).sum(axis=1) - ends[1] + ends[2],
            (share * (digamma(gamma + stopped) - both_g)).sum(axis=1) - ends[3] + ends[5],
            (share * (digamma(delta + m) - both_g)).sum(axis=1) - ends[4] + ends[5],
        ]
    )
    return value, slopes
