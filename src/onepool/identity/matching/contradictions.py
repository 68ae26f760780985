"""What no one person can be: pairs of customers' records that never share a cluster, however likely their neighbours
make them.

Only where names are in Hanzi: how customers give sex, birthday and name there is known (`chinese/`), while in other
records a name changes with the language and a birthday with the clerk.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from onepool.identity.matching.comparing import Levels, Spec

Bools = npt.NDArray[np.bool_]

_SLIPS: Final = 1
"""The worst level of a birthday that a slip explains: a digit mistyped, or day and month swapped."""
CUSTOMERS_CAUTION: Final = 8.0
"""`Settings.caution` of customers' records, chosen among 0.25 to 14 (docs/decisions/2026-11-22-likelihood-gaps.md)."""


def of_customers(specs: Sequence[Spec]) -> bool:
    """Whether records are of customers with names in Hanzi."""
    return any(spec.kind == "name" and spec.hanzi for spec in specs)


def contradicts(spec: Spec, level: npt.NDArray[np.integer]) -> Bools:
    """Of which pairs, of levels of one comparison, another birthday or another sex is told; shape (n,)."""
    found: Bools = np.zeros(len(level), np.bool_)
    if spec.kind == "date":
        found = level > _SLIPS
    elif spec.kind == "gender":
        found = level > 0
    return found


def contradicted(specs: Sequence[Spec], levels: Levels) -> Bools:
    """Which pairs can't be of one person; levels of shape (pairs, comparisons), -1 where there is nothing to compare.

    Besides birthday and sex another name: no syllable of it the same, if neither is a title only.
    """
    found = np.zeros(len(levels), np.bool_)
    if not of_customers(specs):
        return found
    for number, spec in enumerate(specs):
        found |= contradicts(spec, levels[:, number])
        if spec.kind == "name" and spec.hanzi:
            found |= levels[:, number] == spec.levels.index("different")
    return found
