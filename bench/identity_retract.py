"""Taking back: links a second with exact restoration, and the merge and split of a customer with a long history.

    script/bench identity_retract [--links 1000000] [--retract 100000] [--events 10000]

First part: links at random are retracted and said again; customers, tenures and what became of every link must then
be what they were, and at the point between what a solve from scratch says. Beside it the same in plain Python, and the
solve from scratch as the other way to do it. Second part: in a workspace with live segments, a customer with 10,000
events is merged with another and split again, in turn with one with 10 events: the processor time from the decision to
all that follows from it (customers, tags, segments) must not grow with the history.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bench._identity import I64, Feed, stream  # noqa: E402
from bench._world import SEGMENTS, WRITE_KEY  # noqa: E402
from bench.identity_live import LINKS_PER_PERSON, TwinFeed, rate  # noqa: E402

from onepool.clock import FakeClock  # noqa: E402
from onepool.collect.log import NewRecord  # noqa: E402
from onepool.identity import decisions  # noqa: E402
from onepool.tick import Worker  # noqa: E402
from onepool.workspace import Workspace, init_workspace  # noqa: E402

PLAIN = 10_000
BATCH = 1_000
"""Links taken back in one go."""


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock and by the processor."""
    started, worked = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - started, time.process_time() - worked


