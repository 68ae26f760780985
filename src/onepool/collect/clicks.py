"""Clicks on short links: ``GET /l/{code}``.

The click is on disk before the redirect. Where it leads is what was stored when the link was made, whatever the request
says. A click is kept also when it looks like a machine's (a link preview, a scanner, a prefetch), with a mark.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp, Receive, Scope, Send

from onepool.channels.base import Gathering
from onepool.channels.base.machines import machine_agent
from onepool.clock import Clock
from onepool.collect import answers
from onepool.collect.group_commit import Overloaded
from onepool.collect.inbound import Broken, Decoded, register, sample
from onepool.collect.intake import LogWriter
from onepool.collect.links import Finder, Link
from onepool.collect.log import LogUnavailable, NewRecord, Record
from onepool.collect.wire import UNREADABLE
from onepool.errors import OnePoolError

CLICK: Final = "click"
PREFIX: Final = "/l/"

_logger = structlog.get_logger(__name__)

_SOON: Final = timedelta(seconds=3)
"""Phones' scanners open a link as soon as its message arrives; people need longer."""

_MISSING: Final = (
    "<!doctype html><html lang=zh><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    "<title>链接已失效</title><p>链接不存在或已失效。<p>This link does not exist or has ended.</html>"
).encode()
_UNCACHED: Final = [
    (b"cache-control", b"no-store, private"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-robots-tag", b"noindex, nofollow"),
    (b"x-content-type-options", b"nosniff"),
]


class Headers(msgspec.Struct, omit_defaults=True):
    """A click. ``id``: of the person that the message went to; ``bot``: why it looks like a machine's, else empty."""

    url: str
    channel: str
    id: tuple[str, str, str] = ("", "", "")
    message_id: str = ""
    campaign: str = ""
    bot: str = ""
    ip: str = ""
    agent: str = ""
    referrer: str = ""


_headers = msgspec.json.Decoder(Headers).decode
_encode = msgspec.json.Encoder().encode


class Clicks:
    """ASGI middleware that answers short links itself and passes everything else on."""

    def __init__(self, app: ASGIApp, writer: LogWriter, links: Finder, clock: Clock) -> None:
        self._app = app
        self._writer = writer
        self._links = links
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        method = scope["method"]
        if method not in ("GET", "HEAD"):
            await answers.problem(send, 405, "method", "a link is opened with GET")
            return
        try:
            link = await self._links.find(scope["path"][len(PREFIX) :])
        except (OnePoolError, SQLAlchemyError, OSError) as error:
            _logger.error("a short link can't be looked up", error=type(error).__name__)
            await answers.problem(send, 503, "links-unavailable", "try again in a moment")
            return
        if link is None:
            await _send(send, 404, [(b"content-type", b"text/html; charset=utf-8")], _MISSING, body=method == "GET")
            return
        try:
            await self._writer.append(clicked(link, scope, self._clock.now()))
        except (LogUnavailable, Overloaded) as error:
            # The person is to arrive all the same; that a click is missing must be seen.
            _logger.error("a click could not be kept", touchpoint=link.touchpoint, error=error.code)
        await _send(send, 302, [(b"location", link.url.encode("ascii"))], b"", body=True)


def clicked(link: Link, scope: Scope, now: datetime) -> NewRecord:
    """The log record of a click."""
    sent = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    client = scope.get("client")
    headers = Headers(
        url=link.url,
        channel=link.channel,
        id=link.id,
        message_id=link.message_id,
        campaign=link.campaign,
        bot=machine(scope["method"], sent, now, link),
        ip=client[0] if client else "",
        agent=sent.get("user-agent", "")[:512],
        referrer=sent.get("referer", "")[:512],
    )
    return NewRecord(now, link.touchpoint, CLICK, _encode(headers), b"")


def machine(method: str, headers: dict[str, str], now: datetime, link: Link) -> str:
    """Why a click looks like a machine's: ``head``, ``prefetch``, ``agent``, ``soon``; empty for a person's."""
    if method == "HEAD":
        return "head"
    purpose = f"{headers.get('purpose', '')} {headers.get('sec-purpose', '')} {headers.get('x-moz', '')}".lower()
    if "prefetch" in purpose or "preview" in purpose or "prerender" in purpose:
        return "prefetch"
    if machine_agent(headers.get("user-agent", "")):
        return "agent"
    arrived = link.arrived or link.created
    return "soon" if arrived is not None and now - arrived < _SOON else ""


def read(record: Record) -> Decoded:
    """One event ``message_clicked``."""
    try:
        headers = _headers(record.headers)
    except UNREADABLE as error:
        return Decoded([], [Broken(0, "click.unreadable", str(error), sample(record.headers))])
    found = Gathering()
    fields = {
        "message_id": headers.message_id,
        "message_channel": headers.channel,
        "link_url": headers.url,
        "campaign": headers.campaign,
        "bot": bool(headers.bot),
        "bot_reason": headers.bot,
        "user_agent": headers.agent,
        "ip": headers.ip,
        "referrer": headers.referrer,
    }
    found.add("event", "message_clicked", [headers.id] if headers.id[0] else [], fields=fields)
    return found.decoded()


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], content: bytes, *, body: bool) -> None:
    length = (b"content-length", str(len(content)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length, *_UNCACHED]})
    await send({"type": "http.response.body", "body": content if body else b""})


register(CLICK, read)
