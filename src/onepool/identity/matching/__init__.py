"""Likelihood matching: which records are probably of one person, learned without labels or with some.

``fit`` proposes comparisons, weights, blocking and thresholds by itself; a ``Model`` scores records later; ``cluster``
turns scored pairs into persons by average linkage. Pure functions over Arrow tables: no state, no pool.
"""

from __future__ import annotations

from typing import Protocol

import pyarrow as pa

from onepool.identity.matching import chinese as _chinese  # noqa: F401  # registers the kinds of columns in Hanzi
from onepool.identity.matching import purchases as _purchases  # noqa: F401  # registers what was bought and when
from onepool.identity.matching.clustering import cluster
from onepool.identity.matching.fit import Fit, fit
from onepool.identity.matching.guess import guess_columns
from onepool.identity.matching.kinds import Kind, SimpleKind, kind_names, register
from onepool.identity.matching.model import Model
from onepool.identity.matching.settings import MatchingError, Settings


class Matcher(Protocol):
    """Another engine behind the same interface: scores pairs of records."""

    def score(self, records: pa.Table, pairs: pa.Table) -> pa.Table:
        """left, right, probability and more, as ``Model.score``."""


__all__ = [
    "Fit",
    "Kind",
    "Matcher",
    "MatchingError",
    "Model",
    "Settings",
    "SimpleKind",
    "cluster",
    "fit",
    "guess_columns",
    "kind_names",
    "register",
]
