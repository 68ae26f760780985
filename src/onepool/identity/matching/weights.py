"""Fellegi-Sunter weights: EM over agreement patterns, ordered levels, frequency adjustment.

Sources: Fellegi and Sunter, "A Theory for Record Linkage" (1969); Winkler, "Using the EM algorithm for weight
computation" (1988) and "Frequency-based matching" (1989).
"""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np
import numpy.typing as npt

from onepool.identity.matching.comparing import Floats, Levels
from onepool.identity.matching.dependence import Dependence, total_weight

Doubles = npt.NDArray[np.float64]
#: no level is held for more (or less) likely than this by any amount of data
_LEAST = 1e-7
#: bits of the strongest weight for or against of one comparison
MOST_BITS = 24.0


def patterns(levels: Levels) -> tuple[Levels, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Distinct rows of levels, how often each occurs, and the pattern of each row."""
    random = np.random.default_rng(0).integers(1, 2**62, size=(levels.shape[1], 64), dtype=np.int64)
    packed = np.zeros(len(levels), dtype=np.int64)
    for column in range(levels.shape[1]):
        packed ^= random[column][levels[:, column] + 1]
    _, first, which, counts = np.unique(packed, return_index=True, return_inverse=True, return_counts=True)
    return levels[first], counts, which


def level_counts(levels: Levels, column: int, size: int, weight: Doubles) -> Doubles:
    """Weighted count of each level of one comparison; missing pairs don't count."""
    known = levels[:, column] >= 0
    counts = np.bincount(levels[known, column].astype(np.int64), weights=weight[known], minlength=size)
    return counts.astype(np.float64)


def shares(counts: Doubles, prior: Doubles, strength: float) -> Doubles:
    """Counts as shares that sum to 1, smoothed by ``strength`` imagined pairs spread as ``prior``."""
    total = counts.sum() + strength
    share = (counts + prior * strength) / total
    share = np.maximum(share, _LEAST)
    return np.asarray(share / share.sum())


def first_guess(size: int) -> Doubles:
    """Share of the levels among matches before any data: mostly the same, some different, little between."""
    guess = np.full(size, 0.2 / max(1, size - 1))
    guess[0] = 0.75
    guess[-1] += 0.05
    return np.asarray(guess / guess.sum())


def raw_weights(m: Doubles, u: Doubles) -> Doubles:
    """log2(m/u) by level, pooled so that a better level never weighs less (isotonic regression, weights by m + u),
    with the best level at or above 0: agreement never speaks against."""
    value = np.log2(m / u)
    mass = m + u
    blocks: list[list[float]] = []
    for v, w in zip(value, mass, strict=True):
        blocks.append([float(v), float(w), 1.0])
        while len(blocks) > 1 and blocks[-2][0] < blocks[-1][0]:
            b, a = blocks.pop(), blocks.pop()
            blocks.append([(a[0] * a[1] + b[0] * b[1]) / (a[1] + b[1]), a[1] + b[1], a[2] + b[2]])
    pooled = np.concatenate([np.full(int(count), v) for v, _, count in blocks])
    pooled[0] = max(pooled[0], 0.0)
    return np.asarray(np.clip(pooled, -MOST_BITS, MOST_BITS))


def plain_weights(levels: Levels, tables: Sequence[Doubles], leave_out: frozenset[int] = frozenset()) -> Floats:
    """Weight by level of each comparison of each pair (missing or left out: 0)."""
    out = np.zeros(levels.shape, dtype=np.float32)
    for column, table in enumerate(tables):
        if column not in leave_out:
            out[:, column] = np.append(table, 0.0)[levels[:, column]]
    return out


def adjusted_weights(
    levels: Levels, shared: Floats, tables: Sequence[Doubles], references: Sequence[Doubles]
) -> Floats:
    """Weight of each comparison of each pair: that of its level, moved by log2(reference / frequency) where what
    both share has a frequency. The move ends half-way to the weights of the neighbouring levels, so the order of
    levels holds for every pair; and it never makes agreement on the best level speak against."""
    out = np.empty(levels.shape, dtype=np.float32)
    for column, (table, reference) in enumerate(zip(tables, references, strict=True)):
        middle = (table[:-1] + table[1:]) / 2
        lowest = np.append(middle, -MOST_BITS)
        highest = np.insert(middle, 0, MOST_BITS)
        lowest[0] = max(lowest[0], 0.0)
        _adjust(levels[:, column], shared[:, column], table, reference, lowest, highest, out[:, column])
    return out


@numba.njit(cache=True, nogil=True)
def _adjust(
    level: npt.NDArray[np.int8],
    shared: Floats,
    table: Doubles,
    reference: Doubles,
    lowest: Doubles,
    highest: Doubles,
    out: Floats,
) -> None:
    for i in range(len(level)):
        at = level[i]
        if at < 0:
            out[i] = 0.0
        elif np.isnan(shared[i]):
            out[i] = table[at]
        else:
            moved = table[at] + np.log2(reference[at] / max(np.float64(shared[i]), _LEAST))
            out[i] = min(max(moved, lowest[at]), highest[at])


def probability(weight: npt.NDArray[np.floating], prior: float) -> Doubles:
    """Probability of a match from the total weight (bits) and the probability that two records match at all."""
    bits = np.clip(np.asarray(weight, dtype=np.float64) + np.log2(prior / (1.0 - prior)), -60.0, 60.0)
    return np.asarray(1.0 / (1.0 + np.exp2(-bits)))


def expect(
    levels: Levels,
    counts: npt.NDArray[np.int64],
    m: list[Doubles],
    u: list[Doubles],
    prior: float,
    *,
    leave_out: frozenset[int],
    rounds: int,
    dependences: Sequence[Dependence] = (),
) -> tuple[list[Doubles], float]:
    """EM with ``u`` fixed: returns the m of each comparison (those left out unchanged) and the share of matches."""
    count = counts.astype(np.float64)
    for _ in range(rounds):
        tables = [raw_weights(a, b) for a, b in zip(m, u, strict=True)]
        match = probability(total_weight(plain_weights(levels, tables, leave_out), dependences), prior) * count
        new = [
            table
            if column in leave_out
            else shares(level_counts(levels, column, len(table), match), first_guess(len(table)), 10.0)
            for column, table in enumerate(m)
        ]
        moved = max((float(np.abs(a - b).max()) for a, b in zip(m, new, strict=True)), default=0.0)
        m, prior = new, float(np.clip(match.sum() / count.sum(), 1e-9, 1 - 1e-6))
        if moved < 1e-4:
            break
    return m, prior
