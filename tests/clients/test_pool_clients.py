"""The real clients, unmodified, from their call to the pool: every event, its person, its types and its time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from tests.clients.drive import DRIVERS, node_modules
from tests.clients.server import TOUCHPOINT, WRITE_KEY, running_collector
from tests.clients.story import PAST

from onepool.tick import Worker
from onepool.workspace import init_workspace, open_workspace

EVENTS = {
    "profile_updated": 1,
    "order_paid": 1,
    "product_viewed": 1,
    "page_viewed": 1,
    "screen_viewed": 1,
    "group_joined": 1,
    "identity_aliased": 1,
    "Small Event": 25,
}


@pytest.mark.parametrize("name", DRIVERS)
def test_every_event_of_a_real_client_is_in_the_pool(name: str, tmp_path: Path) -> None:
    if "node" in name and not node_modules():
        pytest.skip("the Node clients are not installed: run script/test")
    root = tmp_path / "ws"
    workspace = init_workspace(root)
    workspace.save(
        "touchpoint",
        TOUCHPOINT.name,
        {"touchpoint": TOUCHPOINT.name, "channel": "web", "title": "Web shop", "write_key": WRITE_KEY},
        author="test",
    )
    workspace.close()
    with running_collector(root / "data") as server:
        DRIVERS[name](server.url, WRITE_KEY, "t")
    workspace = open_workspace(root)
    worker = Worker(workspace)
    worker.drain()
    query = workspace.pool.query
    assert query("SELECT rule, field, sample FROM quarantine").to_pylist() == []
    counted = query("SELECT event, count(*) AS n FROM events GROUP BY event").to_pylist()
    assert {row["event"]: row["n"] for row in counted} == EVENTS

    def person(kind: str, value: str) -> int:
        found = query(
            "SELECT c.customer_id FROM identifiers i JOIN customer_of c USING (identifier_id) "
            "WHERE i.type = $kind AND i.scope = $scope AND i.value = $value",
            {"kind": kind, "scope": TOUCHPOINT.name, "value": value},
        )
        (customer,) = found.column("customer_id").to_pylist()
        return int(customer)

    one = person("user_id", "t-u1")
    assert person("anonymous_id", "t-anon-1") == one, "the order carried both"
    assert person("anonymous_id", "t-anon-2") == one, "alias joined the visitor"
    assert len({person("user_id", f"t-u{n}") for n in range(25)}) == 25, "nobody else was joined"

    (order,) = query(
        """SELECT e.amount, e.currency, e.order_id, e.time, c.customer_id FROM events e
        JOIN customer_of c USING (identifier_id) WHERE event = 'order_paid'"""
    ).to_pylist()
    # The sender's clock is taken to be off by what lies between its sending and our receiving.
    assert PAST <= order.pop("time") < PAST + timedelta(seconds=30)
    assert order == {
        "amount": Decimal("99.5"),
        "currency": "CNY",
        "order_id": "t-o1",
        "customer_id": one,
    }
    (viewed,) = query("SELECT product_id, price FROM events WHERE event = 'product_viewed'").to_pylist()
    assert viewed == {"product_id": "p-1", "price": Decimal(12)}
    (profile,) = query("SELECT name, email FROM profiles WHERE customer_id = $id", {"id": one}).to_pylist()
    assert profile == {"name": "张三", "email": "t@example.com"}
    (span,) = query("SELECT min(time) AS first, max(time) AS last FROM events WHERE event = 'Small Event'").to_pylist()
    assert abs(datetime.now(UTC) - span["last"]) < timedelta(minutes=5)
    worker.close()
    workspace.close()
