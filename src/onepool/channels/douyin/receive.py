"""Webhooks of Douyin.

https://developer.open-douyin.com/docs/resource/zh-CN/dop/develop/webhooks/ . The platform cuts the connection after
five seconds, repeats three times, keeps no order, and may send twice; ``content`` is an object or a JSON text.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from typing import Any, Final

import msgspec

from onepool.channels.base import Account, Decoded, Gathering, Keep, Push, Refused, Reply, Request, json_reply
from onepool.channels.base.commerce import parts, text
from onepool.channels.douyin.leads import answers, known

_ANSWER: Final = {"err_no": 0, "err_tips": "success"}
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_LEAD: Final = "retain_consult_card"
_PRIVATE: Final = 1
_FOLLOWED: Final = 1
_ALLOWED: Final = 1
_FORBIDDEN: Final = 2


def check(request: Request, account: Account, now: datetime) -> Reply:
    """``X-Douyin-Signature``: SHA-1 of the client secret and the raw body. Raises Refused.

    The check of the address (``verify_webhook``) is answered with its own challenge and not kept.
    """
    del now
    if request.method != "POST":
        raise Refused(405, "method", "events come with POST")
    secret = account.text("client_secret")
    if not secret:
        raise Refused(403, "not-configured", "this touchpoint has no client_secret yet")
    wanted = hashlib.sha1(secret.encode() + request.body).hexdigest()  # noqa: S324 the platform's algorithm
    given = request.headers.get("x-douyin-signature", "").strip().lower()
    if not hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode()):
        raise Refused(403, "signature", "the signature is missing or wrong; look at client_secret")
    try:
        envelope = msgspec.json.decode(request.body)
    except _UNREADABLE as error:
        raise Refused(400, "malformed", "the body is not JSON") from error
    if not isinstance(envelope, dict):
        raise Refused(400, "malformed", "the body is not an object")
    key = text(envelope.get("client_key"))
    if envelope.get("event") == "verify_webhook":
        return json_reply({"challenge": _content(envelope).get("challenge")})
    if key and key != account.text("client_key"):
        raise Refused(403, "another-app", "the event is of another application (client_key)")
    return json_reply(_ANSWER, keep=Keep())


def read(push: Push) -> Decoded:
    """One event for each push, two where a lead card was filled in. What is not known keeps its content."""
    found = Gathering()
    try:
        envelope = msgspec.json.decode(push.body)
    except _UNREADABLE as error:
        found.refuse("douyin.unreadable", f"not readable as JSON: {type(error).__name__}", push.body)
        return found.decoded()
    if not isinstance(envelope, dict) or not text(envelope.get("event")):
        found.refuse("douyin.shape", "an event is an object that names itself", push.body)
        return found.decoded()
    _Event(found, push, envelope).read()
    return found.decoded()


class _Event:
    """One webhook: who it is about, and what it says."""

    def __init__(self, found: Gathering, push: Push, envelope: dict[str, Any]) -> None:
        self.found = found
        self.push = push
        self.envelope = envelope
        self.name = text(envelope["event"])
        self.content = _content(envelope)
        self.sender, self.receiver = text(envelope.get("from_user_id")), text(envelope.get("to_user_id"))
        self.brand = text(push.settings.get("open_id"))
        self.key = push.headers.get("msg-id", "") or text(envelope.get("log_id"))

    def read(self) -> None:
        name, content = self.name, self.content
        fields: dict[str, Any]
        if name in ("im_receive_msg", "receive_msg", "im_group_receive_msg"):
            self._received()
        elif name == "im_send_msg":
            by_program = text(content.get("source")) != ""
            fields = {"message_channel": "douyin", **self._message()}
            self._add("message_delivered" if by_program else "message_sent", fields, person=self.receiver)
        elif name in ("im_enter_direct_msg", "enter_im"):
            self._add("conversation_started", {"scene": text(content.get("scene")), **self._conversation()})
        elif name == "new_follow_action" and content.get("action_type") in (_FOLLOWED, None):
            self._add("followed", {}, time=content.get("action_time"))
        elif name == "im_message_read" and text(content.get("read_open_id")) != self.brand:
            # What the brand has read itself says nothing of the customer.
            self._add("message_read", {"message_channel": "douyin", **self._conversation()},
                      person=text(content.get("read_open_id")))  # fmt: skip
        elif name == "im_authorize" and content.get("auth_status") in (_ALLOWED, _FORBIDDEN):
            allowed = content["auth_status"] == _ALLOWED
            fields = {"message_channel": "douyin", "method": "im_authorize", "source": text(content.get("source"))}
            if allowed:
                fields["valid_until"] = _moment(content.get("expire_time"))
            self._add("opted_in" if allowed else "opted_out", fields, time=content.get("update_time"))
        elif name in ("authorize", "unauthorize"):
            scopes = content.get("scopes")
            purpose = ",".join(text(one) for one in scopes) if isinstance(scopes, list) else text(scopes)
            self._add("consent_granted" if name == "authorize" else "consent_withdrawn", {"purpose": purpose})
        else:
            # Group audits, likes, contracts, dialled numbers, leads of profile pages …: shapes not told, kept as sent.
            self._add(f"douyin.{name}", content or {"content": text(self.envelope.get("content"))})

    def _received(self) -> None:
        fields = self._message()
        card = self.content.get(_LEAD)
        self._add("message_received", fields, traits=self._profile(self.sender), key=text(fields["message_id"]))
        given = answers(card) or (answers(self.content) if fields["message_type"] == _LEAD else [])
        if not given:
            return
        told = known(given)
        number = text(card.get("card_id")) if isinstance(card, dict) else ""
        form: dict[str, Any] = {name: told[name] for name in ("phone", "email", "province", "city") if name in told}
        form |= {"form_id": number, "form_name": _LEAD, "content": msgspec.json.encode(dict(given)).decode()}
        key = f"{text(fields['message_id']) or self.key}.form"
        traits = {"name": told.get("name")}
        self._add("form_submitted", form, traits=traits, key=key)

    def _message(self) -> dict[str, Any]:
        content = self.content
        return {
            "message_id": text(content.get("server_message_id")),
            "message_type": text(content.get("message_type")),
            "content": text(content.get("text")),
            **self._conversation(),
        }

    def _conversation(self) -> dict[str, Any]:
        """The conversation, which a reply names."""
        number, kind = text(self.content.get("conversation_short_id")), self.content.get("conversation_type")
        group = kind not in (_PRIVATE, None)
        return {"group_chat_id" if group else "conversation_id": number}

    def _profile(self, person: str) -> dict[str, Any]:
        """What the platform says of the person beside a message."""
        for one in parts(self.content, "user_infos"):
            if text(one.get("open_id")) == person:
                return {"nickname": text(one.get("nick_name")), "avatar": text(one.get("avatar"))}
        return {}

    def _add(
        self,
        name: str,
        fields: dict[str, Any],
        *,
        person: str = "",
        time: Any = None,
        traits: dict[str, Any] | None = None,
        key: str = "",
    ) -> None:
        who = person or self.sender
        if who == self.brand and self.brand:
            who = self.receiver if who == self.sender else self.sender
        if not who:
            self.found.refuse("douyin.nobody", f"an event {self.name} that names nobody", self.push.body)
            return
        scope = self.push.scope("douyin_open_id", "client_key")
        ids = [("douyin_open_id", scope, who)]
        union = text(self.content.get("union_id")) or text(self.content.get("unionid"))
        if union:
            ids.append(("douyin_union_id", self.push.scope("douyin_union_id", "developer"), union))
        at = time if time not in (None, 0, "") else self.content.get("create_time")
        message_id = f"{self.name}.{key or self.key}" if key or self.key else None
        self.found.add("event", name, ids, time=_moment(at), message_id=message_id, fields=fields, traits=traits)


def _content(envelope: dict[str, Any]) -> dict[str, Any]:
    """The content as an object, whichever way it was sent."""
    content = envelope.get("content")
    if isinstance(content, str):
        try:
            content = msgspec.json.decode(content)
        except (*_UNREADABLE, UnicodeEncodeError):
            return {}
    return content if isinstance(content, dict) else {}


def _moment(value: Any) -> int | float | None:
    """Seconds or milliseconds since 1970 (numbers, or numbers as text), as seconds."""
    said = text(value)
    if not said.isascii() or not said.isdigit() or len(said) > 14 or int(said) == 0:
        return None
    return int(said) / 1000 if len(said) > 11 else int(said)
