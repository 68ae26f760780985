"""What the state promises, on SQLite and on PostgreSQL: one writer at a time, versions, whole tables as columns."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from sqlalchemy import Connection, func, insert, select, text
from sqlalchemy.exc import DatabaseError
from tests.postgres import postgres_server as postgres_server
from tests.postgres import state as state
from tests.postgres import state_url as state_url
from tests.state.test_definitions import test_a_deleted_definition_is_gone_but_its_history_stays as test_deleted
from tests.state.test_definitions import test_a_failed_transaction_leaves_nothing as test_failed
from tests.state.test_definitions import test_versions as test_versions
from tests.tick.conftest import START, World
from tests.tick.test_identity import (
    test_a_decision_moves_all_history_with_the_next_tick_and_an_undo_gives_it_back as test_decision,
)
from tests.tick.test_recovery import (
    test_a_definition_that_fails_in_an_unforeseen_way_costs_no_records as test_failing_definition,
)
from tests.tick.test_spine import test_a_crash_between_the_commits_of_state_and_pool_changes_nothing as test_cut_short
from tests.tick.test_spine import test_a_rebuilt_pool_has_the_same_contents as test_rebuilt
from tests.tick.test_spine import test_publish_tells_who_came_and_went as test_outcomes
from tests.tick.test_spine import test_the_state_keeps_links_with_their_evidence as test_links
from tests.tick.test_tag_jobs import (
    test_a_job_that_is_cut_short_runs_again_and_is_taken_in_once as test_jobs,
)

from onepool.clock import FakeClock
from onepool.definitions import Definitions
from onepool.state import State, StateError
from onepool.state.bulk import insert_alike, insert_many, update_alike
from onepool.state.columns import read
from onepool.state.journeys import runs
from onepool.state.schema import audit, identifiers
from onepool.state.store import get_meta, set_meta
from onepool.state.watch import Watch
from onepool.workspace import init_workspace

__all__ = [
    "test_cut_short", "test_decision", "test_deleted", "test_failed", "test_failing_definition", "test_jobs",
    "test_links", "test_outcomes", "test_rebuilt", "test_versions",
]  # fmt: skip
AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def world(tmp_path: Path, postgres_server: Callable[[], str]) -> Iterator[World]:
    """A workspace whose state is on PostgreSQL: the tests that take it run on SQLite elsewhere."""
    (tmp_path / "address").write_text(postgres_server())
    clock = FakeClock(START)
    workspace = init_workspace(tmp_path / "ws", f"state: file:{tmp_path}/address\n", clock)
    made = World(tmp_path / "ws", clock, workspace)
    made.define("touchpoint", "shop", channel="web", title="shop", write_key="wk")
    yield made
    made.close()


def test_a_writer_sees_what_the_writer_before_it_committed(state_url: str) -> None:
    state = State(state_url)
    threads = [threading.Thread(target=_count_up, args=(state, 25)) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert state.meta("counter") == "100"
    state.close()


def _count_up(state: State, times: int) -> None:
    for _ in range(times):
        with state.write() as connection:
            set_meta(connection, "counter", str(int(get_meta(connection, "counter") or 0) + 1))


def test_readers_do_not_wait_for_a_writer_and_see_nothing_half_done(state: State) -> None:
    with state.write() as connection:
        set_meta(connection, "k", "v")
        assert state.meta("k") is None
    assert state.meta("k") == "v"


def test_many_open_an_empty_state_at_once(postgres_server: Callable[[], str], tmp_path: Path) -> None:
    # A schema of its own without tables in it, in a database that has others.
    address = postgres_server()
    with (first := State(address)).write() as connection:
        connection.exec_driver_sql("CREATE SCHEMA apart")
    first.close()
    for url in (f"{address}?options=-csearch_path%3Dapart", f"sqlite:///{tmp_path}/together.sqlite"):
        problems: list[Exception] = []

        def opened(url: str = url, problems: list[Exception] = problems) -> None:
            try:
                State(url).close()
            except Exception as error:  # noqa: BLE001 whatever goes wrong is told
                problems.append(error)

        threads = [threading.Thread(target=opened) for _ in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert problems == []
        state = State(url)
        assert int(state.meta("schema_version") or 0) > 0
        state.close()


def test_a_state_of_another_version_is_refused(state_url: str) -> None:
    state = State(state_url)
    with state.write() as connection:
        set_meta(connection, "schema_version", "99")
    state.close()
    with pytest.raises(StateError, match="99"):
        State(state_url)


def test_a_server_that_is_not_there_says_so_without_the_password() -> None:
    with pytest.raises(StateError) as error:
        State("postgresql+psycopg://somebody:secret@127.0.0.1:1/none")
    assert "secret" not in f"{error.value} {error.value.where}"


def test_many_rows_and_whole_tables_as_columns(state: State) -> None:
    names = ["id", "key", "type", "scope", "value", "first_seen", "last_seen", "base", "generation", "witness"]
    rows = [
        (number, number.to_bytes(16, "big"), "电话", "", f"值'{number}\\", -number, 2**62 + number,
         None if number % 3 else number, 0, 0)
        for number in range(1, 2500)
    ]  # fmt: skip
    with state.write() as connection:
        insert_many(connection, insert(identifiers), names, rows)
    columns = [identifiers.c[name] for name in names[:8]]
    found = pa.concat_tables(list(read(state, identifiers, columns, block=700)), promote_options="default")
    assert found["value"].to_pylist() == [row[4] for row in rows]
    assert found["base"].to_pylist() == [row[7] for row in rows]
    assert found["key"].to_pylist() == [row[1] for row in rows]
    assert found["last_seen"].to_pylist() == [row[6] for row in rows]


def test_saving_a_definition_by_several_at_once_gives_each_a_version(state_url: str) -> None:
    state = State(state_url)

    def save(number: int) -> None:
        definitions = Definitions(state, FakeClock(AT))
        for part in range(5):
            definitions.save("segment", "vip", {"when": {"tag": f"t{number}_{part}"}}, author="li")

    threads = [threading.Thread(target=save, args=(number,)) for number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    history = Definitions(state, FakeClock(AT)).history("segment", "vip")
    assert sorted(one.version for one in history) == list(range(1, 21))
    with state.read() as connection:
        assert connection.execute(select(func.count()).select_from(audit)).scalar_one() >= 0
    state.close()


def test_many_alike_rows_are_written_and_changed_at_once(state: State) -> None:
    numbers = list(range(1, 520))
    same = {"version_id": 1, "node": 0, "visit": 0, "hop": 0, "state": 2, "entered": 5, "arrived": 5, "depth": 0,
            "seq": 1, "reason": None}  # fmt: skip
    texts = [f"键'{number}\\" if number % 2 else "" for number in numbers]
    vars_ = [None if number % 3 else '{"a": "\\n"}' for number in numbers]
    with state.write() as connection:
        columns = {"run_id": numbers, "customer_id": [2**40 + one for one in numbers], "key": texts, "vars": vars_}
        insert_alike(connection, runs, columns, same)
        insert_alike(connection, runs, {"run_id": []}, same)
        update_alike(connection, runs, "run_id", numbers[:300], {"due": numbers[:300]}, {"state": 4, "reason": "rate"})
        update_alike(connection, runs, "run_id", [], {}, {"state": 9})
        update_alike(connection, runs, "run_id", [7], {}, {"due": None})
        found = connection.execute(select(runs).order_by(runs.c.run_id)).all()
    assert [(row.run_id, row.customer_id, row.key, row.vars) for row in found] == [
        (number, 2**40 + number, key, said) for number, key, said in zip(numbers, texts, vars_, strict=True)
    ]
    assert [(row.due, row.state, row.reason) for row in found] == [
        ((None if number == 7 else number), 4, "rate") if number <= 300 else (None, 2, None) for number in numbers
    ]
    with pytest.raises(DatabaseError), state.write() as connection:
        insert_alike(connection, runs, {"run_id": [9_000, 1], "customer_id": [1, 2]}, {**same, "key": ""})
    with state.read() as connection:
        assert connection.execute(select(func.count()).select_from(runs)).scalar_one() == len(numbers)


def test_a_mark_changes_with_every_write_of_anybody(state: State) -> None:
    other = State(state.url)
    with contextlib.closing(other), contextlib.closing(Watch(state)) as watch:
        for number, writer in enumerate((state, other)):
            before = watch.mark()
            with writer.write() as connection:
                set_meta(connection, "watched", str(number))
            assert watch.mark() != before


def test_a_lost_connection_of_the_watch_is_made_anew(postgres_server: Callable[[], str]) -> None:
    address = postgres_server()
    state, other = State(address), State(address)
    with contextlib.closing(state), contextlib.closing(other), contextlib.closing(Watch(state)) as watch:
        quiet = watch.mark()
        assert watch.mark() == quiet
        with other.read() as connection:
            lost = connection.execute(
                text(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            ).scalar_one()
        assert lost > 0
        # As if somebody had written: whoever asks looks at everything.
        assert watch.mark() != quiet
        found = watch.mark()
        assert isinstance(found, str) and watch.mark() == found
        with other.write() as connection:
            set_meta(connection, "watched", "again")
        assert watch.mark() != found


def test_a_watch_over_a_database_that_is_away_tells_nothing_and_does_not_fail(tmp_path: Path) -> None:
    state = State.at(tmp_path / "here" / "state.sqlite")
    state.close()
    (tmp_path / "here").rename(tmp_path / "away")
    with contextlib.closing(Watch(state)) as watch:
        assert watch.mark() != watch.mark()
        (tmp_path / "away").rename(tmp_path / "here")
        assert watch.mark() == watch.mark()


def test_a_state_of_an_earlier_edition_gets_the_indexes_of_this_one(state_url: str) -> None:
    made = State(state_url)
    with made.write() as connection:
        wanted = _indexes(connection)
        for name in ("sends_waiting_kind", "runs_due_slot"):
            connection.exec_driver_sql(f"DROP INDEX {name}")
        before = "touchpoint, journey, priority, due) WHERE state IN (1, 2, 4)"
        connection.exec_driver_sql(f"CREATE INDEX sends_waiting ON sends ({before}")
        for name, columns in (("runs_due", "due"), ("runs_due_version", "due, version_id")):
            connection.exec_driver_sql(f"CREATE INDEX {name} ON runs ({columns}) WHERE due IS NOT NULL AND state <> 5")
    made.close()
    for _ in range(2):  # and again: they are there now
        opened = State(state_url)
        with opened.read() as connection:
            assert _indexes(connection) == wanted
        opened.close()


def _indexes(connection: Connection) -> dict[str, str]:
    """What each index of the tables that grow is."""
    asked = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name"
    if connection.dialect.name == "postgresql":
        asked = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename"
    return {str(name): str(sql) for name, sql in connection.exec_driver_sql(f"{asked} IN ('sends', 'runs')")}
