"""What the pairs around a pair say of it, held to plain loops; equal rows; who teaches."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onepool.identity.matching import boosting, context, training
from onepool.identity.matching.context import Context
from onepool.identity.matching.rows import same_rows
from onepool.identity.matching.training import lesson


def _plain(left: list[int], right: list[int], weights: np.ndarray, chance: np.ndarray, wanted: int) -> list[float]:
    """Features without the log-odds, as the module's docstring tells them."""
    heard = [e for e in range(len(left)) if chance[e] >= context._HEARD]
    near: dict[int, dict[int, int]] = {}
    for e in heard:
        near.setdefault(left[e], {})[right[e]] = e
        near.setdefault(right[e], {})[left[e]] = e
    a, b = left[wanted], right[wanted]
    of_a, of_b = near.get(a, {}), near.get(b, {})
    both = sorted(set(of_a) & set(of_b))
    shared = sum(chance[of_a[c]] * chance[of_b[c]] for c in both)
    closest = max((min(chance[of_a[c]], chance[of_b[c]]) for c in both), default=0.0)

    def share(around: dict[int, int]) -> float:
        return shared / (sum(chance[e] for e in around.values() if e != wanted) + context._SOME)

    def rival(around: dict[int, int]) -> float:
        return chance[wanted] - max((chance[e] for e in around.values() if e != wanted), default=0.0)

    def through(one: dict[int, int], other: dict[int, int]) -> np.ndarray:
        mates = [c for c in both if chance[one[c]] >= context._MATE]
        total = sum((chance[one[c]] * weights[other[c]] for c in mates), np.zeros(weights.shape[1]))
        return total / (sum(chance[one[c]] for c in mates) + context._LITTLE)

    x, y = through(of_a, of_b), through(of_b, of_a)
    low, high = np.minimum(x, y), np.maximum(x, y)
    ends = (share(of_a), share(of_b)), (rival(of_a), rival(of_b))
    general = [shared, closest, min(ends[0]), max(ends[0]), min(ends[1]), max(ends[1]), low.sum(), high.sum()]
    return [float(value) for value in (*general, *low, *high)]


@settings(deadline=None, max_examples=60)
@given(
    pairs=st.sets(st.tuples(st.integers(0, 11), st.integers(0, 11)).filter(lambda p: p[0] < p[1]), min_size=1),
    seed=st.integers(0, 1_000),
    ordered=st.booleans(),
)
def test_features_are_those_of_plain_loops(pairs: set[tuple[int, int]], seed: int, ordered: bool) -> None:
    random = np.random.default_rng(seed)
    known = sorted(pairs)
    if not ordered:
        random.shuffle(known)
    left, right = [pair[0] for pair in known], [pair[1] for pair in known]
    weights = random.normal(0, 4, (len(known), 3)).astype(np.float32)
    chance = random.choice([0.0, 0.004, 0.05, 0.3, 0.7, 0.99], len(known)).astype(np.float32)
    made = Context(np.array(left), np.array(right), weights, chance, 12)
    wanted = random.permutation(len(known))
    found = made.features(wanted)[:, 1:]
    for row, pair in zip(found, wanted.tolist(), strict=True):
        assert row.tolist() == pytest.approx(_plain(left, right, weights, chance, pair), abs=1e-4)


@settings(deadline=None)
@given(rows=st.lists(st.tuples(st.sampled_from([0.0, 1.5, -2.0]), st.sampled_from([0.0, 3.0])), max_size=40))
def test_equal_rows_are_one_group(rows: list[tuple[float, float]]) -> None:
    table = np.array(rows, dtype=np.float32).reshape(-1, 2)
    group, first = same_rows(table)
    assert (table[first][group] == table).all()
    assert len(first) == len(set(rows))


def test_records_alone_teach_only_with_nearly_everything_to_compare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "_LEAST_PAIRS", 4)
    # Records 0 to 3 are an established person, 4 and 5 are alone.
    cluster = np.array([0, 0, 0, 0, 4, 5])
    left, right = np.array([0, 0, 0, 1, 1, 2, 0, 0]), np.array([1, 2, 3, 2, 3, 3, 4, 5])
    evidence = np.array([0.1] * 6 + [0.2, 1.0], dtype=np.float32)
    taught = lesson(left, right, evidence, cluster, 3.0, None, 1)
    assert taught.pairs.tolist() == [0, 1, 2, 3, 4, 5, 7]
    assert taught.truth.tolist() == [1.0] * 6 + [0.0]


def test_where_too_few_would_be_left_everybody_teaches() -> None:
    left, right = np.array([0, 2]), np.array([1, 3])
    evidence = np.array([0.2, 0.2], dtype=np.float32)
    assert len(lesson(left, right, evidence, np.array([0, 0, 2, 3]), 1.0, None, 1).pairs) == 2


def test_doubt_and_few_records_call_for_caution() -> None:
    plain = boosting._later(12.0, 0.1)
    assert plain == boosting._BOLD
    assert boosting._later(12.0, 0.4) == boosting._later(3.0, 0.1) == boosting._CAUTIOUS
    assert plain < boosting._later(12.0, 0.25) < boosting._CAUTIOUS
