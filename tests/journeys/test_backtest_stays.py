"""Who was on a list at an instant of a back-test."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from onepool.journeys.backtest.stays import Stays

spans = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 30), st.one_of(st.none(), st.integers(1, 9))), max_size=12)


@given(spans, st.lists(st.tuples(st.integers(0, 5), st.integers(-2, 45)), max_size=30))
def test_it_is_what_the_spans_say(drawn: list[tuple[int, int, int | None]], asked: list[tuple[int, int]]) -> None:
    ends = [(place, since + long) for place, since, long in drawn if long is not None]
    stays = Stays(
        *(np.array([one[side] for one in drawn], np.int64) for side in (0, 1)),
        *(np.array([one[side] for one in ends], np.int64) for side in (0, 1)),
    )
    found = stays.at(*(np.array([one[side] for one in asked], np.int64) for side in (0, 1)))
    plain = [
        any(where == place and since <= at and (long is None or at < since + long) for where, since, long in drawn)
        for place, at in asked
    ]
    assert found.tolist() == plain
