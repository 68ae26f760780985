"""The sandbox over HTTP: the platforms below ``/{channel}/{endpoint}/``, the control below ``/_/``. Loopback only."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from onepool.errors import OnePoolError
from onepool.sandbox.doubles.email import Email
from onepool.sandbox.pushing import SECONDS, Outgoing, Pushed
from onepool.sandbox.sandbox import ANYBODY, Sandbox
from onepool.sandbox.smtp import serve_mail
from onepool.sandbox.wire import Asked, Told

_logger = structlog.get_logger(__name__)

_TURN: Final = 0.05
_BODY_BYTES: Final = 8 << 20
_AT_ONCE: Final = 16
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_SHOWN: Final = 1_000


def create_app(sandbox: Sandbox, server: str, mail_port: int = 0) -> Starlette:
    """The application. ``server``: where the hooks are; ``mail_port``: where mails are taken (0: nowhere)."""

    @contextlib.asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        del app
        driving = asyncio.create_task(_drive(sandbox, server))
        mails = await _mails(sandbox, mail_port)
        try:
            yield
        finally:
            if mails is not None:
                mails.close()
            driving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await driving

    control = _Control(sandbox)
    routes = [
        Route("/_/health", control.health),
        Route("/_/acts", control.acts, methods=["GET"]),
        Route("/_/acts", control.act, methods=["POST"]),
        Route("/_/people", control.people),
        Route("/_/ledger", control.ledger),
        Route("/_/inbox", control.inbox),
        Route("/_/time", control.time, methods=["GET", "POST"]),
        Route("/{channel}/{endpoint}", _platform(sandbox), methods=["GET", "POST"]),
        Route("/{channel}/{endpoint}/{path:path}", _platform(sandbox), methods=["GET", "POST"]),
    ]
    app = Starlette(routes=routes, lifespan=life, exception_handlers={OnePoolError: _problem})
    app.add_middleware(_Loopback)
    return app


async def _mails(sandbox: Sandbox, port: int) -> asyncio.Server | None:
    """The mail server, where an account needs one."""
    if not port or not (sandbox.changing or any(isinstance(one, Email) for one in sandbox.doubles.values())):
        return None
    try:
        return await serve_mail("127.0.0.1", port, sandbox.mailbox, sandbox.lock)
    except OSError as error:
        _logger.warning("no mails are taken: the port is not free", port=port, error=str(error))
        return None


class _Loopback:
    """Refuses what a page of the web could let a browser do: other names for this machine, and foreign origins."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
            origin = headers.get(b"origin")
            if not _local(f"//{headers.get(b'host', '')}") or (origin is not None and not _local(origin)):
                answer = JSONResponse({"code": "loopback", "detail": "the sandbox is for this machine only"}, 403)
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _local(address: str) -> bool:
    try:
        return urlsplit(address).hostname in _LOOPBACK
    except ValueError:
        return False


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, OnePoolError)
    return JSONResponse({"code": error.code, "detail": error.message, "hint": error.hint, "where": error.where}, 422)


def _platform(sandbox: Sandbox) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > _BODY_BYTES:
                return JSONResponse({"error": "too large"}, 413)
        asked = Asked(
            request.method,
            request.path_params["endpoint"],
            "/" + request.path_params.get("path", ""),
            request.url.query,
            {name.lower(): value for name, value in request.headers.items()},
            bytes(body),
            request.scope.get("raw_path", b"").decode("latin-1"),
        )
        told, entry, behaviour = await asyncio.to_thread(sandbox.call, request.path_params["channel"], asked)
        wait = sandbox.stage.chance.between(behaviour.delay, "delay", entry.number)
        if wait > 0:
            await asyncio.sleep(wait)
        return _Lost(told) if entry.fault == "lost" else _response(told)

    return answer


def _response(told: Told) -> Response:
    return Response(told.body, told.status, dict(told.headers), told.content_type)


class _Lost(Response):
    """An answer that breaks off: what was asked for is done, and whoever asked can't know."""

    def __init__(self, told: Told) -> None:
        super().__init__(b"", told.status, media_type=told.content_type)
        self._length = len(told.body) + 100

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        length = str(self._length).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
        # The server closes the connection when an application ends before the body it has promised.


