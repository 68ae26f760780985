"""Where ticks spend their time is told to other processes."""

from __future__ import annotations

from pathlib import Path

from onepool import stages

from .conftest import World


def test_the_worker_tells_how_often_each_stage_ran_and_how_long(world: World) -> None:
    world.worker.stages = stages.Stages(world.workspace.data)
    world.define("segment", "viewers", title="x", condition={"did": "product_viewed"})
    world.send({"event": "product_viewed", "anonymousId": "a", "properties": {"product_id": "P1"}})
    world.drain()
    spent = world.worker.stages.spent
    assert {"prepare", "append", "evaluate", "decide", "journeys"} <= spent.keys()
    assert all(one.times >= 1 and one.seconds > 0 for one in spent.values())
    world.worker.stages = stages.Stages(world.workspace.data)
    world.worker.stages.spent.update(spent)
    world.worker.stages.keep()
    told = {metric.name: metric for metric in stages.metrics(world.workspace.data)}
    samples = {one.labels["stage"]: one.value for one in told["onepool_tick_stage_seconds"].samples}
    assert samples == {name: one.seconds for name, one in spent.items()}


def test_without_a_worker_there_is_nothing_to_tell(tmp_path: Path) -> None:
    assert list(stages.metrics(tmp_path)) == []
