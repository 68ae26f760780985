"""Does the tick keep up? Events at a steady rate into the real server, collector and worker on the same two cores.

    script/bench tick [--rate 20000] [--seconds 30]

Beside it in the same run, as the limit: standardising the same requests and nothing else, in one process.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bench._world import SEGMENTS, WRITE_KEY  # noqa: E402

from onepool.collect.log import NewRecord, Record  # noqa: E402
from onepool.standards import standardise  # noqa: E402
from onepool.workspace import Workspace, init_workspace, open_workspace  # noqa: E402

PORT = 8392
BATCH = 100
CUSTOMERS = 200_000
SENDERS = 4


def main() -> int:
    """Run, print, write bench/results/tick.json; exit status 1 when the tick fell behind."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rate", type=int, default=20_000, help="events a second")
    options.add_argument("--seconds", type=int, default=30)
    chosen = options.parse_args()
    bodies = [body(n) for n in range(chosen.rate * chosen.seconds // BATCH)]
    with TemporaryDirectory() as folder:
        root = Path(folder) / "ws"
        workspace = init_workspace(root)
        touchpoint = {"touchpoint": "shop", "channel": "web", "title": "shop", "write_key": WRITE_KEY}
        workspace.save("touchpoint", "shop", touchpoint, author="bench")
        for name, condition in SEGMENTS.items():
            workspace.save("segment", name, {"segment": name, "title": name, "condition": condition}, author="bench")
        limit = standardising(workspace, bodies[: max(200, len(bodies) // 10)])
        workspace.close()
        server = subprocess.Popen(
            [sys.executable, "-c", "from onepool.cli import main; main()", "serve", "-w", root, "--port", str(PORT)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            result = measure(server, open_workspace(root), bodies, chosen.rate)
        finally:
            server.terminate()
            server.wait(60)
    result |= {
        "standardise_alone_events_per_second": round(limit),
        "applied_to_standardise_alone": round(result["applied_events_per_second"] / limit, 2),
    }
    target = ROOT / "bench" / "results" / "tick.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=2) + "\n")
    for name, value in result.items():
        print(f"{name:>36}  {value}")
    return int(result["behind_at_the_end_seconds"] > 2)


def measure(server: subprocess.Popen[str], workspace: Workspace, bodies: list[bytes], rate: int) -> dict[str, float]:
    """Send at the rate from several connections; watch how far the tick is behind."""
    assert server.stderr is not None
    for line in server.stderr:
        if "open " in line:
            break
    threading.Thread(target=server.stderr.read, daemon=True).start()
    started = time.monotonic() + 0.5
    threads = [
        threading.Thread(target=send, args=(bodies[n::SENDERS], started, SENDERS * BATCH / rate))
        for n in range(SENDERS)
    ]
    for thread in threads:
        thread.start()
    most = 0
    while any(thread.is_alive() for thread in threads):
        most = max(most, workspace.log.end() - workspace.applied())
        time.sleep(0.25)
    sent = time.monotonic()
    end = workspace.log.end()
    while workspace.applied() < end:
        time.sleep(0.02)
    caught_up = time.monotonic()
    events = len(bodies) * BATCH
    found = workspace.pool.query("SELECT count(*) AS n FROM events").column("n")[0].as_py()
    if found != events:
        held = workspace.pool.query(
            "SELECT rule, count(*) AS n, any_value(message) AS why FROM quarantine GROUP BY rule"
        )
        raise SystemExit(f"{events} events were accepted, {found} are in the pool; quarantine: {held.to_pylist()}")
    workspace.close()
    return {
        "events": events,
        "offered_events_per_second": rate,
        "accepted_events_per_second": round(events / (sent - started)),
        "applied_events_per_second": round(events / (caught_up - started)),
        "segments_kept_live": len(SEGMENTS),
        "most_requests_behind": most,
        "behind_at_the_end_seconds": round(caught_up - sent, 2),
    }


def send(bodies: list[bytes], started: float, every: float) -> None:
    """One connection; each body at its time."""
    connection = HTTPConnection("127.0.0.1", PORT, timeout=60)
    key = base64.b64encode(f"{WRITE_KEY}:".encode()).decode()
    headers = {"Authorization": f"Basic {key}", "Content-Type": "application/json"}
    for number, one in enumerate(bodies):
        time.sleep(max(0.0, started + number * every - time.monotonic()))
        connection.request("POST", "/v1/batch", one, headers)
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"the server answered {answer.status}: {said!r}")


def body(number: int) -> bytes:
    """A batch of a web shop's events."""
    chance = random.Random(number)
    now = datetime.now(UTC).isoformat()
    batch = []
    for n in range(BATCH):
        person = int(CUSTOMERS * chance.random() ** 2)
        event = {
            "type": "track",
            "event": chance.choice(["product_viewed", "product_viewed", "product_viewed", "cart_added", "app_opened"]),
            "messageId": f"{number}-{n}",
            "anonymousId": f"a{person}",
            "timestamp": now,
            "properties": {"product_id": f"P{chance.randrange(5000)}", "price": 39.9, "currency": "CNY"},
        }
        if chance.random() < 0.4:
            event["userId"] = f"u{person}"
        batch.append(event)
    return json.dumps({"batch": batch, "sentAt": now}).encode()


def standardising(workspace: Workspace, bodies: list[bytes]) -> float:
    """Events a second of the standardiser alone."""
    now = datetime.now(UTC)
    records = [
        Record(**vars_of(NewRecord(now, "shop", "segment", b'{"call":"batch"}', one)), offset=n + 1)
        for n, one in enumerate(bodies)
    ]
    standard, settings, touchpoints = workspace.standard(), workspace.standard_settings, workspace.touchpoints()
    standardise(records[:20], standard, settings, touchpoints)
    started = time.monotonic()
    for start in range(0, len(records), 200):
        standardise(records[start : start + 200], standard, settings, touchpoints)
    return len(records) * BATCH / (time.monotonic() - started)


def vars_of(record: NewRecord) -> dict[str, object]:
    """The fields of a record."""
    return {name: getattr(record, name) for name in ("received_at", "touchpoint", "protocol", "headers", "body")}


if __name__ == "__main__":
    sys.exit(main())
