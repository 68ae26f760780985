"""Whole tables as columns are what the rows say, whatever is in them."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Float, insert, literal_column, select

from onepool.state import State
from onepool.state.columns import read
from onepool.state.schema import identifiers

_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)
_NUMBER = st.integers(-(2**63), 2**63 - 1)
COLUMNS = ["id", "key", "type", "scope", "value", "first_seen", "base", "witness_time"]
rows = st.lists(
    st.tuples(
        st.integers(0, 60),
        st.binary(max_size=16),
        _TEXT,
        _TEXT,
        _TEXT,
        _NUMBER,
        _NUMBER | st.none(),
        st.none() | _NUMBER,
    ),
    max_size=12,
    unique_by=(lambda row: row[0], lambda row: row[1]),
)


@settings(max_examples=40, deadline=None)
@given(said=rows, block=st.integers(1, 70))
def test_columns_hold_what_rows_hold(said: list[tuple[Any, ...]], block: int) -> None:
    with TemporaryDirectory() as folder:
        state = State.at(Path(folder) / "state.sqlite")
        try:
            made = [dict(zip(COLUMNS, row, strict=True)) | {"last_seen": 0, "witness": 0} for row in said]
            with state.write() as connection:
                if made:
                    connection.execute(insert(identifiers), made)
            table = identifiers
            wanted = [table.c[name] for name in COLUMNS]
            both = (table.c.type + "\x1f" + table.c.scope).label("both")
            parts = list(read(state, table, [*wanted, both], block=block))
            found = pa.concat_tables([part.cast(pa.schema(_plain(part.schema))) for part in parts]).to_pylist()
            assert found == [
                {**{name: row[name] for name in COLUMNS}, "both": f"{row['type']}\x1f{row['scope']}"}
                for row in sorted(made, key=lambda row: row["id"])
            ]
            some = list(read(state, table, [table.c.base], table.c.base.is_not(None), block=block))
            with state.read() as connection:
                query = select(table.c.base).where(table.c.base.is_not(None)).order_by(table.c.id)
                assert pa.concat_tables(some)["base"].to_pylist() == list(connection.execute(query).scalars())
        finally:
            state.close()


def _plain(schema: pa.Schema) -> list[pa.Field]:
    return [pa.field(f.name, f.type.value_type if pa.types.is_dictionary(f.type) else f.type) for f in schema]


def test_what_can_not_be_read_says_so(tmp_path: Path) -> None:
    state = State.at(tmp_path / "state.sqlite")
    with pytest.raises(TypeError, match="can't be read as columns"):
        list(read(state, identifiers, [literal_column("1.5", Float).label("x")]))
    state.close()
