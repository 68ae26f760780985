"""Who runs a worker lets it rest, and wakes it: each thing that is to wake it, alone."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest

from onepool.clock import FakeClock, to_micros
from onepool.collect.log import NewRecord
from onepool.state.store import set_meta
from onepool.state.watch import Watch
from onepool.tick import running
from onepool.workspace import Workspace, init_workspace

from .conftest import START

BEGUN, WOKEN, LAST = 60, 100, 160
"""Turns: by when it rests, when it is woken, and the last one; of 50 milliseconds each."""

_ELSEWHERE = "import sqlite3, sys; sqlite3.connect(sys.argv[1], isolation_level=None).execute(sys.argv[2])"


class Turns(threading.Event):
    """A signal to stop whose waits are turns, at one of which something happens; time goes by in them alone."""

    def __init__(self, happens: Callable[[], object]) -> None:
        super().__init__()
        self.turn, self.now, self._happens = 0, 1000.0, happens

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.turn, self.now = self.turn + 1, self.now + timeout
        if self.turn == WOKEN:
            self._happens()
        if self.turn == LAST:
            self.set()
        return self.is_set()


class Counting:
    """A worker with nothing to do, who notes at which turns it looked."""

    problem: str | None = None

    def __init__(self, workspace: Workspace, failing: int = 0) -> None:
        self.turns: Turns
        self.looked: list[int] = []
        self.problems: list[str | None] = []
        self.offset = 0
        self._ws, self._failing = workspace, failing

    def step(self) -> bool:
        self.looked.append(self.turns.turn)
        self.problems.append(self._ws.problem)
        self.offset = self._ws.log.end()
        if self._failing and self.turns.turn >= WOKEN:
            self._failing -= 1
            raise LookupError("somebody@example.com is not there")
        return False

    def between(self, first: int, last: int) -> list[int]:
        return [turn for turn in self.looked if first <= turn < last]


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    made = init_workspace(tmp_path / "ws", clock=FakeClock(START))
    yield made
    made.close()


@pytest.fixture
def run(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Counting]:
    """Runs a worker in which nothing happens but what is given; by time alone it is not woken."""
    monkeypatch.setattr(running, "_REST", 1e9)

    def ran(happens: Callable[[], object], wanted: int | None = None, failing: int = 0) -> Counting:
        worker, turns = Counting(workspace, failing), Turns(happens)
        worker.turns = turns
        monkeypatch.setattr(running, "time", SimpleNamespace(monotonic=lambda: turns.now))
        running.run_until(turns, worker, workspace, lambda: worker.offset, lambda: wanted)
        assert worker.looked[0] == 0 and not worker.between(BEGUN, WOKEN)
        return worker

    return ran


def test_nothing_happens(run: Callable[..., Counting]) -> None:
    assert not run(lambda: None).between(WOKEN, LAST)


def test_a_record_in_the_log(workspace: Workspace, run: Callable[..., Counting]) -> None:
    """Once is enough: it takes all that there is."""
    worker = run(lambda: workspace.log.append([NewRecord(START, "shop", "segment", b"{}", b"{}")]))
    assert worker.between(WOKEN, LAST) == [WOKEN]


@pytest.mark.parametrize("who", ["this process", "another"])
def test_a_write_into_the_state(workspace: Workspace, run: Callable[..., Counting], who: str) -> None:
    """What follows may take some turns."""

    def writes() -> None:
        if who == "this process":
            with workspace.state.write() as connection:
                set_meta(connection, "watched", "1")
        else:
            sql = "INSERT INTO meta (key, value) VALUES ('watched', '1')"
            file = str(workspace.state.engine.url.database)
            subprocess.run([sys.executable, "-S", "-c", _ELSEWHERE, file, sql], check=True)

    worker = run(writes)
    assert worker.between(WOKEN, LAST)[:5] == list(range(WOKEN, WOKEN + 5))
    assert not worker.between(WOKEN + BEGUN, LAST) and len(worker.between(WOKEN, LAST)) < BEGUN


def test_an_instant_that_something_waits_for(workspace: Workspace, run: Callable[..., Counting]) -> None:
    soon = START + timedelta(seconds=9)

    def comes(to: datetime) -> Callable[[], None]:
        return lambda: workspace.clock.set(to)  # type: ignore[attr-defined]

    worker = run(comes(soon - timedelta(microseconds=1)), to_micros(soon))
    assert not worker.between(WOKEN, LAST)
    worker = run(comes(soon), to_micros(soon))
    assert worker.between(WOKEN, LAST) == list(range(WOKEN, LAST))


def test_a_state_that_cannot_be_asked(run: Callable[..., Counting], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows whether somebody wrote, so it looks; whatever is wrong ends no worker."""

    def fails(_watch: Watch) -> object:
        raise ConnectionError("the database went away")

    worker = run(lambda: monkeypatch.setattr(Watch, "_ask", fails))
    assert worker.between(WOKEN, LAST) == list(range(WOKEN, LAST))


def test_time_alone(run: Callable[..., Counting], monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows run out, and days begin: with nothing else it looks again after a second."""
    worker = run(lambda: monkeypatch.setattr(running, "_REST", 1.0))
    looked = worker.between(WOKEN, LAST)
    assert looked[0] == WOKEN and 2 <= len(looked) <= 4
    assert all(20 <= later - sooner <= 21 for sooner, later in pairwise(looked))


def test_a_failing_tick_is_told_and_tried_again(workspace: Workspace, run: Callable[..., Counting]) -> None:
    worker = run(lambda: workspace.log.append([NewRecord(START, "shop", "segment", b"{}", b"{}")]), failing=2)
    assert worker.between(WOKEN, LAST)[:3] == [WOKEN, WOKEN + 1, WOKEN + 2]
    told = [problem for turn, problem in zip(worker.looked, worker.problems, strict=True) if turn > WOKEN]
    assert all(problem is not None and "somebody" not in problem for problem in told[:2]) and len(told) >= 2
    assert worker.problem is None and workspace.problem is None
