"""What the claim asks once more: the guard, the goal and the exits, over events that no step has taken yet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import delete, insert
from tests.journeys.brand import cart
from tests.tick.conftest import START, World

from onepool.audience.catalog import load_catalog
from onepool.clock import FakeClock, to_micros
from onepool.journeys.guarding import JourneyGuard
from onepool.journeys.states import RunState
from onepool.journeys.store import Published, publish
from onepool.state.journeys import journey_states, runs
from onepool.workspace import init_workspace

CODE = "CT-1"
GONE = 99


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    clock = FakeClock(START)
    made = World(tmp_path / "brand", clock, init_workspace(tmp_path / "brand", clock=clock))
    made.define("touchpoint", "shop", channel="web", scopes={"user_id": "shop"})
    yield made
    made.close()


def paid(user: str, product: str) -> dict[str, Any]:
    properties = {"order_id": f"o-{user}-{product}", "items": [{"product_id": product, "quantity": 1, "price": 9}]}
    return {"event": "order_paid", "userId": user, "properties": properties}


def run(world: World, version: Published, run_id: int, customer: int, **changes: Any) -> None:
    values = {
        "run_id": run_id, "version_id": version.version_id, "customer_id": customer, "key": "",
        "node": version.nodes.index("send1"), "state": int(RunState.WAIT_OUTCOME), "entered": to_micros(START),
        "arrived": to_micros(START), "trigger": json.dumps({"product_id": "MY0001"}),
        "vars": json.dumps({"coupon_code": CODE}),
    }  # fmt: skip
    with world.workspace.state.write() as connection:
        connection.execute(insert(runs).values(**values | changes))


def asked(world: World, version: Published, *pairs: tuple[int, int], node: str = "send1") -> list[str | None]:
    """What is said of messages of these runs and customers."""
    table = pa.table(
        {
            "send_id": pa.array(range(len(pairs)), pa.int64()),
            "run_id": pa.array([run_id for run_id, _ in pairs], pa.int64()),
            "version_id": pa.array([version.version_id] * len(pairs), pa.int64()),
            "node": pa.array([version.nodes.index(node)] * len(pairs), pa.int64()),
            "customer_id": pa.array([customer for _, customer in pairs], pa.int64()),
        }
    )
    ws = world.workspace
    guard = JourneyGuard(ws.state, lambda: load_catalog(ws).context)
    with ws.pool.read() as session:
        return list(guard.refused(session, table, to_micros(world.clock.now())))


def customers(world: World, *users: str) -> list[int]:
    world.send(*({"event": "cart_added", "userId": user, "properties": {"product_id": "MY0001"}} for user in users))
    world.settle()
    rows = world.rows(
        """SELECT i.value, c.customer_id FROM identifiers i JOIN customer_of c USING (identifier_id)
        WHERE type = 'user_id'"""
    )
    known = {row["value"]: row["customer_id"] for row in rows}
    return [known[user] for user in users]


def published(world: World, **changes: Any) -> Published:
    body = cart(**changes)
    world.workspace.save("journey", "cart_recall", body, author="test")
    made = publish(world.workspace, world.clock, "cart_recall", author="test", may_approve=True)
    # Without a journey that is live the tick takes no steps: it is behind, as it can be between a plan and its claim.
    with world.workspace.state.write() as connection:
        connection.execute(delete(journey_states))
    return made


def test_what_came_in_since_the_plan(world: World) -> None:
    version = published(world)
    quiet, redeemed, other, bought = customers(world, "quiet", "redeemed", "other", "bought")
    for run_id, customer in enumerate((quiet, redeemed, other, bought)):
        run(world, version, run_id, customer)
    world.clock.advance(timedelta(minutes=5))
    world.send(
        {"event": "coupon_redeemed", "userId": "redeemed", "properties": {"coupon_code": CODE}},
        {"event": "coupon_redeemed", "userId": "other", "properties": {"coupon_code": "CT-2"}},
        # This exit holds before the coupon was given out only.
        paid("bought", "MY0001"),
    )
    world.settle()
    pairs = list(enumerate((quiet, redeemed, other, bought)))
    assert asked(world, version, *pairs) == [None, "goal_reached", None, None]
    # A run that is asked about twice gets the same answer twice.
    assert asked(world, version, pairs[1], pairs[0], pairs[1]) == ["goal_reached", None, "goal_reached"]


def test_a_guard_is_asked_again(world: World) -> None:
    guard = {"did_not": "order_paid", "where": {"items.product_id": {"is": "$trigger.product_id"}}, "since": "entry"}
    version = published(world, nodes__send1__guard=guard)
    same, another = customers(world, "same", "another")
    run(world, version, 1, same)
    run(world, version, 2, another)
    world.clock.advance(timedelta(minutes=5))
    world.send(paid("same", "MY0001"), paid("another", "MY0002"))
    world.settle()
    assert asked(world, version, (1, same), (2, another)) == ["guard_false", None]
    # Of a node without a guard nothing is asked.
    assert asked(world, version, (1, same), node="remind") == [None]
    # A run that was moved since is asked about the node of that name, whatever its number is there.
    first = {"do": "wait", "for": "1 minute", "next": "give"}
    newer = published(world, nodes__send1__guard=guard, nodes__a_first=first, start="a_first")
    assert newer.nodes.index("send1") != version.nodes.index("send1")
    run(world, newer, 3, same)
    run(world, newer, 4, another)
    assert asked(world, version, (3, same), (4, another)) == ["guard_false", None]
    assert asked(world, version, (3, same), node="remind") == [None]


def test_exits_and_ends(world: World) -> None:
    version = published(world)
    left, here, over = customers(world, "left", "here", "over")
    run(world, version, 1, left)
    run(world, version, 2, here)
    run(world, version, 3, over, state=int(RunState.ENDED))
    world.clock.advance(timedelta(minutes=1))
    world.send({"event": "consent_withdrawn", "userId": "left", "properties": {"purpose": "marketing"}})
    world.settle()
    assert asked(world, version, (1, left), (2, here), (3, over), (GONE, here)) == ["ended", None, "ended", "ended"]


def test_a_goal_after_its_time_is_none(world: World) -> None:
    version = published(world)
    (late,) = customers(world, "late")
    run(world, version, 1, late, entered=to_micros(START - timedelta(days=8)))
    world.send({"event": "coupon_redeemed", "userId": "late", "properties": {"coupon_code": CODE}})
    world.settle()
    # The guard's own question has no such bound.
    assert asked(world, version, (1, late)) == ["guard_false"]
