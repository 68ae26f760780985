"""The Segment protocol, which the RudderStack clients speak too.

Specification: https://segment.com/docs/connections/spec/ ; shapes as the real clients send them (they differ in which
of timestamp and originalTimestamp they use, in where traits stand, in nulls and in empty strings for a missing id).
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from onepool.collect.inbound import Broken, Decoded, Item, register, sample
from onepool.collect.log import Record
from onepool.collect.wire import UNREADABLE, GzipError, gunzip, repair

PROTOCOL: Final = "segment"
_UNPACKED_BYTES: Final = 64 << 20  # far above what a collector lets in; decode must not depend on its settings

CALLS: Final = frozenset({"track", "identify", "page", "screen", "group", "alias"})
_FIXED_NAMES: Final = {
    "identify": "profile_updated",
    "page": "page_viewed",
    "screen": "screen_viewed",
    "group": "group_joined",
    "alias": "identity_aliased",
}
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

_Scalar = str | int | float | None
_Fields = dict[str, Any] | list[Any] | None  # PHP clients send [] for an empty object


class Headers(msgspec.Struct, omit_defaults=True, rename={"encoding": "content-encoding", "agent": "user-agent"}):
    """What the collector notes beside the body.

    ``call`` is the kind of call that the path named (``batch`` for many); ``encoding`` the body's content encoding;
    ``event_bytes`` is set to the limit of an event if some event of the batch is over it.
    """

    call: str = "batch"
    encoding: str = ""
    agent: str = ""
    ip: str = ""
    scopes: dict[str, str] = {}
    event_bytes: int = 0


class _Event(msgspec.Struct, gc=False):
    type: str | None = None
    event: str | None = None
    userId: _Scalar = None
    anonymousId: _Scalar = None
    messageId: _Scalar = None
    timestamp: _Scalar = None
    originalTimestamp: _Scalar = None
    sentAt: _Scalar = None
    properties: _Fields = None
    traits: _Fields = None
    context: _Fields = None
    name: _Scalar = None
    category: _Scalar = None
    groupId: _Scalar = None
    previousId: _Scalar = None


class _Batch(msgspec.Struct, gc=False):
    batch: list[_Event]
    sentAt: _Scalar = None
    context: _Fields = None


class RawBatch(msgspec.Struct, gc=False):
    """A batch as far as the collector needs to know it: how many events, how large, whose."""

    batch: list[msgspec.Raw]
    sentAt: Any = None
    context: Any = None
    writeKey: Any = None


_headers = msgspec.json.Decoder(Headers).decode
_event = msgspec.json.Decoder(_Event).decode
_batch = msgspec.json.Decoder(_Batch).decode
_raw_batch = msgspec.json.Decoder(RawBatch).decode


class _Refused(Exception):
    def __init__(self, rule: str, message: str) -> None:
        self.rule = rule
        self.message = message


class _Sender(msgspec.Struct, gc=False):
    """What holds for all events of one record."""

    call: str | None
    user_scope: str
    anonymous_scope: str
    scopes: dict[str, str]
    touchpoint: str
    sent_at: _Scalar
    context: dict[str, Any] | None


def decode(record: Record) -> Decoded:
    """Items of one HTTP request, in the order sent. Unreadable events are broken, the others still come through."""
    try:
        headers = _headers(record.headers)
        body = gunzip(record.body, _UNPACKED_BYTES) if headers.encoding == "gzip" else record.body
    except (*UNREADABLE, GzipError) as error:
        return Decoded([], [Broken(0, "segment.unreadable", str(error), sample(record.body))])
    sender = _Sender(
        call=None if headers.call == "batch" else headers.call,
        user_scope=headers.scopes.get("user_id", record.touchpoint),
        anonymous_scope=headers.scopes.get("anonymous_id", record.touchpoint),
        scopes=headers.scopes,
        touchpoint=record.touchpoint,
        sent_at=None,
        context=None,
    )
    if sender.call is not None:
        return _one_by_one([body], sender, 0)
    if not headers.event_bytes:
        try:
            batch = _batch(body)
            sender.sent_at = batch.sentAt
            sender.context = _object(batch.context, "context") or None
            return Decoded([_item(event, number, sender) for number, event in enumerate(batch.batch)], [])
        except (*UNREADABLE, _Refused):
            pass  # some event is not as it should be: find out which
    try:
        raw = read_batch(body)
    except UNREADABLE as error:
        return Decoded([], [Broken(0, "segment.unreadable", str(error), sample(body))])
    sender.sent_at = raw.sentAt if isinstance(raw.sentAt, str | int | float) else None
    sender.context = raw.context if isinstance(raw.context, dict) else None
    return _one_by_one(raw.batch, sender, headers.event_bytes)


def read_batch(body: bytes) -> RawBatch:
    """The envelope of a batch with its events still raw; one of UNREADABLE if it has none."""
    try:
        return _raw_batch(body)
    except msgspec.ValidationError:
        raise
    except UNREADABLE:
        mended = repair(body)
        if mended is None:
            raise
        return _raw_batch(mended)


def _read_event(raw: bytes | msgspec.Raw) -> _Event:
    try:
        return _event(raw)
    except msgspec.ValidationError:
        raise
    except UNREADABLE:
        mended = repair(bytes(raw))
        if mended is None:
            raise
        return _event(mended)


def _one_by_one(events: list[bytes] | list[msgspec.Raw], sender: _Sender, limit: int) -> Decoded:
    items: list[Item] = []
    broken: list[Broken] = []
    for number, raw in enumerate(events):
        size = len(raw)
        try:
            if limit and size > limit:
                raise _Refused("size.event", f"the event has {size:,} bytes, at most {limit:,} are allowed")
            items.append(_item(_read_event(raw), number, sender))
        except _Refused as refused:
            broken.append(Broken(number, refused.rule, refused.message, sample(raw)))
        except UNREADABLE as error:
            broken.append(Broken(number, "segment.shape", str(error), sample(raw)))
    return Decoded(items, broken)


def _item(event: _Event, number: int, sender: _Sender) -> Item:
    """One event as an item. Raises _Refused with the rule that it breaks."""
    call = event.type or sender.call
    fields = event.properties
    if type(fields) is not dict:
        fields = _object(fields, "properties")
    context = event.context
    if type(context) is not dict:
        context = _object(context, "context")
    if sender.context is not None:
        context = {**sender.context, **context}

    ids: list[tuple[str, str, str]] = []
    user = event.userId
    if user is not None and user != "":
        ids.append(("user_id", sender.user_scope, user if type(user) is str else _text(user, "userId")))
    anonymous = event.anonymousId
    if anonymous is not None and anonymous != "":
        value = anonymous if type(anonymous) is str else _text(anonymous, "anonymousId")
        ids.append(("anonymous_id", sender.anonymous_scope, value))
    if "externalIds" in context or "externalId" in context:
        ids += _external_ids(context, sender)

    traits: dict[str, Any] = {}
    if call == "track":
        name = event.event or ""
        if not name.strip():
            raise _Refused("segment.event", "a track call needs a non-empty text in `event`")
    elif call in _FIXED_NAMES:
        name = _FIXED_NAMES[call]
        if call == "identify":
            # RudderStack's browser and Python clients put the traits into the context only.
            traits = _object(event.traits, "traits") or _object(context.get("traits"), "context.traits")
        elif call == "group":
            fields = {**fields, "group_id": _text(event.groupId, "groupId")}
            if group_traits := _object(event.traits, "traits"):
                fields["group_traits"] = group_traits
        elif call == "alias":
            ids += _previous_ids(_text(event.previousId, "previousId"), ids, sender)
        else:
            fields = _named(fields, event)
    else:
        raise _Refused("segment.type", f"unknown type {call!r}; known are {', '.join(sorted(CALLS))}")

    message_id = event.messageId
    if message_id is not None and type(message_id) is not str:
        message_id = _text(message_id, "messageId")
    return Item(
        "event",
        number,
        message_id or None,
        name,
        event.originalTimestamp or event.timestamp or None,
        # The envelope is stamped when it is sent; some clients stamp events already when they are queued.
        sender.sent_at or event.sentAt or None,
        ids,
        fields,
        traits,
        context,
    )


def _object(value: Any, name: str) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    if value is None or value == [] or value == "":
        return {}
    raise _Refused("segment.shape", f"`{name}` should be an object, not {type(value).__name__}")


def _text(value: Any, name: str) -> str:
    """An id as text: numbers are written without a fraction that isn't there."""
    if isinstance(value, str) and value:
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise _Refused("segment.id", f"`{name}` should be a text or a number, not {value!r:.60}")


