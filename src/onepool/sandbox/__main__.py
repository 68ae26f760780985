"""The process that `onepool serve --sandbox` starts beside itself: workspace, open socket, address of the server."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from pathlib import Path

import structlog

from onepool.clock import SystemClock
from onepool.sandbox import open_sandbox, serve
from onepool.workspace import open_workspace


def main(root: str, descriptor: str, server: str) -> None:
    """Serve until told to stop or left alone."""
    threading.Thread(target=_stop_when_alone, daemon=True).start()
    told: list[str] = []
    sandbox = open_sandbox(open_workspace(Path(root), SystemClock()), told=told)
    for line in told:
        structlog.get_logger(__name__).warning("not in the sandbox", reason=line)
    serve(sandbox, socket.socket(fileno=int(descriptor)), server, lambda _: None)


def _stop_when_alone() -> None:
    """The parent holds the other end of standard input; when it is gone, so is the reason to serve."""
    while sys.stdin.buffer.read(1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main(*sys.argv[1:4])
