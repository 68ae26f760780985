"""Running a worker: alone in its workspace, tick after tick until told to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import structlog
from filelock import FileLock, Timeout

from onepool.errors import OnePoolError
from onepool.privacy.masking import mask_text
from onepool.workspace import Workspace

_logger = structlog.get_logger(__name__)


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


def run_until(stop: threading.Event, worker: Ticking, workspace: Workspace, offset: Callable[[], int]) -> None:
    """Ticks until `stop` is set. A failing tick is logged, shown as `problem`, and tried again."""
    idle = workspace.settings.tick.idle_milliseconds / 1000
    while not stop.is_set():
        try:
            busy = worker.step()
            worker.problem = workspace.problem = None
        # Whatever it was: a server without its tick would look well and do nothing.
        except Exception as error:  # noqa: BLE001
            worker.problem = workspace.problem = mask_text(str(error) or repr(error))
            _logger.error("tick failed", error=worker.problem, kind=type(error).__name__, offset=offset())
            stop.wait(1.0)
            continue
        if not busy:
            stop.wait(idle)
