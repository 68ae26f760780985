"""A boosted pair model: trained by LightGBM, kept as plain numbers, evaluated by our own compiled loop.

Monotone constraints on every feature keep the promise that more agreement never lowers the probability.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from onepool.identity.matching.settings import MatchingError

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Forest:
    """Trees in one list of nodes: ``feature`` (-1: leaf), ``value`` (threshold: go left when at most; or the leaf's
    sum in log-odds), ``left`` and ``right`` node numbers; ``roots``. ``slope`` and ``shift`` calibrate the sum."""

    features: int
    roots: tuple[int, ...]
    feature: tuple[int, ...]
    value: tuple[float, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    slope: float = 1.0
    shift: float = 0.0

    def log_odds(self, rows: Floats) -> Floats:
        """Calibrated log-odds of each row of features."""
        if rows.shape[1] != self.features:
            raise MatchingError(f"the boosted model reads {self.features} features, not {rows.shape[1]}")
        raw = _sum(
            np.ascontiguousarray(rows, dtype=np.float32),
            np.array(self.roots, dtype=np.int32),
            np.array(self.feature, dtype=np.int32),
            np.array(self.value, dtype=np.float64),
            np.array(self.left, dtype=np.int32),
            np.array(self.right, dtype=np.int32),
        )
        return np.asarray(raw * self.slope + self.shift, dtype=np.float32)

    def probability(self, rows: Floats) -> Floats:
        """Probability of a match of each row of features."""
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(self.log_odds(rows), -40.0, 40.0))), dtype=np.float32)

    @staticmethod
    def from_plain(plain: Mapping[str, Any]) -> Forest:
        """From JSON; MatchingError when the trees don't hang together (a loop, a node out of range)."""
        forest = Forest(
            int(plain["features"]),
            tuple(int(x) for x in plain["roots"]),
            tuple(int(x) for x in plain["feature"]),
            tuple(float(x) for x in plain["value"]),
            tuple(int(x) for x in plain["left"]),
            tuple(int(x) for x in plain["right"]),
            float(plain["slope"]),
            float(plain["shift"]),
        )
        size = len(forest.feature)
        ok = len(forest.value) == len(forest.left) == len(forest.right) == size
        ok = ok and all(0 <= root < size for root in forest.roots)
        for node in range(size if ok else 0):
            if forest.feature[node] >= 0:
                # Children come after their parent, so every walk ends.
                children = (forest.left[node], forest.right[node])
                ok = ok and forest.feature[node] < forest.features and all(node < child < size for child in children)
        if not ok:
            raise MatchingError("the trees of this model are damaged")
        return forest


@numba.njit(cache=True, nogil=True, parallel=False)
def _sum(rows: Floats, roots: Ints, feature: Ints, value: Doubles, left: Ints, right: Ints) -> Doubles:
    out = np.zeros(len(rows), dtype=np.float64)
    for row in range(len(rows)):
        total = 0.0
        for root in roots:
            node = root
            while feature[node] >= 0:
                node = left[node] if rows[row, feature[node]] <= value[node] else right[node]
            total += value[node]
        out[row] = total
    return out


def train(
    rows: Floats,
    match: npt.NDArray[np.floating],
    weight: npt.NDArray[np.floating] | None,
    *,
    trees: int,
    leaves: int,
    seed: int,
    least: int = 50,
    rate: float = 0.1,
) -> Forest:
    """Learn ``match`` (0..1: soft labels are taken as weights of both classes) from features that all rise with it."""
    features = rows.shape[1]
    weights = np.ones(len(rows)) if weight is None else np.asarray(weight, dtype=np.float64)
    import lightgbm  # only who learns waits for it

    data = lightgbm.Dataset(rows, label=np.asarray(match, dtype=np.float64), weight=weights, free_raw_data=False)
    parameters = {
        "objective": "cross_entropy",
        "num_leaves": leaves,
        "learning_rate": rate,
        "min_data_in_leaf": least,
        "lambda_l2": 1.0,
        "monotone_constraints": [1] * features,
        "monotone_constraints_method": "basic",
        "deterministic": True,
        "force_row_wise": True,
        "seed": seed,
        "verbosity": -1,
        "num_threads": 1,
        "max_bin": 63,
    }
    booster = lightgbm.train(parameters, data, num_boost_round=trees)
    feature: list[int] = []
    value: list[float] = []
    left: list[int] = []
    right: list[int] = []
    roots: list[int] = []

    def add(node: Mapping[str, Any]) -> int:
        at = len(feature)
        feature.append(-1)
        value.append(0.0)
        left.append(-1)
        right.append(-1)
        if "leaf_value" in node and "split_feature" not in node:
            value[at] = float(node["leaf_value"])
            return at
        feature[at], value[at] = int(node["split_feature"]), float(node["threshold"])
        left[at] = add(node["left_child"])
        right[at] = add(node["right_child"])
        return at

    for tree in booster.dump_model()["tree_info"]:
        roots.append(add(tree["tree_structure"]))
    return Forest(features, tuple(roots), tuple(feature), tuple(value), tuple(left), tuple(right))
