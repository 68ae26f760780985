"""From the answer 200 to the segment entered, while events keep coming into a large pool.

    script/bench freshness [--events 10000000] [--customers 500000] [--rate 2000] [--seconds 30] [--segments 10]
        [--without-index] [--keep DIR]

A client sends batches at a steady rate to the real server. In each batch one customer adds to the cart who was not in
the segment `in_cart`; the time from the 200 to the message `segment_entered` on the live feed is measured. Beside it
in the same run: the time of one such evaluation by asking the whole pool anew (`onepool`'s own full pass), which is
what a set-up without live membership would wait for at least. Where others use the machine too, the clock says
little: the processor time of the server (all of its processes and threads) for each second of events stands beside
it, and what share of the time each stage of its tick took.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import statistics
import subprocess
import sys
import threading
import time
from http.client import HTTPConnection
from pathlib import Path

import httpx

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bench._processes import memory, processor  # noqa: E402
from bench._world import SEGMENTS, WRITE_KEY, keeping, made  # noqa: E402

from onepool.audience.catalog import load_catalog  # noqa: E402
from onepool.audience.conditions import Scope, compile_conditions  # noqa: E402
from onepool.pool.behaviour.status import kept  # noqa: E402
from onepool.privacy import api_keys  # noqa: E402
from onepool.privacy.roles import Role  # noqa: E402
from onepool.workspace import Workspace  # noqa: E402

PORT = 8391
BATCH = 50


def main() -> int:
    """Run, print, write bench/results/freshness.json."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=10_000_000)
    options.add_argument("--customers", type=int, default=500_000)
    options.add_argument("--rate", type=int, default=2000, help="events a second")
    options.add_argument("--seconds", type=int, default=30)
    options.add_argument("--segments", type=int, default=len(SEGMENTS), help="live segments")
    options.add_argument("--without-index", action="store_true", help="the same without the behaviour index")
    keeping(options)
    chosen = options.parse_args()
    print(f"making a pool of {chosen.events:,} events of {chosen.customers:,} customers", file=sys.stderr)
    with made(chosen.keep, chosen.events, chosen.customers, chosen.segments) as workspace:
        full, waits, sent, late, used = served(workspace, chosen)
    waits.sort()
    result = {
        "events_in_pool": chosen.events,
        "customers": chosen.customers,
        "segments": chosen.segments,
        "behaviour_index": not chosen.without_index,
        "events_per_second": round(sent / chosen.seconds),
        "entries_measured": len(waits),
        "entries_never_seen": late,
        **used,
        "p50_seconds": round(statistics.median(waits), 3),
        "p99_seconds": round(waits[int(len(waits) * 0.99) - 1], 3),
        "max_seconds": round(waits[-1], 3),
        "full_pass_seconds": round(full, 3),
        "p99_to_full_pass": round(waits[int(len(waits) * 0.99) - 1] / full, 2),
    }
    target = ROOT / "bench" / "results" / "freshness.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=2) + "\n")
    for name, value in result.items():
        print(f"{name:>27}  {value}")
    return int(late > 0)


