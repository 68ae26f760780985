"""The pool's tables of journeys follow the state, in whatever portions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sqlalchemy import insert, select
from tests.journeys.test_fold_messages import PLAIN
from tests.journeys.test_tick import RECALL, publish
from tests.tick.conftest import make_world

from onepool.clock import to_micros
from onepool.journeys.executor.ports import STEPS
from onepool.journeys.states import RunState
from onepool.journeys.world import fold
from onepool.state import State
from onepool.state.journeys import journey_ticks, journey_versions, runs
from onepool.state.outbox import sends
from onepool.tick.journeying import Journeying


def step(edge: str, seq: int) -> bytes | None:
    values = {
        "run_id": 7, "version_id": 1, "customer_id": 1, "seq": seq, "node": -1, "visit": 0, "edge": edge, "at": 5,
        "detail": None,
    }  # fmt: skip
    return fold.pack(pa.Table.from_pylist([values], schema=STEPS))


@pytest.mark.parametrize("portions", [(1, 1, 1), (1, 2), (2, 1), (3,)])
def test_a_run_that_was_taken_away_and_began_again_stands_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, portions: tuple[int, ...]
) -> None:
    world = make_world(tmp_path / "ws")
    try:
        publish(world, RECALL)
        ws, pool = world.workspace, world.worker.pool
        with ws.state.write() as connection:
            version = connection.execute(select(journey_versions.c.id)).scalar_one()
            assert version == 1
            connection.execute(
                insert(runs).values(
                    run_id=7, version_id=1, customer_id=1, key="", node=-1, state=int(RunState.HELD), due=9, entered=5,
                    arrived=5, seq=1,
                )
            )  # fmt: skip
            for one in (step("held", 0), step("not_qualified", 1), step("held", 0)):
                row = {"at": 5, "log_offset": 0, "outcome": 0, "change": 0, "request": 0, "inputs": "", "outputs": ""}
                touched = fold.touched(np.array([7], np.int64))
                connection.execute(insert(journey_ticks).values(**row, steps=one, touched=touched))
        mark, now = fold.Marks(), to_micros(world.clock.now())
        with pool.write() as session:
            for ticks in portions:
                assert fold.behind(ws.state, mark, now)
                monkeypatch.setattr(fold, "_TICKS", ticks)
                mark = fold.fold(session, ws.state, mark, now)
        assert not fold.behind(ws.state, mark, now)
        assert world.value("SELECT count(*) FROM journey_runs") == 1
        assert world.value("SELECT count(*) FROM journey_steps") == 3
    finally:
        world.close()


def test_the_pool_is_level_though_writers_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bringing the pool level ends with what was there when it began."""
    world = make_world(tmp_path / "ws")
    try:
        ws, journeys = world.workspace, Journeying(world.workspace, world.worker.pool, lambda: None)  # type: ignore[arg-type, return-value]
        before, folds = fold.fold, 0
        now = to_micros(world.clock.now())

        def write(number: int) -> None:
            with ws.state.write() as connection:
                connection.execute(insert(sends).values(send_id=number, changed=now + number, **PLAIN))

        def busy(*args: Any) -> fold.Marks:
            nonlocal folds
            folds += 1
            assert folds < 5
            found = before(*args)
            write(folds + 1)
            return found

        monkeypatch.setattr(fold, "fold", busy)
        write(1)
        journeys.level()
        assert (folds, world.value("SELECT count(*) FROM sends")) == (1, 1)
        journeys.level()
        assert (folds, world.value("SELECT count(*) FROM sends")) == (2, 2)
    finally:
        world.close()


def test_a_portion_is_no_more_than_its_bound_unless_one_tick_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = State.at(tmp_path / "state.sqlite")
    monkeypatch.setattr(fold, "_BYTES", 100)
    values = {"at": 1, "log_offset": 1, "outcome": 0, "change": 0, "request": 0, "inputs": "", "outputs": ""}
    with state.write() as connection:
        for size in (40, 60, 1, 99, 2, 500, 1):
            connection.execute(insert(journey_ticks).values(**values, steps=b"s" * size))
        ends, tick = [], 0
        while (tick := fold._portion(connection, tick)) not in ends:
            ends.append(tick)
    state.close()
    assert ends == [2, 4, 5, 6, 7]
