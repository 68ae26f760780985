"""Pushes of platforms and kept pages of pulls, as they stand in the log, and what their channel reads in them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Literal
from urllib.parse import unquote_plus

import msgspec

from onepool.channels import registry
from onepool.channels.base import Account, Push, Request
from onepool.collect.inbound import Broken, Decoded, register, sample
from onepool.collect.log import NewRecord, Record
from onepool.collect.wire import UNREADABLE

HOOK, PULL = "hook", "pull"

_PARTS: Final = re.compile("([&=/])")


class Headers(msgspec.Struct, omit_defaults=True):
    """What is noted beside the body. ``settings``: those of the touchpoint that are not secret, as they were then.

    ``plain``: the decrypted body, so that reading needs no key and a rebuild reads the same after keys changed.
    """

    channel: str
    settings: dict[str, Any] = {}
    scopes: dict[str, str] = {}
    method: str = "POST"
    rest: str = ""
    query: str = ""
    type: str = ""
    call: str = ""
    ip: str = ""
    agent: str = ""
    sent: dict[str, str] = {}
    plain: str | None = None


_headers = msgspec.json.Decoder(Headers).decode
_encode = msgspec.json.Encoder().encode


def pushed(request: Request, account: Account, at: datetime, plain: str | None) -> NewRecord:
    """The log record of a verified push."""
    headers = Headers(
        channel=account.channel,
        settings=open_settings(account),
        scopes=dict(account.scopes),
        method=request.method,
        rest=_hushed(request.rest, account),
        query=_hushed(request.query, account),
        type=request.headers.get("content-type", "")[:200],
        ip=request.ip,
        agent=request.headers.get("user-agent", "")[:512],
        sent=_named(request, account),
        plain=plain,
    )
    return NewRecord(at, account.touchpoint, HOOK, _encode(headers), request.body)


def pulled(account: Account, call: str, body: bytes, at: datetime) -> NewRecord:
    """The log record of a page that was fetched with the channel's ``call``."""
    headers = Headers(channel=account.channel, settings=open_settings(account), scopes=dict(account.scopes), call=call)
    return NewRecord(at, account.touchpoint, PULL, _encode(headers), body)


def read(record: Record) -> Decoded:
    """Items of one push or page. What the channel itself fails at waits in quarantine as a whole."""
    kind: Literal["hook", "pull"] = "pull" if record.protocol == PULL else "hook"
    try:
        headers = _headers(record.headers)
    except UNREADABLE as error:
        return Decoded([], [Broken(0, "channel.unreadable", str(error), sample(record.body))])
    found = registry.find(headers.channel)
    if found is None or found.read is None:
        message = f"no channel {headers.channel!r} that reads this is installed; install it and replay"
        return Decoded([], [Broken(0, "channel.unknown", message, sample(record.body))])
    try:
        return found.read(_push(record, headers, kind))
    # A channel's mistake about one push must not stop the rest; it can be mended and replayed.
    except Exception as error:  # noqa: BLE001
        message = f"channel {headers.channel} can't read this: {type(error).__name__}"
        return Decoded([], [Broken(0, "channel.failed", message, sample(record.body))])


def under(record: Record, account: Account) -> Record:
    """A push or page as it would stand in the log had it come under these settings; any other record as it is.

    So that what no rule fitted, or what was read under wrong settings, is tried again under those of now.
    """
    if record.protocol not in (HOOK, PULL):
        return record
    try:
        headers = _headers(record.headers)
    except UNREADABLE:
        return record
    if headers.channel != account.channel or registry.find(headers.channel) is None:
        return record
    headers.settings, headers.scopes = open_settings(account), dict(account.scopes)
    return replace(record, headers=_encode(headers))


def push_of(record: NewRecord) -> Push:
    """A push as its channel is given it."""
    return _push(record, _headers(record.headers), "hook")


def _push(record: NewRecord, headers: Headers, kind: Literal["hook", "pull"]) -> Push:
    return Push(
        kind=kind,
        touchpoint=record.touchpoint,
        settings=headers.settings,
        scopes=headers.scopes,
        body=record.body,
        method=headers.method,
        rest=headers.rest,
        query=headers.query,
        content_type=headers.type,
        call=headers.call,
        plain=headers.plain,
        ip=headers.ip,
        agent=headers.agent,
        headers=headers.sent,
    )


def _named(request: Request, account: Account) -> dict[str, str]:
    """The headers that the channel reads beside the body."""
    wanted = registry.channel(account.channel).manifest.headers
    return {name: request.headers[name][:512] for name in wanted if name in request.headers}


def _hushed(text: str, account: Account) -> str:
    """An address without the account's secrets: some platforms sign nothing, and the address itself is the secret.

    Parts are compared as they are read, since senders escape differently.
    """
    secrets = [value for name in registry.channel(account.channel).manifest.secrets if (value := account.text(name))]
    for value in secrets:
        text = text.replace(value, "***")
    if "%" not in text and "+" not in text:
        return text
    parts = _PARTS.split(text)  # with the separators between them
    return "".join("***" if any(value in unquote_plus(one) for value in secrets) else one for one in parts)


def open_settings(account: Account) -> dict[str, Any]:
    """The settings that are not secret and that reading may need."""
    hidden = registry.channel(account.channel).manifest.unnoted
    return {name: value for name, value in account.settings.items() if name not in hidden}


register(HOOK, read)
register(PULL, read)