def compiled(links: int, count: int) -> dict[str, float | int]:
    """Retract and restore in the compiled engine."""
    given = stream(links, links // LINKS_PER_PERSON)
    feed = Feed(given)
    rate(given, 50_000, feed.give)
    graph = feed.graph
    some = np.random.default_rng(3).permutation(graph.edges)[:count]

    def turn(off: int) -> None:
        for start in range(0, some.size, BATCH):
            graph.set_off(some[start : start + BATCH], off)

    graph.set_off(some[:100], 1)  # compiles
    graph.set_off(some[:100], 0)
    before = state(feed)
    away = timed(lambda: turn(1))
    between = state(feed)
    scratch = graph.copy()
    solve = timed(scratch.solve)
    if not all(np.array_equal(x, y) for x, y in zip(between, conclusions(scratch, feed.node), strict=True)):
        raise SystemExit("after retracting, live and from scratch differ")
    back = timed(lambda: turn(0))
    if not all(np.array_equal(x, y) for x, y in zip(before, state(feed), strict=True)):
        raise SystemExit("what was retracted and said again did not restore everything")
    moved = int((before[0] != between[0]).sum())
    return {
        "links": graph.edges,
        "retracted": some.size,
        "identifiers_moved": moved,
        "retract_per_second": round(some.size / away[0]),
        "retract_per_cpu_second": round(some.size / away[1]),
        "restore_per_second": round(some.size / back[0]),
        "restore_per_cpu_second": round(some.size / back[1]),
        "solve_from_scratch_cpu_seconds": round(solve[1], 3),
        "retracts_in_the_time_of_one_solve": round(solve[1] * some.size / away[1]),
    }


def state(feed: Feed) -> tuple[I64, I64]:
    """Customer of every identifier, and what became of every link."""
    return conclusions(feed.graph, feed.node)


def conclusions(graph: Any, node: I64) -> tuple[I64, I64]:
    return graph.customer[node].copy(), graph.conclusions()


def plain(links: int, count: int) -> dict[str, int]:
    """The same in the engine in plain Python."""
    given = stream(links, links // LINKS_PER_PERSON)
    feed = TwinFeed(given)
    rate(given, 50_000, feed.give)
    engine = feed.engine
    edges = [replace(edge) for edge in engine.links()]
    some = [edges[place] for place in np.random.default_rng(3).permutation(len(edges))[:count].tolist()]
    before = engine.solution()
    away = timed(lambda: [engine.retract([edge.id]) for edge in some])
    back = timed(lambda: [engine.add_links([edge]) for edge in some])
    if engine.solution() != before:
        raise SystemExit("the plain engine did not restore everything")
    return {
        "plain_retract_per_cpu_second": round(count / away[1]),
        "plain_restore_per_cpu_second": round(count / back[1]),
    }


def histories(events: int, rounds: int) -> dict[str, float]:
    """Processor time that merges and splits a customer with so many events, and one with ten, in turn."""
    with TemporaryDirectory() as folder:
        clock = FakeClock(datetime.now(UTC))
        workspace = init_workspace(Path(folder) / "ws", clock=clock)
        touchpoint = {"touchpoint": "shop", "channel": "web", "title": "shop", "write_key": WRITE_KEY}
        workspace.save("touchpoint", "shop", touchpoint, author="bench")
        for name, condition in SEGMENTS.items():
            workspace.save("segment", name, {"segment": name, "title": name, "condition": condition}, author="bench")
        for person, count in (("long", events), ("short", 10), ("one", 10), ("other", 10)):
            send(workspace, clock, person, count)
        worker = Worker(workspace)
        worker.drain()
        pairs = {"long": ("long", "one"), "short": ("short", "other")}
        spent: dict[str, list[float]] = {f"{act}_{name}": [] for act in ("merge", "split") for name in pairs}
        for round_ in range(rounds + 1):
            # In turn, so that whatever else the machine does falls on both alike; the first round warms up.
            for name in sorted(pairs, reverse=bool(round_ % 2)):
                pair = pairs[name]
                one, other = (side(workspace, person) for person in pair)
                made = decisions.merge(workspace.state, clock, one, other, author="bench")
                merged = settled(worker)
                if customer(workspace, pair[0]) != customer(workspace, pair[1]):
                    raise SystemExit(f"{pair} were not merged")
                decisions.undo(workspace.state, clock, made.id, author="bench")
                split = settled(worker)
                if customer(workspace, pair[0]) == customer(workspace, pair[1]):
                    raise SystemExit(f"{pair} were not split")
                if round_:
                    spent[f"merge_{name}"].append(merged)
                    spent[f"split_{name}"].append(split)
        worker.close()
        workspace.close()
    found = {f"{name}_cpu_ms": round(statistics.median(times), 1) for name, times in spent.items()}
    ratios = {
        f"{act}_long_to_short": round(
            statistics.median(x / y for x, y in zip(spent[f"{act}_long"], spent[f"{act}_short"], strict=True)), 2
        )
        for act in ("merge", "split")
    }
    return found | {"events_long": events, "events_short": 10, "rounds": rounds} | ratios


def settled(worker: Worker) -> float:
    """Processor time in ms, of all threads, until a decision is in customers, tags and segments."""

    def work() -> None:
        worker.step()
        worker.drain()

    return timed(work)[1] * 1_000


def send(workspace: Workspace, clock: FakeClock, person: str, count: int) -> None:
    """A person's history, as a shop's server sends it."""
    start = clock.now() - timedelta(days=300)
    for first in range(0, count, 100):
        batch = [
            {
                "type": "track",
                "event": "order_paid" if n % 10 == 0 else "product_viewed",
                "userId": person,
                "messageId": f"{person}-{n}",
                "timestamp": (start + timedelta(minutes=40 * n)).isoformat(),
                "properties": {
                    "product_id": f"P{n % 50}",
                    "order_id": f"{person}-{n}",
                    "amount": 20,
                    "currency": "CNY",
                },
            }
            for n in range(first, min(first + 100, count))
        ]
        body = json.dumps({"batch": batch}).encode()
        workspace.log.append([NewRecord(clock.now(), "shop", "segment", b'{"call":"batch"}', body)])


def customer(workspace: Workspace, person: str) -> int:
    """The customer that the pool knows of a person."""
    sql = "SELECT customer_id FROM identifiers JOIN customer_of USING (identifier_id) WHERE value = $person"
    return int(workspace.pool.query(sql, {"person": person}).column(0)[0].as_py())


def side(workspace: Workspace, person: str) -> decisions.Side:
    number = customer(workspace, person)
    return decisions.Side(number, (number,))


def main() -> int:
    """Print, write bench/results/identity_retract.json; exit status 1 below 50,000 retractions a second."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--links", type=int, default=1_000_000)
    options.add_argument("--retract", type=int, default=100_000)
    options.add_argument("--events", type=int, default=10_000)
    options.add_argument("--rounds", type=int, default=15)
    options.add_argument("--only-histories", action="store_true", help="leave the first part out")
    chosen = options.parse_args()
    result: dict[str, float | int] = {}
    if not chosen.only_histories:
        result |= compiled(chosen.links, chosen.retract)
        result |= plain(chosen.links // 10, min(PLAIN, chosen.retract))
    result |= histories(chosen.events, chosen.rounds)
    (ROOT / "bench" / "results" / "identity_retract.json").write_text(json.dumps(result, indent=2) + "\n")
    for name, value in result.items():
        print(f"{name:>36}  {value:,}")
    return int(result.get("retract_per_cpu_second", 50_000) < 50_000)


if __name__ == "__main__":
    sys.exit(main())
