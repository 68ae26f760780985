"""Ten conditions: one shared pass, ten single passes, and the same ten questions in chDB, over the same events.

    script/bench segment [--events 10000000] [--customers 500000] [--runs 3] [--keep DIR]

The events are generated: 40 names with skewed frequencies over 365 days, customers with skewed activity. OnePool reads
the pool as it stands in use: events in arrival order, belonging to identifiers, customers by `customer_of` (a fifth of
the identifiers are merged into another one's customer), attributes as facts. chDB has its MergeTree ordered by
(customer, time), with the customer written into every event, which spares it the join. Both use two threads. OnePool
answers as live segments ask: with a row for each customer of whom a condition holds or may come to hold by time alone,
and when; chDB with a count. Every count must agree.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
from chdb.session import Session as ChSession

from onepool.audience.conditions import Context, Scope, check, compile_conditions, names_of, parse_condition
from onepool.pool import Columns, DuckDBEngine
from onepool.pool.schema import create
from onepool.standards import load_standard

ROOT = Path(__file__).parent.parent
AT = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
ZONE = "Asia/Shanghai"
THREADS = 2

# In order of frequency.
NAMES = [
    "page_viewed",
    "product_viewed",
    "app_opened",
    "order_paid",
    "signed_in",
    "cart_added",
    "coupon_received",
    "searched",
    "live_watched",
    "screen_viewed",
    "product_list_viewed",
    "content_viewed",
    "message_received",
    "button_clicked",
    "cart_viewed",
    "coupon_redeemed",
    "order_placed",
    "shared",
    "favourite_added",
    "menu_clicked",
    "checkout_started",
    "followed",
    "qr_scanned",
    "points_earned",
    "order_shipped",
    "order_completed",
    "reviewed",
    "cart_removed",
    "service_requested",
    "group_chat_joined",
    "contact_added",
    "membership_joined",
    "points_spent",
    "form_submitted",
    "order_refunded",
    "signed_up",
    "level_changed",
    "store_visited",
    "unfollowed",
    "survey_answered",
]

CONDITIONS: dict[str, dict[str, Any]] = {
    "frequent, now silent": {
        "all": [
            {
                "did": "order_paid",
                "where": {"amount": {"at_least": 100}},
                "times": {"at_least": 3},
                "within": {"last": "30 days"},
            },
            {"did_not": "app_opened", "within": {"last": "7 days"}},
        ]
    },
    "spent 1,000 in a year": {
        "did": "order_paid",
        "sum": {"of": "amount", "at_least": 1000},
        "within": {"last": "365 days"},
    },
    "cart, never bought": {"all": [{"did": "cart_added", "within": {"last": "14 days"}}, {"did_not": "order_paid"}]},
    "five products in 30 days": {
        "did": "product_viewed",
        "distinct": {"of": "product_id", "at_least": 5},
        "within": {"last": "30 days"},
    },
    "signed in on five days": {"did": "signed_in", "days": {"at_least": 5}, "within": {"last": "60 days"}},
    "new buyer": {"did": "order_paid", "first": True, "within": {"last": "90 days"}},
    "last order large": {"did": "order_paid", "last": True, "where": {"amount": {"at_least": 300}}},
    "in two cities, bought": {
        "all": [
            {"attribute": "city", "in": ["上海", "杭州"]},
            {"did": "order_paid", "within": {"last": "180 days"}},
        ]
    },
    "coupons kept": {
        "all": [
            {"did": "coupon_received", "times": {"at_least": 2}, "within": {"last": "90 days"}},
            {"did_not": "coupon_redeemed"},
        ]
    },
    "mini program or live": {
        "all": [
            {
                "any": [
                    {
                        "did": "page_viewed",
                        "at": {"channel": "wechat_mini"},
                        "times": {"at_least": 3},
                        "within": {"last": "90 days"},
                    },
                    {"did": "live_watched", "where": {"duration": {"at_least": 60}}, "within": {"last": "30 days"}},
                ]
            },
            {"not": {"did": "order_paid", "avg": {"of": "amount", "below": 50}}},
        ]
    },
}

# The same in ClickHouse's words; {at} is the instant, {d:N} the instant N days before.
QUESTIONS: dict[str, str] = {
    "frequent, now silent": """SELECT customer_id FROM events WHERE
        (event = 'order_paid' AND time >= {d:30}) OR (event = 'app_opened' AND time >= {d:7}) GROUP BY customer_id
        HAVING countIf(event = 'order_paid' AND amount >= 100) >= 3 AND countIf(event = 'app_opened') = 0""",
    "spent 1,000 in a year": """SELECT customer_id FROM events WHERE event = 'order_paid' AND time >= {d:365}
        GROUP BY customer_id HAVING sum(amount) >= 1000""",
    "cart, never bought": """SELECT customer_id FROM events WHERE
        (event = 'cart_added' AND time >= {d:14}) OR event = 'order_paid' GROUP BY customer_id
        HAVING countIf(event = 'cart_added') >= 1 AND countIf(event = 'order_paid') = 0""",
    "five products in 30 days": """SELECT customer_id FROM events WHERE event = 'product_viewed' AND time >= {d:30}
        GROUP BY customer_id HAVING uniqExact(product_id) >= 5""",
    "signed in on five days": """SELECT customer_id FROM events WHERE event = 'signed_in' AND time >= {d:60}
        GROUP BY customer_id HAVING uniqExact(toDate(time, 'Asia/Shanghai')) >= 5""",
    "new buyer": """SELECT customer_id FROM events WHERE event = 'order_paid' GROUP BY customer_id
        HAVING min(time) >= {d:90}""",
    "last order large": """SELECT customer_id FROM events WHERE event = 'order_paid' GROUP BY customer_id
        HAVING argMax(amount, (time, seq)) >= 300""",
    "in two cities, bought": """SELECT customer_id FROM events WHERE event = 'order_paid' AND time >= {d:180}
        AND customer_id IN (SELECT customer_id FROM facts WHERE attribute = 'city' GROUP BY customer_id
            HAVING argMax(value, (time, seq)) IN ('上海', '杭州')) GROUP BY customer_id""",
    "coupons kept": """SELECT customer_id FROM events WHERE
        (event = 'coupon_received' AND time >= {d:90}) OR event = 'coupon_redeemed' GROUP BY customer_id
        HAVING countIf(event = 'coupon_received') >= 2 AND countIf(event = 'coupon_redeemed') = 0""",
    "mini program or live": """SELECT customer_id FROM events WHERE
        (event = 'page_viewed' AND channel = 'wechat_mini' AND time >= {d:90}) OR
        (event = 'live_watched' AND duration >= 60 AND time >= {d:30}) OR event = 'order_paid' GROUP BY customer_id
        HAVING (countIf(event = 'page_viewed') >= 3 OR countIf(event = 'live_watched') >= 1)
        AND NOT (countIf(event = 'order_paid') >= 1 AND avgIf(amount, event = 'order_paid') < 50)""",
}


def generate(folder: Path, events: int, customers: int) -> DuckDBEngine:
    """The pool, and the same as Parquet files for chDB."""
    standard = load_standard([])
    path = folder / "pool.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"SET threads = {THREADS}")
        connection.execute("SET preserve_insertion_order = true")
        pool = _Writer(connection)
        create(
            pool,
            Columns(
                events={name: str(kind) for name, kind in standard.columns.items()},
                items={name: str(kind) for name, kind in standard.item_columns.items()},
                attributes={name: str(attribute.sql) for name, attribute in standard.attributes.items()},
            ),
        )
        for statement in _statements(events, customers, folder):
            connection.execute(statement)
    return DuckDBEngine(path, ZONE, threads=THREADS)


class _Writer:
    """As much of a pool session as making the tables needs."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def query(self, sql: str, params: Any = None) -> Any:
        return self._connection.sql(sql).to_arrow_table()

    def execute(self, sql: str, params: Any = None) -> None:
        self._connection.execute(sql)


