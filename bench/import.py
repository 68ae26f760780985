"""The Complete Journey from package to queryable tags: seconds of each part, peak memory, beside a limit.

    script/bench import [--keep DIR]

The limit is DuckDB alone: it reads the same Parquet files and groups the lines into orders with items in a database
file, without a log, identities, a data standard, tags or segments. Each runs in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
AIM = {"seconds": 90, "memory_mb": 2_000}


def load(folder: Path) -> dict[str, object]:
    """Makes the demonstration workspace in a folder; seconds by part, and counts."""
    from onepool.clock import SystemClock
    from onepool.demo.make import make_demo

    began = time.perf_counter()
    parts: dict[str, float] = {}
    current, since = "", began

    def progress(what: str, done: int, total: int) -> None:
        nonlocal current, since
        part = "package to log" if what.startswith(("reading", "writing")) else what
        if part != current:
            now = time.perf_counter()
            parts[current or "workspace"] = parts.get(current or "workspace", 0.0) + now - since
            current, since = part, now

    made = make_demo(folder, SystemClock(), progress)
    parts[current] = parts.get(current, 0.0) + time.perf_counter() - since
    return {
        "seconds": round(time.perf_counter() - began, 2),
        "parts": {name: round(seconds, 2) for name, seconds in parts.items()},
        "counts": made.counts,
    }


def limit(folder: Path) -> dict[str, object]:
    """DuckDB alone: orders with items, demographics, campaigns, redemptions and products as tables."""
    import duckdb

    from onepool.demo import find_journey

    journey = find_journey(date.today())
    began = time.perf_counter()
    connection = duckdb.connect(str(folder / "limit.duckdb"), config={"threads": 2})
    for path in sorted(journey.folder.glob("*.parquet")):
        if path.stem not in ("promotions", "transactions"):
            connection.from_parquet(str(path)).create(path.stem)
    connection.from_parquet(str(journey.folder / "transactions.parquet")).create_view("transactions")
    connection.execute(
        """CREATE TABLE orders AS SELECT t.basket_id, any_value(t.household_id) AS household_id,
            any_value(t.store_id) AS store_id, min(t.transaction_timestamp) AS paid_at,
            sum(CAST(t.sales_value AS DECIMAL(18, 4))) AS amount,
            list({product_id: t.product_id, name: p.product_type, category: p.product_category, brand: p.brand,
                  quantity: t.quantity, amount: CAST(t.sales_value AS DECIMAL(18, 4))}) AS items
        FROM transactions t LEFT JOIN products p USING (product_id) GROUP BY t.basket_id"""
    )
    orders = connection.sql("SELECT count(*) FROM orders").fetchall()[0][0]
    connection.close()
    return {"seconds": round(time.perf_counter() - began, 2), "orders": orders}


def measured(part: str, folder: Path) -> dict[str, object]:
    """Runs a part of this file in its own process; adds its peak memory in MB."""
    ran = subprocess.run(
        [sys.executable, __file__, "--part", part, "--keep", str(folder)], check=True, capture_output=True, text=True
    )
    return dict(json.loads(ran.stdout.splitlines()[-1]))


def main() -> int:
    """Measure, write, print; exit status 1 when the aim is missed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--keep", type=Path, help="make the workspace in this folder and leave it there")
    options.add_argument("--part", choices=("load", "limit"), help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.part:
        found = {"load": load, "limit": limit}[chosen.part](chosen.keep)
        found["cpu_seconds"] = round(time.process_time(), 2)
        found["memory_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        print(json.dumps(found))
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        workspace = chosen.keep or Path(scratch) / "workspace"
        whole = measured("load", workspace)
        alone = measured("limit", Path(scratch))
    result = {"onepool": whole, "duckdb_alone": alone, "aim": AIM}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "import.json").write_text(json.dumps(result, indent=2) + "\n")
    print(f"{'':28}{'seconds':>9}{'CPU s':>8}{'MB':>8}")
    print(f"{'OnePool, package to tags':28}{whole['seconds']:>9}{whole['cpu_seconds']:>8}{whole['memory_mb']:>8}")
    for name, seconds in whole["parts"].items():  # type: ignore[attr-defined]
        print(f"  {name:26}{seconds:>9}")
    print(f"{'DuckDB alone, no standard':28}{alone['seconds']:>9}{alone['cpu_seconds']:>8}{alone['memory_mb']:>8}")
    print(f"{'aim':28}{AIM['seconds']:>9}{'':>8}{AIM['memory_mb']:>8}")
    met = float(whole["seconds"]) < AIM["seconds"] and float(whole["memory_mb"]) < AIM["memory_mb"]  # type: ignore[arg-type]
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
