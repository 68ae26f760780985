"""Set algebra over many customers: bitmaps beside sorted arrays (numpy) and DuckDB, in the same run.

    script/bench sets [--customers 50000000] [--runs 3]

Two shapes: `random` (a half and a third of all customers, drawn at random: the worst for a bitmap) and `young` (the
newest half and every third: numbers are given out in the order of arrival, so real segments have runs). `not` is taken
against all customers. The sizes of all ways have to be equal.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from pyroaring import BitMap, BitMap64

from onepool.audience.algebra import exclusive
from onepool.audience.sets import members_of

ROOT = Path(__file__).parent.parent
THREADS = 2
TARGET = 0.1


def shapes(customers: int) -> dict[str, tuple[Any, Any]]:
    """Name -> two sorted arrays of customers' numbers (int64), from 0."""
    random = np.random.default_rng(1)
    every = np.arange(customers, dtype=np.int64)
    return {
        "random": (every[random.random(customers) < 0.5], every[random.random(customers) < 1 / 3]),
        "young": (every[customers // 2 :], every[::3]),
    }


def best(runs: int, work: Callable[[], Any]) -> tuple[dict[str, float], Any]:
    """The quickest of some runs, {wall, cpu} in milliseconds, and the answer."""
    found, answer = [], None
    for _ in range(runs):
        wall, cpu = time.perf_counter(), time.process_time()
        answer = work()
        found.append((time.perf_counter() - wall, time.process_time() - cpu))
    wall, cpu = min(found)
    return {"wall_ms": round(wall * 1000, 2), "cpu_ms": round(cpu * 1000, 2)}, answer


def bitmaps(kind: Any, a: Any, b: Any, customers: int, runs: int) -> dict[str, Any]:
    """Building, joining and the memory of one kind of bitmap."""
    if kind is BitMap64:
        made, (x, y) = best(1, lambda: (members_of(a), members_of(b)))
    else:
        made, (x, y) = best(1, lambda: (BitMap(a.astype(np.uint32)), BitMap(b.astype(np.uint32))))
    every = kind()
    every.add_range(0, customers)
    result: dict[str, Any] = {"build": made, "bytes": len(x.serialize()) + len(y.serialize())}
    operations = {
        "and": lambda: x & y,
        "or": lambda: x | y,
        "not": lambda: every - x,
        "size of and": lambda: x.intersection_cardinality(y),
    }
    for name, work in operations.items():
        cost, answer = best(runs, work)
        result[name] = cost | {"size": answer if isinstance(answer, int) else len(answer)}
    if kind is BitMap64:
        names = {f"s{number}": one for number, one in enumerate((x, y, x - y, every - y, x & y, every))}
        result["six sets, exclusive intersections"], cells = best(1, lambda: exclusive(names))
        assert sum(len(cell.members) for cell in cells) == customers
    return result


def arrays(a: Any, b: Any, customers: int, runs: int) -> dict[str, Any]:
    """The same with numpy over sorted arrays."""
    every = np.arange(customers, dtype=np.int64)
    operations = {
        "and": lambda: np.intersect1d(a, b, assume_unique=True),
        "or": lambda: merged(a, b),
        "not": lambda: np.setdiff1d(every, a, assume_unique=True),
    }
    result: dict[str, Any] = {"bytes": a.nbytes + b.nbytes}
    for name, work in operations.items():
        cost, answer = best(min(runs, 1), work)
        result[name] = cost | {"size": int(answer.size)}
    return result


def merged(a: Any, b: Any) -> Any:
    """The union of two sorted arrays; np.union1d goes over a hash table, which takes many times as long."""
    both = np.concatenate([a, b])
    both.sort(kind="stable")
    return both[np.concatenate([[True], both[1:] != both[:-1]])]


def tables(a: Any, b: Any, customers: int, runs: int) -> dict[str, Any]:
    """The same with DuckDB over tables in memory, counted."""
    connection = duckdb.connect()
    connection.execute(f"SET threads = {THREADS}")
    connection.execute("CREATE TABLE a AS SELECT column0 AS id FROM a")
    connection.execute("CREATE TABLE b AS SELECT column0 AS id FROM b")
    connection.execute(f"CREATE TABLE every AS SELECT range AS id FROM range({customers})")
    queries = {
        "and": "SELECT count(*) FROM a SEMI JOIN b USING (id)",
        "or": "SELECT count(*) FROM (SELECT id FROM a UNION SELECT id FROM b)",
        "not": "SELECT count(*) FROM every ANTI JOIN a USING (id)",
    }
    result: dict[str, Any] = {}
    for name, query in queries.items():
        cost, answer = best(min(runs, 1), lambda query=query: connection.execute(query).fetchall()[0][0])
        result[name] = cost | {"size": answer}
    connection.close()
    return result


def measure(customers: int, runs: int) -> dict[str, Any]:
    """All ways over both shapes."""
    result: dict[str, Any] = {"customers": customers, "threads": THREADS, "runs": runs, "shapes": {}}
    for shape, (a, b) in shapes(customers).items():
        ways = {
            "bitmap, 64 bits": bitmaps(BitMap64, a, b, customers, runs),
            "bitmap, 32 bits": bitmaps(BitMap, a, b, customers, runs),
            "numpy": arrays(a, b, customers, runs),
            "DuckDB": tables(a, b, customers, runs),
        }
        for name in ("and", "or", "not"):
            sizes = {way: one[name]["size"] for way, one in ways.items()}
            assert len(set(sizes.values())) == 1, f"{shape} {name}: {sizes}"
        result["shapes"][shape] = ways
    return result


def show(result: dict[str, Any]) -> None:
    """As a table: milliseconds by the clock."""
    print(f"{result['customers']:,} customers")
    for shape, ways in result["shapes"].items():
        print(f"\n{shape:24}{'MB':>10}{'and':>10}{'or':>10}{'not':>10}   ms")
        for way, one in ways.items():
            size = f"{one['bytes'] / 1e6:.1f}" if "bytes" in one else ""
            print(f"{way:24}{size:>10}" + "".join(f"{one[name]['wall_ms']:>10}" for name in ("and", "or", "not")))


def main() -> int:
    """Exit status 1 when one of and, or, not takes more than 100 ms of the processor on 64-bit bitmaps."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--customers", type=int, default=50_000_000)
    options.add_argument("--runs", type=int, default=3)
    chosen = options.parse_args()
    result = measure(chosen.customers, chosen.runs)
    target = ROOT / "bench" / "results" / "sets.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    show(result)
    worst = max(
        ways["bitmap, 64 bits"][name]["cpu_ms"] for ways in result["shapes"].values() for name in ("and", "or", "not")
    )
    return int(worst > TARGET * 1000)


if __name__ == "__main__":
    sys.exit(main())
