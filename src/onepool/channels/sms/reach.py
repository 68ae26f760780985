"""Sending, and asking what became of a message.

Alibaba Cloud: https://help.aliyun.com/zh/sms/developer-reference/api-dysmsapi-2017-05-25-sendsms , .../querysenddetails
Tencent Cloud: https://cloud.tencent.com/document/api/382/55981 (SendSms), .../60702 (status by phone number)
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from onepool.channels.base import Account, Answer, Call, Message, Receipt, Unsendable
from onepool.channels.base.commerce import part, parts, text
from onepool.channels.base.sms_text import compose, faults, in_order
from onepool.channels.sms.codes import ALIYUN, TENCENT, TENCENT_FAMILIES, receipt_reason
from onepool.channels.sms.signing import sign_aliyun, sign_tencent

MARKETING: Final = "marketing"
_CHINA: Final = timezone(timedelta(hours=8))
_PHONE: Final = re.compile(r"\+?\d{5,20}")
_WAITING, _FAILED, _ARRIVED = 1, 2, 3


def request(message: Message, account: Account, now: datetime) -> Call:
    """SendSms of the provider, to one number. Raises Unsendable where a part is missing or the text is not allowed."""
    del now
    phone = message.to.get("phone", "")
    if not _PHONE.fullmatch(phone):
        raise Unsendable(Receipt("refused", "bad_address", "phone", detail="this is no phone number"))
    needed = ("access_key", "access_secret", *(("sdk_app_id",) if account.text("provider") == "tencent" else ()))
    for name in needed:
        if not account.text(name):
            detail = f"{name} is not set"
            raise Unsendable(Receipt("refused", "account_error", "settings", account=True, detail=detail))
    content = message.content
    template = str(content.get("template_id") or "")
    signature = str(content.get("signature") or account.text("signature")).strip("【】 ")
    if not template or not signature:
        raise _wrong("a text message needs template_id and a signature")
    params = content.get("params") or {}
    if not isinstance(params, Mapping | list | tuple):
        raise _wrong("params is a mapping of names to values, or a list of values")
    if content.get("text"):
        wrong = faults(compose(str(content["text"]), params, signature), marketing=message.kind == MARKETING)
        if wrong:
            raise _wrong("; ".join(wrong))
    if account.text("provider") == "tencent":
        listed = in_order(params)
        if listed is None:
            raise _wrong("params of Tencent Cloud are a list of values, or a mapping of the numbers 1, 2, … to values")
        return _tencent(account, "SendSms", {
            "PhoneNumberSet": [_international(phone)],
            "SmsSdkAppId": account.text("sdk_app_id"),
            "SignName": signature,
            "TemplateId": template,
            "TemplateParamSet": [str(one) for one in listed],
            "SessionContext": message.key[:512],
        })  # fmt: skip
    if not isinstance(params, Mapping):
        raise _wrong("params of Alibaba Cloud are a mapping of names to values")
    query = {"PhoneNumbers": _plain(phone), "SignName": signature, "TemplateCode": template, "OutId": message.key[:64]}
    if params:
        values = {str(name): str(value) for name, value in params.items()}
        query["TemplateParam"] = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return _aliyun(account, "SendSms", query)


def outcome(message: Message, answer: Answer) -> Receipt:
    """``Code`` OK, or what is wrong; an answer that is no JSON leaves open whether the message went out."""
    del message
    body = answer.json()
    if isinstance(body, dict) and isinstance(body.get("Response"), dict):
        return _of_tencent(body["Response"])
    if not isinstance(body, dict) or not text(body.get("Code")):
        if answer.status == 429:
            return Receipt("retry", "rate_limited", "429", after=60.0, account=True)
        return Receipt("unknown", "unknown", str(answer.status))
    code = text(body["Code"])
    if code == "OK":
        return Receipt("sent", code=code, provider_id=text(body.get("BizId")))
    known = ALIYUN.get(code)
    if known is None and answer.status >= 500:
        return Receipt("unknown", "unknown", code)
    return _coded(known or Receipt("refused", "unknown"), code, text(body.get("Message")))


def ask(message: Message, provider_id: str, account: Account, now: datetime) -> Call:
    """What became of a message: of its day at Alibaba Cloud (``sent_on`` of the content, YYYYMMDD, else today's)."""
    phone = message.to.get("phone", "")
    if account.text("provider") == "tencent":
        since = int(now.timestamp()) - 7 * 86_400 + 60
        sent = message.content.get("sent_at")
        begun = sent - 60 if isinstance(sent, int) and sent - 60 > since else since
        return _tencent(account, "PullSmsSendStatusByPhoneNumber", {
            "BeginTime": begun, "Offset": 0, "Limit": 100, "PhoneNumber": _international(phone),
            "SmsSdkAppId": account.text("sdk_app_id"),
        })  # fmt: skip
    day = str(message.content.get("sent_on") or now.astimezone(_CHINA).strftime("%Y%m%d"))
    query = {"PhoneNumber": _plain(phone), "SendDate": day, "PageSize": "50", "CurrentPage": "1"}
    if provider_id:
        query["BizId"] = provider_id
    return _aliyun(account, "QuerySendDetails", query)


def told(message: Message, answer: Answer) -> Receipt:
    """Arrived, waiting or failed; nothing said about it: unknown. Found by our key, which both clouds give back."""
    body = answer.json()
    if isinstance(body, dict) and isinstance(body.get("Response"), dict):
        for one in parts(body["Response"], "PullSmsSendStatusSet"):
            if text(one.get("SessionContext")) == message.key[:512]:
                number, code = text(one.get("SerialNo")), text(one.get("Description"))
                if text(one.get("ReportStatus")).upper() == "SUCCESS":
                    return Receipt("sent", code="SUCCESS", provider_id=number)
                return Receipt("refused", receipt_reason(code), code, number)
        return _untold(part(body, "Response", "Error"))
    if not isinstance(body, dict) or text(body.get("Code")) != "OK":
        return _untold(body if isinstance(body, dict) else {})
    for one in parts(body, "SmsSendDetailDTOs", "SmsSendDetailDTO"):
        if text(one.get("OutId")) != message.key[:64]:  # an entry without one is of another system
            continue
        status, code = one.get("SendStatus"), text(one.get("ErrCode"))
        if status == _ARRIVED:
            return Receipt("sent", code=code or "DELIVERED")
        if status == _WAITING:
            return Receipt("task", after=60.0)
        if status == _FAILED:
            return Receipt("refused", receipt_reason(code), code)
    return Receipt("unknown", "unknown")


def sign(call: Call, account: Account, now: datetime) -> Call:
    """Sign by the provider that the call goes to."""
    if account.text("provider") == "tencent":
        return sign_tencent(call, account.text("access_key"), account.text("access_secret"), now, "sms")
    nonce = secrets.token_hex(16)
    return sign_aliyun(call, account.text("access_key"), account.text("access_secret"), now, nonce)


def _of_tencent(response: dict[str, Any]) -> Receipt:
    error = part(response, "Error")
    one = error or next(iter(parts(response, "SendStatusSet")), {})
    code = text(one.get("Code"))
    if code == "Ok":
        return Receipt("sent", code=code, provider_id=text(one.get("SerialNo")))
    if not code:
        return Receipt("unknown", "unknown")
    known = TENCENT.get(code) or TENCENT_FAMILIES.get(code.partition(".")[0]) or Receipt("refused", "unknown")
    return _coded(known, code, text(one.get("Message")))


def _coded(receipt: Receipt, code: str, words: str) -> Receipt:
    return replace(receipt, code=code, detail=words[:200])


def _untold(error: Mapping[str, Any]) -> Receipt:
    code = text(error.get("Code"))
    return Receipt("task", code=code, after=300.0) if code else Receipt("unknown", "unknown")


def _aliyun(account: Account, action: str, query: dict[str, str]) -> Call:
    headers = {"x-acs-action": action, "x-acs-version": "2017-05-25"}
    # Nothing suppresses a second message, so a send is never repeated by itself; a question may be.
    repeatable = action != "SendSms"
    return Call("POST", account.url("aliyun", "/"), query=query, headers=headers, token=False, idempotent=repeatable)


def _tencent(account: Account, action: str, body: dict[str, Any]) -> Call:
    headers = {"x-tc-action": action, "x-tc-version": "2021-01-11", "x-tc-region": account.text("region")}
    repeatable = action != "SendSms"
    return Call("POST", account.url("tencent", "/"), headers=headers, json=body, token=False, idempotent=repeatable)


def _international(phone: str) -> str:
    return phone if phone.startswith("+") else f"+86{phone}"


def _plain(phone: str) -> str:
    """As Alibaba Cloud wants it: mainland numbers alone, others with their country and without a plus."""
    return phone[3:] if phone.startswith("+86") else phone.lstrip("+")


def _wrong(words: str) -> Unsendable:
    return Unsendable(Receipt("refused", "template_error", "content", detail=words))
