"""Learned tags computed by jobs: published, refused, and named as before."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from onepool.audience.mining import ModelLog
from onepool.rebuild import build, content_hashes
from onepool.tick import Runner
from onepool.tick.jobs import Jobs

from .conftest import START, World

WORTH: dict[str, Any] = {
    "title": {"zh": "价值", "en": "Worth"},
    "says": "value",
    "kind": "model",
    "model": "clv",
    "from": {"did": "order_paid", "sum": "amount"},
    "horizon": "30 days",
    "fit": "mbg_nbd",
    "minimum": {"repeat_buyers": 20},
}
GROUPS: dict[str, Any] = {
    "title": {"zh": "分群", "en": "Groups"},
    "says": "behaviour",
    "kind": "model",
    "model": "cluster",
    "within": {"last": "60 days"},
    "clusters": [2, 3],
    "minimum": {"customers": 50},
}


def fill(world: World, people: int = 90) -> None:
    """Customers with orders and views over a hundred days."""
    chance = np.random.default_rng(6)
    events = []
    for person in range(people):
        rate = chance.gamma(1.5, 0.04)
        until = min(100.0, chance.exponential(120))
        for name, often in (("order_paid", rate), ("product_viewed", rate * 2 if person % 2 else 0.01)):
            for day in np.sort(chance.random(chance.poisson(often * until) + 1) * until):
                order = {"order_id": f"{person}-{day}", "amount": round(20 + 80 * rate, 2), "currency": "CNY"}
                at = (START + timedelta(days=day)).isoformat()
                events.append({"event": name, "anonymousId": f"a{person}", "timestamp": at, "properties": order})
    world.clock.set(START + timedelta(days=101))
    for first in range(0, len(events), 400):
        world.send(*events[first : first + 400])
    world.settle()


def define(world: World, name: str, **body: Any) -> None:
    world.workspace.save("tag", name, {"tag": name, **body}, author="test")


def test_a_learned_tag_is_published_with_its_card(world: World, tmp_path: Path) -> None:
    fill(world)
    define(world, "worth", **WORTH)
    world.settle()
    work = Runner(world.workspace, world.worker)
    assert work.work_off() and not work.work_off()
    found = ModelLog(world.workspace.state).published("worth")
    assert found is not None and found.model is not None
    assert (found.version, found.trained_at, found.card.method) == (1, world.clock.now(), "mbg_nbd")
    kept = world.value("SELECT count(number) AS n FROM tag_values WHERE tag = 'worth'")
    assert kept == found.card.scored > 80
    assert content_hashes_agree(world, tmp_path)


def test_a_refused_run_changes_nothing_and_says_why(world: World) -> None:
    fill(world)
    define(world, "worth", **WORTH)
    world.settle()
    work = Runner(world.workspace, world.worker)
    work.work_off()
    before = world.rows("SELECT customer_id, number FROM tag_values WHERE tag = 'worth' ORDER BY customer_id")
    define(world, "worth", **{**WORTH, "minimum": {"repeat_buyers": 5000}})
    world.clock.advance(timedelta(hours=1))
    world.settle()
    work.work_off()
    assert world.rows("SELECT customer_id, number FROM tag_values WHERE tag = 'worth' ORDER BY customer_id") == before
    log = ModelLog(world.workspace.state)
    newest, published = log.latest("worth"), log.published("worth")
    assert newest is not None and newest.refused and newest.version == 2
    assert [one.code for one in newest.card.refusals] == ["few-repeat-buyers"]
    assert published is not None and published.version == 1
    job = Jobs(world.workspace.state, world.clock).list()[0]
    assert job.status == "failed" and "at least 5,000 must have" in job.problem


def test_groups_go_on_under_their_names(world: World) -> None:
    fill(world)
    define(world, "groups", **GROUPS)
    world.settle()
    Runner(world.workspace, world.worker).work_off()
    log = ModelLog(world.workspace.state)
    first = log.published("groups")
    assert first is not None
    world.clock.advance(timedelta(days=1))
    world.settle()
    Runner(world.workspace, world.worker).work_off()
    second = log.published("groups")
    assert second is not None and second.as_of > first.as_of
    names = {one.name for one in first.card.clusters}
    assert {one.name for one in second.card.clusters} == names
    assert all(one.before == one.name for one in second.card.clusters)


def content_hashes_agree(world: World, folder: Path) -> bool:
    """Whether the pool, made again from log and state, is the same."""
    path = folder / "again.duckdb"
    build(world.workspace, path)
    again = world.workspace.open_pool(path)
    try:
        return bool(content_hashes(again) == content_hashes(world.workspace.pool))
    finally:
        again.close()
