"""Trying some things of a request again, not all of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from onepool.standards.gathered import SEQ_BITS


@dataclass(frozen=True)
class Asked:
    """What is tried again: things by their seqs, and records, by their offsets, with everything in them."""

    seqs: Collection[int]
    records: Collection[int]

    def among(self, seqs: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Which of these things are asked for."""
        things, records = (np.array(sorted(some), np.int64) for some in (self.seqs, self.records))
        found: npt.NDArray[np.bool_] = np.isin(seqs, things) | np.isin(seqs >> SEQ_BITS, records)
        return found
