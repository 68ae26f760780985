"""The real thing: a workspace made by the real commands, and the real server as a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx

PATIENCE = 180.0
"""Seconds to wait for something that should come soon, on a machine that is busy with other things."""

COMMAND = 600.0
"""Seconds that a command may take there: some make a whole brand."""

T = TypeVar("T")

_client = httpx.Client(
    verify=False, trust_env=False, timeout=PATIENCE, limits=httpx.Limits(max_keepalive_connections=0)
)
"""One for all: a client of its own for each request would read all certificates again, 24 ms of processor time."""


def eventually(ask: Callable[[], T], what: str = "", within: float = PATIENCE) -> T:
    """The first true answer; asked again and again until then. An answer that raises counts as none."""
    deadline = time.monotonic() + within
    last: object = None
    while True:
        try:
            answer = ask()
        except (httpx.HTTPError, OSError, AssertionError, LookupError) as error:
            last = error
        else:
            if answer:
                return answer
            last = answer
        if time.monotonic() > deadline:
            raise AssertionError(f"{what or 'it'} did not come within {within:g} s; last: {last!r}")
        time.sleep(0.05)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def environment(cache: Path) -> dict[str, str]:
    """The environment of commands: nothing of the caller's workspace; wide lines; compiled once when Python may not."""
    kept = {name: value for name, value in os.environ.items() if name not in ("WORKSPACE", "PORT")}
    kept |= {"COLUMNS": "240", "NO_COLOR": "1"}
    if sys.dont_write_bytecode:
        # Without compiled files each of the many processes of these tests would compile everything again.
        kept.pop("PYTHONDONTWRITEBYTECODE", None)
        kept["PYTHONPYCACHEPREFIX"] = str(cache)
    return kept


@dataclass(frozen=True)
class Commands:
    """`onepool …` in a workspace folder, as people type it."""

    root: Path
    env: Mapping[str, str]

    def run(self, *arguments: str, status: int = 0, folder: bool = True) -> str:
        """What a command prints on standard output; its exit status must be `status`."""
        done = self.outcome(*arguments, folder=folder)
        assert done.returncode == status, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def outcome(self, *arguments: str, folder: bool = True) -> subprocess.CompletedProcess[str]:
        """All that a command leaves behind."""
        command = [*onepool(), *arguments, *(["--workspace", str(self.root)] if folder else [])]
        return subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=COMMAND)

    def json(self, *arguments: str, status: int = 0) -> Any:
        """What a command prints with --json."""
        return json.loads(self.run(*arguments, "--json", status=status))

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Rows of `onepool query`."""
        rows: list[dict[str, Any]] = json.loads(self.run("query", sql, "--format", "json"))
        return rows


def onepool() -> list[str]:
    """The command line of the installed package, without depending on PATH."""
    return [sys.executable, "-c", "from onepool.cli import main; main()"]


@dataclass
class Server:
    """A running `onepool serve`."""

    commands: Commands
    port: int
    process: subprocess.Popen[bytes]
    output: Path

    @property
    def root(self) -> Path:
        return self.commands.root

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def said(self) -> str:
        """All that it printed so far."""
        return self.output.read_text(encoding="utf-8")

    def get(self, path: str) -> httpx.Response:
        return _client.get(self.url + path)

    def send(self, write_key: str, *events: Mapping[str, Any], **options: Any) -> httpx.Response:
        """One batch of the Segment protocol."""
        return _client.post(f"{self.url}/v1/batch", json={"batch": events}, auth=(write_key, ""), **options)

    def collectors(self) -> list[int]:
        """Process ids of its collectors."""
        return children(self.process.pid)

    def signal(self, number: signal.Signals) -> int:
        """Send it a signal and wait for its end; returns the exit status."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def stop(self) -> int:
        """Stop it as an operator does."""
        if self.process.poll() is not None:
            return self.process.returncode
        try:
            return self.signal(signal.SIGTERM)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait(PATIENCE)


def children(pid: int) -> list[int]:
    """The direct children of a process, from /proc."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                # The name, which may hold anything, stands in brackets; state and parent follow.
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
                if int(parent) == pid and state != "Z":
                    found.append(int(entry.name))
    return found


def alive(pid: int) -> bool:
    """Whether a process runs (one that only waits to be reaped does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def start(commands: Commands, *more: str, port: int | None = None, role: str = "all") -> Server:
    """Start a server (with `more` options); it may not be ready yet."""
    port = port or free_port()
    output = commands.root / f"serve-{role}-{port}-{time.monotonic_ns()}.txt"
    arguments = ["serve", "--workspace", str(commands.root), "--port", str(port), "--role", role, *more]
    with output.open("wb") as sink:
        process = subprocess.Popen(
            [*onepool(), *arguments], env=commands.env, stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT
        )
    return Server(commands, port, process, output)


def ready(server: Server) -> None:
    """Wait until it collects and answers the console."""

    def answers() -> bool:
        if server.process.poll() is not None:
            raise RuntimeError(f"the server ended with {server.process.returncode}:\n{server.said()}")
        return server.get("/readyz").status_code == 200 and server.get("/api/v1/session").status_code == 401

    eventually(answers, f"the server's readiness; it said {server.said()!r}")


@contextlib.contextmanager
def serving(commands: Commands, *more: str, port: int | None = None) -> Iterator[Server]:
    """A server that is ready when the block begins and gone when it ends."""
    server = start(commands, *more, port=port)
    try:
        ready(server)
        yield server
    finally:
        server.stop()


def admin_in(text: str) -> tuple[str, str]:
    """The admin's address and password in what `init` or `serve` printed."""
    found = re.search(r"(\S+@\S+)\s+password: (\S+)", text)
    assert found is not None, text
    return found[1], found[2]


def write_key(commands: Commands, touchpoint: str) -> str:
    """The write key of a touchpoint, from its exported definition."""
    from onepool.workspace import open_workspace

    workspace = open_workspace(commands.root)
    try:
        key = workspace.touchpoints()[touchpoint].write_key
    finally:
        workspace.close()
    assert key is not None
    return key


def applied(commands: Commands) -> None:
    """Wait until a running server has applied all that the log has."""
    from onepool.workspace import open_workspace

    workspace = open_workspace(commands.root)
    try:
        eventually(lambda: workspace.applied() >= workspace.log.end(), "the end of the log in the pool")
    finally:
        workspace.close()
