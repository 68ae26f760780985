"""Candidate pairs with what their comparison gave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from onepool.identity.matching.comparing import Comparer, Floats, Levels
from onepool.identity.matching.model import Model
from onepool.identity.matching.prepare import Ints
from onepool.identity.matching.threads import each

_LEAST_TOLD = 0.01
_LITTLE = 0.6
_CHUNK = 500_000


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


def score_packed(model: Model, comparer: Comparer, packed: Ints, size: int, least: float) -> Scored:
    """Score pairs in chunks, side by side, and keep those at or above ``least``."""
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

    def scored(start: int) -> Scored:
        chunk = packed[start : start + _CHUNK]
        left, right = chunk // size, chunk % size
        whole = Scored(left, right, *model.score_chunk(comparer, left, right))
        return whole.only(whole.chance >= least)

    # The first alone: it makes what the others only read.
    parts.extend(scored(start) for start in range(0, len(packed), _CHUNK)[:1])
    parts.extend(each(scored, range(_CHUNK, len(packed), _CHUNK)))
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
