"""The Official Account's side: followers, menus, template messages and their results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from onepool.channels.base import Account
from onepool.sandbox.doubles.base import chosen, text_of
from onepool.sandbox.doubles.wechat import Wechat, say
from onepool.sandbox.doubles.wechat_people import TEMPLATE_SUPPRESSED, Reader
from onepool.sandbox.stage import Stage
from onepool.sandbox.wire import Asked, Told, items, told
from onepool.sandbox.world import Person

_PAGE: Final = 10_000
_BATCH: Final = 100
_MINUTE: Final = 60.0
_SCENES: Final = (
    "ADD_SCENE_QR_CODE", "ADD_SCENE_SEARCH", "ADD_SCENE_PROFILE_CARD", "ADD_SCENE_WECHAT_ADVERTISEMENT",
    "ADD_SCENE_CHANNELS", "ADD_SCENE_PAID",
)  # fmt: skip
_MENUS: Final = ("click", "view", "view_miniprogram", "scancode_push", "scancode_waitmsg")
_OPENING: Final = ("click", "scancode_push", "scancode_waitmsg")


class WechatOa(Wechat):
    channel: ClassVar[str] = "wechat_oa"
    kinds = frozenset(
        {"text", "image", "voice", "video", "music", "news", "mpnews", "mpnewsarticle", "msgmenu", "wxcard",
         "miniprogrampage"}
    )  # fmt: skip

    def __init__(self, account: Account, stage: Stage) -> None:
        super().__init__(account, stage)
        self._sent: dict[str, tuple[float, int]] = {}

    def begin(self) -> None:
        now = self.stage.seconds
        for person in self.world.of(self.account.touchpoint, self.channel):
            reader = self.of(person)
            key = (self.account.touchpoint, person.key)
            self._follow(reader, now - self.stage.chance.whole(3600, 86_400 * 300, "since", *key),
                         self.stage.chance.pick(_SCENES, "scene", *key))  # fmt: skip
            if reader.scene == "ADD_SCENE_QR_CODE":
                reader.qr_code = f"store_{self.stage.chance.whole(1, 20, 'code', *key):02d}"

    def calls(self) -> dict[str, tuple[str, Callable[[Asked], Told]]]:
        return super().calls() | {
            "cgi-bin/user/get": ("GET", self._list),
            "cgi-bin/user/info": ("GET", self._info),
            "cgi-bin/user/info/batchget": ("POST", self._batch),
            "cgi-bin/message/template/send": ("POST", self._template_send),
            "cgi-bin/message/subscribe/bizsend": ("POST", self._notice),
        }

    def _list(self, asked: Asked) -> Told:
        """Followers in the order in which they came; ``next_openid`` is the last one of the page."""
        openids = [reader.openid for reader in self.readers.values() if reader.follows]
        after = asked.args.get("next_openid", "")
        if after and after not in self.readers:
            return say(40003, "user/get")
        begin = openids.index(after) + 1 if after in openids else 0
        page = openids[begin : begin + (self.behaviour.page or _PAGE)]
        answer: dict[str, Any] = {"total": len(openids), "count": len(page)}
        if page:
            answer["data"] = {"openid": page}
        return told({**answer, "next_openid": page[-1] if page else ""}, what="user/get")

    def _info(self, asked: Asked) -> Told:
        reader = self.reader(asked.args.get("openid"))
        return say(40003, "user/info") if reader is None else told(self._about(reader), what="user/info")

    def _batch(self, asked: Asked) -> Told:
        wanted = items(asked.object.get("user_list"))
        if not 0 < len(wanted) <= _BATCH:
            return say(40032, "user/info/batchget")
        readers = [self.reader(one.get("openid")) for one in wanted]
        known = [self._about(reader) for reader in readers if reader is not None]
        if len(known) < len(wanted):
            return say(40003, "user/info/batchget")
        return told({"user_info_list": known}, what="user/info/batchget")

    def _about(self, reader: Reader) -> dict[str, Any]:
        if not reader.follows:
            return {"subscribe": 0, "openid": reader.openid, "tagid_list": []}
        return {
            "subscribe": 1, "openid": reader.openid, "nickname": "", "sex": 0, "language": "zh_CN", "city": "",
            "province": "", "country": "", "headimgurl": "", "subscribe_time": reader.since,
            "unionid": reader.unionid, "remark": reader.remark, "groupid": 0, "tagid_list": list(reader.tags),
            "subscribe_scene": reader.scene, "qr_scene": 0, "qr_scene_str": reader.qr_code,
        }  # fmt: skip

    def _template_send(self, asked: Asked) -> Told:
        what, body = "template/send", asked.object
        to, key = (str(body.get("touser")),), str(body.get("client_msg_id", ""))
        reader = self.reader(body.get("touser"))
        if reader is None:
            return say(40003, what, to=to, key=key)
        fault = self.template_fault(body, limits=False)
        if fault or len(key) > 32:
            return say(fault or 47001, what, to=to, key=key)
        if not reader.follows:
            return say(43004, what, to=to, key=key)
        if str(body["template_id"]) in reader.refused:
            return say(43101, what, to=to, key=key)
        now = self.stage.clock.now().timestamp()
        known = self._sent.get(key) if key else None
        if known is not None and now - known[0] < TEMPLATE_SUPPRESSED:
            answer = {"errcode": 45065, "errmsg": "clientmsgid exist", "msgid": known[1]}
            return told(answer, 45065, what=what, to=to, key=key)
        number = self.number()
        if key:
            self._sent[key] = (now, number)
        self.stage.agenda.later(self._report(number), lambda: self._template_done(reader, number, key, body))
        return told({"errcode": 0, "errmsg": "ok", "msgid": number}, what=what, to=to, key=key, accepted=True)

    def _template_done(self, reader: Reader, number: int, key: str, body: Mapping[str, Any]) -> None:
        chance, behaviour = self.stage.chance, self.behaviour
        status = "success"
        if reader.switched_off or not chance.happens(behaviour.arrives, "arrives", self.appid, number):
            blocked = reader.switched_off or chance.happens(behaviour.blocks, "blocks", self.appid, number)
            status = "failed:user block" if blocked else "failed: system failed"
        else:
            self.stage.reach(self.account, reader.person, reader.openid, "template", key, body["data"])
        self.event(reader, "TEMPLATESENDJOBFINISH", {"MsgID": number, "Status": status})

    def _notice(self, asked: Asked) -> Told:
        reader = self.reader(asked.object.get("touser"))
        if reader is not None and not reader.follows:
            return say(43004, "subscribe/bizsend", to=(reader.openid,))
        return self.subscription(asked, "subscribe/bizsend", lambda body: False)

    # Acts -----------------------------------------------------------------------------------------------------------

    def act_follow(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """Follows; ``code``: by the QR code with that parameter, else ``scene``."""
        reader, code = self.of(person), text_of(given, "code")
        scene = "ADD_SCENE_QR_CODE" if code else text_of(given, "scene", "ADD_SCENE_SEARCH")
        self._follow(reader, self.stage.seconds, scene)
        reader.qr_code = code
        reader.opens(self.stage.clock.now().timestamp(), 3, _MINUTE)
        more = {"EventKey": f"qrscene_{code}", "Ticket": f"gQ{reader.openid[-20:]}"} if code else {"EventKey": ""}
        self.event(reader, "subscribe", more)
        return {"openid": reader.openid, "unionid": reader.unionid}

    def act_unfollow(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """Unfollows: nothing can be sent any more."""
        del given
        reader = self.of(person)
        reader.follows = False
        reader.closes()
        self.event(reader, "unsubscribe", {"EventKey": ""})
        return {"openid": reader.openid}

    def act_scan(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """Scans the QR code with the parameter ``code``; somebody new follows by it."""
        reader, code = self.of(person), text_of(given, "code", "store_01")
        if not reader.follows:
            return self.act_follow(person, {**given, "code": code})
        reader.opens(self.stage.clock.now().timestamp(), 3, _MINUTE)
        self.event(reader, "SCAN", {"EventKey": code, "Ticket": f"gQ{reader.openid[-20:]}"})
        return {"openid": reader.openid}

    def act_menu(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """Uses the menu: ``type`` (click, view, view_miniprogram, scancode_push, scancode_waitmsg), ``key``."""
        reader = self.of(person)
        kind = chosen(given, "type", _MENUS, "click")
        if kind in _OPENING:
            reader.opens(self.stage.clock.now().timestamp(), 3, _MINUTE)
        more: dict[str, Any] = {"EventKey": text_of(given, "key", "MENU_1")}
        if kind.startswith("view"):
            more["MenuId"] = text_of(given, "menu_id", "431255")
        if kind.startswith("scancode"):
            more["ScanCodeInfo"] = {"ScanType": "qrcode", "ScanResult": text_of(given, "result", "1")}
        self.event(reader, kind.upper() if kind in ("click", "view") else kind, more)
        return {"openid": reader.openid}

    act_click = act_menu

    @staticmethod
    def _follow(reader: Reader, since: int, scene: str) -> None:
        reader.follows, reader.since, reader.scene = True, since, scene