class _Control:
    """What a person or a test may see and let happen."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def health(self, request: Request) -> Response:
        del request
        sandbox = self._sandbox
        return _json(
            {
                "scenario": sandbox.scenario.scenario,
                "seed": sandbox.scenario.seed,
                "now": sandbox.clock.now(),
                "people": len(sandbox.world),
                "accounts": {name: one.channel for name, one in list(sandbox.doubles.items())},
                "pushes_waiting": len(sandbox.outbox),
            }
        )

    async def acts(self, request: Request) -> Response:
        del request
        return _json(self._sandbox.acts())

    async def act(self, request: Request) -> Response:
        """``{"do": "follow", "account": "oa", "person": "p1", "given": {…}}``; ``repeat``: a ``content`` as it is."""
        try:
            body = json.loads(await request.body())
        except ValueError:
            body = None
        if not isinstance(body, dict) or not isinstance(body.get("do"), str):
            return JSONResponse({"code": "act", "detail": 'JSON with "do" is wanted'}, 422)
        given = body.get("given")
        known = given if isinstance(given, dict) else {}
        account, person = str(body.get("account", "")), str(body.get("person", ANYBODY))
        if body["do"] == "repeat":
            content, kind = str(known.get("content", "")), str(known.get("content_type", "text/xml"))
            await asyncio.to_thread(self._sandbox.repeat, account, content.encode(), kind)
            return _json({"do": "repeat", "account": account})
        return _json(await asyncio.to_thread(self._sandbox.act, body["do"], account, person, known))

    async def people(self, request: Request) -> Response:
        limit = _limit(request)
        return _json(self._sandbox.people()[:limit])

    async def ledger(self, request: Request) -> Response:
        wanted = {name: request.query_params.get(name) for name in _LEDGER}
        rows = self._sandbox.ledger.lines(**wanted)
        return _json(_since(rows, request))

    async def inbox(self, request: Request) -> Response:
        """Messages that reached people; ``twice``: of those, the same content to the same person."""
        if "twice" in request.query_params:
            return _json(self._sandbox.ledger.twice())
        wanted = {name: request.query_params.get(name) for name in _INBOX}
        return _json(_since(self._sandbox.ledger.inbox(**wanted), request))

    async def time(self, request: Request) -> Response:
        if request.method == "POST":
            try:
                seconds = float(json.loads(await request.body())["advance"])
            except (ValueError, TypeError, KeyError):
                return JSONResponse({"code": "time", "detail": '{"advance": SECONDS} is wanted'}, 422)
            if not 0 <= seconds <= 366 * 86_400:
                return JSONResponse({"code": "time", "detail": "time goes ahead only, by a year at most"}, 422)
            await asyncio.to_thread(self._sandbox.advance, seconds)
        return _json({"now": self._sandbox.clock.now()})


_LEDGER: Final = ("direction", "channel", "touchpoint", "what", "outcome", "fault")
_INBOX: Final = ("channel", "touchpoint", "person", "address", "kind", "key")


def _since(rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
    """Rows with numbers above ``since``, the latest ``limit`` of them."""
    since = request.query_params.get("since", "0")
    number = int(since) if since.isdigit() else 0
    return [row for row in rows if row["number"] > number][-_limit(request) :]


def _limit(request: Request) -> int:
    given = request.query_params.get("limit", "")
    return max(1, min(int(given), 100_000)) if given.isdigit() else _SHOWN


def _json(value: Any) -> Response:
    return Response(json.dumps(value, ensure_ascii=False, default=str), media_type="application/json")


async def _drive(sandbox: Sandbox, server: str) -> None:
    """Let the world go on and the pushes out."""
    gate = asyncio.Semaphore(_AT_ONCE)
    sending: set[asyncio.Task[None]] = set()
    async with httpx.AsyncClient(timeout=SECONDS, trust_env=False, follow_redirects=False) as client:
        try:
            while True:
                await asyncio.to_thread(sandbox.turn)
                for pushed, outgoing in sandbox.due():
                    task = asyncio.create_task(_push(client, gate, sandbox, server, pushed, outgoing))
                    sending.add(task)
                    task.add_done_callback(sending.discard)
                await asyncio.sleep(_TURN)
        finally:
            for task in sending:
                task.cancel()


async def _push(
    client: httpx.AsyncClient, gate: asyncio.Semaphore, sandbox: Sandbox, server: str, pushed: Pushed, one: Outgoing
) -> None:
    async with gate:
        url = server.rstrip("/") + one.path + (f"?{one.query}" if one.query else "")
        answer: tuple[int, bytes] | None = None
        with contextlib.suppress(httpx.TransportError, TimeoutError):
            response = await asyncio.wait_for(
                client.request(one.method, url, headers=dict(one.headers), content=one.body), SECONDS
            )
            answer = (response.status_code, response.content)
        sandbox.concluded(pushed, answer)
