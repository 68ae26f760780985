"""What comes back: the picture, clicks, unsubscriptions, bounced mails, and a mail gateway's own reports."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from typing import Any, Final, cast

import msgspec

from onepool.channels.base import Account, Keep, Refused, Reply, Request
from onepool.channels.email.bounces import bounces, subject_of
from onepool.channels.email.compose import address
from onepool.channels.email.tokens import PATTERN, Purpose, Token, marked, unseal

PIXEL: Final = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
"""A transparent GIF of one point."""

_HEADERS: Final = (
    ("referrer-policy", "no-referrer"),
    ("x-robots-tag", "noindex, nofollow"),
    ("x-content-type-options", "nosniff"),
    ("content-security-policy", "default-src 'none'; form-action 'self'; frame-ancestors 'none'"),
)
_REPORTED: Final = 20
_PARSED: Final = 64 << 10
"""Each of our mails has one recipient: a report about it is short, and what is longer must not hold up others."""

_HTML: Final = "text/html; charset=utf-8"
_HEAD: Final = (
    "<!doctype html><html lang=zh><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    "<title>退订</title>"
)
_ASK: Final = _HEAD + (
    "<p>确定不再接收这类邮件？<p>Do you want to receive no more mails of this kind?"
    "<form method=post><input type=hidden name=confirm value=1><button>退订 Unsubscribe</button></form></html>"
)
_DONE: Final = _HEAD + "<p>已退订，我们不会再发送这类邮件。<p>You are unsubscribed.</html>"
_UNKNOWN: Final = _HEAD + "<p>链接不完整或已失效。<p>This link is not complete, or has ended.</html>"


def check(request: Request, account: Account, now: datetime) -> Reply:
    """``open``, ``click`` and ``unsubscribe`` by their signed token, ``inbound`` by a secret in the address, everything
    else by the signature of the gateway. Raises Refused."""
    del now
    kind, _, rest = request.rest.partition("/")
    if kind in ("open", "click", "unsubscribe"):
        return _by_token(cast("Purpose", kind), rest.removesuffix(".gif"), request, account)
    if kind == "inbound":
        return _inbound(rest, request, account)
    return _reports(request, account)


def _by_token(purpose: Purpose, text: str, request: Request, account: Account) -> Reply:
    token = unseal(text, purpose, account.text("tracking_secret"))
    if token is None:
        return Reply(404, _UNKNOWN.encode(), _HTML, headers=_HEADERS)
    if purpose == "unsubscribe":
        if request.method == "GET":  # programs open links: asking is not doing
            return Reply(200, _ASK.encode(), _HTML, headers=_HEADERS)
        one_click = b"One-Click" in request.body[:2000]  # also within the parts of a multipart form
        plain = _plain(purpose, token, method="one_click" if one_click else "page")
        return Reply(200, _DONE.encode(), _HTML, keep=Keep(plain), headers=_HEADERS)
    if request.method != "GET":
        raise Refused(405, "method", "links and pictures are opened with GET")
    if purpose == "open":
        return Reply(200, PIXEL, "image/gif", keep=Keep(_plain(purpose, token)), headers=_HEADERS)
    if not token.url.startswith(("http://", "https://")) or not token.url.isprintable():
        return Reply(404, _UNKNOWN.encode(), _HTML, headers=_HEADERS)
    location = token.url.encode("ascii", "xmlcharrefreplace").decode() if token.url.isascii() else _quoted(token.url)
    return Reply(302, b"", _HTML, keep=Keep(_plain(purpose, token)), headers=(("location", location), *_HEADERS))


def _inbound(rest: str, request: Request, account: Account) -> Reply:
    secret = account.text("inbound_secret")
    if not secret:
        raise Refused(403, "not-configured", "this touchpoint takes no mails: inbound_secret is not set")
    if not hmac.compare_digest(rest.encode(), secret.encode()):
        raise Refused(403, "signature", "the address does not end with this touchpoint's secret")
    if request.method != "POST":
        raise Refused(405, "method", "mails come with POST, as they are (message/rfc822)")
    if not request.body:
        raise Refused(400, "malformed", "the mail is empty")
    word, _, text = subject_of(request.body).strip().partition(" ")
    if word.lower() == "unsubscribe" and PATTERN.fullmatch(text.strip()):
        token = unseal(text.strip(), "unsubscribe", account.text("tracking_secret"))
        if token is not None:
            return Reply(200, b"OK", keep=Keep(_plain("unsubscribe", token, method="mail")))
    return Reply(200, b"OK", keep=Keep(_proofs(request.body, account)))


def _proofs(mail: bytes, account: Account) -> str:
    """Which of the things that a mail reports are about a mail of ours to that address: anybody can write a report and
    send it to the bounce address. ``proved``: for each the address and the Message-ID, or null."""
    secret = account.text("tracking_secret") or account.text("inbound_secret")
    domain = (address(account.text("sender")) or "").rpartition("@")[2]
    found: list[tuple[str, str] | None] = []
    for one in (bounces(mail, _PARSED) or [])[:_REPORTED]:
        told = ((email, number) for number in one.mails for email in one.emails if marked(number, email, secret))
        email, number = next(told, ("", ""))
        found.append((email, number if "@" in number else f"{number}@{domain}") if number else None)
    return msgspec.json.encode({"proved": found}).decode()


def _reports(request: Request, account: Account) -> Reply:
    secret = account.text("webhook_secret")
    if not secret:
        raise Refused(403, "not-configured", "this touchpoint takes no reports: webhook_secret is not set")
    wanted = hmac.new(secret.encode(), request.body, hashlib.sha256).hexdigest()
    given = request.headers.get("x-signature", "").strip().lower().removeprefix("sha256=")
    if not hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode()):
        raise Refused(403, "signature", "X-Signature (HMAC-SHA256 of the body) is missing or wrong")
    try:
        content = msgspec.json.decode(request.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(400, "malformed", "the body is not JSON") from error
    if not isinstance(content, list | dict):
        raise Refused(400, "malformed", "reports are a list or an object")
    return Reply(200, b'{"code":0}', "application/json", keep=Keep())


def _plain(purpose: Purpose, token: Token, **more: Any) -> str:
    """What the tick reads: it has no key."""
    said = {"type": purpose, "email": token.email, "message_id": token.message_id, "campaign": token.campaign,
            "url": token.url, **more}  # fmt: skip
    return msgspec.json.encode({name: value for name, value in said.items() if value}).decode()


def _quoted(url: str) -> str:
    return "".join(one if one.isascii() else "".join(f"%{byte:02X}" for byte in one.encode()) for one in url)
