"""What the records around a pair say about it.

Two records with little to compare (gaps) may still both agree with a third; what one lacks, those who are likely the
same person fill in. For each pair (a, b) the features say how many likely mates a and b have in common, whether one of
them has a likelier mate elsewhere, and how b compares, column by column, with the likely mates of a, and a with those
of b. The probabilities of the first look stand for "likely mate". All features rise with the belief in a match.

Related: collective record linkage (Bhattacharya and Getoor, 2007), which also lets neighbours speak.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from onepool.identity.matching.comparing import Floats
from onepool.identity.matching.prepare import Ints

Small = npt.NDArray[np.int32]
Doubles = npt.NDArray[np.float64]
#: probability from which a record counts as a likely mate whose columns are looked at
_MATE = 0.2
#: probability from which a pair counts as one of its records' pairs at all
_HEARD = 0.01
#: imagined mass that keeps shares of few neighbours, and means over few mates, small
_SOME, _LITTLE = 0.5, 0.2
_GENERAL = 8


@dataclass(frozen=True)
class Around:
    """Pairs by record: those of record r are at ``start[r]`` to ``start[r + 1]``, ordered by the ``other`` record;
    ``pair`` is the number of the pair. Pairs near impossible are left out: they are most, and say next to nothing."""

    start: Ints
    other: Small
    pair: Small


def around(left: Ints, right: Ints, chance: Floats, records: int) -> Around:
    """The pairs of each record, of those with a probability of at least ``_HEARD``."""
    heard = np.flatnonzero(chance >= _HEARD).astype(np.int32)
    left, right = left[heard], right[heard]
    owner, other = np.concatenate([left, right]), np.concatenate([right, left])
    pair = np.tile(heard, 2)
    order = np.argsort(owner * records + other)
    start = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(np.bincount(owner, minlength=records))])
    return Around(start, other[order].astype(np.int32), pair[order])


@numba.njit(cache=True, nogil=True)
def _sums(start: Ints, pair: Small, chance: Floats, mass: Doubles, first: Floats, second: Floats, best: Small) -> None:
    """Per record: sum of the probabilities of its pairs, the highest, the next and the pair of the highest."""
    for record in range(len(start) - 1):
        best[record] = -1
        for at in range(start[record], start[record + 1]):
            value = chance[pair[at]]
            mass[record] += value
            if best[record] < 0 or value > first[record]:
                second[record] = first[record]
                first[record], best[record] = value, pair[at]
            elif value > second[record]:
                second[record] = value


@numba.njit(cache=True, nogil=True)
def _context(
    start: Ints,
    other: Small,
    pair: Small,
    left: Ints,
    right: Ints,
    chance: Floats,
    weights: Floats,
    mass: Doubles,
    first: Floats,
    second: Floats,
    best: Small,
    wanted: Ints,
    out: Floats,
) -> None:
    columns = weights.shape[1]
    one, two = np.empty(columns), np.empty(columns)
    # The pair of each record with the one looked at (of which there is a run: pairs are mostly in order of ``left``).
    met = np.full(len(mass), -1, dtype=np.int32)
    last = -1
    for row in range(len(wanted)):
        e = wanted[row]
        a, b = left[e], right[e]
        if a != last:
            if last >= 0:
                for i in range(start[last], start[last + 1]):
                    met[other[i]] = -1
            for i in range(start[a], start[a + 1]):
                met[other[i]] = pair[i]
            last = a
        one[:], two[:] = 0.0, 0.0
        shared, closest, of_a, of_b = 0.0, 0.0, 0.0, 0.0
        for j in range(start[b], start[b + 1]):
            x = met[other[j]]
            if x < 0:
                continue
            y = pair[j]
            shared += chance[x] * chance[y]
            closest = max(closest, min(chance[x], chance[y]))
            # c is a mate of a: b against c; and the other way round.
            if chance[x] >= _MATE:
                of_a += chance[x]
                for k in range(columns):
                    one[k] += chance[x] * weights[y, k]
            if chance[y] >= _MATE:
                of_b += chance[y]
                for k in range(columns):
                    two[k] += chance[y] * weights[x, k]
        own = chance[e] if chance[e] >= _HEARD else np.float32(0.0)
        share_a = shared / (mass[a] - own + _SOME)
        share_b = shared / (mass[b] - own + _SOME)
        rival_a = chance[e] - (second[a] if best[a] == e else first[a])
        rival_b = chance[e] - (second[b] if best[b] == e else first[b])
        out[row, 0], out[row, 1] = shared, closest
        out[row, 2], out[row, 3] = min(share_a, share_b), max(share_a, share_b)
        out[row, 4], out[row, 5] = min(rival_a, rival_b), max(rival_a, rival_b)
        low, high = 0.0, 0.0
        for k in range(columns):
            x, y = one[k] / (of_a + _LITTLE), two[k] / (of_b + _LITTLE)
            out[row, _GENERAL + k] = min(x, y)
            out[row, _GENERAL + columns + k] = max(x, y)
            low += min(x, y)
            high += max(x, y)
        out[row, 6], out[row, 7] = low, high


class Context:
    """Features of pairs from the pairs around them."""

    def __init__(self, left: Ints, right: Ints, weights: Floats, chance: Floats, records: int):
        """Distinct pairs with the weights of their comparisons (pairs x comparisons) and first probabilities."""
        self._left, self._right = left, right
        self._weights = np.ascontiguousarray(weights, dtype=np.float32)
        self._chance = np.ascontiguousarray(chance, dtype=np.float32)
        self._around = around(left, right, self._chance, records)
        self._mass = np.zeros(records, dtype=np.float64)
        self._first, self._second = np.zeros(records, dtype=np.float32), np.zeros(records, dtype=np.float32)
        self._best = np.full(records, -1, dtype=np.int32)
        _sums(
            self._around.start, self._around.pair, self._chance, self._mass, self._first, self._second, self._best
        )  # fmt: skip

    def features(self, wanted: Ints) -> Floats:
        """Features (pairs x features) of the pairs numbered ``wanted``, the first log-odds among them."""
        out = np.zeros((len(wanted), _GENERAL + 2 * self._weights.shape[1]), dtype=np.float32)
        _context(
            self._around.start,
            self._around.other,
            self._around.pair,
            self._left,
            self._right,
            self._chance,
            self._weights,
            self._mass,
            self._first,
            self._second,
            self._best,
            np.ascontiguousarray(wanted, dtype=np.int64),
            out,
        )
        chance = np.clip(self._chance[wanted].astype(np.float64), 1e-6, 1 - 1e-6)
        odds = np.log(chance / (1 - chance)).astype(np.float32)
        return np.concatenate([odds[:, None], out], axis=1)
