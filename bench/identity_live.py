"""Link events with limits, evidence on disk: how many a second become part of customers?

    script/bench identity_live [--links 2000000] [--twin 400000] [--batch 5000]

Each batch is appended to an SQLite table and flushed to the disk (synchronous=FULL), then taken into the customers. In
the same run: the compiled engine, the engine in plain Python, appending alone, and union-find without limits,
tenures or evidence, as limits of what can be reached. Both engines must end with the same customers.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bench._identity import KINDS, RULES, Feed, Stream, stream, union_find  # noqa: E402

from onepool.identity.twin_facts import Edge, Limits, Node, TypeLimits  # noqa: E402
from onepool.identity.twin_live import LiveTwin  # noqa: E402

LINKS_PER_PERSON = 20


class Evidence:
    """An append-only table of links as they came."""

    def __init__(self, folder: Path, name: str) -> None:
        self._file = sqlite3.connect(folder / f"{name}.db", isolation_level=None)
        self._file.execute("PRAGMA journal_mode=WAL")
        self._file.execute("PRAGMA synchronous=FULL")
        self._file.execute("CREATE TABLE evidence (a INTEGER, b INTEGER, source INTEGER, time INTEGER)")

    def append(self, some: Stream, start: int, end: int) -> None:
        columns = (column[start:end].tolist() for column in (some.a, some.b, some.source, some.time))
        self._file.execute("BEGIN")
        self._file.executemany("INSERT INTO evidence VALUES (?, ?, ?, ?)", zip(*columns, strict=True))
        self._file.execute("COMMIT")


class TwinFeed:
    """The plain engine, given a stream piece by piece."""

    def __init__(self, some: Stream) -> None:
        self.stream = some
        types = {
            kind: TypeLimits(
                strength=rule.strength,
                priority=rule.priority,
                verified=rule.verified,
                contact=not rule.account and not rule.verified,
                max_per_customer=rule.max_per_customer,
                max_customers=rule.max_customers,
                recycle_days=rule.recycle_days,
                lifetime_days=rule.lifetime_days,
            )
            for kind, rule in RULES.items()
        }
        self.engine = LiveTwin(Limits(types))
        self._born = 0

    def give(self, start: int, end: int) -> None:
        some, given = slice(start, end), self.stream
        until = int(given.b[some].max()) + 1
        kinds, ranks, names = (x[self._born : until].tolist() for x in (given.kind, given.rank, given.witness))
        nodes = []
        for number, kind, rank, name in zip(range(self._born, until), kinds, ranks, names, strict=True):
            nodes.append(Node(number, *KINDS[kind], "", name, rank=rank))
        self.engine.add_nodes(nodes)
        self._born = max(until, self._born)
        columns = (x[some].tolist() for x in (given.a, given.b, given.source, given.time))
        self.engine.add_links(
            [Edge(a << 35 | b << 3 | source, a, b, when, when) for a, b, source, when in zip(*columns, strict=True)]
        )


@dataclass(frozen=True)
class Rate:
    """Links a second by the clock, and by the processor (steadier where others use the machine too); batches in ms."""

    wall: float
    cpu: float
    median: float
    slowest: float

    def shown(self) -> dict[str, float]:
        return {
            "per_second": round(self.wall),
            "per_cpu_second": round(self.cpu),
            "median_batch_ms": round(self.median, 1),
            "slowest_batch_ms": round(self.slowest, 1),
        }


def rate(some: Stream, batch: int, *steps: Callable[[int, int], object]) -> Rate:
    """What a stream costs, batch by batch."""
    started, worked, batches = time.perf_counter(), time.process_time(), []
    for start in range(0, some.links, batch):
        began = time.perf_counter()
        for step in steps:
            step(start, min(start + batch, some.links))
        batches.append((time.perf_counter() - began) * 1_000)
    wall, cpu = time.perf_counter() - started, time.process_time() - worked
    return Rate(some.links / wall, some.links / cpu, statistics.median(batches), max(batches))


def same_customers(feed: Feed, twin: TwinFeed) -> int:
    """How many customers there are; stops if the engines differ."""
    there: dict[int, tuple[int, int]] = {}
    back: dict[tuple[int, int], int] = {}
    for number in range(feed.stream.kind.size):
        ours, theirs = int(feed.graph.customer[feed.node[number]]), twin.engine.customer(number)
        if there.setdefault(ours, theirs) != theirs or back.setdefault(theirs, ours) != ours:
            raise SystemExit(f"identifier {number}: the compiled engine says {ours}, the plain one {theirs}")
    return len(there)


def main() -> int:
    """Print, write bench/results/identity_live.json; exit status 1 below 200,000 and 50,000 links a second."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--links", type=int, default=2_000_000)
    options.add_argument("--twin", type=int, default=400_000, help="links that the plain engine is given")
    options.add_argument("--batch", type=int, default=5_000)
    chosen = options.parse_args()
    large = stream(chosen.links, chosen.links // LINKS_PER_PERSON)
    small = stream(chosen.twin, chosen.twin // LINKS_PER_PERSON)
    rate(stream(10_000, 1_000), chosen.batch, Feed(stream(10_000, 1_000)).give)  # compiles
    union_find(2, np.array([0]), np.array([1]))
    result: dict[str, object] = {
        "links": large.links,
        "identifiers": large.kind.size,
        "links_plain": small.links,
        "batch": chosen.batch,
    }
    with TemporaryDirectory(dir=ROOT) as folder:
        disk = Path(folder)
        evidence = {name: Evidence(disk, name) for name in ("alone", "compiled", "plain")}
        alone = rate(large, chosen.batch, lambda start, end: evidence["alone"].append(large, start, end))
        feed = Feed(large)
        compiled = rate(
            large, chosen.batch, lambda start, end: evidence["compiled"].append(large, start, end), feed.give
        )
        bare = rate(large, chosen.batch, Feed(large).give)
        twin = TwinFeed(small)
        plain = rate(small, chosen.batch, lambda start, end: evidence["plain"].append(small, start, end), twin.give)
        alike = Feed(small)
        rate(small, chosen.batch, alike.give)
    customers = same_customers(alike, twin)
    started = time.process_time()
    union_find(large.kind.size, large.a, large.b)
    free = large.links / (time.process_time() - started)
    lookups = []
    for number in np.random.default_rng(2).integers(0, small.kind.size, 50_000).tolist():
        began = time.perf_counter()
        twin.engine.customer(number)
        lookups.append(time.perf_counter() - began)
    status = Counter(one for one, _ in feed.graph.status(np.arange(feed.graph.edges)))
    result |= {
        "compiled": compiled.shown(),
        "compiled_without_evidence": bare.shown(),
        "plain": plain.shown(),
        "append_alone": alone.shown(),
        "union_find_alone_per_cpu_second": round(free),
        "compiled_to_append_alone": round(compiled.cpu / alone.cpu, 2),
        "compiled_to_plain": round(compiled.cpu / plain.cpu, 1),
        "lookup_plain_p99_us": round(float(np.percentile(lookups, 99)) * 1e6, 1),
        "customers_the_same": customers,
        "distinct_links": feed.graph.edges,
        "conflicts": status["conflict"],
        "void": status["void"],
        "tenures": len(feed.graph) - large.kind.size,
    }
    target = ROOT / "bench" / "results" / "identity_live.json"
    target.write_text(json.dumps(result, indent=2) + "\n")
    for name, value in result.items():
        print(f"{name:>32}  {value:,}" if isinstance(value, int) else f"{name:>32}  {value}")
    return int(compiled.wall < 200_000 or plain.wall < 50_000)


if __name__ == "__main__":
    sys.exit(main())
