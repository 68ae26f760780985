"""Douyin's side: the owner's authorisation, private messages that answer an event or were allowed, webhooks.

Codes: 28001008 access token, 28001007 arguments, 28003070 too many for one person, 10010 refresh token, 10020 no more
renewals. The window of answers (24 hours, five messages) could not be verified.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, ClassVar, Final

from onepool.channels.base import Account
from onepool.sandbox.doubles.base import Double, text_of
from onepool.sandbox.pushing import Outgoing
from onepool.sandbox.stage import Stage
from onepool.sandbox.tokens import Tokens
from onepool.sandbox.wire import Asked, Told, told
from onepool.sandbox.world import Person

_CHINA: Final = timezone(timedelta(hours=8))
_DAY: Final = 86_400
_WINDOW, _ANSWERS, _PROACTIVE, _RENEWALS = 86_400.0, 5, 3, 5
_PARTS: Final = {1: "text", 2: "image", 3: "video", 8: "retain_consult_card"}


@dataclass
class Fan:
    """Somebody at the account. ``asked``: their messages that may be answered, with the end of each window."""

    person: Person
    open_id: str
    conversation: str
    asked: dict[str, tuple[float, int]] = field(default_factory=dict)
    allows: bool = False
    proactive: dict[str, int] = field(default_factory=dict)


class Douyin(Double):
    channel: ClassVar[str] = "douyin"

    def __init__(self, account: Account, stage: Stage) -> None:
        super().__init__(account, stage)
        self.key, self.brand = account.text("client_key"), account.text("open_id") or "brand"
        seconds = self.behaviour.token_seconds
        self.tokens = Tokens(f"douyin.{self.key}", max(seconds, 60.0), stage.clock, stage.chance)
        self.refresh = {_plain(account.text("refresh_token")): stage.seconds + 30 * _DAY}
        self.renewals = 0
        self.fans: dict[str, Fan] = {}
        self._number = 0

    def begin(self) -> None:
        for person in self.world.of(self.account.touchpoint, self.channel):
            self.of(person)

    def claims(self, asked: Asked) -> bool:
        token = asked.headers.get("access-token", "")
        return self.tokens.knows(token) or asked.form.get("client_key") == self.key

    @classmethod
    def stranger(cls, asked: Asked) -> Told:
        if asked.path.startswith("/oauth"):
            return _old(10_003, "client_key 错误", asked.path)
        return _say(28_001_008, "access_token 无效", asked.path)

    def busy(self) -> Told:
        return _say(28_001_005, "系统繁忙，请稍后再试", "busy")

    def limited(self, what: str) -> Told | None:
        return _say(28_003_017 if what == "day" else 28_003_018, "quota 已用完", what)

    def answer(self, asked: Asked) -> Told:
        path = asked.path.rstrip("/")
        if path in ("/oauth/refresh_token", "/oauth/renew_refresh_token"):
            return self._authorise(asked.form, path.rpartition("/")[2])
        if self.tokens.standing(asked.headers.get("access-token", "")) != "good":
            return _say(28_001_008, "access_token 已过期", path)
        if path == self.account.text("status_path").rstrip("/"):
            return told({"err_no": 0, "err_msg": "", "data": {}}, what="status")
        if path == "/im/send/msg" and asked.method == "POST":
            return self._send(asked)
        return super().answer(asked)

    def _authorise(self, form: Mapping[str, str], what: str) -> Told:
        given, now = form.get("refresh_token", ""), self.stage.seconds
        until = self.refresh.get(given) if given else None
        if until is None or now > until:
            return _old(10_010, "refresh_token 过期或无效", what)
        if what == "renew_refresh_token":
            if self.renewals >= _RENEWALS:
                return _old(10_020, "refresh_token 续期次数用尽", what)
            self.renewals += 1
            del self.refresh[given]
            renewed = "rft." + self.stage.chance.text(40, "refresh", self.key, self.renewals)
            self.refresh[renewed] = now + 30 * _DAY
            return _data({"refresh_token": renewed, "expires_in": 30 * _DAY}, what)
        if form.get("grant_type") != "refresh_token":
            return _old(10_002, "grant_type 错误", what)
        token, seconds = self.tokens.lasting()
        return _data(
            {"access_token": token, "expires_in": seconds, "refresh_token": given, "refresh_expires_in": until - now,
             "open_id": self.brand, "scope": "im.direct_message"}, what,
        )  # fmt: skip

    def _send(self, asked: Asked) -> Told:
        what, body = "im/send/msg", asked.object
        to = (str(body.get("to_user_id")),)
        content = body.get("content")
        kind = content.get("msg_type") if isinstance(content, dict) else None
        part = content.get(_PARTS.get(kind, "")) if isinstance(content, dict) and isinstance(kind, int) else None
        if asked.args.get("open_id") != self.brand:
            return _say(28_001_018, "open_id 未授权", what, to=to)
        if not isinstance(part, dict) or not any(part.values()):
            return _say(28_001_007, "参数不合法", what, to=to)
        fan = self.fans.get(to[0])
        if fan is None:
            person = self.world.stranger("douyin_open_id", self.key, to[0])
            if person is None:
                return _say(28_001_045, "用户不存在", what, to=to)
            fan = self.of(person)
        refused = self._answered(fan, body) if body.get("msg_id") else self._allowed(fan)
        if refused is not None:
            return _say(refused[0], refused[1], what, to=to)
        number = self._new()
        self.stage.reach(self.account, fan.person, fan.open_id, str(_PARTS[int(kind or 1)]), number, part)
        sent = {**self._message(fan, number, "text"), "text": str(part.get("text", "")), "source": self.key}
        self._push("im_send_msg", self.brand, fan.open_id, sent)
        return told({"err_no": 0, "err_msg": "", "data": {"msg_id": number}}, what=what, to=to, accepted=True)

    def _answered(self, fan: Fan, body: Mapping[str, Any]) -> tuple[int, str] | None:
        """An answer to a message: within its window, and not too many."""
        asked = fan.asked.get(str(body["msg_id"]))
        if asked is None or body.get("conversation_id") != fan.conversation:
            return 28_001_007, "msg_id 或 conversation_id 不合法"
        until, left = asked
        if self.stage.clock.now().timestamp() > until or left <= 0:
            return 28_003_070, "回复超出时间或条数限制"
        fan.asked[str(body["msg_id"])] = (until, left - 1)
        return None

    def _allowed(self, fan: Fan) -> tuple[int, str] | None:
        """Without a message: to whom allowed it, three a day."""
        if not fan.allows:
            return 28_003_070, "用户未授权主动私信"
        day = f"{self.stage.clock.now().astimezone(_CHINA):%Y-%m-%d}"
        if fan.proactive.get(day, 0) >= _PROACTIVE:
            return 28_003_070, "主动私信条数超限"
        fan.proactive[day] = fan.proactive.get(day, 0) + 1
        return None

    def of(self, person: Person) -> Fan:
        """Somebody at this account; known from now on."""
        open_id = self.world.id_of(person, "douyin_open_id", self.key)
        if open_id not in self.fans:
            conversation = "@" + self.stage.chance.text(30, "conversation", self.brand, open_id)
            self.fans[open_id] = Fan(person, open_id, conversation)
        return self.fans[open_id]

    # Webhooks -------------------------------------------------------------------------------------------------------

    def _new(self) -> str:
        self._number += 1
        return "@" + self.stage.chance.text(24, "message", self.brand, self.stage.seconds, self._number)

    def _message(self, fan: Fan, number: str, kind: str) -> dict[str, Any]:
        return {
            "conversation_short_id": fan.conversation, "server_message_id": number, "conversation_type": 1,
            "message_type": kind, "create_time": int(self.stage.clock.now().timestamp() * 1000), "source": "",
            "user_infos": [{"open_id": fan.open_id, "nick_name": fan.person.name, "avatar": ""}],
        }  # fmt: skip

    def _push(self, event: str, sender: str, receiver: str, content: Any) -> None:
        self._number += 1
        envelope = {
            "event": event, "client_key": self.key, "from_user_id": sender, "to_user_id": receiver,
            "content": content, "log_id": f"{self.stage.seconds}{self._number:06d}",
        }  # fmt: skip
        body = json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()
        self._signed(body, event, self.stage.chance.text(20, "event", self.key, self._number))

    def _signed(self, body: bytes, what: str, number: str) -> None:
        signed = hashlib.sha1(self.account.text("client_secret").encode() + body, usedforsecurity=False).hexdigest()
        headers = {"content-type": "application/json", "x-douyin-signature": signed}
        if number:
            headers["msg-id"] = number
        outgoing = Outgoing(self.account.touchpoint, headers=headers, body=body)

        def sign(wall: datetime) -> Outgoing:
            del wall
            return outgoing

        self.stage.push(self.account, what, sign)

    def repeat(self, content: bytes, content_type: str) -> None:
        """``content_type`` may name the event's number: ``application/json; msg-id=…``."""
        self._signed(content, "repeated", content_type.partition("msg-id=")[2])

    # Acts -----------------------------------------------------------------------------------------------------------

    def act_follow(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """Follows the account."""
        del given
        fan = self.of(person)
        # This event has its content as a text.
        content = json.dumps({"action_type": 1, "action_time": self.stage.seconds})
        self._push("new_follow_action", fan.open_id, self.brand, content)
        return {"open_id": fan.open_id}

    def act_message(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """Writes ``content``; may be answered five times within 24 hours."""
        fan, number = self.of(person), self._new()
        self._may_be_answered(fan, number)
        content = {**self._message(fan, number, "text"), "text": text_of(given, "content", "在吗")}
        self._push("im_receive_msg", fan.open_id, self.brand, content)
        return {"open_id": fan.open_id, "msg_id": number, "conversation_id": fan.conversation}

    def act_lead(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """Fills in a lead card with name and phone."""
        fan, number = self.of(person), self._new()
        self._may_be_answered(fan, number)
        labels = [{"label": "姓名", "value": person.name}, {"label": "手机号", "value": person.phone}]
        card = {"card_id": text_of(given, "card", "card1"), "labels": labels}
        content = {**self._message(fan, number, "retain_consult_card"), "retain_consult_card": card}
        self._push("im_receive_msg", fan.open_id, self.brand, content)
        return {"open_id": fan.open_id, "msg_id": number, "conversation_id": fan.conversation}

    def act_enter(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """Opens the conversation."""
        del given
        fan = self.of(person)
        content = {"conversation_short_id": fan.conversation, "conversation_type": 1, "scene": "homepage_msg",
                   "create_time": self.stage.seconds * 1000}  # fmt: skip
        self._push("im_enter_direct_msg", fan.open_id, self.brand, content)
        return {"open_id": fan.open_id}

    def act_allow(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """Allows proactive messages; ``on`` false: takes it back."""
        fan, now = self.of(person), self.stage.seconds
        fan.allows = given.get("on", True) in (True, "true", "1", 1)
        content = {"create_time": now, "expire_time": now + 365 * _DAY, "update_time": now, "operation_type": 1,
                   "auth_status": 1 if fan.allows else 2, "source": "im.direct_message.bind", "extra": ""}  # fmt: skip
        self._push("im_authorize", fan.open_id, self.brand, content)
        return {"open_id": fan.open_id, "allows": fan.allows}

    def act_end_tokens(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """All access tokens end at once."""
        del person, given
        self.tokens.end()
        return {}

    def _may_be_answered(self, fan: Fan, number: str) -> None:
        fan.asked[number] = (self.stage.clock.now().timestamp() + _WINDOW, _ANSWERS)


def _plain(kept: str) -> str:
    """The refresh token of a secret's file, which may hold more beside it."""
    try:
        found = json.loads(kept)
    except ValueError:
        return kept
    return str(found.get("refresh_token", "")) if isinstance(found, dict) else kept


def _data(data: Mapping[str, Any], what: str) -> Told:
    return told({"data": {**data, "error_code": 0, "description": ""}, "message": "success"}, what=what)


def _old(code: int, words: str, what: str) -> Told:
    return told({"data": {"error_code": code, "description": words}, "message": "error"}, code, what=what)


def _say(code: int, words: str, what: str, **more: Any) -> Told:
    return told({"err_no": code, "err_msg": words, "log_id": "sandbox"}, code, what=what, **more)
