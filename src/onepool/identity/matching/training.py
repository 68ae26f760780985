"""Lessons for a boosted pair model: from the records themselves, and from labels where people gave some.

Independent weights overrate pairs whose agreements have one cause (brothers: same surname, same place). Average
linkage does not believe such pairs when the rest of both groups disagrees. So its clusters are better labels than the
probabilities they came from, and a model trained on them learns which *combinations* of agreement to trust.

Only pairs between records of **established** clusters teach. A record left alone is mostly not a person of one record
but one with too little to compare: pairs of it taken for "no match" would teach that gaps speak against a match.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from onepool.identity.matching.blocking import unique_sorted
from onepool.identity.matching.clustering import link
from onepool.identity.matching.comparing import Floats
from onepool.identity.matching.prepare import Ints

Bools = npt.NDArray[np.bool_]
Doubles = npt.NDArray[np.float64]
#: least candidate pairs, and least share of doubt among the expected matches, for which boosting is worth it
_LEAST_PAIRS, _LEAST_DOUBT = 5_000, 0.02
_ROWS = 250_000
_LEAST_SCORE = 0.03
#: most records that a cluster must have to be established, and least share of all pairs that must be left to teach
_ESTABLISHED, _LEFT_TO_TEACH = 4, 0.2
#: least evidence of a pair between clusters smaller than that
_COMPARED = 0.9
#: share of the mates of labelled records, as clusters see it, that labels must tell of to be taken as all there are
_COMPLETE = 0.75
#: most weight of a judged pair: where labels are complete; where both answers are well represented; else
_TRUSTED, _FAIR, _PARTIAL = 20.0, 5.0, 1.0
_BOTH = 0.2


@dataclass(frozen=True)
class Labels:
    """Judged pairs by record position, ``left`` < ``right``."""

    left: Ints
    right: Ints
    match: Bools

    def groups(self) -> tuple[Ints, Ints]:
        """The records that labels name (ascending), and for each the group that matching pairs connect it to."""
        records = np.unique(np.concatenate([self.left, self.right]))
        if not len(records):
            return records, records
        a = np.searchsorted(records, self.left[self.match])
        b = np.searchsorted(records, self.right[self.match])
        return records, link(a, b, np.ones(len(a)), len(records), 1e-6, most=len(records))

    def persons(self) -> int:
        """How many persons the matching pairs tell of (groups of records that they connect)."""
        groups = self.groups()[1]
        return int((np.bincount(groups) > 1).sum()) if len(groups) else 0


@dataclass(frozen=True)
class Judged:
    """Candidate pairs (their numbers, ascending) of which people told the truth, and how much one may weigh."""

    pairs: Ints
    truth: Bools
    most: float


def judge(labels: Labels, left: Ints, right: Ints, records: int, cluster: Ints) -> Judged:
    """What labels say of candidate pairs.

    Where they tell of all records of the persons they name (as far as the clusters of a first look can tell), a pair
    of a record named and one outside its group is no match either: without such pairs labels within few persons would
    teach that nearly everything matches."""
    named, groups = labels.groups()
    group = np.full(records, -1, dtype=np.int64)
    group[named] = groups
    one, other = group[left], group[right]
    inside = (one >= 0) & (one == other)
    # Records that are the only one of their group may be named for contrast only.
    sizes = np.bincount(groups, minlength=len(named) + 1)
    whole = (sizes[one] > 1) & (one >= 0), (sizes[other] > 1) & (other >= 0)
    about = whole[0] | whole[1]
    mates = about & (cluster[left] == cluster[right])
    complete = int((mates & inside).sum()) >= _COMPLETE * max(1, int(mates.sum()))
    packed = left * records + right
    order = np.argsort(packed, kind="stable")
    wanted = labels.left * records + labels.right
    at = np.searchsorted(packed, wanted, sorter=order)
    at = order[np.minimum(at, len(packed) - 1)]
    hit = packed[at] == wanted
    pairs, first = np.unique(at[hit], return_index=True)
    truth = labels.match[hit][first]
    if complete:
        told = np.zeros(len(left), dtype=bool)
        told[pairs[truth]] = True
        pairs = np.union1d(np.flatnonzero(about), pairs)
        return Judged(pairs, (inside | told)[pairs], _TRUSTED)
    share = float(truth.mean()) if len(truth) else 0.0
    return Judged(pairs, truth, _FAIR if _BOTH <= share <= 1.0 - _BOTH else _PARTIAL)


@dataclass(frozen=True)
class Lesson:
    """Numbers of the pairs to learn from, their truth (0 or 1) and weight."""

    pairs: Ints
    truth: Doubles
    weight: Doubles


def lesson(
    left: Ints, right: Ints, evidence: Floats, cluster: Ints, mates: float, judged: Judged | None, seed: int
) -> Lesson:
    """Pairs between established clusters, labelled by them, and what people judged.

    ``evidence``: how much each pair had to compare (0 to 1). ``mates``: expected further records of a record's
    person."""
    random = np.random.default_rng(seed)
    sizes = np.bincount(cluster, minlength=len(cluster))[cluster]
    smaller = np.minimum(sizes[left], sizes[right])
    # Where persons have few records, small clusters are all there is.
    least = int(np.clip((mates - 2.0) / 2.0, 1, _ESTABLISHED))
    while least > 1 and int((smaller >= least).sum()) < max(_LEAST_PAIRS, _LEFT_TO_TEACH * len(left)):
        least -= 1
    taught = smaller >= least
    # Of small clusters only pairs that had nearly everything to compare: what is alone for its gaps says nothing.
    whole = taught & ((smaller >= _ESTABLISHED) | (evidence >= _COMPARED))
    drawn = np.flatnonzero(whole if int(whole.sum()) >= max(_LEAST_PAIRS, _LEFT_TO_TEACH * len(left)) else taught)
    if judged is not None:
        drawn = np.setdiff1d(drawn, judged.pairs, assume_unique=True)
    if len(drawn) > _ROWS:
        drawn = np.sort(random.choice(drawn, _ROWS, replace=False))
    truth = (cluster[left[drawn]] == cluster[right[drawn]]).astype(np.float64)
    weight = np.ones(len(drawn))
    if judged is not None and len(judged.pairs):
        # What people said replaces what clusters say of the same pair, and weighs at most as much as all the rest.
        pairs, told = judged.pairs, judged.truth
        if len(pairs) > _ROWS:
            some = np.sort(random.choice(len(pairs), _ROWS, replace=False))
            pairs, told = pairs[some], told[some]
        each = max(1.0, min(judged.most, len(drawn) / len(pairs)))
        drawn = np.concatenate([drawn, pairs])
        truth = np.concatenate([truth, told.astype(np.float64)])
        weight = np.concatenate([weight, np.full(len(pairs), each)])
    return Lesson(drawn, truth, weight)


def doubt(chance: Floats) -> float:
    """Share of the expected matches that is uncertain."""
    sure = chance.astype(np.float64)
    return float((sure * (1 - sure)).sum() / max(sure.sum(), 1e-9))


def worthwhile(chance: Floats) -> bool:
    """Whether there are enough pairs, and enough doubt, to learn from."""
    return len(chance) >= _LEAST_PAIRS and doubt(chance) >= _LEAST_DOUBT


def likely_clusters(left: Ints, right: Ints, chance: Floats, records: int, threshold: float, most: int) -> Ints:
    """Average linkage of the pairs that are not near impossible."""
    kept = chance > _LEAST_SCORE
    return link(left[kept], right[kept], chance[kept], records, threshold, most=most)


def missing_pairs(left: Ints, right: Ints, chance: Floats, records: int, most: int, least: float, limit: int) -> Ints:
    """Pairs (packed, smaller * records + larger) never scored but needed to judge clusters: between and within the
    groups that a cautious clustering makes, where some pair between them is at least ``least`` likely; of at most
    ``limit`` pairs, those scored before among them."""
    cluster = likely_clusters(left, right, chance, records, 0.5, most)
    order = np.argsort(cluster, kind="stable")
    starts = np.searchsorted(cluster[order], np.arange(records))
    ends = np.searchsorted(cluster[order], np.arange(records), side="right")
    likely = chance >= least
    a, b = cluster[left[likely]], cluster[right[likely]]
    packed = np.minimum(a, b) * records + np.maximum(a, b)
    ranked = np.argsort(packed)
    first = np.flatnonzero(np.diff(packed[ranked], prepend=-1))
    between = packed[ranked[first]]
    best = np.maximum.reduceat(chance[likely][ranked], first) if len(first) else np.zeros(0, dtype=np.float32)
    # The likeliest first: where there are too many, the others are left out.
    between = between[np.argsort(-best, kind="stable")]
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
