"""The mini program's side: codes of logins and of phone buttons, subscription messages, pushes in JSON."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final, NamedTuple

from onepool.channels.base import Account
from onepool.sandbox.doubles.base import chosen, text_of
from onepool.sandbox.doubles.wechat import Wechat, say
from onepool.sandbox.doubles.wechat_people import Reader
from onepool.sandbox.doubles.wechat_seal import seal_data
from onepool.sandbox.stage import Stage
from onepool.sandbox.wire import Asked, Told, told
from onepool.sandbox.world import Person

_LIFE: Final = 300.0
_PAGE: Final = re.compile(r"/?[A-Za-z0-9_\-]+(/[A-Za-z0-9_\-]+)*(\?.*)?")
_STATES: Final = ("formal", "trial", "developer")


class _Code(NamedTuple):
    reader: Reader
    until: float


class WechatMini(Wechat):
    channel: ClassVar[str] = "wechat_mini"
    kinds = frozenset({"text", "image", "link", "miniprogrampage"})
    json_form = True

    def __init__(self, account: Account, stage: Stage) -> None:
        super().__init__(account, stage)
        self._logins: dict[str, _Code] = {}
        self._phones: dict[str, _Code] = {}
        self._used: set[str] = set()

    def begin(self) -> None:
        for person in self.world.of(self.account.touchpoint, self.channel):
            self.of(person)

    def free(self) -> dict[str, Callable[[Asked], Told]]:
        return {"sns/jscode2session": self._session}

    def calls(self) -> dict[str, tuple[str, Callable[[Asked], Told]]]:
        return super().calls() | {
            "cgi-bin/message/subscribe/send": ("POST", self._notice),
            "wxa/business/getuserphonenumber": ("POST", self._phone),
        }

    def _notice(self, asked: Asked) -> Told:
        return self.subscription(asked, "subscribe/send", _wrong)

    def _session(self, asked: Asked) -> Told:
        what, args = "jscode2session", asked.args
        if args.get("appid") != self.appid:
            return say(40013, what)
        if args.get("secret") != self.account.text("secret"):
            return say(40125, what)
        code = self._taken(self._logins, args.get("js_code", ""))
        if isinstance(code, int):
            return say(code, what)
        return told({"session_key": self._key(code), "openid": code.openid, "unionid": code.unionid}, what=what)

    def _phone(self, asked: Asked) -> Told:
        what, given = "getuserphonenumber", asked.object
        code = self._taken(self._phones, str(given.get("code", "")))
        if isinstance(code, int):
            return say(code, what)
        if given.get("openid") not in (None, "", code.openid):
            return say(40003, what)
        phone = code.person.phone
        mark = {"timestamp": self.stage.seconds, "appid": self.appid}
        found = {"phoneNumber": phone, "purePhoneNumber": phone, "countryCode": "86", "watermark": mark}
        return told({"errcode": 0, "errmsg": "ok", "phone_info": found}, what=what)

    def _taken(self, codes: dict[str, _Code], code: str) -> Reader | int:
        """Whose code it is; or what is wrong with it. It works once, for five minutes."""
        if code in self._used:
            return 40163
        found = codes.get(code)
        if found is None or self.stage.clock.now().timestamp() > found.until:
            return 40029
        self._used.add(code)
        return found.reader

    # Acts -----------------------------------------------------------------------------------------------------------

    def act_login(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """Opens the mini program; gives the ``code`` that wx.login gives to it.

        ``share`` phone or profile: also what the program then gets encrypted (``encrypted_data`` and ``iv``).
        """
        reader = self.of(person)
        shared = chosen(given, "share", ("no", "phone", "profile"), "no")
        found: dict[str, Any] = {"code": self._new(self._logins, person, "0"), "openid": reader.openid}
        if shared == "no":
            return found
        content: dict[str, Any] = {"openId": reader.openid, "nickName": person.name, "unionId": reader.unionid}
        if shared == "phone":
            content = {"phoneNumber": person.phone, "purePhoneNumber": person.phone, "countryCode": "86"}
        mark = {"timestamp": self.stage.seconds, "appid": self.appid}
        return found | seal_data({**content, "watermark": mark}, self._key(reader))

    def _key(self, reader: Reader) -> str:
        """The session key of somebody: 16 bytes in base64."""
        return base64.b64encode(self.stage.chance.text(16, "session", reader.openid).encode()).decode()

    def act_phone(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """Taps the phone button; gives the ``code`` for the number."""
        del given
        return {"code": self._new(self._phones, person, "f"), "openid": self.of(person).openid}

    def act_enter(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """Enters the conversation with customer service (two answers within a minute)."""
        reader = self.of(person)
        reader.opens(self.stage.clock.now().timestamp(), 2, 60.0)
        self.event(reader, "user_enter_tempsession", {"SessionFrom": text_of(given, "from", "sandbox")})
        return {"openid": reader.openid}

    def _new(self, codes: dict[str, _Code], person: Person, start: str) -> str:
        code = start + self.stage.chance.text(31, "code", self.appid, start, len(codes))
        codes[code] = _Code(self.of(person), self.stage.clock.now().timestamp() + _LIFE)
        return code


def _wrong(body: Mapping[str, Any]) -> bool:
    page = body.get("page")
    return body.get("miniprogram_state", "formal") not in _STATES or (
        page is not None and not _PAGE.fullmatch(str(page))
    )
