"""A large generated workspace for benchmarks: events written straight into the pool, as the tick would have."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import insert

from onepool.clock import to_micros
from onepool.identity.keys import key_of
from onepool.pool import DuckDBEngine
from onepool.state.bulk import insert_many
from onepool.state.schema import identifiers
from onepool.tick import Worker
from onepool.workspace import Workspace, init_workspace, open_workspace

WRITE_KEY = "wk_bench"
DAY = 86_400_000_000

SEGMENTS: dict[str, dict[str, object]] = {
    "in_cart": {"did": "cart_added", "within": {"last": "10 minutes"}},
    "recent_buyers": {"did": "order_paid", "within": {"last": "7 days"}},
    "regulars": {"did": "order_paid", "times": {"at_least": 3}, "within": {"last": "30 days"}},
    "big_spenders": {"did": "order_paid", "sum": {"of": "amount", "at_least": 1000}, "within": {"last": "90 days"}},
    "lapsed": {"all": [{"did": "order_paid"}, {"did_not": "order_paid", "within": {"last": "60 days"}}]},
    "viewers": {"did": "product_viewed", "times": {"at_least": 5}, "within": {"last": "7 days"}},
    "premium": {"did": "order_paid", "where": {"amount": {"at_least": 100}}, "within": {"last": "30 days"}},
    "silent": {"did_not": "product_viewed", "within": {"last": "14 days"}},
    "cart_no_order": {
        "all": [
            {"did": "cart_added", "within": {"last": "3 days"}},
            {"did_not": "order_paid", "within": {"last": "3 days"}},
        ]
    },
    "days_active": {"did": "product_viewed", "days": {"at_least": 2}, "within": {"last": "7 days"}},
}


def segments(count: int) -> dict[str, dict[str, object]]:
    """So many different conditions: the ten above first, then others over windows, counts, sums, days and orders."""
    found = dict(SEGMENTS)
    names = ["order_paid", "product_viewed", "cart_added", "page_viewed", "app_opened"]
    number = 0
    while len(found) < count:
        event, other = names[number % 5], names[(number + 1 + number // 5) % 5]
        span = {"last": f"{3 + number % 60} days"}
        brief = f"{number % 9 + 1} hours"
        kinds: list[dict[str, object]] = [
            {"did": event, "times": {"at_least": 2 + number % 6}, "within": span},
            {"all": [{"did": event, "within": span}, {"did_not": other, "within": {"last": brief}}]},
            {"did": "order_paid", "sum": {"of": "amount", "at_least": 100 * number}, "within": span},
            {"did": event, "days": {"at_least": 2 + number % 3}, "within": span},
            {"did": "order_paid", "first": True, "within": span},
            {"did": "product_viewed", "distinct": {"of": "product_id", "at_least": 3 + number % 5}, "within": span},
        ]
        found[f"further_{number}"] = kinds[number % len(kinds)]
        number += 1
    return dict(list(found.items())[:count])


def keeping(options: argparse.ArgumentParser) -> None:
    """--keep, as every benchmark over this world has it."""
    options.add_argument("--keep", type=Path, help="A folder to keep the workspace in, and to find it again.")


@contextmanager
def made(keep: Path | None, events: int, customers: int, count: int = len(SEGMENTS)) -> Iterator[Workspace]:
    """As `make`, in a folder that goes afterwards. `keep`: where the workspace lies that this is a copy of; it is made
    there at the first call, so its last event is as old as that."""
    kept = None if keep is None else keep / f"workspace-{events}-{customers}"
    if kept is not None and not (kept / "made").exists():
        shutil.rmtree(kept, ignore_errors=True)
        make(kept / "ws", events, customers, 0).close()
        (kept / "made").touch()
    with TemporaryDirectory(dir=keep) as folder:
        root = Path(folder) / "ws"
        if kept is None:
            workspace = make(root, events, customers, 0)
        else:
            shutil.copytree(kept / "ws", root)
            workspace = open_workspace(root)
        try:
            _define(workspace, count)
            yield workspace
        finally:
            workspace.close()


def make(root: Path, events: int, customers: int, count: int = len(SEGMENTS)) -> Workspace:
    """A workspace with live segments, `customers` people known by user_id and `events` past events of theirs."""
    workspace = init_workspace(root)
    touchpoint = {"touchpoint": "shop", "channel": "web", "title": "shop", "write_key": WRITE_KEY}
    workspace.save("touchpoint", "shop", touchpoint, author="bench")
    now = to_micros(datetime.now(UTC))
    with workspace.state.write() as connection:
        insert_many(
            connection,
            insert(identifiers),
            ("id", "key", "type", "scope", "value", "first_seen", "last_seen", "generation", "witness"),
            (
                (n, key_of("user_id", "shop", f"u{n}"), "user_id", "shop", f"u{n}", now - 365 * DAY, now, 0, 0)
                for n in range(customers)
            ),
        )
    worker = Worker(workspace, live=False)
    worker.drain()
    worker.close()
    pool = workspace.pool
    assert isinstance(pool, DuckDBEngine)
    params: dict[str, object] = {"events": events, "customers": customers, "now": now, "span": 365 * DAY}
    with pool.write() as session:
        session.execute(
            """INSERT INTO identifiers (identifier_id, type, scope, value, first_seen, last_seen, base, generation)
            SELECT n, 'user_id', 'shop', 'u' || n, make_timestamptz($now - $span),
            make_timestamptz($now), NULL, 0 FROM range($customers) r(n)""",
            {"customers": customers, "now": now, "span": 365 * DAY},
        )
        session.execute("INSERT INTO customer_of SELECT n, n FROM range($customers) r(n)", {"customers": customers})
        session.execute(
            """INSERT INTO profiles (customer_id, first_seen, last_seen) SELECT n, make_timestamptz($now - $span),
            make_timestamptz($now) FROM range($customers) r(n)""",
            {"customers": customers, "now": now, "span": 365 * DAY},
        )
    # In arrival order, skewed over customers and events, as history would lie there.
    for start in range(0, events, 1_000_000):
        with pool.write() as session:
            session.execute(
                """INSERT INTO events (seq, event_id, identifier_id, event, time, received_at, channel, touchpoint,
                    amount, currency, product_id)
                SELECT n, uuid(), (pow((hash(n) % 1000003) / 1000003.0, 2) * $customers)::BIGINT % $customers,
                    ['product_viewed', 'product_viewed', 'product_viewed', 'page_viewed', 'page_viewed', 'cart_added',
                     'app_opened', 'order_paid'][1 + (hash(n * 7) % 8)::INTEGER],
                    make_timestamptz($now - $span + (n * ($span::DOUBLE / $events))::BIGINT),
                    make_timestamptz($now - $span + (n * ($span::DOUBLE / $events))::BIGINT), 'web', 'shop',
                    ((hash(n * 11) % 30000) / 100)::DECIMAL(18,4), 'CNY', 'P' || (hash(n * 13) % 5000)
                FROM range($start, least($start + 1000000, $events)) r(n)""",
                {**params, "start": start},
            )
    pool.checkpoint()
    _define(workspace, count)
    return workspace


def _define(workspace: Workspace, count: int) -> None:
    for name, condition in segments(count).items():
        workspace.save("segment", name, {"segment": name, "title": name, "condition": condition}, author="bench")
