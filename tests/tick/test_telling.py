"""What is told of ticks: where they spend their time, and who came and went."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from onepool import stages
from onepool.audience.outcomes import SEGMENT_SCHEMA, TAG_SCHEMA, Outcome
from onepool.tick import LiveEvent

from .conftest import START, World


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


def test_a_busy_segment_does_not_push_out_what_watchers_are_told_of_a_quiet_one() -> None:
    busy = [(customer, "busy", "enter") for customer in range(50)]
    quiet = [(60, "quiet", "exit"), (61, "quiet", "enter")]
    columns = [list(one) for one in zip(*busy, *quiet, strict=True)]
    changes = Outcome(START, TAG_SCHEMA.empty_table(), pa.table(columns, schema=SEGMENT_SCHEMA))
    assert changes.shown(3) == [*busy[:3], *quiet]
    assert changes.shown(1000) == [*busy, *quiet]
    assert changes.shown(50, in_all=4) == [*busy[:2], *quiet]
    told = LiveEvent(START, 7, changes)
    assert list(told.changes) == [*busy, *quiet]
    assert list(LiveEvent(START, 7).changes) == []
    assert (told.untold, LiveEvent(START, 7).untold) == ({}, {})


def test_what_is_not_told_one_by_one_is_counted() -> None:
    many = [(customer, "busy", "enter") for customer in range(1500)]
    columns = [list(one) for one in zip(*many, (7, "quiet", "exit"), strict=True)]
    told = LiveEvent(START, 7, Outcome(START, TAG_SCHEMA.empty_table(), pa.table(columns, schema=SEGMENT_SCHEMA)))
    assert (len(told.changes), told.untold) == (1001, {"busy": 500})
