"""The side of Alibaba Cloud's and Tencent Cloud's text messages: signatures, limits, receipts, replies.

Limits: a template with a parameter ``code`` is a verification code (1 a minute, 5 an hour, 10 a day for a number and
signature), any number gets 40 a day (unverified). Whoever replied R, T, TD, N or 退订 is not delivered to any more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from onepool.channels.base import Account
from onepool.sandbox.doubles import cloud_signing as signing
from onepool.sandbox.doubles.base import Double, text_of
from onepool.sandbox.doubles.orders import local
from onepool.sandbox.errors import ActError
from onepool.sandbox.pushing import Outgoing
from onepool.sandbox.stage import Stage
from onepool.sandbox.wire import Asked, Told, told, words
from onepool.sandbox.world import Person

_MAINLAND: Final = re.compile(r"1[3-9]\d{9}")
_ABROAD: Final = re.compile(r"\d{7,15}")
_URL: Final = re.compile(r"https?://[^\s\"'，。】]+")
_CODES: Final = ((60, 1), (3600, 5), (86_400, 10))
_ANY: Final = ((86_400, 40),)
_OUT: Final = frozenset({"R", "T", "TD", "N", "退订"})
_WAITS, _FAILED, _ARRIVED = 1, 2, 3
_MANY: Final = {"aliyun": 1_000, "tencent": 200}


@dataclass
class Sent:
    """One message to one number. ``state``: as QuerySendDetails tells it."""

    number: str
    phone: str
    out_id: str
    template: str
    content: Any
    at: datetime
    state: int = _WAITS
    code: str = ""
    done: datetime | None = None


class Sms(Double):
    channel: ClassVar[str] = "sms"

    def __init__(self, account: Account, stage: Stage) -> None:
        super().__init__(account, stage)
        self.key, self.secret = account.text("access_key"), account.text("access_secret")
        self.provider = account.text("provider") or "aliyun"
        self.sent: list[Sent] = []
        self._nonces: set[str] = set()
        self._out: set[str] = set()
        self._replies = 0

    def claims(self, asked: Asked) -> bool:
        named = signing.tencent_key(asked) if asked.endpoint == "tencent" else signing.aliyun_key(asked)
        return asked.endpoint == self.provider and named == self.key

    @classmethod
    def stranger(cls, asked: Asked) -> Told:
        if asked.endpoint == "tencent":
            return _tencent_error("AuthFailure.SecretIdNotFound", _action(asked))
        return _aliyun("InvalidAccessKeyId.NotFound", _action(asked), status=404)

    def busy(self) -> Told:
        if self.provider == "tencent":
            return _tencent_error("FailedOperation.OtherError", "busy")
        return _aliyun("ServiceUnavailable", "busy")

    def limited(self, what: str) -> Told | None:
        if self.provider == "tencent":
            return _tencent_error("RequestLimitExceeded", what)
        return _aliyun("Throttling.User", what, status=400)

    def answer(self, asked: Asked) -> Told:
        action, now = _action(asked), self.stage.wall.now()
        if not self.key or not self.secret:
            return self.stranger(asked)
        if self.provider == "tencent":
            fault = signing.tencent_fault(asked, self.secret, "sms", now)
            if fault:
                return _tencent_error(fault, action)
            body = asked.object
            if action == "SendSms":
                return self._send_tencent(body)
            if action == "PullSmsSendStatusByPhoneNumber":
                return self._status_tencent(body)
            return _tencent_error("InvalidAction", action)
        fault = signing.aliyun_fault(asked, self.secret, now)
        if fault:
            return _aliyun(fault, action, status=400)
        nonce = asked.headers.get("x-acs-signature-nonce", "")
        if nonce in self._nonces:
            return _aliyun("SignatureNonceUsed", action, status=400)
        self._nonces.add(nonce)
        args = asked.args | asked.form
        if action == "SendSms":
            return self._send_aliyun(args)
        if action == "QuerySendDetails":
            return self._details_aliyun(args)
        return _aliyun("InvalidAction.NotFound", action, status=404)

    # Alibaba Cloud --------------------------------------------------------------------------------------------------

    def _send_aliyun(self, args: Mapping[str, str]) -> Told:
        what, key = "SendSms", args.get("OutId", "")
        phones = [one for one in args.get("PhoneNumbers", "").split(",") if one]
        to = tuple(phones)

        def refuse(code: str) -> Told:
            return _aliyun(code, what, to=to, key=key)

        if len(phones) > _MANY["aliyun"]:
            return refuse("isv.MOBILE_COUNT_OVER_LIMIT")
        if not phones or any(not _MAINLAND.fullmatch(one) and not _ABROAD.fullmatch(one) for one in phones):
            return refuse("isv.MOBILE_NUMBER_ILLEGAL")
        if not self._signature(args.get("SignName", "")):
            return refuse("isv.SMS_SIGNATURE_ILLEGAL")
        if not self._template(args.get("TemplateCode", "")):
            return refuse("isv.SMS_TEMPLATE_ILLEGAL")
        try:
            params = json.loads(args.get("TemplateParam", "{}"))
        except ValueError:
            params = None
        if not isinstance(params, dict):
            return refuse("isv.INVALID_JSON_PARAM")
        if any(self._full(one, code="code" in params) for one in phones):
            return refuse("isv.BUSINESS_LIMIT_CONTROL")
        number = f"{self.stage.seconds}{len(self.sent):08d}^0"
        for phone in phones:
            self._accept(Sent(number, phone, key, args["TemplateCode"], params, self.stage.clock.now()))
        answer = {"Code": "OK", "Message": "OK", "RequestId": "SANDBOX", "BizId": number}
        return told(answer, "OK", what=what, to=to, key=key, accepted=True)

    def _details_aliyun(self, args: Mapping[str, str]) -> Told:
        rows = [
            one for one in self.sent
            if one.phone == args.get("PhoneNumber") and local(one.at)[:10].replace("-", "") == args.get("SendDate")
            and args.get("BizId", one.number) == one.number
        ]  # fmt: skip
        listed = [
            {
                "PhoneNum": one.phone, "SendStatus": one.state, "ErrCode": one.code, "TemplateCode": one.template,
                "SendDate": local(one.at), "ReceiveDate": local(one.done), "OutId": one.out_id, "Content": "",
            }
            for one in rows
        ]  # fmt: skip
        details = {"SmsSendDetailDTO": listed}
        answer = {"Code": "OK", "Message": "OK", "RequestId": "SANDBOX", "TotalCount": len(rows)}
        return told({**answer, "SmsSendDetailDTOs": details}, "OK", what="QuerySendDetails")

    # Tencent Cloud --------------------------------------------------------------------------------------------------

    def _send_tencent(self, body: Mapping[str, Any]) -> Told:
        what, key = "SendSms", str(body.get("SessionContext", ""))
        phones = words(body.get("PhoneNumberSet"))
        to = tuple(phones)
        if not 0 < len(phones) <= _MANY["tencent"]:
            return _tencent_error("LimitExceeded.PhoneNumberCountLimit", what, to=to, key=key)
        if str(body.get("SmsSdkAppId")) != (self.account.text("sdk_app_id") or str(body.get("SmsSdkAppId"))):
            return _tencent_error("InvalidParameterValue.SdkAppIdNotExist", what, to=to, key=key)
        if not self._template(str(body.get("TemplateId", ""))):
            return _tencent_error("FailedOperation.TemplateUnapprovedOrNotExist", what, to=to, key=key)
        sign = str(body.get("SignName", ""))
        states, accepted = [], False
        for phone in phones:
            plain = phone.removeprefix("+86")
            code, number = "Ok", ""
            if not phone.startswith("+") or not _ABROAD.fullmatch(phone[1:]):
                code = "InvalidParameterValue.IncorrectPhoneNumber"
            elif not self._signature(sign):
                code = "FailedOperation.SignatureIncorrectOrUnapproved"
            elif plain in self._out:
                code = "FailedOperation.PhoneNumberInBlacklist"
            elif self._full(plain, code=False):
                code = "LimitExceeded.PhoneNumberDailyLimit"
            else:
                number, accepted = f"{self.stage.seconds}:{len(self.sent):010d}", True
                content = {"params": words(body.get("TemplateParamSet"))}
                self._accept(Sent(number, plain, key, str(body["TemplateId"]), content, self.stage.clock.now()))
            states.append(
                {"SerialNo": number, "PhoneNumber": phone, "Fee": 1 if number else 0, "SessionContext": key,
                 "Code": code, "Message": "send success" if number else code, "IsoCode": "CN"}
            )  # fmt: skip
        first = states[0]["Code"]
        answer = {"Response": {"SendStatusSet": states, "RequestId": "SANDBOX"}}
        return told(answer, first, what=what, to=to, key=key, accepted=accepted)

    def _status_tencent(self, body: Mapping[str, Any]) -> Told:
        phone = str(body.get("PhoneNumber", "")).removeprefix("+86")
        rows = [
            {"UserReceiveTime": int(one.done.timestamp()), "CountryCode": "86", "SubscriberNumber": one.phone,
             "PhoneNumber": f"+86{one.phone}", "SerialNo": one.number,
             "ReportStatus": "SUCCESS" if one.state == _ARRIVED else "FAIL", "Description": one.code,
             "SessionContext": one.out_id}
            for one in self.sent if one.phone == phone and one.done is not None
        ]  # fmt: skip
        answer = {"Response": {"PullSmsSendStatusSet": rows, "RequestId": "SANDBOX"}}
        return told(answer, "Ok", what="PullSmsSendStatusByPhoneNumber")

    # What both have -------------------------------------------------------------------------------------------------

    @staticmethod
    def _signature(given: str) -> bool:
        # Which ones are approved, an account's settings do not say.
        return 2 <= len(given) <= 20

    def _template(self, given: str) -> bool:
        return bool(given) and (not self.behaviour.templates or given in self.behaviour.templates)

    def _full(self, phone: str, *, code: bool) -> bool:
        now = self.stage.clock.now()
        ages = [(now - one.at).total_seconds() for one in self.sent if one.phone == phone]
        return any(sum(age < seconds for age in ages) >= most for seconds, most in (_CODES if code else _ANY))

    def _accept(self, one: Sent) -> None:
        self.sent.append(one)
        chance, name = self.stage.chance, (self.account.touchpoint, one.number, one.phone)
        self.stage.agenda.later(chance.between(self.behaviour.report, "report", *name), lambda: self._done(one))

    def _done(self, one: Sent) -> None:
        chance, name = self.stage.chance, (self.account.touchpoint, one.number, one.phone)
        one.done = self.stage.clock.now()
        one.state, one.code = _ARRIVED, "DELIVERED" if self.provider == "aliyun" else "DELIVRD"
        if one.phone in self._out:
            one.state, one.code = _FAILED, "USER_REJECT"
        elif not chance.happens(self.behaviour.arrives, "arrives", *name):
            blocked = chance.happens(self.behaviour.blocks, "blocks", *name)
            one.state, one.code = _FAILED, "MBBLACK" if blocked else "NOT_ON_SERVICE"
        else:
            person = self.world.get(one.phone) or self._somebody(one.phone)
            self.stage.reach(self.account, person, one.phone, "sms", one.out_id, {"template": one.template,
                             "params": one.content})  # fmt: skip
        self._push([self._report(one)], "report")

    def _somebody(self, phone: str) -> Person:
        person = self.world.make(f"phone_{phone}")
        person.phone = phone
        return person

    def _report(self, one: Sent) -> dict[str, Any]:
        good = one.state == _ARRIVED
        if self.provider == "tencent":
            return {
                "user_receive_time": local(one.done), "nationcode": "86", "mobile": one.phone,
                "report_status": "SUCCESS" if good else "FAIL", "errmsg": one.code,
                "description": "用户短信送达成功" if good else one.code, "sid": one.number,
            }  # fmt: skip
        return {
            "phone_number": one.phone, "send_time": local(one.at), "report_time": local(one.done), "success": good,
            "err_code": one.code, "err_msg": "用户接收成功" if good else one.code, "sms_size": "1",
            "biz_id": one.number, "out_id": one.out_id,
        }  # fmt: skip

    def _push(self, content: Any, what: str) -> None:
        self.repeat(json.dumps(content, ensure_ascii=False).encode(), what)

    def repeat(self, content: bytes, content_type: str) -> None:
        what = content_type if "/" not in content_type else "repeated"
        headers = {"content-type": "application/json"}
        # The clouds sign nothing: what they know is the address.
        outgoing = Outgoing(
            self.account.touchpoint, rest=self.account.text("path_secret"), headers=headers, body=content
        )

        def sign(wall: datetime) -> Outgoing:
            del wall
            return outgoing

        self.stage.push(self.account, what, sign, good=_taken)

    # Acts -----------------------------------------------------------------------------------------------------------

    def act_reply(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """Answers with ``content``; R, T, TD, N and 退订 opt out."""
        said = text_of(given, "content", "R")
        self._replies += 1
        now = self.stage.clock.now()
        if said.strip().upper() in _OUT:
            self._out.add(person.phone)
        if self.provider == "tencent":
            reply: Any = {
                "extend": "01", "mobile": person.phone, "nationcode": "86", "sign": self.account.text("signature"),
                "text": said, "time": int(now.timestamp()),
            }  # fmt: skip
        else:
            reply = [
                {"phone_number": person.phone, "send_time": local(now), "content": said, "dest_code": "1069000000",
                 "sign_name": self.account.text("signature"), "sequence_id": f"{self.stage.seconds}{self._replies:04d}"}
            ]  # fmt: skip
        self._push(reply, "reply")
        return {"phone": person.phone, "opted_out": person.phone in self._out}

    def act_click(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """Opens a link of the latest message, or ``url``; only its path is used, at this sandbox's server."""
        url = text_of(given, "url")
        if not url:
            got = [one for one in self.stage.ledger.arrived if one.person == person.key]
            found = _URL.findall(json.dumps(got[-1].content, ensure_ascii=False)) if got else []
            if not found:
                raise ActError("the latest message has no link", where=person.key, hint="give url=https://…/l/CODE")
            url = found[0]
        parts = urlsplit(url)
        headers = {"user-agent": "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Mobile Safari/537.36"}
        outgoing = Outgoing(self.account.touchpoint, "GET", "", parts.query, headers, b"", parts.path)

        def sign(wall: datetime) -> Outgoing:
            del wall
            return outgoing

        self.stage.push(self.account, "click", sign, good=lambda status, body: 200 <= status < 400, again=())
        return {"path": parts.path}


def _action(asked: Asked) -> str:
    return asked.headers.get("x-acs-action") or asked.headers.get("x-tc-action") or ""


def _aliyun(code: str, what: str, *, status: int = 200, **more: Any) -> Told:
    return told({"Code": code, "Message": code, "RequestId": "SANDBOX"}, code, what=what, status=status, **more)


def _tencent_error(code: str, what: str, **more: Any) -> Told:
    answer = {"Response": {"Error": {"Code": code, "Message": code}, "RequestId": "SANDBOX"}}
    return told(answer, code, what=what, **more)


def _taken(status: int, body: bytes) -> bool:
    """Alibaba Cloud wants ``code`` 0, Tencent Cloud ``result`` 0."""
    try:
        answer = json.loads(body)
    except ValueError:
        return False
    return status == 200 and isinstance(answer, dict) and 0 in (answer.get("code"), answer.get("result"))
