"""A lifetime value for all customers: read, fit, check, foresee."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from onepool.audience.conditions import Context, Scope
from onepool.audience.conditions.values import Span
from onepool.audience.mining.card import ModelCard, Notice, Parameter, Sample, Words
from onepool.audience.mining.clv import checks
from onepool.audience.mining.clv.fitting import WEEK, Fitted, Foreseen, fit
from onepool.audience.mining.clv.holdout import Holdout, hold_out
from onepool.audience.mining.clv.purchases import F64, Figures, figures, read_purchases
from onepool.audience.mining.layers import nothing, scored
from onepool.audience.mining.learned import Learned, Say
from onepool.audience.mining.lifetime.gamma_gamma import correlation
from onepool.audience.mining.store import pack
from onepool.audience.tags.learned import ClvTag
from onepool.pool import Session

METHODS = {"bg_nbd": "BG/NBD", "mbg_nbd": "MBG/NBD", "pareto_nbd": "Pareto/NBD", "bg_bb": "BG/BB"}


def days_of(span: Span) -> int:
    """Whole days of a fixed span."""
    assert span.micros is not None
    return span.micros // 86_400_000_000


def asked(tag: ClvTag, foreseen: Foreseen) -> F64:
    """Which of the figures the tag gives."""
    return {"money": foreseen.worth, "purchases": foreseen.purchases, "alive": foreseen.alive}[tag.predict]


def compute_clv(session: Session, tag: ClvTag, at: datetime, ctx: Context, say: Say) -> Learned:
    """Values of all customers with a purchase, and the card."""
    say("reading purchases", None)
    purchases = read_purchases(session, tag, at, Scope.all(), ctx)
    discrete = tag.period is not None
    period = days_of(tag.period) if tag.period is not None else WEEK
    found = figures(purchases, period if discrete else None)
    few = checks.too_few(tag, found)
    if few:
        return Learned(nothing(), _card(tag, at, found, None, None, few, []), None)
    say("fitting", 0.3)
    fitted = fit(found, tag.fit, period, money=tag.predict == "money", seed=tag.random_seed)
    say("trying it on the past", 0.6)
    held = hold_out(purchases, days_of(tag.horizon), fitted, seed=tag.random_seed, discrete=discrete)
    refused = checks.refusals(tag, fitted)
    warned = checks.warnings(tag, purchases, found, fitted)
    if held is not None:
        warned += checks.holdout_warning(held.metrics["holdout_ratio"], held.days)
    card = _card(tag, at, found, fitted, held, refused, warned)
    if refused:
        return Learned(nothing(), card, None)
    say("foreseeing", 0.8)
    foreseen = fitted.foresee(found, days_of(tag.horizon), tag.discount)
    values = scored(session, purchases.customers, asked(tag, foreseen), tag.cut)
    card = card.model_copy(update={"scored": values.num_rows, "metrics": card.metrics | _means(foreseen)})
    return Learned(values, card, pack(fitted.arrays()))


def _means(foreseen: Foreseen) -> dict[str, float]:
    return {
        "mean_alive": float(foreseen.alive.mean()),
        "mean_purchases": float(foreseen.purchases.mean()),
        "mean_worth": float(foreseen.worth.mean()),
    }


def _card(
    tag: ClvTag,
    at: datetime,
    found: Figures,
    fitted: Fitted | None,
    held: Holdout | None,
    refused: list[Notice],
    warned: list[Notice],
) -> ModelCard:
    size, again = found.frequency.size, int((found.frequency > 0).sum())
    metrics: dict[str, float] = {"repeat_buyers": float(again), "repeat_rate": again / size if size else 0.0}
    parameters: list[Parameter] = []
    method = tag.fit if fitted is None else fitted.model.name
    if fitted is not None and fitted.estimate is not None:
        metrics["log_likelihood"] = fitted.estimate.log_likelihood
        metrics |= {f"log_likelihood_{name}": value for name, value in fitted.likelihoods.items()}
        for prefix, estimate in (("", fitted.estimate), ("spend_", fitted.spending_estimate)):
            if estimate is not None:
                parameters += [
                    Parameter(name=f"{prefix}{name}", value=float(value), error=_known(error))
                    for name, value, error in zip(estimate.names, estimate.values, estimate.errors, strict=True)
                ]
        if fitted.spending is not None:
            paid = found.paid > 0
            metrics["spend_correlation"] = correlation(found.paid[paid], found.mean[paid])
            if fitted.spending.q > 1:
                metrics["mean_spend"] = fitted.spending.population_mean
    if held is not None:
        metrics |= held.metrics
    return ModelCard(
        model="clv",
        method=method,
        as_of=at,
        summary=_summary(tag, method, size, again, refused),
        rows=size,
        scored=0,
        metrics=metrics,
        calibration=held.calibration if held is not None else [],
        lift=held.lift if held is not None else [],
        parameters=parameters,
        samples=[Sample(use="train", cut_off=at, rows=size, positives=again)],
        refusals=refused,
        warnings=warned,
    )


_WHAT = {
    "money": ("未来消费（折现）", "money to come, at its worth now,"),
    "purchases": ("未来购买次数", "purchases to come"),
    "alive": ("仍是客户的概率", "the probability to be a customer still"),
}


def _summary(tag: ClvTag, method: str, size: int, again: int, refused: list[Notice]) -> Words:
    days, name = days_of(tag.horizon), METHODS.get(method, "BG/NBD")
    if refused:
        return Words(zh=f"未发布：{refused[0].words.zh}", en=f"not published: {refused[0].words.en}")
    zh, en = _WHAT[tag.predict]
    return Words(
        zh=f"{days} 天内的{zh}，{name} 由 {size} 位购买过的客户（其中 {again} 位复购）得出",
        en=f"{en} within {days} days, by {name} from {size} buyers, {again} of whom bought again",
    )


def _known(error: float) -> float | None:
    return float(error) if np.isfinite(error) else None