def _statements(events: int, customers: int, folder: Path) -> list[str]:
    end = int(AT.timestamp() * 1_000_000)
    span = 365 * 86_400_000_000
    names = "[" + ", ".join(f"'{name}'" for name in NAMES) + "]"
    cities = "['上海', '杭州', '北京', '成都', '深圳', '广州', '武汉', '西安']"
    channels = "['wechat_mini', 'wechat_oa', 'tmall', 'douyin', 'store', 'web']"

    def chance(salt: int) -> str:
        return f"((hash(n, {salt}) % 1000003) / 1000003.0)"

    return [
        # A fifth of the identifiers belong to another one's customer.
        f"""INSERT INTO customer_of SELECT i, CASE WHEN i % 5 = 0 THEN i - 1 ELSE i END
            FROM range(1, {customers * 5 // 4} + 1) t(i)""",
        f"""INSERT INTO events BY NAME SELECT n AS seq,
                (lpad(to_hex(n), 32, '0'))::UUID AS event_id,
                1 + (pow({chance(1)}, 1.6) * {customers * 5 // 4})::BIGINT % {customers * 5 // 4} AS identifier_id,
                {names}[1 + least(39, (pow({chance(2)}, 2.2) * 40)::INT)] AS event,
                make_timestamptz({end - span} + n * ({span} // {events})) AS time, time AS received_at,
                {channels}[1 + (hash(n, 3) % 6)::INT] AS channel, channel AS touchpoint,
                ((pow({chance(4)}, 2) * 60000)::BIGINT / 100)::DECIMAL(18,4) AS amount, 'CNY' AS currency,
                'P' || (pow({chance(5)}, 1.5) * 2000)::INT AS product_id, 'C' || (hash(n, 6) % 30) AS category,
                (hash(n, 7) % 600)::DOUBLE AS duration,
                '{{"product_id":"P' || (hash(n, 8) % 2000) || '","source":"app"}}' AS fields
            FROM range(1, {events} + 1) t(n)""",
        f"""INSERT INTO attribute_facts BY NAME SELECT n AS seq, 1 + n % {customers * 5 // 4} AS identifier_id,
                CASE n % 3 WHEN 0 THEN 'city' WHEN 1 THEN 'gender' ELSE 'city' END AS attribute,
                {cities}[1 + (hash(n, 9) % 8)::INT] AS value,
                make_timestamptz({end - span} + (hash(n, 10) % {span})::BIGINT) AS time, 'web' AS touchpoint
            FROM range(1, {customers * 2} + 1) t(n)""",
        f"""COPY (SELECT customer_id, time, seq, event, channel, amount, product_id, duration
            FROM events JOIN customer_of USING (identifier_id)) TO '{folder}/events.parquet' (FORMAT parquet)""",
        f"""COPY (SELECT customer_id, time, seq, attribute, value FROM attribute_facts
            JOIN customer_of USING (identifier_id)) TO '{folder}/facts.parquet' (FORMAT parquet)""",
        "CHECKPOINT",
    ]


