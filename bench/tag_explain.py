"""Why a customer has a tag's value: each tag of the demonstration brand, as the API and the console ask it.

    script/bench tag_explain [--customers 2000] [--days 180] [--asked 30] [--workspace DIR]

Beside it in the same run: the tag's value alone, looked up among those that are kept. Aim: 50 ms (design of tags).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from onepool.audience.live import Live
from onepool.audience.tags import explain_tag
from onepool.clock import SystemClock
from onepool.demo.brand.make import make_brand, plan_until_yesterday
from onepool.tick import Worker
from onepool.workspace import open_workspace

RESULTS = Path(__file__).parent / "results" / "tag_explain.json"
AIM = 50.0
KEPT = "SELECT value, number, list FROM tag_values WHERE tag = $tag AND customer_id = $customer"


def measure(root: Path, asked: int) -> dict[str, Any]:
    """Milliseconds of the processor (all threads) and of the clock for each tag, over `asked` customers."""
    workspace = open_workspace(root, SystemClock())
    worker = Worker(workspace)
    try:
        worker.drain()
        assert worker.index is not None
        worker.index.build(threading.Event())
        catalog = Live(workspace, worker.index).catalog
        now = workspace.clock.now()
        found: dict[str, Any] = {}
        for name, tag in sorted(catalog.tags.items()):
            with worker.pool.read() as session:
                query = "SELECT customer_id FROM tag_values WHERE tag = $tag ORDER BY hash(customer_id) LIMIT $n"
                people = session.query(query, {"tag": name, "n": asked}).column("customer_id").to_pylist()
                if not people:
                    continue
                explained = [
                    timed(lambda one=one, tag=tag: explain_tag(tag, one, now, session, catalog.context, worker.index))
                    for one in people
                ]
                looked = [
                    timed(lambda one=one, name=name: session.query(KEPT, {"tag": name, "customer": one}))
                    for one in people
                ]
            found[name] = {"kind": tag.kind, **figures("explained", explained), **figures("looked_up", looked)}
        return found
    finally:
        worker.close()
        workspace.close()


def timed(work: Callable[[], Any]) -> tuple[float, float]:
    """Milliseconds of the processor and of the clock; the first call of a kind compiles nothing that others share."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return (time.process_time() - cpu) * 1000, (time.perf_counter() - wall) * 1000


def figures(what: str, times: list[tuple[float, float]]) -> dict[str, float]:
    """Median and most, of the processor and of the clock."""
    made = {}
    for name, of in (("cpu", [cpu for cpu, _ in times]), ("wall", [wall for _, wall in times])):
        made |= {
            f"{what}_{name}_median": round(statistics.median(of), 1),
            f"{what}_{name}_most": round(max(of), 1),
        }
    return made


def main() -> int:
    """Run, print, write bench/results/tag_explain.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=2_000)
    parser.add_argument("--days", type=int, default=180)
    parser.add_argument("--asked", type=int, default=30, help="customers asked about, of each tag")
    parser.add_argument("--workspace", type=Path, help="a demonstration brand that is there already")
    chosen = parser.parse_args()
    with TemporaryDirectory() as scratch:
        root = chosen.workspace or Path(scratch) / "w"
        if chosen.workspace is None:
            make_brand(root, plan_until_yesterday(chosen.customers, chosen.days, 1, SystemClock()), SystemClock())
        found = measure(root, chosen.asked)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=2) + "\n")
    print(f"{'tag':32}{'kind':12}{'explained: cpu':>16}{'most':>8}{'clock':>8}{'most':>8}{'value alone':>13}")
    for name, one in sorted(found.items(), key=lambda pair: -pair[1]["explained_cpu_median"]):
        parts = [one[f"explained_{of}"] for of in ("cpu_median", "cpu_most", "wall_median", "wall_most")]
        print(
            f"{name:32}{one['kind']:12}{parts[0]:>16}{parts[1]:>8}{parts[2]:>8}{parts[3]:>8}{one['looked_up_cpu_median']:>13}"
        )
    slow = [name for name, one in found.items() if one["explained_cpu_median"] > AIM]
    print(f"over {AIM:g} ms in the median: {', '.join(slow) or 'none'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
