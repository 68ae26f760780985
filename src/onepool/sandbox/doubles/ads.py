"""The side of Ocean Engine and Tencent Ads: clicks told to the monitor, conversions taken back.

Codes of Tencent Ads (unverified): 11002 token, 11017 timestamp, 11018 nonce, 18001 account, 31002 arguments.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

from onepool.channels.base import Account
from onepool.sandbox.doubles.base import Double, text_of
from onepool.sandbox.pushing import Outgoing
from onepool.sandbox.stage import Stage
from onepool.sandbox.wire import Asked, Told, items, told
from onepool.sandbox.world import Person

_SKEW: Final = 300
_MOST, _MOST_BYTES = 50, 50_000
_TENCENT_ADDRESS: Final = "https://api.e.qq.com/conv"


class Ads(Double):
    channel: ClassVar[str] = "ads"

    def __init__(self, account: Account, stage: Stage) -> None:
        super().__init__(account, stage)
        self.platform = account.text("platform") or "ocean_engine"
        self.conversions: dict[str, dict[str, Any]] = {}
        self._clicks = 0
        self._nonces: set[str] = set()

    def claims(self, asked: Asked) -> bool:
        return asked.endpoint == self.platform

    @classmethod
    def stranger(cls, asked: Asked) -> Told:
        return _say(40_000, "no such account", asked.path)

    def busy(self) -> Told:
        return _say(-1, "系统繁忙，请稍后重试", "busy")

    def limited(self, what: str) -> Told | None:
        return _say(11_100, "request frequency limit", what)

    def answer(self, asked: Asked) -> Told:
        path = asked.path.rstrip("/")
        if self.platform == "ocean_engine" and path == "/api/v2/conversion" and asked.method == "POST":
            return self._ocean(asked)
        if self.platform == "tencent" and path in ("/v3.0/user_actions/add", "/conv") and asked.method == "POST":
            return self._tencent(asked)
        return super().answer(asked)

    def _ocean(self, asked: Asked) -> Told:
        what, body = "conversion", asked.object
        context = body.get("context")
        ad = context.get("ad") if isinstance(context, dict) else None
        callback = ad.get("callback") if isinstance(ad, dict) else None
        stamp = body.get("timestamp")
        if not isinstance(callback, str) or not callback or callback.startswith("__"):
            return _say(40_001, "callback 无效", what)
        to = (callback,)
        if not isinstance(body.get("event_type"), str) or not body["event_type"]:
            return _say(40_002, "event_type 无效", what, to=to)
        if not isinstance(stamp, int) or stamp < 10**12:
            return _say(40_003, "timestamp 应为毫秒", what, to=to)
        amount = body.get("properties", {}).get("pay_amount") if isinstance(body.get("properties"), dict) else None
        if amount is not None and (not isinstance(amount, int) or amount < 0):
            return _say(40_004, "pay_amount 应为分", what, to=to)
        self.conversions[f"{callback}.{body['event_type']}.{stamp}"] = body
        return told({"code": 0, "message": "成功"}, what=what, to=to, key=body["event_type"], accepted=True)

    def _tencent(self, asked: Asked) -> Told:
        what, args, body = "user_actions/add", asked.args, asked.object
        by_click = "cb" in args
        proof: Mapping[str, str] = asked.headers if by_click else args
        token = proof.get("access-token" if by_click else "access_token", "")
        stamp, nonce = proof.get("timestamp", ""), proof.get("nonce", "")
        if token != self.account.text("access_token"):
            return _say(11_002, "access_token invalid", what)
        if not stamp.isdigit() or abs(self.stage.wall.now().timestamp() - int(stamp)) > _SKEW:
            return _say(11_017, "timestamp invalid", what)
        if not nonce or nonce in self._nonces:
            return _say(11_018, "nonce invalid", what)
        self._nonces.add(nonce)
        actions = items(body.get("actions"))
        if not 0 < len(actions) <= _MOST or len(asked.body) > _MOST_BYTES:
            return _say(31_002, "actions: 50 and 50 KB at most", what)
        if not by_click and str(body.get("account_id")) != self.account.text("account_id"):
            return _say(18_001, "account_id has no permission", what)
        for one in actions:
            fault = _fault(one)
            if fault:
                return _say(31_002, fault, what)
        to = []
        for place, one in enumerate(actions):
            # A repeated one is taken and counted once.
            self.conversions.setdefault(str(one.get("outer_action_id", f"{nonce}.{place}")), one)
            trace, user = one.get("trace"), one.get("user_id")
            to += [str(value) for part in (trace, user) if isinstance(part, dict) for value in part.values()]
        key = str(actions[0].get("outer_action_id", ""))
        return told({"code": 0, "message": "", "message_cn": ""}, what=what, to=tuple(to), key=key, accepted=True)

    # Acts -----------------------------------------------------------------------------------------------------------

    def act_click(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """Clicks an advertisement; the platform tells the monitor. Gives the click's number."""
        self._clicks += 1
        chance, now = self.stage.chance, self.stage.clock.now()
        name = (self.account.touchpoint, self._clicks)
        click = chance.text(40, "click", *name, letters="ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz0123456789")
        oaid = chance.text(16, "oaid", person.key, letters="0123456789abcdef")
        plan = text_of(given, "plan", "7100001")
        if self.platform == "tencent":
            said = {
                "click_id": f"wx0{click[:20]}", "click_time": str(int(now.timestamp())), "muid": "__MUID__",
                "hash_oaid": "__HASH_OAID__", "campaign_id": plan, "adgroup_id": plan, "creative_id": plan,
                "device_os_type": "android", "ip": "203.0.113.9",
                "callback": f"{_TENCENT_ADDRESS}?{urlencode({'cb': click, 'conv_id': '1'})}",
            }  # fmt: skip
        else:
            said = {
                "request_id": click[:20], "promotion_id": plan, "project_id": plan, "advertiser_id": "17",
                "cid": plan, "csite": "10001", "imei": "__IMEI__", "idfa": "__IDFA__", "oaid": oaid, "os": "0",
                "ip": "203.0.113.9", "ua": "Mozilla/5.0", "ts": str(int(now.timestamp() * 1000)),
                "track_id": f"t{self._clicks}", "callback": click,
            }  # fmt: skip
        self.monitor(urlencode(said))
        return {"click_id": said.get("click_id", click), "oaid": oaid}

    def monitor(self, query: str) -> None:
        """Tell the monitor of a click."""
        outgoing = Outgoing(self.account.touchpoint, "GET", self.account.text("path_secret"), query)

        def sign(wall: datetime) -> Outgoing:
            del wall
            return outgoing

        self.stage.push(self.account, "click", sign, good=_taken, again=(1.0,))


def _fault(action: Mapping[str, Any]) -> str:
    if not isinstance(action.get("action_time"), int) or not 10**9 <= action["action_time"] < 10**10:
        return "action_time: seconds are wanted"
    if not isinstance(action.get("action_type"), str):
        return "action_type is missing"
    user, trace = action.get("user_id"), action.get("trace")
    if not user and not (isinstance(trace, dict) and trace.get("click_id")):
        return "user_id or trace.click_id is wanted"
    wechat = isinstance(user, dict) and (user.get("wechat_openid") or user.get("wechat_unionid"))
    if wechat and isinstance(user, dict) and not user.get("wechat_app_id"):
        return "wechat_app_id is wanted with wechat_openid"
    value = action.get("action_param", {}).get("value") if isinstance(action.get("action_param"), dict) else None
    return "" if value is None or isinstance(value, int) else "action_param.value: fen are wanted"


def _say(code: int, words: str, what: str, **more: Any) -> Told:
    return told({"code": code, "message": words, "message_cn": words}, code, what=what, **more)


def _taken(status: int, body: bytes) -> bool:
    try:
        answer = json.loads(body)
    except ValueError:
        return False
    return status == 200 and isinstance(answer, dict) and 0 in (answer.get("code"), answer.get("ret"))
