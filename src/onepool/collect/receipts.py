"""What came of messages that were sent, as records of the log: read as `message_sent` and `message_failed`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from onepool.channels import registry
from onepool.channels.base import Account, Gathering, Message, Receipt
from onepool.collect.inbound import Broken, Decoded, register, sample
from onepool.collect.log import NewRecord, Record
from onepool.collect.wire import UNREADABLE

RECEIPT = "receipt"

_CARRIED = ("template_id", "staff_id", "journey")
"""Parts of a message's content that its events name; texts stay out of the log."""


class Body(msgspec.Struct, omit_defaults=True):
    """One receipt. ``key``: digest of the message's key; ``ids``: of the person, with scopes."""

    channel: str
    kind: str
    key: str
    ids: list[tuple[str, str, str]]
    state: str
    reason: str = ""
    code: str = ""
    provider_id: str = ""
    detail: str = ""
    fields: dict[str, Any] = {}
    marks: list[tuple[str, dict[str, Any]]] = []


_decode = msgspec.json.Decoder(Body).decode
_encode = msgspec.json.Encoder().encode


def concluded(
    account: Account, message: Message, receipt: Receipt, at: datetime, said: Mapping[str, Any] | None = None
) -> NewRecord:
    """The log record of a receipt. ``said``: further fields of its event (the send that it is of, its journey)."""
    body = Body(
        channel=account.channel,
        kind=message.kind,
        key=key_of(account, message).hex(),
        ids=[(kind, scope_of(account, kind), value) for kind, value in message.to.items() if value],
        state=receipt.state,
        reason=receipt.reason or "",
        code=receipt.code,
        provider_id=receipt.provider_id,
        detail=receipt.detail,
        fields={name: message.content[name] for name in _CARRIED if message.content.get(name)} | dict(said or {}),
        marks=[(mark.event, dict(mark.fields)) for mark in receipt.marks],
    )
    body.ids = [one for one in body.ids if one[0] in _identifying(account)]
    return NewRecord(at, account.touchpoint, RECEIPT, b"{}", _encode(body))


def key_of(account: Account, message: Message) -> bytes:
    """16 bytes that stand for a message: its key may hold a code that should not be kept."""
    return hashlib.blake2b(f"{account.touchpoint}\x1f{message.key}".encode(), digest_size=16).digest()


def scope_of(account: Account, kind: str) -> str:
    """The scope of an identifier type at an account, as its channel reads it in pushes."""
    if kind in account.scopes:
        return account.scopes[kind]
    declared = next((one for one in registry.channel(account.channel).manifest.identifiers if one.type == kind), None)
    if declared is None or not declared.scope:
        return ""
    return account.touchpoint if declared.scope == "touchpoint" else account.text(declared.scope) or account.touchpoint


def _identifying(account: Account) -> set[str]:
    return {one.type for one in registry.channel(account.channel).manifest.identifiers}


def read(record: Record) -> Decoded:
    """One event for what became of the message, and one for each thing that the answer says of the person."""
    try:
        body = _decode(record.body)
    except UNREADABLE as error:
        return Decoded([], [Broken(0, "receipt.unreadable", str(error), sample(record.body))])
    found = Gathering()
    fields = {
        "message_id": body.provider_id or body.key,
        "message_type": body.kind,
        "message_channel": body.channel,
        **body.fields,
    }
    if body.state == "sent":
        found.add("event", "message_sent", body.ids, message_id=f"{body.key}.sent", fields=fields)
    elif body.state != "task":
        # `unknown` too: whether it arrived can't be told, and the reason says so.
        failed = {"failure_code": body.code, "failure_reason": body.reason or body.state}
        found.add("event", "message_failed", body.ids, message_id=f"{body.key}.failed", fields=fields | failed)
    for number, (event, said) in enumerate(body.marks):
        found.add("event", event, body.ids, message_id=f"{body.key}.mark{number}", fields=said)
    return found.decoded()


register(RECEIPT, read)
