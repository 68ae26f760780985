"""A worker that was away: what came in meanwhile and what fell due meanwhile are taken in their order."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import Connection
from tests.journeys.test_executor_entries import inside, waiting
from tests.journeys.test_tick import cart, paid, publish
from tests.tick.conftest import World

from onepool.journeys.executor.book import JourneyFault
from onepool.journeys.executor.executor import Executor
from onepool.journeys.executor.ports import Step
from onepool.journeys.states import RunState
from onepool.journeys.world import inputs
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
