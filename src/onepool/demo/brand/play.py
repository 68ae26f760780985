"""Playing what the platforms send into a collector of its own, at the times at which they send it."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from onepool.clock import FakeClock, from_micros
from onepool.collect.accounts import Accounts
from onepool.collect.app import collector_app
from onepool.collect.files import Mapping, import_files
from onepool.collect.group_commit import GroupCommit
from onepool.collect.hooked import pulled
from onepool.collect.intake import Limits
from onepool.collect.links import Finder
from onepool.collect.touchpoint import CachedTouchpoints
from onepool.demo.brand.sending import Delivery, File, Page, Sending, receiver
from onepool.demo.brand.sweeping import seldom_swept
from onepool.errors import OnePoolError
from onepool.imports import scratch_folder
from onepool.workspace import Workspace

_AT_ONCE: Final = 400
"""Requests in flight: so many can share one write to the disk."""

_TOLD: Final = 500


class PlayFailed(OnePoolError):
    """The collector did not take what a platform sent."""

    code = "demo-play"


class DeliveryClock:
    """Tells each request the time at which its platform sends it."""

    def __init__(self) -> None:
        self._now: contextvars.ContextVar[datetime] = contextvars.ContextVar(
            "now", default=datetime(1970, 1, 1, tzinfo=UTC)
        )

    def now(self) -> datetime:
        return self._now.get()

    def wait(self, seconds: float) -> None:
        pass

    def set(self, milliseconds: int) -> None:
        """For everything in the present task from now on."""
        self._now.set(from_micros(milliseconds * 1000))


@dataclass(slots=True)
class Played:
    """``answers``: by (first part of the path or kind, status), how many. ``records``: in the log at the end."""

    sent: int = 0
    bytes: int = 0
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    """By touchpoint: what was not sent, since the workspace has no such touchpoint."""
    refused: dict[str, str] = field(default_factory=dict)
    """By what was sent: the first answer that was no 2xx or 3xx."""

    def add(self, more: Played) -> None:
        """What was played after it."""
        self.sent += more.sent
        self.bytes += more.bytes
        self.answers += more.answers
        self.left_out += more.left_out
        self.refused = {**more.refused, **self.refused}


def play(
    workspace: Workspace,
    sendings: Iterable[Sending],
    told: Callable[[Played], None] | None = None,
    links: Finder | None = None,
) -> Played:
    """Sends everything to a collector in this process and waits until all of it is on disk.

    ``links``: finds short links that people open.

    Raises PlayFailed when the log can't be written, LogUnavailable.
    """
    with seldom_swept(), asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_play(workspace, sendings, told, links))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop


async def _play(
    workspace: Workspace,
    sendings: Iterable[Sending],
    told: Callable[[Played], None] | None,
    links: Finder | None,
) -> Played:
    clock, played = DeliveryClock(), Played()
    touchpoints = CachedTouchpoints(lambda: workspace.touchpoints().values())
    await touchpoints.refresh()
    accounts = Accounts(workspace.data, workspace.settings.sandbox)
    writer = GroupCommit(workspace.log)
    collect = workspace.settings.collect
    limits = Limits(batch_bytes=collect.max_batch_bytes, event_bytes=collect.max_event_bytes)
    app = collector_app(writer, touchpoints, clock, limits, accounts=accounts, links=links)
    known = workspace.touchpoints()
    room = asyncio.Semaphore(_AT_ONCE)
    running: set[asyncio.Task[None]] = set()

    async def deliver(delivery: Delivery, at: int) -> None:
        clock.set(at)
        try:
            status, body = await _request(app, delivery)
            name = delivery.path[: _second_slash(delivery.path)]
            played.answers[name, status] += 1
            if status >= 400 and name not in played.refused:
                played.refused[name] = f"{status}: {body.decode(errors='replace')[:300]}"
        finally:
            room.release()

    async def keep(page: Page, at: int) -> None:
        try:
            account = accounts.of(known[page.touchpoint])
            await writer.append(pulled(account, page.call, page.body, from_micros(at * 1000)))
            played.answers[f"pull {page.touchpoint}", 200] += 1
        finally:
            room.release()

    def done(task: asyncio.Task[None]) -> None:
        running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            failures.append(error)

    failures: list[BaseException] = []
    try:
        for one in sendings:
            thing = one.thing()
            if (name := receiver(thing)) is not None and name not in known:
                played.left_out[name] += 1  # its channel is not installed
                continue
            if isinstance(thing, File):
                await _settled(running)
                _import(workspace, thing, one.at)
                played.answers[f"file {thing.touchpoint}", 200] += 1
            else:
                await room.acquire()
                work = deliver(thing, one.at) if isinstance(thing, Delivery) else keep(thing, one.at)
                task = asyncio.ensure_future(work)
                running.add(task)
                task.add_done_callback(done)
                played.bytes += len(thing.body)
            played.sent += 1
            if failures:
                raise PlayFailed(f"playing stopped: {failures[0]}") from failures[0]
            if told is not None and played.sent % _TOLD == 0:
                told(played)
        await _settled(running)
        if failures:
            raise PlayFailed(f"playing stopped: {failures[0]}") from failures[0]
    finally:
        await _settled(running)
        await writer.close()
    return played


async def _settled(running: set[asyncio.Task[None]]) -> None:
    while running:
        await asyncio.wait(list(running))


def _import(workspace: Workspace, file: File, at: int) -> None:
    """Imports a file as `onepool import` does, at its time."""
    with tempfile.TemporaryDirectory(dir=scratch_folder(workspace)) as folder:
        path = Path(folder) / file.name
        path.write_bytes(file.content)
        import_files(
            file.kind,  # type: ignore[arg-type]
            [path],
            workspace.log,
            workspace.touchpoints()[file.touchpoint],
            Mapping.model_validate(file.mapping),
            workspace.standard(),
            FakeClock(from_micros(at * 1000)),
            scratch=Path(folder),
        )


async def _request(app: Any, delivery: Delivery) -> tuple[int, bytes]:
    """One request through the application, without a network."""
    message: dict[str, Any] | None = {"type": "http.request", "body": delivery.body, "more_body": False}
    status, parts = 0, []

    async def receive() -> dict[str, Any]:
        nonlocal message
        if message is None:
            return {"type": "http.disconnect"}
        given, message = message, None
        return given

    async def send(told: MutableMapping[str, Any]) -> None:
        nonlocal status
        if told["type"] == "http.response.start":
            status = told["status"]
        else:
            parts.append(told.get("body", b""))

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": delivery.method, "scheme": "https",
        "path": delivery.path, "raw_path": delivery.path.encode(), "query_string": delivery.query,
        "headers": delivery.headers, "client": ("127.0.0.1", 0), "server": ("127.0.0.1", 443), "root_path": "",
    }  # fmt: skip
    await app(scope, receive, send)
    return status, b"".join(parts)


def _second_slash(path: str) -> int:
    """Where the third part of a path begins; what follows may be a secret."""
    first = path.find("/", 1)
    second = path.find("/", first + 1) if first >= 0 else -1
    return second if second >= 0 else len(path)
