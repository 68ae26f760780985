"""Why one customer, why two, who waits: how long does an answer take, over how much evidence?

    script/bench identity_explain [--customers 50000]

Every customer has a phone, an openid, a CRM number and a device; every fiftieth is in conflict with the one before.
Reads state and pool as the API does, without HTTP. Times are of the processor, so that a busy machine does not count.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pyarrow as pa
from sqlalchemy import insert

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from onepool.identity import read  # noqa: E402
from onepool.identity.registry import Registry, parse_rules  # noqa: E402
from onepool.layout import columns_of  # noqa: E402
from onepool.pool import DuckDBEngine  # noqa: E402
from onepool.pool import schema as pool_schema  # noqa: E402
from onepool.standards import load_standard  # noqa: E402
from onepool.state import State, schema  # noqa: E402
from onepool.state.bulk import insert_many  # noqa: E402

KINDS = ("phone", "openid", "crm_id", "device")
NOW = datetime(2026, 11, 20, tzinfo=UTC)
MICROS = 1_790_000_000_000_000


def fill(state: State, pool: DuckDBEngine, customers: int) -> int:
    """Write the customers; how many links there are."""
    each = len(KINDS)
    count = customers * each
    names = ("id", "key", "type", "scope", "value", "first_seen", "last_seen", "generation", "witness")
    rows = (
        (n, n.to_bytes(16, "big"), KINDS[n % each], "" if n % each == 0 else "s", f"{n}", MICROS, MICROS, 0, 0)
        for n in range(count)
    )
    links = [(n - n % each, n, "joined" if n % each < each - 1 else "follows", "") for n in range(count) if n % each]
    links += [(c * each - each + 1, c * each + 1, "conflict", "limit:openid@s") for c in range(50, customers, 50)]
    columns = ("id", "a", "b", "rule", "touchpoint", "first_event", "first_time", "last_event", "last_time", "count")
    evidence = (
        (n, a, b, "same_event", f"shop{n % 7}", bytes(16), MICROS, bytes(16), MICROS, 1, 0, status, reason)
        for n, (a, b, status, reason) in enumerate(links)
    )
    with state.write() as connection:
        insert_many(connection, insert(schema.identifiers), names, rows)
        insert_many(connection, insert(schema.links), (*columns, "trust", "status", "reason"), evidence)
    ids = pa.array(range(count), pa.int64())
    with pool.write() as session:
        session.append(
            "identifiers",
            pa.table(
                {
                    "identifier_id": ids,
                    "type": [KINDS[n % each] for n in range(count)],
                    "scope": ["" if n % each == 0 else "s" for n in range(count)],
                    "value": [f"{n}" for n in range(count)],
                }
            ),
        )
        session.append(
            "customer_of", pa.table({"identifier_id": ids, "customer_id": [n - n % each for n in range(count)]})
        )
    return len(links)


def timed(what: Callable[[], object], turns: int) -> dict[str, float]:
    """Milliseconds of the processor: median and worst."""
    taken = []
    for _ in range(turns):
        started = time.process_time()
        what()
        taken.append((time.process_time() - started) * 1e3)
    return {"median_ms": round(statistics.median(taken), 2), "worst_ms": round(max(taken), 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--customers", type=int, default=50_000)
    customers = parser.parse_args().customers
    standard = load_standard()
    with TemporaryDirectory() as folder:
        state, pool = State.at(Path(folder) / "state.sqlite"), DuckDBEngine(Path(folder) / "pool.duckdb", "UTC")
        with pool.write() as session:
            pool_schema.create(session, columns_of(standard))
        links = fill(state, pool, customers)
        middle = customers // 100 * 50 * len(KINDS)
        with pool.read() as session:
            src = read.Sources(state, session, standard, Registry.of(standard, parse_rules(None, standard), {}))

            def explain(a: int, b: int) -> read.Explanation:
                known = read.nodes(src, [a, b])
                return read.explain(src, known[a], known[b])

            assert len(explain(middle + 1, middle + 3).path) == 2
            assert explain(middle - 3, middle + 1).reasons[0].code == "limit"
            result = {
                "customers": customers,
                "links": links,
                "explain_one": timed(lambda: explain(middle + 1, middle + 3), 50),
                "explain_two": timed(lambda: explain(middle - 3, middle + 1), 50),
                "graph": timed(lambda: read.graph(src, middle), 50),
                "conflicts": timed(lambda: read.ranked(session, read.open_conflicts(src), currency="CNY"), 5),
                "overview": timed(lambda: read.overview(src, NOW, ZoneInfo("Asia/Shanghai")), 3),
            }
        pool.close()
        state.close()
    file = ROOT / "bench" / "results" / "identity_explain.json"
    file.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    for name, value in result.items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
