"""Plan before publish: its first step is the back-test's, its counts are scaled from what is followed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from tests.journeys.story import Story, open_story
from tests.reach.outbox import MESSAGE

from onepool.audience.catalog import load_catalog
from onepool.clock import to_micros
from onepool.journeys import store
from onepool.journeys.backtest.run import backtest
from onepool.journeys.backtest.types import DAY, Asked
from onepool.journeys.plan.plan import drawn, plan

NODES: dict[str, Any] = {
    "tell": {
        "do": "send", "message": "hello",
        "chain": [{"channel": "wechat_oa", "template": "OA", "next_on": ["not_follower"]},
                  {"channel": "sms", "template": "SMS"}],
        "next": "rest", "else": "done",
    },
    "rest": {"do": "wait", "for": "2 days", "next": "done"},
    "done": {"do": "end", "as": "completed"},
}  # fmt: skip
ONE_OFF: dict[str, Any] = {
    "journey": "spring", "entry": {"one_off": {}}, "experiment": {"holdout": 0.2, "respect_global_control": False},
    "max_life": "10 days", "start": "tell", "nodes": NODES,
}  # fmt: skip
CARTS: dict[str, Any] = ONE_OFF | {"journey": "carts", "entry": {"did": "cart_added", "reentry": {"when": "always"}}}


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    made = open_story(tmp_path_factory.mktemp("plan") / "brand")
    made.ws.save("message", "hello", MESSAGE, author="test")
    made.ws.save("journey", "spring", ONE_OFF, author="test")
    made.publish("cart_recall")
    for number in range(24):
        made.person(f"p{number}", *((), ("sms",), ("oa",))[number % 3])
    made.on(minutes=1)
    for number in range(0, 24, 2):
        made.cart(f"p{number}")
    made.on(minutes=1)
    yield made
    made.close()


def test_the_first_step_is_who_would_enter(story: Story) -> None:
    ctx, now = load_catalog(story.ws).context, to_micros(story.clock.now())
    found = plan(story.ws, ctx, ONE_OFF)
    outcome = backtest(story.ws, ctx, Asked(ONE_OFF, now, now + 30 * DAY))
    assert found.basis == "audience" and found.entrants_now == outcome.first == 24 == found.population
    assert found.holdout == outcome.counts("runs", "reason")["holdout"]
    assert sum(one.total for one in found.sends) == sum(outcome.counts("sends", "channel", [10]).values())
    for one in found.sends:
        assert one.total == sum(one.per_day.values())
    assert found.hit("not_follower", "bad_address") == sum(
        count for why, count in found.suppressed.items() if why in ("not_follower", "bad_address")
    )


def test_what_events_would_bring_is_what_they_brought(story: Story) -> None:
    found = plan(story.ws, load_catalog(story.ws).context, CARTS, days=10)
    assert found.basis == "past" and found.entrants_now == 0
    assert found.entrants_per_day == pytest.approx(12 / 10) and found.population == 12
    # They are in the cart story now, whose messages are of the same category.
    (overlap,) = found.overlap
    assert (overlap.journey, overlap.customers, overlap.inside, overlap.capped) == ("cart_recall", 12, 12, True)


def test_a_journey_that_would_take_in_the_same_people_overlaps_before_it_has_any(story: Story) -> None:
    story.ws.save("journey", "twin", {**CARTS, "journey": "twin"}, author="test")
    story.publish("twin")
    found = plan(story.ws, load_catalog(story.ws).context, CARTS, days=10)
    assert {(one.journey, one.customers, one.inside) for one in found.overlap} == {
        ("cart_recall", 12, 12),
        ("twin", 12, 0),
    }
    # What is at rest takes nobody in; it only has whom it has.
    store.pause(story.ws, story.clock, "twin", author="test")
    resting = plan(story.ws, load_catalog(story.ws).context, CARTS, days=10)
    store.stop(story.ws, story.clock, "twin", author="test")
    assert [one.journey for one in resting.overlap] == ["cart_recall"]


def test_runs_under_way(story: Story) -> None:
    ctx = load_catalog(story.ws).context
    draft = story.ws.definitions.get("journey", "cart_recall")
    assert draft is not None
    with story.ws.state.read() as connection:
        live = sum(store.live_runs(connection).values())
    finish = plan(story.ws, ctx, draft.body, "finish", days=1)
    stop = plan(story.ws, ctx, draft.body, "stop", days=1)
    assert sum(one.runs for one in finish.fates) == live > 0
    assert {one.fate for one in finish.fates} == {"finish"} and {one.fate for one in stop.fates} == {"stop"}


def test_samples_are_always_the_same() -> None:
    everybody = np.arange(1, 10_001, dtype=np.int64)
    some = drawn(everybody, 500)
    assert some.size == 500 == np.unique(some).size and (drawn(everybody, 500) == some).all()
    assert set(drawn(everybody, 100).tolist()) <= set(some.tolist())
    assert (drawn(everybody[:20], 500) == everybody[:20]).all()