def served(workspace: Workspace, chosen: argparse.Namespace) -> tuple[float, list[float], int, int, dict[str, float]]:
    """Seconds of a full pass, and what `measure` gives, of a server over the workspace."""
    full = full_pass(workspace)
    _, token = api_keys.create_key(workspace.state, workspace.clock, name="bench", role=Role.ANALYST)
    root = workspace.root
    workspace.close()
    if chosen.without_index:
        with (root / "onepool.yaml").open("a") as settings:
            settings.write("behaviour:\n  enabled: false\n")
    server = subprocess.Popen(
        [sys.executable, "-c", "from onepool.cli import main; main()", "serve", "-w", str(root), "--port", str(PORT)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        index = None if chosen.without_index else root / "data"
        return full, *measure(server, token, chosen.rate, chosen.seconds, chosen.customers, index)
    finally:
        server.terminate()
        server.wait(30)


def full_pass(workspace: Workspace) -> float:
    """Seconds of asking for all the segments over the whole pool."""
    catalog = load_catalog(workspace)
    started = time.monotonic()
    with workspace.pool.read() as session:
        compile_conditions(catalog.segments, workspace.clock.now(), Scope.all(), catalog.context).run(session)
    return time.monotonic() - started


def measure(
    server: subprocess.Popen[str], token: str, rate: int, seconds: int, customers: int, data: Path | None
) -> tuple[list[float], int, int, dict[str, float]]:
    """Waits in seconds, events sent, entries never seen, processor time and ticks for each second. `data`: where to see
    when the behaviour index is there."""
    assert server.stderr is not None
    for line in server.stderr:
        if "open " in line:
            break
    threading.Thread(target=server.stderr.read, daemon=True).start()
    entered: dict[int, float] = {}
    ready, done = threading.Event(), threading.Event()
    threading.Thread(target=watch, args=(token, entered, ready, done), daemon=True).start()
    if not ready.wait(60):
        raise SystemExit("the live feed did not open")
    while data is not None and not ((found := kept(data)) and found.serving):
        time.sleep(0.5)
    answered: dict[int, float] = {}
    connection = HTTPConnection("127.0.0.1", PORT, timeout=30)
    headers = {
        "Authorization": "Basic " + base64.b64encode(f"{WRITE_KEY}:".encode()).decode(),
        "Content-Type": "application/json",
    }
    # Customers from the sparse end of the skew, one for each batch.
    count = rate * seconds // BATCH
    # The first batches find caches cold and the definitions being evaluated for the first time.
    warm = min(count // 3, 5 * rate // BATCH)
    warm = max(warm, 1)
    started = began = time.monotonic()
    before: tuple[float, dict[str, float]] = (0.0, {})
    for number in range(-warm, count):
        person = customers - 1 - (number + warm)
        due = started + (number + warm) * BATCH / rate
        time.sleep(max(0.0, due - time.monotonic()))
        connection.request("POST", "/v1/batch", batch(number, person, customers), headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"the server answered {answer.status}")
        if number >= 0:
            answered[person] = time.monotonic()
        if number == -1:
            began, before = time.monotonic(), (processor(server.pid), stages())
    spent = time.monotonic() - began
    used = {"server_processor_per_second": round((processor(server.pid) - before[0]) / spent, 3)}
    used |= {"server_most_megabytes": memory(server.pid)}
    used |= {name: round((value - before[1].get(name, 0.0)) / spent, 3) for name, value in stages().items()}
    limit = time.monotonic() + 60
    while len(answered.keys() - entered.keys()) and time.monotonic() < limit:
        time.sleep(0.05)
    done.set()
    waits = [max(0.0, entered[person] - at) for person, at in answered.items() if person in entered]
    sent = (count + warm) * BATCH * seconds // (seconds + warm * BATCH // rate)
    return waits, sent, len(answered) - len(waits), used


def stages() -> dict[str, float]:
    """What the server says of the stages of its tick: how many ticks, seconds by the clock of each stage."""
    found = {}
    for line in httpx.get(f"http://127.0.0.1:{PORT}/metrics", timeout=30).text.splitlines():
        name, _, value = line.rpartition(" ")
        if name.startswith("onepool_tick_stage_seconds_total"):
            found["seconds_of_" + name.partition('"')[2].partition('"')[0]] = float(value)
        elif name == 'onepool_tick_stage_total{stage="evaluate"}':
            found["ticks"] = float(value)
    return found


def batch(number: int, person: int, customers: int) -> bytes:
    """One customer adds to the cart; others look around."""
    now = time.time()
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03d}Z"
    events = [
        {
            "type": "track",
            "event": "cart_added",
            "userId": f"u{person}",
            "timestamp": stamp,
            "messageId": f"f{number}-0",
            "properties": {"product_id": "P1"},
        }
    ]
    events += [
        {
            "type": "track",
            "event": "product_viewed",
            "userId": f"u{(number * 977 + i * 31) % (customers // 2)}",
            "timestamp": stamp,
            "messageId": f"f{number}-{i}",
            "properties": {"product_id": f"P{i}"},
        }
        for i in range(1, BATCH)
    ]
    return json.dumps({"batch": events, "sentAt": stamp}).encode()


def watch(token: str, entered: dict[int, float], ready: threading.Event, done: threading.Event) -> None:
    """Notes when the live feed tells of somebody entering `in_cart`."""
    # The server ends the feed when it stops.
    ended = contextlib.suppress(httpx.RemoteProtocolError)
    with (
        ended,
        httpx.stream(
            "GET",
            f"http://127.0.0.1:{PORT}/api/v1/live?segment=in_cart",
            headers={"Authorization": f"Bearer {token}"},
            timeout=None,
        ) as feed,
    ):
        if feed.status_code != 200:
            raise SystemExit(f"the live feed answered {feed.status_code}: {feed.read()!r}")
        ready.set()
        for line in feed.iter_lines():
            if done.is_set():
                return
            if line.startswith("data:"):
                message = json.loads(line[5:])
                if message.get("type") == "segment_entered" and message["segment"] == "in_cart":
                    entered.setdefault(message["customer_id"], time.monotonic())


if __name__ == "__main__":
    sys.exit(main())
