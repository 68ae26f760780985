"""Conversions back to the platform that the click came from.

Ocean Engine: POST /api/v2/conversion, https://event-manager.oceanengine.com/docs/8650/all_events/
Tencent Ads: POST /v3.0/user_actions/add, https://datanexus.qq.com/doc/develop/guider/interface/conversion/
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from onepool.channels.ads.audience import mainland, md5, sha256
from onepool.channels.base import Account, Answer, Call, Message, Receipt, Unsendable, encode_json
from onepool.channels.base.commerce import text, yuan

OCEAN_EVENTS: Final[Mapping[str, str]] = {
    "form_submitted": "form",
    "signed_up": "active_register",
    "message_received": "consult_effective",
    "contact_added": "wechat",
    "followed": "wechat",
    "coupon_received": "coupon",
    "product_viewed": "in_app_detail_uv",
    "cart_added": "in_app_cart",
    "order_placed": "in_app_order",
    "order_paid": "in_app_pay",
    "order_cancelled": "ecom_cancel_order",
    "order_refunded": "ecom_refund",
    "unfollowed": "unfollow_in_wechat",
}
TENCENT_EVENTS: Final[Mapping[str, str]] = {
    "form_submitted": "RESERVATION",
    "signed_up": "REGISTER",
    "followed": "FOLLOW",
    "qr_scanned": "SCANCODE",
    "contact_added": "SCANCODE",
    "product_viewed": "VIEW_CONTENT",
    "cart_added": "ADD_TO_CART",
    "order_placed": "COMPLETE_ORDER",
    "order_paid": "PURCHASE",
}
"""What our events are called there, unless the touchpoint's setting ``event_types`` says otherwise."""

MOST: Final = 50
MOST_BYTES: Final = 50 * 1000
"""Of one call to Tencent Ads: actions, and bytes of its body."""

_BUSY: Final = Receipt("retry", "transient", after=60.0)
_AMOUNT: Final = re.compile(r"(\d{1,12})(?:\.(\d\d))?")


def request(message: Message, account: Account, now: datetime) -> Call:
    """One conversion. Raises Unsendable where nothing says which click or person it belongs to."""
    if account.text("platform") == "tencent":
        ((_, call),) = batch([message], account, now)
        return call
    content = message.content
    click = text(content.get("click_id")) or message.to.get("ad_click", "")
    if not click:
        raise Unsendable(Receipt("refused", "bad_address", "click_id", detail="Ocean Engine needs the click's number"))
    body: dict[str, Any] = {
        "event_type": _type(content, account, OCEAN_EVENTS),
        "context": {"ad": {"callback": click, "match_type": 0}},
        "timestamp": int(_seconds(content, now) * 1000),
    }
    device = {name: value for name in ("idfa", "oaid") if (value := message.to.get(name))}
    if imei := message.to.get("imei"):
        device["imei"] = md5(imei.lower())
    if account.get("send_phone") and (phone := mainland(message.to.get("phone", ""))):
        device["phone_num_blurred"] = sha256(phone)
    if device:
        body["context"]["device"] = device
    properties = {"pay_amount": _fen(content), "order_id": text(content.get("order_id")) or None}
    if known := {name: value for name, value in properties.items() if value is not None}:
        body["properties"] = known
    return Call("POST", account.url("ocean_engine", "/api/v2/conversion"), json=body, token=False)


def batch(messages: Sequence[Message], account: Account, now: datetime) -> Iterator[tuple[list[Message], Call]]:
    """Messages as few calls: those of one click's address, or of the account, up to 50 actions and 50 KB in each.

    Ocean Engine takes one conversion a call. Raises Unsendable at the first message that can't be sent: ask for each
    by itself then.
    """
    if account.text("platform") != "tencent":
        for message in messages:
            yield [message], request(message, account, now)
        return
    waiting: dict[tuple[tuple[str, str], ...], list[tuple[Message, dict[str, Any]]]] = {}
    for message in messages:
        waiting.setdefault(_address(message), []).append((message, _action(message, account, now)))
    for address, found in waiting.items():
        frame = len(encode_json(_body(account, address, [])))
        part: list[tuple[Message, dict[str, Any]]] = []
        size = frame
        for one in found:
            length = len(encode_json(one[1])) + 1
            if part and (len(part) == MOST or size + length > MOST_BYTES):
                yield _call(account, address, part)
                part, size = [], frame
            part.append(one)
            size += length
        yield _call(account, address, part)


def sign(call: Call, account: Account, now: datetime) -> Call:
    """Tencent Ads: token, time and a nonce; in headers for a click's address, else in the query."""
    if account.text("platform") != "tencent":
        return call
    proof = {"timestamp": str(int(now.timestamp())), "nonce": secrets.token_hex(16)}
    if "cb" in call.query:
        return replace(call, headers={**call.headers, "access-token": account.text("access_token"), **proof})
    return replace(call, query={**call.query, "access_token": account.text("access_token"), **proof})


