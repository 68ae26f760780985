"""The models of a lifetime value: fitted to figures, kept as arrays, asked for what is to come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from onepool.audience.mining.clv.purchases import F64, Figures
from onepool.audience.mining.lifetime import (
    BgBb,
    BgNbd,
    Buyers,
    Estimate,
    GammaGamma,
    ParetoNbd,
    discounted,
    fit_bg_bb,
    fit_bg_nbd,
    fit_gamma_gamma,
    fit_mbg_nbd,
    fit_pareto_nbd,
)

PurchaseModel: TypeAlias = BgNbd | ParetoNbd | BgBb
WEEK = 7
YEAR = 365.25
_FITS: dict[str, Callable[[Buyers], tuple[PurchaseModel, Estimate]]] = {
    "bg_nbd": fit_bg_nbd,
    "mbg_nbd": fit_mbg_nbd,
    "pareto_nbd": fit_pareto_nbd,
    "bg_bb": fit_bg_bb,
}
_AUTO = ("bg_nbd", "mbg_nbd", "pareto_nbd")
_ENOUGH = 40_000
"""Groups of customers among which the likeliest model is chosen; more do not change which one it is."""


@dataclass(frozen=True)
class Foreseen:
    """By customer: probability to be one still, purchases within the horizon, and what they are worth now."""

    alive: F64
    purchases: F64
    worth: F64


@dataclass(frozen=True)
class Fitted:
    """`period`: days of the models' unit of time; `likelihoods`: of the models that were compared."""

    model: PurchaseModel
    period: int
    spending: GammaGamma | None
    estimate: Estimate | None = None
    spending_estimate: Estimate | None = None
    likelihoods: dict[str, float] = field(default_factory=dict)

    def foresee(self, figures: Figures, horizon: int, discount: float) -> Foreseen:
        """What is to come within so many days. Without a model of spending `worth` counts purchases."""
        buyers, group = Buyers.grouped(figures.frequency, figures.recency, figures.age)
        units = horizon / self.period
        expected = partial(self.model.expected, buyers)
        purchases = expected(units)[group]
        worth = discounted(expected, units, discount, YEAR / self.period)[group]
        if self.spending is not None:
            worth = worth * self.spending.expected(figures.paid, figures.mean)
        return Foreseen(self.model.alive(buyers)[group], purchases, worth)

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """For keeping, see `from_arrays`."""
        model = self.model
        names = _PARAMETERS[model.name]
        kept: dict[str, npt.NDArray[Any]] = {
            "method": np.array(model.name),
            "parameters": np.array([getattr(model, name) for name in names]),
            "period": np.array(self.period),
        }
        if self.spending is not None:
            kept["spending"] = np.array([self.spending.p, self.spending.q, self.spending.gamma])
        return kept

    @classmethod
    def from_arrays(cls, kept: dict[str, npt.NDArray[Any]]) -> Fitted:
        """What `arrays` gave."""
        a, b, c, d = (float(value) for value in kept["parameters"])
        method = str(kept["method"])
        model: PurchaseModel
        if method == "pareto_nbd":
            model = ParetoNbd(a, b, c, d)
        elif method == "bg_bb":
            model = BgBb(a, b, c, d)
        else:
            model = BgNbd(a, b, c, d, method == "mbg_nbd")
        spending = GammaGamma(*(float(value) for value in kept["spending"])) if "spending" in kept else None
        return cls(model, int(kept["period"]), spending)


_PARAMETERS = {
    "bg_nbd": ("r", "alpha", "a", "b"),
    "mbg_nbd": ("r", "alpha", "a", "b"),
    "pareto_nbd": ("r", "alpha", "s", "beta"),
    "bg_bb": ("alpha", "beta", "gamma", "delta"),
}


def fit(figures: Figures, method: str, period: int, *, money: bool, seed: int) -> Fitted:
    """The model of purchases (`auto`: the likeliest) and, with `money`, that of spending where enough is known of it.

    Raises ValueError when nobody bought again.
    """
    buyers, _ = Buyers.grouped(figures.frequency, figures.recency, figures.age)
    likelihoods: dict[str, float] = {}
    if method == "auto":
        some = _some(buyers, seed)
        for name in _AUTO:
            likelihoods[name] = _FITS[name](some)[1].log_likelihood
        method = max(likelihoods, key=lambda name: likelihoods[name])
    model, estimate = _FITS[method](buyers)
    spending = spending_estimate = None
    paid = figures.paid > 0
    if money and np.unique(figures.mean[paid]).size > 2:
        spending, spending_estimate = fit_gamma_gamma(figures.paid[paid], figures.mean[paid])
    return Fitted(model, period, spending, estimate, spending_estimate, likelihoods)


def _some(buyers: Buyers, seed: int) -> Buyers:
    if buyers.weight.size <= _ENOUGH:
        return buyers
    chosen = np.sort(np.random.default_rng(seed).choice(buyers.weight.size, _ENOUGH, replace=False))
    return Buyers(buyers.frequency[chosen], buyers.recency[chosen], buyers.age[chosen], buyers.weight[chosen])
