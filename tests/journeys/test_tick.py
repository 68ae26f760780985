"""Journeys in the tick: events in the log become runs, messages in the outbox, ends."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from tests.tick.conftest import World

from onepool.clock import to_micros
from onepool.journeys import store
from onepool.journeys.states import RunState
from onepool.journeys.world.watch import conserved, watch
from onepool.rebuild import build, content_hashes
from onepool.state.journeys import journey_edges, journey_effects, journey_states, journey_ticks, runs
from onepool.state.outbox import sends
from onepool.verify import verify

MINUTE = timedelta(minutes=1)

MESSAGE = {
    "message": "hello",
    "title": "Hello",
    "category": "transactional",
    "contents": [{"channel": "sms", "kind": "notice", "content": {"text": "hello"}}],
}

RECALL: dict[str, Any] = {
    "journey": "recall",
    "entry": {
        "did": "cart_added",
        "hold": {
            "for": "30 minutes",
            "unless": {"did": "order_paid", "where": {"items.product_id": {"is": "$trigger.product_id"}}},
        },
        "key": "$trigger.product_id",
        "reentry": {"when": "always", "parallel": 5},
    },
    "goal": {"did": "order_paid", "within": "7 days", "then": "exit"},
    "policy": {"category": "transactional"},
    "max_life": "14 days",
    "start": "ask",
    "nodes": {
        "ask": {
            "do": "branch",
            "cases": [{"when": {"did": "cart_added", "times": {"at_least": 2}, "since": "entry"}, "next": "twice"}],
            "else": "write",
        },
        "write": {"do": "set_profile", "set": {"city": "上海"}, "next": "seen"},
        "seen": {
            "do": "branch",
            "cases": [{"when": {"attribute": "city", "is": "上海"}, "next": "later"}],
            "else": "lost",
        },
        "later": {"do": "wait", "for": "3 days", "next": "send"},
        "send": {
            "do": "send",
            "message": "hello",
            "chain": [{"channel": "wechat_oa", "next_on": ["not_follower"]}, {"channel": "sms"}],
            "next": "done",
            "else": "lost",
        },
        "twice": {"do": "end", "as": "twice"},
        "lost": {"do": "end", "as": "unreachable"},
        "done": {"do": "end", "as": "completed"},
    },
}


def publish(world: World, body: dict[str, Any]) -> None:
    ws = world.workspace
    if ws.definitions.get("message", "hello") is None:
        ws.definitions.save("message", "hello", MESSAGE, author="t")
    ws.definitions.save("journey", body["journey"], body, author="t")
    store.publish(ws, world.clock, body["journey"], author="boss", may_approve=True)


def rows(world: World, table: Any) -> list[dict[str, Any]]:
    with world.workspace.state.read() as connection:
        return [dict(row) for row in connection.execute(select(table)).mappings()]


def cart(product: str, who: str = "u1") -> dict[str, Any]:
    return {"event": "cart_added", "userId": who, "properties": {"product_id": product, "cart_id": f"C{product}"}}


def paid(product: str, who: str = "u1", order: str = "O1") -> dict[str, Any]:
    items = [{"product_id": product, "quantity": 1, "price": 10}]
    return {"event": "order_paid", "userId": who, "properties": {"order_id": order, "amount": 10, "items": items}}


def states(world: World) -> list[tuple[str, int, str | None]]:
    return sorted((row["key"], row["state"], row["reason"]) for row in rows(world, runs))


def test_a_run_from_the_event_to_its_goal(world: World) -> None:
    publish(world, {**RECALL, "goal": {"did": "app_opened"}})
    world.settle()
    world.send(cart("P1"), cart("P2"))
    world.settle()
    assert states(world) == [("P1", RunState.HELD, None), ("P2", RunState.HELD, None)]
    world.clock.advance(10 * MINUTE)
    world.send(paid("P1"))
    world.settle()
    assert states(world) == [("P2", RunState.HELD, None)]
    world.send({"event": "app_opened", "userId": "u1"})
    world.settle()
    assert states(world) == [("P2", RunState.ENDED, "goal")]
    edges = {row["edge"] for row in world.rows("SELECT edge FROM journey_steps")}
    assert edges == {"held", "not_qualified", "end:goal"}


def test_what_a_run_writes_is_seen_by_its_next_node(world: World) -> None:
    publish(world, RECALL)
    world.settle()
    world.send(cart("P1"))
    world.settle()
    world.clock.advance(31 * MINUTE)
    world.settle()
    effects = rows(world, journey_effects)
    assert [(one["kind"], one["status"]) for one in effects] == [("set_profile", "logged")]
    world.settle()
    [run] = rows(world, runs)
    held = to_micros(world.clock.now())
    assert run["state"] == RunState.WAIT_TIME and run["due"] - held > 2 * 86_400_000_000
    assert world.rows("SELECT city FROM profiles") == [{"city": "上海"}]
    # Time goes with the run: three days from when the write was taken in.
    assert run["due"] == run["arrived"] + 3 * 86_400_000_000


def test_a_chain_without_an_address_ends_with_its_reasons(world: World) -> None:
    publish(world, RECALL)
    world.settle()
    world.send(cart("P1"))
    world.settle()
    world.clock.advance(31 * MINUTE)
    world.settle()
    world.settle()
    world.clock.advance(timedelta(days=3, minutes=5))
    world.settle()
    assert sorted((one["hop"], one["channel"], one["reason"]) for one in rows(world, sends)) == [
        (0, "wechat_oa", "not_follower"),
        (1, "sms", "bad_address"),
    ]
    assert states(world) == [("P1", RunState.ENDED, "unreachable")]
    found = world.rows("SELECT journey, node, state, reason FROM analyst.runs")
    assert found == [{"journey": "recall", "node": "lost", "state": "ended", "reason": "unreachable"}]
    sent = world.rows("SELECT state, reason FROM analyst.sends ORDER BY hop")
    assert [(one["state"], one["reason"]) for one in sent] == [
        ("suppressed", "not_follower"),
        ("suppressed", "bad_address"),
    ]


def test_nothing_is_asked_of_a_workspace_without_journeys(world: World) -> None:
    world.send(cart("P1"))
    world.settle()
    assert rows(world, journey_ticks) == []


def test_a_rebuilt_pool_and_a_check_of_everything_agree(world: World, tmp_path: Path) -> None:
    publish(world, RECALL)
    world.settle()
    for product in ("P1", "P2", "P3"):
        world.send(cart(product), cart(product, "u2"))
        world.settle()
    world.clock.advance(31 * MINUTE)
    world.send(paid("P3"))
    world.settle()
    world.settle()
    world.clock.advance(timedelta(days=4))
    world.settle()
    build(world.workspace, tmp_path / "again.duckdb")
    fresh = world.workspace.open_pool(tmp_path / "again.duckdb")
    try:
        wanted = content_hashes(fresh)
    finally:
        fresh.close()
    found = content_hashes(world.workspace.pool)
    assert {name: found[name] for name in wanted} == wanted
    assert found["journey_steps"][0] > 0 and found["sends"][0] > 0
    world.worker.close()
    world._worker = None
    findings = verify(world.workspace)
    assert [one for one in findings if one.difference is not None] == []
    assert [one.compared for one in findings if one.check == "journey recall@1"] == ["6 entered"]
    with world.workspace.state.read() as connection:
        seen = watch(connection, to_micros(world.clock.now()))
    assert (seen.overdue, seen.never_woken, seen.live, seen.aside) == (0, 0, 1, {})


def test_the_watchdog_sees_who_is_late_and_who_is_lost(world: World) -> None:
    publish(world, RECALL)
    world.settle()
    world.send(cart("P1"), cart("P2"))
    world.settle()
    with world.workspace.state.write() as connection:
        connection.execute(update(runs).where(runs.c.key == "P1").values(due=None))
        late = watch(connection, to_micros(world.clock.now() + 40 * MINUTE))
    assert (late.overdue, late.never_woken) == (1, 1) and late.oldest > 500
    with world.workspace.state.write() as connection:
        connection.execute(update(journey_edges).where(journey_edges.c.edge == "held").values(edge="enter"))
        [(name, entered, wrong)] = conserved(connection)
    assert (name, entered) == ("recall@1", 2) and wrong is not None and "node ask" in wrong


def test_a_journey_that_cannot_be_evaluated_rests_and_the_others_go_on(world: World) -> None:
    publish(world, RECALL)
    broken = {
        **RECALL,
        "journey": "broken",
        "entry": {"did": "cart_added", "where": {"no_such": {"region": "上海"}}},
    }
    publish(world, broken)
    world.settle()
    world.send(cart("P1"))
    world.settle()
    assert states(world) == [("P1", RunState.HELD, None)]
    said = {row["journey"]: row["problem"] for row in rows(world, journey_states)}
    assert said["recall"] == "" and isinstance(said["broken"], str)


def test_paused_journeys_keep_everybody_where_they_are(world: World) -> None:
    publish(world, RECALL)
    world.settle()
    world.send(cart("P1"))
    world.settle()
    store.pause(world.workspace, world.clock, "recall", author="boss")
    world.clock.advance(45 * MINUTE)
    world.settle()
    assert states(world) == [("P1", RunState.PAUSED, None)]
    store.resume(world.workspace, world.clock, "recall", author="boss")
    world.settle()
    [run] = rows(world, runs)
    assert run["state"] == RunState.WAIT_TIME
    # The hold ended at its own time, not when the journey went on.
    [begun] = world.rows("""SELECT "at" FROM journey_steps WHERE edge = 'enter'""")
    assert begun["at"] == run["entered"] + 30 * 60_000_000


def test_a_tag_that_a_run_wrote_is_seen_by_its_next_node(world: World) -> None:
    grade = {"tag": "grade", "title": "grade", "kind": "import", "says": "attribute", "values": ["A", "B"]}
    world.workspace.save("tag", "grade", grade, author="t")
    nodes = {
        "mark": {"do": "tag", "set": {"grade": "A"}, "next": "seen"},
        "seen": {"do": "branch", "cases": [{"when": {"tag": "grade", "is": "A"}, "next": "yes"}], "else": "no"},
        "yes": {"do": "end", "as": "yes"},
        "no": {"do": "end", "as": "no"},
    }
    publish(
        world, {"journey": "mark", "entry": {"did": "cart_added"}, "max_life": "1 day", "start": "mark", "nodes": nodes}
    )
    world.settle()
    world.send(cart("P1"))
    for _ in range(3):
        world.settle()
    assert states(world) == [("", RunState.ENDED, "yes")]


def test_who_is_erased_leaves_nothing_that_runs_carried(world: World) -> None:
    publish(world, RECALL)
    world.settle()
    world.send(cart("P1"), cart("P2", "u2"))
    world.settle()
    world.send({"event": "customer_erased", "userId": "u1", "properties": {}})
    world.settle()
    found = {row["key"]: (row["state"], row["reason"], row["trigger"]) for row in rows(world, runs)}
    assert found["P1"] == (RunState.ENDED, "erased", None)
    assert found["P2"][0] == RunState.HELD and found["P2"][2] is not None


def test_stopping_ends_all_runs(world: World) -> None:
    publish(world, RECALL)
    world.settle()
    world.send(cart("P1"), cart("P2"))
    world.settle()
    store.stop(world.workspace, world.clock, "recall", author="boss")
    world.settle()
    assert states(world) == [("P1", RunState.ENDED, "stopped"), ("P2", RunState.ENDED, "stopped")]
    assert [row["status"] for row in rows(world, journey_states)] == ["stopped"]


def test_a_tick_that_fails_half_way_is_done_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(world, RECALL)
    world.settle()
    world.send(cart("P1"))
    from onepool.tick import journeying

    real, failed = journeying.tell, []

    def fail(*given: Any) -> None:
        real(*given)
        if not failed:
            failed.append(True)
            raise OSError("the disk is full")

    monkeypatch.setattr(journeying, "tell", fail)
    world.clock.advance(timedelta(seconds=1))
    with pytest.raises(OSError):
        world.drain()
    assert states(world) == []
    world.drain()
    assert states(world) == [("P1", RunState.HELD, None)]
    assert failed
