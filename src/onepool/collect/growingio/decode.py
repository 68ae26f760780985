"""Log records of GrowingIO's protocol as items."""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec

from onepool.collect.growingio import PROTOCOL
from onepool.collect.growingio.lz import LzError, unpack
from onepool.collect.inbound import Broken, Decoded, Item, register, sample
from onepool.collect.log import Record
from onepool.collect.sensors.wire import MOST_RECORDS
from onepool.collect.wire import UNREADABLE, GzipError, gunzip, repair

UNPACKED: Final = 8 << 20
"""Bytes, or characters of LZ-String, that one request may unpack to."""

_GZIP_MAGIC: Final = b"\x1f\x8b"
_Scalar = str | int | float | None

_NAMES: Final = {
    "VISIT": "session_start",
    "APP_CLOSED": "app_closed",
    "ACTIVATE": "app_installed",
    "FORM_SUBMIT": "form_submitted",
}
_PROFILES: Final = frozenset({"LOGIN_USER_ATTRIBUTES", "VISITOR_ATTRIBUTES"})
_USER_KEYS: Final = {"phone": "phone", "mobile": "phone", "email": "email"}
_DEVICES: Final = (
    ("imei", "imei"),
    ("androidId", "android_id"),
    ("oaid", "oaid"),
    ("idfa", "idfa"),
    ("idfv", "device"),
)
_KEPT: Final = {
    "domain": "domain",
    "query": "query",
    "xpath": "xpath",
    "textValue": "button",
    "hyperlink": "link_url",
    "index": "position",
}


class Headers(msgspec.Struct, omit_defaults=True, rename={"agent": "user-agent"}):
    """What the collector notes beside the body. ``packed``: it is LZ-String. ``stm``: when it was sent, in ms."""

    packed: bool = False
    stm: str = ""
    agent: str = ""
    ip: str = ""
    scopes: dict[str, str] = {}


class _Event(msgspec.Struct, gc=False):
    eventType: str | None = None
    eventName: str | None = None
    deviceId: _Scalar = None
    userId: _Scalar = None
    userKey: _Scalar = None
    sessionId: _Scalar = None
    timestamp: _Scalar = None
    sendTime: _Scalar = None
    eventSequenceId: _Scalar = None
    attributes: dict[str, Any] | None = None
    domain: _Scalar = None
    path: _Scalar = None
    query: _Scalar = None
    title: _Scalar = None
    protocolType: _Scalar = None
    referralPage: _Scalar = None
    language: _Scalar = None
    appName: _Scalar = None
    appVersion: _Scalar = None
    deviceModel: _Scalar = None
    operatingSystem: _Scalar = None
    platform: _Scalar = None
    xpath: _Scalar = None
    textValue: _Scalar = None
    hyperlink: _Scalar = None
    index: _Scalar = None
    imei: _Scalar = None
    androidId: _Scalar = None
    oaid: _Scalar = None
    idfa: _Scalar = None
    idfv: _Scalar = None


class _Refused(Exception):
    def __init__(self, rule: str, message: str) -> None:
        self.rule = rule
        self.message = message


_headers = msgspec.json.Decoder(Headers).decode
_events = msgspec.json.Decoder(list[_Event]).decode
_event = msgspec.json.Decoder(_Event).decode
_raws = msgspec.json.Decoder(list[msgspec.Raw]).decode


