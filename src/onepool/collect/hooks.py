"""Callbacks of platforms: ``/hooks/{touchpoint}``.

Verified over the raw bytes before anything is parsed, on disk before the answer, and answered at once: platforms cut
the connection after five seconds and send again. What a push says is read later, by the tick.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol
from urllib.parse import unquote

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp, Receive, Scope, Send

from onepool.channels import registry
from onepool.channels.base import Account, Call, Exchange, Refused, Reply, Request
from onepool.channels.connection import ConnectionFailed, TokenRefused
from onepool.channels.registry import ChannelError
from onepool.clock import Clock
from onepool.collect import answers, hooked
from onepool.collect.accounts import AccountError, Accounts
from onepool.collect.connections import Connections
from onepool.collect.group_commit import Overloaded
from onepool.collect.intake import LogWriter
from onepool.collect.log import LogUnavailable, NewRecord
from onepool.collect.once import MOST_BODIES, Once, OnceUnavailable
from onepool.collect.touchpoint import Refreshing, Touchpoint, TouchpointSource, TouchpointsUnavailable
from onepool.collect.wire import GzipError, gunzip
from onepool.errors import OnePoolError

_logger = structlog.get_logger(__name__)

PREFIX: Final = "/hooks/"
_BODY_SECONDS: Final = 15.0
_ASKING: Final = 16  # exchanges with platforms at a time
_QUERY_BYTES: Final = 16 << 10

Kept = Callable[[NewRecord, Account], None]


class OptOuts(Protocol):
    """Who is told of pushes that may hold an opt-out, so that it is in force before the answer."""

    def concerns(self, record: NewRecord) -> bool: ...

    def kept(self, record: NewRecord, offset: int) -> None: ...


@dataclass(slots=True)
class HookFigures:
    """Pushes since the start by how they ended: kept, answered (nothing to keep), or the code of the refusal."""

    outcomes: dict[str, int] = field(default_factory=dict)

    def count(self, outcome: str) -> None:
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1


class Hooks:
    """ASGI middleware that answers the callbacks itself and passes everything else on.

    ``kept`` is told of every push once it is on disk (messages that must go out at once hang on it). ``opt_outs`` is
    told of those that may hold an opt-out, before they are answered. ``once`` remembers signatures that cover no body;
    by default for this process only.
    """

    def __init__(
        self,
        app: ASGIApp,
        writer: LogWriter,
        touchpoints: TouchpointSource,
        accounts: Accounts,
        clock: Clock,
        figures: HookFigures,
        kept: Kept | None = None,
        connections: Connections | None = None,
        opt_outs: OptOuts | None = None,
        once: Once | None = None,
    ) -> None:
        self._opt_outs = opt_outs
        self._app = app
        self._writer = writer
        self._touchpoints = touchpoints
        self._accounts = accounts
        self._clock = clock
        self._figures = figures
        self._kept = kept
        self._connections = connections or Connections(clock)
        self._asking = ThreadPoolExecutor(_ASKING, "exchange")
        self._seen = Once() if once is None else once

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        try:
            reply, outcome = await self._answer(scope, receive)
        except Refused as refused:
            self._figures.count(refused.code)
            await answers.problem(send, refused.status, refused.code, refused.message)
        except (LogUnavailable, OnceUnavailable, Overloaded, TouchpointsUnavailable) as error:
            self._figures.count("unavailable")
            await answers.problem(send, 503, error.code, "nothing was stored; send it again")
        except (AccountError, ChannelError) as error:
            # Which secret is missing is for the operator, not for whoever calls.
            self._figures.count("not-configured")
            _logger.error("a touchpoint can't take pushes", error=str(error))
            await answers.problem(send, 503, "not-configured", "this touchpoint is not set up completely")
        except _Gone:
            return
        else:
            self._figures.count(outcome)
            await _send(send, reply)

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[Reply, str]:
        name, _, rest = scope["path"][len(PREFIX) :].partition("/")
        touchpoint = await self._touchpoint(unquote(name))
        if touchpoint.paused:
            raise Refused(503, "paused", "this touchpoint is paused; send it again later")
        channel = registry.find(touchpoint.channel)
        if channel is None or (channel.check is None and rest not in channel.exchange):
            raise Refused(404, "no-hook", "this touchpoint takes no callbacks")
        if scope["method"] not in ("GET", "POST"):
            raise Refused(405, "method", "callbacks come with GET or POST")
        account = self._accounts.of(touchpoint)
        request = await self._request(scope, receive, rest, channel.manifest.body_bytes)
        now = self._clock.now()
        try:
            if rest in channel.exchange:
                reply = await self._exchanged(channel.exchange[rest](request, account, now), account)
            else:
                assert channel.check is not None
                reply = channel.check(request, account, now)
        except Refused:
            raise
        # A mistake of the channel's: it must be seen, and the platform should send again once it is mended.
        except Exception as error:
            _logger.exception("a channel failed at a push", channel=touchpoint.channel, error=type(error).__name__)
            raise Refused(503, "channel-failed", "this push could not be checked; send it again later") from error
        if reply.once:
            self._once(touchpoint.name, reply, request.body, now)
        if reply.keep is None:
            return reply, "answered"
        record = hooked.pushed(request, account, now, reply.keep.plain)
        offset = await self._writer.append(record)
        if self._opt_outs is not None and self._opt_outs.concerns(record):
            await self._keep_back(self._opt_outs, record, offset)
        if self._kept is not None:
            self._kept(record, account)
        return reply, "kept"

    def _once(self, touchpoint: str, reply: Reply, body: bytes, now: datetime) -> None:
        """Refuses a signature that was used before with another body."""
        if self._seen.first(f"{touchpoint} {reply.once}", body, now, reply.others, reply.signed):
            return
        if not reply.others:
            raise Refused(403, "replayed", "this signature was used before, with another body")
        # It may be the platform's: one that comes late, or one of too many of a second. It is to come again, signed
        # anew; what can't be told from a forged one is not taken.
        late = now.timestamp() - reply.signed if reply.signed is not None else None
        _logger.warning(
            "a push of a second that is over was put off", touchpoint=touchpoint, seconds=late, most=MOST_BODIES
        )
        message = f"this signature was used before; others of its second are taken for {reply.others:.0f} seconds"
        raise Refused(503, "replayed", f"{message}, and at most {MOST_BODIES:,}: sign it anew, or look at both clocks")

    async def _keep_back(self, opt_outs: OptOuts, record: NewRecord, offset: int) -> None:
        """The opt-out is in force; where it can't be, the platform sends again and so do we try again."""
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._asking, opt_outs.kept, record, offset)
        except (SQLAlchemyError, OnePoolError, OSError) as error:
            _logger.error("an opt-out waits for the tick", touchpoint=record.touchpoint, error=type(error).__name__)
            raise Refused(503, "state-unavailable", "this push is kept but not in force yet; send it again") from error

    async def _exchanged(self, exchange: Exchange, account: Account) -> Reply:
        """Ask the platform on behalf of the brand's server: it waits, nobody else does."""
        try:
            call = next(exchange)  # checked here: who may not ask takes up no thread
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._asking, self._asked, exchange, call, account)
        except StopIteration as ended:
            reply: Reply = ended.value
            return reply
        finally:
            exchange.close()

    def _asked(self, exchange: Exchange, call: Call, account: Account) -> Reply:
        try:
            while True:
                call = exchange.send(self._connections.of(account).call(call))
        except StopIteration as ended:
            reply: Reply = ended.value
            return reply
        except (ConnectionFailed, TokenRefused) as error:
            raise Refused(503, error.code, error.message) from error

    async def _touchpoint(self, name: str) -> Touchpoint:
        found = self._touchpoints.by_name(name)
        if found is None and isinstance(self._touchpoints, Refreshing):
            await self._touchpoints.refresh()  # one made a moment ago must not be refused
            found = self._touchpoints.by_name(name)
        if found is None:
            raise Refused(404, "no-touchpoint", "there is no such touchpoint")
        return found

    async def _request(self, scope: Scope, receive: Receive, rest: str, limit: int) -> Request:
        query: bytes = scope["query_string"]
        if len(query) > _QUERY_BYTES:
            raise Refused(414, "too-large", f"the query may have {_QUERY_BYTES:,} bytes at most")
        headers: dict[str, str] = {}
        for raw, value in scope["headers"]:
            headers.setdefault(raw.decode("latin-1").lower(), value.decode("latin-1"))
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                body = await _body(receive, limit)
        except TimeoutError as error:
            raise Refused(408, "slow", f"the body did not arrive within {_BODY_SECONDS:.0f} seconds") from error
        encoding = headers.get("content-encoding", "").strip().lower()
        if encoding in ("gzip", "x-gzip"):
            try:
                body = gunzip(body, limit)
            except GzipError as error:
                status, code = (413, "too-large") if error.too_large else (400, "malformed")
                raise Refused(status, code, str(error)) from error
        elif encoding not in ("", "identity"):
            raise Refused(415, "content-encoding", "the body may be plain or gzip")
        client = scope.get("client")
        return Request(
            method=scope["method"],
            rest=rest,
            query=query.decode("latin-1"),
            headers=headers,
            body=body,
            ip=client[0] if client else "",
        )


class _Gone(Exception):
    """The client went away before its request was complete."""


async def _body(receive: Receive, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise _Gone
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise Refused(413, "too-large", f"a push may have {limit:,} bytes at most")
        chunks.append(chunk)
        if not message.get("more_body"):
            return b"".join(chunks)


async def _send(send: Send, reply: Reply) -> None:
    headers = [
        (b"content-type", reply.content_type.encode("latin-1")),
        (b"content-length", str(len(reply.body)).encode()),
        (b"cache-control", b"no-store"),
        *((name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers),
    ]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
