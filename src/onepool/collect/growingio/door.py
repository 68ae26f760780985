"""The way in of GrowingIO's clients: ``POST /v3/projects/{write key}/collect``."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
from starlette.types import Scope, Send

from onepool.collect import answers
from onepool.collect.doorway import Parcel, Refused
from onepool.collect.growingio import PROTOCOL
from onepool.collect.growingio.decode import Headers
from onepool.collect.sensors.wire import parameters, text
from onepool.collect.touchpoint import Touchpoint

_PATH: Final = re.compile(r"/v3/projects/([^/]+)/collect/?")
MOST_PACKED: Final = 512 * 1024
"""Bytes of LZ-String that are taken; unpacking takes longer than anything else that a request may ask for."""

_COMPRESS: Final = ("", "0", "1")

_encode = msgspec.json.Encoder().encode


class GrowingDoor:
    """See `onepool.collect.doorway.Door`. What the clients call the project is the touchpoint's write key."""

    protocol = PROTOCOL
    methods = frozenset({"POST"})

    def leads(self, path: str) -> bool:
        return path.startswith("/v3/projects/") and _PATH.fullmatch(path) is not None

    def parcel(self, scope: Scope, body: bytes) -> Parcel:
        """The request as a parcel; raises Refused if it is packed in a way that can't be read."""
        address = parameters(scope["query_string"])
        compress = text(address, "compress")
        if compress not in _COMPRESS:
            hint = "use compress=0 or compress=1, as the web client does"
            raise Refused(415, "compress", f"compress={compress[:20]} is not known", where="compress", hint=hint)
        if compress == "1" and len(body) > MOST_PACKED:
            message = f"a packed request may have {MOST_PACKED:,} bytes at most"
            raise Refused(413, "too-large", message, hint="send smaller batches")
        if not body:
            raise Refused(400, "malformed", "the body is empty", where="body", hint="send a JSON list of events")
        match = _PATH.fullmatch(scope["path"])
        agent = next((value for name, value in scope["headers"] if name == b"user-agent"), b"")
        client = scope.get("client")

        def headers(touchpoint: Touchpoint, only: list[int] | None) -> bytes:
            del only
            return _encode(
                Headers(
                    compress == "1",
                    text(address, "stm")[:20],
                    agent[:512].decode("latin-1"),
                    client[0] if client else "",
                    dict(touchpoint.scopes),
                )
            )

        return Parcel(body=body, keys=[match[1]] if match else [], inside=_nothing, headers=headers)

    async def accepted(self, scope: Scope, send: Send) -> None:
        """200 and a small JSON."""
        await answers.success(scope, send)


def _nothing() -> list[list[Any]]:
    return []
