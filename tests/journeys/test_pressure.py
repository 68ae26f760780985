"""Nobody is let in while an account is full, and many runs are moved, stopped and resumed some at a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import insert, select, update
from tests.journeys.test_executor_entries import inside, people, waiting
from tests.journeys.test_tick import MESSAGE, publish, rows
from tests.postgres import postgres_server, state, state_url  # noqa: F401
from tests.tick.conftest import World, make_world

from onepool.clock import to_micros
from onepool.health import problems
from onepool.journeys import store
from onepool.journeys.executor.executor import Executor
from onepool.journeys.states import RunState
from onepool.journeys.world.records import Records
from onepool.journeys.world.watch import conserved, watch
from onepool.reach.states import SendState
from onepool.state import State
from onepool.state.journeys import journey_audiences, journey_versions, runs
from onepool.state.outbox import sends

TELL: dict[str, Any] = {
    "policy": {"category": "transactional"},
    "start": "tell",
    "nodes": {
        "tell": {
            "do": "send", "message": "hello", "chain": [{"channel": "sms", "kind": "notice"}], "next": "over",
            "else": "over",
        },
        "over": {"do": "end", "as": "completed"},
    },
}  # fmt: skip


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = make_world(tmp_path / "ws")
    try:
        yield made
    finally:
        made.close()


def crowd(world: World, count: int) -> None:
    """Messages of somebody else, of the same class, that wait at the account."""
    now = to_micros(world.clock.now())
    with world.workspace.state.write() as connection:
        values = {
            "customer_id": 1, "journey": "other", "node": 0, "visit": 0, "hop": 0, "channel": "sms",
            "touchpoint": "sms", "kind": "notice", "category": "transactional", "priority": 900,
            "state": int(SendState.QUEUED), "due": now, "planned": now, "changed": now, "message": "hello",
            "message_version": 1, "policy": 1,
        }  # fmt: skip
        connection.execute(insert(sends), [{**values, "send_id": number} for number in range(count)])


def test_while_an_account_is_full_entries_wait_and_nobody_is_lost(world: World) -> None:
    world.define("touchpoint", "sms", channel="sms", title="sms")
    world.define("policy", "default", pace={"sms": [{"count": 6, "per": "minute"}]})
    world.define("message", "hello", **MESSAGE)
    people(world, 4)
    crowd(world, 61)
    publish(world, {**waiting("once", {"one_off": {"who": {"attribute": "city", "is": "上海"}}}), **TELL})
    publish(world, {**waiting("added", {"did": "cart_added"}), **TELL})
    world.settle()
    world.send({"event": "cart_added", "userId": "u0", "properties": {"product_id": "P"}})
    world.settle()
    [audience] = rows(world, journey_audiences)
    assert (audience["taken"], audience["done"]) == (0, False)
    assert [(row["state"], row["seq"]) for row in inside(world)] == [(RunState.HELD, 1)]
    with world.workspace.state.read() as connection:
        seen = watch(connection, to_micros(world.clock.now()))
    assert (seen.held_back, seen.never_woken) == ({"added": 1, "once": 4}, 0)
    assert [row["message"] for row in problems(world.workspace) if "lets nobody in, 4 wait" in row["message"]]
    # Held again, and let in as soon as less waits.
    world.clock.advance(timedelta(seconds=70))
    world.drain()
    assert [row["state"] for row in inside(world)] == [RunState.HELD]
    with world.workspace.state.write() as connection:
        connection.execute(update(sends).where(sends.c.send_id < 30).values(state=int(SendState.ACCEPTED), due=None))
    world.clock.advance(timedelta(seconds=70))
    for _ in range(3):
        world.settle()
    assert rows(world, journey_audiences)[0]["done"]
    found = inside(world)
    assert len(found) == 5 and {row["state"] for row in found} == {RunState.ENDED}
    entered = [row["entered"] for row in inside(world, "once")]
    assert min(entered) > audience["at"], "who was held back enters when he is let in"
    with world.workspace.state.read() as connection:
        assert [wrong for _, _, wrong in conserved(connection) if wrong] == []


def small(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setitem(Executor.__init__.__kwdefaults__, "most", most)


@pytest.mark.parametrize("kind", ["move", "stop", "resume"])
def test_many_runs_are_asked_something_in_portions_and_a_fall_in_between_loses_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch, kind: Any
) -> None:
    from onepool.tick import journeying

    small(monkeypatch, 3)
    publish(world, waiting("long", {"did": "cart_added"}))
    world.settle()
    world.send(*({"event": "cart_added", "userId": f"u{n}", "properties": {"product_id": "P"}} for n in range(10)))
    world.settle()
    assert len(inside(world)) == 10
    ws, clock = world.workspace, world.clock
    if kind == "resume":
        store.pause(ws, clock, "long", author="boss")
        world.clock.advance(timedelta(days=10))
        world.settle()
        for _ in range(9):
            world.settle()
        assert {row["state"] for row in inside(world)} == {RunState.PAUSED}
        store.resume(ws, clock, "long", author="boss")
    else:
        world.define("journey", "long", **{**waiting("long", {"did": "cart_added"}), "max_life": "40 days"})
        store.publish(ws, clock, "long", author="boss", may_approve=True, old_runs=kind)
    real, portions = journeying.tell, []

    def fail(*given: Any) -> None:
        real(*given)
        portions.append(watch(given[0], 0).underway)
        if len(portions) == 3:
            raise OSError("the power is gone")

    monkeypatch.setattr(journeying, "tell", fail)
    clock.advance(timedelta(seconds=1))
    with pytest.raises(OSError):
        world.drain()
    monkeypatch.setattr(journeying, "tell", real)
    with ws.state.read() as connection:
        [(name, (what, done))] = watch(connection, to_micros(clock.now())).underway.items()
    assert (name, what) == ("long", {"stop": "stop_versions"}.get(kind, kind)) and 0 < done < 10
    world.restart()
    for _ in range(8):
        world.settle()
    found = inside(world)
    with world.workspace.state.read() as connection:
        latest = max(connection.execute(select(journey_versions.c.id)).scalars())
        seen = watch(connection, to_micros(clock.now()))
        assert [wrong for _, _, wrong in conserved(connection) if wrong] == []
    assert len(found) == 10 and seen.underway == {} and seen.never_woken == 0
    if kind == "move":
        assert {(row["version_id"], row["state"]) for row in found} == {(latest, RunState.WAIT_TIME)}
    elif kind == "stop":
        assert {row["reason"] for row in found} == {"stopped"}
    else:
        assert {row["reason"] for row in found} == {"completed"}


def test_of_too_many_timers_the_important_and_some_of_the_oldest_come_first(state: State) -> None:  # noqa: F811
    with state.write() as connection:
        plain = {"customer_id": 1, "key": "", "node": 0, "state": int(RunState.WAIT_TIME), "entered": 0, "arrived": 0}
        rows_ = [{**plain, "run_id": n, "version_id": 1 + (n >= 30), "due": n} for n in range(60)]
        connection.execute(insert(runs), rows_)
        records = Records(connection)
        alike = records.due(100, 20, {1: 50, 2: 50})
        assert alike.run_id.tolist() == list(range(20))
        found = records.due(100, 20, {1: 10, 2: 90})
        assert found.run_id.tolist() == [0, 1, *range(30, 48)]
        assert records.due(100, 60, {1: 10, 2: 90}).run_id.size == 60
        assert np.array_equal(records.runs_in(2, int(RunState.WAIT_TIME), 5, 40).run_id, np.arange(41, 46))


def test_what_may_have_gone_out_goes_on_counting_when_its_run_is_stopped(world: World) -> None:
    world.define("touchpoint", "sms", channel="sms", title="sms")
    world.define("message", "hello", **MESSAGE)
    publish(world, {**waiting("added", {"did": "cart_added"}), **TELL})
    world.settle()
    for user, phone in (("u1", "13800000001"), ("u2", "13800000002")):
        world.send({"type": "identify", "userId": user, "traits": {"phone": phone}, "event": None})
    world.settle()
    world.send(*({"event": "cart_added", "userId": one, "properties": {"product_id": "P"}} for one in ("u1", "u2")))
    world.settle()
    found = rows(world, sends)
    assert [SendState(row["state"]).name for row in found] == ["QUEUED", "QUEUED"]
    called = found[0]["send_id"]
    with world.workspace.state.write() as connection:
        values = {"state": int(SendState.RETRY), "reason": "unknown", "claimed": to_micros(world.clock.now())}
        connection.execute(update(sends).where(sends.c.send_id == called).values(**values))
        asked = Records(connection).open_sends(np.array([row["send_id"] for row in found], np.int64))
    assert asked[called] == SendState.UNKNOWN
    store.stop(world.workspace, world.clock, "added", author="boss")
    world.settle()
    stands = {row["send_id"]: (SendState(row["state"]).name, row["reason"]) for row in rows(world, sends)}
    assert stands.pop(called) == ("UNKNOWN", "unknown")
    assert list(stands.values()) == [("CANCELLED", "ended")]


def test_a_long_key_is_kept_short_and_tells_runs_apart(world: World) -> None:
    keyed = {"did": "cart_added", "key": "$trigger.cart_id", "reentry": {"when": "always", "parallel": 9}}
    publish(world, waiting("added", keyed))
    world.settle()
    long = "c" * 300
    for cart in (long, long + "x", long, "c" * 128):
        world.send({"event": "cart_added", "userId": "u1", "properties": {"cart_id": cart}})
        world.settle()
    kept = sorted(row["key"] for row in inside(world))
    assert len(kept) == len(set(kept)) == 3 and {len(one) for one in kept} == {128} and "c" * 128 in kept
