"""Whom a record is about: distinct id, login id, identities."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec

MAX_ID: Final = 255
_PREFIX: Final = "$identity_"
_OPENID: Final = re.compile(r"\$identity_mp_(?P<app>.+)_openid")
_KINDS: Final = {
    "login_id": "user_id",
    "mobile": "phone",
    "email": "email",
    "mp_openid": "openid",
    "mp_unionid": "unionid",
    "android_id": "android_id",
    "idfa": "idfa",
    "ios_idfa": "idfa",
    "idfv": "device",
    "ios_id": "device",
    "oaid": "oaid",
    "imei": "imei",
    **dict.fromkeys(
        ("anonymous_id", "cookie_id", "mp_id", "android_uuid", "ios_uuid", "harmony_uuid", "distinct_id"),
        "anonymous_id",
    ),
}

Ids = dict[tuple[str, str, str], None]


class IdError(Exception):
    """An id that can't be one; the text says which and why."""


class Scopes(msgspec.Struct):
    """Under which scopes the ids of one log record live; what is not listed lives under the touchpoint."""

    listed: Mapping[str, str]
    touchpoint: str

    def of(self, kind: str) -> str:
        return self.listed.get(kind, self.touchpoint)


@lru_cache(4096)
def kind(key: str) -> tuple[str, str | None]:
    """Identifier type that an identity's key means, and its scope if the key says it (the mini program's appid).

    Keys of one's own (``member_no``) are identifier types by that name; the data standard must know them.
    """
    if not key.startswith(_PREFIX):
        return key, None
    match = _OPENID.fullmatch(key)
    if match is not None:
        return "openid", match["app"]
    bare = key.removeprefix(_PREFIX)
    return _KINDS.get(bare, bare), None


def text(value: Any, where: str) -> str:
    """An id as text; numbers are written without a fraction that isn't there. Raises IdError."""
    if type(value) is str and len(value) <= MAX_ID:
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise IdError(f"`{where}` should be a text, not {value!r:.60}")
    if len(value) > MAX_ID:
        raise IdError(f"`{where}` has {len(value):,} characters; at most {MAX_ID} are allowed")
    return value


def add(found: Ids, value: str, plain: str, scopes: Scopes, identities: Mapping[str, Any]) -> None:
    """Adds an id that may carry its key (``$identity_mobile+138…``, ``member_no+88``); ``plain`` is its type if not."""
    key, plus, rest = value.partition("+")
    if plus and rest and (key.startswith(_PREFIX) or key in identities):
        name, scope = kind(key)
        found[name, scope or scopes.of(name), rest] = None
    else:
        found[plain, scopes.of(plain), value] = None


def persons(
    *,
    login: bool,
    distinct_id: Any,
    login_id: Any,
    anonymous_id: Any,
    identities: Mapping[str, Any],
    scopes: Scopes,
) -> Ids:
    """All ids of a record, each once, those of people signed in first. Raises IdError.

    ``login``: the distinct id is a login id. Else it is what the identities say, or an anonymous id.
    """
    found: Ids = {}
    distinct = "" if distinct_id is None else text(distinct_id, "distinct_id")
    if not distinct.strip():
        raise IdError("`distinct_id` is missing or empty")
    if not identities and login_id is None and anonymous_id is None and "+" not in distinct:
        plain = "user_id" if login else "anonymous_id"
        return {(plain, scopes.of(plain), distinct): None}
    signed_in = "" if login_id is None else text(login_id, "login_id")
    login = login or distinct == signed_in
    if signed_in:
        add(found, signed_in, "user_id", scopes, identities)
    if login:
        add(found, distinct, "user_id", scopes, identities)
    values = set()
    for key, value in identities.items():
        if value is None or value == "":
            continue
        written = text(value, f"identities.{key}"[:120])
        values.add(written)
        name, scope = kind(key)
        found[name, scope or scopes.of(name), written] = None
    if anonymous_id is not None and anonymous_id != "":
        written = text(anonymous_id, "anonymous_id")
        if written not in values:  # else an identity says what it is: a cookie, or the openid
            found["anonymous_id", scopes.of("anonymous_id"), written] = None
            values.add(written)
    if not login and distinct not in values:
        add(found, distinct, "anonymous_id", scopes, identities)
    return found
