"""Requests and answers as plain values, so that channels are pure and can be tested without a network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import parse_qsl

import msgspec

_ARGS: Final = 200


@dataclass(frozen=True, slots=True)
class Request:
    """A request of a platform to us. ``rest`` is the path below the touchpoint, ``query`` the raw query string.

    ``headers`` has lower-case names. ``body`` is as received (unpacked from gzip only).
    """

    method: str
    rest: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    ip: str = ""

    @property
    def args(self) -> dict[str, str]:
        """The query's values by name; of several, the first. Raises Refused for more than a platform ever sends."""
        found: dict[str, str] = {}
        if self.query.count("&") >= _ARGS:
            raise Refused(400, "malformed", f"the query may have {_ARGS} parameters at most")
        for name, value in parse_qsl(self.query, keep_blank_values=True):
            found.setdefault(name, value)
        return found


@dataclass(frozen=True, slots=True)
class Keep:
    """That a request goes into the log. ``plain``: its decrypted content, when the body is encrypted."""

    plain: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """How a request is answered, and whether it is kept.

    ``once``: what must not come again with another body (nonce and timestamp, where the signature does not cover it).
    ``others``: for how many seconds other bodies may come with it all the same, where the platform signs no more than
    the time, so that two pushes of one second have one signature. They count from ``signed`` (seconds since 1970) or
    from the first push with it, whichever was earlier.
    """

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    keep: Keep | None = None
    headers: tuple[tuple[str, str], ...] = ()
    once: str | None = None
    others: float = 0.0
    signed: float | None = None


class Refused(Exception):
    """A request that is not from the platform, or can't be one of its.

    ``code`` is stable: signature, stale, replayed, malformed, too-large, address, method, not-configured.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def encode_json(value: object) -> bytes:
    """JSON as UTF-8 without escapes of other letters, as calls carry it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def json_reply(value: Any, *, keep: Keep | None = None) -> Reply:
    """200 with JSON."""
    return Reply(body=msgspec.json.encode(value), content_type="application/json", keep=keep)


@dataclass(frozen=True, slots=True)
class Push:
    """What is read from the log: a push, or a kept page of a pull.

    ``call`` is empty for a push, else the name of the pull's call. ``settings``: those of the account that are not
    secret, as they were when it was received. ``plain``: the decrypted body. ``headers``: those that the
    manifest names.
    """

    kind: Literal["hook", "pull"]
    touchpoint: str
    settings: Mapping[str, Any]
    scopes: Mapping[str, str]
    body: bytes
    method: str = "POST"
    rest: str = ""
    query: str = ""
    content_type: str = ""
    call: str = ""
    plain: str | None = None
    ip: str = ""
    agent: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def scope(self, kind: str, setting: str = "") -> str:
        """The scope of an identifier type here: the touchpoint's own word, else the setting, else its name."""
        if kind in self.scopes:
            return self.scopes[kind]
        value = self.settings.get(setting) if setting else None
        return str(value) if value else self.touchpoint

    @property
    def args(self) -> dict[str, str]:
        """The query's values by name; of several, the first. Raises ValueError where there are too many."""
        try:
            return Request(self.method, self.rest, self.query, {}, b"").args
        except Refused as error:
            raise ValueError(error.message) from error


@dataclass(frozen=True, slots=True)
class Call:
    """A request of ours to a platform. At most one of ``json``, ``form`` and ``body`` is set.

    JSON is sent as UTF-8 without escapes (WeChat shows escapes to people as they are). ``token``: needs the account's
    token. ``idempotent``: may be repeated after an answer that never came.
    """

    method: str
    url: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, str] | None = None
    body: bytes | None = None
    token: bool = True
    idempotent: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """A platform's answer. ``headers`` has lower-case names."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
