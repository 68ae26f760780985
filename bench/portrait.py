"""Portrait of a segment over many customers: cold (nothing kept), after a tick, and with everything kept.

    script/bench portrait [--customers 1000000] [--tags 15] [--events 5000000]

The pool is generated: `--tags` tags that eight of ten customers have (a third with numbers, a fifth with several
values), five attributes, `--events` events on eight channels, a segment of a fifth of the customers. The tags' counts
are also made by one SQL statement with joins; they have to be equal.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from onepool.audience.sets import Sets
from onepool.insight.portrait import Asked, Channels, Portrait, portrait
from onepool.layout import install
from onepool.pool import DuckDBEngine
from onepool.standards import load_standard

ROOT = Path(__file__).parent.parent
AT = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
ZONE = "Asia/Shanghai"
THREADS = 2


def generate(path: Path, customers: int, tags: int, events: int) -> DuckDBEngine:
    """A pool with the tables that a portrait reads."""
    pool = DuckDBEngine(path, ZONE, threads=THREADS)
    with pool.write() as session:
        install(session, load_standard([]))
        session.execute("CREATE TABLE IF NOT EXISTS meta (key VARCHAR, value VARCHAR)")
        session.execute("INSERT INTO meta VALUES ('outcome_id', '1'), ('log_offset', '1')")
        for statement in _statements(customers, tags, events):
            session.execute(statement)
    pool.checkpoint()
    return pool


def _statements(customers: int, tags: int, events: int) -> list[str]:
    people = f"range(1, {customers + 1}) p(customer_id)"
    cities = "['上海市', '杭州市', '北京市', '成都市', '深圳市', '广州市', '武汉市', '西安市']"
    return [
        f"INSERT INTO customer_of SELECT customer_id, customer_id FROM {people}",
        f"""INSERT INTO profiles BY NAME SELECT customer_id,
            CASE WHEN hash(customer_id, 1) % 10 < 7 THEN {cities}[1 + (pow((hash(customer_id, 2) % 1000) / 1000.0, 2)
                * 8)::INT % 8] END AS city,
            CASE hash(customer_id, 3) % 3 WHEN 0 THEN 'male' WHEN 1 THEN 'female' END AS gender,
            CASE WHEN hash(customer_id, 4) % 2 = 0 THEN DATE '1960-01-01' + (hash(customer_id, 5) % 18000)::INT END
                AS birthday,
            ['普通', '银卡', '金卡'][1 + (hash(customer_id, 6) % 3)::INT] AS member_level,
            (hash(customer_id, 7) % 5000)::DOUBLE AS points_balance FROM {people}""",
        f"""INSERT INTO tag_values BY NAME SELECT customer_id, 't' || t AS tag,
            CASE WHEN t % 5 <> 4 THEN 'v' || (hash(customer_id, t) % (4 + t))::INT END AS value,
            CASE WHEN t % 3 = 0 THEN (hash(customer_id, t, 1) % 100000) / 7.0 END AS number,
            CASE WHEN t % 5 = 4 THEN list_distinct(['a' || (hash(customer_id, t) % 8)::INT,
                'a' || (hash(customer_id, t, 9) % 8)::INT]) END AS list,
            make_timestamptz({int(AT.timestamp() * 1e6)}) AS as_of
            FROM {people}, range({tags}) b(t) WHERE hash(customer_id, t, 3) % 10 < 8 ORDER BY t""",
        f"""INSERT INTO segment_members BY NAME SELECT customer_id, 'fifth' AS segment,
            make_timestamptz({int(AT.timestamp() * 1e6)}) AS since FROM {people}
            WHERE hash(customer_id, 77) % 10 < 2""",
        f"""INSERT INTO events BY NAME SELECT n AS seq, 1 + (hash(n, 1) % {customers})::BIGINT AS identifier_id,
            'page_viewed' AS event, make_timestamptz({int(AT.timestamp() * 1e6)} - n) AS time, time AS received_at,
            ['web', 'wechat_mini', 'tmall', 'jd', 'douyin', 'store', 'wecom', 'wechat_oa'][1 + (hash(n, 2) % 8)::INT]
                AS channel FROM range(1, {events + 1}) e(n)""",
    ]


def tick(pool: DuckDBEngine, customers: int) -> None:
    """What a tick with a thousand touched customers leaves: changed values, people in and out, new events."""
    with pool.write() as session:
        touched = f"SELECT {customers // 1000} * n AS customer_id FROM range(1, 1001) t(n)"
        session.execute(
            f"""INSERT INTO tag_changes BY NAME SELECT 2 AS change_id, customer_id, 't1' AS tag, 'v1' AS value,
            NULL::DOUBLE AS number, NULL::VARCHAR[] AS list, now() AS as_of FROM ({touched})"""
        )
        session.execute(f"DELETE FROM tag_values WHERE tag = 't1' AND customer_id IN ({touched})")
        session.execute(
            f"""INSERT INTO tag_values BY NAME SELECT customer_id, 't1' AS tag, 'v1' AS value, now() AS as_of
            FROM ({touched})"""
        )
        session.execute(
            f"""INSERT INTO segment_changes BY NAME SELECT 2 AS change_id, customer_id, 'fifth' AS segment,
            'enter' AS change, now() AS "at" FROM ({touched}) t
            ANTI JOIN segment_members m ON m.segment = 'fifth' AND m.customer_id = t.customer_id"""
        )
        session.execute(
            'INSERT INTO segment_members BY NAME SELECT customer_id, segment, "at" AS since FROM segment_changes'
        )
        session.execute(
            f"""INSERT INTO events BY NAME SELECT (SELECT max(seq) FROM events) + customer_id AS seq,
            customer_id AS identifier_id, 'page_viewed' AS event, now() AS time, now() AS received_at,
            'web' AS channel FROM ({touched})"""
        )
        session.execute("UPDATE meta SET value = '2'")


def by_sql(pool: DuckDBEngine) -> dict[tuple[str, str], tuple[int, int]]:
    """(tag, value) -> customers in the segment, customers: one statement."""
    found = pool.query(
        """SELECT tag, value, count(*) FILTER (inside) AS s, count(*) AS b FROM (
            SELECT tag, inside, unnest(CASE WHEN list IS NULL THEN [value] ELSE list END) AS value FROM (
                SELECT t.tag, t.value, t.list, m.customer_id IS NOT NULL AS inside FROM tag_values t
                LEFT JOIN segment_members m ON m.segment = 'fifth' AND m.customer_id = t.customer_id))
        GROUP BY ALL"""
    )
    return {(row["tag"], row["value"]): (row["s"], row["b"]) for row in found.to_pylist()}


def measure(customers: int, tags: int, events: int) -> dict[str, Any]:
    """Seconds by the clock and by the processor of each way."""
    standard, names = load_standard([]), [f"t{number}" for number in range(tags)]
    sets, channels = Sets(), Channels()
    with TemporaryDirectory() as folder:
        pool = generate(Path(folder) / "pool.duckdb", customers, tags, events)

        def run() -> Portrait:
            with pool.read() as session:
                return portrait(session, sets, channels, standard, names, Asked("fifth"), AT, ZONE)

        result: dict[str, Any] = {"customers": customers, "tags": tags, "events": events, "threads": THREADS}
        result["cold"], _ = timed(run)
        tick(pool, customers)
        result["after a tick"], _ = timed(run)
        result["kept"], found = timed(run)
        result["one SQL statement (tags only)"], peer = timed(lambda: by_sql(pool))
        ours = {
            (one.name, cell.value): (cell.counts.x_segment, cell.counts.x_base)
            for one in found.dimensions
            if one.kind == "tag"
            for cell in one.cells
        }
        assert ours == peer, "the counts differ"
        result["dimensions"] = len(found.dimensions)
        result["values"] = sum(len(one.cells) for one in found.dimensions)
        result["bytes of kept sets"] = sets.size()
        result["peak resident MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        pool.close()
    return result


def timed(work: Any) -> tuple[dict[str, float], Any]:
    """{wall, cpu} of a call, and its answer."""
    wall, cpu = time.perf_counter(), time.process_time()
    answer = work()
    return {"wall": round(time.perf_counter() - wall, 3), "cpu": round(time.process_time() - cpu, 3)}, answer


def main() -> int:
    """Exit status 1 when a portrait after a tick takes a second of the processor or more per million customers."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--customers", type=int, default=1_000_000)
    options.add_argument("--tags", type=int, default=15)
    options.add_argument("--events", type=int, default=5_000_000)
    chosen = options.parse_args()
    pa.set_cpu_count(THREADS)
    result = measure(chosen.customers, chosen.tags, chosen.events)
    target = ROOT / "bench" / "results" / "portrait.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    for name, value in result.items():
        print(f"{name:32}{value}")
    return int(result["after a tick"]["cpu"] >= max(chosen.customers / 1_000_000, 1))


if __name__ == "__main__":
    sys.exit(main())
