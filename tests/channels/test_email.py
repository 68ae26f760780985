"""E-mail: what goes out over a real SMTP server, what comes back, and that nobody can forge a link."""

from __future__ import annotations

import asyncio
import base64
import email
import hashlib
import hmac
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import dkim
import pytest
from aiosmtplib import SMTP, SMTPConnectResponseError
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.channels import cases
from tests.channels.mails import arf, dsn, running_mailbox

from onepool.channels import registry
from onepool.channels.base import Account, Answer, Keep, Message, PullFailed, Receipt, Refused, Reply, Request
from onepool.channels.connection import Connection, run
from onepool.channels.email.compose import address, compose, plain
from onepool.channels.email.tokens import Token, mark, seal, unseal
from onepool.clock import FakeClock
from onepool.collect import hooked

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
EMAIL = registry.channel("email")
SETTINGS = {
    "smtp_host": "127.0.0.1", "security": "none", "sender": "shop@brand.example", "sender_name": "棉屿生活",
    "public_url": "https://cdp.brand.example/", "tracking_secret": "tr4cking", "inbound_secret": "in8ound",
    "webhook_secret": "h00k", "unsubscribe_mailbox": "leave@brand.example", "bounce_address": "bounces@brand.example",
}  # fmt: skip
SOMEONE = "someone@example.com"
HTML = (
    "<html><body><p>您好</p><a class=\"x\" HREF='https://shop.example/p?a=1&amp;b=中'>看看</a> "
    '<a href="mailto:x@y.example">写信</a> <a href="{{unsubscribe_url}}">退订</a></body></html>'
)


def _account(**settings: Any) -> Account:
    return cases.Table("email", {"account": {**SETTINGS, **settings}}).account({})


def _message(kind: str = "marketing", to: str = "Wang.Xiao+1@客户.example", **content: Any) -> Message:
    return Message(
        kind, {"email": to}, {"subject": "新品到店 😀", "html": HTML, "campaign": "spring", **content}, "key-1"
    )


def _ours(email: str, secret: str = SETTINGS["tracking_secret"]) -> str:
    """The Message-ID of a mail that was sent to this address."""
    return f"abc123.{mark('abc123', email, secret)}@brand.example"


def _send(message: Message, account: Account) -> Receipt:
    connection = Connection(EMAIL, account, FakeClock(NOW))
    try:
        return connection.send(message)
    finally:
        connection.close()


def _ask(method: str, url: str, body: bytes = b"", account: Account | None = None, **headers: str) -> Reply:
    assert EMAIL.check is not None
    rest = re.sub(r"^https://cdp\.brand\.example/hooks/tp/", "", url)
    return EMAIL.check(Request(method, rest, "", headers, body, "203.0.113.9"), account or _account(), NOW)


def _items(
    reply: Reply, agent: str = "Mozilla/5.0 (Windows NT 10.0)", rest: str = "x", body: bytes = b""
) -> tuple[list[dict[str, Any]], list[str]]:
    assert reply.keep is not None
    request = Request("GET", rest, "", {"user-agent": agent}, body, "203.0.113.9")
    return cases.items_of(hooked.pushed(request, _account(), NOW, reply.keep.plain))


