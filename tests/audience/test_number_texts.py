"""Numbers as a tag's text: the kernel writes what the engine's expression writes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from onepool.audience.conditions.compiler.output import Output
from onepool.audience.conditions.compiler.sql import col
from onepool.audience.conditions.compiler.vectors import Type, Vector
from onepool.audience.tags.assembled import texts_of
from onepool.audience.tags.measures import number_text
from onepool.pool import DuckDBEngine

HALVES = st.integers(-(10**12), 10**12).map(lambda value: (2 * value + 1) / 20_000)
NUMBERS = st.one_of(
    st.floats(-1e14, 1e14, allow_nan=False), HALVES, HALVES.map(lambda one: float(np.nextafter(one, np.inf))),
    st.sampled_from([0.0, -0.0, 0.00005, -0.00005, 0.00004999, 100.0, 99.99, 1e14]),
)  # fmt: skip


def _output(kind, values):
    output = Output(kind, len(values))
    output.put(slice(None), Vector(np.array(values)))
    return output


@settings(deadline=None, max_examples=60)
@given(st.lists(NUMBERS, min_size=1, max_size=40))
def test_numbers_are_written_as_the_engine_writes_them(values):
    engine = DuckDBEngine(":memory:")
    with engine.read() as session:
        session.relation("numbers", pa.table({"n": pa.array(values, pa.float64())}))
        text = number_text(col("n")).sql("duckdb")
        wanted = session.query(f"SELECT {text} AS text FROM numbers").column("text").to_pylist()
    engine.close()
    found = texts_of(_output(Type("double"), values), np.arange(len(values)))
    assert found is not None and found.to_pylist() == wanted


def test_whole_numbers_and_money_have_no_idle_zeros():
    rows = np.arange(3)
    assert texts_of(_output(Type("whole"), [0, -12, 3_000]), rows).to_pylist() == ["0", "-12", "3000"]
    money = _output(Type("decimal", 4), [5_000, -1, 1_000_000])
    assert texts_of(money, rows).to_pylist() == ["0.5", "-0.0001", "100"]


def test_numbers_too_large_to_be_written_here_are_left_to_the_engine():
    assert texts_of(_output(Type("double"), [1e20]), np.arange(1)) is None
    assert texts_of(_output(Type("whole"), [1 << 60]), np.arange(1)) is None
