"""A pool of generated behaviour for benchmarks, and the same events in chDB.

40 event names of skewed frequency over 365 days, customers of skewed activity, a fifth of the identifiers merged into
another one's customer, events in the order of their arrival, three in a hundred of them up to seven days late. Made set
by set inside DuckDB, in the shape that the tick leaves behind; the same sizes give the same events.

    world = generate(folder, events=5_000_000, customers=200_000)
    with world.pool() as pool: ...
    session = world.peer()      # a MergeTree in customer order, loaded at the first call
"""

from __future__ import annotations

import argparse
import json
import shutil
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from onepool.clock import SystemClock
from onepool.pool import Columns, DuckDBEngine
from onepool.pool.behaviour import BehaviourIndex
from onepool.pool.behaviour.kinds import CORE
from onepool.pool.behaviour.view import View
from onepool.pool.schema import create
from onepool.standards import load_standard

if TYPE_CHECKING:
    from chdb.session import Session as ChSession

AT = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
"""The instant of evaluation: just after the last event."""
ZONE = "Asia/Shanghai"
THREADS = 2
DAY = 86_400_000_000
_END = int(AT.timestamp()) * 1_000_000
_SPAN = 365 * DAY
_PIECE = 5_000_000

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
    "app_installed",
]
CHANNELS = ("wechat_mini", "wechat_oa", "tmall", "douyin", "store", "web")
CITIES = ("上海", "杭州", "北京", "成都", "深圳", "广州", "武汉", "西安")


@dataclass(frozen=True)
class World:
    """A generated pool in a folder."""

    folder: Path
    events: int
    customers: int

    @contextmanager
    def pool(self, threads: int = THREADS) -> Iterator[DuckDBEngine]:
        """The pool, opened as a worker opens it."""
        engine = DuckDBEngine(self.folder / "pool.duckdb", ZONE, threads=threads)
        try:
            yield engine
        finally:
            engine.close()

    @contextmanager
    def plain(self, threads: int = THREADS) -> Iterator[duckdb.DuckDBPyConnection]:
        """The same file as somebody with DuckDB alone has it."""
        with duckdb.connect(str(self.folder / "pool.duckdb"), read_only=True) as connection:
            connection.execute(f"SET threads = {threads}")
            connection.execute(f"SET TimeZone = '{ZONE}'")
            yield connection

    @contextmanager
    def view(self, engine: DuckDBEngine, columns: Collection[str]) -> Iterator[View]:
        """The behaviour index over the pool, as arrays of these columns; built at the first call, and kept."""
        index = BehaviourIndex(self.folder / "index", engine, SystemClock())
        with engine.write() as session:
            index.attach(session)
            index.want([name for name in columns if name not in CORE])
        with engine.read() as session:
            found = index.view(session, columns)
        if found is None:
            start = time.perf_counter()
            assert index.build(threading.Event())
            print(f"built the behaviour index in {time.perf_counter() - start:.1f} s")
            with engine.read() as session:
                found = index.view(session, columns)
        assert found is not None
        yield found

    def peer(self) -> ChSession:
        """chDB with the database `bench`: `events` and `facts`, MergeTrees ordered by (customer, time)."""
        from chdb.session import Session as ChSession

        mark = self.folder / "chdb.json"
        folder = self.folder / "chdb"
        if mark.exists():
            session = ChSession(str(folder))
            session.query("USE bench")
            return session
        start = time.perf_counter()
        shutil.rmtree(folder, ignore_errors=True)
        self._parquet()
        session = ChSession(str(folder))
        for statement in (
            "CREATE DATABASE bench",
            "USE bench",
            """CREATE TABLE events (customer_id Int64, time DateTime64(6, 'UTC'), seq Int64,
            event LowCardinality(String), channel LowCardinality(String), amount Decimal(18, 4), product_id String,
            category LowCardinality(String), duration Float64) ENGINE = MergeTree ORDER BY (customer_id, time)""",
            """CREATE TABLE facts (customer_id Int64, time DateTime64(6, 'UTC'), seq Int64,
            attribute LowCardinality(String), value String) ENGINE = MergeTree ORDER BY (customer_id, time)""",
        ):
            session.query(statement)
        for table in ("events", "facts"):
            session.query(f"INSERT INTO {table} SELECT * FROM file('{self.folder}/{table}.parquet', Parquet)")
            session.query(f"OPTIMIZE TABLE {table} FINAL")
            (self.folder / f"{table}.parquet").unlink()
        mark.write_text(json.dumps({"seconds": round(time.perf_counter() - start, 1)}), encoding="utf-8")
        print(f"loaded into chDB in {time.perf_counter() - start:.0f} s")
        return session

    def _parquet(self) -> None:
        columns = "customer_id, time, seq, event, channel, amount, product_id, category, duration"
        with self.plain() as connection:
            for table, what in (("events", columns), ("attribute_facts", "customer_id, time, seq, attribute, value")):
                name = "facts" if table == "attribute_facts" else table
                connection.execute(
                    f"""COPY (SELECT {what} FROM {table} JOIN customer_of USING (identifier_id))
                    TO '{self.folder}/{name}.parquet' (FORMAT parquet)"""
                )