def decode(record: Record) -> Decoded:
    """Items of one HTTP request, in the order sent. Unreadable events are broken, the others still come through."""
    try:
        headers = _headers(record.headers)
        body = gunzip(record.body, UNPACKED) if record.body.startswith(_GZIP_MAGIC) else record.body
        if headers.packed and not body.startswith(b"["):
            body = unpack(body, UNPACKED).encode()
    except (*UNREADABLE, GzipError, LzError) as error:
        return Decoded([], [Broken(0, "growingio.unreadable", str(error), sample(record.body))])
    sent_at = int(headers.stm) if headers.stm.isascii() and headers.stm.isdigit() else None
    try:
        events = _events(body)
        if len(events) <= MOST_RECORDS:
            return Decoded([_item(one, at, record, headers, sent_at) for at, one in enumerate(events)], [])
    except (*UNREADABLE, _Refused):
        pass  # some event is not as it should be: find out which
    try:
        raws = _raws(_mended(body))
    except UNREADABLE as error:
        return Decoded([], [Broken(0, "growingio.unreadable", str(error), sample(body))])
    if len(raws) > MOST_RECORDS:
        message = f"the request has {len(raws):,} events; at most {MOST_RECORDS:,} are taken at once"
        return Decoded([], [Broken(0, "growingio.unreadable", message, sample(body))])
    items: list[Item] = []
    broken: list[Broken] = []
    for at, raw in enumerate(raws):
        try:
            items.append(_item(_one(raw), at, record, headers, sent_at))
        except _Refused as refused:
            broken.append(Broken(at, refused.rule, refused.message, sample(raw)))
        except UNREADABLE as error:
            broken.append(Broken(at, "growingio.shape", str(error), sample(raw)))
    return Decoded(items, broken)


def _one(raw: msgspec.Raw) -> _Event:
    try:
        return _event(raw)
    except msgspec.ValidationError:
        raise
    except UNREADABLE:
        mended = repair(bytes(raw))
        if mended is None:
            raise
        return _event(mended)


def _mended(body: bytes) -> bytes:
    try:
        _raws(body)
    except msgspec.ValidationError:
        raise
    except UNREADABLE:
        mended = repair(body)
        if mended is None:
            raise
        return mended
    return body


def _item(event: _Event, number: int, record: Record, headers: Headers, sent_at: int | None) -> Item:
    call = event.eventType or ""
    attributes = event.attributes or {}
    fields: dict[str, Any] = {}
    if call == "CUSTOM":
        name = event.eventName or ""
        if not name.strip():
            raise _Refused("growingio.event", "a CUSTOM event needs a non-empty text in `eventName`")
    elif call in _PROFILES:
        name = "profile_updated"
        if not attributes:
            raise _Refused("growingio.empty", f"{call} has no attributes")
    elif call:
        name = _NAMES.get(call, call)
    else:
        raise _Refused("growingio.type", "`eventType` is missing")
    profile = call in _PROFILES
    if not profile:
        for sent, kept in _KEPT.items():
            value = getattr(event, sent)
            if value is not None and value != "":
                fields[kept] = value
        fields.update(attributes)
    mark = None
    if event.eventSequenceId is not None and event.sessionId:
        mark = f"{event.deviceId}:{event.sessionId}:{call}:{event.eventSequenceId}:{event.timestamp}"
    return Item(
        "profile" if profile else "event",
        number,
        mark,
        name,
        event.timestamp,
        event.sendTime or sent_at,
        _ids(event, record.touchpoint, headers.scopes),
        fields,
        attributes if profile else {},
        {} if profile else _context(event),
    )


def _ids(event: _Event, touchpoint: str, scopes: dict[str, str]) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = []

    def add(kind: str, value: _Scalar, name: str) -> None:
        if value is not None and value != "":
            found.append((kind, scopes.get(kind, touchpoint), _text(value, name)))

    key = event.userKey.casefold() if isinstance(event.userKey, str) else ""
    add(_USER_KEYS.get(key, "user_id"), event.userId, "userId")
    add("anonymous_id", event.deviceId, "deviceId")
    for sent, kind in _DEVICES:
        add(kind, getattr(event, sent), sent)
    return found


def _text(value: Any, name: str) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        return value
    raise _Refused("growingio.id", f"`{name}` should be a text, not {json.dumps(value)[:60]}")


def _context(event: _Event) -> dict[str, Any]:
    """Where and how, in the shape in which the data standard finds it."""
    page = {"path": event.path, "title": event.title, "referrer": event.referralPage}
    if event.domain and event.path:
        query = f"?{event.query}" if event.query else ""
        page["url"] = f"{event.protocolType or 'https'}://{event.domain}{event.path}{query}"
    return {
        "page": page,
        "sessionId": event.sessionId,
        "locale": event.language,
        "app": {"name": event.appName, "version": event.appVersion},
        "device": {"model": event.deviceModel},
        "os": {"name": event.operatingSystem},
    }


register(PROTOCOL, decode)
