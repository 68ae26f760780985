"""Messages on their way from the outbox to the platforms and back: claims, receipts, retries, unknown ones."""

from __future__ import annotations

import threading
from datetime import timedelta

from onepool.channels.base import Message, Receipt
from onepool.reach.rules import SendPolicy

from .outbox import Outbox, calls_done


def test_a_message_is_claimed_sent_and_told(outbox: Outbox) -> None:
    outbox.person("an", "oa")
    outbox.settle()
    (number,) = outbox.plan(["an"], "oa")
    assert outbox.state(number) == ("QUEUED", None)
    assert outbox.senders.step() == 1
    assert outbox.state(number) == ("ACCEPTED", None)
    ((touchpoint, message),) = outbox.platform.calls
    assert (touchpoint, message.to, message.content["template_id"]) == ("oa", {"openid": "o-an"}, "T1")
    outbox.settle()
    told = outbox.workspace.pool.query("SELECT event, journey, message_id FROM events WHERE event = 'message_sent'")
    assert told.to_pylist() == [{"event": "message_sent", "journey": "welcome", "message_id": f"p{message.key}"}]
    assert outbox.senders.step() == 0


def test_a_refusal_is_final_and_a_transient_failure_is_tried_again(outbox: Outbox) -> None:
    outbox.person("an", "oa")
    outbox.settle()
    (number,) = outbox.plan(["an"], "oa")
    outbox.platform.answer = lambda message: Receipt("retry", "transient", after=10.0)
    outbox.senders.step()
    assert outbox.state(number) == ("RETRY", "transient")
    outbox.clock.advance(timedelta(seconds=30))
    outbox.platform.answer = lambda message: Receipt("refused", "not_follower", code="43004")
    outbox.senders.step()
    assert outbox.state(number) == ("FAILED", "not_follower")
    assert outbox.attempts(number) == ["retry", "refused"]
    assert outbox.row(number).concluded == outbox.now


def test_who_has_no_address_or_said_no_gets_nothing(outbox: Outbox) -> None:
    outbox.person("an", "sms")
    outbox.person("bo", "oa", consents=False)
    outbox.settle()
    (an,), (bo,), (wecom,) = outbox.plan(["an"], "oa"), outbox.plan(["bo"], "oa"), outbox.plan(["an"], "wecom")
    assert outbox.state(an) == ("SUPPRESSED", "not_follower")
    assert outbox.state(bo) == ("SUPPRESSED", "no_consent")
    assert outbox.state(wecom) == ("SUPPRESSED", "not_friend")
    assert outbox.senders.step() == 0


def test_a_withdrawal_after_planning_is_seen_by_the_claim(outbox: Outbox) -> None:
    outbox.person("an", "oa")
    outbox.settle()
    (number,) = outbox.plan(["an"], "oa")
    outbox.event("oa", "unfollowed", {"openid": "o-an"})
    outbox.settle()
    outbox.senders.step()
    assert outbox.state(number) == ("SUPPRESSED", "not_follower")
    assert outbox.platform.calls == []


def test_a_platform_that_does_not_answer_holds_up_nobody_else(outbox: Outbox) -> None:
    for name in ("an", "bo", "cy"):
        outbox.person(name, "oa", "sms")
    outbox.settle()
    hanging = outbox.plan(["an", "bo", "cy"], "oa")
    (other,) = outbox.plan(["an"], "sms")
    answered = threading.Event()

    def answer(message: Message) -> Receipt:
        if "openid" in message.to:
            assert answered.wait(60)
        return Receipt("sent", provider_id=f"p{message.key}")

    outbox.platform.answer = answer
    senders = outbox.senders
    senders.round()
    while outbox.state(other)[0] == "CLAIMED" and senders._wake.wait(60):
        senders._wake.clear()
        senders.round()
    assert outbox.state(other) == ("ACCEPTED", None)
    assert {outbox.state(one)[0] for one in hanging} == {"CLAIMED"}
    answered.set()
    senders.step()
    assert {outbox.state(one)[0] for one in hanging} == {"ACCEPTED"}


def test_what_a_dead_sender_left_is_unknown_and_follows_its_policy(outbox: Outbox) -> None:
    for name in ("an", "bo"):
        outbox.person(name, "oa", "sms")
    outbox.settle()
    (resent,) = outbox.plan(["an"], "oa", SendPolicy(unknown="resend"))
    (dropped,) = outbox.plan(["bo"], "sms", SendPolicy(unknown="drop"))

    def die(message: object) -> Receipt:
        raise SystemExit

    outbox.platform.answer = die
    senders = outbox.senders
    senders.round()
    calls_done(senders)
    assert {outbox.state(one)[0] for one in (resent, dropped)} == {"CLAIMED"}
    outbox.restart()
    outbox.platform.answer = lambda message: Receipt("sent", provider_id="x")
    outbox.senders.step()
    assert outbox.state(dropped) == ("UNKNOWN", "unknown")
    assert outbox.row(dropped).concluded is not None
    assert outbox.state(resent)[0] == "RETRY"
    outbox.clock.advance(timedelta(minutes=1))
    outbox.senders.step()
    assert outbox.state(resent) == ("ACCEPTED", None)
    keys = [message.key for touchpoint, message in outbox.platform.calls if touchpoint == "oa"]
    assert len(keys) == 2 and len(set(keys)) == 1