def outcome(message: Message, answer: Answer) -> Receipt:
    """``code`` 0 is taken (128 at Ocean Engine too, as its own SDK has it); the rest by its family."""
    del message
    if answer.status == 429:
        return Receipt("retry", "rate_limited", "429", after=60.0, account=True)
    body = answer.json()
    code = body.get("code") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(code, int) or isinstance(code, bool):
        return replace(_BUSY, code=str(answer.status)) if answer.status >= 500 else _unclear(answer)
    words = (text(body.get("message")) or text(body.get("message_cn")))[:200]
    if code in (0, 128):
        return Receipt("sent", code=str(code), provider_id=text(body.get("trace_id")))
    lower = words.lower()
    if any(part in lower for part in ("frequency", "rate limit", "too many", "频率", "限流", "频繁")):
        return Receipt("retry", "rate_limited", str(code), after=60.0, account=True, detail=words)
    if 11000 <= code < 12000 or any(part in lower for part in ("token", "permission", "unauthorized", "权限", "授权")):
        return Receipt("refused", "account_error", str(code), account=True, detail=words)
    if answer.status >= 500 or "稍后" in words or "system" in lower or "系统" in words:
        return replace(_BUSY, code=str(code), detail=words)
    if any(part in lower for part in ("callback", "click", "cb ")):
        return Receipt("refused", "bad_address", str(code), detail=words)
    return Receipt("refused", "template_error", str(code), detail=words)


def _unclear(answer: Answer) -> Receipt:
    if 400 <= answer.status < 500:
        return Receipt("refused", "account_error", str(answer.status), account=True)
    return Receipt("unknown", "unknown", str(answer.status))


def _action(message: Message, account: Account, now: datetime) -> dict[str, Any]:
    content = message.content
    user = _user(message, account)
    click = text(content.get("click_id")) or message.to.get("ad_click", "")
    if not user and not click:
        raise Unsendable(Receipt("refused", "bad_address", "user_id", detail="neither a click nor a device is known"))
    action: dict[str, Any] = {
        "outer_action_id": sha256(message.key)[:32],
        "action_time": int(_seconds(content, now)),
        "action_type": _type(content, account, TENCENT_EVENTS),
    }
    if user:
        action["user_id"] = user
    if click:
        action["trace"] = {"click_id": click}
    if url := text(content.get("url")):
        action["url"] = url[:2048]
    value = _fen(content)
    if value is not None:
        action["action_param"] = {"value": value}
    return action


def _user(message: Message, account: Account) -> dict[str, str]:
    to = message.to
    found = {}
    for name, kind in (("hash_idfa", "idfa"), ("hash_oaid", "oaid"), ("hash_imei", "imei"),
                       ("hash_android_id", "android_id")):  # fmt: skip
        if value := to.get(kind):
            found[name] = md5(value.upper() if kind == "idfa" else value if kind == "oaid" else value.lower())
    if account.get("send_phone") and (phone := mainland(to.get("phone", ""))):
        found["hash_phone"], found["sha256_phone"] = md5(phone), sha256(phone)
    if account.text("wechat_app_id") and (to.get("openid") or to.get("unionid")):
        found["wechat_app_id"] = account.text("wechat_app_id")
        for name, kind in (("wechat_openid", "openid"), ("wechat_unionid", "unionid")):
            if value := to.get(kind):
                found[name] = value
    return found


def _address(message: Message) -> tuple[tuple[str, str], ...]:
    """The parameters of a click's own address. The address itself came from outside, and is not believed."""
    callback = text(message.content.get("callback"))
    if not callback:
        return ()
    given = callback if "://" in callback else unquote(callback)
    try:
        said = dict(parse_qsl(urlsplit(given).query, max_num_fields=20))
    except ValueError:
        return ()
    kept = tuple((name, said[name]) for name in ("cb", "conv_id", "link_id") if said.get(name))
    return kept if kept and kept[0][0] == "cb" else ()


def _body(account: Account, address: tuple[tuple[str, str], ...], actions: list[dict[str, Any]]) -> dict[str, Any]:
    if address:
        return {"actions": actions}
    numbers = {name: account.text(name) for name in ("account_id", "user_action_set_id")}
    return {**{name: int(value) for name, value in numbers.items() if value.isdigit()}, "actions": actions}


def _call(
    account: Account, address: tuple[tuple[str, str], ...], part: list[tuple[Message, dict[str, Any]]]
) -> tuple[list[Message], Call]:
    body = _body(account, address, [action for _, action in part])
    if not address and "account_id" not in body:
        raise Unsendable(
            Receipt("refused", "account_error", "account_id", detail="account_id is not set", account=True)
        )
    url = account.url("tencent", "/v3.0/user_actions/add")
    # outer_action_id: the platform takes a repeated action once.
    call = Call("POST", url, query=dict(address), json=body, token=False, idempotent=True)
    return [message for message, _ in part], call


def _type(content: Mapping[str, Any], account: Account, defaults: Mapping[str, str]) -> str:
    if given := text(content.get("event_type")):
        return given
    event = text(content.get("event"))
    own = account.get("event_types") or {}
    found = text(own.get(event)) or defaults.get(event, "")
    if not found:
        detail = f"no conversion is known for {event or 'no event'}; add it to event_types"
        raise Unsendable(Receipt("refused", "template_error", "event_type", detail=detail))
    return found


def _seconds(content: Mapping[str, Any], now: datetime) -> float:
    """When it happened: seconds since 1970, or ISO 8601; now where nothing is said."""
    at = content.get("time")
    if isinstance(at, int | float) and not isinstance(at, bool) and 0 < at < 1 << 31:
        return float(at)
    try:
        return datetime.fromisoformat(at).timestamp() if isinstance(at, str) and at else now.timestamp()
    except (ValueError, OverflowError):
        return now.timestamp()


def _fen(content: Mapping[str, Any]) -> int | None:
    """An amount in yuan as whole fen."""
    match = _AMOUNT.fullmatch(yuan(content.get("amount")) or "")
    return int(match[1]) * 100 + int(match[2] or 0) if match else None
