"""Serving the sandbox: always on loopback, in this process or beside a server."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import uvicorn

from onepool.collect import doubles
from onepool.sandbox.app import create_app
from onepool.sandbox.errors import SandboxError
from onepool.sandbox.sandbox import Sandbox
from onepool.workspace import SANDBOX_ADDRESS

HOST: Final = "127.0.0.1"
PORT: Final = 8100


def serve(sandbox: Sandbox, listener: socket.socket, server: str, ready: Callable[[int], None]) -> None:
    """Serve until SIGINT or SIGTERM; ``ready`` is told the port. Closes the listener."""
    # The server raises the signal that ended it once more: so that whoever called tidies up after it, that is an exit.
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        bound = listener.getsockname()[1]
        running = uvicorn.Server(_config(sandbox, server, bound + 1))
        ready(bound)
        running.run([listener])
    finally:
        signal.signal(signal.SIGTERM, before)
        listener.close()


@contextlib.contextmanager
def running(sandbox: Sandbox, server: str, port: int = 0) -> Iterator[str]:
    """The sandbox in a thread of this process; gives its address."""
    listener = listen(port) if port else _with_neighbour()
    one = _Quiet(_config(sandbox, server, listener.getsockname()[1] + 1))
    thread = threading.Thread(target=one.run, args=([listener],), name="sandbox", daemon=True)
    thread.start()
    while not one.started and thread.is_alive():  # the mail server opens its port on starting
        thread.join(0.01)
    try:
        yield f"http://{HOST}:{listener.getsockname()[1]}"
    finally:
        one.should_exit = True
        thread.join(10)
        listener.close()


def listen_near(wanted: int) -> socket.socket:
    """A socket at ``wanted`` if it and the next one are free, else at another such port. Raises SandboxError."""
    try:
        listener = listen(wanted)
    except SandboxError:
        return _with_neighbour()
    if _next_is_free(listener):
        return listener
    listener.close()
    return _with_neighbour()


def _next_is_free(listener: socket.socket) -> bool:
    """Whether the port after it, the mail server's, can be had."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as neighbour:
            neighbour.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            neighbour.bind((HOST, listener.getsockname()[1] + 1))
    except (OSError, OverflowError):
        return False
    return True


def _with_neighbour() -> socket.socket:
    """A free port whose next one, the mail server's, is free as well."""
    for _ in range(100):
        listener = listen(0)
        if _next_is_free(listener):
            return listener
        listener.close()
    raise SandboxError("no two free ports side by side were found", hint="name one with --port")


@contextlib.contextmanager
def known(data: Path, port: int) -> Iterator[None]:
    """Let the workspace of this data folder know where its sandbox runs, as long as the block does."""
    path, address = data / SANDBOX_ADDRESS, f"http://{HOST}:{port}"
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_text(address, encoding="utf-8")
    try:
        yield
    finally:
        # Another one that was started meanwhile is the one to speak to.
        with contextlib.suppress(OSError):
            if path.read_text(encoding="utf-8") == address:
                path.unlink()


def forget_ended(data: Path) -> None:
    """Forget the address of a sandbox that was not ended well; one that answers there goes on."""
    path = data / SANDBOX_ADDRESS
    with contextlib.suppress(OSError):
        if not doubles.runs(path.read_text(encoding="utf-8").strip()):
            path.unlink()


class Beside:
    """The sandbox as a process beside a server; it ends when that one does, however it went.

    The port is its own from the beginning: nobody can take it between choosing and starting.
    """

    def __init__(self, root: Path, wanted: int, server: str) -> None:
        self._listener = listen_near(wanted)
        self.port: int = self._listener.getsockname()[1]
        self._command = [sys.executable, "-m", "onepool.sandbox", str(root), str(self._listener.fileno()), server]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        # Its standard input is a pipe that closes when this process is gone.
        self._process = subprocess.Popen(  # noqa: S603 own interpreter, own module
            self._command, stdin=subprocess.PIPE, pass_fds=[self._listener.fileno()]
        )
        self._listener.close()

    def ended(self) -> int | None:
        """Its status if it has ended by itself."""
        return None if self._process is None else self._process.poll()

    def stop(self) -> None:
        """End it."""
        self._listener.close()
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def listen(port: int) -> socket.socket:
    """A socket on loopback. Raises SandboxError."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise SandboxError(
            f"can't listen: {error}",
            where=f"{HOST}:{port}",
            hint="does one run already? else choose another port",
        ) from error
    listener.listen(512)
    return listener


def _config(sandbox: Sandbox, server: str, mail_port: int) -> uvicorn.Config:
    app: Any = create_app(sandbox, server, mail_port if mail_port < 1 << 16 else 0)
    return uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="on", timeout_graceful_shutdown=2, server_header=False
    )


class _Quiet(uvicorn.Server):
    """Signals are the main thread's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield
