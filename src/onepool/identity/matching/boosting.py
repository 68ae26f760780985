"""Boosted models from the records themselves: pairs by themselves first, then in the light of the pairs around them.

1. Clusters of the weights teach a model of pairs (``training``); pairs that it finds needed are added, and its own
   clusters teach it once more. This model is kept: it scores pairs alone.
2. A second model sees what the first says of the neighbours of each pair too (``context``), and is taught the same
   way. It serves the clusters of these very records, and is not kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from onepool.identity.matching.clustering import link
from onepool.identity.matching.comparing import Comparer, Floats
from onepool.identity.matching.context import Context
from onepool.identity.matching.forest import Forest, train
from onepool.identity.matching.model import Model, features
from onepool.identity.matching.scored import Scored, score_packed, telling
from onepool.identity.matching.settings import Settings
from onepool.identity.matching.threads import each
from onepool.identity.matching.training import (
    Judged,
    Labels,
    Lesson,
    doubt,
    judge,
    lesson,
    likely_clusters,
    missing_pairs,
)

#: cluster threshold for labels from weights alone (they are overrated)
_FIRST = 0.55
#: the same for labels from a boosted model; with caution up to so many (none from so many) further records of a person,
#: as a mean over few pairs errs more, and from so much (none up to so much) doubt left in its probabilities
_BOLD, _CAUTIOUS = 0.35, 0.5
_FEW, _MANY, _DOUBTFUL, _CLEAR = 6.0, 10.0, 0.3, 0.2
#: least probability of a pair that has the rest between two groups scored: by weights (overrated), by a boosted model
_WEIGHED, _BELIEVED = 0.3, 0.1
_PER_RECORD = 60
#: first probability below which neighbours don't help a pair: no second look
_LEAST_ASKED = 0.002
_CHUNK = 100_000


@dataclass(frozen=True)
class Boosted:
    """The model with its trees, all pairs as it scores them, and the ``second`` look, which gives the belief in each
    pair when it is called (None where there is none)."""

    model: Model
    scored: Scored
    second: Callable[[], Floats] | None


def grown(
    model: Model, comparer: Comparer, scored: Scored, size: int, most: int, least: float, settings: Settings
) -> Scored:
    """The pairs with those that were never candidates but lie between groups likely to be one."""
    limit = min(settings.most_pairs(size) // 2, _PER_RECORD * size)
    missing = missing_pairs(scored.left, scored.right, scored.chance, size, most, least, limit)
    return scored.plus(score_packed(model, comparer, missing, size, 0.0))


def boost(
    model: Model, comparer: Comparer, scored: Scored, most: int, settings: Settings, labels: Labels | None, dedupe: bool
) -> Boosted:
    """Learn both models for pairs scored by weights alone so far. ``most``: records of one person at most.

    Between two sets that hold each person once (not ``dedupe``) pairs have no neighbours to speak for them: no pairs
    are added and there is no second look."""
    size = len(comparer.records)
    mates = model.prior * (size - 1) if dedupe else 0.0
    if dedupe:
        scored = grown(model, comparer, scored, size, most, _WEIGHED, settings)
    later = _BOLD
    for turn in range(2):
        if turn and dedupe:
            scored = grown(model, comparer, scored, size, most, _BELIEVED, settings)
            later = _later(mates, doubt(scored.chance))
        threshold = later if turn else _FIRST
        cluster = likely_clusters(scored.left, scored.right, scored.chance, size, threshold, most)
        told = None if labels is None else judge(labels, scored.left, scored.right, size, cluster)
        forest = _first(model, scored, cluster, mates, told, settings)
        model = replace(model, forest=forest)
        scored = replace(scored, chance=model.chance(scored.weights))
    if not dedupe:
        return Boosted(model, scored, None)
    final = model, scored

    def second() -> Floats:
        model, scored = final
        kept = telling(scored, model)
        evidence = model.evidence(scored.levels[kept])
        cluster = link(
            scored.left[kept], scored.right[kept], scored.chance[kept], size, later, most=most, evidence=evidence
        )
        told = None if labels is None else judge(labels, scored.left, scored.right, size, cluster)
        return _second(model, scored, cluster, mates, told, settings)

    return Boosted(model, scored, second)


def _later(mates: float, left: float) -> float:
    """Cluster threshold for labels from a boosted model, by further records of a person and the doubt left."""
    few = float(np.interp(mates, (_FEW, _MANY), (_CAUTIOUS, _BOLD)))
    return max(few, float(np.interp(left, (_CLEAR, _DOUBTFUL), (_BOLD, _CAUTIOUS))))


def _train(rows: Floats, taught: Lesson, settings: Settings) -> Forest:
    return train(
        rows, taught.truth, taught.weight, trees=settings.trees, leaves=settings.leaves, seed=settings.seed, rate=0.2
    )


def _lesson(
    model: Model, scored: Scored, cluster: np.ndarray, mates: float, told: Judged | None, settings: Settings
) -> Lesson:
    evidence = model.evidence(scored.levels)
    return lesson(scored.left, scored.right, evidence, cluster, mates, told, settings.seed)


def _first(
    model: Model, scored: Scored, cluster: np.ndarray, mates: float, told: Judged | None, settings: Settings
) -> Forest:
    taught = _lesson(model, scored, cluster, mates, told, settings)
    rows = features(scored.weights[taught.pairs], model.dependences)
    return _train(rows, taught, settings)


def _second(
    model: Model, scored: Scored, cluster: np.ndarray, mates: float, told: Judged | None, settings: Settings
) -> Floats:
    context = Context(scored.left, scored.right, scored.weights, scored.chance, len(cluster))

    def rows(pairs: np.ndarray) -> Floats:
        own = features(scored.weights[pairs], model.dependences)
        return np.concatenate([own, context.features(pairs)], axis=1)

    taught = _lesson(model, scored, cluster, mates, told, settings)
    forest = _train(rows(taught.pairs), taught, settings)
    belief = np.zeros(len(scored.left), dtype=np.float32)
    asked = np.flatnonzero(scored.chance >= _LEAST_ASKED)

    def answer(at: int) -> None:
        some = asked[at : at + _CHUNK]
        belief[some] = forest.probability(rows(some))

    # Each thread makes the features of some pairs and walks them down the trees: never those of all at once.
    each(answer, range(0, len(asked), _CHUNK))
    return belief
