"""Log records of the Sensors protocol as items.

What can't be done as the client means it is broken with its reason, never done by half: to cut an identity off
(``track_id_unbind``) and to delete a whole profile are decisions of people.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

import msgspec
import structlog

from onepool.channels.base.items import Change
from onepool.collect.inbound import Broken, Decoded, Item, register, sample
from onepool.collect.log import Record
from onepool.collect.sensors import PROTOCOL, names
from onepool.collect.sensors.persons import IdError, Ids, Scopes, persons, text
from onepool.collect.sensors.wire import MOST_RECORDS, Headers, Payload, WireError, crc_differs, parameters, payload
from onepool.collect.wire import UNREADABLE, GzipError, gunzip, repair

_log = structlog.get_logger(__name__)

_CHANGES: Final[dict[str, Change]] = {
    "profile_set": "set",
    "profile_set_once": "once",
    "profile_increment": "add",
    "profile_append": "append",
    "profile_unset": "unset",
}
_LINKS: Final = frozenset({"track_signup", "track_id_bind"})
_SIGNED_IN: Final = "signed_in"
_NOT_DONE: Final = {
    "track_id_unbind": "identities are not cut off by a client; use `onepool identity split`, or the console",
    "profile_delete": (
        "a client can't delete what is known of a person, since other sources said parts of it; name the properties in "
        "profile_unset, or use `onepool forget` for the whole person"
    ),
}
_ALL: Final = sorted({"track", *_LINKS, *_CHANGES, *_NOT_DONE, "item_set", "item_delete"})


class _Record(msgspec.Struct, gc=False, rename={"track_id": "_track_id", "flush_time": "_flush_time"}):
    type: str | None = None
    event: Any = None
    distinct_id: Any = None
    original_id: Any = None
    login_id: Any = None
    anonymous_id: Any = None
    identities: dict[str, Any] | None = None
    properties: dict[str, Any] | None = None
    time: str | int | float | None = None
    time_free: Any = None
    item_type: Any = None
    item_id: Any = None
    track_id: str | int | float | None = None
    flush_time: str | int | float | None = None


_headers = msgspec.json.Decoder(Headers).decode
_records = msgspec.json.Decoder(list[_Record]).decode
_raws = msgspec.json.Decoder(list[msgspec.Raw]).decode
_record = msgspec.json.Decoder(_Record).decode
_encode = msgspec.json.Encoder(order="deterministic").encode


class _Refused(Exception):
    def __init__(self, rule: str, message: str) -> None:
        self.rule = rule
        self.message = message


def decode(record: Record) -> Decoded:
    """Items of one HTTP request, in the order sent. Unreadable records are broken, the others still come through."""
    try:
        headers = _headers(record.headers)
        body = gunzip(record.body, 1 << 24) if record.body.startswith(b"\x1f\x8b") else record.body
        fields = parameters(body)
        data = payload(fields)
    except (*UNREADABLE, GzipError, WireError) as error:
        return Decoded([], [Broken(0, "sensors.unreadable", str(error), sample(record.body))])
    if crc_differs(fields):
        _log.info("the crc of a request is not that of its data", touchpoint=record.touchpoint, offset=record.offset)
    scopes = Scopes(headers.scopes, record.touchpoint)
    only = None if headers.only is None else frozenset(headers.only)
    try:
        return _decoded(_read(data), scopes, only, data)
    except UNREADABLE:
        return _one_by_one(data, scopes, only)


def _read(data: Payload) -> list[_Record]:
    return _records(data.plain) if data.many else [_record(data.plain)]


def _too_many(data: Payload, count: int) -> Decoded:
    message = f"the request has {count:,} records; at most {MOST_RECORDS:,} are taken at once"
    return Decoded([], [Broken(0, "sensors.unreadable", message, sample(data.plain))])


def _decoded(records: list[_Record], scopes: Scopes, only: frozenset[int] | None, data: Payload) -> Decoded:
    if len(records) > MOST_RECORDS:
        return _too_many(data, len(records))
    items: list[Item] = []
    broken: list[Broken] = []
    repeats = _Repeats()
    raws: list[msgspec.Raw] = []
    for number, one in enumerate(records):
        if only is None or number in only:
            try:
                items.append(_item(one, number, scopes, repeats))
            except _Refused as refused:
                raws = raws or (_raws(data.plain) if data.many else [msgspec.Raw(data.plain)])
                broken.append(Broken(number, refused.rule, refused.message, sample(raws[number])))
    return Decoded(items, broken)


def _one_by_one(data: Payload, scopes: Scopes, only: frozenset[int] | None) -> Decoded:
    """Reads what can't be read as a whole: what some clients take for JSON, and records that are not as they should."""
    try:
        raws = split(data)
    except UNREADABLE as error:
        return Decoded([], [Broken(0, "sensors.unreadable", f"the data: {error}", sample(data.plain))])
    if len(raws) > MOST_RECORDS:
        return _too_many(data, len(raws))
    items: list[Item] = []
    broken: list[Broken] = []
    repeats = _Repeats()
    for number, raw in enumerate(raws):
        if only is not None and number not in only:
            continue
        try:
            items.append(_item(_mended(raw), number, scopes, repeats))
        except _Refused as refused:
            broken.append(Broken(number, refused.rule, refused.message, sample(raw)))
        except UnicodeDecodeError as error:
            broken.append(Broken(number, "sensors.encoding", f"the record is not UTF-8: {error}", sample(raw)))
        except UNREADABLE as error:
            broken.append(Broken(number, "sensors.shape", str(error), sample(raw)))
    return Decoded(items, broken)


