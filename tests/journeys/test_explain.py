"""Why a customer got it or not: every reason has words, every decision is told in order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from sqlalchemy import insert, select, update
from tests.journeys.story import Story, open_story
from tests.reach.outbox import MESSAGE

from onepool.audience.catalog import load_catalog
from onepool.channels.base import Message, Receipt
from onepool.channels.base.receipts import Reason
from onepool.clock import to_micros
from onepool.journeys import store
from onepool.journeys.executor.reentry import WHYS
from onepool.journeys.explain import words
from onepool.journeys.explain.counted import Counted, over
from onepool.journeys.explain.why import Why, why
from onepool.journeys.results.runs import STATES
from onepool.reach.rules import DAY, Cap, ContactPolicy, SendPolicy
from onepool.reach.states import SendState
from onepool.state.outbox import sends

BODY: dict[str, Any] = {
    "journey": "greet",
    "entry": {
        "did": "cart_added", "at": {"channel": "wechat_mini"}, "where": {"product_id": {"is": "MY0003"}},
        "reentry": {"when": "after_exit", "cooldown": "7 days"},
    },
    "experiment": {"respect_global_control": False},
    "policy": {"caps": [{"count": 1, "per": "rolling 7 days", "scope": "journey"}], "expire_after": "2 days"},
    "max_life": "10 days",
    "start": "first",
    "nodes": {
        "first": {
            "do": "send", "message": "hello",
            "chain": [{"channel": "wechat_oa", "template": "OA", "next_on": ["not_follower", "refused"]},
                      {"channel": "sms", "template": "SMS"}],
            "next": "again", "else": "done",
        },
        "again": {"do": "send", "message": "hello", "chain": [{"channel": "sms"}], "next": "done", "else": "done"},
        "done": {"do": "end", "as": "completed"},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    made = open_story(tmp_path_factory.mktemp("explain") / "brand")
    made.ws.save("message", "hello", MESSAGE, author="test")
    made.ws.save("journey", "greet", BODY, author="test")
    store.publish(made.ws, made.clock, "greet", author="test", may_approve=True)

    def answer(message: Message) -> Receipt:
        if message.to.get("openid") == "o-bob":
            return Receipt("refused", "refused", code="43101")
        return Receipt("sent", provider_id=message.key)

    made.platform.answer = answer
    made.person("ann", "oa", "sms")
    made.person("bob", "oa", "sms")
    made.person("cat")
    made.person("dan", "oa")
    made.person("eve", "sms")
    made.on(minutes=1)
    for who in ("ann", "bob", "cat"):
        made.cart(who)
    made.event("mini", "dan", "cart_added", product_id="MY0009", price=1)
    made.on(minutes=5)
    made.cart("ann")
    made.on(minutes=5)
    yield made
    made.close()


def told(story: Story, who: str) -> Why:
    with story.ws.pool.read() as session, story.ws.state.read() as connection:
        (one,) = why(session, connection, story.ws, load_catalog(story.ws).context, story.customer(who), "greet")
    return one


def test_every_reason_has_words() -> None:
    for reason in get_args(Reason):
        said = words.reason_words(reason)
        assert said["zh"] and said["en"] and said["zh"] != reason != said["en"]
    assert set(WHYS) | {"eligible"} <= set(words.REFUSED)
    assert {state.name.lower() for state in SendState} == set(words.STATES)
    assert set(STATES) >= {"live", "held", "ended"}


def test_who_got_it(story: Story) -> None:
    found = told(story, "ann")
    assert found.answer == {"zh": "收到了，通过微信公众号", "en": "got it over WeChat Official Account"}
    (run,) = found.runs
    kinds = [one.kind for one in run.steps]
    assert kinds[0] == "entry" and kinds[-1] == "end" and "attempt" in kinds
    assert [one.at for one in run.steps] == sorted(one.at for one in run.steps)
    # The second cart came too early.
    assert [one.reason for one in found.not_started] == ["cooldown"]


def test_a_cap_names_the_messages_that_counted(story: Story) -> None:
    (run,) = told(story, "ann").runs
    (capped,) = [one for one in run.steps if one.reason == "capped" and one.send_id is not None]
    (counted,) = capped.counted
    assert (counted.journey, counted.channel, counted.category) == ("greet", "wechat_oa", "promotion")
    assert counted.at <= capped.at


def test_calls_with_the_platforms_code(story: Story) -> None:
    (run,) = told(story, "bob").runs
    (call, *_) = [one for one in run.steps if one.kind == "attempt"]
    assert "43101" in call.what["en"] and call.reason == "refused"
    assert [one.channel for one in run.steps if one.kind == "attempt"] == ["wechat_oa", "sms"]


def test_who_did_not(story: Story) -> None:
    found = told(story, "cat")
    assert found.answer["en"] == "did not get it: has no live address"
    reasons = {one.reason for one in found.runs[0].steps}
    assert {"not_follower", "bad_address"} <= reasons


def test_who_never_entered(story: Story) -> None:
    found = told(story, "dan")
    assert found.runs == [] and [one.reason for one in found.not_started] == ["where"]
    assert found.not_started[0].what["en"] == "the event did not match: Product ID"
    assert found.now == {"zh": "符合资格，等待触发", "en": "may enter: waits for what starts it"}
    assert told(story, "eve").answer["en"] == "did not enter: nothing happened that starts it"


@pytest.mark.parametrize("reason", get_args(Reason))
def test_each_reason_is_told(story: Story, reason: str) -> None:
    """A message that was not sent says why, whatever the reason."""
    (run,) = told(story, "cat").runs
    with story.ws.state.write() as connection:
        row = dict(connection.execute(select(sends).where(sends.c.run_id == run.run_id)).mappings().first() or {})
        number = 1 + hash(reason) % 1_000_000
        at = to_micros(story.clock.now())
        row |= {"send_id": number, "state": int(SendState.SUPPRESSED), "reason": reason, "concluded": at}
        connection.execute(insert(sends).values(**row))
    (again,) = told(story, "cat").runs
    (one,) = [step for step in again.steps if step.send_id == number]
    assert one.reason == reason and words.REASONS[reason][0] in one.what["zh"]
    with story.ws.state.write() as connection:
        connection.execute(update(sends).where(sends.c.send_id == number).values(run_id=None))


def test_which_messages_fill_a_cap() -> None:
    def message(number: int, at: int, channel: str = "sms", category: str = "promotion") -> Counted:
        return Counted(number, at, "j", channel, category)

    now = 100 * DAY
    past = [message(1, now - 8 * DAY), message(2, now - 3 * DAY), message(3, now - DAY, "wechat_oa")]
    past.append(message(4, now - DAY, category="transactional"))
    contact = ContactPolicy()
    by_category = SendPolicy(caps=(Cap(2, 7 * DAY, "category"),))
    assert [one.send_id for one in over(message(9, now), past, by_category, contact, "Asia/Shanghai")] == [2, 3]
    by_channel = SendPolicy(caps=(Cap(1, 7 * DAY, "channel"),))
    assert [one.send_id for one in over(message(9, now), past, by_channel, contact, "Asia/Shanghai")] == [2]
    roomy = SendPolicy(caps=(Cap(3, 7 * DAY, "all"),))
    assert over(message(9, now), past, roomy, contact, "Asia/Shanghai") == []
