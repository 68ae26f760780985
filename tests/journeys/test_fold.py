"""The pool's tables of journeys follow the state, in whatever portions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from sqlalchemy import insert, select
from tests.journeys.test_tick import RECALL, publish
from tests.tick.conftest import make_world

from onepool.journeys.executor.ports import STEPS
from onepool.journeys.states import RunState
from onepool.journeys.world import fold
from onepool.state.journeys import journey_ticks, journey_versions, runs


def step(edge: str, seq: int) -> bytes | None:
    values = {
        "run_id": 7, "version_id": 1, "customer_id": 1, "seq": seq, "node": -1, "visit": 0, "edge": edge, "at": 5,
        "detail": None,
    }  # fmt: skip
    return fold.pack(pa.Table.from_pylist([values], schema=STEPS))


@pytest.mark.parametrize("ticks", [1, 2, 200])
def test_a_run_that_was_taken_away_and_began_again_stands_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ticks: int
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
        monkeypatch.setattr(fold, "_TICKS", ticks)
        mark = (0, 0)
        with pool.write() as session:
            while fold.behind(ws.state, *mark):
                mark = fold.fold(session, ws.state, *mark)
        assert world.value("SELECT count(*) FROM journey_runs") == 1
        assert world.value("SELECT count(*) FROM journey_steps") == 3
    finally:
        world.close()
