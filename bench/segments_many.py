"""A hundred segments and fifteen tags at once, one by one, and in chDB one by one; and one question of a segment.

    script/bench segments_many [--events 10000000] [--customers 500000] [--runs 3] [--keep DIR] [--without-chdb]
        [--once]

OnePool evaluates all segments in one plan and all tags in another, as a tick does with definitions that changed; then
each of them alone. chDB, which shares nothing between queries, answers one after the other. The single question (three
paid orders over 100 in 30 days, no visit in 7) is asked of plain DuckDB over the pool's tables as well. Two threads
each; every segment's size and every tag's number of customers must agree. Exit status 1 when an aim is missed: all at
once costs an eighth of the sum and a quarter of chDB, the single question half of chDB.
"""

from __future__ import annotations

import json
import resource
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.compute as pc

from _behaviour import AT, THREADS, ZONE, World, generate, options
from _segments import Question, segments, single, tags
from _timing import Cost, timed
from onepool.audience.conditions import Context, Scope, check, compile_conditions, names_of, parse_condition
from onepool.audience.tags import check_definition, compile_tags, parse_tag
from onepool.loading import leave, ours
from onepool.pool import Session
from onepool.pool.behaviour.view import View
from onepool.standards import load_standard

ROOT = Path(__file__).parent.parent
AIMS = {"of_the_sum": 8.0, "of_chdb": 4.0, "single_of_chdb": 2.0}
COLUMNS = ("event", "time", "channel", "amount", "currency", "product_id", "category", "duration")
CTX = Context(names_of(load_standard([])), ZONE, "CNY")
SILENT_SQL = """SELECT customer_id FROM events JOIN customer_of USING (identifier_id) WHERE
    (event = 'order_paid' AND time >= $at - INTERVAL 30 DAY AND amount > 100)
    OR (event = 'app_opened' AND time >= $at - INTERVAL 7 DAY)
    GROUP BY customer_id HAVING count(*) FILTER (event = 'order_paid') >= 3
    AND count(*) FILTER (event = 'app_opened') = 0"""


def sizes(session: Session, view: View, asked: list[Question]) -> dict[str, int]:
    """How many customers each segment has."""
    conditions = {one.name: parse_condition(one.asked) for one in asked}
    plan = compile_conditions(conditions, AT, Scope.all(), CTX, sparse=True)
    found = plan.run(session, lambda session, columns: view)
    return {name: int(pc.sum(found.column(name)).as_py() or 0) for name in conditions}


def covered(session: Session, view: View, asked: list[Question]) -> dict[str, int]:
    """How many customers have a value of each tag."""
    plan = compile_tags({one.name: parse_tag(one.asked) for one in asked}, AT, Scope.all(), CTX)
    found = plan.run(session, lambda session, columns: view)
    # A row for each customer and tag; rows without a tag say when something may change.
    counts = pc.value_counts(found.column("tag")).to_pylist()
    return {row["values"]: row["counts"] for row in counts if row["values"] is not None}


def in_chdb(session: Any, question: Question) -> int:
    query = f"SELECT count() FROM ({question.clickhouse}) SETTINGS max_threads = {THREADS}"
    return int(str(session.query(query, "CSV")).strip())


def measure(world: World, runs: int, *, chdb: bool, once: bool) -> dict[str, Any]:
    """Everything in every way, the answers compared. `once`: each alone without a call before that is not counted."""
    some, values, alone = segments(), tags(), single()
    for one in (*some, alone):
        assert not check(parse_condition(one.asked), CTX.names), one.name
    for one in values:
        assert not check_definition(parse_tag(one.asked), CTX.names), one.name
    costs: dict[str, Cost] = {}
    together: dict[str, int] = {}
    apart: dict[str, int] = {}
    with world.pool() as engine, world.view(engine, COLUMNS) as view, engine.read() as session:
        costs["segments at once"], found = timed(runs, lambda: sizes(session, view, some))
        together |= found
        costs["tags at once"], found = timed(runs, lambda: covered(session, view, values))
        together |= found
        for kind, asked in (("segments", some), ("tags", values)):
            sum_of = Cost()
            for one in asked:
                work = (lambda one=one: sizes(session, view, [one])) if kind == "segments" else None
                cost, found = timed(1, work or (lambda one=one: covered(session, view, [one])), first=once)
                sum_of += cost
                apart |= found
            costs[f"{kind} one by one"] = sum_of
        costs["single question"], found = timed(max(runs, 5), lambda: sizes(session, view, [alone]))
        together |= found
    peer = world.peer() if chdb else None
    in_peer: dict[str, int] = {}
    for kind, asked in (("segments", some), ("tags", values), ("single question", [alone])) if chdb else ():
        sum_of = Cost()
        for one in asked:
            again = max(runs, 5) if len(asked) == 1 else 1
            cost, in_peer[one.name] = timed(again, lambda one=one: in_chdb(peer, one), first=once and len(asked) > 1)
            sum_of += cost
        costs[f"{kind} in chDB"] = sum_of
    if peer is not None:
        peer.close()
    with world.plain() as connection:
        count = f"SELECT count(*) FROM ({SILENT_SQL})"
        costs["single question in DuckDB"], row = timed(
            max(runs, 5), lambda: connection.execute(count, {"at": AT}).fetchone()
        )
    in_duckdb = {alone.name: row[0]}
    for name, size in together.items():
        others = [way[name] for way in (apart, in_peer, in_duckdb) if name in way]
        assert others and all(size == other for other in others), (name, size, others)
    at_once = costs["segments at once"] + costs["tags at once"]
    ratios = {
        "of_the_sum": at_once.times(costs["segments one by one"] + costs["tags one by one"]),
        "single_of_duckdb": costs["single question"].times(costs["single question in DuckDB"]),
    }
    if chdb:
        ratios["of_chdb"] = at_once.times(costs["segments in chDB"] + costs["tags in chDB"])
        ratios["single_of_chdb"] = costs["single question"].times(costs["single question in chDB"])
    return {
        "events": world.events,
        "customers": world.customers,
        "threads": THREADS,
        "runs": runs,
        "most_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000,
        "seconds": {name: cost.rounded() for name, cost in costs.items()},
        "times_as_fast": ratios,
        "sizes": together,
    }


def show(result: dict[str, Any]) -> None:
    print(f"most memory: {result['most_megabytes']:,} MB")
    for what in ("seconds", "times_as_fast"):
        print(f"{what:28}{'wall':>10}{'cpu':>10}")
        for name, cost in result[what].items():
            print(f"  {name:26}{cost['wall']:>10}{cost['cpu']:>10}")


def main() -> int:
    parser = options(__doc__, 10_000_000, 500_000)
    parser.add_argument("--without-chdb", action="store_true", help="Loading chDB takes longer than all else.")
    parser.add_argument("--once", action="store_true", help="Ask each alone once, though pages may not be in memory.")
    chosen = parser.parse_args()
    # As a worker, which never looks for garbage among what it loaded.
    ours()
    with TemporaryDirectory() as scratch:
        world = generate(chosen.keep or Path(scratch), chosen.events, chosen.customers)
        result = measure(world, chosen.runs, chdb=not chosen.without_chdb, once=chosen.once)
    target = ROOT / "bench" / "results" / "segments_many.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    show(result)
    ratios = result["times_as_fast"]
    return int(any(name in ratios and ratios[name]["wall"] < aim for name, aim in AIMS.items()))


if __name__ == "__main__":
    leave(main())
