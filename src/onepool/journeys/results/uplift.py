"""Two groups drawn by lot beside each other: difference and ratio of shares with intervals, means, sizes of the groups.

Closed formulas of the literature, so that nothing heavy is loaded for them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

CONFIDENCE: Final = 0.95
FEWEST: Final = 30
"""Customers that each group needs before a difference is worth a word."""

FEWEST_GOALS: Final = 5
"""Goals that both groups together need."""

_FEW_EXPECTED: Final = 5.0
"""Below so many in an expected cell the exact test is used (Cochran's rule)."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and the bounds of its 95 % interval."""

    value: float
    low: float
    high: float


def wilson(hits: int, size: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The score interval of a share (E. B. Wilson, "Probable inference", JASA 22, 1927).

    >>> [round(one, 4) for one in wilson(81, 263)]
    [0.2553, 0.3662]
    """
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    middle = 2 * hits + z * z
    spread = z * math.sqrt(z * z + 4 * hits * (size - hits) / size)
    return (middle - spread) / (2 * (size + z * z)), (middle + spread) / (2 * (size + z * z))


def difference(hits: int, size: int, control_hits: int, control_size: int) -> Interval | None:
    """Difference of two independent shares with the hybrid score interval (method 10 of R. G. Newcombe, "Interval
    estimation for the difference between independent proportions", Statistics in Medicine 17, 1998). None: one group is
    empty.

    >>> found = difference(56, 70, 48, 80)
    >>> round(found.value, 4), round(found.low, 4), round(found.high, 4)
    (0.2, 0.0524, 0.3339)
    """
    if size == 0 or control_size == 0:
        return None
    share, other = hits / size, control_hits / control_size
    low, high = wilson(hits, size)
    other_low, other_high = wilson(control_hits, control_size)
    value = share - other
    below = math.sqrt((share - low) ** 2 + (other_high - other) ** 2)
    above = math.sqrt((high - share) ** 2 + (other - other_low) ** 2)
    return Interval(value, max(value - below, -1.0), min(value + above, 1.0))


def ratio(hits: int, size: int, control_hits: int, control_size: int) -> Interval | None:
    """Ratio of two independent shares with the log interval (D. Katz, J. Baptista, S. P. Azen, M. C. Pike, "Obtaining
    confidence intervals for the risk ratio in cohort studies", Biometrics 34, 1978). None where a group has no goal.

    >>> found = ratio(189, 11034, 104, 11037)
    >>> round(found.value, 2), round(found.low, 2), round(found.high, 2)
    (1.82, 1.43, 2.31)
    """
    if min(hits, control_hits) == 0 or min(size, control_size) == 0:
        return None
    value = (hits / size) / (control_hits / control_size)
    error = math.sqrt(max(1 / hits - 1 / size + 1 / control_hits - 1 / control_size, 0.0))
    z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
    return Interval(value, value * math.exp(-z * error), value * math.exp(z * error))


def p_value(hits: int, size: int, control_hits: int, control_size: int) -> float | None:
    """Two-sided probability of a difference at least as large when there is none: the pooled z test, or Fisher's exact
    test where the expected counts are small. None: one group is empty, or nobody or everybody reached the goal.

    >>> round(p_value(56, 70, 48, 80), 4)
    0.008
    """
    if size == 0 or control_size == 0:
        return None
    total, everybody = hits + control_hits, size + control_size
    if total in (0, everybody):
        return None
    share = total / everybody
    if min(size, control_size) * min(share, 1 - share) < _FEW_EXPECTED:
        return _fisher(hits, size, control_hits, control_size)
    error = math.sqrt(share * (1 - share) * (1 / size + 1 / control_size))
    return 2 * (1 - NormalDist().cdf(abs(hits / size - control_hits / control_size) / error))


def _fisher(hits: int, size: int, control_hits: int, control_size: int) -> float:
    """Sum of the probabilities of all tables that are no likelier than this one (R. A. Fisher, 1935)."""
    total, everybody = hits + control_hits, size + control_size

    def log_choose(n: int, k: int) -> float:
        return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)

    def chance(x: int) -> float:
        return math.exp(log_choose(size, x) + log_choose(control_size, total - x) - log_choose(everybody, total))

    seen = chance(hits) * (1 + 1e-7)  # equal ones despite rounding
    span = range(max(0, total - control_size), min(total, size) + 1)
    return min(1.0, sum(one for one in map(chance, span) if one <= seen))


def split_p(treated: int, control: int, share: float) -> float | None:
    """Probability of group sizes at least as far from the drawn share (chi-square with one degree of freedom): small
    means that the groups are not what was drawn. None without anybody."""
    total = treated + control
    if total == 0 or not 0 < share < 1:
        return None
    expected = total * share
    statistic = (control - expected) ** 2 / expected + (control - expected) ** 2 / (total - expected)
    return math.erfc(math.sqrt(statistic / 2))


def enough(size: int, hits: int, control_size: int, control_hits: int) -> bool:
    """Whether the groups are large enough to say anything."""
    return min(size, control_size) >= FEWEST and hits + control_hits >= FEWEST_GOALS


def mean_difference(
    mean: float, variance: float, size: int, control_mean: float, control_variance: float, control_size: int
) -> Interval | None:
    """Difference of two means with Welch's standard error and the normal quantile (large groups; amounts of money are
    skewed, so few customers say nothing). None: a group with fewer than two."""
    if size < 2 or control_size < 2:
        return None
    error = math.sqrt(variance / size + control_variance / control_size)
    z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
    value = mean - control_mean
    return Interval(value, value - z * error, value + z * error)
