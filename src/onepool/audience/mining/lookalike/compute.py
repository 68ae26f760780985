"""A lookalike: the seed against a random base, several models, each customer judged by models that did not see it."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import numpy.typing as npt

from onepool.audience.conditions import Context
from onepool.audience.mining.card import LiftBin, ModelCard, Notice, Sample, Words, counted, notice
from onepool.audience.mining.classifier.compute import weights
from onepool.audience.mining.classifier.samples import first_event, history_of, holding
from onepool.audience.mining.deciles import auc, lift_bins
from onepool.audience.mining.features import Column, FeaturePlan, Frame, feature_title, plan_features, read_features
from onepool.audience.mining.layers import nothing, scored
from onepool.audience.mining.learned import Learned, Say
from onepool.audience.mining.lookalike.given_away import defining, said_by
from onepool.audience.mining.store import pack
from onepool.audience.mining.trees import F64, Trees
from onepool.audience.tags.learned import LookalikeTag
from onepool.clock import to_micros
from onepool.pool import Session

I64 = npt.NDArray[np.int64]

FOLDS = 3
BASE = 10
MOST = 60_000
FEW = 300
ALIKE = 0.55
TOO_GOOD = 0.99


def compute_lookalike(session: Session, tag: LookalikeTag, at: datetime, ctx: Context, say: Say) -> Learned:
    """Percentiles of everybody but the seed, and the card."""
    say("finding the seed", 0.05)
    seed = holding(session, tag.like, at, ctx)
    assert seed is not None
    first = first_event(session, at)
    if first is None or seed.size < tag.minimum.seeds:
        return _refused(at, int(seed.size), [_few(tag, int(seed.size))])
    left_out = [f"tag:{tag.tag}", *said_by(tag.like, ctx)]
    say("reading features", 0.1)
    plan = plan_features(session, tag.features, at, history_of(first, at), ctx, leave_out=left_out)
    asked = holding(session, tag.among, at, ctx)
    frame = read_features(session, plan, at, ctx, besides=seed if asked is None else np.union1d(seed, asked))
    others = np.setdiff1d(frame.customers if asked is None else asked, seed, assume_unique=True)
    if others.size < tag.minimum.seeds:
        return _refused(at, int(seed.size), [_few_beside(tag, int(others.size))])
    chance = np.random.default_rng(tag.random_seed)
    if seed.size > MOST // 2:
        seed = np.sort(chance.choice(seed, MOST // 2, replace=False))
    base = others
    if base.size > min(BASE * seed.size, MOST):
        base = np.sort(chance.choice(others, min(BASE * seed.size, MOST), replace=False))
    plan, frame, dropped = _fair(plan, frame, seed, base)
    say("learning", 0.4)
    models, folds, held = _folds(plan, frame, seed, base, chance, tag.random_seed)
    metrics, lift = _judged(held, seed.size)
    refused = _alike(metrics["auc"])
    card = _card(tag, at, plan, models, int(seed.size), int(base.size), metrics, refused, ctx)
    card = card.model_copy(update={"lift": lift, "warnings": [*card.warnings, *_left_out(dropped, ctx)]})
    if refused:
        return Learned(nothing(), card, None)
    say("scoring", 0.8)
    scores = _scores(models, folds, frame, base, others)
    values = scored(session, others, percentiles(scores), tag.cut)
    kept = {
        "at": np.array(to_micros(at)),
        "plan": np.array(plan.text()),
        "trees": np.array([model.text() for model in models]),
        "base": base,
        "fold": folds,
    }
    return Learned(values, card.model_copy(update={"scored": values.num_rows}), pack(kept))


def percentiles(scores: F64) -> F64:
    """The share of customers who score lower (equal ones: half of them), times 100."""
    if not scores.size:
        return scores
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - counts / 2
    found: F64 = middle[place] / scores.size * 100
    return found


def _fair(plan: FeaturePlan, frame: Frame, seed: I64, base: I64) -> tuple[FeaturePlan, Frame, list[Column]]:
    """Without the features that give the seed away."""
    customers = np.concatenate([seed, base])
    dropped = defining(plan, frame.of(customers), np.arange(customers.size) < seed.size)
    kept = [place for place, column in enumerate(plan.columns) if column not in dropped]
    return plan.taken([plan.columns[place] for place in kept]), Frame(frame.customers, frame.matrix[:, kept]), dropped


def _left_out(dropped: list[Column], ctx: Context) -> list[Notice]:
    if not dropped:
        return []
    titles = [feature_title(column, ctx) for column in dropped[:3]]
    zh, en = "、".join(title.zh for title in titles), "; ".join(title.en for title in titles)
    return [
        notice(
            "features-left-out",
            f"{len(dropped)} 个特征几乎就是种子的定义，已排除：{zh} 等",
            f"{len(dropped)} features that all but define the seed are left out: {en}",
            (
                "要找到不同于种子现状的潜力客户，可用 features.without 再排除同类事件",
                "to find customers who are yet to become so, leave related events out too (features.without)",
            ),
        )
    ]


def _folds(
    plan: FeaturePlan, frame: Frame, seed: I64, base: I64, chance: np.random.Generator, number: int
) -> tuple[list[Trees], I64, F64]:
    """The models; the fold of each of the base; scores of seed and base by models that did not see them."""
    customers = np.concatenate([seed, base])
    positive = np.arange(customers.size) < seed.size
    fold = np.concatenate([chance.permutation(seed.size) % FOLDS, chance.permutation(base.size) % FOLDS])
    rows = frame.of(customers)
    held = np.zeros(customers.size)
    models = []
    for turn in range(FOLDS):
        inside = fold != turn
        trees = Trees.learned(rows[inside], positive[inside], plan.columns, number + turn, rounds=200)
        held[~inside] = trees.scores(rows[~inside])
        models.append(trees)
    return models, fold[seed.size :].astype(np.int64), held


def _scores(models: list[Trees], folds: I64, frame: Frame, base: I64, others: I64) -> F64:
    """Mean of the models; of the base only the one that did not see the customer."""
    by_model = np.stack([model.scores(frame.of(others)) for model in models])
    found: F64 = by_model.mean(axis=0)
    place = np.searchsorted(others, base)
    found[place] = by_model[folds, place]
    return found


def _judged(held: F64, seeds: int) -> tuple[dict[str, float], list[LiftBin]]:
    positive = np.arange(held.size) < seeds
    return {"auc": auc(held, positive), "seeds": float(seeds)}, lift_bins(held, positive.astype(np.float64))


def _few(tag: LookalikeTag, found: int) -> Notice:
    least = tag.minimum.seeds
    return notice(
        "few-seeds",
        f"{f'种子只有 {found:,} 位客户' if found else '种子中没有客户'}，至少需要 {least:,} 位",
        f"the seed has {counted(found, 'customer', 'customers')}; at least {least:,} are wanted",
        ("放宽种子条件 like", "widen the condition `like`"),
    )


def _few_beside(tag: LookalikeTag, found: int) -> Notice:
    least = tag.minimum.seeds
    return notice(
        "few-seeds",
        f"种子之外{f'只有 {found:,} 位' if found else '没有'}可比较的客户，至少需要 {least:,} 位",
        f"{counted(found, 'customer', 'customers')} beside the seed to compare it with; at least {least:,} are wanted",
        ("收窄种子条件 like，或放宽 among", "narrow the condition `like`, or widen `among`"),
    )


def _alike(area: float) -> list[Notice]:
    if area >= ALIKE:
        return []
    return [
        notice(
            "seed-like-all",
            f"种子与随机客户几乎无法区分（AUC {area:.2f}）",
            f"the seed can hardly be told from random customers (AUC {area:.2f})",
            ("换一个更有特征的种子", "take a seed that differs from the others"),
        )
    ]


def _refused(at: datetime, seeds: int, refusals: list[Notice]) -> Learned:
    said = refusals[0].words
    card = ModelCard(
        model="lookalike",
        method="lightgbm",
        as_of=at,
        summary=Words(zh=f"未发布：{said.zh}", en=f"not published: {said.en}"),
        rows=seeds,
        scored=0,
        refusals=refusals,
    )
    return Learned(nothing(), card, None)


def _card(
    tag: LookalikeTag,
    at: datetime,
    plan: FeaturePlan,
    models: list[Trees],
    seeds: int,
    base: int,
    metrics: dict[str, float],
    refusals: list[Notice],
    ctx: Context,
) -> ModelCard:
    area = metrics["auc"]
    warned = []
    if seeds < FEW:
        warned.append(
            notice(
                "small-seed",
                f"种子只有 {seeds} 位客户，少于 {FEW} 位时相似度不稳定",
                f"the seed has {counted(seeds, 'customer', 'customers')}; below {FEW} likeness is not steady",
            )
        )
    if area > TOO_GOOD:
        warned.append(
            notice(
                "seed-given-away",
                f"AUC 高达 {area:.3f}：某个特征几乎就是种子的定义",
                f"the AUC is {area:.3f}: some feature all but defines the seed",
                ("用 features.without 去掉它", "leave it out with features.without"),
            )
        )
    summary = Words(
        zh=f"与 {seeds} 位种子客户的相似度，由 {base} 位随机客户对照得出，AUC {area:.2f}",
        en=f"likeness to {seeds} seed customers, learned against {base} random ones, AUC {area:.2f}",
    )
    if refusals:
        said = refusals[0].words
        summary = Words(zh=f"未发布：{said.zh}", en=f"not published: {said.en}")
    gains = np.mean([model.gains() for model in models], axis=0)
    return ModelCard(
        model="lookalike",
        method="lightgbm",
        as_of=at,
        summary=summary,
        rows=seeds + base,
        scored=0,
        features=weights(plan, gains, ctx),
        metrics=metrics,
        samples=[Sample(use="train", cut_off=at, rows=seeds + base, positives=seeds)],
        refusals=refusals,
        warnings=warned,
    )
