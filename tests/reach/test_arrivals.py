"""Receipts that come back as events, in any order, once or twice; late ones undo nothing."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from onepool.channels.base import Receipt
from onepool.clock import to_micros
from onepool.reach import arrivals, unknown
from onepool.reach.claim import key_of
from onepool.reach.rules import SendPolicy
from onepool.reach.states import SendState
from onepool.state.outbox import sends
from onepool.state.schema import short_links

from .outbox import Outbox, calls_done


@pytest.fixture
def sent(outbox: Outbox) -> tuple[Outbox, int]:
    outbox.person("an", "oa", "sms")
    outbox.settle()
    (number,) = outbox.plan(["an"], "oa")
    outbox.senders.step()
    outbox.settle()
    return outbox, number


def told(outbox: Outbox, name: str, **fields: Any) -> None:
    """The platform tells of a message; then the tick comes."""
    outbox.event("oa", name, {"openid": "o-an"}, **fields)
    outbox.settle()
    fold(outbox)


def fold(outbox: Outbox) -> int:
    with outbox.workspace.pool.read() as session, outbox.workspace.state.write() as connection:
        return arrivals.fold(session, connection, -1, 1 << 60, outbox.now)


@pytest.mark.parametrize(
    "order", list(itertools.permutations(("message_delivered", "message_read", "message_clicked")))
)
def test_whatever_the_order_the_furthest_stays(sent: tuple[Outbox, int], order: tuple[str, ...]) -> None:
    outbox, number = sent
    for name in order:
        by = str(number) if name == "message_clicked" else f"p{key_of(number)}"
        told(outbox, name, message_id=by)
    assert outbox.state(number) == ("CLICKED", None)
    row = outbox.row(number)
    assert None not in (row.delivered, row.read, row.clicked)
    before = tuple(row[:-1])
    fold(outbox)
    assert tuple(outbox.row(number)[:-1]) == before


def test_a_bounce_is_told_of_what_was_accepted_and_gives_the_caps_place_back(sent: tuple[Outbox, int]) -> None:
    outbox, number = sent
    told(outbox, "message_failed", message_id=f"p{key_of(number)}", failure_reason="refused", failure_code="block")
    assert outbox.state(number) == ("BOUNCED", "refused")
    assert outbox.row(number).code == "block"


def test_a_late_success_after_the_chain_went_on_is_written_down(sent: tuple[Outbox, int]) -> None:
    outbox, number = sent
    with outbox.workspace.state.write() as connection:
        given_up = {"state": int(SendState.FAILED), "reason": "staff_timeout", "concluded": 5, "told": True}
        connection.execute(update(sends).where(sends.c.send_id == number).values(**given_up))
    told(outbox, "message_delivered", message_id=f"p{key_of(number)}")
    row = outbox.row(number)
    assert (outbox.state(number)[0], row.concluded, row.told) == ("DELIVERED", 5, True)


def test_a_sender_that_died_before_it_wrote_down_is_caught_up_with(outbox: Outbox) -> None:
    outbox.person("an", "oa")
    outbox.settle()
    (number,) = outbox.plan(["an"], "oa")
    senders = outbox.senders
    senders.round()
    calls_done(senders)
    _, account, (result,) = senders._results.get()
    # The receipt is in the log; then it dies.
    outbox.workspace.log.append([senders._told(account, result.claimed.message, result.receipt, "welcome")])
    outbox.restart()
    outbox.settle()
    fold(outbox)
    assert outbox.state(number) == ("ACCEPTED", None)
    assert outbox.senders.step() == 0
    assert len(outbox.platform.calls) == 1


def test_arrivals_are_told_to_short_links(sent: tuple[Outbox, int]) -> None:
    outbox, number = sent
    with outbox.workspace.state.write() as connection:
        connection.execute(
            short_links.insert().values(
                code="abcdefgh", url="https://x.test/", touchpoint="oa", channel="wechat_oa", id_type="", id_scope="",
                id_value="", message_id=str(number), campaign="", created=0, expires=to_micros(outbox.clock.now()) * 2,
            )
        )  # fmt: skip
    told(outbox, "message_delivered", message_id=f"p{key_of(number)}")
    with outbox.workspace.state.read() as connection:
        assert connection.execute(select(short_links.c.arrived)).scalar_one() is not None


def test_people_decide_about_unknown_messages(outbox: Outbox) -> None:
    for name in ("an", "bo", "cy"):
        outbox.person(name, "sms")
    outbox.settle()
    outbox.platform.answer = lambda message: Receipt("unknown", "unknown")
    numbers = outbox.plan(["an", "bo", "cy"], "sms", SendPolicy(unknown="drop"))
    outbox.senders.step()
    assert {outbox.state(one) for one in numbers} == {("UNKNOWN", "unknown")}
    with outbox.workspace.state.write() as connection:
        for number, decision in zip(numbers, ("resend", "sent", "drop"), strict=True):
            assert unknown.decide(connection, [number], decision, "mei", outbox.now) == [number]  # type: ignore[arg-type]
        assert unknown.decide(connection, numbers, "drop", "mei", outbox.now) == []
    outbox.platform.answer = lambda message: Receipt("sent", provider_id=message.key)
    outbox.clock.advance(timedelta(minutes=10))
    outbox.senders.step()
    assert [outbox.state(one)[0] for one in numbers] == ["ACCEPTED", "ACCEPTED", "FAILED"]


def test_a_number_that_several_messages_share_says_of_none_of_them_that_it_arrived(sent: tuple[Outbox, int]) -> None:
    outbox, number = sent
    outbox.person("bo", "oa")
    outbox.settle()
    (other,) = outbox.plan(["bo"], "oa")
    outbox.senders.step()
    with outbox.workspace.state.write() as connection:
        connection.execute(update(sends).values(provider_id="msg1"))
    told(outbox, "message_delivered", message_id="msg1")
    assert [outbox.state(one)[0] for one in (number, other)] == ["ACCEPTED", "ACCEPTED"]
