"""Messages written and coupons given out, many at a time, beside a plain loop over the rows in the same run.

    script/bench messages [--rows 100000] [--codes 1000000]

Messages: one with five fields (a name from few, a product from some hundred, a code of each customer's own, an amount,
a local date) for every row; the loop renders every field of every row with the same library. Coupons: codes made ahead
and given out by key on SQLite with synchronous=FULL; the loop asks, takes and notes one code at a time by sqlite3, all
in one transaction, and makes codes by one insert each. Both have to say the same. Seconds of the processor; others may
use the machine.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sqlite3
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from onepool.clock import FakeClock, from_micros, to_micros
from onepool.definitions import Definitions
from onepool.reach import coupons
from onepool.reach.messages import Wording, parse_message, render
from onepool.reach.messages.language import language_of
from onepool.reach.messages.typed import Moment, Money
from onepool.state import State

ROOT = Path(__file__).parent.parent
NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
AT = to_micros(NOW)
DATA = {
    "thing1": "{{ product | truncate: 20 }}",
    "amount2": "{{ amount }}",
    "character_string3": "{{ code }}",
    "time4": "{{ until }}",
    "thing5": "{{ name | truncate: 6 }}{% if amount > 50 %}，大额券{% else %}，券{% endif %}已到账",
}
BODY = {
    "message": "m",
    "variables": {
        "name": {"from": "attribute.nickname", "default": "亲"},
        "product": {"from": "trigger.product_name"},
        "amount": {"type": "money", "from": "vars.amount"},
        "code": {"type": "coupon", "from": "vars.code"},
        "until": {"type": "date", "from": "vars.until"},
    },
    "contents": [
        {"template": "T", "channel": "wechat_oa", "kind": "template", "content": {"template_id": "T", "data": DATA}}
    ],
}
WORDING = Wording("zh-CN", "Asia/Shanghai", "CNY")


def timed(work: Callable[[], Any]) -> tuple[dict[str, float], Any]:
    """{wall, cpu} in seconds, and the answer."""
    wall, cpu = time.perf_counter(), time.process_time()
    answer = work()
    return {"wall": round(time.perf_counter() - wall, 2), "cpu": round(time.process_time() - cpu, 2)}, answer


def made_up(rows: int) -> pa.Table:
    """Values of so many customers."""
    chance = np.random.default_rng(1)
    names = np.array([f"客{number}" for number in range(5000)])
    products = np.array([f"云柔纸尿裤 NB {number} 片装超值组合家庭量贩" for number in range(300)])
    return pa.table(
        {
            "attribute.nickname": names[chance.integers(0, len(names), rows)],
            "trigger.product_name": products[chance.integers(0, len(products), rows)],
            "vars.amount": chance.choice(["20", "50", "99.5"], rows),
            "vars.code": [f"CT{number:010d}" for number in range(rows)],
            "vars.until": pa.array(AT + chance.integers(0, 30, rows) * 86_400_000_000),
        }
    )


def by_row(table: pa.Table) -> list[dict[str, Any]]:
    """Every field of every row by itself, the values made by hand."""
    language, zone = language_of("zh"), ZoneInfo("Asia/Shanghai")
    templates = {name: language.from_string(source) for name, source in DATA.items()}
    found = []
    for row in table.to_pylist():
        amount = Money(row["vars.amount"])
        until = Moment(*from_micros(row["vars.until"]).astimezone(zone).timetuple()[:6])
        context = {
            "name": row["attribute.nickname"] or "亲", "product": row["trigger.product_name"], "amount": amount,
            "code": row["vars.code"], "until": until,
        }  # fmt: skip
        data = {name: template.render(context) for name, template in templates.items()}
        found.append({"template_id": "T", "data": data})
    return found


def rendering(rows: int) -> dict[str, Any]:
    message, table = parse_message(BODY), made_up(rows)
    render(message, message.contents[0], table.slice(0, 100), WORDING).contents()
    fast, contents = timed(lambda: render(message, message.contents[0], table, WORDING).contents())
    slow, plain = timed(lambda: by_row(table))
    assert contents == plain
    return {"at once": fast, "row by row": slow, "times": round(slow["cpu"] / fast["cpu"], 1)}


def issuing(rows: int, codes: int, folder: Path) -> dict[str, Any]:
    state = State.at(folder / "state.sqlite")
    body = {"coupon": "B", "face": {"amount": 20}, "codes": {"generated": {"prefix": "CT"}}, "stock": codes}
    Definitions(state, FakeClock(NOW)).save("coupon", "B", body, author="bench")
    keys = np.random.default_rng(2).permutation(rows * 10)[:rows].astype(np.int64)
    customers = np.arange(rows, dtype=np.int64)

    def make() -> int:
        with state.write() as connection:
            return coupons.generate(connection, coupons.load_batch(connection, "B"), codes, AT)

    def give() -> pa.StringArray:
        with state.write() as connection:
            return coupons.issue(connection, "B", keys, customers, customers, AT)

    generated, count = timed(make)
    first, given = timed(give)
    second, again = timed(give)
    assert count == codes and given.null_count == 0 and again.equals(given) and len(set(given.to_pylist())) == rows
    state.close()
    plain = loop(keys.tolist(), codes, folder / "plain.sqlite")
    return {
        "codes made": generated, "codes made one by one": plain["make"],
        "given out": first, "the same keys again": second, "given out one by one": plain["give"],
        "times": round(plain["give"]["cpu"] / first["cpu"], 1),
    }  # fmt: skip


def loop(keys: list[int], codes: int, file: Path) -> dict[str, Any]:
    """The same tables and indexes in sqlite3, one row after another in one transaction."""
    State.at(file).close()
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA synchronous = FULL")

    def make() -> None:
        connection.execute("BEGIN IMMEDIATE")
        for _ in range(codes):
            code = "CT" + "".join(secrets.choice(coupons.ALPHABET) for _ in range(10))
            connection.execute(
                "INSERT INTO coupon_codes (batch, code, status, loaded) VALUES ('B', ?, 'free', ?)", (code, AT)
            )
        connection.execute("COMMIT")

    def give() -> int:
        count = 0
        connection.execute("BEGIN IMMEDIATE")
        for customer, key in enumerate(keys):
            had = connection.execute("SELECT code FROM coupon_codes WHERE batch = 'B' AND key = ?", (key,)).fetchone()
            mine = connection.execute(
                "SELECT count(*) FROM coupon_codes WHERE batch = 'B' AND customer_id = ?", (customer,)
            ).fetchone()[0]
            if had is None and mine < 1:
                free = connection.execute(
                    "SELECT id FROM coupon_codes WHERE batch = 'B' AND status = 'free' ORDER BY id LIMIT 1"
                ).fetchone()
                connection.execute(
                    "UPDATE coupon_codes SET status = 'issued', key = ?, customer_id = ?, run_id = ?, issued = ?, "
                    "valid_from = ? WHERE id = ?", (key, customer, customer, AT, AT, free[0]),
                )  # fmt: skip
                count += 1
        connection.execute("COMMIT")
        return count

    made, _ = timed(make)
    given, count = timed(give)
    assert count == len(keys)
    connection.close()
    return {"make": made, "give": given}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--codes", type=int, default=1_000_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = {
            "rows": asked.rows, "codes": asked.codes, "rendering": rendering(asked.rows),
            "coupons": issuing(asked.rows, asked.codes, Path(folder)),
        }  # fmt: skip
    (ROOT / "bench" / "results" / "messages.json").write_text(json.dumps(found, indent=1) + "\n")
    print(f"{'step':40} {'wall':>8} {'cpu':>8}")
    for part in ("rendering", "coupons"):
        for name, cost in found[part].items():
            if isinstance(cost, dict):
                print(f"{name:40} {cost['wall']:8.2f} {cost['cpu']:8.2f}")
        print(f"{part}: the loop takes {found[part]['times']} times the processor's time")


if __name__ == "__main__":
    main()
