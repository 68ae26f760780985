"""Running it: collectors on the public port, one worker behind them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import uvicorn

from onepool import sending as sending_room
from onepool.api import remote_desk
from onepool.api.app import create_app
from onepool.api.live import LiveFeed
from onepool.collect import doubles
from onepool.collectors import API_SOCKET, Collector
from onepool.errors import OnePoolError
from onepool.identity.warm import ready as compiled
from onepool.pool import Session, remote
from onepool.reach import Destinations
from onepool.sandbox.server import Beside, forget_ended, known
from onepool.tick import Desk, Runner, Worker
from onepool.workspace import Workspace

_SENDING_SECONDS = 15.0
"""Longer than one call to a platform may take."""

_ROLES = ("all", "collect", "work", "send")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class ServeError(OnePoolError):
    """The server can't start."""

    code = "serve"


def serve(
    workspace: Workspace, host: str, port: int, role: str, ready: Callable[[], None], *, sandbox: bool = False
) -> None:
    """Serve until SIGINT or SIGTERM. `ready` is called once, when the port is open and the worker runs.

    ``sandbox``: the platforms' doubles run beside it, for the touchpoints that use them.
    """
    if role not in _ROLES:
        raise ServeError(f"no such role: {role}", hint=f"one of {', '.join(_ROLES)}")
    if role in ("all", "work"):
        forget_ended(workspace.data)
    beside = _beside(workspace, port, role) if sandbox else None
    collectors: list[Collector] = []
    listener: socket.socket | None = None
    if role in ("all", "collect"):
        listener = _listen(host, port)
        collectors = [Collector(workspace.root, listener) for _ in range(workspace.settings.collect.processes)]
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    with contextlib.ExitStack() as ending:
        ending.callback(_ended, beside, collectors, listener)
        if beside is not None:
            ending.enter_context(known(workspace.data, beside.port))
            beside.start()
        asyncio.run(_serve(workspace, collectors, address, role, ready))


def _ended(beside: Beside | None, collectors: list[Collector], listener: socket.socket | None) -> None:
    if beside is not None:
        beside.stop()
    for collector in collectors:
        collector.stop()
    if listener is not None:
        listener.close()


def _beside(workspace: Workspace, port: int, role: str) -> Beside:
    """The sandbox for this server's touchpoints, also those connected later: where the settings say, else at its usual
    port, and at another one where that is taken."""
    wanted = workspace.settings.sandbox or doubles.DEFAULT
    url = urlsplit(wanted)
    if not doubles.here(wanted) or url.port is None:
        raise ServeError(
            "the sandbox runs on this machine only", where=f"onepool.yaml: sandbox: {wanted}",
            hint=f"write `sandbox: {doubles.DEFAULT}`, or leave it out",
        )  # fmt: skip
    if role == "work":
        raise ServeError("the sandbox pushes to collectors, and none runs here", hint="leave --role out, or --sandbox")
    return Beside(workspace.root, url.port, f"http://127.0.0.1:{port}")


