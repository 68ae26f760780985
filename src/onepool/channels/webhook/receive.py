"""Verifying and reading a webhook whose meaning is written as a mapping (JSONPath, RFC 9535)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import jsonpath
import msgspec

from onepool.channels.base import (
    Account,
    Decoded,
    Gathering,
    Keep,
    Kind,
    Push,
    Refused,
    Reply,
    Request,
    XmlError,
    parse_xml,
)

_HASHES = {"hmac_sha256": "sha256", "hmac_sha1": "sha1", "hmac_md5": "md5"}
_MAX_THINGS = 10_000
_KINDS: dict[str, Kind] = {"event": "event", "profile": "profile", "object": "object", "link": "link"}


def check(request: Request, account: Account, now: datetime) -> Reply:
    """Verify by the way that was chosen. Raises Refused."""
    del now
    if request.method == "GET" and not request.body:
        return Reply(body=b"ok")  # senders try the address before they save it
    if not _verified(request, account):
        raise Refused(403, "signature", "the signature is missing or wrong")
    answer = account.text("answer")
    kind = "application/json" if answer.startswith(("{", "[")) else "text/plain; charset=utf-8"
    return Reply(body=answer.encode(), content_type=kind, keep=Keep())


def read(push: Push) -> Decoded:
    """Each thing of the payload under the first rule that fits; without a rule the payload is kept as it is."""
    found = Gathering()
    content = parse(push.body, push.content_type)
    if content is None:
        found.refuse("webhook.unreadable", "the body is neither JSON nor a form nor XML", push.body)
        return found.decoded()
    try:
        things = _find(str(push.settings.get("each") or "$"), content)
    except _BadPath as error:
        found.refuse("webhook.mapping", f"each: {error}", push.body)
        return found.decoded()
    rules = push.settings.get("rules")
    for number, thing in enumerate(things[:_MAX_THINGS]):
        _read_one(found, thing, rules if isinstance(rules, list) else [], push, number)
    if len(things) > _MAX_THINGS:
        found.refuse("webhook.size", f"more than {_MAX_THINGS:,} things in one push; the rest is left out", push.body)
    return found.decoded()


def parse(body: bytes, content_type: str) -> Any:
    """A body as plain data, None where it is nothing known."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    if body.lstrip().startswith(b"<"):
        try:
            return parse_xml(body)
        except XmlError:
            return None
    if "form" in content_type or b"=" in body[:200]:
        try:
            pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=2000)
        except (UnicodeDecodeError, ValueError):
            return None
        return {name: _embedded(value) for name, value in pairs} or None
    return None


def _read_one(found: Gathering, thing: Any, rules: list[Any], push: Push, number: int) -> None:
    for place, rule in enumerate(rules):
        if not isinstance(rule, Mapping):
            continue
        try:
            if not _fits(rule.get("when"), thing):
                continue
            _apply(found, rule, thing, push)
        except _BadPath as error:
            found.refuse("webhook.mapping", f"rules[{place}].{error}", _text(thing))
        return
    # No rule yet: the payload is kept whole, to be read again once there is one.
    found.refuse("webhook.unmapped", f"no rule fits thing {number}; write one and replay", _text(thing))


def _apply(found: Gathering, rule: Mapping[str, Any], thing: Any, push: Push) -> None:
    ids: list[tuple[str, str, str]] = []
    for name, path in _members(rule, "ids").items():
        kind, _, scope = name.partition("@")
        for value in _all(path, thing, f"ids.{name}"):
            if isinstance(value, str | int) and not isinstance(value, bool):
                ids.append((kind, scope or push.scope(kind), str(value)))
    found.add(
        _KINDS.get(str(rule.get("kind", "event")), "event"),
        str(_one(rule.get("event", "form_submitted"), thing, "event") or ""),
        ids,
        time=_scalar(_one(rule.get("time"), thing, "time")),
        message_id=_as_text(_one(rule.get("message_id"), thing, "message_id")),
        fields={name: _one(path, thing, f"fields.{name}") for name, path in _members(rule, "fields").items()},
        traits={name: _one(path, thing, f"traits.{name}") for name, path in _members(rule, "traits").items()},
    )


def _fits(when: Any, thing: Any) -> bool:
    """``{path: value}`` or ``{path: [values]}``; all must hold. No condition fits everything."""
    if not isinstance(when, Mapping):
        return True
    for path, wanted in when.items():
        value = _one(path, thing, "when")
        if value not in (wanted if isinstance(wanted, list) else [wanted]):
            return False
    return True


def _members(rule: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = rule.get(name)
    return {str(key): path for key, path in value.items()} if isinstance(value, Mapping) else {}


def _all(path: Any, thing: Any, place: str) -> list[Any]:
    """Values at a path; a text that is no path (does not begin with $) stands for itself."""
    if not isinstance(path, str) or not path.startswith("$"):
        return [] if path is None else [path]
    try:
        return _find(path, thing)
    except _BadPath as error:
        raise _BadPath(f"{place}: {error}") from error


def _one(path: Any, thing: Any, place: str) -> Any:
    values = _all(path, thing, place)
    return values[0] if values else None


class _BadPath(ValueError):
    pass


@lru_cache(maxsize=1024)
def _compiled(path: str) -> Any:
    return jsonpath.compile(path)


def _find(path: str, thing: Any) -> list[Any]:
    if path == "$":
        return [thing]
    try:
        found: list[Any] = _compiled(path).findall(thing)
    except (jsonpath.JSONPathError, RecursionError) as error:
        raise _BadPath(f"{path} is no JSONPath that can be followed: {type(error).__name__}") from error
    return found


def _verified(request: Request, account: Account) -> bool:
    secret, verify = account.text("secret"), account.text("verify")
    if not secret:
        return False
    if verify == "path":
        return hmac.compare_digest(request.rest.rpartition("/")[2].encode(), secret.encode())
    place, _, name = account.text("signature_in").partition(":")
    given = request.headers.get(name.lower(), "") if place == "header" else request.args.get(name, "")
    given = given.strip()
    if verify == "token":
        given = given.removeprefix("Bearer ").strip()
        return hmac.compare_digest(given.encode(), secret.encode())
    if verify in _HASHES:
        wanted = hmac.new(secret.encode(), request.body, _HASHES[verify]).hexdigest()
        given = given.partition("=")[2] if given.startswith(("sha256=", "sha1=")) else given
    elif verify == "md5":
        wanted = hashlib.md5(request.body + secret.encode()).hexdigest()  # noqa: S324 the sender's algorithm
    elif verify == "sha1":
        wanted = hashlib.sha1(request.body + secret.encode()).hexdigest()  # noqa: S324 the sender's algorithm
    else:
        return False
    return hmac.compare_digest(given.lower().encode(), wanted.encode())


def _embedded(value: str) -> Any:
    """Form fields often hold JSON."""
    if value[:1] in "{[":
        try:
            return msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError):
            return value
    return value


def _scalar(value: Any) -> str | int | float | None:
    return value if isinstance(value, str | int | float) and not isinstance(value, bool) else None


def _as_text(value: Any) -> str | None:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


def _text(thing: Any) -> bytes:
    return msgspec.json.encode(thing)
