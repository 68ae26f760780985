"""WeChat customer service (微信客服) at WeCom: the callback says that there is something, `sync_msg` what it is.

Somebody who wrote can be answered five times within 48 hours, until the conversation is closed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from onepool.sandbox.doubles.wecom_people import Contact
from onepool.sandbox.doubles.wecom_words import say
from onepool.sandbox.wire import Asked, Told, told

if TYPE_CHECKING:
    from onepool.sandbox.doubles.wecom import Wecom

_CUSTOMER, _SYSTEM, _STAFF = 3, 4, 5
STEPS: Final = ("enter", "link", "reply", "hand_over", "close", "fail", "recall")
"""What happens at a desk beside messages."""

_PAGE: Final = 1000
_ANSWERS: Final = 5
_SECONDS: Final = 48 * 3600
_WELCOME_SECONDS: Final = 20
_PARTS: Final = {
    "text": ("content",), "image": ("media_id",), "link": ("title", "url", "thumb_media_id"),
    "miniprogram": ("appid", "title", "thumb_media_id", "pagepath"), "msgmenu": ("list",),
}  # fmt: skip
"""Types of messages that are taken, and the parts without which they are not."""


class Service:
    """One desk with its messages."""

    def __init__(self, corp: Wecom) -> None:
        self._corp = corp
        self.desk = f"wk{corp.stage.chance.text(24, 'desk', corp.corp)}"
        self._messages: list[dict[str, Any]] = []
        self._open: dict[str, tuple[int, int]] = {}
        """Who may be answered: since when, and how often they were."""
        self._codes: dict[str, tuple[str, int]] = {}
        """Codes of events: whose, and until when."""

    def calls(self) -> dict[str, tuple[str, Callable[[Asked], Told]]]:
        """Who answers which call."""
        return {
            "kf/account/list": ("POST", self._desks),
            "kf/sync_msg": ("POST", self._sync),
            "kf/send_msg": ("POST", self._send),
            "kf/send_msg_on_event": ("POST", self._send_on_event),
        }

    def written(self, contact: Contact, content: str) -> dict[str, Any]:
        """Somebody writes."""
        return self._add(contact, _CUSTOMER, "text", {"content": content})

    def step(self, contact: Contact, what: str, staff: str) -> dict[str, Any]:
        """What else happens at a desk; see STEPS."""
        if what == "link":
            return self._add(contact, _CUSTOMER, "link", {"title": "商品", "desc": "", "url": "https://example.com/p"})
        if what == "reply":
            return self._add(contact, _STAFF, "text", {"content": "您好，请问有什么可以帮您"}, servicer_userid=staff)
        if what == "close":
            self._open.pop(contact.external, None)
        named = {"open_kfid": self.desk, "external_userid": contact.external}
        event: dict[str, Any] = {"event_type": "session_status_change", **named, "change_type": 3}
        if what == "enter":
            code = self._code(contact.external, _WELCOME_SECONDS)
            event = {"event_type": "enter_session", **named, "scene": "123", "scene_param": "abc", "welcome_code": code}
        elif what == "hand_over":
            event |= {"change_type": 2, "old_servicer_userid": staff, "new_servicer_userid": "amy", "msg_code": ""}
        elif what == "close":
            event["msg_code"] = self._code(contact.external, _SECONDS)
        elif what == "fail":
            event = {"event_type": "msg_send_fail", **named, "fail_msgid": "m0", "fail_type": 4}
        elif what == "recall":
            event = {"event_type": "user_recall_msg", **named, "recall_msgid": "m0"}
        return self._add(None, _SYSTEM, "event", event)

    def _code(self, external: str, seconds: int) -> str:
        stage = self._corp.stage
        code = f"EVENT_{stage.chance.text(24, 'kf code', external, len(self._codes))}"
        self._codes[code] = (external, stage.seconds + seconds)
        return code

    def know_code(self, code: str, external: str) -> None:
        """Take a code as given out now."""
        self._codes[code] = (external, self._corp.stage.seconds + _WELCOME_SECONDS)

    def _add(
        self, contact: Contact | None, origin: int, kind: str, part: dict[str, Any], **more: str
    ) -> dict[str, Any]:
        corp = self._corp
        number = f"m{corp.stage.chance.text(20, 'kf', corp.corp, len(self._messages))}"
        message: dict[str, Any] = {"msgid": number, "send_time": corp.stage.seconds, "origin": origin, "msgtype": kind}
        if contact is not None and origin == _CUSTOMER:
            # Whatever a customer sends opens the window anew: a text, a link, a picture.
            self._open[contact.external] = (corp.stage.seconds, 0)
        if contact is not None:
            message |= {"open_kfid": self.desk, "external_userid": contact.external}
        self._messages.append({**message, **more, kind: part})
        token = corp.stage.chance.text(32, "kf token", corp.corp, len(self._messages))
        corp.event("kf_msg_or_event", {"Token": token, "OpenKfId": self.desk})
        return {"message_id": number}

    def _desks(self, asked: Asked) -> Told:
        del asked
        desks = [{"open_kfid": self.desk, "name": "客服", "avatar": "", "manage_privilege": True}]
        return told({"errcode": 0, "errmsg": "ok", "account_list": desks}, what="kf/account/list")

    def _sync(self, asked: Asked) -> Told:
        body = asked.object
        if body.get("open_kfid") not in (None, self.desk):
            return say(40058, "kf/sync_msg")
        limit = body.get("limit", _PAGE)
        size = self._corp.behaviour.page or min(limit if isinstance(limit, int) and limit > 0 else _PAGE, _PAGE)
        cursor = body.get("cursor")
        begin = int(cursor[1:]) if isinstance(cursor, str) and cursor[1:].isdigit() else 0
        page = self._messages[begin : begin + size]
        end = begin + len(page)
        more = 1 if end < len(self._messages) else 0
        answer = {"errcode": 0, "errmsg": "ok", "next_cursor": f"k{end}", "has_more": more, "msg_list": page}
        return told(answer, what="kf/sync_msg")

    def _send(self, asked: Asked) -> Told:
        what, body, corp = "kf/send_msg", asked.object, self._corp
        external, kind = str(body.get("touser")), str(body.get("msgtype"))
        to, part = (external,), body.get(kind)
        contact = corp.contacts.get(external)
        if body.get("open_kfid") != self.desk and not corp.world.everybody:
            return say(95000, what, to=to)
        if contact is None:
            return say(40096, what, to=to)
        if kind not in _PARTS or not isinstance(part, dict) or not all(part.get(name) for name in _PARTS[kind]):
            return say(40058, what, to=to)
        since, count = self._open.get(external, (0, 0))
        if not since:
            return say(95018, what, to=to)
        if corp.stage.seconds - since > _SECONDS:
            return say(95002, what, to=to)
        if count >= _ANSWERS:
            return say(95001, what, to=to)
        self._open[external] = (since, count + 1)
        number = str(body.get("msgid") or f"k{corp.stage.chance.text(20, 'kf answer', external, since, count)}")
        corp.stage.reach(corp.account, contact.person, external, f"service_{kind}", number, dict(part))
        return told({"errcode": 0, "errmsg": "ok", "msgid": number}, what=what, to=to, key=number, accepted=True)

    def _send_on_event(self, asked: Asked) -> Told:
        """One text or menu for each code, whoever it was given out for."""
        what, body, corp = "kf/send_msg_on_event", asked.object, self._corp
        kind, code = str(body.get("msgtype")), str(body.get("code"))
        part = body.get(kind)
        external, until = self._codes.get(code, ("", 0))
        to = (external,) if external else ()
        if kind not in ("text", "msgmenu") or not isinstance(part, dict) or not part.get(_PARTS[kind][0]):
            return say(40058, what, to=to)
        contact = corp.contacts.get(external)
        if contact is None or corp.stage.seconds > until:
            return say(95007, what, to=to)
        del self._codes[code]
        number = str(body.get("msgid") or f"k{corp.stage.chance.text(20, 'kf event', code)}")
        corp.stage.reach(corp.account, contact.person, external, f"service_event_{kind}", number, dict(part))
        return told({"errcode": 0, "errmsg": "ok", "msgid": number}, what=what, to=to, key=number, accepted=True)
