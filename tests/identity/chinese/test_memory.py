"""Numbers made of a column's values are made once, and go with the values."""

from __future__ import annotations

import gc

import numpy as np

from onepool.identity.matching.chinese.memory import PerValues
from onepool.identity.matching.kinds import Strings


def test_made_once_for_each_array() -> None:
    asked: list[int] = []

    def make(values: Strings) -> int:
        asked.append(len(values))
        return len(values)

    kept = PerValues(make)
    one, other = np.array(["a", "b"], dtype=object), np.array(["a", "b", "c"], dtype=object)
    assert [kept(one), kept(other), kept(one), kept(other)] == [2, 3, 2, 3]
    assert asked == [2, 3]


def test_forgotten_with_the_array() -> None:
    kept = PerValues(lambda values: values[0])
    for number in range(50):
        values = np.array([str(number)], dtype=object)
        assert kept(values) == str(number)
        del values
    gc.collect()
    assert not kept._kept
