"""Groups are alike but for what the journey did: no effect where there is none, the effect where there is one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from tests.journeys.story import Story, open_story
from tests.journeys.test_results import BODY, figures
from tests.reach.outbox import MESSAGE

from onepool.channels.base import Message, Receipt
from onepool.journeys import store
from onepool.journeys.keys import bucket
from onepool.journeys.results.types import Cohort, Effect

SALTS = range(8)
PEOPLE = [f"p{number}" for number in range(220)]
EARLY = {who for who in PEOPLE if random.Random(who).random() < 0.5}
"""Who pays while he is held."""
ITEM = [{"product_id": "MY0003", "quantity": 1, "price": 100}]
HOLD = {"for": "30 minutes", "unless": {"did": "order_paid"}}


def _journey(name: str, salt: str, **more: Any) -> dict[str, Any]:
    body = deepcopy(BODY) | {"journey": name} | more
    body["entry"]["hold"] = HOLD
    body["experiment"] = {"holdout": 0.4, "salt": salt, "respect_global_control": False}
    body["exit"] = [{"did": "order_paid", "as": "paid_by_himself", "before": body["start"]}]
    body["goal"]["then"] = "exit"
    return body


def _divided(name: str, holdout: float) -> dict[str, Any]:
    """Four in ten get nothing by a split, after half an hour in which half of them are gone."""
    body = _journey(name, name, start="wait", goal={"did": "app_opened", "within": "3 days", "then": "continue"})
    body["experiment"] = {"respect_global_control": False} | ({"holdout": holdout} if holdout else {})
    body["nodes"] = {
        "wait": {"do": "wait", "for": "5 minutes", "next": "arms"},
        "arms": {"do": "split", "salt": "lots", "arms": [
            {"name": "control", "weight": 2, "control": True, "next": "rest"},
            {"name": "one", "weight": 1, "next": "rest"}, {"name": "two", "weight": 2, "next": "rest"},
        ]},
        "rest": {"do": "wait", "for": "1 day", "next": "done"}, "done": {"do": "end", "as": "completed"},
    }  # fmt: skip
    return body


def _kept_back(story: Story, who: str) -> bool:
    return bool(bucket("lots", [story.customer(who)])[0] < 4000)


def _live(story: Story) -> None:
    """Half pay while they are held; of the others one in five two days later, or half of those who were written to."""
    bodies = [
        _journey(f"idle{salt}", f"calm{salt}", start="rest", nodes={
            "rest": {"do": "wait", "for": "1 day", "next": "done"}, "done": {"do": "end", "as": "completed"},
        })
        for salt in SALTS
    ]  # fmt: skip
    bodies.append(_journey("buy_again", "buy_again"))
    bodies.append(_divided("divided", 0.2))
    bodies.append(_divided("undivided", 0))
    story.ws.save("message", "hello", MESSAGE, author="test")
    for body in bodies:
        story.ws.save("journey", body["journey"], body, author="test")
        store.publish(story.ws, story.clock, body["journey"], author="test", may_approve=True)
    told: set[str] = set()

    def answer(message: Message) -> Receipt:
        told.update(message.to.values())
        return Receipt("sent", provider_id=message.key)

    story.platform.answer = answer
    for who in PEOPLE:
        story.person(who, "oa", "sms")
    story.on(minutes=1)
    for who in PEOPLE:
        story.cart(who)
    story.on(minutes=5)
    chance = random.Random(11)

    def pay(who: str) -> None:
        story.event("mini", who, "order_paid", order_id=f"O-{who}", amount=100, items=ITEM)

    for who in sorted(EARLY):
        pay(who)
    story.on(hours=2)
    for who in PEOPLE:
        share = 0.7 if f"o-{who}" in told else 0.2
        if who not in EARLY and chance.random() < share:
            pay(who)
        if chance.random() < (0.2 if _kept_back(story, who) else 0.7):
            story.event("mini", who, "app_opened")
    story.on(hours=30)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    story = open_story(tmp_path_factory.mktemp("fair") / "brand")
    _live(story)
    yield story
    story.close()


def _effect(story: Story, journey: str) -> Effect:
    return figures(story, Cohort(journey, 0, 1 << 60)).effect


def test_a_journey_that_causes_nothing_shows_no_effect(lived: Story) -> None:
    """Whatever the lot: who came back while he was held is in no group."""
    outside, values = set(), []
    for salt in SALTS:
        effect = _effect(lived, f"idle{salt}")
        (against,) = effect.uplift
        assert against.difference is not None and against.p is not None and against.split_p is not None
        assert against.enough and against.split_p > 0.001
        values.append(against.difference.value)
        if not against.difference.low <= 0 <= against.difference.high:
            outside.add(salt)
        revenue = effect.revenue
        assert revenue is not None and revenue.incremental is not None
        if not revenue.incremental.low <= 0 <= revenue.incremental.high:
            outside.add(salt)
    # One in twenty intervals misses the truth.
    assert len(outside) <= 1, outside
    assert abs(sum(values) / len(values)) < 0.1


def test_a_planted_effect_is_found(lived: Story) -> None:
    """Of those written to 70 % pay, of the others 20 %."""
    effect = _effect(lived, "buy_again")
    (against,) = effect.uplift
    assert against.difference is not None and against.p is not None
    assert against.difference.low <= 0.5 <= against.difference.high
    assert against.difference.low > 0.1 and against.p < 0.01
    assert effect.revenue is not None and effect.revenue.incremental is not None
    assert effect.revenue.incremental.low > 0


def test_who_ended_while_he_was_held_is_in_no_group(lived: Story) -> None:
    found = figures(lived, Cohort("buy_again", 0, 1 << 60))
    begun = sum(one.count for one in found.flow.edges if one.edge in ("enter", "holdout"))
    (against,) = found.effect.uplift
    assert against.treated.size + against.control.size == begun == len(PEOPLE) - len(EARLY)
    assert against.treated.size == found.effect.funnel["entered"] == begun - found.flow.ended["holdout"]


def test_a_control_arm_is_compared_with_the_other_arms(lived: Story) -> None:
    """Of the other arms 70 % come, of the control arm 20 %; the control arm is not among the treated of anything."""
    late = [who for who in PEOPLE if who not in EARLY]
    back = [who for who in late if _kept_back(lived, who)]
    effect = _effect(lived, "undivided")
    (against,) = effect.uplift
    assert (against.against, against.control.size, against.treated.size) == (
        "split:arms",
        len(back),
        len(late) - len(back),
    )
    assert against.difference is not None and against.p is not None and against.split_p is not None
    assert 0 < against.difference.low <= 0.5 <= against.difference.high and against.p < 0.001 < against.split_p
    assert effect.treated == against.treated and effect.funnel["entered"] == against.treated.size
    assert effect.revenue is not None and effect.revenue.customers == against.treated.size
    assert effect.revenue.incremental is not None, "the control arm is what money is compared with"


def test_control_arm_and_holdout_beside_each_other(lived: Story) -> None:
    late = [who for who in PEOPLE if who not in EARLY]
    held = {who for who in late if bucket("divided", [lived.customer(who)])[0] < 2000}
    back = {who for who in late if _kept_back(lived, who)}
    holdout, split = _effect(lived, "divided").uplift
    assert (holdout.against, holdout.control.size) == ("holdout", len(held))
    assert (split.against, split.control.size) == ("split:arms", len(back - held))
    assert holdout.treated.size == split.treated.size == len(set(late) - held - back)
