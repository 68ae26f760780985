"""Whole columns give what single values give, one by one."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from onepool.standards import columns
from onepool.standards.columns import Column
from onepool.standards.faults import Fault
from onepool.standards.normalise import scalars, times
from onepool.standards.normalise.money import money

from .given import json_values

ZONE = ZoneInfo("Asia/Shanghai")


def _iso(value: Any) -> str | None:
    found = times.time(value, ZONE)
    return None if found is None else times.iso(found)


def _amount(value: Any, *, fen: bool) -> Decimal | None:
    found = money(value, fen=fen)
    return found and found[0]


PAIRS: dict[str, tuple[Callable[[list[Any]], Column], Callable[[Any], Any]]] = {
    "text": (columns.texts, scalars.text),
    "id": (lambda values: columns.texts(values, ids=True), scalars.identity),
    "integer": (columns.integers, scalars.integer),
    "number": (columns.numbers, scalars.number),
    "boolean": (columns.booleans, scalars.boolean),
    "text_list": (columns.text_lists, scalars.text_list),
    "money": (lambda values: columns.amounts(values, fen=False), lambda value: _amount(value, fen=False)),
    "fen": (lambda values: columns.amounts(values, fen=True), lambda value: _amount(value, fen=True)),
    "gender": (lambda values: columns.words(values, scalars.gender), scalars.gender),
    "time": (lambda values: columns.instants(values, ZONE, excel=False), _iso),
    "date": (
        lambda values: columns.dates(values, ZONE, excel=False),
        lambda value: times.calendar_date(value, ZONE),
    ),
}
PLAIN = st.one_of(
    st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=8), max_size=30),
    st.lists(st.none() | st.integers(-(2**65), 2**65), max_size=30),
    st.lists(st.none() | st.integers(-1_000_000, 1_000_000).map(lambda cents: cents / 100), max_size=30),
    st.lists(st.none() | st.floats(-1e12, 1e12), max_size=30),
    st.lists(st.none() | st.booleans(), max_size=30),
    st.lists(st.none() | st.datetimes().map(lambda moment: f"{moment.isoformat()}Z"), min_size=10, max_size=30),
)
# As several senders write them: a column is read in parts, each in its own way.
MOMENTS = st.lists(
    st.none()
    | st.integers(10**8, 2 * 10**16)
    | st.sampled_from(
        [10**9 - 1, 10**9, 7_258_118_400, 10**12, 10**13 - 1, 10**15, 20240102, 202401021504, 0, -(10**9)]
    )
    | st.sampled_from(["1700000000", "2024年1月2日", "0000-00-00 00:00:00", "2024-02-30 01:02:03", "x", ""])
    | st.sampled_from(["1986-05-04 02:30:00", "1940-06-01 00:30:00", "2199-01-01 00:00:00", "2300-01-01 00:00:00"])
    | st.datetimes().map(lambda moment: f"{moment.isoformat()}Z")
    | st.datetimes().map(lambda moment: moment.isoformat(" ")),
    min_size=16,
    max_size=40,
)
AMOUNTS = st.lists(
    st.none()
    | st.integers(-(2**65), 2**65)
    | st.integers(-1_000_000, 1_000_000).map(lambda cents: cents / 100)
    | st.integers(-1_000_000, 1_000_000).map(lambda cents: str(cents / 100))
    | st.sampled_from(["¥5", "USD 7", "x", "", "1,000.5", float("nan")]),
    min_size=16,
    max_size=40,
)


@pytest.mark.parametrize("name", PAIRS)
@settings(deadline=None)
@given(values=st.one_of(PLAIN, MOMENTS, AMOUNTS, st.lists(json_values(), max_size=20)))
@example(values=[1700000000123, "2024-02-28T00:00:00Z", "2024-02-28 00:00:00", None, 1700000000] * 5)
@example(values=[1.5, "2.25", None, 7, "¥3"] * 5)
@example(values=[0.00005, 0.00015, 2.5, -0.00005])
@example(values=[1e9, 1])
@example(values=["2024-02-30T00:00:00Z"] * 20)
@example(values=["2024-02-28T00:00:00.123456Z", "2024-02-28T00:00:00+08:00", None] * 10)
@example(values=[True, 1, 1.0, 0])
def test_a_column_is_its_values(name: str, values: list[Any]) -> None:
    whole, single = PAIRS[name]
    column = whole(values)
    expected: list[Any] = []
    for place, value in enumerate(values):
        try:
            expected.append(single(value))
        except Fault as fault:
            assert column.faults[place].rule == fault.rule
            expected.append(None)
        else:
            assert place not in column.faults
    if name == "time":
        assert column.json == expected
        assert column.array.cast(pa.int64()).to_pylist() == [
            None if text is None else times.time(text, ZONE) for text in expected
        ]
    else:
        assert column.array.to_pylist() == expected
        assert [type(value) for value in column.array.to_pylist()] == [type(value) for value in expected]


@settings(deadline=None)
@given(st.lists(st.none() | st.integers(-(10**9), 10**9), max_size=20))
def test_amounts_look_like_what_was_sent(cents: list[int | None]) -> None:
    values = [None if one is None else one / 100 for one in cents]
    column = columns.amounts(values, fen=False)
    assert column.json == values
    assert columns.amounts([None if one is None else str(one / 100) for one in cents], fen=False).json == values


def test_what_is_wrong_holds_on_to_nothing() -> None:
    # Its frames would keep all that is read in memory, until it is swept.
    column = columns.amounts(["x", "y"], fen=False)
    assert [fault.__traceback__ for fault in column.faults.values()] == [None, None]


def test_names_of_currencies_are_kept_beside_amounts() -> None:
    column = columns.amounts(["¥5", "6", "USD 7", None, "x"], fen=False)
    assert {place: code for place, (code, _) in column.named.items()} == {0: "CNY", 2: "USD"}
    assert list(column.faults) == [4]
