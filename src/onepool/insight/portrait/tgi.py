"""How much commoner something is in a segment than in its base, and how sure that is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Counts:
    """Customers of whom something is known (`n`) and those with one value of it (`x`), apart by where they are:
    in the segment only, in segment and base both, in the base only."""

    n_segment_only: int
    x_segment_only: int
    n_both: int
    x_both: int
    n_base_only: int
    x_base_only: int

    @property
    def n_segment(self) -> int:
        return self.n_segment_only + self.n_both

    @property
    def x_segment(self) -> int:
        return self.x_segment_only + self.x_both

    @property
    def n_base(self) -> int:
        return self.n_base_only + self.n_both

    @property
    def x_base(self) -> int:
        return self.x_base_only + self.x_both


@dataclass(frozen=True, slots=True)
class Index:
    """A TGI (target group index; 100: as common in the segment as in the base) with its 95 % interval.

    `tgi` is None where the base has none of it; `low` and `high` are None where nothing can be said.
    """

    tgi: float | None
    low: float | None
    high: float | None
    standard_error: float | None
    """Of the natural logarithm of TGI / 100."""

    def surely(self, comparisons: int) -> float:
        """How far log(TGI / 100) surely is from 0 when so many values are looked at: the nearer end of its interval,
        widened after Bonferroni; 0 when the interval holds 0. Not fooled by small cells, whose intervals are wide."""
        if self.tgi is None or not self.tgi or self.standard_error is None:
            return 0.0
        z = NormalDist().inv_cdf(1 - (1 - CONFIDENCE) / (2 * max(comparisons, 1)))
        return max(0.0, abs(math.log(self.tgi / 100)) - z * self.standard_error)


def index(counts: Counts) -> Index:
    """TGI = (share in the segment / share in the base) x 100.

    The interval is Katz's for the ratio of two shares (D. Katz, J. Baptista, S. P. Azen, M. C. Pike, "Obtaining
    confidence intervals for the risk ratio in cohort studies", Biometrics 34, 1978): log ratio +- z * se. Katz takes
    two groups without common members. Segment and base mostly have some (a base of all customers holds the segment
    whole), so the variance is written over the three disjoint groups, with the counts in each binomial (delta method):

        var = v_segment_only / X_s^2 + v_both * (1/X_s - 1/X_b)^2 + v_base_only / X_b^2,   v = x * (n - x) / n

    Without common members that is Katz's 1/X_s - 1/n_s + 1/X_b - 1/n_b. Where segment and base are the same the ratio
    is 1 and the interval has no width, as it should. Where a count is 0, or a group has the value throughout, 0.5 is
    added to each x and 1 to each n of the groups that have anybody, for the interval only (S. D. Walter, 1975).

    >>> index(Counts(0, 0, 100, 40, 900, 160)).tgi
    200.0
    """
    if counts.n_segment == 0 or counts.n_base == 0 or counts.x_segment + counts.x_base == 0:
        return Index(None, None, None, None)
    tgi = (counts.x_segment / counts.n_segment) / (counts.x_base / counts.n_base) * 100 if counts.x_base else None
    groups = [
        (counts.n_segment_only, counts.x_segment_only),
        (counts.n_both, counts.x_both),
        (counts.n_base_only, counts.x_base_only),
    ]
    if counts.n_segment_only == 0 and counts.n_base_only == 0:
        return Index(100.0, 100.0, 100.0, 0.0)
    extreme = 0 in (counts.x_segment, counts.x_base) or all(x in (0, n) for n, x in groups)
    groups_used = [(n + 1.0, x + 0.5) if extreme and n else (float(n), float(x)) for n, x in groups]
    (n1, x1), (n2, x2), (n3, x3) = groups_used
    x_s, x_b = x1 + x2, x2 + x3
    variances = [x * (n - x) / n if n else 0.0 for n, x in groups_used]
    variance = variances[0] / x_s**2 + variances[1] * (1 / x_s - 1 / x_b) ** 2 + variances[2] / x_b**2
    error = math.sqrt(variance)
    centre = math.log((x_s / (n1 + n2)) / (x_b / (n2 + n3)))
    z = NormalDist().inv_cdf(1 - (1 - CONFIDENCE) / 2)
    low, high = 100 * math.exp(centre - z * error), 100 * math.exp(centre + z * error)
    if tgi is None:
        return Index(None, low, None, error)
    return Index(tgi, 0.0 if counts.x_segment == 0 else low, high, error)
