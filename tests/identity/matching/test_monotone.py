"""P20: removing agreement never raises the probability, whatever was learned."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from tests.identity.tally import Tally

from onepool.identity.matching import MatchingError
from onepool.identity.matching.dependence import Dependence, total_weight
from onepool.identity.matching.forest import Forest, train
from onepool.identity.matching.model import features
from onepool.identity.matching.weights import adjusted_weights, expect, patterns, probability, raw_weights, shares

STEPS = 1_200
LEAST = {"P20": 1_000}
COLUMNS, LEVELS = 3, 4

share = st.lists(st.floats(1e-6, 1.0), min_size=LEVELS, max_size=LEVELS)
tables = st.lists(st.tuples(share, share), min_size=COLUMNS, max_size=COLUMNS)
places = st.integers(0, COLUMNS - 1)
frequencies = st.floats(1e-6, 1.0)


def boosted() -> Forest:
    random = np.random.default_rng(2)
    rows = random.normal(0, 6, size=(4_000, COLUMNS)).astype(np.float32)
    rows = features(rows, (Dependence(0, 1, 3.0),))
    match = (rows[:, COLUMNS] + random.normal(0, 4, 4_000) > 4).astype(np.float64)
    return train(rows, match, None, trees=15, leaves=12, seed=1, least=20)


class Agreeing(RuleBasedStateMachine):
    """A pair of records whose agreement comes and goes, under weights that were learned and under a boosted model.

    A level of a column: 0 all agrees, 3 nothing does, -1 nothing is known.
    """

    tally = Tally()
    forest: Forest

    @initialize(
        learned=tables, bits=st.floats(0.0, 12.0), levels=st.lists(st.integers(-1, 3), min_size=3, max_size=3),
        shared=st.lists(frequencies, min_size=3, max_size=3),
        row=st.lists(st.floats(-20, 20, width=32), min_size=3, max_size=3),
    )  # fmt: skip
    def begin(
        self,
        learned: list[tuple[list[float], list[float]]],
        bits: float,
        levels: list[int],
        shared: list[float],
        row: list[float],
    ) -> None:
        """`row`: weights of the columns, as the boosted model takes them."""
        even = np.ones(LEVELS) / LEVELS
        self.weights = [raw_weights(*(shares(np.array(one), even, 1e-3) for one in both)) for both in learned]
        self.dependences = (Dependence(0, 1, bits),)
        self.levels, self.shared, self.row = levels, shared, row
        self.chance = self.chances()

    def chances(self) -> tuple[float, float]:
        found = np.array([self.shared], dtype=np.float32)
        found[0, [level < 0 for level in self.levels]] = np.nan
        references = [np.full(LEVELS, 0.01) for _ in self.weights]
        adjusted = adjusted_weights(np.array([self.levels], dtype=np.int8), found, self.weights, references)
        boosted = self.forest.probability(features(np.array([self.row], dtype=np.float32), (Dependence(0, 1, 3.0),)))
        return float(probability(total_weight(adjusted, self.dependences), 0.001)[0]), float(boosted[0])

    def look(self, less: bool) -> None:
        """What came of another agreement, `less` or more than before."""
        self.tally.steps += 1
        was, self.chance = self.chance, self.chances()
        (learned, boosted), (most, most_boosted) = (self.chance, was) if less else (was, self.chance)
        assert learned <= most * (1 + 1e-6)
        assert boosted <= most_boosted + 1e-6
        self.tally.saw("P20")

    @rule(at=places, shared=frequencies, by=st.floats(0.0, 20.0, width=32))
    def lose(self, at: int, shared: float, by: float) -> None:
        """A level worse. Whatever is shared there, however rare: the better level is worth as much."""
        if 0 <= self.levels[at] < LEVELS - 1:
            self.levels[at] += 1
            self.shared[at] = shared
        self.row[at] -= by
        self.look(less=True)

    @rule(at=places, shared=frequencies, by=st.floats(0.0, 20.0, width=32))
    def gain(self, at: int, shared: float, by: float) -> None:
        if self.levels[at] > 0:
            self.levels[at] -= 1
            self.shared[at] = shared
        self.row[at] += by
        self.look(less=False)

    @precondition(lambda self: 0 in self.levels)
    @rule(at=places)
    def forget(self, at: int) -> None:
        """That all agreed is not known any more."""
        if self.levels[at] == 0:
            self.levels[at] = -1
            self.look(less=True)

    @precondition(lambda self: -1 in self.levels)
    @rule(at=places, shared=frequencies)
    def learn(self, at: int, shared: float) -> None:
        """Of what was not known all agrees."""
        if self.levels[at] == -1:
            self.levels[at], self.shared[at] = 0, shared
            self.look(less=False)


class TestAgreeing(Agreeing.TestCase):
    settings = settings(max_examples=70, stateful_step_count=30, deadline=None)

    def runTest(self) -> None:
        Agreeing.forest = boosted()
        super().runTest()
        Agreeing.tally.suffices(STEPS, LEAST)


def test_forest_as_plain_numbers() -> None:
    forest = boosted()
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
