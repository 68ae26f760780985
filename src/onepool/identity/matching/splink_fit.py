"""Splink on a file as `fit` does it: what it finds is clustered by OnePool, and told in the same report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from onepool.identity.matching.clustering import cluster, positions
from onepool.identity.matching.fit import Links
from onepool.identity.matching.guess import guess_columns
from onepool.identity.matching.prepare import Records, prepare
from onepool.identity.matching.report import near_threshold, threshold_report, weight_histogram
from onepool.identity.matching.settings import MatchingError, Settings
from onepool.identity.matching.splink_engine import SplinkModel

_LEAST = 0.01


@dataclass(frozen=True)
class SplinkFit:
    """As ``Fit``: ``pairs`` (left, right, probability, match_weight, level and weight of each comparison), ``clusters``
    (record_id, cluster), ``report``."""

    model: SplinkModel
    pairs: pa.Table
    clusters: pa.Table
    report: Mapping[str, Any]


def fit_splink(
    records: pa.Table,
    columns: Mapping[str, str] | None = None,
    links: Links = None,
    settings: Settings | None = None,
    *,
    threads: int | None = None,
) -> SplinkFit:
    """Let Splink learn from records without labels, score their pairs, and cluster these by average linkage.

    As ``fit``; what Splink joins by closure is not taken. Raises SplinkMissing where Splink is not installed, and
    MatchingError for records that can't be matched.
    """
    settings = settings or Settings()
    kinds = {**guess_columns(records), **(columns or {})}
    if links is not None and links != "dedupe":
        kinds["source"] = "ignore"
    model = SplinkModel.fit(records, kinds, settings, threads=threads)
    found = model.predict(records, _LEAST).select(["left", "right"])
    if links is not None and links != "dedupe":
        found = _across(records, found)
    pairs = model.score(records, found) if found.num_rows else None
    if pairs is None:
        raise MatchingError("Splink found no two records that may be one person", hint="use OnePool's own engine")
    most = settings.max_cluster if links is None or links == "dedupe" else 2
    clusters = cluster(pairs, records.column("record_id"), settings.cluster, max_size=most)
    prepared = prepare(records, kinds)
    return SplinkFit(model, pairs, clusters, _report(model, prepared, pairs, settings))


def _across(records: pa.Table, pairs: pa.Table) -> pa.Table:
    """Those pairs whose records are of two sources."""
    ids, source = records.column("record_id").combine_chunks(), records.column("source").combine_chunks()
    left, right = (source.take(pc.index_in(pairs.column(side), value_set=ids)) for side in ("left", "right"))
    return pairs.filter(pc.not_equal(left, right))


def _report(model: SplinkModel, records: Records, pairs: pa.Table, settings: Settings) -> dict[str, Any]:
    """What people see of it, in the form of ``full_report``. What blocking misses Splink does not estimate."""
    chance = pairs.column("probability").to_numpy().astype(np.float32)
    left, right = (positions(records.ids, pairs.column(side)) for side in ("left", "right"))
    lines = {"join": settings.join, "review": settings.review}
    return {
        "engine": "splink",
        "records": len(records),
        "pairs": pairs.num_rows,
        "pairs_kept": pairs.num_rows,
        "expected_matches": round(float(chance.astype(np.float64).sum()), 1),
        "comparisons": _comparisons(model, pairs, chance),
        "rules": [{"rule": model.said(rule), "pairs": count, "recall": None} for rule, count in model.blocking],
        "thresholds": threshold_report(chance, 1.0),
        "weights": weight_histogram(pairs.column("match_weight").to_numpy(), chance),
        "near": {name: near_threshold(records, left, right, chance, line) for name, line in lines.items()},
    }


def _comparisons(model: SplinkModel, pairs: pa.Table, chance: np.ndarray[Any, np.dtype[np.float32]]) -> list[Any]:
    out = []
    for name, levels in model.comparisons().items():
        level = pairs.column(f"level:{name}").to_numpy().astype(np.int64)
        known = level >= 0
        count = np.bincount(level[known], minlength=len(levels))
        matches = np.bincount(level[known], weights=chance[known].astype(np.float64), minlength=len(levels))
        told = []
        for number, each in enumerate(levels):
            m, u = float(each.get("m_probability") or 0.0), float(each.get("u_probability") or 0.0)
            told.append(
                {
                    "name": each["label_for_charts"],
                    "m": round(m, 8),
                    "u": round(u, 8),
                    "weight": round(float(np.log2(max(m, 1e-9) / max(u, 1e-9))), 3),
                    "pairs": int(count[number]),
                    "matches": round(float(matches[number]), 1),
                }
            )
        out.append({"name": name, "kind": model.columns[name], "missing": int((~known).sum()), "levels": told})
    return out
