"""The worker beside the player: another process applies the log while this one fills it."""

from __future__ import annotations

import contextlib
import gc
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

from onepool.demo.brand.sweeping import seldom_swept
from onepool.errors import OnePoolError
from onepool.identity.warm import warm
from onepool.tick import Runner, Worker
from onepool.workspace import Workspace, open_workspace

RECORDS_AT_ONCE: Final = 6_000
BYTES_AT_ONCE: Final = 24 << 20
"""Of one tick while a brand is made: fewer, larger ticks than a server takes, which must answer in between."""

_IDLE_SECONDS: Final = 0.2
_FINISH: Final = b"finish\n"


class WorkerFailed(OnePoolError):
    """The worker beside the player ended before its work was done."""

    code = "demo-worker"


class Beside:
    """A worker process; ``finish`` waits until everything is applied."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        # Its standard input tells it to finish, and ends when this process is gone, however it went.
        command = [sys.executable, "-c", f"from {__name__} import apply_beside; apply_beside()", str(self._root)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE)  # noqa: S603

    def check(self) -> None:
        """Raises WorkerFailed when it has ended by itself."""
        if self._process is not None and self._process.poll():
            raise WorkerFailed("the worker ended early", hint="run `onepool doctor` in the workspace")

    def finish(self) -> None:
        """Lets it apply the rest and end."""
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.write(_FINISH)
                self._process.stdin.close()
            self._process.wait()
            self.check()

    def stop(self) -> None:
        """Ends it at once; what it committed stays."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait()


def apply_now(workspace: Workspace, *, jobs: bool = False) -> None:
    """Applies the log in this process; with `jobs` also computes what is not live."""
    large_ticks(workspace)
    worker = Worker(workspace)
    try:
        worker.drain()
        if jobs:
            Runner(workspace, worker).work_off()
            worker.drain()
    finally:
        worker.close()


def large_ticks(workspace: Workspace) -> None:
    """Lets this process take more in one tick."""
    tick = workspace.settings.tick.model_copy(update={"max_requests": RECORDS_AT_ONCE, "max_bytes": BYTES_AT_ONCE})
    workspace.settings = workspace.settings.model_copy(update={"tick": tick})


def apply_beside() -> None:
    """The other process: applies the log of the workspace in ``sys.argv[1]`` until told to finish."""
    ending, left = threading.Event(), threading.Event()

    def listen() -> None:
        told = os.read(0, len(_FINISH)) == _FINISH  # not sys.stdin: a thread that waits in it hinders the end
        (ending if told else left).set()

    threading.Thread(target=listen, daemon=True).start()
    warm()
    workspace = open_workspace(sys.argv[1])
    large_ticks(workspace)
    worker = Worker(workspace)
    try:
        with seldom_swept():
            _apply(workspace, worker, ending, left)
    finally:
        worker.close()
        workspace.close()


def _apply(workspace: Workspace, worker: Worker, ending: threading.Event, left: threading.Event) -> None:
    while not left.is_set():
        # Asked before the step: what was logged before it was set is then seen by the step.
        last = ending.is_set()
        # A tick costs much the same for few records and for many: it waits until there are many.
        if not last and workspace.log.end() - worker.offset < RECORDS_AT_ONCE:
            left.wait(_IDLE_SECONDS)
            continue
        busy = worker.step()
        gc.collect(1)  # what the tick made: its cycles hold on to columns
        if not busy and last:
            return
