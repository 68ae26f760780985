"""What one tick costs the processor, stage by stage, over a large pool with live segments.

    script/bench tick_cost [--events 1000000] [--customers 100000] [--segments 50] [--batch 1000] [--ticks 20]

In one process and without a server: so many events of different customers are written into the log, as a shop's server
sends them, and one tick takes them; that again and again. All threads are counted, the pool engine's too. Beside it in
the same run the tick's evaluation as it was before: every live segment compiled to one query for the customers
touched, and that query run.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bench._world import make  # noqa: E402

from onepool.audience.conditions import Scope, compile_conditions  # noqa: E402
from onepool.audience.live import Live  # noqa: E402
from onepool.collect.log import NewRecord  # noqa: E402
from onepool.tick import Worker  # noqa: E402
from onepool.workspace import Workspace  # noqa: E402

REQUEST = 50
WARM = 3


def main() -> int:
    """Run, print, write bench/results/tick_cost.json."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=1_000_000)
    options.add_argument("--customers", type=int, default=100_000)
    options.add_argument("--segments", type=int, default=50)
    options.add_argument("--batch", type=int, default=1000, help="events of a tick")
    options.add_argument("--ticks", type=int, default=20)
    chosen = options.parse_args()
    with TemporaryDirectory() as folder:
        workspace = make(Path(folder) / "ws", chosen.events, chosen.customers, chosen.segments)
        worker = Worker(workspace)
        worker.drain()
        assert worker.index is not None
        # Names the columns that the segments need; then they are all in the build.
        tick(workspace, worker, 0, chosen)
        assert worker.index.build(threading.Event())
        costs = [tick(workspace, worker, number, chosen) for number in range(1, chosen.ticks + 1)][WARM:]
        compiled = by_query(workspace, worker, chosen)
        result: dict[str, Any] = {
            "events": chosen.events, "customers": chosen.customers, "segments": chosen.segments, "batch": chosen.batch,
            "tick_processor_milliseconds": round(statistics.median(costs) * 1000, 1),
            "tick_processor_most_milliseconds": round(max(costs) * 1000, 1),
            "evaluation_by_query_processor_milliseconds": round(compiled * 1000, 1),
            "own_thread_milliseconds": {
                name: round(one.processor / one.times * 1000, 1) for name, one in worker.stages.spent.items()
            },
        }  # fmt: skip
        worker.close()
        workspace.close()
    (ROOT / "bench" / "results" / "tick_cost.json").write_text(json.dumps(result, indent=2) + "\n")
    for name, value in result.items():
        print(f"{name:>42}  {value}")
    return 0


def tick(workspace: Workspace, worker: Worker, number: int, chosen: argparse.Namespace) -> float:
    """Processor seconds of one tick over a batch."""
    random = np.random.default_rng(number)
    people = random.choice(chosen.customers, chosen.batch, replace=False).tolist()
    now = workspace.clock.now()
    events = [
        {
            "type": "track",
            "event": "cart_added" if place % REQUEST == 0 else "product_viewed",
            "userId": f"u{person}",
            "timestamp": now.isoformat(),
            "messageId": f"{now.timestamp()}-{place}",
            "properties": {"product_id": f"P{place}"},
        }
        for place, person in enumerate(people)
    ]
    workspace.log.append(
        [
            NewRecord(now, "shop", "segment", b'{"call":"batch"}', body(events[first : first + REQUEST], now))
            for first in range(0, chosen.batch, REQUEST)
        ]
    )
    started = time.process_time()
    worker.step()
    return time.process_time() - started


def body(events: list[dict[str, Any]], now: Any) -> bytes:
    """One request."""
    return json.dumps({"batch": events, "sentAt": now.isoformat()}).encode()


def by_query(workspace: Workspace, worker: Worker, chosen: argparse.Namespace) -> float:
    """Processor seconds of compiling and asking the segments of as many customers, their events brought together."""
    catalog = Live(workspace).catalog
    people = np.sort(np.random.default_rng(0).choice(chosen.customers, chosen.batch, replace=False))
    costs = []
    assert worker.index is not None
    for _ in range(5):
        with worker.pool.read() as session:
            state = worker.index.state(session)
            assert state is not None
            started = time.process_time()
            session.relation("_asked", pa.table({"customer_id": people}))
            plan = compile_conditions(
                catalog.segments, workspace.clock.now(), Scope.customers("_asked").reading("_events"), catalog.context
            )
            columns = {"identifier_id", "event", "time", "seq", "channel", "touchpoint", "amount", "currency"}
            events = state.gather(people, sorted(columns | {"product_id"}), plan.starts)
            session.relation("_arrived", events.drop_columns(["customer_id"]))
            session.execute("CREATE OR REPLACE TEMP TABLE _events AS SELECT * FROM _arrived")
            plan.run(session)
            costs.append(time.process_time() - started)
    return statistics.median(costs)


if __name__ == "__main__":
    sys.exit(main())
