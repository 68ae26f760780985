"""A collector on a free port of this machine, in a thread of the test."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from onepool.clock import Clock, SystemClock
from onepool.collect.accounts import Accounts
from onepool.collect.hooks import Kept, OptOuts
from onepool.collect.inbound import Broken, Item, decode
from onepool.collect.links import Finder
from onepool.collect.log import Log, Record, SqliteLog
from onepool.collect.once import Once
from onepool.collect.preference_desk import PreferenceDesk
from onepool.collect.serve import CollectorServer
from onepool.collect.touchpoint import CachedTouchpoints, Touchpoint, TouchpointSource

WRITE_KEY = "WRITE_KEY_1"
TOUCHPOINT = Touchpoint("web-shop", "site", {"en": "Web shop", "zh": "网店"}, WRITE_KEY)


@dataclass(frozen=True)
class Running:
    """A server that runs, and the log behind it."""

    url: str
    port: int
    log: Log
    server: uvicorn.Server

    def records(self) -> list[Record]:
        return self.log.read(0, 1_000_000, 1 << 30)

    def items(self) -> list[Item]:
        return [item for record in self.records() for item in decode(record).items]

    def broken(self) -> list[Broken]:
        return [broken for record in self.records() for broken in decode(record).broken]


@contextlib.contextmanager
def running_collector(
    folder: Path,
    *,
    log: Log | None = None,
    clock: Clock | None = None,
    touchpoints: Iterable[Touchpoint] = (TOUCHPOINT,),
    source: TouchpointSource | None = None,
    upstream: str | None = None,
    static_dir: Path | None = None,
    accounts: Accounts | None = None,
    links: Finder | None = None,
    kept: Kept | None = None,
    preferences: PreferenceDesk | None = None,
    opt_outs: OptOuts | None = None,
    once: Once | None = None,
) -> Iterator[Running]:
    """Starts a collector over a log in ``folder`` (or over ``log``), ready when the block begins."""
    behind = log or SqliteLog(folder / "log.sqlite")
    reader = log or SqliteLog(folder / "log.sqlite")
    known = list(touchpoints)
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
        server = CollectorServer(
            behind,
            source or CachedTouchpoints(lambda: known),
            clock or SystemClock(),
            upstream=upstream,
            static_dir=static_dir,
            accounts=accounts,
            links=links,
            kept=kept,
            preferences=preferences,
            opt_outs=opt_outs,
            once=once,
        )
        thread = threading.Thread(target=server.run, args=([sock],), name="collector")
        thread.start()
        try:
            _wait_ready(port)
            yield Running(f"http://127.0.0.1:{port}", port, reader, server)
        finally:
            server.should_exit = True
            thread.join()
            if reader is not behind:
                reader.close()


def _wait_ready(port: int) -> None:
    """The socket listens already: the answer comes as soon as the server is there."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        if b"200" not in connection.recv(64):
            raise RuntimeError("the collector does not answer")
