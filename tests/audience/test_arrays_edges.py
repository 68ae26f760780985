"""What is rare in drawn examples: long chains of tests, and fields whose tests are left to the query."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np
import pytest
from sqlglot import exp

from onepool.audience.conditions.compiler.reader import Reader
from onepool.audience.conditions.compiler.vectors import WHOLE, Vector
from onepool.audience.conditions.parts import Predicate
from onepool.audience.touched.tests import testable as answerable


class One:
    """One column of numbers."""

    def column(self, name: str) -> Vector:
        return Vector(np.array([3, 1999, 5000], np.int64))


@pytest.mark.parametrize("kind", [exp.Or, exp.And])
def test_a_chain_of_thousands_of_tests_is_read(kind: Any) -> None:
    tests = [exp.NEQ(this=exp.column("x"), expression=exp.Literal.number(number)) for number in range(2000)]
    chain = reduce(lambda one, other: kind(this=one, expression=other), tests)
    reader = Reader(lambda name: WHOLE, {}, {})
    expected = [True, True, True] if kind is exp.Or else [False, False, True]
    assert reader.truth(chain)(One()).tolist() == expected  # type: ignore[arg-type]
    assert reader.read(chain)[1](One()).values.tolist() == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("test", ["is_set", "is_unset"])
def test_lists_are_left_to_the_query(test: str) -> None:
    predicate = Predicate.model_validate({test: True})
    assert not answerable("VARCHAR[]", predicate)
    assert answerable("VARCHAR", predicate) and answerable("BIGINT", predicate)
