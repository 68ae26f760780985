"""Over SMTP, one connection a mail; what the server answers in the closed list of reasons (RFC 5321, RFC 3463)."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import datetime
from typing import Final, Literal
from urllib.parse import urlsplit

from aiosmtplib import SMTP
from aiosmtplib.errors import SMTPAuthenticationError, SMTPException, SMTPResponseException

from onepool.channels.base import Account, Answer, Message, PullFailed, Reason, Receipt, Unsendable
from onepool.channels.base.destinations import forbidden
from onepool.channels.email.compose import compose

Stage = Literal["ours", "recipient", "content"]
"""What an answer is about: greeting, login and sender; the recipient (RCPT); the mail itself (DATA)."""

_TIMEOUT: Final = 30.0
_ENHANCED: Final = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_SENDERS: Final = frozenset({("1", "7"), ("1", "8")})
"""X.1.7 and X.1.8 of RFC 3463: the sender's address, which is wrong in every mail."""
_TOO_LARGE: Final = frozenset({("2", "3"), ("3", "4")})
_PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}


async def deliver(message: Message, account: Account, now: datetime) -> Receipt:
    """Send one mail. Raises Unsendable; whatever the server or the network does becomes a receipt."""
    mail = compose(message, account, now)
    client = connect(account)
    stage: Stage = "ours"
    try:
        await client.connect()
        await login(client, account)
        await client.mail(mail.sender)
        stage = "recipient"
        await client.rcpt(mail.recipient)
        stage = "content"
        response = await client.data(mail.raw)
    except SMTPAuthenticationError as error:
        return Receipt("refused", "account_error", str(error.code), account=True, detail=error.message[:200])
    except SMTPResponseException as error:
        return concluded(Answer(error.code, error.message.encode("utf-8", "replace")), stage)
    except (SMTPException, OSError, ValueError) as error:
        # After the last byte nobody knows whether the server took it.
        if stage == "content":
            return Receipt("unknown", "unknown", detail=type(error).__name__, provider_id=mail.message_id)
        return Receipt("retry", "transient", after=120.0, detail=type(error).__name__)
    finally:
        client.close()
    receipt = outcome(message, Answer(response.code, response.message.encode("utf-8", "replace")))
    return replace(receipt, provider_id=mail.message_id) if receipt.state == "sent" else receipt


def connect(account: Account) -> SMTP:
    """The server of the settings; in a sandbox the one beside it: its port plus one, without TLS."""
    sandbox = urlsplit(account.endpoints.get("smtp", ""))
    if sandbox.scheme in ("http", "https"):
        return SMTP(hostname=sandbox.hostname, port=(sandbox.port or 8100) + 1, timeout=_TIMEOUT, start_tls=False)
    host, security = account.text("smtp_host"), account.text("security") or "starttls"
    if not host:
        detail = "smtp_host is not set"
        raise Unsendable(Receipt("refused", "account_error", "settings", account=True, detail=detail))
    if forbidden(host):
        detail = "smtp_host names an address that nothing is sent to"
        raise Unsendable(Receipt("refused", "account_error", "settings", account=True, detail=detail))
    return SMTP(
        hostname=host,
        port=int(account.get("smtp_port") or _PORTS[security]),
        timeout=_TIMEOUT,
        use_tls=security == "tls",
        start_tls=security == "starttls",
        local_hostname=account.text("sender").rpartition("@")[2] or None,
    )


def attempt(account: Account) -> None:
    """Connect and log in, sending nothing. Raises PullFailed."""
    try:
        asyncio.run(_try(connect(account), account))
    except Unsendable as error:
        raise PullFailed(error.receipt.detail, code="settings", retry=False) from error
    except SMTPAuthenticationError as error:
        raise PullFailed("the server takes neither name nor password", code=str(error.code), retry=False) from error
    except (SMTPException, OSError, ValueError) as error:
        raise PullFailed(f"the mail server does not answer as it should: {type(error).__name__}") from error


async def _try(client: SMTP, account: Account) -> None:
    try:
        await client.connect()
        await login(client, account)
        await client.quit()
    finally:
        client.close()


async def login(client: SMTP, account: Account) -> None:
    """Say who we are, where a name is given. Never in clear over a line that others can read."""
    name = account.text("username")
    if name:
        await client.login(name, account.text("password"))


def outcome(message: Message, answer: Answer) -> Receipt:
    """What the server says of the recipient (RCPT), or of the whole mail."""
    del message
    return concluded(answer, "recipient")


def concluded(answer: Answer, stage: Stage) -> Receipt:
    """By the enhanced status (5.1.1) where the answer has one, else by the code; and by what the answer is about: only
    what is said of the recipient may end an address, and nobody else's mail waits for it."""
    code, words = answer.status, answer.body.decode("utf-8", "replace")
    found = _ENHANCED.search(words)
    shown = f"{code} {found[0]}" if found else str(code)
    if 200 <= code < 300:
        return Receipt("sent", code=shown)
    detail = re.sub(r"\S+@\S+", "…", words)[:200]
    if code in (530, 534, 535, 538):
        return Receipt("refused", "account_error", shown, account=True, detail=detail)
    if 400 <= code < 500:
        slow = code == 421 or (found is not None and found[2] == "7")
        reason: Reason = "rate_limited" if slow else "transient"
        return Receipt("retry", reason, shown, after=600.0 if slow else 300.0, detail=detail)
    if stage == "ours" or (found is not None and (found[2], found[3]) in _SENDERS):
        return Receipt("refused", "account_error", shown, account=True, detail=detail)
    return Receipt("refused", _reason(code, found, stage), shown, detail=detail)


def _reason(code: int, found: re.Match[str] | None, stage: Stage) -> Reason:
    """Why for good: classes of RFC 3463 (1 address, 2 mailbox, 3 system, 4 network, 5 protocol, 6 content, 7 policy).

    An address ends only where it is said not to be there: X.1, a closed mailbox (X.2.1), a domain that leads nowhere
    (X.4.4). What the server has against the mail or its sender says nothing of it.
    """
    if found is not None:
        subject, detail = found[2], found[3]
        if subject == "1" or (subject, detail) in (("2", "1"), ("4", "4")):
            return "bad_address"
        if (subject, detail) == ("2", "2"):
            return "over_limit"
        return "template_error" if subject in ("5", "6") or (subject, detail) in _TOO_LARGE else "refused"
    if code == 552:
        return "over_limit"
    if stage == "content":
        return "refused"
    return "bad_address" if code in (550, 551, 553, 556) else "refused" if code == 554 else "template_error"
