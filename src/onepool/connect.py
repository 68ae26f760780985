"""Connecting touchpoints: secrets, tests, what came in lately and how it would be read."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import msgspec

from onepool.channels import registry
from onepool.channels.base import Account, Channel, Manifest, Message, Receipt
from onepool.channels.connection import Connection, ConnectionFailed, TokenRefused
from onepool.clock import Clock
from onepool.collect import hooked
from onepool.collect.accounts import AccountError, check_settings, make_account
from onepool.collect.inbound import decode
from onepool.collect.log import Log, Record
from onepool.collect.touchpoint import Touchpoint
from onepool.collect.wire import UNREADABLE, GzipError, gunzip
from onepool.errors import OnePoolError
from onepool.standards import Standard, StandardSettings, standardise

SECRETS: Final = "secrets"
"""Folder of secrets below the workspace's data; readable by the owner only."""

_WINDOW: Final = 400
_LOOKED_AT: Final = 20_000
_BYTES: Final = 16 << 20
_SHOWN_BYTES: Final = 16 << 10


class ConnectError(OnePoolError):
    """A touchpoint can't be connected this way."""

    code = "connect"


class Place(Protocol):
    """What this needs of a workspace."""

    @property
    def data(self) -> Path: ...
    @property
    def log(self) -> Log: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def sandbox(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Step:
    """One part of a test. ``code`` is stable: settings, secrets, network, token, answer."""

    code: Literal["settings", "secrets", "network", "token", "answer"]
    ok: bool
    message: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One thing that came in: the raw text, what the channel read in it, and what the standard made of that.

    ``standard``: events and profiles as they went into the pool; ``refused``: (rule, field, message) of what did not.
    """

    offset: int
    received_at: datetime
    protocol: str
    raw: str
    items: list[dict[str, Any]]
    standard: list[dict[str, Any]]
    refused: list[tuple[str, str, str]]


def put_secret(data: Path, touchpoint: str, setting: str, value: str) -> str:
    """Keep a secret in a file of its own and return the reference to it. The value is shown nowhere again.

    Raises:
        ConnectError: an empty value, or names that make no file name.
    """
    if not value.strip():
        raise ConnectError("a secret can't be empty", where=setting)
    if not re.fullmatch(r"[A-Za-z0-9_]{1,60}", touchpoint) or not re.fullmatch(r"[A-Za-z0-9_]{1,60}", setting):
        raise ConnectError("names of letters, digits and _ are wanted", where=f"{touchpoint}: {setting}")
    folder = data / SECRETS
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{touchpoint}.{setting}"
    descriptor, draft = tempfile.mkstemp(dir=folder)  # made with mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(value)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(path)
    finally:
        Path(draft).unlink(missing_ok=True)
    return f"file:{SECRETS}/{path.name}"


def within(reference: object) -> bool:
    """Whether a reference may be set from outside the machine: the environment, or a file in the secrets' folder."""
    if not isinstance(reference, str):
        return False
    return reference.startswith("env:") or bool(re.fullmatch(rf"file:{SECRETS}/[A-Za-z0-9_.]+", reference))


def manifest_of(channel: str) -> Manifest | None:
    """The manifest of a channel, None where no code for it is installed."""
    found = registry.find(channel)
    return None if found is None else found.manifest


def test(place: Place, touchpoint: Touchpoint, connect: type[Connection] = Connection) -> list[Step]:
    """Try a touchpoint's settings, up to one harmless call to the platform. Stops at the first step that fails."""
    channel = registry.find(touchpoint.channel)
    if channel is None:
        return [Step("settings", True, "nothing is installed for this channel; it takes files and SDK events")]
    problems = check_settings(touchpoint.settings, channel.manifest)
    if problems:
        return [Step("settings", False, "; ".join(f"{name}: {message}" for name, message in problems))]
    steps = [Step("settings", True)]
    try:
        account = make_account(touchpoint, place.data, place.sandbox)
    except AccountError as error:
        return [*steps, Step("secrets", False, error.message, error.hint or "")]
    steps.append(Step("secrets", True))
    connection = connect(channel, account, place.clock)
    try:
        return [*steps, *_probe(channel, connection)]
    finally:
        connection.close()


def _probe(channel: Channel, connection: Connection) -> list[Step]:
    try:
        answer = connection.probe()
    except TokenRefused as error:
        return [Step("network", True), Step("token", False, error.message, error.hint or "")]
    except ConnectionFailed as error:
        return [Step("network", False, error.message, error.hint or "")]
    if answer is None:
        return []
    steps = [Step("network", True)]
    if channel.probe is None and channel.token is not None:
        if channel.token.read(answer) is None:
            hint = "look at the id and the secret, and at the platform's list of allowed addresses"
            return [*steps, Step("token", False, f"the platform answered: {_words(answer.body)}", hint)]
        return [*steps, Step("token", True)]
    ok = answer.status < 400
    return [*steps, Step("answer", ok, "" if ok else f"the platform answered {answer.status}: {_words(answer.body)}")]


def send(place: Place, touchpoint: Touchpoint, message: Message, connect: type[Connection] = Connection) -> Receipt:
    """Send one message by hand (a test to oneself). Raises AccountError, ConnectError."""
    channel = registry.channel(touchpoint.channel)
    kinds = {kind.name for kind in channel.manifest.messages}
    if message.kind not in kinds:
        raise ConnectError(f"{touchpoint.channel} carries no {message.kind}", hint=f"it carries {', '.join(kinds)}")
    connection = connect(channel, make_account(touchpoint, place.data, place.sandbox), place.clock)
    try:
        return connection.send(message)
    finally:
        connection.close()


def records_of(log: Log, touchpoint: str, most: int) -> list[Record]:
    """The latest records of a touchpoint, the latest first; looks back over a bounded part of the log."""
    found: list[Record] = []
    end = log.end()
    last = max(0, end - _LOOKED_AT)
    while end > last and len(found) < most:
        start = max(last, end - _WINDOW)
        page: list[Record] = []
        at = start
        while at < end:
            some = [one for one in log.read(at, end - at, _BYTES) if one.offset <= end]
            if not some:
                break
            page += [one for one in some if one.touchpoint == touchpoint and one.protocol not in ("standard", "replay")]
            at = some[-1].offset
        found += reversed(page)
        end = start
    return found[:most]


def arrivals(
    records: Sequence[Record],
    standard: Standard,
    settings: StandardSettings,
    touchpoint: Touchpoint,
    account: Account | None = None,
) -> list[Arrival]:
    """What records say when they are read under a touchpoint's mapping (a draft, perhaps).

    ``account``: settings to read pushes under instead of those of then.
    """
    return [_arrival(_under(record, account), standard, settings, touchpoint) for record in records]


def _arrival(record: Record, standard: Standard, settings: StandardSettings, touchpoint: Touchpoint) -> Arrival:
    decoded = decode(record)
    batch = standardise([record], standard, settings, {record.touchpoint: touchpoint})
    ids: dict[int, list[str]] = {}
    for one in batch.ids.to_pylist():
        scope = f"@{one['scope']}" if one["scope"] else ""
        ids.setdefault(one["row"], []).append(f"{one['type']}{scope}:{one['value']}")
    facts: dict[int, dict[str, str]] = {}
    for one in batch.attributes.to_pylist():
        facts.setdefault(one["row"], {})[one["attribute"]] = one["value"]
    fields = {one["row"]: one["fields"] for one in batch.events.select(["row", "fields"]).to_pylist()}
    rows = [
        {
            "kind": row["kind"],
            "name": row["name"],
            "known": not row["unknown"],
            "time": row["time"],
            "ids": ids.get(row["row"], []),
            "fields": msgspec.json.decode(fields[row["row"]]) if fields.get(row["row"]) else {},
            "attributes": facts.get(row["row"], {}),
        }
        for row in batch.rows.to_pylist()
    ]
    return Arrival(
        offset=record.offset,
        received_at=record.received_at,
        protocol=record.protocol,
        raw=raw_text(record),
        items=[msgspec.json.decode(msgspec.json.encode(item)) for item in decoded.items],
        standard=rows,
        refused=[(one["rule"], one["field"], one["message"]) for one in batch.quarantine.to_pylist()],
    )


def raw_text(record: Record) -> str:
    """The start of a record as text: decrypted, unpacked, and the query where there is no body."""
    body = record.body
    try:
        headers = msgspec.json.decode(record.headers, type=hooked.Headers)
        if headers.plain is not None:
            return headers.plain[:_SHOWN_BYTES]
        if not body:
            return headers.query[:_SHOWN_BYTES]
    except UNREADABLE:
        pass
    if body[:2] == b"\x1f\x8b":
        with contextlib.suppress(GzipError):
            body = gunzip(body, _BYTES)
    return body[:_SHOWN_BYTES].decode("utf-8", "replace")


def _under(record: Record, account: Account | None) -> Record:
    """A push or page as it would stand in the log had it come under these settings."""
    if account is None or record.protocol not in (hooked.HOOK, hooked.PULL):
        return record
    headers = msgspec.json.decode(record.headers, type=hooked.Headers)
    headers.settings = hooked.open_settings(account)
    return replace(record, headers=msgspec.json.encode(headers))


def draft(name: str, body: Mapping[str, Any]) -> Account:
    """An account of a touchpoint that is not saved, without its secrets: enough to read by."""
    manifest = manifest_of(str(body.get("channel")))
    known = {} if manifest is None else {one.name: one.default for one in manifest.settings if one.default is not None}
    secrets = frozenset() if manifest is None else manifest.secrets
    given = {key: value for key, value in (body.get("settings") or {}).items() if key not in secrets}
    return Account(name, str(body.get("channel")), {**known, **given}, dict(body.get("scopes") or {}))


def _words(body: bytes) -> str:
    return body[:300].decode("utf-8", "replace")
