"""What Official Accounts and mini programs have in common: tokens, customer-service messages, subscriptions, pushes.

Codes: https://developers.weixin.qq.com/doc/service/guide/dev/error_code.html ; windows of 2023-06-12.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from onepool.channels.base import Account
from onepool.sandbox.doubles.base import Double, text_of
from onepool.sandbox.doubles.wechat_people import Reader
from onepool.sandbox.doubles.wechat_seal import Lock, as_json, xml
from onepool.sandbox.errors import ActError
from onepool.sandbox.pushing import Outgoing
from onepool.sandbox.stage import Stage
from onepool.sandbox.tokens import Tokens
from onepool.sandbox.wire import Asked, Told, told
from onepool.sandbox.world import Person

HOURS_48: Final = 48 * 3600.0

WORDS: Final[Mapping[int, str]] = {
    -1: "system error",
    0: "ok",
    40001: "invalid credential, access_token is invalid or not latest",
    40003: "invalid openid",
    40007: "invalid media_id",
    40008: "invalid message type",
    40013: "invalid appid",
    40029: "invalid code",
    40032: "invalid openid list size",
    40037: "invalid template_id",
    40125: "invalid appsecret",
    40163: "code been used",
    41001: "access_token missing",
    41030: "invalid page",
    42001: "access_token expired",
    43002: "require POST method",
    43004: "require subscribe",
    43019: "require remove blacklist",
    43101: "user refuse to accept the msg",
    44002: "empty post data",
    45002: "content size out of limit",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    45015: "response out of time limit or subscription is canceled",
    45047: "out of response count limit",
    45065: "clientmsgid exist",
    47001: "data format error",
    47003: "argument invalid!",
    48002: "user block the account",
}

_TEXT_BYTES: Final = 2048
_LIMITS: Final = {"thing": 20, "number": 32, "letter": 32, "symbol": 5, "character_string": 32, "phrase": 5}
_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "text": ("content",),
    "image": ("media_id",),
    "voice": ("media_id",),
    "video": ("media_id",),
    "music": ("musicurl", "hqmusicurl", "thumb_media_id"),
    "news": ("articles",),
    "mpnews": ("media_id",),
    "mpnewsarticle": ("article_id",),
    "msgmenu": ("head_content", "list"),
    "wxcard": ("card_id",),
    "link": ("title", "url"),
    "miniprogrampage": ("pagepath", "thumb_media_id"),
}


def say(code: int, what: str, more: str = "", **rest: Any) -> Told:
    """An answer with a code and nothing else."""
    return told({"errcode": code, "errmsg": f"{WORDS.get(code, 'error')}{more}"}, code, what=what, **rest)


class Wechat(Double):
    """An account of WeChat. Subclasses say which messages they take, and further calls."""

    kinds: frozenset[str]

    def __init__(self, account: Account, stage: Stage) -> None:
        super().__init__(account, stage)
        self.appid = account.text("appid")
        seconds = self.behaviour.token_seconds
        self.stable = Tokens(f"{self.appid}.stable", seconds, stage.clock, stage.chance)
        self.plain = Tokens(f"{self.appid}.plain", seconds, stage.clock, stage.chance)
        self.readers: dict[str, Reader] = {}
        self.original = "gh_" + stage.chance.text(12, "original", self.appid, letters="0123456789abcdef")
        self.lock = Lock(
            account.touchpoint, account.text("token"), account.text("encoding_aes_key"), self.appid, self.original,
            account.text("mode") or "safe",
        )  # fmt: skip
        self._number = 0

    def claims(self, asked: Asked) -> bool:
        args = asked.args
        named = args.get("appid") or asked.object.get("appid")
        token = args.get("access_token", "")
        return named == self.appid or self.stable.knows(token) or self.plain.knows(token)

    @classmethod
    def stranger(cls, asked: Asked) -> Told:
        args = asked.args
        if "appid" in args or "appid" in asked.object:
            return say(40013, asked.path)
        return say(40001 if args.get("access_token") else 41001, asked.path)

    def busy(self) -> Told:
        return say(-1, "busy")

    def limited(self, what: str) -> Told | None:
        return say(45011 if what == "minute" else 45009, what)

    def answer(self, asked: Asked) -> Told:
        what = asked.path.strip("/")
        if what in ("cgi-bin/stable_token", "cgi-bin/token"):
            return self._token(asked, what)
        free = self.free().get(what)
        if free is not None:
            return free(asked)
        token = asked.args.get("access_token", "")
        standing = "good" if "good" in (self.stable.standing(token), self.plain.standing(token)) else "ended"
        if standing != "good":
            return say(42001, what)
        call = self.calls().get(what)
        if call is None:
            return super().answer(asked)
        method, take = call
        if asked.method != method:
            return say(43002, what, " hint: [sandbox]")
        if method == "POST" and not asked.object:
            return say(47001 if asked.body else 44002, what)
        return take(asked)

    def free(self) -> dict[str, Callable[[Asked], Told]]:
        """Calls without a token."""
        return {}

    def calls(self) -> dict[str, tuple[str, Callable[[Asked], Told]]]:
        """Calls with a token: their method, and who answers."""
        return {"cgi-bin/message/custom/send": ("POST", self._service)}

    def _token(self, asked: Asked, what: str) -> Told:
        stable = what.endswith("stable_token")
        given: Mapping[str, Any] = asked.object if stable else asked.args
        if given.get("grant_type") != "client_credential":
            return told({"errcode": 40002, "errmsg": "invalid grant_type"}, 40002, what=what)
        if given.get("appid") != self.appid:
            return say(40013, what)
        if not self.account.text("secret") or given.get("secret") != self.account.text("secret"):
            return say(40125, what)
        if not stable:
            token, seconds = self.plain.fresh()
        elif given.get("force_refresh"):
            if not self.stable.may_force():
                return say(45009, what)
            token, seconds = self.stable.fresh()
        else:
            token, seconds = self.stable.lasting()
        return told({"access_token": token, "expires_in": seconds}, what=what)

    def reader(self, openid: Any) -> Reader | None:
        """Whom this account calls so."""
        known = self.readers.get(openid) if isinstance(openid, str) else None
        if known is not None:
            return known
        person = self.world.stranger("openid", self.appid, openid)
        if person is None:
            return None
        # Whoever wants to write to them has seen them follow and write.
        reader = self.of(person)
        reader.follows, reader.since = True, self.stage.seconds
        reader.opens(self.stage.clock.now().timestamp(), 5, HOURS_48)
        return reader

    def of(self, person: Person) -> Reader:
        """Somebody at this account; known from now on."""
        openid = self.world.id_of(person, "openid", self.appid)
        if openid not in self.readers:
            union = self.world.id_of(person, "unionid", self.account.text("open_platform"))
            self.readers[openid] = Reader(person, openid, union)
        return self.readers[openid]

    def number(self) -> int:
        """A new number of a message."""
        self._number += 1
        return self.stage.seconds * 1000 + self._number % 1000

    # Messages -----------------------------------------------------------------------------------------------------

    def _service(self, asked: Asked) -> Told:
        what, body = "custom/send", asked.object
        openid, kind = body.get("touser"), body.get("msgtype")
        to = (str(openid),)
        part = body.get(str(kind))
        if kind not in self.kinds:
            return say(40008, what, to=to)
        if not isinstance(part, dict) or any(not part.get(name) for name in _NEEDED[str(kind)]):
            return say(40007 if "media_id" in _NEEDED[str(kind)] else 47001, what, to=to)
        if kind == "text" and len(str(part["content"]).encode()) > _TEXT_BYTES:
            return say(45002, what, to=to)
        reader = self.reader(openid)
        if reader is None:
            return say(40003, what, to=to)
        if reader.blacklisted:
            return say(43019, what, to=to)
        if reader.switched_off:
            return say(48002, what, to=to)
        if self.stage.clock.now().timestamp() > reader.until:
            return say(45015, what, to=to)
        if reader.left <= 0:
            return say(45047, what, to=to)
        reader.left -= 1
        content = dict(part)
        if b"\\u" in asked.body:
            content["escaped"] = True  # people would read the escapes
        self.stage.reach(self.account, reader.person, reader.openid, str(kind), "", content)
        return say(0, what, to=to, accepted=True)

    def template_fault(self, body: Mapping[str, Any], *, limits: bool) -> int:
        """What is wrong with a template's number or data; 0: nothing."""
        template, data = body.get("template_id"), body.get("data")
        known = self.behaviour.templates
        if not isinstance(template, str) or not template or (known and template not in known):
            return 40037
        if not isinstance(data, dict) or not data:
            return 47003
        for name, one in data.items():
            value = one.get("value") if isinstance(one, dict) else None
            if not isinstance(value, str) or not value:
                return 47003
            most = _LIMITS.get(name.rstrip("0123456789")) if limits else None
            if most is not None and len(value) > most:
                return 47003
        return 0

    def subscription(self, asked: Asked, what: str, page_fault: Callable[[Mapping[str, Any]], bool]) -> Told:
        """A subscription message: takes one of the balance that the person's taps have filled."""
        body = asked.object
        to = (str(body.get("touser")),)
        reader = self.reader(body.get("touser"))
        if reader is None:
            return say(40003, what, to=to)
        fault = self.template_fault(body, limits=True)
        if fault:
            return say(fault, what, to=to)
        if page_fault(body):
            return say(41030, what, to=to)
        template = str(body["template_id"])
        if template in reader.refused or reader.balance.get(template, 0) <= 0:
            return say(43101, what, to=to)
        reader.balance[template] -= 1
        number = self.number()
        self._settle_subscription(reader, template, number, body)
        answer = {"errcode": 0, "errmsg": "ok", "msgid": number}
        return told(answer, what=what, to=to, accepted=True)

    def _settle_subscription(self, reader: Reader, template: str, number: int, body: Mapping[str, Any]) -> None:
        arrives = self.stage.chance.happens(self.behaviour.arrives, "arrives", self.appid, number)

        def tell() -> None:
            if arrives:
                self.stage.reach(self.account, reader.person, reader.openid, "subscribe", str(number), body["data"])
            sent = {
                "TemplateId": template,
                "MsgID": str(number),
                "ErrorCode": "0" if arrives else "43101",
                "ErrorStatus": "success" if arrives else "user refuse",
            }
            self.event(reader, "subscribe_msg_sent_event", {"SubscribeMsgSentEvent": {"List": sent}})

        self.stage.agenda.later(self._report(number), tell)

    def _report(self, number: int) -> float:
        return self.stage.chance.between(self.behaviour.report, "report", self.appid, number)

    # Pushes -------------------------------------------------------------------------------------------------------

    def event(self, reader: Reader, name: str, more: Mapping[str, Any] | None = None, at: int | None = None) -> None:
        """Push an event of somebody."""
        head = self.head(reader, at) | {"MsgType": "event", "Event": name}
        self.send(reader.openid, {**head, **(more or {})}, name)

    def head(self, reader: Reader, at: int | None = None) -> dict[str, Any]:
        """What every push begins with."""
        return {
            "ToUserName": self.original,
            "FromUserName": reader.openid,
            "CreateTime": at if at is not None else self.stage.seconds,
        }

    json_form = False

    def send(self, openid: str, content: Mapping[str, Any], what: str) -> None:
        """Push a content to the hook."""
        text = as_json(content) if self.json_form else xml(content)
        self._send_bytes(openid, text.encode(), what, json_form=self.json_form)

    def _send_bytes(self, openid: str, message: bytes, what: str, *, json_form: bool) -> None:
        def sign(wall: datetime) -> Outgoing:
            return self.lock.outgoing(message, int(wall.timestamp()), json_form=json_form, openid=openid)

        self.stage.push(self.account, what, sign, good=taken)

    def repeat(self, content: bytes, content_type: str) -> None:
        self._send_bytes("oSandbox", content, "repeated", json_form="json" in content_type)

    # Acts -----------------------------------------------------------------------------------------------------------

    def act_message(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """Writes to the account: ``content`` (a text), or ``type`` image with a picture."""
        reader = self.of(person)
        reader.opens(self.stage.clock.now().timestamp(), 5, HOURS_48)
        kind, number = text_of(given, "type", "text"), self.number()
        parts: dict[str, Any] = {"Content": text_of(given, "content", "你好")}
        if kind == "image":
            parts = {"PicUrl": "http://mmbiz.example/sandbox.jpg", "MediaId": f"media{number}"}
        elif kind != "text":
            raise ActError("messages here are text or image", where=kind[:30])
        self.send(reader.openid, {**self.head(reader), "MsgType": kind, **parts, "MsgId": number}, kind)
        return {"openid": reader.openid, "message_id": str(number)}

    def act_subscribe(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """Answers a popup for ``template_id``: ``accept`` true (one message more may be sent) or false."""
        reader, template = self.of(person), self._template(given)
        accept = given.get("accept", True) in (True, "true", "1", 1)
        if accept:
            reader.balance[template] = reader.balance.get(template, 0) + 1
            reader.refused.discard(template)
        said = {"TemplateId": template, "SubscribeStatusString": "accept" if accept else "reject", "PopupScene": "2"}
        self.event(reader, "subscribe_msg_popup_event", {"SubscribeMsgPopupEvent": {"List": said}})
        return {"openid": reader.openid, "balance": reader.balance.get(template, 0)}

    def act_refuse_template(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """Switches ``template_id`` off in the settings; of a template message the platform tells nobody."""
        reader, template = self.of(person), self._template(given)
        reader.refused.add(template)
        reader.balance.pop(template, None)
        if given.get("told", False):
            said = {"TemplateId": template, "SubscribeStatusString": "reject"}
            self.event(reader, "subscribe_msg_change_event", {"SubscribeMsgChangeEvent": {"List": said}})
        return {"openid": reader.openid}

    def act_switch_off(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """Switches off all messages of the account (48002)."""
        del given
        reader = self.of(person)
        reader.switched_off = True
        return {"openid": reader.openid}

    def act_blacklist(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """Is put on the account's blacklist (43019)."""
        del given
        reader = self.of(person)
        reader.blacklisted = True
        return {"openid": reader.openid}

    def act_revoke(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """Takes back the permission to use their data."""
        del given
        reader = self.of(person)
        more = {"OpenID": reader.openid, "RevokeInfo": "1", "PluginID": "", "OpenPID": ""}
        self.event(reader, "user_authorization_revoke", more)
        return {"openid": reader.openid}

    def act_end_tokens(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """All tokens end at once."""
        del person, given
        self.stable.end()
        self.plain.end()
        return {}

    def _template(self, given: Mapping[str, Any]) -> str:
        template = text_of(given, "template_id")
        if not template:
            raise ActError("which template? give template_id")
        return template


def taken(status: int, body: bytes) -> bool:
    """WeChat wants 200 and nothing, or the word success (or an answer to the person, which we never give)."""
    return status == 200 and body.strip() in (b"", b"success")
