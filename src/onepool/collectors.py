"""Collectors: processes of their own that take what comes in on the public port, whatever the worker is doing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from onepool import logs, stages
from onepool.audience.conditions.standing.ways import ways_of
from onepool.clock import SystemClock
from onepool.collect.accounts import Accounts
from onepool.collect.connections import Connections
from onepool.collect.intake import Limits
from onepool.collect.links import Finder
from onepool.collect.log import SqliteLog
from onepool.collect.once import Once
from onepool.collect.patience import make_room
from onepool.collect.preference_desk import PreferenceDesk
from onepool.collect.prompts import Prompts
from onepool.collect.serve import serve_collector
from onepool.collect.touchpoint import CachedTouchpoints
from onepool.errors import OnePoolError
from onepool.loading import without_pandas
from onepool.pool import remote
from onepool.pool.behaviour import status as behaviour
from onepool.reach.withdrawals import Withdrawals
from onepool.workspace import Workspace, open_workspace

_logger = structlog.get_logger(__name__)

CONSOLE = Path(__file__).parent / "console_dist"
API_SOCKET = "api.sock"
"""In the data folder: where the worker answers what is not collected."""
SIGNATURES = "signatures.sqlite"
"""In the data folder: which signatures came with which bodies, for the collectors."""


class Collector:
    """A collector as a process of its own; started again when it ends by itself."""

    def __init__(self, root: Path, listener: socket.socket) -> None:
        self._command = [sys.executable, "-m", "onepool.collectors", str(root), str(listener.fileno())]
        self._listener = listener
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        # Its standard input is a pipe that closes when this process is gone, however it went.
        self._process = subprocess.Popen(  # noqa: S603 own interpreter, own module
            self._command, pass_fds=[self._listener.fileno()], stdin=subprocess.PIPE
        )

    async def keep(self, stop: asyncio.Event) -> None:
        """Watch over the process until `stop` is set."""
        while not stop.is_set():
            if self._process is not None and self._process.poll() is not None:
                _logger.error("a collector ended and is started again", status=self._process.returncode)
                self.start()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 0.5)

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def collect(root: Path, descriptor: int) -> None:
    """A collector process: serves the inherited listening socket until told to stop or left alone."""
    workspace = open_workspace(root, SystemClock())
    threading.Thread(target=_stop_when_alone, daemon=True).start()
    limits = workspace.settings.collect
    # With a log of its own: the collector closes its one before the last receipt is written.
    receipts = SqliteLog(workspace.data / "log.sqlite")
    connections = Connections(workspace.clock)
    prompts = Prompts(receipts, lambda: workspace.state, connections, workspace.clock)
    touchpoints = CachedTouchpoints(
        lambda: workspace.touchpoints().values(), failures=(OnePoolError, OSError, SQLAlchemyError)
    )

    def channel_of(name: str) -> str | None:
        found = touchpoints.by_name(name)
        return None if found is None else found.channel

    serve_collector(
        socket.socket(fileno=descriptor),
        SqliteLog(workspace.data / "log.sqlite"),
        touchpoints,
        workspace.clock,
        limits=Limits(batch_bytes=limits.max_batch_bytes, event_bytes=limits.max_event_bytes),
        upstream=str(workspace.data / API_SOCKET),
        static_dir=CONSOLE if CONSOLE.is_dir() else None,
        accounts=Accounts(workspace.data, lambda: workspace.sandbox),
        kept=prompts.kept,
        links=Finder(lambda: workspace.state, workspace.clock),
        others=lambda: [*behaviour.metrics(workspace.data), *stages.metrics(workspace.data)],
        preferences=PreferenceDesk(
            lambda: workspace.state,
            workspace.clock,
            lambda: reached_channels(workspace),
            lambda one: bearers(workspace, one),
        ),
        opt_outs=Withdrawals(lambda: workspace.state, workspace.clock, channel_of, workspace.settings.country),
        once=Once(workspace.data / SIGNATURES),
    )
    prompts.close()
    receipts.close()


def reached_channels(workspace: Workspace) -> list[str]:
    """Channels over which people can be written to here, as a preference page offers them."""
    return sorted(ways_of(workspace.touchpoints().values()))


def bearers(workspace: Workspace, identifier: int) -> list[int]:
    """All identifiers of whoever bears this one, as the worker knows; none where no worker answers."""
    if not workspace.socket.exists():
        return []
    pool = remote.RemoteEngine(workspace.socket)
    try:
        found = pool.query(
            """SELECT o.identifier_id FROM customer_of c JOIN customer_of o USING (customer_id)
            WHERE c.identifier_id = $id LIMIT 1000""",
            {"id": identifier},
        )
        return [int(one) for one in found.column("identifier_id").to_pylist()]
    except (OnePoolError, OSError) as error:
        _logger.warning("a preference page shows one identifier's words only", error=type(error).__name__)
        return []
    finally:
        pool.close()


def _stop_when_alone() -> None:
    """The parent holds the other end of standard input; when it is gone, so is the reason to serve."""
    while sys.stdin.buffer.read(1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    logs.set_up()
    without_pandas()
    make_room()
    collect(Path(sys.argv[1]), int(sys.argv[2]))
