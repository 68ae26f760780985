"""Plain ASGI answers of the ways in: small JSON, CORS for browsers of other origins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from starlette.types import Scope, Send

RETRY_SECONDS: Final = 2
_RETRY: Final = (b"retry-after", str(RETRY_SECONDS).encode())
_JSON: Final = (b"content-type", b"application/json")
_PROBLEM: Final = (b"content-type", b"application/problem+json")
_CORS: Final = [(b"access-control-allow-credentials", b"true"), (b"vary", b"Origin")]
_PREFLIGHT: Final = [
    (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
    (b"access-control-allow-headers", b"authorization, content-type, anonymousid, sentat"),
    (b"access-control-max-age", b"86400"),
]
_SUCCESS: Final = b'{"success": true}'
_SUCCESS_HEADERS: Final = [_JSON, (b"content-length", str(len(_SUCCESS)).encode())]

Headers = list[tuple[bytes, bytes]]


def cors(scope: Scope) -> Headers:
    """Headers that let the asking page read the answer. With credentials a literal ``*`` would not be honoured."""
    for name, value in scope["headers"]:
        if name == b"origin":
            return [(b"access-control-allow-origin", value), *_CORS]
    return []


async def success(scope: Scope, send: Send) -> None:
    """200 with the exact small JSON that the clients look for."""
    await send({"type": "http.response.start", "status": 200, "headers": _SUCCESS_HEADERS + cors(scope)})
    await send({"type": "http.response.body", "body": _SUCCESS})


async def preflight(scope: Scope, send: Send) -> None:
    """Answers a browser that asks whether it may send."""
    await send({"type": "http.response.start", "status": 204, "headers": _PREFLIGHT + cors(scope)})
    await send({"type": "http.response.body", "body": b""})


async def reply(scope: Scope, send: Send, data: Any, *, status: int = 200, headers: Headers | None = None) -> None:
    """Any JSON, readable for browsers of other origins."""
    body = msgspec.json.encode(data)
    all_headers = [_JSON, (b"content-length", str(len(body)).encode()), *cors(scope), *(headers or [])]
    await send({"type": "http.response.start", "status": status, "headers": all_headers})
    await send({"type": "http.response.body", "body": body})


async def refuse(
    scope: Scope, send: Send, status: int, code: str, message: str, *, where: str | None = None, hint: str | None = None
) -> None:
    """An error of the collection path: ``{"success": false, "code", "message", "where"?, "hint"?}``.

    503 carries Retry-After: the clients keep their data on it, and drop it for good on most 4xx.
    """
    found = {"success": False, "code": code, "message": message, "where": where, "hint": hint}
    data = {key: value for key, value in found.items() if value is not None}
    extra = [_RETRY] if status == 503 else [(b"allow", b"POST, OPTIONS")] if status == 405 else []
    await reply(scope, send, data, status=status, headers=extra)


async def problem(send: Send, status: int, code: str, title: str, detail: Mapping[str, Any] | None = None) -> None:
    """RFC 9457 problem details, for everything that is not the collection path."""
    body = msgspec.json.encode(
        {"type": "about:blank", "status": status, "code": code, "title": title, **(detail or {})}
    )
    headers = [_PROBLEM, (b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store")]
    if status == 503:
        headers.append(_RETRY)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
