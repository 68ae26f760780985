from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from onepool.collect.group_commit import GroupCommit, Overloaded
from onepool.collect.log import LogUnavailable, NewRecord, Record, SqliteLog


def new(body: bytes = b"{}") -> NewRecord:
    return NewRecord(datetime(2026, 1, 1, tzinfo=UTC), "shop", "segment", b"{}", body)


class FakeLog:
    """Keeps groups in memory; can be held back and can fail."""

    def __init__(self) -> None:
        self.groups: list[list[NewRecord]] = []
        self.probes = 0
        self.failing: Exception | None = None
        self.open = threading.Event()
        self.open.set()
        self.entered = threading.Event()

    def append(self, records: Sequence[NewRecord]) -> list[int]:
        self.entered.set()
        self.open.wait()
        if self.failing is not None:
            raise self.failing
        if not records:
            self.probes += 1
            return []
        first = sum(map(len, self.groups)) + 1
        self.groups.append(list(records))
        return list(range(first, first + len(records)))

    def read(self, after: int, max_records: int, max_bytes: int) -> list[Record]:
        return []

    def get(self, offsets: Sequence[int]) -> list[Record]:
        return []

    def end(self) -> int:
        return sum(map(len, self.groups))

    def close(self) -> None:
        pass


def run(story: Coroutine[Any, Any, None]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(story, 20)

    asyncio.run(bounded())


def test_requests_that_wait_together_share_a_commit() -> None:
    async def story() -> None:
        log = FakeLog()
        log.open.clear()
        writer = GroupCommit(log)
        first = writer.append(new(b"0"))
        await asyncio.to_thread(log.entered.wait)
        rest = [writer.append(new(str(n).encode())) for n in range(1, 50)]
        assert writer.queued == 49
        assert not first.done()
        log.open.set()
        assert await asyncio.gather(first, *rest) == list(range(1, 51))
        assert [len(group) for group in log.groups] == [1, 49]
        assert [record.body for record in log.groups[1]] == [str(n).encode() for n in range(1, 50)]
        assert (writer.figures.commits, writer.figures.records) == (2, 50)
        await writer.close()

    run(story())


def test_more_than_may_wait_is_refused_at_once_and_the_rest_is_kept() -> None:
    async def story() -> None:
        log = FakeLog()
        log.open.clear()
        writer = GroupCommit(log, max_records=3, max_bytes=100)
        futures = [writer.append(new())]
        await asyncio.to_thread(log.entered.wait)
        futures += [writer.append(new()) for _ in range(3)]
        with pytest.raises(Overloaded):
            writer.append(new())
        log.open.set()
        assert await asyncio.gather(*futures) == [1, 2, 3, 4]

        log.entered.clear()
        log.open.clear()
        big = [writer.append(new(b"x" * 500))]  # alone it may be larger than the bound: it must get through
        await asyncio.to_thread(log.entered.wait)
        big.append(writer.append(new(b"x" * 90)))
        with pytest.raises(Overloaded):
            writer.append(new(b"x" * 20))
        log.open.set()
        assert await asyncio.gather(*big) == [5, 6]
        await writer.close()

    run(story())


def test_a_failed_group_is_told_so_and_the_next_one_works() -> None:
    async def story() -> None:
        log = FakeLog()
        log.failing = LogUnavailable("disk full", hint="free some")
        writer = GroupCommit(log, probe_seconds=3600)
        assert writer.trouble is None
        results = await asyncio.gather(writer.append(new()), writer.append(new()), return_exceptions=True)
        assert all(isinstance(result, LogUnavailable) for result in results)
        assert writer.trouble is log.failing
        assert log.groups == []
        log.failing = None
        assert await writer.append(new()) == 1
        assert writer.trouble is None
        await writer.close()

    run(story())


def test_a_log_in_trouble_is_probed_without_any_request() -> None:
    async def story() -> None:
        log = FakeLog()
        log.failing = LogUnavailable("disk full")
        writer = GroupCommit(log, probe_seconds=0.001)
        with pytest.raises(LogUnavailable):
            await writer.append(new())
        log.failing = None
        while writer.trouble is not None:
            await asyncio.sleep(0.001)
        assert log.probes >= 1
        assert log.groups == []
        await writer.close()

    run(story())


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_bug_in_the_log_leaves_nobody_waiting() -> None:
    async def story() -> None:
        log = FakeLog()
        log.failing = ZeroDivisionError()
        writer = GroupCommit(log)
        with pytest.raises(LogUnavailable, match="stopped"):
            await writer.append(new())
        assert writer.trouble is not None
        with pytest.raises(Overloaded):
            writer.append(new())
        await writer.close()

    run(story())


def test_a_client_that_went_away_does_not_disturb_the_others() -> None:
    async def story() -> None:
        log = FakeLog()
        log.open.clear()
        writer = GroupCommit(log)
        gone, stays = writer.append(new()), writer.append(new())
        gone.cancel()
        log.open.set()
        assert await stays in (1, 2)
        await writer.close()
        assert log.end() == 2

    run(story())


def test_closing_writes_what_waits() -> None:
    async def story() -> None:
        log = FakeLog()
        log.open.clear()
        writer = GroupCommit(log)
        futures = [writer.append(new()) for _ in range(10)]
        closing = asyncio.create_task(writer.close())
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            writer.append(new())
        log.open.set()
        await closing
        assert sorted(await asyncio.gather(*futures)) == list(range(1, 11))

    run(story())


def test_a_full_disk_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    async def story() -> None:
        log = SqliteLog(tmp_path / "log.sqlite")
        writer = GroupCommit(log, probe_seconds=3600)
        log._writer.pragma("max_page_count", 40)
        bodies = [str(n).encode() + b"x" * 5000 for n in range(300)]
        kept: dict[int, bytes] = {}
        refused = 0
        for start in range(0, 300, 10):
            group = bodies[start : start + 10]
            results = await asyncio.gather(*(writer.append(new(body)) for body in group), return_exceptions=True)
            for body, result in zip(group, results, strict=True):
                if isinstance(result, int):
                    kept[result] = body
                else:
                    assert isinstance(result, LogUnavailable)
                    refused += 1
        assert refused > 0 < len(kept)
        assert writer.trouble is not None
        log._writer.pragma("max_page_count", 1_000_000)
        kept[await writer.append(new(b"again"))] = b"again"
        assert writer.trouble is None
        await writer.close()
        assert {record.offset: record.body for record in log.read(0, 1000, 1 << 30)} == kept
        log.close()

    run(story())


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_bug_in_the_log_leaves_nobody_waiting_for_the_next_commit() -> None:
    async def story() -> None:
        log = FakeLog()
        log.failing = ZeroDivisionError()
        log.open.clear()
        writer = GroupCommit(log)
        first = writer.append(new())
        await asyncio.to_thread(log.entered.wait)
        second = writer.append(new())
        log.open.set()
        for waiting in (first, second):
            with pytest.raises(LogUnavailable, match="stopped"):
                await asyncio.wait_for(waiting, 5)
        await writer.close()

    run(story())