def _named(fields: dict[str, Any], event: _Event) -> dict[str, Any]:
    """Name and category of a page or screen stand beside the properties; some clients repeat them inside."""
    extra = {
        key: value
        for key, value in (("name", event.name), ("category", event.category))
        if value is not None and value != "" and key not in fields
    }
    return {**fields, **extra} if extra else fields


def _previous_ids(previous: str, ids: list[tuple[str, str, str]], sender: _Sender) -> list[tuple[str, str, str]]:
    """The specification lets previousId be an anonymous id or a user id and does not say which.

    All clients make anonymous ids as UUIDs. Any other text names both, so that whichever was in use before is linked.
    """
    anonymous = ("anonymous_id", sender.anonymous_scope, previous)
    user = ("user_id", sender.user_scope, previous)
    if anonymous in ids or _UUID.fullmatch(previous):
        return [one for one in [anonymous] if one not in ids]
    return [one for one in [anonymous, user] if one not in ids]


def _external_ids(context: dict[str, Any], sender: _Sender) -> list[tuple[str, str, str]]:
    """``context.externalIds`` (Segment) or ``externalId`` (RudderStack): ``[{"id": …, "type": …}]``.

    A type may carry its scope as in import files (``openid@wx123``); without one the touchpoint's scopes decide.
    """
    found: list[tuple[str, str, str]] = []
    for key in ("externalIds", "externalId"):
        listed = context.get(key)
        for entry in listed if isinstance(listed, list) else ():
            if not isinstance(entry, dict) or not isinstance(entry.get("type"), str):
                continue
            kind, _, scope = entry["type"].partition("@")
            value = entry.get("id")
            if kind and value is not None and value != "":
                scope = scope or sender.scopes.get(kind, sender.touchpoint)
                found.append((kind, scope, _text(value, f"context.{key}.id")))
    return found


register(PROTOCOL, decode)
