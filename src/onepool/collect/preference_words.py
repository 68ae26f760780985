"""What somebody says on their preference page, or somebody on their behalf, as a record of the log.

Read as `consent_granted` and `consent_withdrawn`, so that the pool, conditions, journeys and the ledger hear of it in
the same way as of any other word.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from onepool.channels.base import Gathering
from onepool.collect.inbound import Broken, Decoded, register, sample
from onepool.collect.log import NewRecord, Record
from onepool.collect.wire import UNREADABLE
from onepool.privacy.consents.stops import Stop

PREFERENCE: Final = "preference"
TOUCHPOINT: Final = "onepool"
"""Of records that come from OnePool itself."""


class Choice(msgspec.Struct, omit_defaults=True, frozen=True):
    """Yes or no, for a purpose (several with commas; `all`: every one), a category and a channel (empty: every one)."""

    yes: bool
    purpose: str
    channel: str = ""
    category: str = ""


class Body(msgspec.Struct, omit_defaults=True):
    """One statement. ``id``: (type, scope, value) of the person; ``key``: its own, so that it counts once.

    ``method``: preference_page, one_click, api, cli …; ``reason`` and ``evidence`` without personal data in clear.
    """

    id: tuple[str, str, str]
    choices: list[Choice]
    key: str
    method: str
    reason: str = ""
    notice: str = ""
    notice_hash: str = ""
    evidence: dict[str, str] = {}


_decode = msgspec.json.Decoder(Body).decode
_encode = msgspec.json.Encoder().encode


def stated(
    id: tuple[str, str, str],
    choices: Sequence[Choice],
    at: datetime,
    *,
    method: str,
    reason: str = "",
    notice: str = "",
    notice_hash: str = "",
    evidence: dict[str, str] | None = None,
) -> NewRecord:
    """The log record of a statement."""
    body = Body(id, list(choices), secrets.token_hex(16), method, reason, notice, notice_hash, evidence or {})
    return NewRecord(at, TOUCHPOINT, PREFERENCE, b"{}", _encode(body))


def stops_of(identifier_id: int, choices: Sequence[Choice]) -> list[Stop]:
    """What keeps messages back until the tick has taken the statement in."""
    return [
        Stop(identifier_id, purpose.strip(), one.category, one.channel)
        for one in choices
        if not one.yes
        for purpose in one.purpose.split(",")
    ]


def read(record: Record) -> Decoded:
    """One event for each choice."""
    try:
        body = _decode(record.body)
    except UNREADABLE as error:
        return Decoded([], [Broken(0, "preference.unreadable", str(error), sample(record.body))])
    found = Gathering()
    evidence = json.dumps(body.evidence, ensure_ascii=False, sort_keys=True) if body.evidence else ""
    for number, one in enumerate(body.choices):
        fields = {
            "purpose": one.purpose,
            "for_channel": one.channel,
            "category": one.category,
            "method": body.method,
            "reason": body.reason,
            "notice": body.notice,
            "notice_hash": body.notice_hash,
            "evidence": evidence,
        }
        name = "consent_granted" if one.yes else "consent_withdrawn"
        at = record.received_at.isoformat()
        found.add("event", name, [body.id], time=at, message_id=f"{body.key}.{number}", fields=fields)
    return found.decoded()


register(PREFERENCE, read)
