"""The other side of e-mail: mailboxes that take mails, open them, click, unsubscribe, or send them back.

An address that begins with ``nobody`` has no mailbox (550 5.1.1), one that begins with ``full`` no room (452 4.2.2).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import default
from functools import partial
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from onepool.channels.base import Account
from onepool.sandbox.doubles.base import Double
from onepool.sandbox.errors import ActError
from onepool.sandbox.pushing import Outgoing
from onepool.sandbox.stage import Stage
from onepool.sandbox.world import Person

_LINK: Final = re.compile(r"""(?:href|src)=["']?(https?://[^"'\s>]+)""")
_AGENT: Final = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as it was handed over."""

    sender: str
    receivers: tuple[str, ...]
    raw: bytes

    def parsed(self) -> Message:
        return message_from_bytes(self.raw, policy=default)


class Email(Double):
    channel: ClassVar[str] = "email"

    def __init__(self, account: Account, stage: Stage) -> None:
        super().__init__(account, stage)
        self.mails: dict[str, Mail] = {}
        """The latest mail of each address."""
        self._number = 0

    @property
    def sender(self) -> str:
        return self.account.text("sender").lower()

    def receiver(self, address: str) -> tuple[int, str]:
        """What the server says to an address."""
        self._number += 1
        if self.stage.chance.happens(self.behaviour.busy, "busy", self.account.touchpoint, self._number):
            return 451, "4.3.2 try again later"
        if address.startswith("nobody"):
            return 550, "5.1.1 user unknown"
        if address.startswith("full"):
            return 452, "4.2.2 mailbox full"
        return 250, "2.1.5 OK"

    def taken(self, mail: Mail) -> tuple[int, str]:
        """A mail was handed over; what the server says to it (0: the answer is lost)."""
        chance, stage = self.stage.chance, self.stage
        headers = mail.parsed()
        number = str(headers.get("Message-ID", ""))
        entry = stage.ledger.write(stage.clock.now(), "in", self.channel, self.account.touchpoint, "mail")
        entry.to, entry.key, entry.accepted, entry.outcome = mail.receivers, number, True, "250"
        for address in mail.receivers:
            self._number += 1
            name = (self.account.touchpoint, address, self._number)
            arrives = chance.happens(self.behaviour.arrives, "arrives", *name)
            wait = chance.between(self.behaviour.report, "report", *name)
            stage.agenda.later(wait, partial(self._settle, address, mail, good=arrives))
        if chance.happens(self.behaviour.lost, "lost", self.account.touchpoint, self._number):
            entry.fault = "lost"
            return 0, ""
        return 250, "2.0.0 queued"

    def _settle(self, address: str, mail: Mail, *, good: bool) -> None:
        if not good:
            self._bounce(address, mail)
            return
        headers = mail.parsed()
        person = self._person(address)
        self.mails[address] = mail
        content = {"subject": str(headers.get("Subject", "")), "from": str(headers.get("From", ""))}
        number = str(headers.get("Message-ID", ""))
        self.stage.reach(self.account, person, address, "mail", number, content)

    def _person(self, address: str) -> Person:
        found = next((one for one in self.world if one.email == address), None)
        if found is None:
            found = self.world.make(f"mail_{address}")
            found.email = address
        return found

    def _bounce(self, address: str, mail: Mail) -> None:
        """A mail that comes back, to the touchpoint's address for mails (RFC 3464)."""
        headers = mail.parsed()
        report = (
            f"Reporting-MTA: dns; mx.sandbox.example\r\n\r\nFinal-Recipient: rfc822; {address}\r\nAction: failed\r\n"
            "Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 user unknown\r\n"
        )
        kept = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        parts = (("text/plain", "undelivered"), ("message/delivery-status", report), ("text/rfc822-headers", kept))
        body = "".join(f"--b\r\nContent-Type: {kind}\r\n\r\n{text}\r\n" for kind, text in parts) + "--b--\r\n"
        head = (
            "MIME-Version: 1.0\r\nFrom: MAILER-DAEMON@sandbox.example\r\nSubject: Undelivered\r\n"
            "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        )
        self.repeat((head + body).encode("utf-8", "replace"), "message/rfc822")

    def repeat(self, content: bytes, content_type: str) -> None:
        """A mail as it is, or (JSON) a mail gateway's report, signed as gateways do."""
        if "json" in content_type:
            signed = hmac.new(self.account.text("webhook_secret").encode(), content, hashlib.sha256).hexdigest()
            headers = {"content-type": content_type, "x-signature": signed}
            self._ask(Outgoing(self.account.touchpoint, "POST", "", "", headers, content), "report")
            return
        rest = f"inbound/{self.account.text('inbound_secret')}"
        headers = {"content-type": content_type}
        self._ask(Outgoing(self.account.touchpoint, "POST", rest, "", headers, content), "mail")

    def _ask(self, outgoing: Outgoing, what: str) -> None:
        def sign(wall: datetime) -> Outgoing:
            del wall
            return outgoing

        self.stage.push(self.account, what, sign, good=lambda status, body: 200 <= status < 400, again=())

    # Acts -----------------------------------------------------------------------------------------------------------

    def act_open(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """Opens the latest mail: its picture is fetched."""
        del given
        return self._follow(person, "/open/", "open")

    def act_click(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """Clicks the first link of the latest mail."""
        del given
        return self._follow(person, "/click/", "click")

    def act_unsubscribe(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """Unsubscribes by the mail program's button (RFC 8058)."""
        del given
        listed = str(self._mail(person).parsed().get("List-Unsubscribe", ""))
        found = re.search(r"<(https?://[^>]+)>", listed)
        if found is None:
            raise ActError("the mail has no List-Unsubscribe", where=person.key)
        self._visit(found[1], "POST", b"List-Unsubscribe=One-Click", "unsubscribe")
        return {"url": found[1]}

    def _follow(self, person: Person, sign: str, what: str) -> dict[str, Any]:
        mail = self._mail(person).parsed()
        part = mail.get_body(("html",)) if isinstance(mail, EmailMessage) else None
        links = _LINK.findall(part.get_content()) if part is not None else []
        url = next((one for one in links if sign in one), None)
        if url is None:
            raise ActError(f"the mail has nothing to {what}", where=person.key)
        self._visit(url.replace("&amp;", "&"), "GET", b"", what)
        return {"url": url}

    def _visit(self, url: str, method: str, body: bytes, what: str) -> None:
        parts = urlsplit(url)
        headers = {"user-agent": _AGENT, "content-type": "application/x-www-form-urlencoded"}
        self._ask(Outgoing(self.account.touchpoint, method, "", parts.query, headers, body, parts.path), what)

    def _mail(self, person: Person) -> Mail:
        mail = self.mails.get(person.email)
        if mail is None:
            raise ActError("no mail has reached them yet", where=person.key)
        return mail
