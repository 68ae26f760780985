"""The cart story of the demonstration brand, from the cart to the reminder; the platforms are played by the test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.journeys.story import Story, open_story
from tests.postgres import postgres_server, state_url  # noqa: F401 fixtures

from onepool.channels.base import Message, Receipt

ITEM = [{"product_id": "MY0003", "quantity": 1, "price": 129}]


@pytest.fixture
def story(tmp_path: Path, state_url: str) -> Iterator[Story]:  # noqa: F811
    """With the state on SQLite and on PostgreSQL."""
    made = open_story(tmp_path / "brand", state_url)
    made.publish("cart_recall")
    yield made
    made.close()


def test_from_the_cart_to_the_reminder(story: Story) -> None:
    def answer(message: Message) -> Receipt:
        if message.to.get("openid") == "o-eve":
            return Receipt("refused", "not_follower", code="43004")
        if "external_userid" in message.to:
            return Receipt("task", provider_id=f"t{message.key}")
        return Receipt("sent", provider_id=f"p{message.key}")

    story.platform.answer = answer
    story.platform.told = lambda message, number: Receipt("sent", provider_id=number)
    story.person("ann", "oa", "sms")
    story.person("bob", "wecom")
    story.person("cat", "sms")
    story.person("dan", "oa")
    story.person("eve", "oa", "sms")
    story.on(minutes=1)
    for who in ("ann", "bob", "cat", "dan", "eve"):
        story.cart(who)
    story.on(minutes=10)
    assert story.runs("ann") == [("HELD", None)]
    story.event("mini", "dan", "order_paid", order_id="O-1", amount=129, items=ITEM)
    story.on(minutes=25)

    # What the hold looks out for comes before the exit by the same event: he never qualified.
    assert story.runs("dan") == [] and story.calls("dan") == []
    edges = story.ws.pool.query("SELECT edge FROM journey_steps WHERE customer_id = $who ORDER BY seq",
                                {"who": story.customer("dan")})  # fmt: skip
    assert edges.column("edge").to_pylist() == ["held", "not_qualified"]
    assert story.sent("ann") == [("wechat_oa", "ACCEPTED", None)]
    ((_, first),) = story.calls("ann")
    assert first.content["template_id"] == "CART_COUPON"
    assert story.code("ann") in json.dumps(first.content, ensure_ascii=False)
    assert "云柔纸尿裤" in json.dumps(first.content, ensure_ascii=False)
    assert [(channel, reason) for channel, _, reason in story.sent("cat")] == [
        ("wechat_oa", "not_follower"), ("wecom", "not_friend"), ("sms", None),
    ]  # fmt: skip
    assert [(channel, reason) for channel, _, reason in story.sent("eve")] == [
        ("wechat_oa", "not_follower"), ("wecom", "not_friend"), ("sms", None),
    ]  # fmt: skip
    assert story.sent("bob")[0] == ("wechat_oa", "SUPPRESSED", "not_follower")
    assert story.sent("bob")[1][0] == "wecom" and len(story.sent("bob")) == 2
    assert len({story.code(who) for who in ("ann", "bob", "cat", "eve")}) == 4, "everybody has a code of his own"

    story.on(hours=20)
    assert story.sent("bob")[1][1] in ("ACCEPTED", "DELIVERED"), "the associate has confirmed it"
    story.event("mini", "bob", "coupon_redeemed", coupon_code=story.code("bob"), order_id="O-2")
    story.on(minutes=1)
    assert story.runs("bob") == [("ENDED", "goal")]

    before = len(story.platform.calls)
    story.on(days=2)
    assert len(story.platform.calls) == before
    story.on(hours=4)
    assert [one.content["template_id"] for place, one in story.calls("ann") if place == "sms"] == ["CART_REMIND_SMS"]
    assert story.runs("ann") == [("ENDED", "completed")]
    assert not any(place == "sms" for place, _ in story.calls("bob")), "nobody is reminded who has redeemed"
    told = story.ws.pool.query("SELECT DISTINCT journey FROM events WHERE event = 'message_sent'").to_pylist()
    assert told == [{"journey": "cart_recall"}]
