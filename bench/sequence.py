"""Put into the cart and not paid within three days: the sequence leaf beside chDB and DuckDB.

    script/bench sequence [--events 50000000] [--customers 2000000] [--runs 3] [--keep DIR] [--without-chdb]

Asked of all history and of the last 30 days. OnePool evaluates the condition as a segment's: for every customer of whom
it holds or may come to hold the answer and the instant when it may change; sequences over much of history read the
behaviour index, over recent time the table. The peers count customers, each in two or three ways of writing it, of
which the fastest counts. All have two threads, all must give the same number. Exit status 1 when OnePool is slower than
the best of them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from _behaviour import AT, DAY, THREADS, ZONE, World, generate, options
from _timing import Cost, timed
from onepool.audience.conditions import Context, Scope, compile_conditions, names_of, parse_condition
from onepool.clock import to_micros
from onepool.standards import load_standard

ROOT = Path(__file__).parent.parent
STEPS = [{"did": "cart_added"}, {"did_not": "order_paid", "for": "3 days"}]
CASES: dict[str, tuple[dict[str, Any], int | None]] = {
    "all history": ({"sequence": STEPS}, None),
    "last 30 days": ({"sequence": STEPS, "within": {"last": "30 days"}}, 30),
}
A, B = "cart_added", "order_paid"
SPAN = 3 * DAY


def in_chdb(days: int | None) -> dict[str, str]:
    """The question in ClickHouse's words."""
    at = to_micros(AT)
    since = at - days * DAY if days else 0
    rows = f"""SELECT customer_id, event, toUnixTimestamp64Micro(time) AS t FROM events
        WHERE event IN ('{A}', '{B}') AND time < fromUnixTimestamp64Micro({at})
        {f"AND time >= fromUnixTimestamp64Micro({since})" if days else ""}"""
    arrays = f"""SELECT customer_id, groupArrayIf(t, event = '{A}') AS a, groupArrayIf(t, event = '{B}') AS b
        FROM ({rows}) GROUP BY customer_id
        HAVING arrayExists(x -> x <= {at - SPAN} AND NOT arrayExists(y -> y > x AND y < x + {SPAN}, b), a)"""
    windows = f"""SELECT customer_id FROM (SELECT customer_id, event, t, minIf(t, event = '{B}') OVER (
            PARTITION BY customer_id ORDER BY t ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS coming
            FROM ({rows})) WHERE event = '{A}' AND t <= {at - SPAN} AND (coming = 0 OR coming >= t + {SPAN})
        GROUP BY customer_id"""
    return {
        name: f"SELECT count() FROM ({query}) SETTINGS max_threads = {THREADS}"
        for name, query in (("arrays", arrays), ("windows", windows))
    }


def in_duckdb(days: int | None) -> dict[str, str]:
    """The same over the pool's tables."""
    at = f"make_timestamptz({to_micros(AT)})"
    since = f"AND time >= {at} - INTERVAL {days} DAY" if days else ""

    def of(event: str) -> str:
        return f"""SELECT customer_id, time, seq FROM events JOIN customer_of USING (identifier_id)
            WHERE event = '{event}' AND time < {at} {since}"""

    ripe = f"a.time <= {at} - INTERVAL 3 DAY"
    antijoin = f"""SELECT DISTINCT customer_id FROM ({of(A)}) a WHERE {ripe} AND NOT EXISTS (SELECT 1 FROM ({of(B)}) b
        WHERE b.customer_id = a.customer_id AND b.time > a.time AND b.time < a.time + INTERVAL 3 DAY)"""
    asof = f"""SELECT DISTINCT a.customer_id FROM ({of(A)}) a ASOF LEFT JOIN ({of(B)}) b
        ON b.customer_id = a.customer_id AND b.time > a.time
        WHERE {ripe} AND (b.time IS NULL OR b.time >= a.time + INTERVAL 3 DAY)"""
    windows = f"""SELECT DISTINCT customer_id FROM (SELECT *, min(time) FILTER (event = '{B}') OVER (
            PARTITION BY customer_id ORDER BY time, seq ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS coming
        FROM (SELECT customer_id, event, time, seq FROM events JOIN customer_of USING (identifier_id)
            WHERE event IN ('{A}', '{B}') AND time < {at} {since})) a
        WHERE event = '{A}' AND {ripe} AND (coming IS NULL OR coming >= time + INTERVAL 3 DAY)"""
    return {
        name: f"SELECT count(*) FROM ({query})"
        for name, query in (("anti join", antijoin), ("ASOF join", asof), ("windows", windows))
    }


