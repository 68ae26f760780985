"""From an event to the claimed message, while events keep coming in.

    script/bench claim_latency [--rate 2000] [--share 0.1] [--customers 20000] [--seconds 20]

The same parts as in the server, in one process: a log on disk, the worker with the executor of journeys, the senders
with everything that a claim asks again (fsync on). `--share` of the events start a journey whose first node sends a
message; a platform that answers at once stands behind the account, so what is measured is ours: from the instant at
which the event was written into the log to the instant at which its message was claimed.

Beside it in the same run what a set-up that polls would wait for: the same condition asked of the whole pool anew, as
often as its period says (a customer waits for the rest of the period, and for the answer).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from onepool.audience.catalog import load_catalog  # noqa: E402
from onepool.audience.conditions import Scope, compile_conditions, parse_condition  # noqa: E402
from onepool.channels.base import Account, Message, Receipt  # noqa: E402
from onepool.collect.log import NewRecord  # noqa: E402
from onepool.journeys import store  # noqa: E402
from onepool.sending import senders  # noqa: E402
from onepool.state.journeys import runs  # noqa: E402
from onepool.state.outbox import sends  # noqa: E402
from onepool.tick import Worker  # noqa: E402
from onepool.workspace import Workspace, init_workspace  # noqa: E402

APP = "wx00000000000000aa"
SCOPES = {"user_id": "crm", "openid": APP}
PERIOD = 60.0
TARGET = 2.0
BATCH = 100
MESSAGE: dict[str, Any] = {
    "message": "hello", "category": "promotion",
    "contents": [{"template": "OA", "channel": "wechat_oa", "kind": "template",
                  "content": {"template_id": "T1", "data": {"thing1": "{{ product }}"}}}],
    "variables": {"product": {"type": "text", "from": "trigger.product_id", "default": "-"}},
}  # fmt: skip
JOURNEY: dict[str, Any] = {
    "journey": "recall",
    "entry": {"did": "cart_added", "reentry": {"when": "always", "parallel": 100}, "key": "$trigger.cart_id"},
    "policy": {"category": "promotion", "quiet": {"from": "00:00", "to": "00:01", "on_hit": "ignore"}},
    "goal": {"did": "order_paid"},
    "max_life": "1 day",
    "start": "send",
    "nodes": {
        "send": {"do": "send", "message": "hello", "guard": {"did_not": "order_paid", "since": "entry"},
                 "chain": [{"channel": "wechat_oa", "kind": "template"}], "next": "done", "else": "lost"},
        "done": {"do": "end", "as": "completed"},
        "lost": {"do": "end", "as": "unreachable"},
    },
}  # fmt: skip


class AtOnce:
    """A platform that takes everything."""

    def of(self, account: Account) -> AtOnce:
        return self

    def send(self, message: Message) -> Receipt:
        return Receipt("sent", provider_id=f"p{message.key}")

    def close(self) -> None:
        """Nothing is open."""


def main() -> int:
    """Run, print, write bench/results/claim_latency.json."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rate", type=int, default=2000, help="events a second")
    options.add_argument("--share", type=float, default=0.1, help="of the events that start the journey")
    options.add_argument("--customers", type=int, default=20_000)
    options.add_argument("--seconds", type=int, default=20)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = prepared(Path(folder) / "ws", chosen.customers)
        result = measured(workspace, chosen)
        result["polling"] = polled(workspace)
        workspace.close()
    result |= {"rate": chosen.rate, "share": chosen.share, "customers": chosen.customers, "seconds": chosen.seconds,
               "target_p99": TARGET}  # fmt: skip
    print(json.dumps(result, indent=2))
    path = ROOT / "bench/results/claim_latency.json"
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0 if result["missing"] == 0 and result["p99"] <= TARGET else 1


def prepared(root: Path, customers: int) -> Workspace:
    """Everybody follows the account and agrees to marketing; the journey is live."""
    workspace = init_workspace(root)
    (workspace.data / "secret").write_text("kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR")
    settings = {"appid": APP, "secret": "file:secret", "token": "file:secret", "encoding_aes_key": "file:secret"}
    body = {"touchpoint": "oa", "channel": "wechat_oa", "scopes": SCOPES, "settings": settings}
    workspace.save("touchpoint", "oa", body, author="bench")
    workspace.save("touchpoint", "mini", {"touchpoint": "mini", "channel": "web", "scopes": SCOPES}, author="bench")
    workspace.save("policy", "default", {"policy": "default", "quiet": {}}, author="bench")
    workspace.save("message", "hello", MESSAGE, author="bench")
    for start in range(0, customers, 500):
        people = range(start, min(start + 500, customers))
        append(workspace, "oa", [(one, "followed", {}) for one in people])
        append(workspace, "mini", [(one, "consent_granted", {"purpose": "marketing"}) for one in people])
    worker = Worker(workspace)
    worker.drain()
    workspace.save("journey", "recall", JOURNEY, author="bench")
    store.publish(workspace, workspace.clock, "recall", author="bench", may_approve=True)
    worker.drain()
    worker.close()
    return workspace


