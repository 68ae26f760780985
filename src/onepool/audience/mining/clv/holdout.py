"""Whether the method foresees: fitted to what was known some time ago, held against what came since."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from onepool.audience.mining.card import CalibrationBin, LiftBin
from onepool.audience.mining.clv.fitting import Fitted, fit
from onepool.audience.mining.clv.purchases import F64, Purchases, figures
from onepool.audience.mining.deciles import calibration_bins, lift_bins

LEAST_DAYS = 21
_REPEAT_BUYERS = 20


@dataclass(frozen=True)
class Holdout:
    """`days`: length of what was foreseen; `metrics` for the card."""

    days: int
    metrics: dict[str, float]
    calibration: list[CalibrationBin]
    lift: list[LiftBin]


def hold_out(purchases: Purchases, horizon: int, fitted: Fitted, *, seed: int, discrete: bool) -> Holdout | None:
    """The same method on the first two thirds of the time (or all but the horizon, if that is shorter); None where
    that leaves too little."""
    if not purchases.day.size:
        return None
    span = purchases.today - int(purchases.day.min())
    days = min(horizon, span // 3)
    if discrete:
        days = days // fitted.period * fitted.period
    if days < LEAST_DAYS:
        return None
    cut = purchases.today - days
    known = purchases.until(cut)
    period = fitted.period if discrete else None
    before = figures(known, period)
    if (before.frequency > 0).sum() < _REPEAT_BUYERS:
        return None
    then = fit(before, fitted.model.name, fitted.period, money=fitted.spending is not None, seed=seed)
    foreseen = then.foresee(before, days, 0.0)
    came, money = _since(purchases, known, cut, period)
    naive = np.divide(before.frequency, before.age, out=np.zeros(before.age.size), where=before.age > 0)
    naive = naive * (days / fitted.period)
    metrics = {
        "holdout_days": float(days),
        "holdout_customers": float(came.size),
        "holdout_purchases": float(came.sum()),
        "holdout_expected": float(foreseen.purchases.sum()),
        "holdout_ratio": float(came.sum() / max(foreseen.purchases.sum(), 1e-9)),
        "holdout_mae": float(np.abs(came - foreseen.purchases).mean()),
        "naive_mae": float(np.abs(came - naive).mean()),
    }
    if np.ptp(came) > 0 and np.ptp(foreseen.purchases) > 0:
        metrics["holdout_correlation"] = float(np.corrcoef(came, foreseen.purchases)[0, 1])
    if then.spending is not None and np.isfinite(foreseen.worth).all():
        metrics["holdout_money"] = float(money.sum())
        metrics["holdout_money_expected"] = float(foreseen.worth.sum())
    return Holdout(days, metrics, calibration_bins(foreseen.purchases, came), lift_bins(foreseen.purchases, came))


def _since(purchases: Purchases, known: Purchases, cut: int, period: int | None) -> tuple[F64, F64]:
    """Purchases (days, or opportunities taken) and money after the cut of customers known then."""
    size = known.customers.size
    found = np.searchsorted(known.customers, purchases.customers)
    matches = np.minimum(found, max(size - 1, 0))
    there = known.customers[matches] == purchases.customers
    inside = (purchases.day > cut) & there[purchases.place]
    whose = matches[purchases.place[inside]]
    money: F64 = np.bincount(whose, purchases.money[inside], size).astype(np.float64)
    if period is not None:
        first = np.full(size, np.iinfo(np.int64).max)
        np.minimum.at(first, known.place, known.day)
        turn = -(-(purchases.day[inside] - first[whose]) // period)
        whose = np.unique(whose * 1_000_000 + turn) // 1_000_000
    return np.bincount(whose, minlength=size).astype(np.float64), money
