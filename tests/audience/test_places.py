"""Where ids are among all customers: the same by a table of places as by sorting, in as much memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from onepool.audience.conditions.compiler.everyone import _places


@pytest.mark.parametrize("apart", [1, 7, 30])
def test_places_take_no_more_memory_than_sorting(apart: int) -> None:
    ids = np.random.default_rng(1).permutation(100_000).astype(np.int64) * apart
    everyone = np.arange(0, 100_000 * apart, max(1, apart // 2), dtype=np.int64)[:100_000]
    tracemalloc.start()
    rows, there = _places(ids, everyone)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows.dtype == np.int64 and (ids[rows[there]] == everyone[there]).all()
    assert (there == np.isin(everyone, ids)).all() and peak < 40 * (ids.size + everyone.size)
