"""Platforms push while the collector, and now and then the worker, is killed with SIGKILL; then it is counted.

What a platform does: it sends the same bytes again until it reads 200, and sometimes once more although it did.
`python -m tests.crash.hooks ROOT KILLS SEED` prints the score as JSON; see `harness` for how children are made.
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
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from uuid import UUID

import uvicorn.protocols.http.httptools_impl  # noqa: F401
import uvloop  # noqa: F401 loaded once, before the forks
from tests.channels.forge import PLATFORMS, Platform

import onepool.collect.hooked
import onepool.standards.standardise  # noqa: F401
from onepool.channels import registry
from onepool.clock import SystemClock
from onepool.collect.accounts import Accounts
from onepool.collect.log import SqliteLog
from onepool.collect.serve import serve_collector
from onepool.collect.touchpoint import CachedTouchpoints
from onepool.tick import Worker
from onepool.verify import verify
from onepool.workspace import init_workspace, open_workspace

Make = Callable[[int], tuple[bytes, str]]
"""A body that says something new, and the platform's id of what it says."""


def _message(number: int) -> tuple[bytes, str]:
    text = (
        f"<xml><ToUserName>gh</ToUserName><FromUserName>oDq{number % 50}</FromUserName><CreateTime>1767323045"
        f"</CreateTime><MsgType>text</MsgType><Content>第 {number} 条</Content><MsgId>{number}</MsgId></xml>"
    )
    return text.encode(), str(number)


def _receipt(number: int) -> tuple[bytes, str]:
    phone = f"138{number % 50:08}"
    told = {"phone_number": phone, "report_time": "2026-01-02 00:00:02", "success": True, "biz_id": f"b{number}"}
    return json.dumps([told]).encode(), f"b{number}.{phone}"


def _entry(number: int) -> tuple[bytes, str]:
    thing = {"serial": str(number), "at": "2026-01-02T10:00:00+08:00", "mobile": f"139{number % 50:08}"}
    return json.dumps({"entries": [thing]}).encode(), str(number)


def _trade(number: int) -> tuple[bytes, str]:
    order = {"tid": f"E{number}", "pay_time": "2026-01-02 10:00:00"}
    info = {"order_info": order, "buyer_info": {"yz_open_id": f"yz{number % 50}"}, "pay_info": {"payment": "0.60"}}
    told = {
        "id": f"E{number}",
        "type": "trade_TradePaid",
        "version": number,
        "msg": json.dumps({"full_order_info": info}),
    }
    return json.dumps(told).encode(), f"E{number}:order_paid"


MAKERS: dict[str, Make] = {"oa": _message, "oa_plain": _message, "sms": _receipt, "forms": _entry, "youzan": _trade}
SENDING = {one.name: one for one in PLATFORMS if one.name in MAKERS}


@dataclass
class Score:
    """``acknowledged``: (touchpoint, message id, digest of the body) of what was answered 200."""

    acknowledged: list[tuple[str, str, str]] = field(default_factory=list)
    sent: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


def prepare(root: Path) -> None:
    """A workspace with a touchpoint for each platform that sends."""
    workspace = init_workspace(root)
    secrets = workspace.data / "secrets"
    secrets.mkdir(parents=True)
    for one in SENDING.values():
        for name, value in one.secrets.items():
            (secrets / f"{one.name}.{name}").write_text(value)
        settings = dict(one.touchpoint().settings)
        definition = {"touchpoint": one.name, "channel": one.channel, "title": one.name, "settings": settings}
        workspace.save("touchpoint", one.name, definition, author="test")
    workspace.close()


