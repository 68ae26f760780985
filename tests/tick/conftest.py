"""A workspace with a clock that stands still, and a way to send events into its log."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from onepool.clock import FakeClock
from onepool.collect.log import NewRecord
from onepool.tick import Worker
from onepool.workspace import Workspace, init_workspace, open_workspace

START = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)


@dataclass
class World:
    """One workspace under test. `worker` is opened on first use and after `restart`."""

    root: Path
    clock: FakeClock
    workspace: Workspace
    _worker: Worker | None = field(default=None)
    _number: int = 0

    @property
    def worker(self) -> Worker:
        if self._worker is None:
            self._worker = Worker(self.workspace)
        return self._worker

    def send(self, *events: dict[str, Any], sent_at: datetime | None = None) -> None:
        """One request with these track calls (given as Segment events); missing ids and times are filled in."""
        batch = []
        for event in events:
            self._number += 1
            filled = {"type": "track", "messageId": f"m{self._number}", "timestamp": self.clock.now().isoformat()}
            batch.append(filled | event)
        body = {"batch": batch} | ({"sentAt": sent_at.isoformat()} if sent_at else {})
        raw = json.dumps(body, ensure_ascii=False).encode()
        self.workspace.log.append([NewRecord(self.clock.now(), "shop", "segment", b'{"call":"batch"}', raw)])

    def drain(self) -> None:
        self.worker.drain()

    def settle(self) -> None:
        """Let a second pass and apply everything: an event counts from the instant after it."""
        self.clock.advance(timedelta(seconds=1))
        self.drain()

    def rows(self, sql: str, **params: object) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.workspace.pool.query(sql, params).to_pylist()
        return rows

    def value(self, sql: str, **params: object) -> Any:
        (row,) = self.rows(sql, **params)
        return next(iter(row.values()))

    def restart(self) -> None:
        """What a new process would find."""
        self.close()
        self.workspace = open_workspace(self.root, self.clock)

    def close(self) -> None:
        if self._worker is not None:
            self._worker.close()
            self._worker = None
        self.workspace.close()

    def define(self, kind: str, name: str, **body: Any) -> None:
        named = {} if kind == "standard" else {kind: name}
        self.workspace.save(kind, name, named | body, author="test")


def make_world(root: Path) -> World:
    """A workspace with one touchpoint, `shop`."""
    clock = FakeClock(START)
    workspace = init_workspace(root, clock=clock)
    world = World(root, clock, workspace)
    world.define("touchpoint", "shop", channel="web", title="shop", write_key="wk")
    return world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = make_world(tmp_path / "ws")
    yield made
    made.close()


@pytest.fixture
def worlds(tmp_path: Path) -> Iterator[Callable[[], World]]:
    made: list[World] = []

    def make() -> World:
        made.append(make_world(tmp_path / f"ws{len(made)}"))
        return made[-1]

    yield make
    for one in made:
        one.close()
