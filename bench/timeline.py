"""The last 100 events of a customer while events keep coming in: by the behaviour index, and by the table.

    script/bench timeline [--events 50000000] [--customers 2000000] [--reads 400] [--keep DIR]

The pool takes 1,000 events every 100 ms, each time in one transaction of which the index is told, as the tick does.
Beside that, one reader after the other asks for the timeline's first page of 100 events, whole, as the API reads it:
customers drawn by how many events they have, so that nearly all have a full page. The same customers are read without
the index in the same run, and the two answers must be equal.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bench._behaviour import generate, options  # noqa: E402
from bench.behaviour_index import NOBODY, events  # noqa: E402

from onepool.clock import SystemClock  # noqa: E402
from onepool.pool import DuckDBEngine, customers, timeline  # noqa: E402
from onepool.pool.behaviour import BehaviourIndex  # noqa: E402

PAGE = 100
SENT = 1_000
EVERY = 0.1


def main() -> int:
    """Run, print, write bench/results/timeline.json."""
    asked = options(__doc__, 50_000_000, 2_000_000)
    asked.add_argument("--reads", type=int, default=400)
    chosen = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        world = generate(chosen.keep or Path(folder), chosen.events, chosen.customers)
        copy = world.folder / "timeline.duckdb"
        copy.write_bytes((world.folder / "pool.duckdb").read_bytes())
        engine = DuckDBEngine(copy, "Asia/Shanghai", threads=2)
        try:
            with tempfile.TemporaryDirectory(dir=world.folder) as files:
                result = measure(engine, Path(files), chosen.reads)
        finally:
            engine.close()
            copy.unlink()
    result = {"events": chosen.events, "customers": chosen.customers, **result}
    (ROOT / "bench" / "results" / "timeline.json").write_text(json.dumps(result, indent=2) + "\n")
    for name, value in result.items():
        print(f"{name:>34}  {value}")
    return int(result["answers_that_differed"] > 0)


def measure(engine: DuckDBEngine, files: Path, reads: int) -> dict[str, Any]:
    """Read under load."""
    index = BehaviourIndex(files, engine, SystemClock())
    with engine.write() as session:
        session.execute("CREATE TABLE IF NOT EXISTS meta (key VARCHAR, value VARCHAR)")
        index.attach(session)
    assert index.build(threading.Event())
    random = np.random.default_rng(11)
    with engine.read() as session:
        span = session.query(
            "SELECT min(epoch_us(time)) AS low, max(epoch_us(time)) AS high, max(seq) AS seq FROM events"
        ).to_pylist()[0]
        drawn = session.query(
            f"""SELECT c.customer_id FROM (SELECT identifier_id FROM events USING SAMPLE {reads} ROWS) e
            JOIN customer_of c USING (identifier_id)"""
        )
        identifiers = session.query("SELECT identifier_id FROM customer_of").column("identifier_id").to_numpy()
    done = threading.Event()
    sent: list[float] = []
    writer = threading.Thread(target=write, args=(engine, index, random, identifiers, span, done, sent))
    writer.start()
    fast, slow, processor, differed, full = [], [], [], 0, 0
    try:
        for customer in drawn.column("customer_id").to_pylist():
            seconds, used, page = read(engine, customer, index)
            fast.append(seconds)
            processor.append(used)
            full += len(page) == PAGE
            if len(slow) < reads // 4:
                with engine.read() as session:
                    ids = customers.identifier_ids(session, customer)
                    by_index, _ = timeline.events(session, ids, columns=(), limit=PAGE, customer=customer, index=index)
                    started = time.perf_counter()
                    by_table, _ = timeline.events(session, ids, columns=(), limit=PAGE)
                    slow.append(time.perf_counter() - started)
                    differed += by_index != by_table
    finally:
        done.set()
        writer.join()
    return {
        "reads": len(fast),
        "full_pages": full,
        "index_p50_milliseconds": _share(fast, 0.5),
        "index_p99_milliseconds": _share(fast, 0.99),
        "index_reader_processor_p50_milliseconds": _share(processor, 0.5),
        "table_p50_milliseconds": _share(slow, 0.5),
        "table_p99_milliseconds": _share(slow, 0.99),
        "answers_that_differed": differed,
        "transactions_meanwhile": len(sent),
        "transaction_p50_milliseconds": round(statistics.median(sent) * 1000, 2),
    }


def read(engine: DuckDBEngine, customer: int, index: BehaviourIndex) -> tuple[float, float, list[timeline.Event]]:
    """One page as the API reads it: seconds of the clock, of the reader's processor, and the events."""
    started, used = time.perf_counter(), time.thread_time()
    with engine.read() as session:
        page, _ = timeline.events(session, None, columns=(), limit=PAGE, customer=customer, index=index)
    return time.perf_counter() - started, time.thread_time() - used, page


def write(
    engine: DuckDBEngine,
    index: BehaviourIndex,
    random: np.random.Generator,
    identifiers: Any,
    span: dict[str, int],
    done: threading.Event,
    sent: list[float],
) -> None:
    """Events come in."""
    seq = int(span["seq"])
    due = time.monotonic()
    while not done.wait(max(0.0, due - time.monotonic())):
        due += EVERY
        rows = events(random, identifiers, span, seq).slice(0, SENT)
        seq += SENT
        started = time.perf_counter()
        with engine.write() as session:
            session.append("events", rows)
            index.note(session, rows.column("seq").to_numpy(), NOBODY, np.empty(0, np.int64))
        sent.append(time.perf_counter() - started)


def _share(seconds: list[float], share: float) -> float:
    return round(sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * share))] * 1000, 2)


if __name__ == "__main__":
    sys.exit(main())
