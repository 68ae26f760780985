"""The size of a condition while somebody types it, as the console asks: an estimate first, then all customers.

    script/bench size_typing [--events 25000000] [--customers 1000000] [--rate 2000] [--runs 3] [--keep DIR]

Ten conditions, ordinary and hard, each over HTTP to the real application (POST /conditions/preview, with sizes of
parts, a sample, warnings and the sentence): the first time asked, again, and while events come in four times a second.
Beside each the plain count of the same customers by DuckDB's own SQL, without parts, sample or warnings. Seconds of the
process's time, all threads counted; by the clock too, which says little on a machine that does other work.
Exit status 1 where an exact size differs from SQL's, or an answer takes more than 2 s of processor time; which they
are is said. While events come in, the clock is compared with the aim only where nothing else uses the machine (said
by `--quiet`).
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bench._behaviour import AT, generate, options  # noqa: E402
from bench.behaviour_index import NOBODY, events  # noqa: E402
from starlette.testclient import TestClient  # noqa: E402

from onepool.api.app import create_app  # noqa: E402
from onepool.api.live import LiveFeed  # noqa: E402
from onepool.clock import FakeClock, SystemClock  # noqa: E402
from onepool.pool import DuckDBEngine  # noqa: E402
from onepool.pool.behaviour import BehaviourIndex  # noqa: E402
from onepool.privacy import api_keys  # noqa: E402
from onepool.privacy.roles import Role  # noqa: E402
from onepool.workspace import Workspace, init_workspace, open_workspace  # noqa: E402

AIM = 2.0
BESIDE = ("estimate_beside_writing_clock", "exact_beside_writing_clock")
WIDTHS = (10, 8, 8, 8, 8, 14, 15)
EVERY = 0.25
COLUMNS = ("amount", "currency", "product_id", "category")


def days(number: int) -> dict[str, Any]:
    """Within so many days."""
    return {"within": {"last": f"{number} days"}}


def did(event: str, number: int | None = None, **more: Any) -> dict[str, Any]:
    """Somebody did it."""
    return {"did": event, **more, **(days(number) if number else {})}


PAID_NOT = {"did_not": "order_paid", **days(30)}
CITY = {"attribute": "city", "in": ["上海", "杭州"]}
OWNED = "(SELECT customer_id, e.* FROM events e JOIN customer_of USING (identifier_id))"
FACTS = "(SELECT customer_id, attribute, value, time, seq FROM attribute_facts JOIN customer_of USING (identifier_id))"


def ago(number: int) -> str:
    """An instant so many days before."""
    return f"TIMESTAMPTZ '{AT.isoformat()}' - INTERVAL {number} DAY"


def who(where: str, having: str = "true") -> str:
    """Customers with such events."""
    return f"SELECT customer_id FROM {OWNED} WHERE {where} GROUP BY customer_id HAVING {having}"


IN_CITY = f"""SELECT customer_id FROM (SELECT customer_id, arg_max(value, (time, seq)) AS v FROM {FACTS}
    WHERE attribute = 'city' GROUP BY customer_id) WHERE v IN ('上海', '杭州')"""
EVERYBODY = "SELECT DISTINCT customer_id FROM customer_of"
GOLD = "SELECT customer_id FROM tag_values WHERE tag = 'level' AND value = 'gold'"
PAID_30 = who(f"event = 'order_paid' AND time >= {ago(30)}")

QUESTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "bought in 30 days": (did("order_paid", 30), PAID_30),
    "spent 1,000 in a year": (
        did("order_paid", 365, sum={"of": "amount", "at_least": 1000}),
        who(f"event = 'order_paid' AND time >= {ago(365)}", "sum(amount) >= 1000"),
    ),
    "of two cities": (CITY, IN_CITY),
    "category, never seen too": (
        did("order_paid", 90, where={"category": {"in": ["C1", "C2", "C99"]}}),
        who(f"event = 'order_paid' AND time >= {ago(90)} AND category IN ('C1', 'C2', 'C99')"),
    ),
    "a tag and no order": (
        {"all": [{"tag": "level", "is": "gold"}, PAID_NOT]},
        f"{GOLD} EXCEPT {PAID_30}",
    ),
    "on a list": (
        {"all": [{"list": "vips"}, did("app_opened", 90)]},
        f"""SELECT customer_id FROM list_entries JOIN customer_of USING (identifier_id) WHERE list = 'vips'
        INTERSECT {who(f"event = 'app_opened' AND time >= {ago(90)}")}""",
    ),
    "first order ever in 60 days": (
        did("order_paid", 60, first=True),
        who("event = 'order_paid'", f"min(time) >= {ago(60)}"),
    ),
    "twelve parts, nested": (
        {
            "any": [
                {"all": [CITY, did("order_paid", 90, times={"at_least": 2}), {"not": did("order_refunded", 90)}]},
                {"all": [did("cart_added", 14), {"did_not": "order_paid", **days(14)}]},
                {"all": [{"any": [did("searched", 7), did("live_watched", 7)]}, {"not": CITY}]},
            ]
        },
        f"""(({IN_CITY}) INTERSECT {who(f"event = 'order_paid' AND time >= {ago(90)}", "count(*) >= 2")}
            EXCEPT {who(f"event = 'order_refunded' AND time >= {ago(90)}")})
        UNION ({who(f"event = 'cart_added' AND time >= {ago(14)}")}
            EXCEPT {who(f"event = 'order_paid' AND time >= {ago(14)}")})
        UNION ({who(f"event IN ('searched', 'live_watched') AND time >= {ago(7)}")} EXCEPT ({IN_CITY}))""",
    ),
    "cart, not paid for 3 days, all history": (
        {"sequence": [{"did": "cart_added"}, {"did_not": "order_paid", "for": "3 days"}]},
        "",
    ),
    "distinct products, on several days": (
        {
            "all": [
                did("product_viewed", 180, distinct={"of": "product_id", "at_least": 3}),
                did("app_opened", 180, days={"at_least": 2}),
            ]
        },
        f"""{who(f"event = 'product_viewed' AND time >= {ago(180)}", "count(DISTINCT product_id) >= 3")}
        INTERSECT {who(f"event = 'app_opened' AND time >= {ago(180)}", "count(DISTINCT time::DATE) >= 2")}""",
    ),
}


def main() -> int:
    """Run, print, write bench/results/size_typing.json."""
    asked = options(__doc__, 25_000_000, 1_000_000)
    asked.add_argument("--rate", type=int, default=2_000, help="events a second")
    asked.add_argument("--quiet", action="store_true", help="nothing else uses the machine: the clock counts too")
    chosen = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        world = generate(chosen.keep or Path(folder), chosen.events, chosen.customers)
        with workspace(Path(folder), world.folder / "pool.duckdb") as (ws, client):
            rows, missed = measure(ws, client, chosen)
    size = {name: getattr(chosen, name) for name in ("events", "customers", "rate")}
    result = {**size, "conditions": rows, "missed": missed}
    (ROOT / "bench" / "results" / "size_typing.json").write_text(
        json.dumps(result, indent=2, ensure_ascii=False) + "\n"
    )
    columns = ("estimate_first", "estimate_again", "exact_first", "exact_again", "sql", *BESIDE)
    titles = ("estimate", "again", "exact", "again", "SQL", "est. writing", "exact writing")
    print(
        f"{'seconds':42}" + "".join(f"{title:>{n}}" for title, n in zip(titles, WIDTHS, strict=True)) + f"{'size':>11}"
    )
    for name, row in rows.items():
        print(
            f"{name:42}" + "".join(f"{row.get(one, '-'):>{n}}" for one, n in zip(columns, WIDTHS, strict=True)), end=""
        )
        print(f"{row['size']:>11,}")
    print("\n".join(missed) or "all within the aim")
    return int(bool(missed))


@contextmanager
def workspace(folder: Path, pool: Path) -> Iterator[tuple[Workspace, TestClient]]:
    """A workspace over a copy of the generated pool, with a tag, a list, the index, and a client who may ask."""
    root = folder / "ws"
    ws = init_workspace(root, clock=FakeClock(AT))
    ws.save("tag", "level", {"tag": "level", "title": "Level", "says": "value", "kind": "import"}, author="bench")
    ws.save("list", "vips", {"list": "vips", "title": "VIPs"}, author="bench")
    assert isinstance(ws.pool, DuckDBEngine)
    ws.close()
    shutil.copyfile(pool, root / "data" / "pool.duckdb")
    ws = open_workspace(root, clock=FakeClock(AT))
    engine = ws.pool
    assert isinstance(engine, DuckDBEngine)
    with engine.write() as session:
        session.execute("DELETE FROM tag_values")
        session.execute(
            """INSERT INTO tag_values BY NAME SELECT customer_id, 'level' AS tag, 'gold' AS value, $at AS as_of
            FROM profiles WHERE customer_id % 3 = 0""",
            {"at": AT},
        )
        session.execute(
            """INSERT INTO list_entries BY NAME SELECT 'vips' AS list, identifier_id::UBIGINT AS key, type, scope,
            value, $at AS time, identifier_id FROM identifiers WHERE identifier_id % 10 = 0""",
            {"at": AT},
        )
    index = BehaviourIndex(folder / "index", engine, SystemClock())
    index.want(COLUMNS)
    with engine.write() as session:
        index.attach(session)
    assert index.build(threading.Event())
    ws.behaviour = index
    _, token = api_keys.create_key(ws.state, ws.clock, name="bench", role=Role.ANALYST)
    app = create_app(ws, LiveFeed(), ws.clock)
    try:
        with TestClient(app, headers={"Authorization": f"Bearer {token}"}) as client:
            yield ws, client
    finally:
        ws.close()


def measure(ws: Workspace, client: TestClient, chosen: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    """A row for each condition, and what was wrong or slow."""
    rows: dict[str, dict[str, Any]] = {}
    missed: list[str] = []
    for name, (condition, sql) in QUESTIONS.items():
        body = {"condition": condition, "parts": True}
        row: dict[str, Any] = {}
        for what, approximate in (("estimate", True), ("exact", False)):
            found, first = asked_once(client, {**body, "approximate": approximate})
            again = [asked_once(client, {**body, "approximate": approximate})[1] for _ in range(chosen.runs)]
            row |= {f"{what}_first": first, f"{what}_again": round(statistics.median(again), 3)}
            if what == "exact":
                row["size"] = found["size"]
                row["warnings"] = len(found["warnings"])
            else:
                row["estimate"], row["between"] = found["size"], found["between"]
            if max(first, *again) > AIM:
                missed.append(f"{name}: {what} took {max(first, *again)} s of the processor, aim {AIM:g} s")
        if sql:
            started = time.process_time()
            with ws.pool.read() as session:
                size = session.query(f"SELECT count(*) AS n FROM (SELECT DISTINCT * FROM ({sql}))")["n"][0].as_py()
            row |= {"sql": round(time.process_time() - started, 3), "sql_size": size}
            if size != row["size"]:
                missed.append(f"{name}: {row['size']} customers, by SQL {size}")
        rows[name] = row
        print(name, row, flush=True)
    beside(ws, client, chosen.rate, rows)
    if chosen.quiet:
        for name, row in rows.items():
            missed += [f"{name}: {one} {row[one]} s, aim {AIM:g} s" for one in BESIDE if row[one] > AIM]
    return rows, missed


def asked_once(client: TestClient, body: dict[str, Any]) -> tuple[dict[str, Any], float]:
    """The answer, and seconds of the process."""
    started = time.process_time()
    answer = client.post("/api/v1/conditions/preview", json=body)
    spent = round(time.process_time() - started, 3)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert found["problems"] == [], found["problems"]
    return found, spent


def beside(ws: Workspace, client: TestClient, rate: int, rows: dict[str, dict[str, Any]]) -> None:
    """The same by the clock while events come in."""
    index, engine = ws.behaviour, ws.pool
    assert index is not None
    random = np.random.default_rng(11)
    with engine.read() as session:
        span = session.query(
            "SELECT min(epoch_us(time)) AS low, max(epoch_us(time)) AS high, max(seq) AS seq FROM events"
        ).to_pylist()[0]
        identifiers = session.query("SELECT identifier_id FROM customer_of").column("identifier_id").to_numpy()
    done = threading.Event()

    def come() -> None:
        seq, due, each = int(span["seq"]), time.monotonic(), round(rate * EVERY)
        while not done.wait(max(0.0, due - time.monotonic())):
            due += EVERY
            some = events(random, identifiers, span, seq).slice(0, each)
            seq += each
            with engine.write() as session:
                session.append("events", some)
                index.note(session, some.column("seq").to_numpy(), NOBODY, np.empty(0, np.int64))

    writer = threading.Thread(target=come)
    writer.start()
    try:
        for name, (condition, _) in QUESTIONS.items():
            for what, approximate in (("estimate", True), ("exact", False)):
                started = time.perf_counter()
                asked_once(client, {"condition": condition, "parts": True, "approximate": approximate})
                rows[name][f"{what}_beside_writing_clock"] = round(time.perf_counter() - started, 3)
    finally:
        done.set()
        writer.join()


if __name__ == "__main__":
    sys.exit(main())
