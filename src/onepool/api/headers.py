"""Security headers on every answer, and a limit on the size of requests."""

from __future__ import annotations

from re import Pattern

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from onepool.api.problems import problem_of, respond

_COMMON = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}


class SecurityHeaders:
    """ASGI middleware for the API's answers; browsers and proxies never store them. (The console has its own.)"""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _COMMON.items():
                    headers.setdefault(name, value)
                headers["Cache-Control"] = "no-store"
            await send(message)

        await self._app(scope, receive, with_headers)


class BodyLimit:
    """ASGI middleware: a request larger than `limit` bytes, said or sent, gets a problem and is not read further.

    Paths that match `files` take whole files, of at most `file_limit` bytes.
    """

    def __init__(self, app: ASGIApp, limit: int, files: Pattern[str] | None = None, file_limit: int = 0) -> None:
        self._app = app
        self._limit = limit
        self._files = files
        self._file_limit = file_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        whole = self._files is not None and self._files.fullmatch(scope["path"]) is not None
        limit = self._file_limit if whole else self._limit
        said = f"the request is larger than {limit} bytes"
        declared = Headers(scope=scope).get("content-length", "0")
        if not declared.isdecimal() or int(declared) > limit:
            problem = problem_of(413, "too-large", said)
            await respond(problem, {"Connection": "close"})(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                # Reading happens inside of the app, whose handlers make a problem of it.
                raise HTTPException(413, said)
            return message

        await self._app(scope, counted, send)
