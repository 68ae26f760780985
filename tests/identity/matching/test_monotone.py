"""P20: removing agreement never raises the probability, whatever was learned."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onepool.identity.matching import MatchingError
from onepool.identity.matching.dependence import Dependence, total_weight
from onepool.identity.matching.forest import Forest, train
from onepool.identity.matching.model import features
from onepool.identity.matching.weights import adjusted_weights, expect, patterns, probability, raw_weights, shares

share = st.lists(st.floats(1e-6, 1.0), min_size=4, max_size=4)
tables = st.lists(st.tuples(share, share), min_size=3, max_size=3)


def _weights(learned: list[tuple[list[float], list[float]]]) -> list[np.ndarray]:
    return [raw_weights(shares(np.array(m), np.ones(4) / 4, 1e-3), shares(np.array(u), np.ones(4) / 4, 1e-3))
            for m, u in learned]  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(
    learned=tables,
    levels=st.lists(st.integers(-1, 3), min_size=3, max_size=3),
    at=st.integers(0, 2),
    frequency=st.floats(1e-6, 1.0),
    other=st.floats(1e-6, 1.0),
    bits=st.floats(0.0, 12.0),
)
def test_less_agreement_never_weighs_more(
    learned: list[tuple[list[float], list[float]]],
    levels: list[int],
    at: int,
    frequency: float,
    other: float,
    bits: float,
) -> None:
    weights = _weights(learned)
    references = [np.full(4, 0.01) for _ in weights]
    dependences = (Dependence(0, 1, bits),)

    def chance(row: list[int], shared: float) -> float:
        found = np.full((1, 3), np.nan, dtype=np.float32)
        found[0, at] = shared
        adjusted = adjusted_weights(np.array([row], dtype=np.int8), found, weights, references)
        return float(probability(total_weight(adjusted, dependences), 0.001)[0])

    worse = [*levels]
    if levels[at] < 0:
        return
    if levels[at] < 3:
        worse[at] = levels[at] + 1
        # Whatever is shared at the lower level, however rare, agreement of the better level is worth as much.
        assert chance(worse, other) <= chance(levels, frequency) * (1 + 1e-6)
    if levels[at] == 0:
        worse[at] = -1
        assert chance(worse, np.nan) <= chance(levels, frequency) * (1 + 1e-6)


@pytest.fixture(scope="module")
def forest() -> Forest:
    random = np.random.default_rng(2)
    rows = random.normal(0, 6, size=(4_000, 3)).astype(np.float32)
    rows = features(rows, (Dependence(0, 1, 3.0),))
    match = (rows[:, 3] + random.normal(0, 4, 4_000) > 4).astype(np.float64)
    return train(rows, match, None, trees=15, leaves=12, seed=1, least=20)


@settings(deadline=None, max_examples=100)
@given(
    row=st.lists(st.floats(-20, 20, width=32), min_size=3, max_size=3),
    at=st.integers(0, 2),
    less=st.floats(0.0, 20.0, width=32),
)
def test_boosted_model_is_monotone(forest: Forest, row: list[float], at: int, less: float) -> None:
    lower = [*row]
    lower[at] -= less
    both = np.array([row, lower], dtype=np.float32)
    found = forest.probability(features(both, (Dependence(0, 1, 3.0),)))
    assert found[1] <= found[0] + 1e-6


def test_forest_as_plain_numbers(forest: Forest) -> None:
    from dataclasses import asdict

    plain = json.loads(json.dumps(asdict(forest)))
    rows = np.random.default_rng(4).normal(0, 6, size=(50, 4)).astype(np.float32)
    assert np.allclose(Forest.from_plain(plain).probability(rows), forest.probability(rows))
    looped = {**plain, "left": [0] * len(plain["left"])}
    with pytest.raises(MatchingError, match="damaged"):
        Forest.from_plain(looped)
    with pytest.raises(MatchingError, match="features"):
        forest.probability(rows[:, :2])


def test_em_finds_what_made_the_data() -> None:
    """Independent columns with known m and u: EM with u given finds m and the share of matches."""
    random = np.random.default_rng(7)
    m = [np.array([0.9, 0.05, 0.05]), np.array([0.7, 0.2, 0.1]), np.array([0.8, 0.1, 0.1])]
    u = [np.array([0.01, 0.04, 0.95]), np.array([0.05, 0.05, 0.9]), np.array([0.02, 0.03, 0.95])]
    match = random.random(40_000) < 0.2
    columns = [
        np.where(match, random.choice(3, 40_000, p=a), random.choice(3, 40_000, p=b)) for a, b in zip(m, u, strict=True)
    ]
    levels = np.stack(columns, axis=1).astype(np.int8)
    levels[random.random(levels.shape) < 0.1] = -1
    distinct, counts, which = patterns(levels)
    assert (distinct[which] == levels).all()
    start = [np.array([0.6, 0.2, 0.2]) for _ in range(3)]
    found, prior = expect(distinct, counts, start, u, 0.05, leave_out=frozenset(), rounds=60)
    assert abs(prior - 0.2) < 0.02
    for a, b in zip(found, m, strict=True):
        assert np.abs(a - b).max() < 0.03
