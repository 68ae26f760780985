"""A boosted pair model from the records themselves, and from labels where people gave some.

Independent weights overrate pairs whose agreements have one cause (brothers: same surname, same place). Average
linkage does not believe such pairs when the rest of both groups disagrees. So its clusters are better labels than the
probabilities they came from, and a model trained on them learns which *combinations* of agreement to trust; two
rounds are enough (more change little). Labels from people weigh as much as all of these together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from onepool.identity.matching.blocking import unique_sorted
from onepool.identity.matching.clustering import link
from onepool.identity.matching.comparing import Floats
from onepool.identity.matching.forest import Forest, train
from onepool.identity.matching.prepare import Ints
from onepool.identity.matching.settings import Settings

Bools = npt.NDArray[np.bool_]
#: cluster threshold for labels from weights alone (they are overrated), and for labels from a boosted model
_FIRST, _LATER = 0.55, 0.35
#: least candidate pairs, and least share of doubt among the expected matches, for which boosting is worth it
_LEAST_PAIRS, _LEAST_DOUBT = 5_000, 0.02
_ROWS = 250_000
_LEAST_SCORE = 0.03


@dataclass(frozen=True)
class Labels:
    """Judged pairs by record position, ``left`` < ``right``."""

    left: Ints
    right: Ints
    match: Bools

    def persons(self) -> int:
        """How many persons the matching pairs tell of (groups of records that they connect)."""
        records = np.unique(np.concatenate([self.left[self.match], self.right[self.match]]))
        if not len(records):
            return 0
        a = np.searchsorted(records, self.left[self.match])
        b = np.searchsorted(records, self.right[self.match])
        ones = np.ones(len(a))
        return len(np.unique(link(a, b, ones, len(records), 1e-6, most=len(records))))


def doubt(chance: Floats) -> float:
    """Share of the expected matches that is uncertain."""
    sure = chance.astype(np.float64)
    return float((sure * (1 - sure)).sum() / max(sure.sum(), 1e-9))


def worthwhile(chance: Floats) -> bool:
    """Whether there are enough pairs, and enough doubt, to learn from."""
    return len(chance) >= _LEAST_PAIRS and doubt(chance) >= _LEAST_DOUBT


def self_train(
    rows: Floats,
    chance: Floats,
    left: Ints,
    right: Ints,
    records: int,
    most: int,
    settings: Settings,
    labels: Labels | None,
    rounds: int = 2,
) -> tuple[Forest, Floats]:
    """The boosted model for pairs with features ``rows``, scored by weights alone so far (``chance``), and what it
    makes of them."""
    random = np.random.default_rng(settings.seed)
    judged = np.zeros(0, dtype=np.int64)
    truth = np.zeros(0)
    if labels is not None:
        packed = left * records + right
        order = np.argsort(packed, kind="stable")
        wanted = labels.left * records + labels.right
        at = np.searchsorted(packed, wanted, sorter=order)
        inside = at < len(packed)
        at = order[np.minimum(at, len(packed) - 1)]
        hit = inside & (packed[at] == wanted)
        judged, truth = at[hit], labels.match[hit].astype(np.float64)
    forest: Forest | None = None
    for turn in range(rounds):
        kept = chance > _LEAST_SCORE
        cluster = link(left[kept], right[kept], chance[kept], records, _FIRST if turn == 0 else _LATER, most=most)
        together = (cluster[left] == cluster[right]).astype(np.float64)
        drawn = np.arange(len(rows))
        if len(rows) > _ROWS:
            drawn = np.sort(random.choice(len(rows), _ROWS, replace=False))
        weight = np.ones(len(drawn))
        if len(judged):
            # What people said replaces what clusters say of the same pair, and weighs as much as all the rest.
            drawn = np.setdiff1d(drawn, judged)
            weight = np.concatenate([np.ones(len(drawn)), np.full(len(judged), min(20.0, len(drawn) / len(judged)))])
            together = np.concatenate([together[drawn], truth])
            drawn = np.concatenate([drawn, judged])
        else:
            together = together[drawn]
        forest = train(
            rows[drawn], together, weight, trees=settings.trees, leaves=settings.leaves, seed=settings.seed, rate=0.2
        )
        chance = forest.probability(rows)
    assert forest is not None
    return forest, chance


def missing_pairs(left: Ints, right: Ints, chance: Floats, records: int, most: int, least: float, limit: int) -> Ints:
    """Pairs (packed, smaller * records + larger) never scored but needed to judge clusters: between and within the
    groups that a cautious clustering makes, where some pair between them is at least ``least`` likely."""
    kept = chance > _LEAST_SCORE
    cluster = link(left[kept], right[kept], chance[kept], records, 0.5, most=most)
    order = np.argsort(cluster, kind="stable")
    starts = np.searchsorted(cluster[order], np.arange(records))
    ends = np.searchsorted(cluster[order], np.arange(records), side="right")
    likely = chance >= least
    a, b = cluster[left[likely]], cluster[right[likely]]
    between = unique_sorted(np.minimum(a, b) * records + np.maximum(a, b))
    a, b = between // records, between % records
    sizes = ends - starts
    # A group pair that would break the largest size can't join anyway.
    fits = (sizes[a] + sizes[b] <= most) | (a == b)
    a, b = a[fits], b[fits]
    times = sizes[a] * sizes[b]
    allowed = np.cumsum(times) <= limit
    a, b, times = a[allowed], b[allowed], times[allowed]
    pair = np.repeat(np.arange(len(a)), times)
    within = np.arange(len(pair)) - np.repeat(np.cumsum(times) - times, times)
    x = order[starts[a][pair] + within // np.maximum(sizes[b][pair], 1)]
    y = order[starts[b][pair] + within % np.maximum(sizes[b][pair], 1)]
    different = x != y
    x, y = x[different], y[different]
    wanted = unique_sorted(np.minimum(x, y) * records + np.maximum(x, y))
    scored = np.sort(np.minimum(left, right) * records + np.maximum(left, right))
    at = np.minimum(np.searchsorted(scored, wanted), max(0, len(scored) - 1))
    return wanted[scored[at] != wanted] if len(scored) else wanted
