"""The behaviour index: made, kept exact while a million late events come, and made anew; beside sorting the table.

    script/bench behaviour_index [--events 50000000] [--customers 2000000] [--late 1000000] [--memory 1GB] [--keep DIR]
        [--no-peer]

Processor time is user and system time of the whole process, the engine's threads included; memory is the largest
resident set seen while the work ran (and without pages of files, which the machine may take back at any time). Late
events are appended in transactions of 10,000, as a tick would; after each one the histories of 200 customers are read
by the index and by the table and must be equal, before, during and after a build that runs meanwhile. The peer is what
one would do without: the table copied in the order (customer, time, seq) by the engine itself, with the same memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bench._behaviour import AT, THREADS, ZONE, generate  # noqa: E402

from onepool.clock import SystemClock  # noqa: E402
from onepool.pool import Columns, DuckDBEngine, Session  # noqa: E402
from onepool.pool.behaviour import BehaviourIndex  # noqa: E402
from onepool.pool.schema import create  # noqa: E402

COLUMNS = ("amount", "currency", "product_id")
BATCH = 10_000
CHECKED = 200
NOBODY = pa.table({name: pa.array([], pa.int64()) for name in ("identifier_id", "customer_id", "was")})


def main() -> int:
    """Run, print, write bench/results/behaviour_index.json."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--events", type=int, default=50_000_000)
    options.add_argument("--customers", type=int, default=2_000_000)
    options.add_argument("--late", type=int, default=1_000_000)
    options.add_argument("--memory", default="1GB", help="memory limit of the engine")
    options.add_argument("--keep", type=Path, help="a folder that keeps the generated pool")
    options.add_argument("--no-peer", action="store_true", help="do not sort the table")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = chosen.keep or Path(folder)
        home.mkdir(parents=True, exist_ok=True)
        # In a process of its own: its memory is not the index's.
        made = "import sys; from pathlib import Path; from bench._behaviour import generate; "
        made += "generate(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))"
        sizes = [str(home), str(chosen.events), str(chosen.customers)]
        subprocess.run([sys.executable, "-c", made, *sizes], check=True, cwd=ROOT)
        result = measure(home, chosen)
    target = ROOT / "bench" / "results" / "behaviour_index.json"
    target.write_text(json.dumps(result, indent=2) + "\n")
    for name, value in result.items():
        print(f"{name:>34}  {value}")
    return int(result["reads_that_differed"] > 0)


def measure(home: Path, chosen: argparse.Namespace) -> dict[str, Any]:
    """All figures."""
    world = generate(home, chosen.events, chosen.customers)
    warm()
    copy = world.folder / "copy.duckdb"
    copy.write_bytes((world.folder / "pool.duckdb").read_bytes())
    with tempfile.TemporaryDirectory(dir=world.folder) as files:
        engine = DuckDBEngine(copy, ZONE, threads=THREADS, memory=chosen.memory)
        try:
            index = BehaviourIndex(Path(files), engine, SystemClock())
            index.want(COLUMNS)
            with engine.write() as session:
                session.execute("CREATE TABLE IF NOT EXISTS meta (key VARCHAR, value VARCHAR)")
                index.attach(session)
            with watched() as first:
                assert index.build(threading.Event())
            size = index.status().bytes
            late = catch_up(engine, index, chosen.late)
        finally:
            engine.close()
        peer: dict[str, Any] = {}
        if not chosen.no_peer:
            peer = sort_table(copy, chosen.memory)
    copy.unlink()
    return {
        "events": chosen.events,
        "customers": chosen.customers,
        "build_wall_seconds": first.wall,
        "build_processor_seconds": first.processor,
        "build_peak_megabytes": first.resident,
        "build_peak_without_files_megabytes": first.anonymous,
        "index_megabytes": round(size / 1e6),
        **late,
        **peer,
    }


def warm() -> None:
    """Have the kernels compiled: that is done once for a machine."""
    engine = DuckDBEngine(":memory:", ZONE)
    with engine.write() as session:
        create(session, Columns(dict.fromkeys(COLUMNS, "VARCHAR"), {"name": "VARCHAR"}, {}))
        row = {"seq": [1, 2], "identifier_id": [1, 1], "event": ["a", "a"], "time": [AT, AT]}
        session.append("events", pa.table(row))
        session.append("customer_of", pa.table({"identifier_id": [1], "customer_id": [1]}))
    with tempfile.TemporaryDirectory() as files:
        index = BehaviourIndex(Path(files), engine, SystemClock())
        with engine.write() as session:
            index.attach(session)
        assert index.build(threading.Event())
        with engine.read() as session:
            assert index.gather(session, np.array([1]), ["event"]) is not None
    engine.close()


