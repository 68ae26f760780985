"""Windows over rows in customer order, beside looking at every row."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from onepool.pool.kernels import measuring

people = st.lists(st.lists(st.integers(0, 9), max_size=6).map(sorted), max_size=6)
instants = st.lists(st.integers(-1, 10), min_size=1, max_size=5).map(sorted)


def _rows(times):
    """(where each customer's rows begin, all times and one place more)."""
    starts = np.cumsum([0, *map(len, times)]).astype(np.int64)
    return starts, np.array([*(one for some in times for one in some), 0], np.int64)


@given(times=people, edges=instants)
def test_windows_begin_where_no_older_row_is(times, edges):
    starts, time = _rows(times)
    whose, ends = np.full(starts.size, -9), np.full(starts.size, -9)
    into = np.full((len(edges), starts.size), -9)
    count = measuring.windows(starts, time[:-1], np.array(edges, np.int64), whose, ends, into)
    wanted = [number for number, some in enumerate(times) if some and some[-1] >= edges[0]]
    assert whose[:count].tolist() == wanted
    assert ends[: count + 1].tolist() == [*(starts[one + 1] for one in wanted), 0]
    for place, one in enumerate(wanted):
        older = [sum(moment < edge for moment in times[one]) for edge in edges]
        assert (into[:, place] - starts[one]).tolist() == older
    assert not into[:, count].any()


@given(times=people, since=st.integers(-1, 10))
def test_only_recent_rows(times, since):
    starts, time = _rows(times)
    begins, some, kept = np.empty_like(starts), np.empty_like(time), np.empty_like(time)
    rows = np.arange(100, 100 + time.size - 1)
    count = measuring.recent(starts, time[:-1], since, rows, begins, some, kept)
    wanted = [moment >= since for moment in time[:-1]]
    assert some[:count].tolist() == rows[wanted].tolist()
    assert kept[:count].tolist() == time[:-1][wanted].tolist()
    assert begins.tolist() == [sum(wanted[:start]) for start in starts]