def measure(world: World, runs: int, *, chdb: bool) -> dict[str, Any]:
    """Every case in every way, the answers compared."""
    ctx = Context(names_of(load_standard([])), ZONE, "CNY")
    costs: dict[str, dict[str, Cost]] = {case: {} for case in CASES}
    counts: dict[str, dict[str, int]] = {case: {} for case in CASES}
    with world.pool() as engine, world.view(engine, ["event", "time"]) as view:
        for case, (data, _) in CASES.items():
            condition = {"c": parse_condition(data)}

            def ours(condition: Any = condition) -> int:
                with engine.read() as session:
                    plan = compile_conditions(condition, AT, Scope.all(), ctx, sparse=True)
                    found = plan.run(session, lambda session, columns: view)
                return int(found.column("c").to_numpy(zero_copy_only=False).sum())

            costs[case]["OnePool"], counts[case]["OnePool"] = timed(runs, ours)
    session = world.peer() if chdb else None
    for case, (_, days) in CASES.items() if session is not None else ():
        for name, text in in_chdb(days).items():
            key = f"chDB, {name}"
            costs[case][key], answer = timed(runs, lambda text=text: session.query(text, "CSV"))
            counts[case][key] = int(str(answer).strip())
    if session is not None:
        session.close()
    with world.plain() as connection:
        for case, (_, days) in CASES.items():
            for name, text in in_duckdb(days).items():
                key = f"DuckDB, {name}"
                costs[case][key], answer = timed(runs, lambda text=text: connection.execute(text).fetchone())
                counts[case][key] = answer[0]
    for case, found in counts.items():
        assert len(set(found.values())) == 1, f"{case}: {found}"
    return {
        "events": world.events,
        "customers": world.customers,
        "threads": THREADS,
        "runs": runs,
        "cases": {
            case: {
                "customers": counts[case]["OnePool"],
                "seconds": {name: cost.rounded() for name, cost in found.items()},
                "best_peer": {
                    which: round(
                        min(getattr(cost, which) for name, cost in found.items() if name != "OnePool")
                        / getattr(found["OnePool"], which),
                        2,
                    )
                    for which in ("wall", "cpu")
                },
            }
            for case, found in costs.items()
        },
    }


def show(result: dict[str, Any]) -> None:
    for case, row in result["cases"].items():
        print(f"{case}: {row['customers']:,} customers; best peer / OnePool: {row['best_peer']}")
        for name, cost in row["seconds"].items():
            print(f"    {name:20}{cost['wall']:>10}{cost['cpu']:>10}")


def main() -> int:
    parser = options(__doc__, 50_000_000, 2_000_000)
    parser.add_argument("--without-chdb", action="store_true", help="Loading chDB takes longer than all else.")
    chosen = parser.parse_args()
    with TemporaryDirectory() as scratch:
        world = generate(chosen.keep or Path(scratch), chosen.events, chosen.customers)
        result = measure(world, chosen.runs, chdb=not chosen.without_chdb)
    target = ROOT / "bench" / "results" / "sequence.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    show(result)
    return int(any(row["best_peer"]["wall"] < 1 for row in result["cases"].values()))


if __name__ == "__main__":
    sys.exit(main())
