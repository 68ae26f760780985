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
from onepool.identity.matching.threads import each

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]
#: rows that one thread takes at a time, and rows that walk down a tree together
_ROWS, _BLOCK = 200_000, 256


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
        walk = _Walk.of(self)
        held = np.ascontiguousarray(rows, dtype=np.float32)

        def summed(start: int) -> Doubles:
            part = held[start : start + _ROWS]
            return np.asarray(_sum(part, walk.roots, walk.depths, walk.feature, walk.bound, walk.low, walk.leaf))

        parts = each(summed, range(0, len(held), _ROWS))
        raw = np.concatenate([np.zeros(0), *parts])
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
        inner: list[int] = []
        for node in range(size if ok else 0):
            if forest.feature[node] >= 0:
                # Children come after their parent, so every walk ends.
                children = (forest.left[node], forest.right[node])
                ok = ok and forest.feature[node] < forest.features and all(node < child < size for child in children)
                inner.extend(children)
        # With one parent each, all trees together have no more places than nodes.
        ok = ok and len(set(inner)) == len(inner)
        if not ok:
            raise MatchingError("the trees of this model are damaged")
        return forest


@dataclass(frozen=True)
class _Walk:
    """The trees for a walk without branches: children stand side by side (``low``, and ``low`` + 1 above ``bound``),
    a leaf leads to itself, and every row takes as many steps as the tree is deep."""

    roots: Ints
    depths: Ints
    feature: Ints
    bound: Floats
    low: Ints
    leaf: Doubles

    @staticmethod
    def of(forest: Forest) -> _Walk:
        # As many places as nodes: each tree from its root, level by level.
        order: list[int] = []
        low: list[int] = []
        roots, depths = [], []
        for root in forest.roots:
            roots.append(len(order))
            order.append(root)
            level, depth = [len(order) - 1], -1
            while level:
                depth += 1
                below: list[int] = []
                for at in level:
                    low.append(len(order) if forest.feature[order[at]] >= 0 else at)
                    if forest.feature[order[at]] >= 0:
                        below.extend((len(order), len(order) + 1))
                        order.extend((forest.left[order[at]], forest.right[order[at]]))
                level = below
            depths.append(depth)
        feature = np.array(forest.feature, dtype=np.int32)[order]
        value = np.array(forest.value, dtype=np.float64)[order]
        inner = feature >= 0
        # A float32 is at most the bound exactly when it is at most the largest float32 that is.
        bound = value.astype(np.float32)
        bound = np.where(bound > value, np.nextafter(bound, np.float32(-np.inf)), bound)
        return _Walk(
            np.array(roots, dtype=np.int32),
            np.array(depths, dtype=np.int32),
            np.where(inner, feature, 0).astype(np.int32),
            np.where(inner, bound, np.float32(np.inf)).astype(np.float32),
            np.array(low, dtype=np.int32),
            np.where(inner, 0.0, value),
        )


@numba.njit(cache=True, nogil=True)
def _sum(rows: Floats, roots: Ints, depths: Ints, feature: Ints, bound: Floats, low: Ints, leaf: Doubles) -> Doubles:
    out = np.zeros(len(rows), dtype=np.float64)
    features = rows.shape[1]
    held = rows.ravel()
    at = np.empty(_BLOCK, dtype=np.int32)
    for start in range(0, len(rows), _BLOCK):
        size = min(_BLOCK, len(rows) - start)
        for tree in range(len(roots)):
            at[:size] = roots[tree]
            for _ in range(depths[tree]):
                for i in range(size):
                    node = at[i]
                    at[i] = low[node] + (held[(start + i) * features + feature[node]] > bound[node])
            for i in range(size):
                out[start + i] += leaf[at[i]]
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
