"""Fifteen tags of every kind that is no model, for all customers: in shared passes, and one by one.

    script/bench tags [--events 10000000] [--customers 500000] [--runs 3] [--keep DIR]

Fourteen kinds of work in one plan (attribute by a map, first and last, metrics cut by number, percent and rank,
preferences by lift, sum and count, a sequence, states, RFM, an expression, imported values) and one query of a person's
own, as a job runs it. Every customer's value must be the same both ways. Two threads. Exit status 1 when all together
take more than 30 s of processor time per thread for 500,000 customers and 10 million events (scaled by events).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from _behaviour import AT, THREADS, ZONE, World, generate, options
from _timing import Cost, timed
from onepool.audience.conditions import Context, Scope, names_of
from onepool.audience.conditions.names import TagNames
from onepool.audience.tags import TagDefinition, check_definition, compile_tags, parse_tag
from onepool.audience.tags.computed import compute
from onepool.audience.tags.model import SqlTag
from onepool.layout import install
from onepool.pool import Session
from onepool.standards import load_standard

ROOT = Path(__file__).parent.parent
AIM_SECONDS, AIM_EVENTS = 30.0, 10_000_000
YEAR, QUARTER, MONTH = ({"last": f"{days} days"} for days in (365, 90, 30))
LAYERS = ["low", "middle", "high"]

TAGS: dict[str, dict[str, Any]] = {
    "city_tier": {
        "kind": "attribute", "from": {"attribute": "city"},
        "map": {"上海": "一线", "北京": "一线", "杭州": "新一线", "成都": "新一线"}, "otherwise": "其他",
    },
    "vip_level": {"kind": "import"},
    "first_touch_channel": {
        "kind": "first_last", "take": "first",
        "from": {"did": ["page_viewed", "app_opened", "followed"], "field": "channel"},
    },
    "last_product": {
        "kind": "first_last", "take": "last", "from": {"did": "order_paid", "field": "product_id"}, "within": YEAR,
    },
    "purchasing_power": {
        "kind": "metric", "from": {"did": "order_paid", "sum": "amount"}, "within": YEAR,
        "cut": {"by": "percent", "at": [20, 80], "labels": LAYERS},
    },
    "purchase_frequency": {
        "kind": "metric", "from": {"did": "order_paid", "days": True}, "within": QUARTER,
        "cut": {"by": "number", "at": [2, 4], "labels": LAYERS},
    },
    "basket_size": {
        "kind": "metric", "from": {"did": "order_paid", "avg": "amount"}, "within": YEAR,
        "cut": {"by": "rank", "at": [1000, 10000], "labels": ["top", "good", "other"]},
    },
    "favourite_category": {
        "kind": "preference", "within": {"last": "180 days"}, "half_life": "60 days", "score": "lift", "top": 3,
        "from": {
            "did": ["product_viewed", "cart_added", "order_paid"], "field": "category",
            "weights": {"product_viewed": 1, "cart_added": 3, "order_paid": 5},
        },
        "min_events": 3,
    },
    "favourite_product": {
        "kind": "preference", "within": QUARTER, "score": "sum",
        "from": {"did": "order_paid", "field": "product_id", "of": "amount"},
    },
    "promo_preference": {
        "kind": "sql", "type": "number", "cut": {"by": "number", "at": [50, 150], "labels": LAYERS},
        "sql": """SELECT customer_id AS id, avg(amount) AS value FROM events
            WHERE event = 'order_paid' AND time >= :as_of - INTERVAL 365 DAY GROUP BY customer_id""",
    },
    "fan_activity": {
        "kind": "expression",
        "inputs": {
            "views": {"did": "product_viewed", "times": True, "within": MONTH},
            "opened": {"did": "app_opened", "days": True, "within": MONTH},
            "shares": {"did": "shared", "times": True, "within": MONTH},
        },
        "expression": "0.5 * rank_share(log(views)) + 0.3 * coalesce(rank_share(opened), 0)"
        " + 0.2 * min_max(coalesce(shares, 0))",
        "cut": {"by": "percent", "at": [20, 80], "labels": LAYERS},
    },
    "cart_abandoner": {
        "kind": "sequence", "value": "yes", "valid_for": "7 days",
        "sequence": [{"did": "cart_added"}, {"did_not": "order_paid", "for": "24 hours"}],
    },
    "lifecycle_stage": {
        "kind": "state", "otherwise": "acquisition",
        "states": [
            {"value": "churned", "quiet": {"did": "order_paid", "percentile": 90}},
            {"value": "dormant", "quiet": {"did": "order_paid", "percentile": 75}},
            {"value": "revenue", "when": {"did": "order_paid", "times": {"at_least": 2}, "within": QUARTER}},
            {"value": "activation", "when": {"did": "order_paid"}},
        ],
    },
    "returns": {
        "kind": "state", "otherwise": "none",
        "states": [{"value": "often", "when": {"did": "order_refunded", "times": {"at_least": 2}, "within": YEAR}},
                   {"value": "once", "when": {"did": "order_refunded", "within": YEAR}}],
    },
    "rfm_segment": {"kind": "rfm", "from": {"did": "order_paid", "sum": "amount"}, "within": YEAR},
}  # fmt: skip


def parsed() -> tuple[dict[str, TagDefinition], Context]:
    """The tags, and what they may name."""
    tags = {name: parse_tag({"tag": name, "title": name, "says": "behaviour", **body}) for name, body in TAGS.items()}
    names = names_of(load_standard([]), tags={name: TagNames() for name in tags})
    for name, tag in tags.items():
        assert check_definition(tag, names) == [], (name, check_definition(tag, names))
    return tags, Context(names, ZONE, "CNY")


def import_levels(session: Session) -> None:
    """A level for every third identifier."""
    session.execute("DELETE FROM tag_inputs")
    session.execute(
        """INSERT INTO tag_inputs BY NAME SELECT identifier_id AS seq, 'vip_level' AS tag, identifier_id,
        'V' || (1 + identifier_id % 4) AS value, $at::TIMESTAMPTZ - INTERVAL 1 DAY AS time FROM customer_of
        WHERE identifier_id % 3 = 0""",
        {"at": AT},
    )


def values(session: Session, tags: dict[str, TagDefinition], ctx: Context) -> dict[str, pa.Table]:
    """The values of each tag: of those that compile in one plan, of the others as jobs compute them."""
    live = {name: tag for name, tag in tags.items() if not isinstance(tag, SqlTag)}
    found: dict[str, pa.Table] = {}
    if live:
        rows = compile_tags(live, AT, Scope.all(), ctx).run(session)
        for name in live:
            found[name] = rows.filter(pc.equal(rows.column("tag"), name))
    for name in tags.keys() - live.keys():
        found[name] = compute(session, tags[name], AT, ctx).values
    return found


def same(one: pa.Table, other: pa.Table) -> bool:
    """Whether they give every customer the same."""
    columns = ["customer_id", "value", "list"]
    return bool(one.select(columns).sort_by("customer_id").equals(other.select(columns).sort_by("customer_id")))


def measure(world: World, runs: int) -> dict[str, Any]:
    """Everything that is reported."""
    tags, ctx = parsed()
    with world.pool() as engine:
        with engine.write() as session:
            install(session, load_standard([]))
            import_levels(session)
        with engine.read() as session:
            shared, together = timed(runs, lambda: values(session, tags, ctx))
            apart = Cost()
            single: dict[str, dict[str, float]] = {}
            wrong = []
            for name, tag in tags.items():
                cost, found = timed(runs, lambda name=name, tag=tag: values(session, {name: tag}, ctx))
                apart += cost
                single[name] = cost.rounded()
                if not same(found[name], together[name]):
                    wrong.append(name)
    return {
        "events": world.events,
        "customers": world.customers,
        "threads": THREADS,
        "together_seconds": shared.rounded(),
        "sum_of_single_runs_seconds": apart.rounded(),
        "times": shared.times(apart),
        "single": single,
        "covered": {name: table.num_rows for name, table in together.items()},
        "different": wrong,
    }


def main() -> None:
    asked = options(__doc__, AIM_EVENTS, 500_000)
    given = asked.parse_args()
    with TemporaryDirectory() as scratch:
        world = generate(given.keep or Path(scratch), events=given.events, customers=given.customers)
        found = measure(world, given.runs)
    results = ROOT / "bench" / "results"
    results.mkdir(exist_ok=True)
    (results / "tags.json").write_text(json.dumps(found, ensure_ascii=False, indent=2) + "\n")
    print(f"{len(TAGS)} tags, {found['customers']:,} customers, {found['events']:,} events, {THREADS} threads")
    print(f"together: {found['together_seconds']}, sum of single runs: {found['sum_of_single_runs_seconds']}")
    for name, cost in found["single"].items():
        print(f"  {name:20} {cost['cpu']:8.3f} s cpu  {found['covered'][name]:>9,} customers")
    aim = AIM_SECONDS * max(1.0, given.events / AIM_EVENTS)
    late = found["together_seconds"]["cpu"] / THREADS > aim
    if found["different"] or late:
        print(f"NOT AS IT SHOULD BE: different {found['different']}, late {late}")
        sys.exit(1)


if __name__ == "__main__":
    main()