async def _serve(
    workspace: Workspace,
    collectors: list[Collector],
    address: str,
    role: str,
    ready: Callable[[], None],
) -> None:
    work = role in ("all", "work")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    for collector in collectors:
        collector.start()
    tasks = [asyncio.create_task(collector.keep(stop)) for collector in collectors]
    halt = threading.Event()
    ticking: threading.Thread | None = None
    fetching: threading.Thread | None = None
    sending: threading.Thread | None = None
    running: threading.Thread | None = None
    reaching: threading.Thread | None = None
    servers: list[_Server] = []
    try:
        if work:
            # Before anybody is told that it is ready: the first merge of a new machine would wait for the compiler.
            await asyncio.to_thread(compiled)
            feed = LiveFeed()
            worker = await asyncio.to_thread(Worker, workspace, feed.publish)
            ticking = threading.Thread(target=worker.run, args=(halt,), name="tick", daemon=True)
            ticking.start()
            puller = workspace.puller()
            fetching = threading.Thread(target=puller.run, args=(halt,), name="fetch", daemon=True)
            fetching.start()
            run = Destinations(workspace).run
            sending = threading.Thread(target=run, args=(halt,), name="destinations", daemon=True)
            sending.start()
            running = threading.Thread(target=Runner(workspace, worker).run, args=(halt,), name="jobs", daemon=True)
            running.start()
            desk = Desk(workspace, worker)
            app = create_app(workspace, feed, workspace.clock, desk)
            servers = [_Server(app, workspace.data / API_SOCKET), _Server(_internal(workspace, desk), workspace.socket)]
            tasks += [asyncio.create_task(server.serve()) for server in servers]
            while not all(server.started for server in servers) and not stop.is_set():
                _raise_ended(tasks)
                await asyncio.sleep(0.02)
        if role in ("all", "send"):
            target = sending_room.run if work else sending_room.run_apart
            reaching = threading.Thread(target=target, args=(workspace, halt), name="senders", daemon=True)
            reaching.start()
        if collectors:
            await _collecting(address, tasks, stop)
        if not stop.is_set():
            ready()
        waiting = asyncio.create_task(stop.wait())
        await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
        _raise_ended(tasks)
    finally:
        stop.set()
        for server in servers:
            server.should_exit = True
        halt.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        if reaching is not None:
            # Calls under way are waited for; what is not written down in time is unknown at the next start.
            await asyncio.to_thread(reaching.join, _SENDING_SECONDS)
        if ticking is not None:
            await asyncio.to_thread(ticking.join)
            worker.close()
        if running is not None:
            # What it has not handed over is done again at the next start.
            await asyncio.to_thread(running.join, 5.0)
        if fetching is not None:
            # It may wait for a platform's answer; what it has kept is kept, and it is a daemon.
            await asyncio.to_thread(fetching.join, 2.0)
        if sending is not None:
            # What it has not committed is done again at the next start.
            await asyncio.to_thread(sending.join, 2.0)


async def _collecting(address: str, tasks: list[asyncio.Task[None]], stop: asyncio.Event) -> None:
    """Until a collector says that it can take events in, or `stop` is set."""
    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        while not stop.is_set():
            _raise_ended(tasks)
            with contextlib.suppress(httpx.TransportError):
                if (await client.get(f"{address}/readyz")).status_code == httpx.codes.OK:
                    return
            await asyncio.sleep(0.05)


def _raise_ended(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        if task.done():
            task.result()


class _Server(uvicorn.Server):
    """An application on a Unix socket that only the owner may open; signals are the caller's."""

    def __init__(self, app: Any, path: Path) -> None:
        path.unlink(missing_ok=True)
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="on",
                timeout_graceful_shutdown=2,
                # Longer than collectors keep a connection: one that ends while it is used again would be a 503.
                timeout_keep_alive=60,
                server_header=False,
                date_header=False,
            )
        )
        self._path = path

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        listener = socket.socket(socket.AF_UNIX)
        before = os.umask(0o177)
        try:
            listener.bind(str(self._path))
        except OSError as error:
            raise ServeError(
                f"can't open the worker's socket: {error}", where=str(self._path), hint="use a shorter workspace path"
            ) from error
        finally:
            os.umask(before)
        try:
            await super().serve([listener])
        finally:
            listener.close()
            self._path.unlink(missing_ok=True)


def _internal(workspace: Workspace, desk: Desk) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """Questions from other processes of the same owner: queries (pool/remote.py) and previews (api/remote_desk.py)."""

    def run(sql: str, params: dict[str, Any] | None, relations: dict[str, Any]) -> Any:
        with workspace.pool.read() as session:
            _register(session, relations)
            return session.query(sql, params)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        try:
            if scope["path"] == remote_desk.PATH:
                answer, status = await asyncio.to_thread(remote_desk.answer, body, desk), 200
            else:
                answer, status = await asyncio.to_thread(remote.answer, body, run), 200
        except OnePoolError as error:
            answer, status = str(error).encode(), 422
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": answer})

    return app


def _register(session: Session, relations: dict[str, Any]) -> None:
    for name, table in relations.items():
        session.relation(name, table)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ServeError(f"can't listen: {error}", where=f"{host}:{port}", hint="choose another port") from error
    listener.listen(2048)
    listener.set_inheritable(True)
    return listener