def chdb_session(folder: Path) -> ChSession:
    """The same events in a MergeTree ordered by (customer, time); one that was loaded before is taken as it is."""
    mark = folder / "chdb.loaded"
    if mark.exists():
        session = ChSession(str(folder / "chdb"))
        session.query("USE bench")
        return session
    shutil.rmtree(folder / "chdb", ignore_errors=True)
    session = ChSession(str(folder / "chdb"))
    session.query("CREATE DATABASE IF NOT EXISTS bench")
    session.query("USE bench")
    session.query(
        """CREATE TABLE events (customer_id Int64, time DateTime64(6, 'UTC'), seq Int64, event LowCardinality(String),
        channel LowCardinality(String), amount Decimal(18, 4), product_id String, duration Float64)
        ENGINE = MergeTree ORDER BY (customer_id, time)"""
    )
    session.query(
        """CREATE TABLE facts (customer_id Int64, time DateTime64(6, 'UTC'), seq Int64,
        attribute LowCardinality(String), value String) ENGINE = MergeTree ORDER BY (customer_id, time)"""
    )
    for table in ("events", "facts"):
        session.query(f"INSERT INTO {table} SELECT * FROM file('{folder}/{table}.parquet', Parquet)")
        session.query(f"OPTIMIZE TABLE {table} FINAL")
    mark.touch()
    return session


def question(text: str) -> str:
    """A question of QUESTIONS with its instants filled in, counted."""
    end = int(AT.timestamp())
    for days in (365, 180, 90, 60, 30, 14, 7):
        text = text.replace(f"{{d:{days}}}", f"toDateTime64({end - days * 86400}, 6, 'UTC')")
    return f"SELECT count() FROM ({text}) SETTINGS max_threads = {THREADS}"


@dataclass
class Cost:
    """Medians of a few runs: seconds by the clock, and by the processor (steadier where others use the machine too)."""

    wall: float = 0.0
    cpu: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.wall + other.wall, self.cpu + other.cpu)

    def rounded(self) -> dict[str, float]:
        return {"wall": round(self.wall, 3), "cpu": round(self.cpu, 3)}


