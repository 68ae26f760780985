"""The programmes that are shipped, lived through by made-up people of the demonstration brand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select
from tests.journeys.story import Story, open_story

from onepool.channels import registry
from onepool.channels.base import Message, Receipt
from onepool.clock import to_micros
from onepool.collect.files.underway import underway
from onepool.journeys import gallery, store
from onepool.reach.states import SendState
from onepool.state.outbox import sends
from onepool.state.schema import streams

DIAPERS = [{"product_id": "MY0003", "category": "纸尿裤", "quantity": 1, "price": 129}]


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    made = open_story(tmp_path / "brand")

    def answer(message: Message) -> Receipt:
        return Receipt("task" if "external_userid" in message.to else "sent", provider_id=f"p{message.key}")

    made.platform.answer = answer
    made.platform.told = lambda message, number: Receipt("sent", provider_id=number)
    yield made
    with made.ws.state.read() as connection:
        faults = {name: one.problem for name, one in store.states(connection).items() if one.problem}
    assert faults == {}
    assert made.ws.problem is None
    made.close()


def use(story: Story, *names: str, **params: Any) -> None:
    for name in names:
        gallery.instantiate(story.ws, story.clock, name, name, author="test", params=params)
        story.publish(name)
    story.on(minutes=1)


def texts(story: Story, who: str) -> list[str]:
    """What this person was sent, by the names of the contents."""
    with story.ws.state.read() as connection:
        mine = (sends.c.customer_id == story.customer(who)) & (sends.c.state < SendState.SUPPRESSED)
        query = select(sends.c.template).where(mine).order_by(sends.c.planned, sends.c.hop)
        return [str(one) for one in connection.execute(query).scalars()]


def bought(story: Story, who: str, number: int, touchpoint: str = "mini") -> None:
    story.event(touchpoint, who, "order_paid", order_id=f"O-{who}-{number}", amount=129, items=DIAPERS)


def fetched(story: Story, *behind: str) -> None:
    """All that is fetched by itself was fetched up to now, but for these touchpoints."""
    rows = []
    for name, touchpoint in story.ws.touchpoints().items():
        channel = registry.find(touchpoint.channel)
        if channel is not None and touchpoint.settings and not touchpoint.paused and name not in behind:
            rows += [(name, one.name) for one in channel.streams_for(touchpoint.settings).values() if one.every > 0]
    now = to_micros(story.clock.now())
    with story.ws.state.write() as connection:
        for name, stream in rows:
            connection.execute(delete(streams).where((streams.c.touchpoint == name) & (streams.c.stream == stream)))
            said = {"touchpoint": name, "stream": stream, "cursor": "{}", "ran_at": now, "done_at": now}
            connection.execute(insert(streams).values(**said))


def lagging(story: Story) -> str:
    """A shop from which something is fetched by itself."""
    for name in ("youzan", "tmall", "jd", "douyin"):
        touchpoint = story.ws.touchpoints()[name]
        if touchpoint.settings and any(
            one.every > 0 for one in registry.channel(touchpoint.channel).streams_for(touchpoint.settings).values()
        ):
            return name
    raise AssertionError("nothing is fetched from any shop")


def test_a_newcomers_coupon_waits_for_a_shop_that_was_never_fetched_from(story: Story) -> None:
    """As long as it may wait: then there is none."""
    use(story, "newcomer_coupon")
    shop = lagging(story)
    for who in ("new", "known", "late"):
        story.person(who, "wecom")
    fetched(story, shop)
    story.on(minutes=1)
    for who in ("new", "known"):
        story.event("mini", who, "membership_joined")
    story.on(minutes=2)
    assert [state for state, _ in story.runs("new")] == ["WAIT_TIME"] and texts(story, "new") == []
    # The shop catches up, and says that one of them bought there before.
    story.on(minutes=30)
    assert texts(story, "new") == texts(story, "known") == []
    bought(story, "known", 1, "oa")
    fetched(story)
    story.on(minutes=2)
    assert texts(story, "new") == ["NEWCOMER_WECOM"] and story.code("new")
    assert texts(story, "known") == [] and story.runs("known") == [("ENDED", "goal")]
    # Later nothing comes from it any more.
    story.on(hours=1)
    story.event("mini", "late", "membership_joined")
    story.on(minutes=2)
    assert [state for state, _ in story.runs("late")] == ["WAIT_TIME"]
    story.on(hours=25)
    assert story.runs("late") == [("ENDED", "no_coupon")] and texts(story, "late") == []


def test_newcomers_get_a_coupon_and_nobody_who_has_bought_anywhere(story: Story) -> None:
    use(story, "newcomer_coupon")
    for who in ("new", "old"):
        story.person(who, "wecom")
    bought(story, "old", 1, "oa")
    story.on(minutes=1)
    for who in ("new", "old"):
        story.event("mini", who, "membership_joined")
    fetched(story)
    with underway(story.ws.data):
        # Half of a file of orders is in the pool: what the other half says nobody knows.
        story.on(minutes=2)
        assert [state for state, _ in story.runs("new")] == ["WAIT_TIME"] and texts(story, "new") == []
    fetched(story)
    story.on(minutes=2)
    assert texts(story, "new") == ["NEWCOMER_WECOM"] and story.code("new")
    assert texts(story, "old") == [] and story.runs("old") == []
    bought(story, "new", 1)
    story.on(minutes=1)
    assert story.runs("new") == [("ENDED", "goal")]


def test_welcome_in_the_reply_window_and_an_invitation(story: Story) -> None:
    use(story, "welcome_wecom")
    story.event("mini", "fay", "consent_granted", purpose="marketing,service")
    story.event("mini", "fay", "", phone="13800000001")
    story.on(seconds=1)
    story.event("oa", "fay", "followed", {"openid": "o-fay"})
    story.on(seconds=1)
    assert texts(story, "fay") == ["WELCOME_TEXT"]
    story.on(hours=25)
    assert texts(story, "fay")[1:] == ["INVITE_SMS"], "the reply window is over: the next channel"
    story.event("wecom", "fay", "contact_added", {"external_userid": "w-fay"}, staff_id="lisa")
    story.on(minutes=1)
    assert story.runs("fay") == [("ENDED", "goal")]


def test_care_after_a_purchase_and_a_reminder_when_it_is_used_up(story: Story) -> None:
    use(story, "post_purchase")
    for who in ("gus", "hal"):
        story.person(who, "wecom", "sms")
        story.event("mini", who, "consent_granted", purpose="service")
    story.on(minutes=1)
    for who in ("gus", "hal"):
        bought(story, who, 1)
    story.on(minutes=1)
    story.on(days=3)
    assert texts(story, "gus") == ["CARE_WECOM"]
    # The associates confirm within the hour.
    story.on(hours=1)
    story.on(days=10)
    bought(story, "hal", 2)
    story.on(minutes=1)
    assert ("ENDED", "goal") in story.runs("hal")
    story.on(days=15)
    story.on(hours=1)
    assert texts(story, "gus") == ["CARE_WECOM", "REORDER_WECOM"]
    assert texts(story, "hal")[:1] == ["CARE_WECOM"] and "REORDER_WECOM" not in texts(story, "hal")


def test_a_wish_before_the_birthday(story: Story) -> None:
    use(story, "birthday")
    story.person("ida", "wecom")
    day = (story.clock.now() + timedelta(days=8)).date().replace(year=1990)
    story.event("mini", "ida", "", birthday=day.isoformat())
    bought(story, "ida", 1)
    story.on(minutes=1)
    for _ in range(4):
        story.on(days=1)
        assert texts(story, "ida") == []
    story.on(days=1)
    assert texts(story, "ida") == ["BIRTHDAY_WECOM"]
    story.on(hours=1)
    story.on(days=30)
    assert len(texts(story, "ida")) == 1


def test_dormant_customers_are_woken_once(story: Story) -> None:
    story.person("joe", "wecom", "sms")
    story.person("kim", "wecom")
    bought(story, "joe", 1)
    story.on(minutes=1)
    story.on(days=89)
    use(story, "dormant_wakeup")
    bought(story, "kim", 1)
    # Sunday evening here; joe comes into the segment before the next Monday's ten o'clock.
    story.on(days=2)
    while story.clock.now().weekday() != 0:
        story.on(days=1)
    story.on(hours=1)
    first = story.runs("joe")
    assert len(first) == 1 and story.runs("kim") == []
    story.on(days=7, hours=1)
    story.on(hours=1)
    if ("ENDED", "control") in story.runs("joe") or not texts(story, "joe"):
        assert texts(story, "joe") == [], "who is in the control arm gets nothing"
    else:
        assert texts(story, "joe") == ["DORMANT_WECOM", "DORMANT_LAST_SMS"]
    assert len(story.runs("joe")) == 1, "not again within sixty days"


def test_a_customer_is_in_one_stage_at_a_time(story: Story) -> None:
    use(story, *(f"lifecycle_{stage}" for stage in ("acquire", "activate", "retain", "revenue", "refer")))
    story.person("lea", "sms")
    story.on(minutes=1)
    story.event("mini", "lea", "app_opened")
    story.on(minutes=1)
    assert story.runs("lea") == [("WAIT_TIME", None)]
    story.event("mini", "lea", "membership_joined")
    story.on(minutes=1)
    ended = [reason for state, reason in story.runs("lea") if state == "ENDED"]
    assert ended in (["goal"], ["exit:left_the_stage"])
    live = [state for state, _ in story.runs("lea") if state != "ENDED"]
    assert len(live) == 1, "the next stage's programme has taken over"
    bought(story, "lea", 1)
    story.on(minutes=1)
    assert sum(state != "ENDED" for state, _ in story.runs("lea")) <= 1
