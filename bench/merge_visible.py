"""Two customers become one, and two again: when every result says so, and what it costs for short and long histories.

    script/bench merge_visible [--events 10000000] [--customers 500000] [--keep DIR]

A person's decision joins two customers; the next tick takes it up. After that one tick the map, the analysts' view, the
timeline (by the index), the segments and the explanation of a segment are asked, and must all be those of the joined
customer; a moment later the decision is taken back, and all must be as before. Customers are taken with about 10, 1,000
and 10,000 events. Times are processor times of the tick, by the worker as it runs, with ten live segments; whose window
ran out meanwhile is evaluated before it.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bench._world import SEGMENTS, keeping, made  # noqa: E402

from onepool.audience.conditions import explain_condition  # noqa: E402
from onepool.audience.live import Live  # noqa: E402
from onepool.identity import decisions  # noqa: E402
from onepool.identity.decisions import Side  # noqa: E402
from onepool.pool import timeline  # noqa: E402
from onepool.tick import Worker  # noqa: E402
from onepool.workspace import Workspace  # noqa: E402

LENGTHS = (10, 1_000, 10_000)


def main() -> int:
    """Run, print, write bench/results/merge_visible.json."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--events", type=int, default=10_000_000)
    options.add_argument("--customers", type=int, default=500_000)
    keeping(options)
    chosen = options.parse_args()
    result: dict[str, Any] = {"events": chosen.events, "customers": chosen.customers}
    with made(chosen.keep, chosen.events, chosen.customers) as workspace:
        worker = Worker(workspace)
        try:
            worker.drain()
            assert worker.index is not None
            # The first tick over some customers names the columns that definitions need.
            worker.index.want(["amount", "currency", "product_id"])
            assert worker.index.build(threading.Event())
            for length in LENGTHS:
                result |= measure(workspace, worker, length)
        finally:
            worker.close()
    result["most_megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000
    wrong = sum(value for name, value in result.items() if name.endswith("results_that_lagged"))
    (ROOT / "bench" / "results" / "merge_visible.json").write_text(json.dumps(result, indent=2) + "\n")
    for name, value in result.items():
        print(f"{name:>40}  {value}")
    return int(wrong > 0)


def measure(workspace: Workspace, worker: Worker, length: int) -> dict[str, Any]:
    """Join and part two customers of about that many events."""
    found = workspace.pool.query(
        """SELECT c.customer_id, count(*) AS n FROM events e JOIN customer_of c USING (identifier_id)
        GROUP BY 1 ORDER BY abs(n - $length), 1 LIMIT 2""",
        {"length": length},
    ).to_pylist()
    a, b = sorted(row["customer_id"] for row in found)
    before = {customer: told(workspace, worker, customer) for customer in (a, b)}
    worker.drain()
    made = decisions.merge(workspace.state, workspace.clock, side(workspace, a), side(workspace, b), author="bench")
    joined = ticks(worker)
    lagging = lags(workspace, worker, a, before[a]["seqs"] + before[b]["seqs"])
    lagging += told(workspace, worker, b)["seqs"] != []
    worker.drain()
    decisions.undo(workspace.state, workspace.clock, made.id, author="bench")
    parted = ticks(worker)
    for customer in (a, b):
        lagging += told(workspace, worker, customer)["seqs"] != before[customer]["seqs"]
        lagging += lags(workspace, worker, customer, before[customer]["seqs"])
    name = f"{sum(row['n'] for row in found) // 2}_events"
    return {
        f"{name}_joining_processor_milliseconds": round(joined * 1000),
        f"{name}_parting_processor_milliseconds": round(parted * 1000),
        f"{name}_results_that_lagged": lagging,
    }


def side(workspace: Workspace, customer: int) -> Side:
    """A customer as a decision names one."""
    found = workspace.pool.query("SELECT identifier_id FROM customer_of WHERE customer_id = $id", {"id": customer})
    return Side(customer, tuple(found.column("identifier_id").to_pylist()))


def ticks(worker: Worker) -> float:
    """Processor time of taking up what is there: the decision, then the evaluation of whom it concerns."""
    started = time.process_time()
    worker.drain()
    return time.process_time() - started


def told(workspace: Workspace, worker: Worker, customer: int) -> dict[str, Any]:
    """What the index says of a customer."""
    assert worker.index is not None
    with workspace.pool.read() as session:
        state = worker.index.state(session)
        assert state is not None
        rows = state.gather(np.array([customer]), ["seq"])
        return {"seqs": sorted(rows.column("seq").to_pylist())}


def lags(workspace: Workspace, worker: Worker, customer: int, seqs: list[int]) -> int:
    """How many results are not those of a customer with exactly these events."""
    wrong = int(told(workspace, worker, customer)["seqs"] != sorted(seqs))
    with workspace.pool.read() as session:
        ids = session.query("SELECT identifier_id FROM customer_of WHERE customer_id = $id", {"id": customer})
        identifiers = ids.column("identifier_id").to_pylist()
        seen = session.query("SELECT count(*) AS n FROM analyst.events WHERE customer_id = $id", {"id": customer})
        wrong += seen.column("n")[0].as_py() != len(seqs)
        asked: dict[str, Any] = {"columns": (), "limit": 100}
        page, _ = timeline.events(session, identifiers, **asked, customer=customer, index=worker.index)
        wrong += [event.seq for event in page] != [
            event.seq for event in timeline.events(session, identifiers, **asked)[0]
        ]
        live = Live(workspace)
        now = workspace.clock.now()
        members = session.query("SELECT segment FROM segment_members WHERE customer_id = $id", {"id": customer})
        inside = set(members.column("segment").to_pylist())
        for name in SEGMENTS:
            context = live.catalog.context
            reason = explain_condition(live.catalog.segments[name], customer, now, session, context, worker.index)
            wrong += reason.holds != (name in inside)
    return wrong


if __name__ == "__main__":
    sys.exit(main())
