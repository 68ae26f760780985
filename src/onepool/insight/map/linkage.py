"""What joins touchpoints: customers on both, what carries the join, and who came from where."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from onepool.identity.read import Sources
from onepool.insight.map.gather import Gathered
from onepool.insight.map.types import Carrier, Flow, Linkage


def linkage(sources: Sources, gathered: Gathered, customers: Mapping[str, int]) -> list[Linkage]:
    """Every pair of touchpoints with customers on both, a before b by name."""
    with gathered.read() as work:
        pairs = work.query(
            """WITH combos AS (
                SELECT tps, count(*) AS n FROM (
                    SELECT customer, list_sort(list(tp)) AS tps FROM presence GROUP BY 1 HAVING count(*) > 1
                ) GROUP BY 1
            ), one AS (SELECT tps, n, unnest(tps) AS a FROM combos), two AS (SELECT n, a, unnest(tps) AS b FROM one)
            SELECT a, b, sum(n)::BIGINT AS n FROM two WHERE a < b GROUP BY 1, 2"""
        ).to_pylist()
        # Of an identifier that both named, and all of its customer's such identifiers together (slot null).
        shared = work.query(
            """WITH several AS (
                SELECT id, customer, slot, list(tp) AS tps FROM seen GROUP BY 1, 2, 3 HAVING count(*) > 1
            ), one AS (SELECT customer, slot, tps, unnest(tps) AS a FROM several),
            two AS (SELECT DISTINCT customer, slot, a, b FROM (SELECT customer, slot, a, unnest(tps) AS b FROM one)
                WHERE a < b)
            SELECT a, b, slot, count(DISTINCT customer) AS n FROM two GROUP BY GROUPING SETS ((a, b, slot), (a, b))"""
        ).to_pylist()
    carried: dict[tuple[int, int], dict[str, int]] = {}
    straight: dict[tuple[int, int], int] = {}
    for row in shared:
        place = (row["a"], row["b"])
        if row["slot"] is None:
            straight[place] = row["n"]
        else:
            kinds = carried.setdefault(place, {})
            kind = gathered.slots[row["slot"]][0]
            kinds[kind] = kinds.get(kind, 0) + row["n"]
    found = []
    for row in pairs:
        place = (row["a"], row["b"])
        names = [gathered.touchpoints[number] for number in place]
        a, b = sorted(names)
        ways = sorted(carried.get(place, {}).items(), key=lambda one: (-one[1], one[0]))
        found.append(
            Linkage(
                a=a,
                b=b,
                customers=row["n"],
                share_a=row["n"] / customers[a],
                share_b=row["n"] / customers[b],
                carriers=[Carrier(kind, sources.registry.rule(kind).strength, count) for kind, count in ways],
                chained=row["n"] - straight.get(place, 0),
            )
        )
    return sorted(found, key=lambda one: (-one.customers, one.a, one.b))


def flows(gathered: Gathered, zone: ZoneInfo) -> list[Flow]:
    """From each touchpoint to the next one that was new to a customer, by calendar month of arrival in `zone`."""
    with gathered.read() as work:
        found = work.query(
            """WITH steps AS (
                SELECT customer, tp AS target, first_at, lag(tp) OVER turn AS source,
                    lag(first_at) OVER turn AS left_at, row_number() OVER turn AS place
                FROM presence WINDOW turn AS (PARTITION BY customer ORDER BY first_at, tp)
            )
            SELECT source, target, strftime(timezone($zone, make_timestamptz(first_at)), '%Y-%m') AS period,
                count(*) AS customers, count(*) FILTER (place = 2) AS first,
                median((first_at - left_at) / 86400e6) AS median_days
            FROM steps WHERE source IS NOT NULL GROUP BY ALL""",
            {"zone": zone.key},
        ).to_pylist()
    made = [
        Flow(
            source=gathered.touchpoints[row["source"]],
            target=gathered.touchpoints[row["target"]],
            period=row["period"],
            customers=row["customers"],
            first=row["first"],
            median_days=row["median_days"],
        )
        for row in found
    ]
    return sorted(made, key=lambda one: (one.period, -one.customers, one.source, one.target))
