"""Messages on their way from the outbox to the platforms and back: claims, receipts, retries, unknown ones."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any

import pytest

from onepool.channels.base import Message, Receipt
from onepool.reach import claim, quotas
from onepool.reach.contents import Content, Contents
from onepool.reach.rules import SendPolicy

from .outbox import Outbox, calls_done

BOTH_STATES = True


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


@pytest.fixture
def maybe(outbox: Outbox) -> tuple[Outbox, int, int]:
    """A message that may have gone out and is to be called again, and when it was called."""
    outbox.person("an", "oa")
    outbox.settle()
    (number,) = outbox.plan(["an"], "oa", SendPolicy(unknown="resend"))
    outbox.platform.answer = lambda message: Receipt("unknown", "unknown")
    outbox.senders.step()
    assert outbox.state(number) == ("RETRY", "unknown")
    called = outbox.now
    outbox.clock.advance(timedelta(seconds=30))
    return outbox, number, called


def test_what_may_be_out_stays_so_through_calls_that_did_not_go_out(maybe: tuple[Outbox, int, int]) -> None:
    outbox, number, called = maybe
    outbox.platform.answer = lambda message: Receipt("retry", "transient")
    outbox.senders.step()
    assert len(outbox.platform.calls) == 2
    # It goes on counting for caps from its first call on, and platforms know it from there.
    assert (outbox.state(number), outbox.row(number).claimed) == (("RETRY", "unknown"), called)
    outbox.clock.advance(timedelta(microseconds=claim.RESEND_WITHIN) - timedelta(seconds=20))
    outbox.senders.step()
    assert len(outbox.platform.calls) == 2
    assert outbox.state(number) == ("UNKNOWN", "unknown")
    assert outbox.row(number).concluded == outbox.now


def test_a_refusal_does_not_take_back_what_may_be_out(maybe: tuple[Outbox, int, int]) -> None:
    outbox, number, _ = maybe
    outbox.platform.answer = lambda message: Receipt("refused", "refused", code="43004")
    outbox.senders.step()
    assert outbox.attempts(number) == ["unknown", "refused"]
    assert outbox.state(number) == ("UNKNOWN", "unknown")
    assert outbox.row(number).concluded == outbox.now


def faulty(contents: Contents, session: object, state: object, touchpoint: object, rows: Any) -> dict[int, Content]:
    return {row.send_id: Content({}, problem="no such field") for row in rows}


def used_up(connection: object, manifest: object, touchpoint: object, rows: Any, *rest: object) -> Collection[int]:
    return {row.send_id for row in rows}


@pytest.mark.parametrize(("place", "name", "instead"), [(Contents, "of", faulty), (quotas, "exceeded", used_up)])
def test_what_may_be_out_and_cannot_be_called_again_is_unknown(
    maybe: tuple[Outbox, int, int], monkeypatch: pytest.MonkeyPatch, place: Any, name: str, instead: Callable[..., Any]
) -> None:
    outbox, number, _ = maybe
    monkeypatch.setattr(place, name, instead)
    outbox.senders.step()
    assert len(outbox.platform.calls) == 1
    assert outbox.state(number) == ("UNKNOWN", "unknown")


def test_what_may_be_out_and_is_put_back_is_as_before(maybe: tuple[Outbox, int, int]) -> None:
    outbox, number, called = maybe
    outbox.senders._lanes.closing.set()
    outbox.senders.round()
    assert outbox.state(number)[0] == "CLAIMED"
    outbox.senders._finish()
    assert (outbox.state(number), outbox.row(number).claimed) == (("RETRY", "unknown"), called)
    assert (len(outbox.platform.calls), outbox.attempts(number)) == (1, ["unknown"])


def test_what_may_be_out_is_so_since_its_first_call_though_the_sender_dies(maybe: tuple[Outbox, int, int]) -> None:
    outbox, number, called = maybe

    def die(message: object) -> Receipt:
        raise SystemExit

    outbox.platform.answer = die
    senders = outbox.senders
    senders.round()
    calls_done(senders)
    assert outbox.row(number).claimed == outbox.now
    outbox.restart()
    outbox.senders.round()
    assert (outbox.state(number), outbox.row(number).claimed) == (("RETRY", "unknown"), called)
