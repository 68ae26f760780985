"""Connecting touchpoints: secrets, tests, what came in lately and how it would be read."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, Protocol
from uuid import UUID

import msgspec

from onepool.channels import registry
from onepool.channels.base import Account, Channel, Manifest, Message, PullFailed, Receipt, Request
from onepool.channels.connection import Connection, ConnectionFailed, TokenRefused
from onepool.clock import Clock
from onepool.collect import doubles, hooked
from onepool.collect.accounts import AccountError, check_settings, make_account
from onepool.collect.inbound import decode
from onepool.collect.log import Log, Record
from onepool.collect.touchpoint import Touchpoint
from onepool.collect.wire import UNREADABLE, GzipError, gunzip
from onepool.errors import OnePoolError
from onepool.pool import Session
from onepool.standards import Standard, StandardSettings, standardise
from onepool.standards.gathered import SEQ_BITS

SECRETS: Final = "secrets"
"""Folder of secrets below the workspace's data; readable by the owner only."""

ENVIRONMENT: Final = "ONEPOOL_SECRET_"
"""How variables begin that a touchpoint may name which was set over the API; definitions in files may name any."""

DESTINATION: Final = "destination-"
"""How names begin under which the secrets of destinations are kept; those of touchpoints have no hyphen."""

_WINDOW: Final = 400
_LOOKED_AT: Final = 20_000
_BYTES: Final = 16 << 20
_SHOWN_BYTES: Final = 16 << 10
_SHOWN_THINGS: Final = 20
_ITEM: Final = (1 << 20) - 1


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
    """One part of a test. ``code`` is stable: settings, sandbox, secrets, network, token, answer."""

    code: Literal["settings", "sandbox", "secrets", "network", "token", "answer"]
    ok: bool
    message: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One thing that came in: the raw text, what the channel read in it, and what the standard made of that.

    ``standard``: events and profiles as they went into the pool; ``refused``: (rule, field, message, sample) of what
    did not. Of a record with very many things the first ones are shown; ``left_out`` counts the others. ``events``: the
    identities of all its events, by their numbers or else by what they say.
    """

    offset: int
    received_at: datetime
    protocol: str
    raw: str
    items: list[dict[str, Any]]
    standard: list[dict[str, Any]]
    refused: list[tuple[str, str, str, str]]
    left_out: int = 0
    events: tuple[UUID, ...] = ()


def put_secret(data: Path, touchpoint: str, setting: str, value: str, *, fresh: bool = False) -> str:
    """Keep a secret in a file of its own and return the reference to it. The value is shown nowhere again.

    It replaces the one before and is in force at once; ``fresh``: it gets a reference of its own, in force once that is
    saved, and can so be told from what was there (see `exposed`).

    Raises:
        ConnectError: an empty value, or names that make no file name.
    """
    if not value.strip():
        raise ConnectError("a secret can't be empty", where=setting)
    if not re.fullmatch(rf"({DESTINATION})?[A-Za-z0-9_]{{1,60}}", touchpoint) or not re.fullmatch(
        r"[A-Za-z0-9_]{1,60}", setting
    ):
        raise ConnectError("names of letters, digits and _ are wanted", where=f"{touchpoint}: {setting}")
    folder = data / SECRETS
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / (f"{touchpoint}.{setting}.{secrets.token_hex(4)}" if fresh else f"{touchpoint}.{setting}")
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


def within(reference: object, touchpoint: str, setting: str = "") -> bool:
    """Whether a touchpoint's reference may be set from outside the machine: its own kept secrets, or a variable that
    the machine's owner meant for touchpoints. ``setting``: only what was kept for this one.

    Settings decide where a secret is sent to. Whoever may write them must not so learn other touchpoints' secrets, or
    what else stands in the environment (the state's address with its password).
    """
    if not isinstance(reference, str):
        return False
    kept = setting or "[A-Za-z0-9_]{1,60}"
    own = rf"file:{SECRETS}/{re.escape(touchpoint)}\.{kept}(\.[0-9a-f]{{8}})?"
    return bool(re.fullmatch(rf"env:{ENVIRONMENT}[A-Z0-9_]+|{own}", reference))


def exposed(before: Mapping[str, Any], after: Mapping[str, Any], manifest: Manifest) -> tuple[str, str] | None:
    """(setting, secret): an address that changes while a secret that is told to it stays the one entered before."""
    for setting in manifest.settings:
        if before.get(setting.name) in (None, "") or before.get(setting.name) == after.get(setting.name):
            continue
        for secret in setting.takes:
            if after.get(secret) and after.get(secret) == before.get(secret):
                return setting.name, secret
    return None


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
    if touchpoint.sandbox and channel.manifest.endpoints and not doubles.runs(place.sandbox):
        return [*steps, Step("sandbox", False, "no sandbox runs", doubles.START)]
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
    if channel.attempt is not None:
        try:
            channel.attempt(connection.account)
        except PullFailed as error:
            return [Step("network", False, error.message)]
        return [Step("network", True)]
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
    refused = channel.probed(answer) if channel.probed is not None else None
    if answer.status < 400 and refused is None:
        return [*steps, Step("answer", True)]
    hint = "look at the id, the secret and the shop's authorisation" if refused is not None else ""
    said = refused or f"the platform answered {answer.status}"
    return [*steps, Step("answer", False, f"{said}: {_words(answer.body)}", hint)]


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


def remind(
    place: Place, touchpoint: Touchpoint, provider_id: str, connect: type[Connection] = Connection
) -> Receipt | None:
    """Let the platform remind whoever has to confirm a task; None where it has no reminders. Raises AccountError."""
    channel = registry.find(touchpoint.channel)
    if channel is None or channel.reach is None or channel.reach.remind is None:
        return None
    connection = connect(channel, make_account(touchpoint, place.data, place.sandbox), place.clock)
    try:
        return connection.remind(provider_id)
    finally:
        connection.close()


def records_of(log: Log, touchpoint: str, most: int, after: int = 0) -> list[Record]:
    """The latest records of a touchpoint, the latest first; looks back over a bounded part of the log.

    Pages that were fetched and hold nothing are left out: they would hide what came. ``after``: only records behind
    this offset.
    """
    found: list[Record] = []
    end = log.end()
    last = max(after, end - _LOOKED_AT)
    while end > last and len(found) < most:
        start = max(last, end - _WINDOW)
        page: list[Record] = []
        at = start
        while at < end:
            some = [one for one in log.read(at, end - at, _BYTES) if one.offset <= end]
            if not some:
                break
            mine = [one for one in some if one.touchpoint == touchpoint and one.protocol not in ("standard", "replay")]
            page += [one for one in mine if one.protocol != hooked.PULL or _holds(one)]
            at = some[-1].offset
        found += reversed(page)
        end = start
    return found[:most]


def _holds(page: Record) -> bool:
    decoded = decode(page)
    return bool(decoded.items or decoded.broken)


def arrivals(
    records: Sequence[Record],
    standard: Standard,
    settings: StandardSettings,
    touchpoint: Touchpoint,
    account: Account | None = None,
    item: int | None = None,
) -> list[Arrival]:
    """What records say when they are read under a touchpoint's mapping (a draft, perhaps).

    ``account``: settings to read pushes under instead of those of then. ``item``: the one thing of a batch or file to
    show; pushes and pages are shown whole, since another mapping may draw other things from them.
    """
    now = [record if account is None else hooked.under(record, account) for record in records]
    return [_arrival(one, standard, settings, touchpoint, item) for one in now]


def repeats(session: Session, found: Sequence[Arrival]) -> frozenset[int]:
    """The offsets of those that say nothing but what came before: a platform that got no answer in time sends again.
    Looked for among these and in the part of the pool that `records_of` looks back over."""
    first: dict[UUID, int] = {}
    for one in sorted(found, key=lambda one: one.offset):
        for event in one.events:
            first.setdefault(event, one.offset)
    if not first:
        return frozenset()
    known = session.query(
        """SELECT event_id::VARCHAR AS id, min(seq) AS seq FROM events
        WHERE seq BETWEEN $since AND $until AND event_id IN (SELECT unnest($ids)::UUID) GROUP BY event_id""",
        {
            "since": (min(first.values()) - _LOOKED_AT) << SEQ_BITS,
            "until": max(first.values()) << SEQ_BITS,
            "ids": [str(event) for event in first],
        },
    )
    for row in known.to_pylist():
        event = UUID(row["id"])
        first[event] = min(first[event], row["seq"] >> SEQ_BITS)
    return frozenset(
        one.offset
        for one in found
        if one.events and not one.refused and all(first[event] < one.offset for event in one.events)
    )


def sampled(sample: str, content_type: str, account: Account | None, touchpoint: str, at: datetime) -> Record:
    """A payload that was typed in, as the record it would make: a push, or for an SDK one call or a batch of them."""
    if account is not None and registry.channel(account.channel).check is not None:
        request = Request("POST", "", "", {"content-type": content_type}, sample.encode(), "")
        made = hooked.pushed(request, account, at, None)
        return Record(made.received_at, touchpoint, made.protocol, made.headers, made.body, 1)
    body = sample.encode()
    with contextlib.suppress(msgspec.DecodeError):
        call = msgspec.json.decode(body)
        if isinstance(call, dict) and "batch" not in call:
            body = msgspec.json.encode({"batch": [call]})
    return Record(at, touchpoint, "segment", b'{"call":"batch"}', body, 1)


def _arrival(
    record: Record, standard: Standard, settings: StandardSettings, touchpoint: Touchpoint, item: int | None
) -> Arrival:
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
    wanted = None if item is None or record.protocol in (hooked.HOOK, hooked.PULL) else item
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
        if wanted is None or row["seq"] & _ITEM == wanted
    ]
    refused = [
        (one["rule"], one["field"] or "", one["message"], one["sample"] or "")
        for one in batch.quarantine.to_pylist()
        if wanted is None or one["item"] == wanted
    ]
    items = [one for one in decoded.items if wanted is None or one.item == wanted][:_SHOWN_THINGS]
    return Arrival(
        offset=record.offset,
        received_at=record.received_at,
        protocol=record.protocol,
        raw=raw_text(record),
        items=[msgspec.json.decode(msgspec.json.encode(one)) for one in items],
        standard=rows[:_SHOWN_THINGS],
        refused=refused[:_SHOWN_THINGS],
        events=tuple(row["event_id"] for row in batch.rows.to_pylist() if row["kind"] == "event"),
        left_out=max(0, len(rows) - _SHOWN_THINGS) + max(0, len(refused) - _SHOWN_THINGS),
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


def _words(body: bytes) -> str:
    return body[:300].decode("utf-8", "replace")
