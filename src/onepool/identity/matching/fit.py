"""Fitting a model to records, by itself: weights, blocking rules, boosted model, clusters and report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from onepool.identity.matching.clustering import link, positions
from onepool.identity.matching.comparing import Comparer, Floats, Levels
from onepool.identity.matching.guess import guess_columns
from onepool.identity.matching.learning import freeze, learn_from
from onepool.identity.matching.model import Model, features, pairs_table
from onepool.identity.matching.prepare import Ints, Records, prepare
from onepool.identity.matching.report import full_report
from onepool.identity.matching.settings import MatchingError, Settings
from onepool.identity.matching.training import Labels, missing_pairs, self_train, worthwhile

Links = Literal["dedupe"] | tuple[Literal["link"], str, str] | None
#: pairs below are not worth keeping: they count 0 in clusters
_LEAST_KEPT = 0.002
_LEAST_TOLD = 0.01
_LITTLE = 0.6
_CHUNK = 1_000_000


@dataclass(frozen=True)
class Fit:
    """``pairs``: left, right, probability, match_weight, level and weight of each comparison, for pairs at or above
    a small probability. ``clusters``: record_id, cluster. ``report``: as in the model."""

    model: Model
    pairs: pa.Table
    clusters: pa.Table
    report: Mapping[str, Any]


@dataclass(frozen=True)
class Scored:
    """Pairs of record positions (left < right) with levels, weights and probability."""

    left: Ints
    right: Ints
    levels: Levels
    weights: Floats
    chance: Floats

    def only(self, kept: npt.NDArray[np.bool_]) -> Scored:
        """The pairs kept."""
        return Scored(self.left[kept], self.right[kept], self.levels[kept], self.weights[kept], self.chance[kept])

    def plus(self, other: Scored) -> Scored:
        """Both sets of pairs."""
        return Scored(
            np.concatenate([self.left, other.left]),
            np.concatenate([self.right, other.right]),
            np.concatenate([self.levels, other.levels]),
            np.concatenate([self.weights, other.weights]),
            np.concatenate([self.chance, other.chance]),
        )


def fit(
    records: pa.Table,
    columns: Mapping[str, str] | None = None,
    links: Links = None,
    labels: pa.Table | None = None,
    settings: Settings | None = None,
) -> Fit:
    """Learn a model from records and score and cluster them with it.

    ``columns``: column -> kind; those left out (or None: all) are guessed. ``links``: "dedupe" (default), or
    ("link", LEFT, RIGHT): the column ``source`` tells which of two sets a record is of; each set holds a person once
    and only pairs across are made. ``labels``: left, right, match (bool) of record ids. Raises MatchingError for
    records that can't be matched.
    """
    settings = settings or Settings()
    kinds = {**guess_columns(records), **(columns or {})}
    side = None
    if links is not None and links != "dedupe":
        kinds["source"] = "ignore"
        side = _side(records, links[1], links[2])
    prepared = prepare(records, kinds)
    if len(prepared) < 2:
        raise MatchingError("fewer than two records: nothing to match")
    if side is not None:
        side = side[prepared.rows]
    judged = None if labels is None else read_labels(prepared, labels)
    learned, rules, packed, recall = learn_from(prepared, side, settings)
    told_kinds = {name: kind for name, kind in kinds.items() if kind != "ignore"}
    model = replace(freeze(learned, prepared, rules, settings), columns=told_kinds)
    most = 2 if side is not None else settings.max_cluster
    comparer = Comparer(prepared, learned.specs)
    size = len(prepared)
    scored = score_packed(model, comparer, packed, size, _LEAST_KEPT)
    enough = judged is not None and (
        judged.persons() >= settings.labels_for_boosting or int(judged.match.sum()) >= 5 * settings.labels_for_boosting
    )
    if settings.boost and (enough or worthwhile(scored.chance)):
        forest, chance = self_train(
            features(scored.weights, model.dependences), scored.chance, scored.left, scored.right, size, most, settings,
            judged if enough else None,
        )  # fmt: skip
        model = replace(model, forest=forest)
        scored = replace(scored, chance=chance)
    if side is None:
        missing = missing_pairs(
            scored.left, scored.right, scored.chance, size, most, 0.3, min(settings.pair_budget // 2, 20 * size)
        )
        scored = scored.plus(score_packed(model, comparer, missing, size, 0.0))
    report = full_report(
        model, prepared, scored.left, scored.right, scored.levels, scored.weights, scored.chance, recall, len(packed)
    )
    model = replace(model, report=report)
    found = _link(scored, model, size, model.cluster, most, judged)
    told = scored.only(telling(scored, model))
    table = pairs_table(model, prepared, told.left, told.right, told.levels, told.weights, told.chance)
    clusters = pa.table({"record_id": prepared.ids, "cluster": prepared.ids.take(pa.array(found))})
    return Fit(model, table, clusters, model.report)


def _side(records: pa.Table, left: str, right: str) -> npt.NDArray[np.bool_]:
    if "source" not in records.column_names:
        raise MatchingError("to link two sets the records need a column source", hint='links=("link", "a", "b")')
    sources = records.column("source").to_pylist()
    if not set(sources) <= {left, right}:
        raise MatchingError(f"the column source holds other values than {left} and {right}")
    return np.array([value == right for value in sources], dtype=bool)


def read_labels(records: Records, labels: pa.Table) -> Labels:
    """Labels by position; MatchingError for a record that is not there."""
    a, b = positions(records.ids, labels.column("left")), positions(records.ids, labels.column("right"))
    match = np.asarray(labels.column("match").to_numpy(), dtype=bool)
    return Labels(np.minimum(a, b), np.maximum(a, b), match)


def score_packed(model: Model, comparer: Comparer, packed: Ints, size: int, least: float) -> Scored:
    """Score pairs in chunks and keep those at or above ``least``."""
    count = len(model.comparisons)
    empty = np.empty(0, dtype=np.int64)
    parts = [
        Scored(
            empty,
            empty,
            np.empty((0, count), dtype=np.int8),
            np.empty((0, count), dtype=np.float32),
            np.empty(0, dtype=np.float32),
        )
    ]
    for start in range(0, len(packed), _CHUNK):
        chunk = packed[start : start + _CHUNK]
        left, right = chunk // size, chunk % size
        whole = Scored(left, right, *model.score_chunk(comparer, left, right))
        parts.append(whole.only(whole.chance >= least))
    return Scored(
        np.concatenate([part.left for part in parts]),
        np.concatenate([part.right for part in parts]),
        np.concatenate([part.levels for part in parts]),
        np.concatenate([part.weights for part in parts]),
        np.concatenate([part.chance for part in parts]),
    )


def telling(scored: Scored, model: Model) -> npt.NDArray[np.bool_]:
    """Pairs that matter to clusters: likely ones, and those with so little to compare that they count less."""
    return (scored.chance >= _LEAST_TOLD) | (model.evidence(scored.levels) < _LITTLE)


def _link(scored: Scored, model: Model, size: int, threshold: float, most: int, judged: Labels | None) -> Ints:
    """Clusters; what people said counts as certain."""
    kept = telling(scored, model)
    left, right, chance = scored.left[kept], scored.right[kept], scored.chance[kept]
    evidence = model.evidence(scored.levels[kept])
    never = None
    if judged is not None:
        never = judged.left[~judged.match], judged.right[~judged.match]
        left = np.concatenate([left, judged.left[judged.match]])
        right = np.concatenate([right, judged.right[judged.match]])
        sure = np.ones(int(judged.match.sum()), dtype=np.float32)
        chance, evidence = np.concatenate([chance, sure]), np.concatenate([evidence, sure])
    return link(left, right, chance, size, threshold, most=most, never=never, evidence=evidence)