def timed(runs: int, work: Callable[[], Any]) -> tuple[Cost, Any]:
    """What a call costs, and its last answer."""
    wall, cpu, answer = [], [], None
    for _ in range(runs):
        started, worked = time.perf_counter(), time.process_time()
        answer = work()
        wall.append(time.perf_counter() - started)
        cpu.append(time.process_time() - worked)
    return Cost(statistics.median(wall), statistics.median(cpu)), answer


def measure(folder: Path, events: int, customers: int, runs: int) -> dict[str, Any]:
    """All three ways, their counts compared."""
    start = time.perf_counter()
    made = (folder / "pool.duckdb").exists()
    pool = DuckDBEngine(folder / "pool.duckdb", ZONE, threads=THREADS) if made else generate(folder, events, customers)
    done = "kept" if made else "generated"
    print(f"{done} {events:,} events of {customers:,} customers in {time.perf_counter() - start:.0f} s")
    ctx = Context(names_of(load_standard([])), ZONE, "CNY")
    conditions = {name: parse_condition(data) for name, data in CONDITIONS.items()}
    faults = {name: check(one, ctx.names) for name, one in conditions.items() if check(one, ctx.names)}
    assert not faults, faults

    def ours(some: dict[str, Any]) -> dict[str, int]:
        with pool.read() as session:
            found = compile_conditions(some, AT, Scope.all(), ctx, sparse=True).run(session)
        return {name: found.column(name).to_numpy(zero_copy_only=False).sum().item() for name in some}

    single: dict[str, Cost] = {}
    counts: dict[str, dict[str, int]] = {"single": {}, "chdb": {}}
    shared, counts["shared"] = timed(runs, lambda: ours(conditions))
    for name, one in conditions.items():
        single[name], found = timed(runs, lambda name=name, one=one: ours({name: one}))
        counts["single"] |= found
    pool.close()
    start = time.perf_counter()
    session = chdb_session(folder)
    print(f"loaded into chDB in {time.perf_counter() - start:.0f} s")
    peer: dict[str, Cost] = {}
    for name, text in QUESTIONS.items():
        peer[name], answer = timed(runs, lambda text=text: session.query(question(text), "CSV"))
        counts["chdb"][name] = int(str(answer).strip())
    session.close()
    for name in CONDITIONS:
        got = {way: counts[way][name] for way in counts}
        assert len(set(got.values())) == 1, f"{name}: {got}"
    alone, chdb = sum(single.values(), Cost()), sum(peer.values(), Cost())
    return {
        "events": events,
        "customers": customers,
        "threads": THREADS,
        "runs": runs,
        "seconds": {"shared": shared.rounded(), "single": alone.rounded(), "chdb": chdb.rounded()},
        "ratio_to_chdb": {
            "shared": Cost(shared.wall / chdb.wall, shared.cpu / chdb.cpu).rounded(),
            "single": Cost(alone.wall / chdb.wall, alone.cpu / chdb.cpu).rounded(),
        },
        "conditions": {
            name: {"customers": counts["chdb"][name], "single": single[name].rounded(), "chdb": peer[name].rounded()}
            for name in CONDITIONS
        },
    }


def show(result: dict[str, Any]) -> None:
    """The result as a table."""
    line = "{:28}{:>11}{:>12}{:>10}{:>12}{:>10}"
    print(line.format("seconds (median)", "customers", "OnePool", "cpu", "chDB", "cpu"))
    for name, row in result["conditions"].items():
        print(line.format(name, row["customers"], *row["single"].values(), *row["chdb"].values()))
    seconds, ratio = result["seconds"], result["ratio_to_chdb"]
    print(line.format("ten, one by one", "", *seconds["single"].values(), *seconds["chdb"].values()))
    print(line.format("ten in one shared pass", "", *seconds["shared"].values(), "", ""))
    print(line.format("one by one / chDB", "", *ratio["single"].values(), "", ""))
    print(line.format("shared / chDB", "", *ratio["shared"].values(), "", ""))


def main() -> int:
    """Exit status 1 when the shared pass is slower than chDB in total."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--events", type=int, default=10_000_000)
    options.add_argument("--customers", type=int, default=500_000)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--keep", type=Path, help="A folder to keep the data in, and to find it again.")
    chosen = options.parse_args()
    with TemporaryDirectory() as scratch:
        folder = chosen.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        result = measure(folder, chosen.events, chosen.customers, chosen.runs)
    target = ROOT / "bench" / "results" / "segment.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    show(result)
    return int(result["ratio_to_chdb"]["shared"]["wall"] > 1)


if __name__ == "__main__":
    sys.exit(main())
