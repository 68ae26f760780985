"""The other side of generic webhooks: a form that is sent in, and a receiver for what we send out.

The receiver is at ``/webhook/in/{touchpoint}``: it checks ``X-OnePool-Signature`` (HMAC-SHA256 over the time and the
body, five minutes) and takes one message per ``Idempotency-Key``.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final

from onepool.channels.base import Account
from onepool.sandbox.doubles.base import Double
from onepool.sandbox.doubles.orders import ZONE
from onepool.sandbox.errors import ActError
from onepool.sandbox.pushing import Outgoing
from onepool.sandbox.stage import Stage
from onepool.sandbox.wire import Asked, Told, told
from onepool.sandbox.world import Person

_SKEW: Final = 300
_FORM: Final = {
    "form": "F1", "form_name": "试用装申领", "entry_id": "{number}",
    "entry": {"submitted_at": "{now}", "mobile": "{phone}", "name": "{name}", "province": "{province}",
              "city": "{city}"},
}  # fmt: skip


class Webhook(Double):
    channel: ClassVar[str] = "webhook"

    def __init__(self, account: Account, stage: Stage) -> None:
        super().__init__(account, stage)
        self.secret = account.text("secret")
        self._number = 0
        self._taken: set[str] = set()

    def claims(self, asked: Asked) -> bool:
        return asked.path.strip("/") in ("", self.account.touchpoint)

    def answer(self, asked: Asked) -> Told:
        key = asked.headers.get("idempotency-key", "")
        parts = dict(one.partition("=")[::2] for one in asked.headers.get("x-onepool-signature", "").split(","))
        stamp = parts.get("t", "")
        if not stamp.isdigit() or abs(self.stage.wall.now().timestamp() - int(stamp)) > _SKEW:
            return told({"error": "stale"}, 401, status=401, what="in", key=key)
        wanted = hmac.new(self.secret.encode(), f"{stamp}.".encode() + asked.body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(parts.get("v1", "").encode(), wanted.encode()):
            return told({"error": "signature"}, 401, status=401, what="in", key=key)
        body = asked.object
        receiver = body.get("to")
        to = tuple(str(one) for one in receiver.values()) if isinstance(receiver, dict) else ()
        if key and key in self._taken:
            return told({"ok": True, "again": True}, 200, what="in", to=to, key=key)
        self._taken.add(key)
        person = next((found for one in to if (found := self.world.get(one)) is not None), None)
        if person is None:
            person = self.world.somebody(to[0]) if to else None
        if person is not None:
            self.stage.reach(self.account, person, to[0], str(body.get("kind", "")), key, body.get("content", {}))
        return told({"ok": True}, 200, what="in", to=to, key=key, accepted=True)

    def act_submit(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """Sends a form in: ``payload``, JSON; {phone} {name} {email} {now} {number} {province} {city} are put in."""
        self._number += 1
        payload = given.get("payload", _FORM)
        if isinstance(payload, str):
            try:
                payload = json.loads(payload)
            except ValueError as error:
                raise ActError("payload is JSON") from error
        known = {
            "phone": person.phone, "name": person.name, "email": person.email,
            "now": self.stage.clock.now().astimezone(ZONE).isoformat(timespec="seconds"),
            "number": f"{self.stage.seconds}{self._number:04d}", "province": person.place[0], "city": person.place[1],
        }  # fmt: skip
        self.repeat(json.dumps(_filled(payload, known), ensure_ascii=False).encode(), "application/json")
        return {"number": known["number"]}

    def repeat(self, content: bytes, content_type: str) -> None:
        outgoing = self._signed(content, content_type)

        def sign(wall: datetime) -> Outgoing:
            del wall
            return outgoing

        self.stage.push(self.account, "form", sign, good=lambda status, body: 200 <= status < 300)

    def _signed(self, body: bytes, content_type: str) -> Outgoing:
        secret, verify = self.secret, self.account.text("verify")
        headers, query, rest = {"content-type": content_type}, "", ""
        if verify == "path":
            rest = secret
        else:
            place, _, name = self.account.text("signature_in").partition(":")
            value = _value(verify, secret, body)
            if place == "header":
                headers[name.lower()] = value
            else:
                query = f"{name}={value}"
        return Outgoing(self.account.touchpoint, "POST", rest, query, headers, body)


def _value(verify: str, secret: str, body: bytes) -> str:
    if verify == "token":
        return secret
    if verify.startswith("hmac_"):
        return hmac.new(secret.encode(), body, verify.removeprefix("hmac_")).hexdigest()
    return hashlib.new(verify, body + secret.encode(), usedforsecurity=False).hexdigest()


def _filled(value: Any, known: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(one, known) for name, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, known) for one in value]
    if isinstance(value, str):
        for name, one in known.items():
            value = value.replace("{" + name + "}", one)
    return value
