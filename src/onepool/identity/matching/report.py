"""What people see of a fitted model: counts by level, rules, threshold chart, pairs near the thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from onepool.identity.matching.comparing import Floats, Levels
from onepool.identity.matching.dependence import total_weight
from onepool.identity.matching.model import Model
from onepool.identity.matching.prepare import Ints, Records

_THRESHOLDS = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
_NEAR = 20


def level_report(model: Model, levels: Levels, chance: Floats) -> list[dict[str, Any]]:
    """Per comparison: its levels with m, u, weight, candidate pairs and expected matches; and how often missing."""
    out = []
    for number, comparison in enumerate(model.comparisons):
        column = levels[:, number]
        known = column >= 0
        size = len(comparison.weights)
        pairs = np.bincount(column[known].astype(np.int64), minlength=size)
        matches = np.bincount(column[known].astype(np.int64), weights=chance[known].astype(np.float64), minlength=size)
        out.append(
            {
                "name": comparison.spec.name,
                "kind": comparison.spec.kind,
                "missing": int((~known).sum()),
                "levels": [
                    {
                        "name": name,
                        "m": round(m, 8),
                        "u": round(u, 8),
                        "weight": round(weight, 3),
                        "pairs": int(count),
                        "matches": round(float(expected), 1),
                    }
                    for name, m, u, weight, count, expected in zip(
                        comparison.spec.levels,
                        comparison.m,
                        comparison.u,
                        comparison.weights,
                        pairs,
                        matches,
                        strict=True,
                    )
                ],
            }
        )
    return out


def threshold_report(chance: Floats, recall: float) -> list[dict[str, float]]:
    """Per threshold: candidate pairs at or above, and the precision and recall of pairs that the probabilities
    themselves promise (recall counts what blocking is expected to miss)."""
    ordered = np.sort(chance.astype(np.float64))[::-1]
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    everything = max(float(sums[-1]), 1e-9)
    out = []
    for threshold in _THRESHOLDS:
        above = int(np.searchsorted(-ordered, -threshold, side="right"))
        out.append(
            {
                "threshold": threshold,
                "pairs": above,
                "precision": round(float(sums[above]) / above, 5) if above else 1.0,
                "recall": round(float(sums[above]) / everything * recall, 5),
            }
        )
    return out


def weight_histogram(weight: npt.NDArray[np.floating], chance: Floats) -> list[dict[str, float]]:
    """Candidate pairs and expected matches per bit of match weight."""
    bins = np.clip(np.floor(weight), -40, 60).astype(np.int64) + 40
    pairs = np.bincount(bins, minlength=101)
    matches = np.bincount(bins, weights=chance.astype(np.float64), minlength=101)
    return [
        {"bits": int(bit) - 40, "pairs": int(pairs[bit]), "matches": round(float(matches[bit]), 1)}
        for bit in np.flatnonzero(pairs)
    ]


def near_threshold(records: Records, left: Ints, right: Ints, chance: Floats, threshold: float) -> list[dict[str, Any]]:
    """The pairs nearest to a threshold: record ids and probability."""
    away = np.abs(chance - threshold)
    farthest = np.partition(away, _NEAR)[_NEAR] if len(away) > _NEAR else np.inf
    near = np.flatnonzero(away <= farthest)
    nearest = near[np.argsort(away[near], kind="stable")[:_NEAR]]
    ids_left = records.ids.take(pa.array(left[nearest])).to_pylist()
    ids_right = records.ids.take(pa.array(right[nearest])).to_pylist()
    return [
        {"left": a, "right": b, "probability": round(float(chance[at]), 5)}
        for a, b, at in zip(ids_left, ids_right, nearest, strict=True)
    ]


def full_report(
    model: Model,
    records: Records,
    left: Ints,
    right: Ints,
    levels: Levels,
    weights: Floats,
    chance: Floats,
    recall: float,
    candidates: int,
) -> Mapping[str, Any]:
    """The report kept in the model (plain JSON)."""
    prior_bits = float(np.log2(model.prior / (1 - model.prior)))
    return {
        "records": len(records),
        "pairs": candidates,
        "pairs_kept": len(left),
        "expected_matches": round(float(chance.astype(np.float64).sum()), 1),
        "blocking_recall": round(recall, 4),
        "comparisons": level_report(model, levels, chance),
        "dependences": [
            {
                "one": model.comparisons[one].spec.name,
                "other": model.comparisons[other].spec.name,
                "bits": bits,
            }
            for one, other, bits in model.dependences
        ],
        "rules": [
            {"rule": str(rule.rule), "pairs": rule.pairs, "recall": round(rule.recall, 4)} for rule in model.rules
        ],
        "thresholds": threshold_report(chance, recall),
        "weights": weight_histogram(total_weight(weights, model.dependences) + prior_bits, chance),
        "near": {
            "join": near_threshold(records, left, right, chance, model.join),
            "review": near_threshold(records, left, right, chance, model.review),
        },
    }
