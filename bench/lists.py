"""An upload of many phone numbers: read, normalised, matched, saved, taken into the pool, segments evaluated.

    script/bench lists [--customers 1000000] [--entries 1000000]

Beside it, in the same run and over the same file, DuckDB alone: CSV, one pattern for mainland mobile numbers, one join
(no refusals by row, no state, no other spellings). Both have to match the same entries. Seconds of the processor of
the whole process, and by the clock.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from onepool.audience import lists
from onepool.clock import FakeClock
from onepool.tick import Worker
from onepool.workspace import init_workspace

ROOT = Path(__file__).parent.parent
FIRST = 13_000_001_000
STEP = 7
TARGET = 20.0


def timed(work: Callable[[], Any]) -> tuple[dict[str, float], Any]:
    """{wall, cpu} in seconds, and the answer."""
    wall, cpu = time.perf_counter(), time.process_time()
    answer = work()
    return {"wall": round(time.perf_counter() - wall, 2), "cpu": round(time.process_time() - cpu, 2)}, answer


def measure(customers: int, entries: int, folder: Path) -> dict[str, Any]:
    """Half of the numbers of the file are customers' (as far as there are that many)."""
    chosen = np.random.default_rng(1).permutation(2 * max(customers, entries))[:entries]
    file = folder / "numbers.csv"
    file.write_text("手机号\n" + "\n".join(map(str, (FIRST + STEP * chosen).tolist())) + "\n", encoding="utf-8")
    workspace = init_workspace(folder / "ws", clock=FakeClock(datetime(2026, 11, 22, tzinfo=UTC)))
    workspace.save("list", "many", {"list": "many", "title": "many"}, author="bench")
    worker = Worker(workspace)
    with workspace.pool.write() as session:
        session.execute(
            f"""INSERT INTO identifiers BY NAME SELECT i AS identifier_id, 'phone' AS type, '' AS scope,
                '+86' || ({FIRST} + {STEP} * i)::VARCHAR AS value, now() AS first_seen, now() AS last_seen,
                0 AS generation FROM range({customers}) t(i)"""
        )
        session.execute(f"INSERT INTO customer_of SELECT i, i FROM range({customers}) t(i)")
    for name, condition in (("on_it", {"list": "many"}), ("off_it", {"not": {"list": "many"}})):
        workspace.save("segment", name, {"segment": name, "title": name, "condition": condition}, author="bench")
    worker.drain()
    steps: dict[str, dict[str, float]] = {}
    steps["upload"], done = timed(lambda: lists.upload_list(workspace, "many", file, author="bench"))
    steps["into the pool, two segments evaluated for all"], _ = timed(worker.drain)
    members = workspace.pool.query(
        "SELECT segment, count(*) AS n FROM segment_members GROUP BY segment ORDER BY segment"
    )
    with workspace.pool.read() as session:
        identifiers = session.query("SELECT value FROM identifiers WHERE type = 'phone'")
    state = (workspace.data / "state.sqlite").stat().st_size
    worker.close()
    workspace.close()
    steps["DuckDB alone: read, pattern, join"], peer = timed(lambda: alone(file, identifiers))
    sizes = dict(zip(members.column("segment").to_pylist(), members.column("n").to_pylist(), strict=True))
    assert peer == done.matched == sizes["on_it"] and sizes["off_it"] == customers - done.matched
    return {
        "customers": customers, "entries": done.entries, "matched": done.matched, "refused": done.refused,
        "state_bytes": state, "steps": steps,
    }  # fmt: skip


def alone(file: Path, identifiers: Any) -> int:
    """The same question of DuckDB only: how many of the numbers are known."""
    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    connection.register("identifiers", identifiers)
    found = connection.execute(
        """SELECT count(*) FROM (
            SELECT DISTINCT '+86' || regexp_extract(column0, '^(?:\\+?86)?(1[3-9][0-9]{9})$', 1) AS value
            FROM read_csv(?, header = false, skip = 1, columns = {'column0': 'VARCHAR'}))
        SEMI JOIN identifiers USING (value)""",
        [str(file)],
    ).fetchall()
    connection.close()
    return int(found[0][0])


def main() -> int:
    """Exit status 1 when upload and tick together take more than 20 seconds of the processor."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--customers", type=int, default=1_000_000)
    options.add_argument("--entries", type=int, default=1_000_000)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="lists-") as folder:
        result = measure(chosen.customers, chosen.entries, Path(folder))
    target = ROOT / "bench" / "results" / "lists.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{result['entries']:,} entries, {result['matched']:,} matched, {result['customers']:,} customers")
    for name, cost in result["steps"].items():
        print(f"{name:48}{cost['cpu']:>8.2f} s processor{cost['wall']:>8.2f} s clock")
    ours = [cost["cpu"] for name, cost in result["steps"].items() if not name.startswith("DuckDB")]
    return int(sum(ours) > TARGET)


if __name__ == "__main__":
    sys.exit(main())
