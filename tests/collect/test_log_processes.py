from __future__ import annotations

import multiprocessing
import threading
from datetime import UTC, datetime
from pathlib import Path

from onepool.collect.log import NewRecord, SqliteLog

PROCESSES, APPENDS, GROUP = 3, 40, 5


def append_many(path: Path, name: str) -> None:
    log = SqliteLog(path)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    for turn in range(APPENDS):
        group = [NewRecord(now, name, "segment", b"{}", f"{turn} {n}".encode()) for n in range(GROUP)]
        offsets = log.append(group)
        found = log.get(offsets)
        assert [(record.touchpoint, record.body) for record in found] == [(one.touchpoint, one.body) for one in group]
    log.close()


def test_several_processes_append_and_a_reader_never_misses_an_offset(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    log = SqliteLog(path)
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=append_many, args=(path, f"p{n}")) for n in range(PROCESSES)]
    for writer in writers:
        writer.start()
    finished = threading.Event()
    waiting = threading.Thread(target=lambda: ([writer.join() for writer in writers], finished.set()))
    waiting.start()

    # Follows the log while it grows: an offset that appeared late, behind a larger one, would be missed here.
    seen: list[tuple[str, bytes]] = []
    after = 0
    while True:
        last_look = finished.is_set()
        records = log.read(after, 7, 1 << 20)
        assert [record.offset for record in records] == list(range(after + 1, after + 1 + len(records)))
        seen += [(record.touchpoint, record.body) for record in records]
        after += len(records)
        if last_look and not records:
            break
    waiting.join()
    assert [writer.exitcode for writer in writers] == [0] * PROCESSES
    assert after == log.end() == PROCESSES * APPENDS * GROUP
    for n in range(PROCESSES):
        own = [body for name, body in seen if name == f"p{n}"]
        assert own == [f"{turn} {n}".encode() for turn in range(APPENDS) for n in range(GROUP)]
    log.close()