def count(root: Path, acknowledged: list[tuple[str, str, str]]) -> dict[str, Any]:
    """What is not in the log as it was sent, what is not or not once in the pool, and what `verify` says."""
    workspace = open_workspace(root)
    records = workspace.log.read(0, 1_000_000, 1 << 30)
    logged = {(one.touchpoint, _digest(one.body)) for one in records if one.protocol == "hook"}
    worker = Worker(workspace)
    worker.drain()
    worker.close()
    rows = workspace.pool.query("SELECT event_id, count(*) AS n FROM events GROUP BY event_id").to_pylist()
    waiting = workspace.pool.query("SELECT rule, message FROM quarantine").to_pylist()
    differences = [f"{one.check}: {one.difference}" for one in verify(workspace) if one.difference]
    workspace.close()
    found = {UUID(str(row["event_id"])).bytes: row["n"] for row in rows}
    promised = {_event_id(touchpoint, message) for touchpoint, message, _ in acknowledged}
    return {
        "not_logged": len({(touchpoint, body) for touchpoint, _, body in acknowledged} - logged),
        "missing": len(promised - found.keys()),
        "twice": sum(n > 1 for n in found.values()),
        "found": len(found),
        "logged": len(records),
        "quarantined": waiting[:5],
        "differences": differences,
    }


def run(root: Path, kills: int, seed: int) -> Score:
    """Push for as long as it takes to kill `kills` processes, two collectors for each worker."""
    chance = random.Random(seed)
    for one in SENDING.values():
        registry.channel(one.channel)  # loaded once, before the forks
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(256)
    port = listener.getsockname()[1]
    score = Score()
    done = threading.Event()
    senders = [threading.Thread(target=_send, args=(port, score, done, one, seed)) for one in SENDING.values()]
    starters: dict[str, Callable[[], None]] = {
        "collector": lambda: _collector(root, listener),
        "worker": lambda: _worker(root),
    }
    children: dict[str, int] = {}
    try:
        for name, start in starters.items():
            children[name] = _fork(start)
        for sender in senders:
            sender.start()
        for number in range(kills):
            name = "collector" if number % 3 else "worker"
            before = len(score.acknowledged)
            deadline = time.monotonic() + 30
            # In the middle of work: at least some pushes got through since the last time.
            while len(score.acknowledged) < before + chance.randrange(5, 30) and time.monotonic() < deadline:
                time.sleep(0.002)
            os.kill(children[name], signal.SIGKILL)
            os.waitpid(children[name], 0)
            children[name] = _fork(starters[name])
            score.kills[name] += 1
    finally:
        done.set()
        for sender in senders:
            if sender.ident is not None:
                sender.join()
        for pid in children.values():
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        listener.close()
    return score


def _send(port: int, score: Score, done: threading.Event, platform: Platform, seed: int) -> None:
    chance = random.Random(f"{seed} {platform.name}")
    number = 0
    while not done.is_set():
        number += 1
        body, message = MAKERS[platform.name](number)
        request = platform.sign(body, datetime.now(UTC))
        answered = False
        again = chance.random() < 0.1
        while not done.is_set() and (not answered or again):
            again = again and not answered
            connection = HTTPConnection("127.0.0.1", port, timeout=5)
            try:
                score.sent += 1
                connection.request("POST", platform.url(request), request.body, dict(request.headers))
                status = connection.getresponse().status
                if status == 200:
                    if not answered:
                        score.acknowledged.append((platform.name, message, _digest(request.body)))
                    answered = True
                elif status != 503:
                    score.refused[f"{platform.name} {status}"] += 1
                    return
            except (OSError, HTTPException):
                done.wait(0.01)  # not acknowledged: the same again until it is
            finally:
                connection.close()


def _collector(root: Path, listener: socket.socket) -> None:
    workspace = open_workspace(root)
    touchpoints = CachedTouchpoints(lambda: list(workspace.touchpoints().values()))
    log = SqliteLog(workspace.data / "log.sqlite")
    serve_collector(listener, log, touchpoints, SystemClock(), accounts=Accounts(workspace.data))


def _worker(root: Path) -> None:
    workspace = open_workspace(root)
    workspace.settings.tick.idle_milliseconds = 5
    Worker(workspace).run(threading.Event())


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


def _digest(body: bytes) -> str:
    return blake2b(body, digest_size=16).hexdigest()


def _event_id(touchpoint: str, message: str) -> bytes:
    """An event's id is BLAKE2b-128 of its touchpoint and the sender's message id."""
    return blake2b(f"{touchpoint}\0{message}".encode(), digest_size=16).digest()


def main() -> None:
    """Run and print the score."""
    score = run(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    print(json.dumps(score.__dict__))


if __name__ == "__main__":
    main()
