"""Running a worker: alone in its workspace, tick after tick until told to stop."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

import structlog
from filelock import FileLock, Timeout

from onepool.clock import to_micros
from onepool.errors import OnePoolError
from onepool.privacy.masking import mask_text
from onepool.state.watch import Watch
from onepool.workspace import Workspace

_logger = structlog.get_logger(__name__)

_LIVELY: Final = 1.0
"""Seconds for which everything is looked at at each turn after somebody wrote: what follows may take some turns."""

_REST: Final = 1.0
"""Seconds after which everything is looked at though nobody wrote: windows run out and days begin by time alone."""


class WorkerBusy(OnePoolError):
    """Another worker runs in this workspace."""

    code = "worker-busy"


class Ticking(Protocol):
    """What is run: `problem` says why the last tick failed."""

    problem: str | None

    def step(self) -> bool: ...


def take_lock(workspace: Workspace, path: Path | None = None) -> FileLock:
    """Take the right to be the worker of a workspace. Raises WorkerBusy."""
    workspace.data.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path or workspace.data / "worker.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise WorkerBusy(
            "a worker runs in this workspace already", where=str(workspace.root), hint="stop it first"
        ) from error
    return lock


class Quiet:
    """Whether a look at everything (some ten milliseconds of processor time) can be left out: nobody wrote into the log
    or the state since the last ones, and no instant has come for which something waits."""

    def __init__(self, workspace: Workspace, offset: Callable[[], int], wanted: Callable[[], int | None]) -> None:
        """`offset`: how far the log is taken; `wanted`: the next instant known, microseconds."""
        self._ws = workspace
        self._offset = offset
        self._wanted = wanted
        self._watch = Watch(workspace.state)
        self._mark: object = None
        self._changed = self._looked = time.monotonic()

    def looked(self) -> None:
        """Everything was looked at now."""
        self._looked = time.monotonic()

    def __call__(self) -> bool:
        mark, now = self._watch.mark(), time.monotonic()
        if mark != self._mark:
            self._mark, self._changed = mark, now
        if now - self._changed < _LIVELY or now - self._looked >= _REST:
            return False
        wanted = self._wanted()
        if wanted is not None and to_micros(self._ws.clock.now()) >= wanted:
            return False
        return self._ws.log.end() <= self._offset()

    def close(self) -> None:
        """Let go of the watch."""
        self._watch.close()


def run_until(
    stop: threading.Event,
    worker: Ticking,
    workspace: Workspace,
    offset: Callable[[], int],
    wanted: Callable[[], int | None] = lambda: None,
) -> None:
    """Ticks until `stop` is set. A failing tick is logged, shown as `problem`, and tried again.

    `offset`, `wanted`: as `Quiet` asks for them.
    """
    idle = workspace.settings.tick.idle_milliseconds / 1000
    with contextlib.closing(Quiet(workspace, offset, wanted)) as quiet:
        while not stop.is_set():
            try:
                busy = worker.step()
                worker.problem = workspace.problem = None
                quiet.looked()
                while not busy and not stop.wait(idle) and quiet():
                    pass
            # Whatever it was: a server without its tick would look well and do nothing.
            except Exception as error:  # noqa: BLE001
                worker.problem = workspace.problem = mask_text(str(error) or repr(error))
                _logger.error("tick failed", error=worker.problem, kind=type(error).__name__, offset=offset())
                stop.wait(1.0)
