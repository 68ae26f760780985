from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
import pytest

from onepool.collect import log as log_module
from onepool.collect.log import LogSchemaError, LogUnavailable, NewRecord, Record, SqliteLog

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def new(body: bytes = b"{}", seconds: int = 0) -> NewRecord:
    return NewRecord(NOW + timedelta(seconds=seconds), "web-shop", "segment", b'{"ua":"x"}', body)


def test_append_gives_offsets_from_one_and_keeps_every_byte(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.sqlite")
    assert log.end() == 0
    assert log.append([new(bytes(range(256))), new(b"")]) == [1, 2]
    assert log.append([new(b"c", 1)]) == [3]
    assert log.end() == 3
    records = log.read(0, 10, 1 << 20)
    assert records == [
        Record(NOW, "web-shop", "segment", b'{"ua":"x"}', bytes(range(256)), 1),
        Record(NOW, "web-shop", "segment", b'{"ua":"x"}', b"", 2),
        Record(NOW + timedelta(seconds=1), "web-shop", "segment", b'{"ua":"x"}', b"c", 3),
    ]
    log.close()


def test_read_is_bounded_by_records_and_bytes_but_always_gets_on(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.sqlite")
    log.append([new(b"x" * 100) for _ in range(10)])
    assert [r.offset for r in log.read(0, 3, 1000)] == [1, 2, 3]
    assert [r.offset for r in log.read(3, 10, 250)] == [4, 5]
    assert [r.offset for r in log.read(5, 10, 1)] == [6]
    assert log.read(10, 10, 1000) == []
    assert [r.offset for r in log.get([7, 2, 99, 2])] == [2, 7]
    assert log.get([]) == []
    log.close()


def test_what_was_appended_is_there_after_reopening_and_for_others(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "log.sqlite"
    first = SqliteLog(path)
    second = SqliteLog(path)
    assert first.append([new()]) == [1]
    assert second.append([new(), new()]) == [2, 3]
    assert first.append([new()]) == [4]
    assert [r.offset for r in second.read(1, 10, 1 << 20)] == [2, 3, 4]
    first.close()
    second.close()
    third = SqliteLog(path)
    assert third.end() == 4
    third.close()


def test_every_commit_waits_for_the_disk(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.sqlite")
    assert log._writer.pragma("journal_mode") == "wal"
    assert log._writer.pragma("synchronous") == 2  # FULL: the WAL is synced on every commit
    log.close()


def test_an_empty_append_proves_writability_and_adds_nothing(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.sqlite")
    assert log.append([]) == []
    assert log.end() == 0
    log.close()


def test_a_full_disk_appends_nothing_and_recovers(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.sqlite")
    log.append([new(b"first")])
    log._writer.pragma("max_page_count", 4)
    with pytest.raises(LogUnavailable, match="full") as caught:
        log.append([new(b"small"), new(b"x" * 1_000_000)])
    assert caught.value.hint is not None
    assert [r.body for r in log.read(0, 10, 1 << 30)] == [b"first"]
    log._writer.pragma("max_page_count", 1_000_000)
    assert log.append([new(b"x" * 1_000_000)]) == [2]
    log.close()


def test_a_large_wal_begins_anew_after_a_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_module, "_PASSIVE_PAGES", 1 << 30)  # the test moves the pages itself
    monkeypatch.setattr(log_module, "_RESTART_PAGES", 32)
    log = SqliteLog(tmp_path / "log.sqlite")
    for _ in range(20):
        log.append([new(b"x" * 100_000)])
    assert log._wal_pages > 100
    connection = log._open()
    log._move_pages(connection)
    connection.close()
    log.append([new(b"after")])
    assert log._wal_pages < 10
    assert log.end() == 21
    log.close()


def test_the_checkpointer_works_beside_appends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_module, "_PASSIVE_PAGES", 4)
    monkeypatch.setattr(log_module, "_RESTART_PAGES", 16)
    log = SqliteLog(tmp_path / "log.sqlite")
    offsets = [log.append([new(b"x" * 50_000), new()]) for _ in range(50)]
    assert offsets == [[n, n + 1] for n in range(1, 101, 2)]
    assert [record.offset for record in log.read(0, 1000, 1 << 30)] == list(range(1, 101))
    log.close()


def test_other_files_are_refused_with_a_clear_error(tmp_path: Path) -> None:
    garbage = tmp_path / "garbage"
    garbage.write_bytes(b"no database at all" * 100)
    with pytest.raises(LogSchemaError, match="not a SQLite database"):
        SqliteLog(garbage)

    other = apsw.Connection(str(tmp_path / "other.sqlite"))
    other.execute("CREATE TABLE t (x)")
    other.close()
    with pytest.raises(LogSchemaError, match="not a log"):
        SqliteLog(tmp_path / "other.sqlite")

    SqliteLog(tmp_path / "newer.sqlite").close()
    newer = apsw.Connection(str(tmp_path / "newer.sqlite"))
    newer.pragma("user_version", 99)
    newer.close()
    with pytest.raises(LogSchemaError, match="format 99"):
        SqliteLog(tmp_path / "newer.sqlite")


def test_a_place_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(LogUnavailable):
        SqliteLog(tmp_path / "file" / "log.sqlite")
