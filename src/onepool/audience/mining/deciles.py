"""Predictions against what came, in tenths."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from onepool.audience.mining.card import CalibrationBin, LiftBin

F64 = npt.NDArray[np.float64]


def calibration_bins(predicted: F64, observed: F64, bins: int = 10) -> list[CalibrationBin]:
    """Customers with similar predictions together, the lowest first; equal predictions are never torn apart."""
    if not predicted.size:
        return []
    order = np.argsort(predicted, kind="stable")
    edges = np.unique(np.quantile(predicted[order], np.linspace(0, 1, bins + 1)[1:-1]))
    place = np.searchsorted(edges, predicted, side="right")
    found = []
    for number in np.unique(place):
        here = place == number
        found.append(
            CalibrationBin(
                predicted=float(predicted[here].mean()),
                observed=float(observed[here].mean()),
                customers=int(here.sum()),
            )
        )
    return found


def lift_bins(predicted: F64, observed: F64) -> list[LiftBin]:
    """Tenths of the customers, the highest predictions first. Of equal predictions each gets the average."""
    size, total = predicted.size, float(observed.sum())
    if size < 10 or total <= 0:
        return []
    # So that the order among equal predictions does not matter.
    levels, place, counts = np.unique(predicted, return_inverse=True, return_counts=True)
    fair = (np.bincount(place, observed, levels.size) / counts)[place]
    ordered = fair[np.argsort(-predicted, kind="stable")]
    edges = np.rint(np.linspace(0, size, 11)).astype(int)
    mean = total / size
    found, captured = [], 0.0
    for decile, (start, end) in enumerate(pairwise(edges.tolist()), 1):
        positives = float(ordered[start:end].sum())
        captured += positives
        rate = positives / (end - start)
        found.append(
            LiftBin(
                decile=decile,
                customers=end - start,
                positives=positives,
                rate=rate,
                lift=rate / mean,
                captured=captured / total,
            )
        )
    return found


def auc(score: F64, positive: npt.NDArray[np.bool_]) -> float:
    """Area under the ROC curve: how often a positive scores above a negative (equal scores count half).

    >>> auc(np.array([0.1, 0.4, 0.4, 0.9]), np.array([False, False, True, True]))
    0.875
    """
    ups = int(positive.sum())
    downs = positive.size - ups
    if ups == 0 or downs == 0:
        return 0.5
    _, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    return float((ranks[place][positive].sum() - ups * (ups + 1) / 2) / (ups * downs))
