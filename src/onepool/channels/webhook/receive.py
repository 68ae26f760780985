"""Verifying and reading a webhook whose meaning is written as a mapping (JSONPath, RFC 9535)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

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
from onepool.channels.webhook.paths import BadPath, Paths, TooMuch

_HASHES = {"hmac_sha256": "sha256", "hmac_sha1": "sha1", "hmac_md5": "md5"}
_MAX_THINGS = 10_000
_MAX_IDS = 20
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
    paths = Paths()
    rules = push.settings.get("rules")
    try:
        things = paths.all(str(push.settings.get("each") or "$"), content)
        if len(things) > _MAX_THINGS:
            # As a whole: of a push that was read in part the rest could not be asked for.
            told = f"more than {_MAX_THINGS:,} things in one push; take fewer with `each`, and replay"
            found.refuse("webhook.work", told, push.body)
            return found.decoded()
        for number, thing in enumerate(things):
            _read_one(found, thing, rules if isinstance(rules, list) else [], push, number, paths)
    except BadPath as error:
        found.refuse("webhook.mapping", f"each: {error}", push.body)
        return found.decoded()
    except TooMuch:
        told = "the mapping visits too many values of this push; name members instead of `..` and `*`, and replay"
        found = Gathering()  # as a whole, so that another mapping can read all of it
        found.refuse("webhook.work", told, push.body)
        return found.decoded()
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


def _read_one(found: Gathering, thing: Any, rules: list[Any], push: Push, number: int, paths: Paths) -> None:
    for place, rule in enumerate(rules):
        if not isinstance(rule, Mapping):
            continue
        try:
            if not _fits(rule.get("when"), thing, paths):
                continue
            _apply(found, rule, thing, push, paths)
        except _BadRule as error:
            found.refuse("webhook.mapping", f"rules[{place}].{error}", _text(thing))
        return
    # No rule yet: the payload is kept whole, to be read again once there is one.
    found.refuse("webhook.unmapped", f"no rule fits thing {number}; write one and replay", _text(thing))


def _apply(found: Gathering, rule: Mapping[str, Any], thing: Any, push: Push, paths: Paths) -> None:
    ids: list[tuple[str, str, str]] = []
    for name, path in _members(rule, "ids").items():
        kind, _, scope = name.partition("@")
        for value in _all(paths, path, thing, f"ids.{name}")[:_MAX_IDS]:
            if isinstance(value, str | int) and not isinstance(value, bool):
                ids.append((kind, scope or push.scope(kind), str(value)))
    fields = {name: _one(paths, path, thing, f"fields.{name}") for name, path in _members(rule, "fields").items()}
    traits = {name: _one(paths, path, thing, f"traits.{name}") for name, path in _members(rule, "traits").items()}
    found.add(
        _KINDS.get(str(rule.get("kind", "event")), "event"),
        str(_one(paths, rule.get("event", "form_submitted"), thing, "event") or ""),
        ids,
        time=_scalar(_one(paths, rule.get("time"), thing, "time")),
        message_id=_as_text(_one(paths, rule.get("message_id"), thing, "message_id")),
        fields=fields,
        traits=traits,
    )


def _fits(when: Any, thing: Any, paths: Paths) -> bool:
    """``{path: value}`` or ``{path: [values]}``; all must hold. No condition fits everything."""
    if not isinstance(when, Mapping):
        return True
    for path, wanted in when.items():
        value = _one(paths, path, thing, "when")
        if value not in (wanted if isinstance(wanted, list) else [wanted]):
            return False
    return True


def _members(rule: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = rule.get(name)
    return {str(key): path for key, path in value.items()} if isinstance(value, Mapping) else {}


def _all(paths: Paths, path: Any, thing: Any, place: str) -> list[Any]:
    try:
        return paths.all(path, thing)
    except BadPath as error:
        raise _BadRule(f"{place}: {error}") from error


def _one(paths: Paths, path: Any, thing: Any, place: str) -> Any:
    values = _all(paths, path, thing, place)
    return values[0] if values else None


class _BadRule(ValueError):
    """A path of a rule, with its place, that is not followed."""


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
