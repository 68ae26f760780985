"""Durable ingest: events per second accepted and on disk, and how long an answer takes.

Real collector processes, Segment batches of 100 events, the load client on the same machine. In the same run two limits
that no collector on this machine can pass: parsing the same bodies and nothing else, and appending the same bodies to
the log and nothing else. Then the same events as Sensors' clients send them (gzip and base64 in a form). Ends with a
check that every accepted request is in the log.

    python bench/ingest.py [--seconds 10] [--processes 2] [--connections 32]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import _load
from onepool.clock import SystemClock
from onepool.collect.inbound import decode
from onepool.collect.log import NewRecord, Record, SqliteLog
from onepool.collect.segment import read_batch
from onepool.collect.serve import serve_collector
from onepool.collect.touchpoint import CachedTouchpoints, Touchpoint

KEY = "BENCH_KEY"
EVENTS = 100
RESULTS = Path(__file__).parent / "results"


def collector(sock: socket.socket, path: Path) -> None:
    touchpoints = CachedTouchpoints(lambda: [Touchpoint("shop", "site", {}, KEY)])
    serve_collector(sock, SqliteLog(path), touchpoints, SystemClock())


HEADERS = {"segment": b'{"call":"batch","user-agent":"analytics-python"}', "sensors": b'{"user-agent":"Python-urllib"}'}


def record(body: bytes, protocol: str = "segment") -> NewRecord:
    return NewRecord(datetime.now(UTC), "shop", protocol, HEADERS[protocol], body)


def parsing(bodies: list[bytes], seconds: float, *, whole: bool, protocol: str = "segment") -> float:
    """Events per second of one core that only parses: as the collector does, or ``whole`` as the tick does."""
    records = [Record(*(getattr(record(body, protocol), name) for name in NewRecord.__slots__), 1) for body in bodies]
    count, start = 0, time.perf_counter()
    while (now := time.perf_counter()) - start < seconds:
        for one in records:
            if whole:
                decode(one)
            else:
                events = read_batch(one.body).batch
                max(map(len, events))
        count += len(records)
    return count * EVENTS / (now - start)


def appending(path: Path, bodies: list[bytes], seconds: float, group: int) -> float:
    """Events per second of a thread that only appends groups of requests, each group durable."""
    log = SqliteLog(path)
    group_of = [record(bodies[n % len(bodies)]) for n in range(group)]
    count, start = 0, time.perf_counter()
    while (now := time.perf_counter()) - start < seconds:
        log.append(group_of)
        count += group
    log.close()
    return count * EVENTS / (now - start)


def ingest(folder: Path, requests: list[bytes], options: argparse.Namespace) -> tuple[_load.Load, float, int]:
    """The load, the collectors' CPU seconds, and the requests in the log afterwards."""
    path = folder / "log.sqlite"
    sock = socket.create_server(("127.0.0.1", 0), backlog=1024)
    port = sock.getsockname()[1]
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=collector, args=(sock, path)) for _ in range(options.processes)]
    for worker in workers:
        worker.start()
    _load.wait_ready(port, options.processes)
    load = _load.run(port, requests, connections=options.connections, warm_up=1.0, seconds=options.seconds)
    cpu = sum(_load.cpu_seconds(worker.pid or 0) for worker in workers)
    for worker in workers:
        os.kill(worker.pid or 0, signal.SIGTERM)
    for worker in workers:
        worker.join(20)
    sock.close()
    log = SqliteLog(path)
    in_log = log.end()
    log.close()
    return load, cpu, in_log


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--folder", type=Path, help="where the log is written; default: the system's temporary folder")
    options = parser.parse_args()

    bodies = _load.segment_batches(EVENTS, 64)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        limit_seconds = min(3.0, options.seconds)
        frame_rate = parsing(bodies, limit_seconds, whole=False)
        decode_rate = parsing(bodies, limit_seconds, whole=True)
        append_rate = appending(Path(folder) / "alone.sqlite", bodies, limit_seconds, options.connections)
        load, cpu, in_log = ingest(Path(folder), [_load.request(body, KEY) for body in bodies], options)
        (Path(folder) / "sensors").mkdir()
        packed = _load.sensors_batches(EVENTS, 64)
        sensors_decode = parsing(packed, limit_seconds, whole=True, protocol="sensors")
        sensors, sensors_cpu, sensors_in_log = ingest(
            Path(folder) / "sensors", [_load.sensors_request(body, KEY) for body in packed], options
        )

    rate = len(load.latencies) * EVENTS / load.seconds
    result = {
        "bench": "ingest",
        "events_per_second": round(rate),
        "answer_ms": {name: round(load.percentile(share) * 1000, 1) for name, share in _SHARES.items()},
        "failures": load.failures,
        "requests_accepted": load.accepted,
        "requests_in_log": in_log,
        "collector_cpu_seconds": round(cpu, 1),
        "limits": {
            "read the envelope only, one core": round(frame_rate),
            "decode to items only, one core": round(decode_rate),
            f"append only, {options.connections} requests a commit": round(append_rate),
        },
        "sensors": {
            "events_per_second": round(len(sensors.latencies) * EVENTS / sensors.seconds),
            "answer_ms": {name: round(sensors.percentile(share) * 1000, 1) for name, share in _SHARES.items()},
            "failures": sensors.failures,
            "requests_accepted": sensors.accepted,
            "requests_in_log": sensors_in_log,
            "collector_cpu_seconds": round(sensors_cpu, 1),
            "decode to items only, one core": round(sensors_decode),
            "body_bytes": len(packed[0]),
        },
        "options": {"processes": options.processes, "connections": options.connections, "seconds": options.seconds},
        "body_bytes": len(bodies[0]),
        "cores": os.cpu_count(),
        "aim": {"events_per_second": 100_000, "answer_p99_ms": 100},
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "ingest.json").write_text(json.dumps(result, indent=2) + "\n")
    _print(result, rate)
    if in_log < load.accepted or sensors_in_log < sensors.accepted:
        raise SystemExit(
            f"LOST: {load.accepted} and {sensors.accepted} were accepted, {in_log} and {sensors_in_log} are there"
        )


_SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}


def _print(result: dict[str, object], rate: float) -> None:
    limits = result["limits"]
    assert isinstance(limits, dict)
    print(f"{'':44}{'events/s':>12}{'ratio':>8}")
    print(f"{'HTTP to disk (fsync before the answer)':44}{rate:12,.0f}{1.0:8.2f}")
    for name, value in limits.items():
        print(f"{name:44}{value:12,.0f}{value / rate:8.2f}")
    sensors = result["sensors"]
    assert isinstance(sensors, dict)
    for name, value in (
        ("Sensors: HTTP to disk", sensors["events_per_second"]),
        ("Sensors: decode to items only, one core", sensors["decode to items only, one core"]),
    ):
        print(f"{name:44}{value:12,.0f}{value / rate:8.2f}")
    print(f"answer ms {result['answer_ms']}; failures {result['failures']}; CPU {result['collector_cpu_seconds']} s")


if __name__ == "__main__":
    main()
