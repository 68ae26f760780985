"""Mails for the tests of the e-mail channel, and a server that takes them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


@dataclass
class Mailbox:
    """``refuse``: SMTP answer by recipient, or by ``MAIL`` and ``DATA``."""

    refuse: dict[str, str] = field(default_factory=dict)
    mails: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)
    port: int = 0

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if "MAIL" in self.refuse:
            return self.refuse["MAIL"]
        envelope.mail_from = address
        return "250 2.1.0 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if "DATA" in self.refuse:
            return self.refuse["DATA"]
        self.mails.append((envelope.mail_from, list(envelope.rcpt_tos), envelope.original_content))
        return "250 2.0.0 queued"

    def last(self) -> EmailMessage:
        """The mail that came last."""
        found = message_from_bytes(self.mails[-1][2], policy=default)
        assert isinstance(found, EmailMessage)
        return found


class _AnyPort(Controller):
    """On a port that the system chooses; the library asks the one it was told whether it is up."""

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def running_mailbox(*, login: tuple[bytes, bytes] | None = None) -> Iterator[Mailbox]:
    """A mail server on loopback. ``login``: the name and password that it wants."""
    box = Mailbox()

    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        box.logins.append((data.login, data.password))
        return AuthResult(success=(data.login, data.password) == login, handled=False)

    options: dict[str, Any] = (
        {"authenticator": check, "auth_required": True, "auth_require_tls": False} if login else {}
    )
    controller = _AnyPort(box, hostname="127.0.0.1", port=0, **options)
    controller.start()
    try:
        box.port = controller.port
        yield box
    finally:
        controller.stop()


DSN = """\
From: MAILER-DAEMON@mx.example
To: bounces@brand.example
Subject: Undelivered Mail
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain

This is the mail system.

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

{blocks}
--b1
Content-Type: message/rfc822

From: shop@brand.example
To: someone@example.com
Message-ID: <{mail}>
{more}Subject: hello

text

--b1--
"""

ARF = """\
From: feedback@isp.example
To: bounces@brand.example
Subject: FW: hello
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b2"

--b2
Content-Type: text/plain

A complaint.

--b2
Content-Type: message/feedback-report

Feedback-Type: {feedback}
User-Agent: Isp/1.0
Version: 1
{recipient}
--b2
Content-Type: message/rfc822

From: shop@brand.example
To: =?utf-8?q?Somebody?= <someone@example.com>
Message-ID: <{mail}>
{more}
text

--b2--
"""


def dsn(*recipients: tuple[str, str, str, str], mail: str = "abc123@brand.example", more: str = "") -> bytes:
    """A delivery status: (address, action, status, diagnostic) of each recipient; `mail`: what it is about, by its
    Message-ID, and `more` of its headers."""
    blocks = "\n".join(
        f"Final-Recipient: rfc822; {email}\nAction: {action}\nStatus: {status}\nDiagnostic-Code: smtp; {words}\n"
        for email, action, status, words in recipients
    )
    return DSN.format(blocks=blocks, mail=mail, more=more).encode()


def arf(feedback: str, recipient: str = "", mail: str = "abc123@brand.example") -> bytes:
    """A complaint; with the recipient told, or left to the mail that it is about."""
    told = f"Original-Rcpt-To: <{recipient}>\n" if recipient else ""
    return ARF.format(feedback=feedback, recipient=told, mail=mail, more="").encode()
