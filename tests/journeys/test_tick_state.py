"""The same steps on SQLite and on PostgreSQL give the same runs, messages and steps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.journeys.test_tick import MINUTE, RECALL, cart, paid, publish, rows
from tests.postgres import postgres_server  # noqa: F401
from tests.tick.conftest import START, World

from onepool.clock import FakeClock
from onepool.journeys import store
from onepool.journeys.world.watch import conserved
from onepool.state.journeys import journey_edges, journey_effects, journey_states, runs
from onepool.state.outbox import sends
from onepool.workspace import init_workspace


def lived(root: Path, url: str) -> dict[str, Any]:
    """What a small life of a journey leaves: entries, writes, chains, a merge, a pause, a stop."""
    clock = FakeClock(START)
    workspace = init_workspace(root, f"state: {url}\n", clock=clock)
    world = World(root, clock, workspace)
    try:
        world.define("touchpoint", "shop", channel="web", title="shop", write_key="wk")
        world.define("touchpoint", "sms", channel="sms", title="sms")
        publish(world, {**RECALL, "goal": {"did": "app_opened"}})
        world.settle()
        world.send({"type": "identify", "userId": "u1", "traits": {"phone": "13800000001"}, "event": None})
        world.send(cart("P1"), cart("P2", "u4"), cart("P1", "u2"), {**cart("P3"), "userId": None, "anonymousId": "a1"})
        world.settle()
        world.send(paid("P2", "u4"))
        world.clock.advance(31 * MINUTE)
        for _ in range(3):
            world.settle()
        world.send({"type": "identify", "userId": "u2", "anonymousId": "a1", "traits": {}, "event": None})
        world.settle()
        world.clock.advance(timedelta(days=3))
        world.settle()
        store.pause(workspace, clock, "recall", author="boss")
        world.send(cart("P8", "u2"), {"event": "app_opened", "userId": "u1"})
        world.clock.advance(timedelta(hours=1))
        world.settle()
        store.resume(workspace, clock, "recall", author="boss")
        world.send(cart("P9", "u2"))
        world.settle()
        store.stop(workspace, clock, "recall", author="boss")
        world.settle()
        with workspace.state.read() as connection:
            assert [wrong for _, _, wrong in conserved(connection) if wrong] == []
        found: dict[str, Any] = {}
        for table, left_out in (
            (runs, ()), (sends, ("changed",)), (journey_edges, ()), (journey_effects, ()), (journey_states, ()),
        ):  # fmt: skip
            told = [{name: one for name, one in row.items() if name not in left_out} for row in rows(world, table)]
            found[table.name] = sorted(told, key=lambda row: tuple(str(one) for one in row.values()))
        steps = world.rows("SELECT * EXCLUDE (tick) FROM journey_steps ORDER BY ALL")
        return {**found, "steps": steps}
    finally:
        world.close()


def test_both_databases_hold_the_same(tmp_path: Path, postgres_server: Callable[[], str]) -> None:  # noqa: F811
    ours = lived(tmp_path / "sqlite", f"sqlite:///{tmp_path}/state.sqlite")
    theirs = lived(tmp_path / "postgres", postgres_server())
    for name, wanted in ours.items():
        assert theirs[name] == wanted, name
    ends = {row["reason"] for row in ours["runs"]}
    assert {"goal", "stopped", "unreachable"} <= ends, ends
    assert "goal_reached" in {row["reason"] for row in ours["sends"]}