def generate(folder: Path, events: int = 50_000_000, customers: int = 2_000_000) -> World:
    """A pool of that size below the folder; one that is there already is taken as it is."""
    home = folder / f"behaviour-{events}-{customers}"
    world = World(home, events, customers)
    if (home / "made").exists():
        return world
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    start = time.perf_counter()
    standard = load_standard([])
    with duckdb.connect(str(home / "pool.duckdb")) as connection:
        connection.execute(f"SET threads = {THREADS}")
        connection.execute("SET enable_progress_bar = false")
        # Arrival order is what recent windows are pruned by.
        connection.execute("SET preserve_insertion_order = true")
        create(
            _Writer(connection),
            Columns(
                events={name: str(kind) for name, kind in standard.columns.items()},
                items={name: str(kind) for name, kind in standard.item_columns.items()},
                attributes={name: str(attribute.sql) for name, attribute in standard.attributes.items()},
            ),
        )
        for statement in _people(customers):
            connection.execute(statement)
        for first in range(0, events, _PIECE):
            connection.execute(_behaviour(first, min(events, first + _PIECE), events, customers))
        connection.execute("CHECKPOINT")
    (home / "made").touch()
    print(f"generated {events:,} events of {customers:,} customers in {time.perf_counter() - start:.0f} s")
    return world


class _Writer:
    """As much of a pool session as making the tables needs."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def query(self, sql: str, params: Any = None) -> Any:
        return self._connection.sql(sql).to_arrow_table()

    def execute(self, sql: str, params: Any = None) -> None:
        self._connection.execute(sql)


def _chance(salt: int) -> str:
    return f"((hash(n, {salt}) % 1000003) / 1000003.0)"


def _listed(words: tuple[str, ...] | list[str]) -> str:
    return "[" + ", ".join(f"'{word}'" for word in words) + "]"


def _people(customers: int) -> list[str]:
    known = customers * 5 // 4
    return [
        f"INSERT INTO customer_of SELECT n, CASE WHEN n % 5 = 0 THEN n - 1 ELSE n END FROM range(1, {known} + 1) t(n)",
        f"""INSERT INTO identifiers BY NAME SELECT n AS identifier_id, 'user_id' AS type, 'shop' AS scope,
            'u' || n AS value, make_timestamptz({_END - _SPAN}) AS first_seen, make_timestamptz({_END}) AS last_seen,
            0 AS generation FROM range(1, {known} + 1) t(n)""",
        f"""INSERT INTO profiles BY NAME SELECT DISTINCT customer_id, make_timestamptz({_END - _SPAN}) AS first_seen,
            make_timestamptz({_END}) AS last_seen FROM customer_of""",
        f"""INSERT INTO attribute_facts BY NAME SELECT n AS seq, 1 + n % {known} AS identifier_id,
            CASE n % 3 WHEN 1 THEN 'gender' ELSE 'city' END AS attribute,
            CASE n % 3 WHEN 1 THEN ['female', 'male'][1 + (hash(n, 11) % 2)::INT]
                ELSE {_listed(CITIES)}[1 + (hash(n, 9) % {len(CITIES)})::INT] END AS value,
            make_timestamptz({_END - _SPAN} + (hash(n, 10) % {_SPAN})::BIGINT) AS time, 'web' AS touchpoint
            FROM range(1, {customers * 2} + 1) t(n)""",
    ]


def _behaviour(first: int, last: int, events: int, customers: int) -> str:
    """Events number `first` + 1 to `last`, as they arrived."""
    known = customers * 5 // 4
    late = f"CASE WHEN {_chance(12)} < 0.03 THEN (pow({_chance(13)}, 4) * {7 * DAY})::BIGINT ELSE 0 END"
    return f"""INSERT INTO events BY NAME SELECT n AS seq, lpad(to_hex(n), 32, '0')::UUID AS event_id,
            1 + (pow({_chance(1)}, 1.6) * {known})::BIGINT % {known} AS identifier_id,
            {_listed(NAMES)}[1 + least(39, (pow({_chance(2)}, 2.2) * 40)::INT)] AS event,
            make_timestamptz({_END - _SPAN} + ((n - 1) * ({_SPAN} / {events}))::BIGINT - ({late})) AS time,
            make_timestamptz({_END - _SPAN} + ((n - 1) * ({_SPAN} / {events}))::BIGINT) AS received_at,
            {_listed(CHANNELS)}[1 + (hash(n, 3) % 6)::INT] AS channel, channel AS touchpoint,
            ((pow({_chance(4)}, 2) * 60000)::BIGINT / 100)::DECIMAL(18, 4) AS amount, 'CNY' AS currency,
            'P' || (pow({_chance(5)}, 1.5) * 2000)::INT AS product_id, 'C' || (hash(n, 6) % 30) AS category,
            (hash(n, 7) % 600)::DOUBLE AS duration,
            '{{"product_id":"P' || (hash(n, 8) % 2000) || '","source":"app"}}' AS fields
        FROM range({first} + 1, {last} + 1) t(n)"""


def options(description: str | None, events: int, customers: int) -> argparse.ArgumentParser:
    """--events, --customers, --runs and --keep, as every benchmark over this world has them."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=events)
    parser.add_argument("--customers", type=int, default=customers)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="A folder to keep the data in, and to find it again.")
    return parser
