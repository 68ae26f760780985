"""Invariants of journeys that need the tick: the same for any batches (P8), replay (P15). See test_properties.py."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.journeys.test_tick import RECALL, cart, paid, publish
from tests.postgres import postgres_server as postgres_server
from tests.tick.conftest import START, World

from onepool.clock import FakeClock
from onepool.state.journeys import journey_edges, runs
from onepool.state.outbox import sends
from onepool.workspace import init_workspace, open_workspace


def make(root: Path, requests: int, state: str | None = None) -> World:
    """A workspace whose tick takes so many log records at once."""
    clock = FakeClock(START)
    place = f"state: file:{root}.address\n" if state else ""
    if state:
        Path(f"{root}.address").write_text(state)
    workspace = init_workspace(root, f"{place}tick: {{max_requests: {requests}}}\n", clock)
    world = World(root, clock, workspace)
    world.define("touchpoint", "shop", channel="web", title="shop", write_key="wk")
    publish(world, RECALL)
    world.settle()
    return world


def story(world: World, *, together: bool) -> None:
    """Carts and purchases of a few people. `together`: the tick is down and finds all of it at once."""
    for minute in range(12):
        for who in range(4):
            if (minute + who) % 3 == 0:
                world.send(cart(f"P{minute % 4}", f"u{who}"))
            if (minute * 7 + who) % 11 == 0:
                world.send(paid(f"P{minute % 4}", f"u{who}", f"O{minute}{who}"))
        world.clock.advance(timedelta(minutes=7))
        if not together:
            world.drain()
    world.clock.advance(timedelta(minutes=40))
    world.settle()
    world.settle()


def digest(world: World) -> str:
    """Of runs, messages and edges: all that was decided, without when it was written down."""
    said: list[Any] = []
    with world.workspace.state.read() as connection:
        for table, left_out in ((runs, ()), (sends, ("changed",)), (journey_edges, ())):
            names = [column.name for column in table.columns if column.name not in left_out]
            rows = connection.execute(select(*[table.c[name] for name in names])).all()
            said.append(sorted([str(value) for value in row] for row in rows))
    assert said[0], "nobody entered"
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def test_p8_the_same_for_any_batches(tmp_path: Path, postgres_server: Callable[[], str]) -> None:
    """The log in batches of 1, 7 and 10,000 records, and with PostgreSQL for the state: one and the same outcome."""
    found = set()
    for number, (requests, state) in enumerate([(1, None), (7, None), (10_000, None), (7, postgres_server())]):
        world = make(tmp_path / f"ws{number}", requests, state)
        story(world, together=False)
        found.add(digest(world))
        world.close()
    assert len(found) == 1


@pytest.mark.parametrize("after", [3, 8])
def test_p8_a_new_worker_goes_on_where_the_old_one_was(tmp_path: Path, after: int) -> None:
    world = make(tmp_path / "ws", 7)
    story(world, together=False)
    wanted = digest(world)
    world.close()
    other = make(tmp_path / "other", 7)
    advance = other.clock.advance
    count = 0

    def restarting(by: timedelta) -> None:
        nonlocal count
        advance(by)
        count += 1
        if count % after == 0:
            other.close()
            other.workspace = open_workspace(other.root, other.clock)

    other.clock.advance = restarting  # type: ignore[method-assign]
    story(other, together=False)
    assert count >= 12
    assert digest(other) == wanted
    other.close()


def test_p15_the_same_records_again_change_nothing(tmp_path: Path) -> None:
    world = make(tmp_path / "ws", 50)
    story(world, together=False)
    before = digest(world)
    records = world.workspace.log.read(0, 10_000, 1 << 24)
    again = [record for record in records if record.protocol == "segment"]
    assert len(again) > 10
    for record in again:
        world.workspace.log.append([_new(record, world)])
    world.settle()
    world.settle()
    assert digest(world) == before
    world.close()


def _new(record: Any, world: World) -> Any:
    from onepool.collect.log import NewRecord

    return NewRecord(world.clock.now(), record.touchpoint, record.protocol, record.headers, record.body)
