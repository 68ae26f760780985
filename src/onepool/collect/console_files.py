"""The built console as static files, served by the collectors so that it loads while the worker restarts."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

SECURITY_HEADERS: Final = {
    "content-security-policy": (
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
}
_HASHED: Final = "/assets/"


class ConsoleFiles:
    """ASGI application over the folder of a built console.

    Files under ``assets/`` carry a hash in their name and may be kept for ever; everything else is asked for again.
    A path that looks like a page (no file extension) gets ``index.html``: the console's own router shows it.
    """

    def __init__(self, folder: Path) -> None:
        self._files = StaticFiles(directory=folder, check_dir=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        cache = "public, max-age=31536000, immutable" if path.startswith(_HASHED) else "no-cache"

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(SECURITY_HEADERS)
                if message["status"] in (200, 206, 304):
                    headers["cache-control"] = cache
            await send(message)

        try:
            response = await self._files.get_response(self._files.get_path(scope), scope)
        except HTTPException as error:
            if error.status_code != 404 or PurePosixPath(path).suffix or path.startswith(_HASHED):
                raise
            response = await self._files.get_response("index.html", scope)
        await response(scope, receive, send_with_headers)
