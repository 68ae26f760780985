"""The platforms' doubles from outside: where they run unless told otherwise, whether they do, what people do there."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from onepool.errors import OnePoolError

DEFAULT: Final = "http://127.0.0.1:8100"
"""Where the sandbox runs when nobody has said where."""

START: Final = "start it with `onepool serve --sandbox` or `onepool sandbox`"

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 3.0


class SandboxAway(OnePoolError):
    """No sandbox answers, or it refuses what was asked."""

    code = "sandbox-away"


def here(address: str | None) -> bool:
    """Whether an address is one of this machine, with a port."""
    try:
        url = urlsplit(address or "")
        return url.hostname in _LOOPBACK and url.port is not None
    except ValueError:
        return False


def runs(address: str | None) -> bool:
    """Whether a sandbox answers there."""
    try:
        return address is not None and "accounts" in ask(address, "GET", "/_/health", seconds=_LOOK_SECONDS)
    except SandboxAway:
        return False


def ask(address: str, method: str, path: str, *, seconds: float = _SECONDS, **more: Any) -> Any:
    """What a sandbox answers to a question of its control (``/_/…``). ``more``: as httpx takes it.

    Raises:
        SandboxAway: nobody answers, somebody else does, or (code ``act``) it can't be done.
    """
    try:
        answer = httpx.request(method, address.rstrip("/") + path, timeout=seconds, trust_env=False, **more)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SandboxAway("no sandbox runs", where=address, hint=START) from error
    try:
        found = answer.json()
    except ValueError:
        found = None
    if not isinstance(found, dict | list) or answer.status_code == httpx.codes.NOT_FOUND:
        raise SandboxAway("something else than a sandbox answers", where=address, hint="give its --port")
    if answer.status_code >= 400 and isinstance(found, dict):
        raise SandboxAway(str(found.get("detail")), where=found.get("where"), hint=found.get("hint"), code="act")
    return found
