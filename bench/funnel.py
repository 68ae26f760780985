"""An ordered four-step funnel within seven days, by channel: the kernel on the behaviour index, chDB, DuckDB.

    script/bench funnel [--events 50000000] [--customers 2000000] [--runs 3] [--keep DIR]

Viewed, added to the cart, began to check out, paid, all on one channel: how many customers made how many of the steps,
per channel. chDB answers with its `windowFunnel` over a MergeTree ordered by (customer, time), DuckDB with a window
function per step over the pool's table; the kernel reads the index's memory-mapped columns. All have two threads, all
must give the same numbers. Exit status 1 when the kernel is not at least eight times as fast as chDB.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from _behaviour import CHANNELS, DAY, THREADS, World, generate, options
from _timing import Cost, timed
from onepool.pool.behaviour.view import View
from onepool.pool.kernels import funnel

ROOT = Path(__file__).parent.parent
STEPS = ("product_viewed", "cart_added", "checkout_started", "order_paid")
WINDOW = 7 * DAY
AIM = 8

Answer = dict[str, list[int]]
"""Channel -> customers who made at least one, two … steps."""


def kernel(view: View) -> Answer:
    """On the index: what changed since its build is read from the overlay."""
    events = view.words["event"].to_pylist()
    channels = view.words["channel"].to_pylist()
    marks = np.array([1 << STEPS.index(one) if one in STEPS else 0 for one in events], np.uint64)
    nobody = np.zeros(0, np.bool_)
    reached = np.zeros((len(channels), len(STEPS)), np.int64)
    for part, skip in ((view.base, view.skip), (view.overlay, nobody)):
        found = funnel(
            part.offsets,
            part.columns["time"],
            len(STEPS),
            WINDOW,
            codes=part.columns["event"],
            marks=marks,
            groups=part.columns["channel"],
            groups_count=len(channels),
            by="every step",
            skip=skip,
            threads=THREADS,
        )
        reached += found.reached
    return {channel: row for channel, row in zip(channels, reached.tolist(), strict=True) if channel in CHANNELS}


def in_chdb(session: Any) -> Answer:
    names = ", ".join(f"event = '{name}'" for name in STEPS)
    query = f"""SELECT channel, level, count() FROM (
            SELECT customer_id, channel,
                windowFunnel({WINDOW})(toUInt64(toUnixTimestamp64Micro(time)), {names}) AS level
            FROM events WHERE event IN {STEPS} GROUP BY customer_id, channel)
        WHERE level > 0 GROUP BY channel, level SETTINGS max_threads = {THREADS}"""
    rows = [line.split(",") for line in str(session.query(query, "CSV")).split()]
    return _cumulated((channel.strip('"'), int(level), int(count)) for channel, level, count in rows)


def in_duckdb(connection: Any) -> Answer:
    """For each step the latest entry that came so far: a running maximum per step."""
    partition = "PARTITION BY customer_id, channel ORDER BY time, seq ROWS UNBOUNDED PRECEDING"
    layers = """WITH s1 AS (SELECT customer_id, channel, time, seq, event,
            CASE WHEN event = $s0 THEN time END AS e1
            FROM events JOIN customer_of USING (identifier_id) WHERE event IN ($s0, $s1, $s2, $s3))"""
    for step in range(2, len(STEPS) + 1):
        before = ", ".join(f"e{one}" for one in range(1, step))
        latest = f"max(e{step - 1}) OVER ({partition})"
        layers += f""", s{step} AS (SELECT customer_id, channel, time, seq, event, {before},
            CASE WHEN event = $s{step - 1} AND {latest} >= time - INTERVAL 7 DAY THEN {latest} END AS e{step}
            FROM s{step - 1})"""
    level = " ".join(f"WHEN count(e{step}) > 0 THEN {step}" for step in range(len(STEPS), 0, -1))
    query = f"""{layers}, made AS (SELECT customer_id, channel, CASE {level} ELSE 0 END AS level FROM s{len(STEPS)}
        GROUP BY customer_id, channel) SELECT channel, level, count(*) FROM made WHERE level > 0 GROUP BY 1, 2"""
    params = {f"s{place}": name for place, name in enumerate(STEPS)}
    return _cumulated(connection.execute(query, params).fetchall())


def _cumulated(rows: Any) -> Answer:
    found = {channel: [0] * len(STEPS) for channel in CHANNELS}
    for channel, level, count in rows:
        for step in range(level):
            found[channel][step] += count
    return found


def measure(world: World, runs: int) -> dict[str, Any]:
    """All three, their answers compared."""
    answers: dict[str, Answer] = {}
    costs: dict[str, Cost] = {}
    with world.pool() as engine, world.view(engine, ["event", "time", "channel"]) as view:
        costs["kernel"], answers["kernel"] = timed(runs, lambda: kernel(view))
    session = world.peer()
    costs["chdb"], answers["chdb"] = timed(runs, lambda: in_chdb(session))
    session.close()
    with world.plain() as connection:
        costs["duckdb"], answers["duckdb"] = timed(min(runs, 2), lambda: in_duckdb(connection))
    assert answers["kernel"] == answers["chdb"] == answers["duckdb"], answers
    return {
        "events": world.events,
        "customers": world.customers,
        "threads": THREADS,
        "runs": runs,
        "seconds": {name: cost.rounded() for name, cost in costs.items()},
        "times_as_fast": {name: costs["kernel"].times(costs[name]) for name in ("chdb", "duckdb")},
        "reached": answers["kernel"],
    }


def show(result: dict[str, Any]) -> None:
    print(f"{'seconds (median)':20}{'wall':>10}{'cpu':>10}{'x':>8}")
    for name, cost in result["seconds"].items():
        ratio = result["times_as_fast"].get(name, {"wall": 1.0})["wall"]
        print(f"{name:20}{cost['wall']:>10}{cost['cpu']:>10}{ratio:>8.1f}")


def main() -> int:
    chosen = options(__doc__, 50_000_000, 2_000_000).parse_args()
    with TemporaryDirectory() as scratch:
        result = measure(generate(chosen.keep or Path(scratch), chosen.events, chosen.customers), chosen.runs)
    target = ROOT / "bench" / "results" / "funnel.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    show(result)
    return int(result["times_as_fast"]["chdb"]["wall"] < AIM)


if __name__ == "__main__":
    sys.exit(main())
