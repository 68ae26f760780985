"""What no one person can be, whatever else agrees."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from onepool.identity.matching import MatchingError, Settings
from onepool.identity.matching.comparing import Comparer, plan
from onepool.identity.matching.contradictions import contradicted
from onepool.identity.matching.prepare import prepare

KINDS = {"name": "name", "gender": "gender", "birthday": "date", "phone": "phone"}
FIRST = {"name": "王小明", "gender": "男", "birthday": "1990-01-02", "phone": "13812345678"}


def judged(first: dict[str, str | None], second: dict[str, str | None]) -> bool:
    """Whether two records, in every other column alike, contradict each other."""
    # Others besides, so that the columns are what they are said to be.
    others = [{"name": "李雷", "gender": "女", "birthday": "1988-03-04", "phone": f"1390000{n:04}"} for n in range(4)]
    rows = [FIRST | first, FIRST | second, *others]
    records = pa.Table.from_pylist([{"record_id": f"r{n}", **row} for n, row in enumerate(rows)])
    prepared = prepare(records, KINDS)
    specs = plan(prepared)
    levels, _ = Comparer(prepared, specs).compare(np.array([0]), np.array([1]))
    return bool(contradicted(specs, levels)[0])


@pytest.mark.parametrize(
    ("second", "wanted"),
    [
        ({}, False),
        ({"gender": "女"}, True),
        ({"gender": None}, False),
        ({"birthday": "1993-07-02"}, True),
        ({"birthday": "1990-01-03"}, False),
        ({"birthday": "1990-02-01"}, False),
        ({"name": "张伟强"}, True),
        ({"name": "王先生"}, False),
        ({"name": "Wang Xiaoming"}, False),
        ({"phone": "13999999999"}, False),
    ],
    ids=lambda one: "".join(f"{key} {value}" for key, value in one.items()) if isinstance(one, dict) else None,
)
def test_another_sex_birthday_or_name_is_another_person(second: dict[str, str | None], wanted: bool) -> None:
    assert judged({}, second) is wanted
    assert judged(second, {}) is wanted


def test_names_in_other_letters_change_with_the_language() -> None:
    """Where nobody's name is in Hanzi nothing is ruled out."""
    rows = [("john smith", "male", "1612-01-02"), ("jane doe", "female", "1700-05-06")]
    records = pa.Table.from_pylist(
        [{"record_id": f"r{n}", "name": row[0], "gender": row[1], "birthday": row[2]} for n, row in enumerate(rows)]
    )
    prepared = prepare(records, {"name": "name", "gender": "gender", "birthday": "date"})
    specs = plan(prepared)
    levels, _ = Comparer(prepared, specs).compare(np.array([0]), np.array([1]))
    assert not contradicted(specs, levels).any()


def test_caution_is_not_negative() -> None:
    with pytest.raises(MatchingError, match="caution"):
        Settings(caution=-1.0)
