"""Kills collector and worker with SIGKILL at random moments while a client keeps sending, then counts.

A nursery process imports everything once and forks each child, so that a restart costs milliseconds. What a child has
open it opened itself after the fork.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from uuid import UUID

from onepool.clock import SystemClock
from onepool.collect.log import SqliteLog
from onepool.collect.serve import serve_collector
from onepool.collect.touchpoint import CachedTouchpoints
from onepool.tick import Worker
from onepool.verify import verify
from onepool.workspace import init_workspace, open_workspace

TOUCHPOINT = "shop"
KEY = "wk_crash"
BATCH = 20


@dataclass
class Score:
    """What the client was promised and what happened."""

    acknowledged: list[str] = field(default_factory=list)
    sent: int = 0
    collector_kills: int = 0
    worker_kills: int = 0


HARNESS_FILE = Path(__file__)

SEGMENT = {
    "segment": "in_cart",
    "title": {"zh": "加购", "en": "In the cart"},
    "condition": {"did": "cart_added", "within": {"last": "7 days"}},
}


def prepare(root: Path) -> None:
    """A workspace with one touchpoint and one live segment."""
    workspace = init_workspace(root)
    touchpoint = {"touchpoint": TOUCHPOINT, "channel": "web", "title": "shop", "write_key": KEY}
    workspace.save("touchpoint", TOUCHPOINT, touchpoint, author="test")
    workspace.save("segment", "in_cart", SEGMENT, author="test")
    workspace.close()


def count(root: Path, acknowledged: list[str]) -> dict[str, object]:
    """What is missing, what is there twice, and what `verify` says, once the log is applied."""
    workspace = open_workspace(root)
    worker = Worker(workspace)
    worker.drain()
    worker.close()
    rows = workspace.pool.query("SELECT event_id, count(*) AS n FROM events GROUP BY event_id").to_pylist()
    workspace.close()
    found = {UUID(str(row["event_id"])).bytes: row["n"] for row in rows}
    # An event's id is BLAKE2b-128 of its touchpoint and the sender's message id.
    promised = {blake2b(f"{TOUCHPOINT}\0{message}".encode(), digest_size=16).digest() for message in acknowledged}
    differences = [f"{f.check}: {f.difference}" for f in verify(open_workspace(root)) if f.difference]
    return {
        "missing": len(promised - found.keys()),
        "twice": sum(n > 1 for n in found.values()),
        "found": len(found),
        "differences": differences,
    }


def run(root: Path, kills: int, seed: int) -> Score:
    """Send batches for as long as it takes to kill `kills` processes, half of them collectors."""
    chance = random.Random(seed)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(256)
    port = listener.getsockname()[1]
    score = Score()
    done = threading.Event()
    sender = threading.Thread(target=_send, args=(port, score, done, seed))
    children: dict[str, int] = {}
    starters: dict[str, Callable[[], None]] = {
        "collector": lambda: _collector(root, listener),
        "worker": lambda: _worker(root),
    }
    try:
        for name, start in starters.items():
            children[name] = _fork(start)
        started = False
        for number in range(kills):
            name = "collector" if number % 2 else "worker"
            # A random moment: mostly in the middle of work, sometimes while it is still starting.
            if started and chance.random() < 0.6:
                _until_more(score)
            time.sleep(chance.choice((0.01, 0.05, 0.1, 0.2, 0.35)) * chance.random() * 2)
            if not started:
                sender.start()
                started = True
                time.sleep(0.5)
            os.kill(children[name], signal.SIGKILL)
            os.waitpid(children[name], 0)
            children[name] = _fork(starters[name])
            if name == "collector":
                score.collector_kills += 1
            else:
                score.worker_kills += 1
    finally:
        done.set()
        if sender.ident is not None:
            sender.join()
        for pid in children.values():
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        listener.close()
    return score


def _until_more(score: Score, patience: float = 60.0) -> None:
    """Wait until the client got through once more: on a busy machine processes need long to start."""
    before, deadline = len(score.acknowledged), time.monotonic() + patience
    while len(score.acknowledged) <= before and time.monotonic() < deadline:
        time.sleep(0.005)


def _fork(start: Callable[[], None]) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        start()
        status = 0
    finally:
        os._exit(status)


def _collector(root: Path, listener: socket.socket) -> None:
    workspace = open_workspace(root)
    touchpoints = CachedTouchpoints(lambda: list(workspace.touchpoints().values()))
    serve_collector(listener, SqliteLog(workspace.data / "log.sqlite"), touchpoints, SystemClock())


def _worker(root: Path) -> None:
    workspace = open_workspace(root)
    workspace.settings.tick.idle_milliseconds = 5
    Worker(workspace).run(threading.Event())


def _send(port: int, score: Score, done: threading.Event, seed: int) -> None:
    chance = random.Random(seed + 1)
    number = 0
    retry: bytes | None = None
    ids: list[str] = []
    while not done.is_set():
        if retry is None:
            ids = [f"m{number + i}" for i in range(BATCH)]
            number += BATCH
            retry = _batch(ids, chance)
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            score.sent += 1
            connection.request("POST", "/v1/batch", retry, {"Content-Type": "application/json"})
            if connection.getresponse().status == 200:
                score.acknowledged += ids
                # Now and then the same batch again, as clients do that did not hear the answer.
                retry = retry if chance.random() < 0.05 else None
                if retry is not None:
                    del score.acknowledged[-BATCH:]
        except (OSError, HTTPException):
            # Not acknowledged: sent again until it is.
            done.wait(0.01)
        finally:
            connection.close()


def _batch(ids: list[str], chance: random.Random) -> bytes:
    now = datetime.now(UTC).isoformat()
    events = []
    for message in ids:
        person = chance.randrange(200)
        event = {
            "type": "track",
            "messageId": message,
            "event": chance.choice(["product_viewed", "cart_added"]),
            "timestamp": now,
            "properties": {"product_id": f"P{chance.randrange(50)}"},
            "anonymousId": f"a{person}",
        }
        if chance.random() < 0.5:
            # People are recognised while processes die: links and merges must survive too.
            event["userId"] = f"u{person // 2}"
        events.append(event)
    return json.dumps({"batch": events, "sentAt": now, "writeKey": KEY}).encode()


def main() -> None:
    """`harness.py ROOT KILLS SEED`: prints the score as JSON."""
    score = run(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    print(json.dumps(score.__dict__))


if __name__ == "__main__":
    main()
