"""A classifier for all customers: cut-offs, features, trees, calibration, test, scores."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from onepool.audience.conditions import Context
from onepool.audience.mining.calibrate import Calibration, calibrate
from onepool.audience.mining.card import FeatureWeight, ModelCard, Notice, Sample, Words
from onepool.audience.mining.classifier import checks
from onepool.audience.mining.classifier.samples import (
    ARRIVED,
    Cut,
    arrived_share,
    cut_offs,
    first_event,
    history_of,
    holding,
    read_cut,
    share_of,
    windowed,
)
from onepool.audience.mining.deciles import auc, calibration_bins, lift_bins
from onepool.audience.mining.features import FeaturePlan, feature_title, plan_features, read_features
from onepool.audience.mining.layers import nothing, scored
from onepool.audience.mining.learned import Learned, Say
from onepool.audience.mining.store import pack
from onepool.audience.mining.trees import F64, Trees
from onepool.audience.tags.learned import ClassifierTag
from onepool.clock import to_micros
from onepool.pool import Session

SHOWN = 30


@dataclass(frozen=True)
class Judged:
    """A trained model with what it was tested by."""

    trees: Trees
    calibration: Calibration
    metrics: dict[str, float]
    predicted: F64
    observed: F64


def compute_classifier(session: Session, tag: ClassifierTag, at: datetime, ctx: Context, say: Say) -> Learned:
    """Probabilities of all customers whom it is asked of, and the card."""
    assert tag.ahead.micros is not None
    ahead = timedelta(microseconds=tag.ahead.micros)
    first = first_event(session, at)
    instants = [] if first is None else cut_offs(at, ahead, tag.cut_offs, first)
    if first is None or len(instants) < 3:
        return _refused(tag, at, checks.no_history(tag, len(instants), first), [])
    say("looking for features", 0.05)
    arrived = arrived_share(session, instants[-1])
    by_arrival = tag.known_by == "arrival" or (tag.known_by is None and arrived >= ARRIVED)
    plan = plan_features(
        session,
        tag.features,
        instants[0],
        history_of(first, instants[0]),
        ctx,
        by_arrival=by_arrival,
        leave_out=[f"tag:{tag.tag}"],
    )
    target = windowed(tag.target, tag.ahead)
    cuts: list[Cut] = []
    share = share_of(session)
    for turn, instant in enumerate(instants):
        say(f"reading {instant:%Y-%m-%d}", 0.1 + 0.5 * turn / len(instants))
        cuts.append(read_cut(session, plan, instant, ctx, tag.among, target, ahead, share))
    samples = _samples(cuts)
    training = cuts[:-2]
    ups, rows = sum(int(cut.positive.sum()) for cut in training), sum(cut.positive.size for cut in training)
    few = checks.few_positives(tag, ups, int(cuts[-1].positive.sum()), rows - ups)
    if few or cuts[-2].positive.all() or not cuts[-2].positive.any():
        return _refused(tag, at, few or checks.few_positives(tag, ups, 0, rows - ups), samples)
    say("learning", 0.65)
    judged = _learn(tag, plan, cuts)
    warned = checks.warnings(
        judged.metrics["auc"],
        float(judged.predicted.mean()),
        float(judged.observed.mean()),
        [float(cut.positive.mean()) for cut in cuts],
        1.0 if by_arrival else arrived,
    )
    card = _card(tag, at, plan, judged, samples, ctx, checks.low_auc(tag, judged.metrics["auc"]), warned)
    if card.refusals:
        return Learned(nothing(), card, None)
    say("scoring", 0.85)
    asked = holding(session, tag.among, at, ctx)
    frame = read_features(session, plan, at, ctx, besides=asked)
    customers = frame.customers if asked is None else asked
    chances = judged.calibration(judged.trees.scores(frame.of(customers)))
    values = scored(session, customers, chances, tag.cut)
    card = card.model_copy(
        update={
            "scored": values.num_rows,
            "samples": [*samples, Sample(use="score", cut_off=at, rows=values.num_rows)],
            "metrics": card.metrics | {"mean_score": float(chances.mean()) if chances.size else 0.0},
        }
    )
    kept = {
        "at": np.array(to_micros(at)),
        "plan": np.array(plan.text()),
        "trees": np.array(judged.trees.text()),
        "method": np.array(judged.calibration.method),
        "scores": judged.calibration.scores,
        "probabilities": judged.calibration.probabilities,
    }
    return Learned(values, card, pack(kept))


def _learn(tag: ClassifierTag, plan: FeaturePlan, cuts: list[Cut]) -> Judged:
    """Older cut-offs teach, the last but one calibrates, the last tests."""
    rows = np.concatenate([cut.rows for cut in cuts[:-2]])
    positive = np.concatenate([cut.positive for cut in cuts[:-2]])
    check, test = cuts[-2], cuts[-1]
    trees = Trees.learned(rows, positive, plan.columns, tag.random_seed, (check.rows, check.positive))
    calibration = calibrate(trees.scores(check.rows), check.positive)
    score = trees.scores(test.rows)
    predicted, observed = calibration(score), test.positive.astype(np.float64)
    base = float(observed.mean())
    clipped = np.clip(predicted, 1e-6, 1 - 1e-6)
    bins = calibration_bins(predicted, observed)
    metrics = {
        "auc": auc(score, test.positive),
        "brier": float(((predicted - observed) ** 2).mean()),
        "brier_base": base * (1 - base),
        "log_loss": float(-(observed * np.log(clipped) + (1 - observed) * np.log1p(-clipped)).mean()),
        "base_rate": base,
        "calibration_error": sum(abs(one.predicted - one.observed) * one.customers for one in bins) / observed.size,
    }
    return Judged(trees, calibration, metrics, predicted, observed)


def weights(plan: FeaturePlan, gains: F64, ctx: Context) -> list[FeatureWeight]:
    """The features that decide most."""
    order = np.argsort(-gains, kind="stable")[:SHOWN]
    return [
        FeatureWeight(
            name=plan.columns[place].name,
            title=feature_title(plan.columns[place], ctx),
            weight=float(gains[place]),
        )
        for place in order.tolist()
        if gains[place] > 0
    ]


def _samples(cuts: list[Cut]) -> list[Sample]:
    uses = ["train"] * (len(cuts) - 2) + ["calibrate", "test"]
    return [
        Sample.model_validate(
            {"use": use, "cut_off": cut.at, "rows": cut.positive.size, "positives": int(cut.positive.sum())}
        )
        for use, cut in zip(uses, cuts, strict=True)
    ]


def _refused(tag: ClassifierTag, at: datetime, refusals: list[Notice], samples: list[Sample]) -> Learned:
    said = refusals[0].words
    card = ModelCard(
        model="classifier",
        method="lightgbm",
        as_of=at,
        summary=Words(zh=f"未发布：{said.zh}", en=f"not published: {said.en}"),
        rows=sum(sample.rows for sample in samples),
        scored=0,
        samples=samples,
        refusals=refusals,
    )
    return Learned(nothing(), card, None)


def _card(
    tag: ClassifierTag,
    at: datetime,
    plan: FeaturePlan,
    judged: Judged,
    samples: list[Sample],
    ctx: Context,
    refusals: list[Notice],
    warned: list[Notice],
) -> ModelCard:
    area, rate = judged.metrics["auc"], judged.metrics["base_rate"]
    lift = lift_bins(judged.predicted, judged.observed)
    summary = Words(
        zh=f"{tag.ahead} 内成立的概率：检验 AUC {area:.2f}，平均 {rate:.1%}",
        en=f"how likely it comes true within {tag.ahead}: AUC {area:.2f} at the test, {rate:.1%} on average",
    )
    if refusals:
        said = refusals[0].words
        summary = Words(zh=f"未发布：{said.zh}", en=f"not published: {said.en}")
    elif lift:
        summary = Words(
            zh=f"{summary.zh}，最高的十分之一是平均的 {lift[0].lift:.1f} 倍",
            en=f"{summary.en}, {lift[0].lift:.1f} times that in the top tenth",
        )
    return ModelCard(
        model="classifier",
        method="lightgbm",
        as_of=at,
        summary=summary,
        rows=sum(sample.rows for sample in samples if sample.use == "train"),
        scored=0,
        features=weights(plan, judged.trees.gains(), ctx),
        metrics=judged.metrics,
        calibration=calibration_bins(judged.predicted, judged.observed),
        lift=lift,
        samples=samples,
        refusals=refusals,
        warnings=warned,
    )
