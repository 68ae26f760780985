"""The last 100 events of a customer while events keep coming in: by the behaviour index, and by the table.

    script/bench timeline [--events 50000000] [--customers 2000000] [--reads 400] [--rate 2000] [--segments 50]
        [--without-lines] [--keep DIR]

The pool takes events at the rate, four times a second, each time in one transaction of which the index is told, and
then the live segments are answered for the customers touched, as the tick does. Beside that, one reader after the
other asks for the timeline's first page of 100 events, whole, as the API reads it, from the customer's number to the
JSON: of customers who have so many, rather those with more. The same customers are read without the index in the same
run, and the two answers must be equal. Before anything is written, the same pages are read alone: then the process's
time is the pages' own, all threads of the engine counted. Customers with fewer events than the index keeps whole are
read alone too, as their pages come from the table's rows; so are those between the two, whose pages are short.

Events about orders have a line or two, the others none. A harsher load: `--rate 10000`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bench._behaviour import ZONE, generate, options  # noqa: E402
from bench._world import segments  # noqa: E402
from bench.behaviour_index import NOBODY, events, owners  # noqa: E402

from onepool.api.cursor import to_cursor  # noqa: E402
from onepool.api.models.customers import Timeline  # noqa: E402
from onepool.api.showing import Shown, shown_to_nobody  # noqa: E402
from onepool.audience.conditions import Context, Scope, names_of, parse_condition  # noqa: E402
from onepool.audience.touched import OWNED, PRESENT, Program, answered, present_of  # noqa: E402
from onepool.clock import SystemClock  # noqa: E402
from onepool.pool import DuckDBEngine, customers, timeline  # noqa: E402
from onepool.pool.behaviour import BehaviourIndex  # noqa: E402
from onepool.pool.behaviour.whole import LEAST  # noqa: E402
from onepool.standards import load_standard  # noqa: E402

PAGE = 100
EVERY = 0.25


def main() -> int:
    """Run, print, write bench/results/timeline.json."""
    asked = options(__doc__, 50_000_000, 2_000_000)
    asked.add_argument("--reads", type=int, default=400)
    asked.add_argument("--rate", type=int, default=2_000, help="events a second")
    asked.add_argument("--segments", type=int, default=50, help="live segments")
    asked.add_argument("--without-lines", action="store_true", help="no event has order lines")
    chosen = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        world = generate(chosen.keep or Path(folder), chosen.events, chosen.customers)
        copy = world.folder / "timeline.duckdb"
        copy.write_bytes((world.folder / "pool.duckdb").read_bytes())
        if not chosen.without_lines:
            give_lines(copy)
        engine = DuckDBEngine(copy, ZONE, threads=2)
        try:
            with tempfile.TemporaryDirectory(dir=world.folder) as files:
                result = measure(engine, Path(files), chosen)
        finally:
            engine.close()
            copy.unlink()
    size = {name: getattr(chosen, name) for name in ("events", "customers", "rate", "segments", "without_lines")}
    result = {**size, **result}
    (ROOT / "bench" / "results" / "timeline.json").write_text(json.dumps(result, indent=2) + "\n")
    for name, value in result.items():
        print(f"{name:>34}  {value}")
    return int(result["answers_that_differed"] > 0)


def give_lines(pool: Path) -> None:
    """Events about orders get a line, every third two."""
    with duckdb.connect(str(pool)) as connection:
        connection.execute("SET threads = 2")
        connection.execute("SET enable_progress_bar = false")
        found = connection.sql("SELECT items FROM events LIMIT 0").types[0]
        members = dict(found.children[0][1].children)
        given = {"product_id": "product_id", "name": "'goods ' || product_id", "quantity": "1", "price": "amount"}
        line = ", ".join(f"{name} := {given.get(name, 'NULL')}::{kind}" for name, kind in members.items())
        one = f"[struct_pack({line})]"
        connection.execute(
            f"""ALTER TABLE events ALTER COLUMN items SET DATA TYPE {found} USING (CASE
            WHEN event IN ('order_placed', 'order_paid', 'order_shipped', 'order_completed', 'order_refunded')
            THEN {one} || CASE WHEN seq % 3 = 0 THEN {one} ELSE [] END END)"""
        )
        connection.execute("CHECKPOINT")


def measure(engine: DuckDBEngine, files: Path, chosen: argparse.Namespace) -> dict[str, Any]:
    """Read alone, and under load."""
    standard = load_standard([])
    ctx = Context(names_of(standard), ZONE, "CNY")
    program = Program({name: parse_condition(one) for name, one in segments(chosen.segments).items()}, ctx)
    index = BehaviourIndex(files, engine, SystemClock())
    index.want(program.further)
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
            """SELECT customer_id FROM events JOIN customer_of USING (identifier_id)
            GROUP BY customer_id HAVING count(*) >= $page ORDER BY random() * count(*) DESC LIMIT $reads""",
            {"page": PAGE, "reads": chosen.reads},
        )
        identifiers = session.query("SELECT identifier_id FROM customer_of").column("identifier_id").to_numpy()
        fewer, between = (
            session.query(
                """SELECT customer_id FROM events JOIN customer_of USING (identifier_id)
                GROUP BY customer_id HAVING count(*) BETWEEN $low AND $high
                ORDER BY hash(customer_id) LIMIT $reads""",
                {"low": low, "high": high, "reads": chosen.reads},
            )
            for low, high in ((LEAST // 2, LEAST), (LEAST + 1, PAGE - 1))
        )
    reader = Reader(engine, index, shown_to_nobody(standard))
    asked = drawn.column("customer_id").to_pylist()
    alone = [reader.page(customer) for customer in asked]
    few = [reader.page(customer) for customer in fewer.column("customer_id").to_pylist()]
    some = [reader.page(customer) for customer in between.column("customer_id").to_pylist()]
    load = Load(engine, index, program, ctx, chosen.rate)
    writer = threading.Thread(target=load.run, args=(random, identifiers, span))
    writer.start()
    beside, slow, differed = [], [], 0
    try:
        for customer in asked:
            beside.append(reader.page(customer))
            if len(slow) < chosen.reads // 4:
                seconds, same = reader.compared(customer)
                slow.append(seconds)
                differed += not same
    finally:
        load.done.set()
        writer.join()
    # The first pages find nothing in memory.
    alone = alone[len(alone) // 20 :]
    few = few[len(few) // 20 :]
    some = some[len(some) // 20 :]
    return {
        "build_seconds": index.status().seconds,
        "index_megabytes": index.status().bytes // 1_000_000,
        "reads": len(beside),
        "full_pages": sum(one.events == PAGE for one in beside),
        "pages_with_lines": sum(one.lined for one in beside),
        "alone_p50_milliseconds": _share([one.seconds for one in alone], 0.5),
        "alone_p99_milliseconds": _share([one.seconds for one in alone], 0.99),
        "alone_process_p50_milliseconds": _share([one.process for one in alone], 0.5),
        "alone_process_p99_milliseconds": _share([one.process for one in alone], 0.99),
        "fewer_events_in_the_mean": round(sum(one.events for one in few) / max(1, len(few)), 1),
        "fewer_alone_p50_milliseconds": _share([one.seconds for one in few], 0.5),
        "fewer_alone_p99_milliseconds": _share([one.seconds for one in few], 0.99),
        "fewer_alone_process_p50_milliseconds": _share([one.process for one in few], 0.5),
        "fewer_alone_process_p99_milliseconds": _share([one.process for one in few], 0.99),
        "between_events_in_the_mean": round(sum(one.events for one in some) / max(1, len(some)), 1),
        "between_alone_p50_milliseconds": _share([one.seconds for one in some], 0.5),
        "between_alone_p99_milliseconds": _share([one.seconds for one in some], 0.99),
        "between_alone_process_p50_milliseconds": _share([one.process for one in some], 0.5),
        "between_alone_process_p99_milliseconds": _share([one.process for one in some], 0.99),
        "index_p50_milliseconds": _share([one.seconds for one in beside], 0.5),
        "index_p99_milliseconds": _share([one.seconds for one in beside], 0.99),
        "index_reader_processor_p50_milliseconds": _share([one.processor for one in beside], 0.5),
        "index_reader_processor_p99_milliseconds": _share([one.processor for one in beside], 0.99),
        "table_p50_milliseconds": _share(slow, 0.5),
        "table_p99_milliseconds": _share(slow, 0.99),
        "answers_that_differed": differed,
        "transactions_meanwhile": len(load.sent),
        "transactions_late": load.late,
        "transaction_p50_milliseconds": _share(load.sent, 0.5),
        "segments_p50_milliseconds": _share(load.evaluated, 0.5),
    }


@dataclass(frozen=True, slots=True)
class Read:
    """A page: seconds of the clock, of the reader's thread, of the whole process; how many events, any with lines."""

    seconds: float
    processor: float
    process: float
    events: int
    lined: bool


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks at customers."""

    engine: DuckDBEngine
    index: BehaviourIndex
    view: Shown

    def page(self, customer: int) -> Read:
        """One page as the API answers it."""
        started, used, all_of_it = time.perf_counter(), time.thread_time(), time.process_time()
        with self.engine.read() as session:
            present = customers.resolve(session, customer)
            assert present is not None
            events, following = timeline.events(
                session, None, columns=self.view.standard.columns, limit=PAGE, customer=present, index=self.index
            )
        items = [self.view.event(item) for item in events]
        Timeline(items=items, next=to_cursor(following) if following else None).model_dump_json()
        spent = time.perf_counter() - started, time.thread_time() - used, time.process_time() - all_of_it
        return Read(*spent, len(events), any(one.items for one in events))

    def compared(self, customer: int) -> tuple[float, bool]:
        """Seconds by the table, and whether the index says the same."""
        columns = self.view.standard.columns
        with self.engine.read() as session:
            ids = customers.identifier_ids(session, customer)
            by_index, _ = timeline.events(
                session, ids, columns=columns, limit=PAGE, customer=customer, index=self.index
            )
            started = time.perf_counter()
            by_table, _ = timeline.events(session, ids, columns=columns, limit=PAGE)
            return time.perf_counter() - started, by_index == by_table


class Load:
    """Events come in at a rate, and the live segments are answered for whom they touch."""

    def __init__(self, engine: DuckDBEngine, index: BehaviourIndex, program: Program, ctx: Context, rate: int) -> None:
        self._engine, self._index, self._program, self._ctx = engine, index, program, ctx
        self._each = round(rate * EVERY)
        self.done = threading.Event()
        self.sent: list[float] = []
        self.evaluated: list[float] = []
        self.late = 0

    def run(self, random: np.random.Generator, identifiers: Any, span: dict[str, int]) -> None:
        """Until told that it is done."""
        seq = int(span["seq"])
        due = time.monotonic()
        while not self.done.wait(max(0.0, due - time.monotonic())):
            self.late += time.monotonic() > due + EVERY
            due += EVERY
            rows = events(random, identifiers, span, seq).slice(0, self._each)
            seq += self._each
            touched = np.unique(owners(self._engine, rows.column("identifier_id").to_numpy()))
            started = time.perf_counter()
            with self._engine.write() as session:
                session.append("events", rows)
                state = self._index.note(session, rows.column("seq").to_numpy(), NOBODY, np.empty(0, np.int64))
                assert state is not None
                noted = time.perf_counter()
                now = SystemClock().now()
                present = present_of(session, touched)
                rest = self._program.rest(now, Scope.customers(PRESENT, owned=OWNED))
                answered(session, self._program, rest, state, present, now)
                self.evaluated.append(time.perf_counter() - noted)
            self.sent.append(time.perf_counter() - started)


def _share(seconds: list[float], share: float) -> float:
    return -1.0 if not seconds else round(sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * share))] * 1000, 2)


if __name__ == "__main__":
    sys.exit(main())