def test_a_mail_as_it_arrives() -> None:
    with running_mailbox() as box:
        receipt = _send(_message(), _account(smtp_port=box.port))
        number = hashlib.sha256(b"key-1").hexdigest()[:24]
        number = f"{number}.{mark(number, 'Wang.Xiao+1@xn--ubt06m.example', 'tr4cking')}"
        assert receipt == Receipt("sent", code="250 2.0.0", provider_id=f"{number}@brand.example")
        ((sender, recipients, raw),) = box.mails
        mail = box.last()
    assert (sender, recipients) == ("bounces@brand.example", ["Wang.Xiao+1@xn--ubt06m.example"])
    assert raw.isascii() and max(map(len, raw.split(b"\r\n"))) < 998
    assert str(mail["from"]) == "棉屿生活 <shop@brand.example>" and str(mail["subject"]) == "新品到店 😀"
    assert f"\r\nMessage-ID: <{number}@brand.example>\r\nX-OnePool-Message: {number}\r\n".encode() in raw
    assert mail["message-id"] == f"<{number}@brand.example>" and mail["date"].datetime == NOW
    assert mail["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    ways = [way.strip() for way in str(mail["list-unsubscribe"]).split(",")]
    assert ways[0].startswith("<https://cdp.brand.example/hooks/tp/unsubscribe/") and ways[1].startswith(
        "<mailto:leave@"
    )
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None and html is not None
    assert "看看 (https://shop.example/p?a=1&b=中)" in text.get_content() and "{{" not in html.get_content()
    assert "shop.example" not in html.get_content() and "mailto:x@y.example" in html.get_content()
    assert html.get_content().count("/hooks/tp/click/") == 1 and html.get_content().count("/hooks/tp/open/") == 1
    assert "Wang" not in html.get_content(), "the address stands in no link in clear"


def test_a_server_that_greets_with_a_refusal_says_nothing_of_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused(self: SMTP, **more: Any) -> Any:
        raise SMTPConnectResponseError(554, "your IP is on a list")

    monkeypatch.setattr(SMTP, "connect", refused)
    receipt = _send(_message(to="a@b.example"), _account())
    assert (receipt.state, receipt.reason, receipt.account) == ("refused", "account_error", True)


@pytest.mark.parametrize("campaign", ["spring", "春" * 200])
def test_the_list_headers_are_addresses_in_plain_words(campaign: str) -> None:
    # RFC 8058: a mailbox provider reads the header as it stands; encoded words (RFC 2047) are no address to it.
    mail = compose(_message(campaign=campaign), _account(), NOW)
    head = mail.raw.partition(b"\r\n\r\n")[0].decode("ascii")
    assert max(map(len, head.split("\r\n"))) <= 998
    (line,) = re.findall(r"(?m)^List-Unsubscribe: ([^\r\n]*(?:\r\n[ \t][^\r\n]*)*)", head)
    ways = re.fullmatch(r"<(https://[^<>\s]+)>, <(mailto:[^<>\s]+)>", re.sub(r"\r\n[ \t]", " ", line))
    assert ways is not None, line
    assert re.search(r"(?m)^List-Unsubscribe-Post: List-Unsubscribe=One-Click\r?$", head)
    reply = _ask("POST", ways[1], b"List-Unsubscribe=One-Click")
    ((item,), _) = _items(reply)
    assert (item["name"], item["ids"]) == ("opted_out", [["email", "", mail.recipient]])
    words = unquote(ways[2].partition("?subject=")[2])
    reply = _ask("POST", "inbound/in8ound", f"From: x@y.example\r\nSubject: {words}\r\n\r\n".encode())
    assert _items(reply)[0][0]["name"] == "opted_out"


def test_every_link_does_what_it_says() -> None:
    content = compose(_message(), _account(), NOW)
    html = email.message_from_bytes(content.raw).get_payload()[1].get_payload(decode=True).decode()  # type: ignore[union-attr,index]
    click = re.search(r"https://cdp[^\"']+/click/[^\"']+", html)
    point = re.search(r"https://cdp[^\"']+/open/[^\"']+", html)
    leave = re.search(r"https://cdp[^\"']+/unsubscribe/[^\"']+", html)
    assert click is not None and point is not None and leave is not None
    known = {"message_id": content.message_id, "message_channel": "email", "campaign": "spring"}

    reply = _ask("GET", click[0])
    assert (reply.status, dict(reply.headers)["location"]) == (302, "https://shop.example/p?a=1&b=%E4%B8%AD")
    ((item,), _) = _items(reply)
    assert (item["name"], item["ids"]) == ("message_clicked", [["email", "", content.recipient]])
    assert item["fields"] == {**known, "link_url": "https://shop.example/p?a=1&b=中", "bot": False, "ip": "203.0.113.9",
                              "user_agent": "Mozilla/5.0 (Windows NT 10.0)"}  # fmt: skip
    assert _items(reply, agent="Barracuda Sentinel (EE)")[0][0]["fields"]["bot"] is True

    reply = _ask("GET", point[0])
    assert (reply.status, reply.content_type, reply.body[:6]) == (200, "image/gif", b"GIF89a")
    for agent, proxy in (
        ("Mozilla/5.0 (Windows NT 10.0) Outlook", False),
        ("Mozilla/5.0", True),
        ("Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)", True),
    ):
        assert _items(reply, agent=agent)[0][0]["fields"]["is_proxy"] is proxy

    asked = _ask("GET", leave[0])
    assert asked.status == 200 and asked.keep is None and b"<form method=post>" in asked.body
    for body, method in ((b"List-Unsubscribe=One-Click", "one_click"), (b"confirm=1", "page")):
        reply = _ask("POST", leave[0], body)
        ((item,), _) = _items(reply)
        assert (reply.status, item["name"], item["ids"]) == (200, "opted_out", [["email", "", content.recipient]])
        assert item["fields"] == {**known, "method": method}


def test_unsubscribing_by_mail() -> None:
    text = seal(Token("a@b.example", "m1"), "unsubscribe", "tr4cking", 1)
    for subject in (f"unsubscribe {text}", f"UNSUBSCRIBE\r\n {text}"):
        reply = _ask("POST", "inbound/in8ound", f"From: x@y.example\r\nSubject: {subject}\r\n\r\nbye".encode())
        ((item,), _) = _items(reply)
        assert (item["name"], item["ids"]) == ("opted_out", [["email", "", "a@b.example"]])
    raw = f"Subject: unsubscribe {text[:-4]}AAAA\r\n\r\n".encode()
    forged = _ask("POST", "inbound/in8ound", raw)
    assert _items(forged, rest="inbound/***", body=raw) == ([], ["email.no_report"])


@pytest.mark.parametrize("purpose", ["open", "click", "unsubscribe"])
def test_a_token_that_is_not_ours_does_nothing(purpose: Any) -> None:
    good = seal(Token("a@b.example", "m1", url="https://evil.example/"), purpose, "tr4cking", 1)
    other: Any = "open" if purpose != "open" else "click"
    others = [
        seal(Token("a@b.example", url="https://evil.example/"), purpose, "other", 1),
        seal(Token("a@b.example", url="https://evil.example/"), other, "tr4cking", 1),
        good[:-6] + ("A" * 6 if not good.endswith("A" * 6) else "B" * 6),
        good[: len(good) // 2],
        "x" * 100, "", "../../etc", "é" * 100,
    ]  # fmt: skip
    for text in others:
        for method in ("GET", "POST"):
            reply = _ask(method, f"{purpose}/{text}")
            assert reply.status == 404 and reply.keep is None and "location" not in dict(reply.headers)
    assert unseal(good, purpose, "tr4cking") is not None
    assert unseal(good, purpose, "") is None


def test_a_click_leads_to_web_pages_only() -> None:
    for url in ("javascript:alert(1)", "//evil.example", "https://a.example/\r\nX: y", ""):
        reply = _ask("GET", f"click/{seal(Token('a@b.example', url=url), 'click', 'tr4cking', 1)}")
        assert reply.status == 404 and reply.keep is None


def test_two_mails_of_one_person_have_no_token_in_common() -> None:
    assert seal(Token("a@b.example"), "open", "s", 1) != seal(Token("a@b.example"), "open", "s", 1)


@pytest.mark.parametrize(
    ("content", "to", "code"),
    [
        ({"subject": "hi\r\nBcc: all@brand.example"}, "a@b.example", "content"),
        ({"subject": "hi\nX: y"}, "a@b.example", "content"),
        ({"subject": ""}, "a@b.example", "content"),
        ({"html": ""}, "a@b.example", "content"),
        ({}, "a@b.example\r\nBcc: c@d.example", "email"),
        ({}, "a@b.example, c@d.example", "email"),
        ({}, "Wang <a@b.example>", "email"),
        ({}, "a@b", "email"),
        ({}, "a b@c.example", "email"),
        ({}, "", "email"),
        ({}, "@b.example", "email"),
        ({}, f"{'a' * 65}@b.example", "email"),
    ],
)
def test_nothing_breaks_out_of_its_header(content: dict[str, Any], to: str, code: str) -> None:
    receipt = _send(_message(to=to, **content), _account(smtp_port=1))
    assert (receipt.state, receipt.code) == ("refused", code)


def test_a_name_with_breaks_stays_in_its_header() -> None:
    raw = compose(_message(), _account(sender_name="棉屿\r\nBcc: all@brand.example"), NOW).raw
    mail = email.message_from_bytes(raw)
    assert mail["bcc"] is None and mail["to"] == "Wang.Xiao+1@xn--ubt06m.example"


def test_what_a_marketing_mail_needs() -> None:
    assert _send(_message(), _account(public_url="")).reason == "account_error"
    assert _send(_message(), _account(tracking_secret="")).reason == "account_error"
    assert _send(_message(), _account(sender="")).reason == "account_error"
    assert _send(_message(), _account(smtp_host="")).reason == "account_error"
    raw = compose(_message("transactional", html="<a href='https://a.example'>x</a>"), _account(public_url=""), NOW).raw
    mail = email.message_from_bytes(raw)
    assert mail["list-unsubscribe"] is None
    raw = compose(_message(track=False), _account(), NOW).raw
    assert b"open/" not in email.message_from_bytes(raw).get_payload()[1].get_payload(decode=True)  # type: ignore[union-attr,index,operator]


def test_dkim_as_another_library_verifies_it() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
    account = _account(dkim_selector="s1", dkim_key=pem)
    with running_mailbox() as box:
        assert _send(_message(), replace(account, settings={**account.settings, "smtp_port": box.port})).state == "sent"
        raw = box.mails[0][2]
    assert dkim.verify(raw, dnsfunc=lambda name, timeout=5: record if name == b"s1._domainkey.brand.example." else b"")
    assert not dkim.verify(raw.replace(b"List-Unsubscribe=One-Click", b"List-Unsubscribe=Two-Click"),
                           dnsfunc=lambda name, timeout=5: record)  # fmt: skip
    assert _send(_message(), _account(dkim_selector="s1", dkim_key="nonsense")).reason == "account_error"


def test_what_the_server_says_and_what_it_means() -> None:
    with running_mailbox() as box:
        account = _account(smtp_port=box.port)
        for answer, wanted in (
            ("550 5.1.1 no such user", ("refused", "bad_address", "550 5.1.1")),
            ("550 5.7.1 blocked", ("refused", "refused", "550 5.7.1")),
            ("450 4.2.0 greylisted", ("retry", "transient", "450 4.2.0")),
        ):
            box.refuse = {"a@b.example": answer}
            receipt = _send(_message(to="a@b.example"), account)
            assert (receipt.state, receipt.reason, receipt.code) == wanted
        box.refuse = {"DATA": "554 5.7.1 spam"}
        assert _send(_message(to="a@b.example"), account).reason == "refused"
        # What is said of the sender or of the mail ends nobody's address.
        for refuse, wanted in (
            ({"MAIL": "553 Mail from must equal authorized user"}, ("account_error", True)),
            ({"MAIL": "550 5.7.1 your IP is blocked"}, ("account_error", True)),
            ({"MAIL": "550 5.1.8 bad sender"}, ("account_error", True)),
            ({"a@b.example": "550 5.1.7 bad sender"}, ("account_error", True)),
            ({"DATA": "550 Mail content denied"}, ("refused", False)),
            ({"DATA": "550 Ip frequency limited"}, ("refused", False)),
            ({"DATA": "552 too large"}, ("over_limit", False)),
            ({"a@b.example": "550 no such user"}, ("bad_address", False)),
            ({"a@b.example": "550 5.2.0 not now"}, ("refused", False)),
        ):
            box.refuse = refuse
            receipt = _send(_message(to="a@b.example"), account)
            assert (receipt.state, receipt.reason, receipt.account) == ("refused", *wanted), refuse
    assert box.mails == []
    gone = _send(_message(to="a@b.example"), account)  # the server is stopped
    assert (gone.state, gone.reason) == ("retry", "transient")


@pytest.mark.filterwarnings("ignore:Requiring AUTH:UserWarning")
def test_login_and_the_test_button() -> None:
    assert EMAIL.attempt is not None
    with running_mailbox(login=(b"shop", b"pw")) as box:
        good = _account(smtp_port=box.port, username="shop", password="pw")
        assert _send(_message(to="a@b.example"), good).state == "sent"
        EMAIL.attempt(good)
        bad = _account(smtp_port=box.port, username="shop", password="other")
        receipt = _send(_message(to="a@b.example"), bad)
        assert (receipt.reason, receipt.account, receipt.code) == ("account_error", True, "535")
        with pytest.raises(PullFailed, match="password"):
            EMAIL.attempt(bad)
        starttls = _account(smtp_port=box.port, security="starttls")
        assert _send(_message(to="a@b.example"), starttls).state == "retry", "never in clear where TLS is wanted"
    with pytest.raises(PullFailed):
        EMAIL.attempt(good)
    with pytest.raises(PullFailed):
        EMAIL.attempt(_account(smtp_host=""))


def test_from_within_a_running_loop_too() -> None:
    async def work() -> int:
        async def inner() -> int:
            await asyncio.sleep(0)
            return 7

        return run(inner())

    assert asyncio.run(work()) == 7


def test_a_connection_that_breaks_after_the_mail_leaves_it_open(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(self: SMTP, raw: bytes, **more: Any) -> Any:
        raise ConnectionResetError

    monkeypatch.setattr(SMTP, "data", broken)
    with running_mailbox() as box:
        receipt = _send(_message(to="a@b.example"), _account(smtp_port=box.port))
    assert (receipt.state, receipt.reason) == ("unknown", "unknown") and receipt.provider_id


@pytest.mark.parametrize(
    ("action", "status", "words", "wanted"),
    [
        ("failed", "5.1.1", "550 5.1.1 <a@b.example> unknown", ("message_failed", "hard", "bad_address")),
        ("failed", "5.7.1", "550 blocked", ("message_failed", "blocked", "refused")),
        ("failed", "5.1.8", "553 5.1.8 sender", ("message_failed", "blocked", "account_error")),
        ("failed", "5.2.0", "550 5.2.0 rejected", ("message_failed", "blocked", "refused")),
        ("failed", "5.2.1", "550 5.2.1 closed", ("message_failed", "hard", "bad_address")),
        ("failed", "5.3.0", "554 5.3.0 system", ("message_failed", "blocked", "unknown")),
        ("failed", "5.4.4", "no such host", ("message_failed", "hard", "bad_address")),
        ("failed", "5.4.7", "expired", ("message_failed", "soft", "transient")),
        ("failed", "5.6.1", "media", ("message_failed", "blocked", "template_error")),
        ("failed", "", "554 looks like spam", ("message_failed", "blocked", "refused")),
        ("failed", "", "no words", ("message_failed", "blocked", "unknown")),
        ("failed", "4.4.7", "expired", ("message_failed", "soft", "transient")),
        ("failed", "5.2.2", "mailbox full", ("message_failed", "soft", "over_limit")),
        ("failed", "", "550 no such user", ("message_failed", "hard", "bad_address")),
        ("delivered", "2.0.0", "250 ok", ("message_delivered", None, None)),
        ("delayed", "4.4.1", "later", ("email.delayed", None, None)),
        ("expanded", "2.0.0", "list", ("email.report", None, None)),
    ],
)
def test_bounces(action: str, status: str, words: str, wanted: tuple[Any, ...]) -> None:
    raw = dsn(("a@b.example", action, status, words), mail=_ours("a@b.example"))
    reply = _ask("POST", "inbound/in8ound", raw)
    items, broken = _items(reply, rest="inbound/***", body=raw)
    assert broken == []
    fields = items[0]["fields"]
    assert (items[0]["name"], fields.get("bounce_type"), fields.get("failure_reason")) == wanted
    assert items[0]["ids"] == [["email", "", "a@b.example"]] and fields["message_id"] == _ours("a@b.example")
    assert "a@b.example" not in json.dumps(fields)


def test_complaints_opt_out() -> None:
    told = arf("abuse", "a@b.example", mail=_ours("a@b.example"))
    for raw, who in ((told, "a@b.example"), (arf("abuse", mail=_ours(SOMEONE)), SOMEONE)):
        items, _ = _items(_ask("POST", "inbound/in8ound", raw), rest="inbound/***", body=raw)
        assert (items[0]["name"], items[0]["ids"]) == ("opted_out", [["email", "", who]])
        assert items[0]["fields"] == {"message_channel": "email", "method": "complaint", "reason": "abuse"}
    raw = arf("not-spam", "a@b.example", mail=_ours("a@b.example"))
    items, _ = _items(_ask("POST", "inbound/in8ound", raw), rest="inbound/***", body=raw)
    assert items[0]["name"] == "email.report"


UNKNOWN = ("failed", "5.1.1", "550 5.1.1 unknown")


@pytest.mark.parametrize(
    "raw",
    [
        dsn(("a@b.example", *UNKNOWN)),
        dsn(("a@b.example", *UNKNOWN), mail=_ours("x@b.example")),
        dsn(("a@b.example", *UNKNOWN), mail=_ours("a@b.example", "guessed")),
        dsn(("a@b.example", *UNKNOWN), mail=_ours("a@b.example").replace("abc123", "abc124")),
        dsn(("a@b.example", *UNKNOWN), mail="a1"),
        dsn(*[("a@b.example", *UNKNOWN)] * 30, ("c@b.example", *UNKNOWN), mail=_ours("c@b.example")),
        arf("abuse", "a@b.example"),
        arf("abuse", "a@b.example", mail=_ours(SOMEONE)),
        arf("abuse"),
    ],
)
def test_a_report_that_somebody_made_up_ends_no_address(raw: bytes) -> None:
    """Whoever got a mail knows its Message-ID, and anybody may write to the bounce address."""
    items, broken = _items(_ask("POST", "inbound/in8ound", raw), rest="inbound/***", body=raw)
    assert (items, broken) == ([], ["email.unproved"])


def test_a_mail_that_was_forwarded_is_of_the_address_that_was_written_to() -> None:
    raw = dsn(("elsewhere@b.example", *UNKNOWN), mail=_ours(SOMEONE))
    items, broken = _items(_ask("POST", "inbound/in8ound", raw), rest="inbound/***", body=raw)
    assert (items[0]["ids"], items[0]["fields"]["bounce_type"], broken) == ([["email", "", SOMEONE]], "hard", [])


def test_a_gateway_that_renames_mails_is_believed_by_what_they_call_themselves() -> None:
    ours = _ours("a@b.example")
    raw = dsn(
        ("a@b.example", *UNKNOWN), mail="0100@gateway.example", more=f"X-OnePool-Message: {ours.partition('@')[0]}\n"
    )
    items, broken = _items(_ask("POST", "inbound/in8ound", raw), rest="inbound/***", body=raw)
    assert (items[0]["name"], items[0]["fields"]["message_id"], broken) == ("message_failed", ours, [])


@pytest.mark.parametrize("settings", [{}, {"tracking_secret": "", "public_url": ""}])
def test_what_comes_back_of_a_mail_as_it_was_sent(settings: dict[str, str]) -> None:
    """With either secret; a mail server writes domains in its own case."""
    account = _account(**settings)
    sent = compose(_message("transactional", "Wang.Xiao+1@b.example"), account, NOW)
    raw = dsn(("Wang.Xiao+1@B.Example", *UNKNOWN), mail=sent.message_id)
    reply = _ask("POST", "inbound/in8ound", raw, account)
    items, broken = _items(reply, rest="inbound/***", body=raw)
    assert (items[0]["fields"]["message_id"], items[0]["fields"]["bounce_type"], broken) == (
        sent.message_id,
        "hard",
        [],
    )


def test_reports_of_before_they_had_to_be_proved_read_as_they_did() -> None:
    raw = dsn(("a@b.example", *UNKNOWN))
    items, broken = _items(Reply(keep=Keep()), rest="inbound/***", body=raw)
    assert (items[0]["name"], items[0]["fields"]["bounce_type"], broken) == ("message_failed", "hard", [])


def test_other_mails_wait_in_quarantine() -> None:
    for raw, rule in (
        (b"Subject: hi\n\nthanks", "email.no_report"),
        (dsn(), "email.report"),
        (b"\xff\x00", "email.no_report"),
    ):
        assert _items(_ask("POST", "inbound/in8ound", raw), rest="inbound/***", body=raw) == ([], [rule])


def test_a_gateways_reports() -> None:
    body = json.dumps(
        [{"type": "bounced", "email": "a@b.example", "time": 1767323045, "message_id": "m1", "code": "550"}]
    )
    sign = hmac.new(b"h00k", body.encode(), hashlib.sha256).hexdigest()
    reply = _ask("POST", "", body.encode(), **{"x-signature": sign})
    items, _ = _items(reply, rest="", body=body.encode())
    assert items[0]["name"] == "message_failed" and items[0]["fields"]["failure_reason"] == "bad_address"
    with pytest.raises(Refused):
        _ask("POST", "", body.encode(), **{"x-signature": "0" * 64})


def test_addresses_and_text() -> None:
    assert address(" a.b@Brand.example ") == "a.b@Brand.example"
    assert address("王@b.example") is None
    assert plain("<style>x{}</style><h1>A</h1><p>b&nbsp;c<br>d</p>") == "A\n\nb c\nd\n"


def test_the_sandbox_is_asked_and_no_real_server() -> None:
    with running_mailbox() as box:
        account = _account(smtp_host="mail.invalid")
        sandboxed = Account(
            "tp", "email", account.settings, {}, {"smtp": f"http://127.0.0.1:{box.port - 1}/email/smtp"}
        )
        assert _send(_message(to="a@b.example"), sandboxed).state == "sent"
    assert len(box.mails) == 1


def test_answers_without_an_enhanced_status() -> None:
    assert EMAIL.reach is not None and EMAIL.reach.outcome is not None
    receipt = EMAIL.reach.outcome(_message(), Answer(550, b"mailbox a@b.example unavailable"))
    assert receipt.reason == "bad_address" and "a@b" not in receipt.detail
