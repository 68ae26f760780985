"""Hands the API on to the worker behind a Unix domain socket, streaming both ways.

Collectors own the port and the worker may restart behind them: senders notice nothing, and the console says that it
waits instead of failing to load.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

import httpx
import structlog
from starlette.types import Receive, Scope, Send

from onepool.collect import answers

_log = structlog.get_logger(__name__)

_HOP_BY_HOP: Final = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
_FORWARDED: Final = frozenset({b"forwarded", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"})
_CONNECT_SECONDS: Final = 2.0


class Upstream:
    """ASGI application that forwards requests over the socket at ``path``.

    The transport is used bare: a client on top of it would keep cookies, and so hand one user's session to another.
    """

    def __init__(self, path: str) -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=32, keepalive_expiry=15)
        self._transport = httpx.AsyncHTTPTransport(uds=path, limits=limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.Event()
        request = httpx.Request(
            scope["method"],
            httpx.URL(scheme="http", host="worker", raw_path=_target(scope)),
            headers=_request_headers(scope),
            content=_body(receive, gone) if _has_body(scope) else None,
            # No limit on reading: a live stream may be silent for long.
            extensions={
                "timeout": {"connect": _CONNECT_SECONDS, "pool": _CONNECT_SECONDS, "read": None, "write": None}
            },
        )
        exchange = asyncio.create_task(self._exchange(request, send))
        watch = asyncio.create_task(_until_gone(receive, gone, wait_for_body=_has_body(scope)))
        try:
            await asyncio.wait({exchange, watch}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            # Either the answer is complete or nobody is there to read it: the worker should stop writing.
            for task in (exchange, watch):
                if not task.done():
                    task.cancel()
            await asyncio.gather(exchange, watch, return_exceptions=True)
        if not exchange.cancelled():
            exchange.result()

    async def close(self) -> None:
        await self._transport.aclose()

    async def _exchange(self, request: httpx.Request, send: Send) -> None:
        try:
            response = await self._transport.handle_async_request(request)
        except httpx.LocalProtocolError:
            # Headers that we do not pass on: the fault of whoever sent them, and no news for the operator.
            await answers.problem(send, 400, "malformed", "The request's headers are not those of HTTP.")
            return
        except httpx.TransportError as error:
            _log.warning("the worker does not answer", error=repr(error))
            title = (
                "The worker is not running or is starting. What is sent in is stored; this page comes back by itself."
            )
            await answers.problem(send, 503, "worker-unavailable", title)
            return
        async with contextlib.aclosing(response):
            headers = [(name, value) for name, value in response.headers.raw if name.lower() not in _HOP_BY_HOP]
            await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
            if isinstance(response.stream, httpx.AsyncByteStream):
                async for chunk in response.stream:  # as it came: still packed, if the worker packed it
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})


def _target(scope: Scope) -> bytes:
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    path = path.partition(b"?")[0]
    query: bytes = scope["query_string"]
    return path + b"?" + query if query else path


def _request_headers(scope: Scope) -> list[tuple[bytes, bytes]]:
    """The client's headers, and where it came from; what a client claims about that is dropped."""
    dropped = _HOP_BY_HOP | _FORWARDED
    headers = [(name, value) for name, value in scope["headers"] if name not in dropped]
    client = scope.get("client")
    if client:
        headers.append((b"x-forwarded-for", client[0].encode()))
    headers.append((b"x-forwarded-proto", scope["scheme"].encode()))
    if _chunked(scope):
        headers.append((b"transfer-encoding", b"chunked"))
    return headers


def _chunked(scope: Scope) -> bool:
    return any(name == b"transfer-encoding" for name, _ in scope["headers"])


def _has_body(scope: Scope) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in scope["headers"]
    )


async def _body(receive: Receive, gone: asyncio.Event) -> AsyncIterator[bytes]:
    try:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise asyncio.CancelledError
            yield message["body"]
            if not message.get("more_body"):
                return
    finally:
        gone.set()


async def _until_gone(receive: Receive, body_read: asyncio.Event, *, wait_for_body: bool) -> None:
    """Returns when the client has disconnected; only one task at a time may call ``receive``."""
    if wait_for_body:
        await body_read.wait()
    while (await receive())["type"] != "http.disconnect":
        pass
