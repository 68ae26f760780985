"""Agreements with one cause: two columns that say nearly the same (a town and the postcode in it).

Fellegi-Sunter adds the weights of columns as if strangers agreed on each by separate chance. Where strangers who
agree on one column mostly agree on the other too, the second agreement says less. For each such pair of columns the
surplus, log2(P(both agree) / (P(one) P(other))) among strangers, is taken off when both agree, but never more than
the smaller of both weights, and each column is in at most one pair: so one more agreement still never costs (P20).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from onepool.identity.matching.comparing import Floats, Levels

Doubles = npt.NDArray[np.float64]
#: least bits for or against that count as agreeing, least surplus and least pairs that it is believed from
_AGREES, _LEAST_BITS, _LEAST_PAIRS = 1.0, 0.4, 60.0


class Dependence(NamedTuple):
    """Numbers of two comparisons and the bits that both agreeing is overrated by."""

    one: int
    other: int
    bits: float


def find_dependences(levels: Levels, tables: Sequence[Doubles], no_match: Doubles) -> tuple[Dependence, ...]:
    """From levels of random pairs, each counted by its probability of being no match; strongest first."""
    count = levels.shape[1]
    agrees = [(levels[:, c] >= 0) & (np.append(tables[c], 0.0)[levels[:, c]] >= _AGREES) for c in range(count)]
    found: list[Dependence] = []
    for one in range(count):
        for other in range(one + 1, count):
            known = (levels[:, one] >= 0) & (levels[:, other] >= 0)
            total = float(no_match[known].sum())
            both = float(no_match[agrees[one] & agrees[other]].sum())
            if total <= 0 or both < _LEAST_PAIRS:
                continue
            first = float(no_match[agrees[one] & known].sum())
            second = float(no_match[agrees[other] & known].sum())
            bits = float(np.log2(both * total / (first * second)))
            if bits >= _LEAST_BITS:
                found.append(Dependence(one, other, round(bits, 4)))
    chosen: list[Dependence] = []
    for item in sorted(found, key=lambda item: (-item.bits, item.one, item.other)):
        if not {item.one, item.other} & {number for taken in chosen for number in taken[:2]}:
            chosen.append(item)
    return tuple(chosen)


def surplus(
    weights: npt.NDArray[np.floating], dependences: Sequence[Dependence], without: frozenset[int] = frozenset()
) -> Floats:
    """Bits to take off the sum of the weights (pairs x comparisons) of each pair."""
    out = np.zeros(len(weights), dtype=np.float32)
    for one, other, bits in dependences:
        if one not in without and other not in without:
            lesser = np.minimum(weights[:, one], weights[:, other])
            out += np.clip(lesser, 0.0, bits).astype(np.float32)
    return out


def total_weight(weights: npt.NDArray[np.floating], dependences: Sequence[Dependence]) -> Floats:
    """Sum of the weights of each pair, less the surplus."""
    return np.asarray(weights.sum(axis=1) - surplus(weights, dependences), dtype=np.float32)
