"""Writers of very much leave SQLite's checkpoints to a thread: nothing is lost by it, and no commit waits for it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from onepool.state import State, checkpoints
from onepool.state.schema import meta


@pytest.fixture
def state(tmp_path: Path) -> State:
    found = State.at(tmp_path / "state.sqlite")
    with found.read() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return found


def written(state: State, name: str, count: int, *, much: bool) -> None:
    with state.write(much=much) as connection:
        connection.execute(
            insert(meta), [{"key": f"{name}{number}", "value": "x" * 3000} for number in range(count)]
        )  # fmt: skip


def in_file(path: Path, folder: Path) -> int:
    """Rows of the main file alone, without what stands in the write-ahead log."""
    alone = folder / "alone.sqlite"
    alone.write_bytes(path.read_bytes())
    with sqlite3.connect(alone) as connection:
        found = connection.execute("SELECT count(*) FROM meta WHERE value LIKE 'xxx%'").fetchone()
    connection.close()
    return int(found[0])


def test_a_commit_leaves_the_pages_where_they_are_and_a_thread_moves_them(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.sqlite"
    monkeypatch.setattr(checkpoints.Checkpoints, "soon", lambda _: None)
    written(state, "much", 2000, much=True)
    assert in_file(path, tmp_path) == 0
    monkeypatch.undo()
    written(state, "more", 2000, much=True)
    assert state._checkpoints is not None
    state._checkpoints.close()
    assert in_file(path, tmp_path) == 4000
    with state.read() as connection:
        assert len(connection.execute(select(meta.c.key)).all()) >= 4000
    state.close()


def test_other_writers_have_theirs_as_before(state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints.Checkpoints, "soon", lambda _: None)
    written(state, "much", 10, much=True)
    # Over the same connection.
    written(state, "usual", 2000, much=False)
    assert in_file(tmp_path / "state.sqlite", tmp_path) == 2010
    state.close()


def test_the_write_ahead_log_begins_anew_however_much_is_written(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "_MOST_BYTES", 4 << 20)
    sizes = []
    for number in range(12):
        written(state, f"{number}:", 500, much=True)
        sizes.append((tmp_path / "state.sqlite-wal").stat().st_size)
    assert max(sizes) < 9 << 20
    state.close()


def test_a_transaction_that_fails_leaves_nothing_behind(state: State, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), state.write(much=True) as connection:
        connection.execute(insert(meta), [{"key": "never", "value": "xxxx"}])
        raise RuntimeError
    with state.read() as connection:
        assert connection.execute(select(meta.c.key).where(meta.c.key == "never")).first() is None
        assert connection.exec_driver_sql("PRAGMA wal_autocheckpoint").scalar_one() == 1000
    state.close()


def test_a_checkpoint_that_fails_harms_nobody(state: State, tmp_path: Path) -> None:
    found = checkpoints.Checkpoints(tmp_path / "nowhere" / "state.sqlite")
    found.soon()
    found.close()
    state.close()
