"""A journey's task goes to the customer's own associate; without one it waits for whoever takes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select
from tests.journeys.story import Story, open_story

from onepool.audience.catalog import load_catalog
from onepool.clock import to_micros
from onepool.journeys import store
from onepool.journeys.backtest.run import backtest
from onepool.journeys.backtest.told import paths
from onepool.journeys.backtest.types import Asked
from onepool.reach import shared_tasks
from onepool.reach import tasks as work
from onepool.reach.associates import associates
from onepool.reach.messages.around import wording_of
from onepool.reach.world import Worlds
from onepool.state.journeys import tasks

CALL: dict[str, Any] = {
    "journey": "call", "name": {"zh": "回访", "en": "Call"}, "experiment": {"respect_global_control": False},
    "zone": {"default": "Asia/Shanghai"}, "entry": {"did": "cart_added"}, "max_life": "5 days", "start": "ask",
    "nodes": {
        "ask": {"do": "task", "title": "Call", "within": "1 day", "next": "named", "else": "named"},
        "named": {"do": "task", "title": "Note", "staff": "nina", "within": "1 day", "next": "done", "else": "done"},
        "done": {"do": "end", "as": "completed"},
    },
}  # fmt: skip


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    made = open_story(tmp_path / "brand")
    yield made
    made.close()


def given(story: Story, who: str) -> list[tuple[str, str]]:
    """(title, associate) of this customer's tasks, the first one first."""
    with story.ws.state.read() as connection:
        mine = select(tasks).where(tasks.c.customer_id == story.customer(who)).order_by(tasks.c.id)
        return [(row.title, row.staff_id) for row in connection.execute(mine)]


def test_tasks_go_to_the_customers_associate(story: Story) -> None:
    story.ws.save("journey", "call", CALL, author="test")
    store.publish(story.ws, story.clock, "call", author="test", may_approve=True)
    story.person("ann", "wecom")
    story.person("cat", "sms")
    story.person("dan", "wecom")
    story.on(minutes=1)
    # The last one whose contact somebody became, and still is.
    story.event("wecom", "dan", "contact_added", {"external_userid": "w-dan"}, staff_id="mona")
    story.on(minutes=1)
    start = story.clock.now()
    for who in ("ann", "cat", "dan"):
        story.cart(who)
    story.on(minutes=1)
    assert [given(story, who) for who in ("ann", "cat", "dan")] == [
        [("Call", "lisa")],
        [("Call", "")],
        [("Call", "mona")],
    ]
    with story.ws.state.write() as connection:
        assert shared_tasks.staff(connection) == [("", 1), ("lisa", 1), ("mona", 1)]
        (nobodys,) = (one.row for one in shared_tasks.listed(connection, staff=""))
        with pytest.raises(work.TaskError, match="nobody has this task"):
            work.remind(connection, nobodys.id, to_micros(story.clock.now()))
        assert work.reassign(connection, nobodys.id, "mona").staff_id == "mona"
        for one in shared_tasks.listed(connection, status="open"):
            work.done(connection, one.row.id, "test", "done", to_micros(story.clock.now()))
    story.on(minutes=1)
    assert given(story, "ann")[1:] == given(story, "cat")[1:] == [("Note", "nina")]
    asked = Asked(CALL, to_micros(start), to_micros(story.clock.now()), paths=True)
    ctx = load_catalog(story.ws).context
    outcome = backtest(story.ws, ctx, asked)
    with story.ws.pool.read() as session, story.ws.state.read() as connection:
        found = paths(session, connection, ctx, outcome, asked, wording_of(story.ws.settings))
    said = {one.customer_id: [step.what["en"] for step in one.steps if step.edge == "next"] for one in found}
    assert said[story.customer("dan")] == [
        "a task for mona, taken as done at once",
        "a task for nina, taken as done at once",
    ]
    assert said[story.customer("cat")][0] == "a task that nobody has yet, taken as done at once"


def test_who_stands_more_than_once_or_is_not_there(story: Story) -> None:
    story.person("ann", "wecom")
    story.on(minutes=1)
    ann = story.customer("ann")
    with story.ws.pool.read() as session, story.ws.state.read() as connection:
        world = Worlds(story.ws).over(session, connection)
        asked = np.array([ann, 987_654_321, ann], np.int64)
        assert associates(world, asked, to_micros(story.clock.now())) == ["lisa", "", "lisa"]
        assert associates(world, np.empty(0, np.int64), 0) == []