def catch_up(engine: DuckDBEngine, index: BehaviourIndex, late: int) -> dict[str, Any]:
    """Late events come in; in the middle a build runs beside them."""
    random = np.random.default_rng(7)
    with engine.read() as session:
        span = session.query(
            """SELECT min(epoch_us(time)) AS low, max(epoch_us(time)) AS high, max(seq) AS seq FROM events"""
        ).to_pylist()[0]
        known = session.query("SELECT DISTINCT customer_id FROM customer_of").column("customer_id").to_numpy()
        identifiers = session.query("SELECT identifier_id FROM customer_of").column("identifier_id").to_numpy()
    noted, reading, differed, checked, seq = 0.0, 0.0, 0, 0, int(span["seq"])
    build: list[Watched] = []
    thread = threading.Thread(target=_build, args=(index, build))
    batches = max(2, late // BATCH)
    for number in range(batches):
        if number == batches // 2:
            thread.start()
        rows = events(random, identifiers, span, seq)
        seq += rows.num_rows
        with engine.write() as session:
            session.append("events", rows)
            started = time.thread_time()
            index.note(session, rows.column("seq").to_numpy(), NOBODY, np.empty(0, np.int64))
            noted += time.thread_time() - started
        # Half of them had late events just now.
        touched = owners(engine, rows.column("identifier_id").to_numpy()[: CHECKED // 2])
        some = np.unique(np.concatenate([random.choice(known, CHECKED // 2), touched]))
        if number % max(1, batches // 40) == 0 or thread.is_alive():
            seconds, same = equal(engine, index, some)
            reading, checked, differed = reading + seconds, checked + 1, differed + (not same)
    thread.join()
    for _ in range(5):
        seconds, same = equal(engine, index, random.choice(known, CHECKED))
        reading, checked, differed = reading + seconds, checked + 1, differed + (not same)
    again = build[0]
    return {
        "late_events": batches * BATCH,
        "note_processor_seconds_per_100000": round(noted / (batches * BATCH) * 100_000, 4),
        "reads_checked": checked,
        "reads_that_differed": differed,
        f"read_of_{CHECKED}_customers_milliseconds": round(reading / checked * 1000, 2),
        "build_beside_appends_wall_seconds": again.wall,
        "build_beside_appends_processor_seconds": again.processor,
        "tail_after_events": index.status().tail,
    }


def events(random: np.random.Generator, identifiers: Any, span: dict[str, int], seq: int) -> pa.Table:
    """Events from anywhere in the year."""
    times = random.integers(span["low"], span["high"], BATCH)
    return pa.table(
        {
            "seq": np.arange(seq + 1, seq + 1 + BATCH, dtype=np.int64),
            "identifier_id": random.choice(identifiers, BATCH),
            "event_id": pa.array([f"{seq + 1 + number:032x}" for number in range(BATCH)]),
            "event": pa.array(["product_viewed"] * BATCH),
            "time": pa.array(times, pa.int64()).cast(pa.timestamp("us", tz="UTC")),
            "channel": pa.array(["web"] * BATCH),
            "product_id": pa.array([f"L{number % 977}" for number in range(BATCH)]),
        }
    )


def owners(engine: DuckDBEngine, identifiers: Any) -> Any:
    """Whose they are."""
    found = engine.query(
        "SELECT customer_id FROM customer_of WHERE identifier_id IN (SELECT unnest($ids))",
        {"ids": identifiers.tolist()},
    )
    return found.column("customer_id").to_numpy()


def equal(engine: DuckDBEngine, index: BehaviourIndex, customers: Any) -> tuple[float, bool]:
    """How long the index took for these customers' histories, and whether they are the table's."""
    names = ["seq", "time", "event", "identifier_id", *COLUMNS]
    with engine.read() as session:
        started = time.perf_counter()
        found = index.gather(session, customers, names)
        seconds = time.perf_counter() - started
        assert found is not None
        order = [("customer_id", "ascending"), ("time", "ascending"), ("seq", "ascending")]
        return seconds, found.sort_by(order).equals(by_table(session, customers, names).cast(found.schema))


def by_table(session: Session, customers: Any, names: list[str]) -> pa.Table:
    """The same from the table."""
    listed = ", ".join(f'e."{name}"' for name in names)
    return session.query(
        f"""SELECT c.customer_id, {listed} FROM events e JOIN customer_of c USING (identifier_id)
        WHERE c.customer_id IN (SELECT unnest($customers)) ORDER BY c.customer_id, e.time, e.seq""",
        {"customers": [int(one) for one in customers]},
    )


_ORDERED = f"""CREATE TABLE ordered AS
    SELECT c.customer_id, e.seq, e.identifier_id, e.event, e.time, e.channel, e.touchpoint, {", ".join(COLUMNS)}
    FROM events e JOIN customer_of c USING (identifier_id) ORDER BY c.customer_id, e.time, e.seq"""


def sort_table(path: Path, memory: str) -> dict[str, Any]:
    """The table in customer order, as the engine makes it; spilling to disk where its memory does not do."""
    import duckdb

    with duckdb.connect(str(path)) as connection:
        connection.execute(f"SET threads = {THREADS}")
        connection.execute(f"SET memory_limit = '{memory}'")
        failed = None
        with watched() as seen:
            try:
                connection.execute(_ORDERED)
                connection.execute("CHECKPOINT")
            except duckdb.Error as error:
                failed = str(error).splitlines()[0]
    if failed is not None:
        return {"sorted_table_failed": failed}
    return {
        "sorted_table_wall_seconds": seen.wall,
        "sorted_table_processor_seconds": seen.processor,
        "sorted_table_peak_megabytes": seen.resident,
    }


@dataclass
class Watched:
    """What some work cost."""

    wall: float = 0.0
    processor: float = 0.0
    resident: int = 0
    anonymous: int = 0


@contextmanager
def watched() -> Iterator[Watched]:
    """Time and the largest memory of what runs within."""
    seen, done = Watched(), threading.Event()

    def look() -> None:
        while not done.wait(0.02):
            lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
            seen.resident = max(seen.resident, int(lines["VmRSS"].split()[0]) // 1000)
            seen.anonymous = max(seen.anonymous, int(lines["RssAnon"].split()[0]) // 1000)

    thread = threading.Thread(target=look)
    thread.start()
    wall, processor = time.monotonic(), _processor()
    try:
        yield seen
    finally:
        seen.wall = round(time.monotonic() - wall, 1)
        seen.processor = round(_processor() - processor, 1)
        done.set()
        thread.join()


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _build(index: BehaviourIndex, to: list[Watched]) -> None:
    with watched() as seen:
        assert index.build(threading.Event())
    to.append(seen)


if __name__ == "__main__":
    sys.exit(main())
