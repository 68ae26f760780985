"""Who is in something at an instant, from when each came and left."""

from __future__ import annotations

import numpy as np

from onepool.journeys.backtest.lines import Bools
from onepool.journeys.backtest.types import I64


class Stays:
    """Spans [since, until) by place; those without an end have no row among the ends. Times are microseconds."""

    def __init__(self, came: I64, since: I64, left: I64, until: I64) -> None:
        self._times = np.unique(np.concatenate([since, until]))
        self._came = np.sort(self._keys(came, since))
        self._left = np.sort(self._keys(left, until))

    def at(self, places: I64, instants: I64) -> Bools:
        """Whether each place is in a span at its instant."""
        keys = self._keys(places, instants)
        first = places * (self._times.size + 1)
        inside: Bools = self._until(self._came, first, keys) > self._until(self._left, first, keys)
        return inside

    def _keys(self, places: I64, times: I64) -> I64:
        """Place and how many of the known times are not later, in one number."""
        found: I64 = places * (self._times.size + 1) + np.searchsorted(self._times, times, side="right")
        return found

    @staticmethod
    def _until(keys: I64, first: I64, wanted: I64) -> I64:
        found: I64 = np.searchsorted(keys, wanted, side="right") - np.searchsorted(keys, first)
        return found
