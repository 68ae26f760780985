"""Preference pages: ``/p/{token}``. Withdrawing is as easy as giving, and needs no login.

What somebody chooses is on disk before the answer, and keeps messages back from that moment (privacy/consents/stops).
The token in the address is the right to the page: there is no cookie that another site could make use of. Opening the
page changes nothing, whatever program opens it. A POST with ``List-Unsubscribe=One-Click`` (RFC 8058) stops marketing
over the channel of the address.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes
from functools import partial
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp, Receive, Scope, Send

from onepool.clock import Clock
from onepool.collect import preference_pages as pages
from onepool.collect.doorway import LogWriter, read_body
from onepool.collect.group_commit import Overloaded
from onepool.collect.log import LogUnavailable
from onepool.collect.preference_desk import CHANNEL_OF, MESSAGES, WHOLE, Cell, PreferenceDesk, View
from onepool.collect.preference_words import Choice, stated
from onepool.errors import OnePoolError
from onepool.privacy.consents.links import PATTERN
from onepool.privacy.consents.notices import text_hash

_logger = structlog.get_logger(__name__)

T = TypeVar("T")

PREFIX: Final = "/p/"
_BODY_BYTES: Final = 16 << 10
_UNREADABLE: Final = (OnePoolError, SQLAlchemyError, OSError)
_HEADERS: Final = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", pages.POLICY.encode()),
    (b"cache-control", b"no-store, private"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-robots-tag", b"noindex, nofollow"),
    (b"x-content-type-options", b"nosniff"),
]


class Limiter:
    """At most ``most`` within ``seconds`` for each key; the least recently seen of many keys are forgotten."""

    def __init__(self, most: int, seconds: float = 60.0, keys: int = 50_000) -> None:
        self._most = most
        self._seconds = seconds
        self._keys = keys
        self._seen: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def allows(self, key: str, at: float) -> bool:
        """Count one more; False where it is too many."""
        since, count = self._seen.pop(key, (at, 0))
        if at - since >= self._seconds:
            since, count = at, 0
        self._seen[key] = (since, count + 1)
        if len(self._seen) > self._keys:
            self._seen.popitem(last=False)
        return count < self._most


class Preferences:
    """ASGI middleware that answers preference pages itself and passes everything else on."""

    def __init__(
        self, app: ASGIApp, writer: LogWriter, desk: PreferenceDesk, clock: Clock, *, per_address: int = 60,
        per_page: int = 30,
    ) -> None:  # fmt: skip
        self._app = app
        self._writer = writer
        self._desk = desk
        self._clock = clock
        self._addresses = Limiter(per_address)
        self._pages = Limiter(per_page)
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="preferences")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        language = _language(scope)
        method = scope["method"]
        if method not in ("GET", "HEAD", "POST"):
            await _send(send, 405, pages.told("refused", language))
            return
        client = scope.get("client")
        now = self._clock.now().timestamp()
        token = scope["path"][len(PREFIX) :]
        one = self._addresses.allows(client[0] if client else "", now)
        if one and not PATTERN.fullmatch(token):
            # No token at all: nothing is kept of it.
            await _send(send, 404, pages.told("missing", language))
            return
        if not one or not self._pages.allows(token, now):
            await _send(send, 429, pages.told("busy", language), [(b"retry-after", b"60")])
            return
        try:
            view = await self._run(self._desk.view, token)
            if view is None:
                await _send(send, 404, pages.told("missing", language))
            elif method == "POST":
                await self._chosen(view, scope, receive, send, language)
            else:
                await _send(send, 200, pages.page(view, view.cells, language), body=method == "GET")
        except (LogUnavailable, Overloaded, *_UNREADABLE) as error:
            _logger.error("a preference page can't be served", error=type(error).__name__)
            await _send(send, 503, pages.told("again", language), [(b"retry-after", b"2")])

    async def _chosen(self, view: View, scope: Scope, receive: Receive, send: Send, language: str) -> None:
        body = await read_body(receive, _BODY_BYTES)
        if body is None:
            return
        if len(body) > _BODY_BYTES:
            await _send(send, 413, pages.told("refused", language))
            return
        form = _form(scope, body)
        one_click = form.get("List-Unsubscribe") == ["One-Click"]
        site = next((value for name, value in scope["headers"] if name == b"sec-fetch-site"), b"")
        if not one_click and site not in (b"", b"same-origin", b"none"):
            await _send(send, 403, pages.told("refused", language))
            return
        if one_click:
            choices = [Choice(False, "marketing", CHANNEL_OF.get(view.id[0], ""))]
        elif form.get("do") == ["stop"]:
            choices = [Choice(False, ", ".join((*MESSAGES, *WHOLE)))]
        elif "shown" not in form:
            # Nothing that this page sends: "saved" would be a lie.
            await _send(send, 400, pages.told("refused", language))
            return
        else:
            choices = _choices(view, set(form.get("shown", ())), set(form.get("yes", ())))
        await self._state(view, choices, language, "one_click" if one_click else "preference_page")
        if one_click:
            await _send(send, 200, pages.told("stopped", language))
            return
        after = dict(view.cells)
        for choice in choices:
            for cell in after:
                if cell[0] in choice.purpose.split(", ") and choice.channel in ("", cell[1]):
                    after[cell] = choice.yes
        await _send(send, 200, pages.page(view, after, language, "saved"))

    async def _state(self, view: View, choices: list[Choice], language: str, method: str) -> None:
        """On disk, then in force: a message that is claimed after the answer sees the withdrawal."""
        if not choices:
            return
        text, label = pages.text_shown(view, language)
        evidence = {"language": language} | ({"send": str(view.send_id)} if view.send_id is not None else {})
        record = stated(
            view.id, choices, self._clock.now(), method=method, notice=label, notice_hash=text_hash(text),
            evidence=evidence,
        )  # fmt: skip
        offset = await self._writer.append(record)
        await self._run(self._desk.stop, view, choices, offset, method)

    async def _run(self, call: Callable[..., T], *given: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(call, *given))


def _form(scope: Scope, body: bytes) -> dict[str, list[str]]:
    """Names and values, in either of a form's encodings (RFC 8058, 3.2, names both for one click)."""
    told = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    if not told.lower().startswith(b"multipart/form-data"):
        return parse_qs(body.decode("latin-1"), keep_blank_values=True)
    found: dict[str, list[str]] = {}
    for part in message_from_bytes(b"Content-Type: " + told + b"\r\n\r\n" + body).walk():
        name, value = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(value, bytes):
            found.setdefault(name, []).append(value.decode("utf-8", "replace"))
    return found


def _choices(view: View, shown: set[str], yes: set[str]) -> list[Choice]:
    """What a form says of the switches that it showed: every no, and each yes that is new."""
    found = []
    for cell, held in view.cells.items():
        name = _name(cell)
        if name in shown and (name not in yes or not held):
            found.append(Choice(name in yes, cell[0], cell[1]))
    return found


def _name(cell: Cell) -> str:
    return f"{cell[0]}:{cell[1]}"


def _language(scope: Scope) -> str:
    """Asked for in the address, else what the browser prefers; Chinese otherwise."""
    asked: str = parse_qs(scope["query_string"].decode("latin-1")).get("lang", [""])[0]
    if asked in pages.LANGUAGES:
        return asked
    told = next((value for name, value in scope["headers"] if name == b"accept-language"), b"").decode("latin-1")
    first = told.split(",")[0].split(";")[0].strip().lower()
    return "en" if first and not first.startswith("zh") else "zh"


async def _send(
    send: Send, status: int, content: bytes, more: list[tuple[bytes, bytes]] | None = None, *, body: bool = True
) -> None:
    length = (b"content-length", str(len(content)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*_HEADERS, length, *(more or [])]})
    await send({"type": "http.response.body", "body": content if body else b""})
