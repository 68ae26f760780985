"""Fitting a model to records, by itself: weights, blocking rules, boosted model, clusters and report."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from onepool.identity.matching.boosting import boost, grown
from onepool.identity.matching.clustering import link, positions
from onepool.identity.matching.comparing import Comparer, Floats
from onepool.identity.matching.contradictions import CUSTOMERS_CAUTION, contradicted, of_customers
from onepool.identity.matching.guess import guess_columns
from onepool.identity.matching.learning import freeze, learn_from
from onepool.identity.matching.model import Model, pairs_table
from onepool.identity.matching.prepare import Ints, Records, prepare
from onepool.identity.matching.report import full_report
from onepool.identity.matching.scored import Scored, score_packed, telling
from onepool.identity.matching.settings import MatchingError, Settings
from onepool.identity.matching.training import Labels, worthwhile

Links = Literal["dedupe"] | tuple[Literal["link"], str, str] | None
#: pairs below are not worth keeping: they count 0 in clusters
_LEAST_KEPT = 0.002
_LEAST_BELIEF = 0.01


@dataclass(frozen=True)
class Fit:
    """``pairs``: left, right, probability, match_weight, level and weight of each comparison, for pairs at or above
    a small probability. ``clusters``: record_id, cluster. ``report``: as in the model."""

    model: Model
    pairs: pa.Table
    clusters: pa.Table
    report: Mapping[str, Any]


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
    second = None
    if settings.boost and (enough or worthwhile(scored.chance)):
        boosted = boost(model, comparer, scored, most, settings, judged if enough else None, side is None)
        model, scored, second = boosted.model, boosted.scored, boosted.second
    elif side is None:
        scored = grown(model, comparer, scored, size, most, 0.3, settings)
    caution = settings.caution
    if caution is None:
        caution = CUSTOMERS_CAUTION if of_customers(learned.specs) else 0.0
    # What is told of the pairs is put together while the clusters are made.
    with ThreadPoolExecutor(1) as beside:
        told = beside.submit(_told, model, prepared, scored, recall, len(packed))
        belief = None if second is None else second()
        found = _link(scored, belief, model, size, most, judged, caution)
        report, table = told.result()
    model = replace(model, report=report)
    clusters = pa.table({"record_id": prepared.ids, "cluster": prepared.ids.take(pa.array(found))})
    return Fit(model, table, clusters, model.report)


def _told(
    model: Model, prepared: Records, scored: Scored, recall: float, candidates: int
) -> tuple[Mapping[str, Any], pa.Table]:
    """The report on all pairs, and the table of those that tell something."""
    report = full_report(
        model, prepared, scored.left, scored.right, scored.levels, scored.weights, scored.chance, recall, candidates
    )
    told = scored.only(telling(scored, model))
    return report, pairs_table(model, prepared, told.left, told.right, told.levels, told.weights, told.chance)


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


def _link(
    scored: Scored, belief: Floats | None, model: Model, size: int, most: int, judged: Labels | None, caution: float
) -> Ints:
    """Clusters; what people said counts as certain, and what can't be of one person is never together. ``belief``:
    probabilities that know the neighbours of each pair, where there are such; else pairs with little to compare weigh
    little."""
    if belief is None:
        kept = telling(scored, model)
        chance, evidence = scored.chance[kept], model.evidence(scored.levels[kept])
    else:
        kept = belief >= _LEAST_BELIEF
        chance = belief[kept]
        evidence = np.ones(len(chance), dtype=np.float32)
    left, right = scored.left[kept], scored.right[kept]
    against = contradicted([comparison.spec for comparison in model.comparisons], scored.levels)
    never = scored.left[against], scored.right[against]
    if judged is not None:
        said = np.isin(never[0] * size + never[1], judged.left[judged.match] * size + judged.right[judged.match])
        never = never[0][~said], never[1][~said]
        never = (
            np.concatenate([never[0], judged.left[~judged.match]]),
            np.concatenate([never[1], judged.right[~judged.match]]),
        )
        left = np.concatenate([left, judged.left[judged.match]])
        right = np.concatenate([right, judged.right[judged.match]])
        sure = np.ones(int(judged.match.sum()), dtype=np.float32)
        chance, evidence = np.concatenate([chance, sure]), np.concatenate([evidence, sure])
    return link(left, right, chance, size, model.cluster, most=most, caution=caution, never=never, evidence=evidence)
