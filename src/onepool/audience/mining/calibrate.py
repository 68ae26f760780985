"""From scores to probabilities, learned from customers that the model was not trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit  # type: ignore[import-untyped]

F64 = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

ENOUGH = 500
"""Positives and negatives from which on the curve may take any rising form (isotonic); else it is logistic (Platt)."""


@dataclass(frozen=True)
class Calibration:
    """Points of a rising curve from log-odds to probability, straight in between; or `slope` and `shift` of a logistic
    one."""

    method: str
    scores: F64
    probabilities: F64

    def __call__(self, score: F64) -> F64:
        """The probability of each score."""
        if self.method == "platt":
            return np.asarray(expit(self.scores[0] * score + self.scores[1]))
        return np.interp(score, self.scores, self.probabilities)


def calibrate(score: F64, positive: Bools) -> Calibration:
    """Platt (1999), with his shift of the targets that keeps probabilities from 0 and 1; or isotonic (Zadrozny, Elkan
    2002), smoothed in the same way at both ends."""
    ups, downs = float(positive.sum()), float((~positive).sum())
    if min(ups, downs) >= ENOUGH:
        from sklearn.isotonic import isotonic_regression

        order = np.argsort(score, kind="stable")
        levels, place, counts = np.unique(score[order], return_inverse=True, return_counts=True)
        rates = np.bincount(place, positive[order].astype(np.float64)) / counts
        curve = np.asarray(isotonic_regression(rates, sample_weight=counts.astype(np.float64)))
        curve = np.clip(curve, 1 / (downs + 2), 1 - 1 / (ups + 2))
        # Inner points of flat parts say nothing.
        bend = np.ones(levels.size, dtype=bool)
        bend[1:-1] = (curve[1:-1] != curve[:-2]) | (curve[1:-1] != curve[2:])
        return Calibration("isotonic", levels[bend], curve[bend])
    target = np.where(positive, (ups + 1) / (ups + 2), 1 / (downs + 2))
    slope, shift = _logistic(score, target)
    return Calibration("platt", np.array([slope, shift]), np.zeros(0))


def _logistic(score: F64, target: F64) -> tuple[float, float]:
    """Maximum likelihood by Newton's method; a slope below 0 would turn the order round and is held at 0."""
    slope, shift = 1.0, 0.0
    for _ in range(50):
        chance = expit(slope * score + shift)
        rest, weight = target - chance, chance * (1 - chance) + 1e-9
        gradient = np.array([np.dot(rest, score), rest.sum()])
        mixed = np.dot(weight, score)
        matrix = np.array([[np.dot(weight, score * score) + 1e-6, mixed], [mixed, weight.sum() + 1e-6]])
        step = np.clip(np.linalg.solve(matrix, gradient), -2, 2)
        slope, shift = slope + float(step[0]), shift + float(step[1])
        if np.abs(step).max() < 1e-10:
            break
    if slope <= 0:
        mean = float(np.clip(target.mean(), 1e-6, 1 - 1e-6))
        return 0.0, float(np.log(mean / (1 - mean)))
    return slope, shift
