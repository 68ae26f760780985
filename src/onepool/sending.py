"""The senders of a workspace as it is served: with what journeys say of their messages, and preference pages."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog
from filelock import FileLock, Timeout
from sqlalchemy import Connection

from onepool.audience.catalog import load_catalog
from onepool.audience.conditions import Context
from onepool.collect.connections import Connections
from onepool.errors import OnePoolError
from onepool.journeys.guarding import JourneyGuard
from onepool.pool.remote import RemoteEngine
from onepool.privacy.consents import links
from onepool.reach.broadcasts import Broadcaster
from onepool.reach.senders import Senders
from onepool.workspace import Workspace

_logger = structlog.get_logger(__name__)

LOCK: Final = "senders.lock"
"""One process of a machine sends; a second one waits until that has ended."""

_LOOK: Final = 1.0


class _Names:
    """The names in force, read again when a definition changed."""

    def __init__(self, workspace: Workspace) -> None:
        self._ws = workspace
        self._known: tuple[int, Context] | None = None

    def __call__(self) -> Context:
        revision = self._ws.definitions.revision()
        if self._known is None or self._known[0] != revision:
            self._known = (revision, load_catalog(self._ws).context)
        return self._known[1]


def senders(workspace: Workspace, connections: Connections | None = None) -> Senders:
    """Senders of a workspace. `connections`: lines to the platforms, by default the real ones."""
    base = workspace.settings.messages.public_url or ""

    def pages(
        connection: Connection, identifiers: Sequence[int], sends: Sequence[int], now: datetime
    ) -> Sequence[str | None]:
        tokens = links.make(connection, zip(identifiers, sends, strict=True), now)
        return [f"{base.rstrip('/')}/p/{token}" for token in tokens]

    return Senders(
        workspace, guard=JourneyGuard(workspace.state, _Names(workspace)), pages=pages, connections=connections
    )


def run(workspace: Workspace, stop: threading.Event) -> None:
    """Send, and plan broadcasts, until `stop` is set; while another process of this machine does so, wait."""
    workspace.data.mkdir(parents=True, exist_ok=True)
    lock = FileLock(workspace.data / LOCK, thread_local=False)
    while not stop.is_set():
        try:
            lock.acquire(timeout=0)
            break
        except Timeout:
            stop.wait(_LOOK)
    if stop.is_set():
        return
    try:
        planner = threading.Thread(target=Broadcaster(workspace).run, args=(stop,), name="broadcasts", daemon=True)
        planner.start()
        made = senders(workspace)
        made.run(stop)
        made.close()
        planner.join(5.0)
    finally:
        lock.release()


def run_apart(workspace: Workspace, stop: threading.Event) -> None:
    """As a process of its own: the pool is asked of the worker, and never held."""
    while not workspace.socket.exists():
        if stop.wait(_LOOK):
            return
    workspace.__dict__["pool"] = RemoteEngine(workspace.socket)
    try:
        run(workspace, stop)
    except OnePoolError as error:
        _logger.error("sending ended", error=str(error))
        raise