def _mended(raw: msgspec.Raw) -> _Record:
    """One record; one of UNREADABLE if it is none."""
    try:
        return _record(raw)
    except msgspec.ValidationError:
        raise
    except UNREADABLE:
        mended = repair(bytes(raw))
        if mended is None:
            raise
        return _record(mended)


def split(data: Payload) -> list[msgspec.Raw]:
    """The records of a payload, unread. Raises one of UNREADABLE if it is no JSON, or no list where one should be."""
    if not data.many:
        return [_json(data.plain)]
    try:
        return _raws(data.plain)
    except msgspec.ValidationError:
        raise
    except UNREADABLE:
        mended = repair(data.plain)
        if mended is None:
            raise
        return _raws(mended)


_raw = msgspec.json.Decoder(msgspec.Raw).decode


def _json(plain: bytes) -> msgspec.Raw:
    try:
        return _raw(plain)
    except UNREADABLE:
        mended = repair(plain)
        if mended is None:
            raise
        return _raw(mended)


def _item(record: _Record, number: int, scopes: Scopes, repeats: _Repeats) -> Item:
    """One record as an item. Raises _Refused with the rule that it breaks."""
    call = record.type
    properties = record.properties or {}
    change = _CHANGES.get(call or "")
    if call not in ("track", "item_set", "item_delete") and call not in _LINKS and change is None:
        if call in _NOT_DONE:
            raise _Refused("sensors.not_done", f"{call}: {_NOT_DONE[call]}")
        raise _Refused("sensors.type", f"unknown type {call!r:.60}; known are {', '.join(_ALL)}")
    told = names.wrong(properties)
    if told is not None:
        raise _Refused("sensors.name", f"properties.{told[0]}: {told[1]}")
    stamped = properties.get("$time")
    is_login = properties.get("$is_login_id") is True
    names.clean(properties)
    fields = properties
    time = stamped if isinstance(stamped, str | int | float) and not isinstance(stamped, bool) else record.time
    # Data imported later was not stamped by the clock that sends it.
    sent_at = record.flush_time if record.time_free is None else None
    if call == "item_set" or call == "item_delete":
        return _object(record, number, call, fields, time, sent_at)
    name = ""
    if change is None:
        wrong = names.wrong_event(record.event)
        if wrong is not None:
            raise _Refused("sensors.name", f"event: {wrong}")
        name = record.event
    ids = _ids(record, call or "", is_login, scopes)
    if call == "track_signup":
        name = _SIGNED_IN if name == "$SignUp" else name
    if change is not None:
        name = "profile_updated"
        if not fields:
            raise _Refused("sensors.empty", f"{call} names no property")
    return Item(
        "event" if change is None else "profile",
        number,
        repeats.message_id(record),
        name,
        time,
        sent_at,
        list(ids),
        fields if change is None else {},
        {} if change is None else fields,
        {},
        change or "set",
    )


def _ids(record: _Record, call: str, is_login: bool, scopes: Scopes) -> Ids:
    identities = record.identities or {}
    try:
        found = persons(
            login=is_login or call == "track_signup",
            distinct_id=record.distinct_id,
            login_id=record.login_id,
            anonymous_id=record.anonymous_id,
            identities=identities,
            scopes=scopes,
        )
        if call == "track_signup":
            original = text(record.original_id, "original_id")
            if original:
                found["anonymous_id", scopes.of("anonymous_id"), original] = None
    except IdError as error:
        raise _Refused("sensors.id", str(error)) from error
    if call == "track_id_bind" and len(found) < 2:
        raise _Refused("sensors.id", "a bind needs at least two identities")
    return found


def _object(record: _Record, number: int, call: str, fields: dict[str, Any], time: Any, sent_at: Any) -> Item:
    told = names.fault(record.item_type)
    if told is not None:
        raise _Refused("sensors.name", f"item_type: {told}")
    try:
        item_id = text(record.item_id, "item_id")
    except IdError as error:
        raise _Refused("sensors.id", str(error)) from error
    if not item_id.strip():
        raise _Refused("sensors.id", "`item_id` is missing or empty")
    change: Change = "set" if call == "item_set" else "delete"
    named = {**fields, "id": item_id} if change == "set" else {"id": item_id}
    return Item("object", number, None, record.item_type, time, sent_at, [], named, {}, {}, change)


class _Repeats:
    """Ids of records, so that a request sent twice counts once and two equal records of one request count twice."""

    def __init__(self) -> None:
        self._seen: dict[tuple[Any, ...], dict[bytes, int]] = {}
        self._first: dict[tuple[Any, ...], _Record] = {}

    def message_id(self, record: _Record) -> str | None:
        """The client's own mark of the record; else None for the first of equal ones, a digest for those after it."""
        distinct = record.distinct_id
        if not isinstance(distinct, str | int | float):
            distinct = ""
        key = (record.type, record.event, distinct, record.time)
        if record.track_id is not None:
            return f"{record.track_id}:{record.time}:{record.type}:{record.event}:{distinct}"
        first = self._first.get(key)
        if first is None:
            self._first[key] = record
            return None
        seen = self._seen.setdefault(key, {_content(first): 0})
        content = _content(record)
        place = seen.get(content, -1) + 1
        seen[content] = place
        return f"{content.hex()}:{place}" if place else None


def _content(record: _Record) -> bytes:
    """A digest of what a record says, without the time at which it was sent."""
    told = (record.type, record.event, record.distinct_id, record.original_id, record.identities, record.properties)
    return hashlib.blake2b(_encode((told, record.time)), digest_size=16).digest()


register(PROTOCOL, decode)
