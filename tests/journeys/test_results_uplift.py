"""Intervals and tests against the values that their authors, or other programs, publish."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from onepool.insight.portrait.tgi import Counts, index
from onepool.journeys.results import uplift


@pytest.mark.parametrize(
    ("figures", "low", "high"),
    [
        # R. G. Newcombe, Statistics in Medicine 17 (1998), p. 873-890, table II, method 10.
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((0, 10, 0, 10), -0.2775, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0),
        ((10, 10, 0, 10), 0.6075, 1.0),
    ],
)
def test_difference_of_shares(figures: tuple[int, int, int, int], low: float, high: float) -> None:
    found = uplift.difference(*figures)
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_ratio_of_shares() -> None:
    # Aspirin and myocardial infarction (A. Agresti, Categorical Data Analysis): 1.82, interval 1.43 to 2.31.
    found = uplift.ratio(189, 11034, 104, 11037)
    assert found is not None
    assert [round(one, 2) for one in (found.value, found.low, found.high)] == [1.82, 1.43, 2.31]
    assert uplift.ratio(0, 10, 3, 10) is None


@given(st.integers(1, 50), st.integers(1, 50), st.integers(1, 50), st.integers(1, 50))
def test_ratio_is_that_of_portraits(hits: int, rest: int, control_hits: int, control_rest: int) -> None:
    ours = uplift.ratio(hits, hits + rest, control_hits, control_hits + control_rest)
    theirs = index(Counts(hits + rest, hits, 0, 0, control_hits + control_rest, control_hits))
    assert ours is not None and theirs.tgi is not None and theirs.low is not None
    assert ours.value == pytest.approx(theirs.tgi / 100)
    assert ours.low == pytest.approx(theirs.low / 100)


@given(st.integers(0, 60), st.integers(1, 60), st.integers(0, 60), st.integers(1, 60))
def test_p_value(hits: int, rest: int, control_hits: int, control_rest: int) -> None:
    size, control = hits + rest, control_hits + control_rest
    found = uplift.p_value(hits, size, control_hits, control)
    table = [[hits, rest], [control_hits, control_rest]]
    total = hits + control_hits
    if total == 0:
        assert found is None
        return
    assert found is not None
    share = total / (size + control)
    if min(size, control) * min(share, 1 - share) < 5:
        assert found == pytest.approx(float(stats.fisher_exact(table)[1]), abs=1e-9)
    else:
        assert found == pytest.approx(float(stats.chi2_contingency(table, correction=False)[1]), abs=1e-9)


@given(st.integers(1, 400), st.integers(1, 400), st.floats(0.05, 0.6))
def test_sizes_of_the_groups(treated: int, control: int, share: float) -> None:
    total = treated + control
    theirs = stats.chisquare([treated, control], [total * (1 - share), total * share])
    assert uplift.split_p(treated, control, share) == pytest.approx(float(theirs.pvalue), abs=1e-9)


def test_difference_of_means() -> None:
    found = uplift.mean_difference(12.0, 9.0, 900, 10.0, 16.0, 400)
    assert found is not None
    error = math.sqrt(9 / 900 + 16 / 400)
    assert found.high - found.value == pytest.approx(1.959964 * error, rel=1e-6)
    assert uplift.mean_difference(1.0, 0.0, 1, 1.0, 0.0, 5) is None


def test_too_few_say_nothing() -> None:
    assert uplift.difference(0, 0, 1, 2) is None and uplift.p_value(0, 0, 1, 2) is None
    assert not uplift.enough(29, 10, 300, 10) and not uplift.enough(300, 2, 300, 2)
    assert uplift.enough(300, 3, 30, 2)
