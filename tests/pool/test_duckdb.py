"""The embedded engine: transactions, snapshots, and no way out to the machine."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from onepool.pool import Columns, DuckDBEngine, PoolBusy, PoolError, schema, views

COLUMNS = Columns(
    events={"amount": "DECIMAL(18,4)", "currency": "VARCHAR", "order_id": "VARCHAR"},
    items={"product_id": "VARCHAR", "price": "DECIMAL(18,4)"},
    attributes={"name": "VARCHAR", "birthday": "DATE"},
)


@pytest.fixture
def engine() -> DuckDBEngine:
    engine = DuckDBEngine(":memory:", "Asia/Shanghai")
    with engine.write() as session:
        schema.create(session, COLUMNS)
        views.create(
            session, COLUMNS, {"product": {"product_id": "VARCHAR", "price": "DECIMAL(18,4)"}}, frozenset({"name"})
        )
    return engine


def test_an_error_rolls_back_everything(engine: DuckDBEngine) -> None:
    with pytest.raises(RuntimeError), engine.write() as session:
        session.execute("INSERT INTO customer_of VALUES (1, 1)")
        raise RuntimeError
    assert engine.query("SELECT * FROM customer_of").num_rows == 0


def test_a_reader_sees_one_snapshot(engine: DuckDBEngine) -> None:
    with engine.read() as reader:
        assert reader.query("SELECT * FROM customer_of").num_rows == 0
        with engine.write() as session:
            session.execute("INSERT INTO customer_of VALUES (1, 1)")
        assert reader.query("SELECT * FROM customer_of").num_rows == 0
    assert engine.query("SELECT * FROM customer_of").num_rows == 1


def test_instants_come_back_in_utc_whatever_the_zone(engine: DuckDBEngine) -> None:
    at = datetime(2026, 3, 1, 16, 30, tzinfo=UTC)
    found = engine.query("SELECT $at AS moment, date_trunc('day', $at) AS day", {"at": at}).to_pylist()[0]
    assert found["moment"] == at
    assert found["day"] == datetime(2026, 3, 1, 16, 0, tzinfo=UTC)  # midnight in Shanghai


def test_append_matches_columns_by_name_and_fills_the_rest(engine: DuckDBEngine) -> None:
    with engine.write() as session:
        session.append("identifiers", pa.table({"value": ["v"], "identifier_id": [7]}))
    assert engine.query("SELECT identifier_id, type, value FROM identifiers").to_pylist() == [
        {"identifier_id": 7, "type": None, "value": "v"}
    ]


def test_a_session_input_is_gone_afterwards(engine: DuckDBEngine) -> None:
    with engine.read() as session:
        session.relation("mine", pa.table({"a": [1, 2]}))
        assert session.query("SELECT sum(a) AS s FROM mine").column("s").to_pylist() == [3]
    with pytest.raises(PoolError):
        engine.query("SELECT * FROM mine")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "COPY (SELECT 1) TO 'out.csv'",
        "ATTACH 'other.duckdb'",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "LOAD httpfs",
    ],
)
def test_a_query_cannot_reach_the_machine(engine: DuckDBEngine, sql: str) -> None:
    with pytest.raises(PoolError):
        engine.query(sql)


def test_new_columns_of_the_standard_are_added_and_nothing_is_dropped(engine: DuckDBEngine) -> None:
    with engine.write() as session:
        session.execute("INSERT INTO events (seq, amount) VALUES (1, 2.5)")
        wider = Columns({**COLUMNS.events, "colour": "VARCHAR"}, COLUMNS.items, COLUMNS.attributes)
        schema.create(session, wider)
    assert engine.query("SELECT seq, colour FROM events").to_pylist() == [{"seq": 1, "colour": None}]


def test_a_field_may_not_take_a_column_of_the_pool() -> None:
    with pytest.raises(PoolError, match="event_id"):
        schema.tables(Columns({"event_id": "VARCHAR"}, {}, {}))


def test_analysts_see_phones_and_names_masked(engine: DuckDBEngine) -> None:
    with engine.write() as session:
        session.execute(
            """INSERT INTO identifiers (identifier_id, type, scope, value)
            VALUES (1, 'phone', '', '+8613800138000'), (2, 'email', '', 'anna@example.com')"""
        )
        session.execute("INSERT INTO customer_of VALUES (1, 1), (2, 1)")
        session.execute("INSERT INTO profiles (customer_id, name) VALUES (1, '王小明')")
    values = engine.query("SELECT value FROM analyst.identifiers ORDER BY type").column("value").to_pylist()
    assert values == ["a***@example.com", "+86138****8000"]
    assert engine.query("SELECT name FROM analyst.customers").column("name").to_pylist() == ["王**"]


def test_views_are_made_again_where_what_they_are_made_from_changed(engine: DuckDBEngine) -> None:
    def made(columns: Columns, personal: set[str]) -> dict[str, int]:
        with engine.write() as session:
            schema.create(session, columns)
            views.create(session, columns, {}, frozenset(personal))
        found = engine.query("SELECT view_name, view_oid FROM duckdb_views() WHERE schema_name = 'analyst'")
        return dict(zip(*found.to_pydict().values(), strict=True))

    first = made(COLUMNS, {"name"})
    assert made(COLUMNS, {"name"}) == first, "left alone"
    unmasked = made(COLUMNS, set())
    assert unmasked.keys() == first.keys() and not set(unmasked.values()) & set(first.values())
    wider = Columns(COLUMNS.events, {**COLUMNS.items, "colour": "VARCHAR"}, COLUMNS.attributes)
    assert made(wider, set()) != unmasked
    assert "colour" in engine.query("SELECT * FROM analyst.order_items").column_names
    with engine.write() as session:
        session.execute("DROP VIEW analyst.orders")
    assert made(wider, set()).keys() == first.keys(), "one that is gone is made again"


def test_one_process_holds_a_pool(tmp_path: Path) -> None:
    path = tmp_path / "pool.duckdb"
    engine = DuckDBEngine(path)
    code = (
        "import sys\nfrom onepool.pool import DuckDBEngine, PoolBusy\n"
        "try:\n    DuckDBEngine(sys.argv[1])\nexcept PoolBusy:\n    print('busy')"
    )
    found = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "busy"
    engine.close()
    assert PoolBusy.code == "pool-busy"
