"""The way in of Sensors' clients: ``/sa``, the image ``/sa.gif``, and ``/debug`` of the debugging mode.

The protocol has no header for a key. The write key stands as ``token=`` or ``project=`` in the address that the client
was given, or as ``token`` or ``project`` of the records; a project's mere name opens nothing.
"""

from __future__ import annotations

import binascii
from typing import Any, Final

import msgspec
from starlette.types import Scope, Send

from onepool.collect import answers
from onepool.collect.doorway import Parcel, Refused
from onepool.collect.sensors import PROTOCOL
from onepool.collect.sensors.decode import split
from onepool.collect.sensors.wire import Headers, WireError, keys_of, parameters, payload, text
from onepool.collect.touchpoint import Touchpoint
from onepool.collect.wire import UNREADABLE, GzipError, gunzip

_DEBUG: Final = frozenset({"/debug", "/debug/"})
_PATHS: Final = frozenset({"/sa", "/sa/", "/sa.gif", *_DEBUG})
_GIF: Final = binascii.a2b_base64(b"R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_GIF_HEADERS: Final = [
    (b"content-type", b"image/gif"),
    (b"content-length", str(len(_GIF)).encode()),
    (b"cache-control", b"no-store"),
]


class _Named(msgspec.Struct, gc=False):
    token: Any = None
    project: Any = None


_named = msgspec.json.Decoder(_Named).decode
_all_named = msgspec.json.Decoder(list[_Named]).decode
_encode = msgspec.json.Encoder().encode


class SensorsDoor:
    """See `onepool.collect.doorway.Door`."""

    protocol = PROTOCOL
    methods = frozenset({"GET", "POST"})

    def leads(self, path: str) -> bool:
        return path in _PATHS

    def parcel(self, scope: Scope, body: bytes) -> Parcel:
        """The request as a parcel; raises Refused if there is nothing in it."""
        query: bytes = scope["query_string"]
        in_query = scope["method"] == "GET"
        form = query if in_query else body
        if not form or (in_query and b"data" not in form):
            hint = "send base64 of JSON as `data` or `data_list`"
            raise Refused(400, "malformed", "there is no data in the request", where="data", hint=hint)
        address = parameters(query) if query else {}
        agent, dry = _told(scope)
        client = scope.get("client")

        def headers(touchpoint: Touchpoint, only: list[int] | None) -> bytes:
            ip = client[0] if client else ""
            return _encode(Headers(in_query, agent, ip, dict(touchpoint.scopes), only))

        return Parcel(
            body=form,
            keys=[found for name in ("token", "project") if (found := text(address, name))],
            inside=lambda: _inside(form),
            headers=headers,
            check=scope["path"] in _DEBUG,
            keep=not (dry and scope["path"] in _DEBUG),
        )

    async def accepted(self, scope: Scope, send: Send) -> None:
        """200; an image where one was asked for."""
        if scope["method"] != "GET":
            await answers.success(scope, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": _GIF_HEADERS + answers.cors(scope)})
        await send({"type": "http.response.body", "body": _GIF})


def _told(scope: Scope) -> tuple[str, bool]:
    """The user agent, and whether the data is only to be looked at."""
    agent, dry = "", False
    for name, value in scope["headers"]:
        if name == b"user-agent":
            agent = value[:512].decode("latin-1")
        elif name == b"dry-run":
            dry = value.strip().lower() == b"true"
    return agent, dry


def _inside(form: bytes) -> list[list[str]]:
    """Candidates for a write key of each record; of what can't be read, none."""
    try:
        plain = gunzip(form, 1 << 24) if form.startswith(b"\x1f\x8b") else form
        data = payload(parameters(plain))
    except (GzipError, WireError):
        return []
    try:
        found = _all_named(data.plain) if data.many else [_named(data.plain)]
    except UNREADABLE:
        found = _one_by_one(data)
    return [keys_of({"token": one.token, "project": one.project}) for one in found]


def _one_by_one(data: Any) -> list[_Named]:
    try:
        raws = split(data)
    except UNREADABLE:
        return []
    found = []
    for raw in raws:
        try:
            found.append(_named(raw))
        except UNREADABLE:
            found.append(_Named())
    return found
