from __future__ import annotations

import multiprocessing
import socket
import threading
from pathlib import Path

import httpx
import pytest
from tests.clients.server import TOUCHPOINT, WRITE_KEY

from onepool.clock import SystemClock
from onepool.collect.inbound import decode
from onepool.collect.log import SqliteLog
from onepool.collect.serve import serve_collector
from onepool.collect.touchpoint import CachedTouchpoints

KILLS = 3
SENDERS = 4


def collector(sock: socket.socket, path: Path) -> None:
    serve_collector(sock, SqliteLog(path), CachedTouchpoints(lambda: [TOUCHPOINT]), SystemClock())


class Sender(threading.Thread):
    """Sends one event after the other and remembers those that were acknowledged."""

    def __init__(self, url: str, name: str, enough: threading.Event) -> None:
        super().__init__(name=name)
        self.acknowledged: list[str] = []
        self._url = url
        self._enough = enough

    def run(self) -> None:
        with httpx.Client(base_url=self._url, timeout=20) as client:
            for number in range(100_000):
                message_id = f"{self.name}-{number}"
                event = {"type": "track", "event": "A", "userId": "u", "messageId": message_id}
                try:
                    answer = client.post("/v1/batch", json={"batch": [event], "writeKey": WRITE_KEY})
                except httpx.TransportError:
                    return  # killed
                if answer.status_code == 200:
                    self.acknowledged.append(message_id)
                if len(self.acknowledged) >= 20:
                    self._enough.set()


@pytest.mark.slow
def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    spawn = multiprocessing.get_context("spawn")
    acknowledged: list[str] = []
    for life in range(KILLS):
        with socket.create_server(("127.0.0.1", 0)) as sock:
            process = spawn.Process(target=collector, args=(sock, path))
            process.start()
            url = f"http://127.0.0.1:{sock.getsockname()[1]}"
        enough = threading.Event()
        senders = [Sender(url, f"{life}-{n}", enough) for n in range(SENDERS)]
        for sender in senders:
            sender.start()
        assert enough.wait(30)
        process.kill()  # in the middle of whatever it does
        process.join()
        for sender in senders:
            sender.join()
            acknowledged += sender.acknowledged
    log = SqliteLog(path)
    records = log.read(0, 1_000_000, 1 << 30)
    kept = [item.message_id for record in records for item in decode(record).items]
    assert [record.offset for record in records] == list(range(1, len(records) + 1))
    assert set(acknowledged) <= set(kept)
    assert len(kept) == len(set(kept))
    assert len(kept) - len(acknowledged) <= KILLS * SENDERS  # at most what was in flight
    log.close()
