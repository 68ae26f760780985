"""A load client that costs little: prepared requests over kept connections, each sending the next on its answer."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import os
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import uvloop

_OK = b"HTTP/1.1 200 "


@dataclass
class Load:
    """What a run measured: requests answered 200 within the measured time, their seconds, and other answers."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    accepted: int = 0
    failures: int = 0

    def percentile(self, share: float) -> float:
        """Seconds of the given share of the answers (0.99: all but the slowest hundredth)."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


def segment_batches(events: int, variants: int) -> list[bytes]:
    """Bodies of POST /v1/batch with ``events`` track calls each, like a shop's server sends them."""
    return [
        json.dumps(
            {
                "batch": [_event(variant * events + number) for number in range(events)],
                "sentAt": "2026-11-21T17:23:24.481298+00:00",
            }
        ).encode()
        for variant in range(variants)
    ]


def _event(n: int) -> dict[str, object]:
    return {
        "type": "track",
        "event": ("product_viewed", "cart_added", "order_paid")[n % 3],
        "userId": f"u{n % 5000}",
        "anonymousId": None,
        "messageId": f"67dc0d36-0000-4000-8000-{n:012d}",
        "timestamp": "2026-11-21T17:23:23.982+00:00",
        "integrations": {},
        "properties": {"product_id": f"p{n % 300}", "price": 99.5, "quantity": n % 4 + 1, "currency": "CNY"},
        "context": {"library": {"name": "analytics-python", "version": "2.4.0"}},
    }


def sensors_batches(events: int, variants: int) -> list[bytes]:
    """Bodies of POST /sa with ``events`` records each of the same contents, as Sensors' Python client packs them."""
    bodies = []
    for variant in range(variants):
        records = [_record(variant * events + number) for number in range(events)]
        packed = base64.b64encode(gzip.compress(json.dumps(records, separators=(",", ":")).encode()))
        bodies.append(urlencode({"data_list": packed, "gzip": 1}).encode())
    return bodies


def _record(n: int) -> dict[str, object]:
    event = _event(n)
    library = {"$lib": "python", "$lib_version": "1.11.0"}
    return {
        "type": "track",
        "time": 1_795_281_803_982 + n,
        "distinct_id": event["userId"],
        "event": event["event"],
        "properties": {**event["properties"], "$is_login_id": True, **library},  # type: ignore[dict-item]
        "lib": {**library, "$lib_method": "code"},
    }


def sensors_request(body: bytes, write_key: str) -> bytes:
    """The bytes of one HTTP request of Sensors' client."""
    head = (
        f"POST /sa?project=default&token={write_key} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Python-urllib/3.11\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def request(body: bytes, write_key: str) -> bytes:
    """The bytes of one HTTP request."""
    key = base64.b64encode(f"{write_key}:".encode()).decode()
    head = (
        "POST /v1/batch HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: analytics-python/2.4.0\r\n"
        f"Authorization: Basic {key}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Connection(asyncio.Protocol):
    def __init__(
        self, load: Load, requests: list[bytes], first: int, window: tuple[float, float], ending: bytes
    ) -> None:
        self._load = load
        self._requests = requests
        self._next = first
        self._from, self._until = window
        self._sent_at = 0.0
        self._ending = ending
        self._answer = b""
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]  # uvloop's is no subclass
        self._send()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if not self._answer.endswith(self._ending):
            return  # head and body may come apart
        now = time.perf_counter()
        load = self._load
        if self._answer.startswith(_OK):
            load.accepted += 1
            if self._from <= now < self._until:
                load.latencies.append(now - self._sent_at)
        else:
            load.failures += 1
        self._answer = b""
        if now < self._until:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        self._transport.write(self._requests[self._next % len(self._requests)])
        self._next += 1


def run(
    port: int, requests: list[bytes], *, connections: int, warm_up: float, seconds: float, ending: bytes = b"}"
) -> Load:
    """Sends as fast as the server answers, over ``connections`` connections; counts after ``warm_up`` seconds.

    ``ending``: how every answer ends.
    """

    async def main() -> Load:
        load = Load(seconds=seconds)
        start = time.perf_counter() + warm_up
        window = (start, start + seconds)
        loop = asyncio.get_running_loop()
        opened = [
            await loop.create_connection(
                lambda number=number: _Connection(load, requests, number, window, ending), "127.0.0.1", port
            )
            for number in range(connections)
        ]
        await asyncio.gather(*(protocol.done for _, protocol in opened))
        return load

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main())


def wait_ready(port: int, processes: int) -> None:
    """Wait until the collectors behind a port are up."""
    # All share one socket: several questions at once reach every process that is up; the first answer is enough.
    deadline = time.monotonic() + 30
    ready = 0
    while ready < 3 * processes:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            ready += connection.recv(16).startswith(b"HTTP/1.1 200")
        if time.monotonic() > deadline:
            raise SystemExit("the collectors did not start")
    time.sleep(1.0)


def cpu_seconds(pid: int) -> float:
    """Processor seconds, user and system, that a process has used."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
