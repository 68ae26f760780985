"""Receipts and replies. The clouds sign nothing: a secret in the address, and where wanted a list of their addresses.

Alibaba Cloud: https://help.aliyun.com/zh/sms/developer-reference/smsreport and .../smsup
Tencent Cloud: https://cloud.tencent.com/document/product/382/5807 (receipts), .../5809 (replies, one object)
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from datetime import datetime
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any, Final

import msgspec

from onepool.channels.base import Account, Decoded, Gathering, Keep, Push, Refused, Reply, Request, json_reply
from onepool.channels.base.commerce import text
from onepool.channels.base.sms_text import opts_out
from onepool.channels.sms.codes import receipt_reason

_ANSWERS: Final = {"aliyun": {"code": 0, "msg": "接收成功"}, "tencent": {"result": 0, "errmsg": "OK"}}
_MOMENT: Final = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)")
_PHONE: Final = re.compile(r"\+?\d{5,20}")
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def check(request: Request, account: Account, now: datetime) -> Reply:
    """The address must hold the secret, the caller be on the list, the body be JSON. Raises Refused."""
    del now
    secret = account.text("path_secret")
    if not secret:
        raise Refused(403, "not-configured", "this touchpoint has no secret address yet")
    # All parts are compared, so that the time tells nothing.
    found = [hmac.compare_digest(part.encode(), secret.encode()) for part in request.rest.split("/")]
    if not any(found):
        raise Refused(403, "signature", "the address does not end with this touchpoint's secret")
    networks = account.get("allowed_ips") or []
    if networks and not _listed(request.ip, networks):
        raise Refused(403, "address", "pushes from this address are not allowed; look at allowed_ips")
    answer = _ANSWERS["tencent" if account.text("provider") == "tencent" else "aliyun"]
    if request.method == "GET":
        return json_reply(answer)
    try:
        content = msgspec.json.decode(request.body)
    except _UNREADABLE as error:
        raise Refused(400, "malformed", "the body is not JSON") from error
    if not isinstance(content, list | dict):
        raise Refused(400, "malformed", "the body is neither a list nor an object")
    return json_reply(answer, keep=Keep())


def read(push: Push) -> Decoded:
    """Each receipt as delivered or failed, each reply as one, and an opt-out where it says so."""
    found = Gathering()
    try:
        content = msgspec.json.decode(push.body)
    except _UNREADABLE as error:
        found.refuse("sms.unreadable", f"not readable as JSON: {type(error).__name__}", push.body)
        return found.decoded()
    for one in content if isinstance(content, list) else [content]:
        if not isinstance(one, dict):
            found.refuse("sms.shape", "neither a receipt nor a reply", msgspec.json.encode(one))
        elif "report_status" in one or "success" in one or "err_code" in one:
            _receipt(found, one)
        elif "content" in one or "text" in one:
            _reply(found, push, one)
        else:
            found.refuse("sms.shape", "neither a receipt nor a reply", msgspec.json.encode(one))
    return found.decoded()


def _receipt(found: Gathering, one: dict[str, Any]) -> None:
    number = text(one.get("biz_id")) or text(one.get("sid"))
    phone = _phone(one)
    if not number or not phone:
        found.refuse("sms.receipt", "a receipt needs the message's number and the phone", msgspec.json.encode(one))
        return
    tencent = "report_status" in one
    done = text(one.get("report_status")).upper() == "SUCCESS" if tencent else one.get("success") in (True, "true")
    code = text(one.get("errmsg") if tencent else one.get("err_code"))
    fields = {
        "message_id": number,
        "message_channel": "sms",
        "segments": _whole(one.get("sms_size")),
        "out_id": text(one.get("out_id")),
    }
    if not done:
        words = text(one.get("description") if tencent else one.get("err_msg"))
        fields |= {"failure_code": code, "failure_reason": receipt_reason(code), "failure_text": words}
    found.add(
        "event",
        "message_delivered" if done else "message_failed",
        [("phone", "", phone)],
        time=_moment(one.get("report_time") or one.get("user_receive_time") or one.get("send_time")),
        message_id=f"{number}.{phone}",
        fields=fields,
    )


def _reply(found: Gathering, push: Push, one: dict[str, Any]) -> None:
    phone = _phone(one)
    said = text(one.get("content") if "content" in one else one.get("text"))
    if not phone:
        found.refuse("sms.reply", "a reply needs the phone", msgspec.json.encode(one))
        return
    at = _moment(one.get("send_time") or one.get("time"))
    number = text(one.get("sequence_id")) or _digest(phone, str(at), said)
    extension = text(one.get("dest_code") or one.get("extend"))
    ids = [("phone", "", phone)]
    fields = {"message_channel": "sms", "message_type": "reply", "content": said, "extension": extension}
    found.add("event", "message_replied", ids, time=at, message_id=f"up.{number}", fields=fields)
    words = push.settings.get("opt_out_words")
    if isinstance(words, list) and opts_out(said, [word for word in words if isinstance(word, str)]):
        fields = {"message_channel": "sms", "reason": said, "method": "reply"}
        found.add("event", "opted_out", ids, time=at, message_id=f"up.{number}.out", fields=fields)


def _phone(one: dict[str, Any]) -> str:
    """The number in clear, in international form where a country is said; empty for a masked one."""
    number = text(one.get("phone_number") or one.get("mobile")).replace(" ", "").replace("-", "")
    if not _PHONE.fullmatch(number):
        return ""
    country = text(one.get("nationcode")).lstrip("+")
    if number.startswith("+") or not country.isdigit() or len(country) > 4:
        return number
    return f"+{country}{number}"


def _moment(value: Any) -> str | int | None:
    """The clouds' clocks stand in China; a number is seconds since 1970."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 0 < value < 1 << 40 else None
    match = _MOMENT.fullmatch(text(value))
    return f"{match[1]}T{match[2]}+08:00" if match else None


def _whole(value: Any) -> int | None:
    found = text(value)
    return int(found) if found.isascii() and found.isdigit() and len(found) < 5 else None


def _listed(ip: str, networks: Iterable[Any]) -> bool:
    """Whether an address is within one of the networks; one that can't be read has nobody in it."""
    try:
        address = ip_address(ip)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped  # how a socket for both families shows an IPv4 caller
    for network in networks:
        try:
            if address in ip_network(str(network).strip(), strict=False):
                return True
        except ValueError:
            continue
    return False


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\x1f".join(parts).encode("utf-8", "replace"), digest_size=12).hexdigest()