def append(workspace: Workspace, touchpoint: str, events: list[tuple[int, str, dict[str, Any]]]) -> None:
    """One request with these events, in the log."""
    now = workspace.clock.now()
    batch = []
    for number, (person, name, fields) in enumerate(events):
        batch.append(
            {
                "type": "track", "messageId": f"{now.timestamp():.6f}.{number}.{name}", "event": name,
                "timestamp": now.isoformat(), "userId": f"u{person}", "properties": fields,
                "context": {"externalIds": [{"type": "openid", "id": f"o{person}"}]},
            }
        )  # fmt: skip
    head = json.dumps({"call": "batch", "scopes": SCOPES}).encode()
    workspace.log.append([NewRecord(now, touchpoint, "segment", head, json.dumps({"batch": batch}).encode())])


def measured(workspace: Workspace, chosen: argparse.Namespace) -> dict[str, Any]:
    """Feed events at the rate; what each message waited for."""
    worker = Worker(workspace)
    sender = senders(workspace, AtOnce())  # type: ignore[arg-type]
    stop = threading.Event()
    threads = [threading.Thread(target=one.run, args=(stop,), daemon=True) for one in (worker, sender)]
    cpu, feeding = time.process_time(), time.thread_time()
    for one in threads:
        one.start()
    rng = np.random.default_rng(7)
    began = time.perf_counter()
    batches = int(chosen.rate * chosen.seconds / BATCH)
    started = 0
    for number in range(batches):
        people = rng.integers(0, chosen.customers, BATCH)
        starts = rng.random(BATCH) < chosen.share
        started += int(starts.sum())
        append(
            workspace, "mini",
            [(int(one), "cart_added" if start else "page_viewed",
              {"cart_id": f"c{number}.{place}", "product_id": "P1"} if start else {})
             for place, (one, start) in enumerate(zip(people, starts, strict=True))],
        )  # fmt: skip
        ahead = began + (number + 1) * BATCH / chosen.rate - time.perf_counter()
        if ahead > 0:
            time.sleep(ahead)
    fed = time.perf_counter() - began
    found = waited(workspace)
    end = time.perf_counter() + 60
    while found.size < started and time.perf_counter() < end:
        time.sleep(0.25)
        found = waited(workspace)
    # Of all of it, what was still to be done after the last event included; without the one who feeds and asks.
    used = time.process_time() - cpu - (time.thread_time() - feeding)
    stop.set()
    for one in threads:
        one.join(20)
    worker.close()
    sender.close()
    percent = {f"p{one}": round(float(np.percentile(found, one)), 3) for one in (50, 90, 99)} if found.size else {}
    return {
        **percent, "most": round(float(found.max(initial=0)), 3), "messages": int(found.size),
        "missing": started - int(found.size), "fed_seconds": round(fed, 2),
        "processor_for_a_second_of_events": round(used / fed, 3),
        "stages": {name: {"times": one.times, "seconds": round(one.seconds, 2)}
                   for name, one in worker.stages.spent.items()},
    }  # fmt: skip


def waited(workspace: Workspace) -> Any:
    """Seconds from the event to the claim, of each message that was claimed."""
    with workspace.state.read() as connection:
        rows = connection.execute(
            select(sends.c.claimed, sends.c.planned, runs.c.entered)
            .join(runs, runs.c.run_id == sends.c.run_id)
            .where(sends.c.claimed.is_not(None))
        ).all()
    return np.array([(row.claimed - row.entered) / 1e6 for row in rows])


def polled(workspace: Workspace) -> dict[str, float]:
    """What asking everybody anew every minute would mean."""
    context = load_catalog(workspace).context
    asked = parse_condition({"did": "cart_added", "within": {"last": "7 days"}})
    plan = compile_conditions({"hit": asked}, workspace.clock.now(), Scope.all(), context)
    with workspace.pool.read() as session:
        plan.run(session)
        began = time.perf_counter()
        plan.run(session)
        answer = time.perf_counter() - began
    return {"period": PERIOD, "answer": round(answer, 3), "p99": round(0.99 * PERIOD + answer, 2)}


if __name__ == "__main__":
    sys.exit(main())
