"""Mails over the sandbox: sent with the real channel over SMTP, opened, clicked, unsubscribed, sent back."""

from __future__ import annotations

from datetime import timedelta

from tests.channels.cases import items_of

from onepool.channels import registry
from onepool.channels.base import Account, Message
from onepool.channels.connection import Connection
from onepool.clock import FakeClock, SystemClock
from onepool.collect import hooked
from onepool.sandbox import running as serving

from .loop import NOW, account, request_of, sandbox

MAIL = account(
    "email", sender="shop@brand.example", public_url="https://cdp.brand.example", tracking_secret="t",
    inbound_secret="in8ound",
)  # fmt: skip
CONTENT = {"subject": "上新", "html": '<p>看看 <a href="https://shop.example/new">新品</a></p>', "text": "新品"}


def _sent(url: str, to: str, key: str = "k1") -> tuple[str, str | None, str]:
    there = Account(MAIL.touchpoint, "email", MAIL.settings, {}, {"smtp": f"{url}/email/smtp"})
    connection = Connection(registry.channel("email"), there, SystemClock())
    receipt = connection.send(Message("marketing", {"email": to}, CONTENT, key))
    return receipt.state, receipt.reason, receipt.code


def test_a_mail_is_taken_opened_clicked_and_unsubscribed() -> None:
    clock = FakeClock(NOW)
    box = sandbox(MAIL, clock=clock)
    person = box.world.somebody("p1")
    with serving(box, "http://127.0.0.1:9") as url:
        assert _sent(url, person.email)[0] == "sent"
        assert _sent(url, "nobody@example.com") == ("refused", "bad_address", "550 5.1.1")
        assert _sent(url, "full@example.com")[0] == "retry"
    clock.advance(timedelta(minutes=1))
    box.turn()
    (mail,) = box.ledger.inbox()
    assert (mail["person"], mail["content"]["subject"]) == ("p1", "上新")
    for act, event in (("open", "message_read"), ("click", "message_clicked"), ("unsubscribe", "opted_out")):
        box.act(act, person="p1")
        ((pushed, outgoing),) = box.due()
        assert outgoing.path.startswith("/hooks/email/")
        request = request_of(outgoing)
        request = type(request)(request.method, outgoing.path.removeprefix("/hooks/email/"), *_rest(request))
        check = registry.channel("email").check
        assert check is not None
        reply = check(request, MAIL, NOW)
        assert reply.keep is not None
        items, broken = items_of(hooked.pushed(request, MAIL, NOW, reply.keep.plain))
        assert (items[0]["name"], broken) == (event, [])
        assert items[0]["ids"][0][2] == person.email
        box.concluded(pushed, (reply.status, reply.body))
    assert {one["accepted"] for one in box.ledger.lines(direction="out")} == {True}


def _rest(request: object) -> tuple[str, dict[str, str], bytes, str]:
    return tuple(getattr(request, name) for name in ("query", "headers", "body", "ip"))  # type: ignore[return-value]


def test_a_mail_that_comes_back_is_a_failure_of_its_address() -> None:
    clock = FakeClock(NOW)
    box = sandbox(MAIL, clock=clock, platforms={"email": {"arrives": 0.0}})
    with serving(box, "http://127.0.0.1:9") as url:
        assert _sent(url, "gone@example.com")[0] == "sent"
    clock.advance(timedelta(minutes=1))
    box.turn()
    entry = box.ledger.lines(direction="out")[-1]
    assert entry["what"] == "mail"
    assert box.ledger.inbox() == []
    ((_, outgoing),) = box.due()
    check = registry.channel("email").check
    assert check is not None
    reply = check(request_of(outgoing), MAIL, NOW)
    assert reply.keep is not None
    items, broken = items_of(hooked.pushed(request_of(outgoing), MAIL, NOW, reply.keep.plain))
    assert broken == []
    assert [(one["name"], one["ids"][0][2]) for one in items] == [("message_failed", "gone@example.com")]
