"""A worker that was away: what came in meanwhile and what fell due meanwhile are taken in their order."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection, func, insert, select, text, update
from tests.journeys.test_executor_entries import inside, waiting
from tests.journeys.test_tick import cart, paid, publish
from tests.tick.conftest import World

from onepool.clock import to_micros
from onepool.journeys.executor import starts
from onepool.journeys.executor.book import JourneyFault
from onepool.journeys.executor.executor import Executor
from onepool.journeys.executor.ports import Step
from onepool.journeys.keys import lots
from onepool.journeys.states import RunState
from onepool.journeys.world import inputs
from onepool.journeys.world.backlog import Backlog
from onepool.state.journeys import journey_requests, runs
from onepool.tick import journeying


@pytest.mark.parametrize("storm", [True, False])
def test_what_came_in_before_a_timer_was_due_counts_however_many_records_lie_before_it(
    world: World, monkeypatch: pytest.MonkeyPatch, storm: bool
) -> None:
    for module in (inputs, journeying):
        monkeypatch.setattr(module, "MOST_RECORDS", 4)
    monkeypatch.setattr(journeying, "_STORM", 3 if storm else 1000)
    held = {"for": "60 minutes", "unless": {"did": "order_paid"}}
    publish(world, waiting("left", {"did": "cart_added", "hold": held}))
    world.settle()
    for number in range(3):
        world.send(cart("P", f"u{number}"))
    world.settle()
    assert len(inside(world)) == 3
    for number in range(10):
        world.clock.advance(timedelta(minutes=5))
        world.send({"event": "app_opened", "userId": f"other{number}"})
    world.send(paid("P", "u1"))
    world.clock.advance(timedelta(minutes=30))
    world.send(paid("P", "u2", "O2"))
    world.clock.advance(timedelta(days=1))
    world.settle()
    # One of them paid in time; of the others one did so too late.
    assert [row["state"] for row in inside(world)] == [RunState.WAIT_TIME] * 2


def test_a_step_that_fails_loses_nobodys_turn(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are due first get theirs first, whatever becomes of the first try."""
    monkeypatch.setattr(journeying, "Executor", partial(Executor, most=4))
    publish(world, waiting("left", {"did": "cart_added"}))
    world.settle()
    for number in range(12):
        world.send(cart("P", f"u{number}"))
    world.settle()
    world.clock.advance(timedelta(days=11))
    taken: list[list[int]] = []
    write = journeying.save

    def save(connection: Connection, step: Step, now: int) -> None:
        taken.append(sorted(step.runs.run_id.tolist()))
        if len(taken) == 2:
            raise JourneyFault("other", "its texts can't be read")
        write(connection, step, now)

    monkeypatch.setattr(journeying, "save", save)
    world.drain()
    assert taken[2] == taken[1] and len(taken[1]) == 4
    assert [row["state"] for row in inside(world)] == [RunState.ENDED] * 12


@pytest.mark.parametrize("waits", [False, True])
def test_the_lot_says_who_gets_a_scarce_coupon_in_however_many_steps(
    world: World, monkeypatch: pytest.MonkeyPatch, waits: bool
) -> None:
    """Of an audience that is let in in portions, and of those whose timers are due at one instant."""
    for module in (starts, journeying):
        monkeypatch.setattr(module, "MOST_DUE", 4)
    monkeypatch.setattr(journeying, "Executor", partial(Executor, most=4))
    coupon = {"coupon": "FEW", "face": {"amount": 5}, "codes": {"generated": {"on_demand": True}}, "stock": 5}
    world.workspace.definitions.save("coupon", "FEW", coupon, author="t")
    for number in range(12):
        world.send(cart("P", f"u{number}"))
    world.settle()
    nodes = {
        "rest": {"do": "wait", "for": "1 day", "next": "give"},
        "give": {"do": "issue_coupon", "batch": "FEW", "save": "code", "next": "done", "else": "none"},
        "none": {"do": "end", "as": "other"}, "done": {"do": "end", "as": "completed"},
    }  # fmt: skip
    start = world.clock.now() + timedelta(hours=1)
    entry = {"one_off": {"who": {"did": "cart_added"}, "start": start.isoformat()}}
    body = {"journey": "giving", "entry": entry, "policy": {"category": "transactional"}, "max_life": "14 days"}
    publish(world, {**body, "start": "rest" if waits else "give", "nodes": nodes})
    world.clock.advance(timedelta(days=2))
    world.settle()
    ended = inside(world)
    first = sorted(ended, key=lambda row: int(lots(np.array([row["run_id"]]))[0]))[:5]
    got = {row["run_id"] for row in ended if row["reason"] == "completed"}
    assert len(ended) == 12 and got == {row["run_id"] for row in first}


def test_nobody_waits_who_writes_while_it_is_looked_at_what_is_due(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journeying, "Executor", partial(Executor, most=4))
    monkeypatch.setattr(journeying, "MOST_DUE", 4)
    publish(world, waiting("left", {"did": "cart_added"}))
    world.settle()
    for number in range(12):
        world.send(cart("P", f"u{number}"))
    world.settle()
    state, looks, look = world.workspace.state, [], Backlog.look

    def looking(*asked: Any) -> None:
        with state.engine.connect() as other:
            other.exec_driver_sql("PRAGMA busy_timeout = 0")
            other.exec_driver_sql("BEGIN IMMEDIATE")
            # One of those that are due is not any more when its step comes.
            last = select(func.max(runs.c.run_id)).scalar_subquery()
            other.execute(update(runs).where(runs.c.run_id == last).values(due=runs.c.due + 10**12))
            other.commit()
        look(*asked)
        looks.append(len(asked))

    monkeypatch.setattr(Backlog, "look", looking)
    world.clock.advance(timedelta(days=11))
    world.drain()
    assert len(looks) == 1
    assert sorted(row["state"] for row in inside(world)) == sorted([RunState.WAIT_TIME, *[RunState.ENDED] * 11])


def test_what_was_asked_before_a_timer_was_due_counts_however_much_was_asked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if a step took two requests instead of 20,000.
    monkeypatch.setattr(inputs, "_REQUESTS", text(inputs._REQUESTS.text.replace("20000", "2")))
    monkeypatch.setattr(inputs, "_REACH", text(inputs._REACH.text.replace("19999", "1")))
    monkeypatch.setattr(journeying, "_STORM", 3)
    publish(world, waiting("left", {"did": "cart_added"}))
    world.settle()
    for number in range(3):
        world.send(cart("P", f"u{number}"))
    world.settle()
    run = inside(world)[1]["run_id"]
    with world.workspace.state.write() as connection:
        for minute, who in enumerate((10_001, 10_002, 10_003, 10_004, run)):
            at = to_micros(world.clock.now()) + minute * 60_000_000
            values = {"journey": "left", "kind": "stop_run", "author": "boss", "at": at}
            connection.execute(insert(journey_requests).values(**values, fields=json.dumps({"run_id": who})))
    world.clock.advance(timedelta(days=11))
    world.settle()
    ended = {row["run_id"]: row["reason"] for row in inside(world)}
    assert ended.pop(run) == "stopped" and set(ended.values()) == {"completed"}
