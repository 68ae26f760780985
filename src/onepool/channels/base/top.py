"""The open platform of Taobao and Tmall (TOP): signing, trades and refunds by polling.

https://api.1688.com/doc2/detail.htm?articleId=101617 : parameters sorted by name, name and value put together, between
or under the secret. Buyers' numbers and addresses are masked or encrypted; `oaid` names a parcel's receiver for a
week, never a person.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from onepool.channels.base.account import Account
from onepool.channels.base.channel import Cursor, Page, PullFailed, Pulling, Stream
from onepool.channels.base.commerce import (
    Snapshot,
    beijing,
    hidden_phone,
    order_ids,
    part,
    parts,
    tell,
    text,
    yuan,
)
from onepool.channels.base.http import Answer, Call, Push
from onepool.channels.base.items import Decoded, Gathering
from onepool.channels.base.limits import adjustable
from onepool.channels.base.manifest import Identifies, Manifest, Quota, Setting, Signal, Title
from onepool.channels.base.paging import windows

ZONE = ZoneInfo("Asia/Shanghai")
_SIZE = 50
_FIELDS = (
    "tid,type,status,payment,total_fee,discount_fee,post_fee,num,created,pay_time,modified,end_time,consign_time,"
    "buyer_nick,buyer_open_uid,ouid,omid,oaid,receiver_name,receiver_mobile,receiver_state,receiver_city,"
    "receiver_district,receiver_address,trade_from,orders"
)
_REFUND_FIELDS = "refund_id,tid,oid,buyer_open_uid,ouid,status,refund_fee,reason,created,modified"
_CANCELLED = frozenset({"TRADE_CLOSED", "TRADE_CLOSED_BY_TAOBAO"})
_SESSION_CODES = ["27"]
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def sign_text(params: Mapping[str, str], secret: str, method: str) -> str:
    """The signature over text parameters: md5, hmac or hmac-sha256, in capital hex."""
    joined = "".join(name + params[name] for name in sorted(params))
    if method == "md5":
        whole = f"{secret}{joined}{secret}".encode()
        return hashlib.md5(whole).hexdigest().upper()  # noqa: S324 the platform's algorithm
    algorithm = {"hmac": "md5", "hmac-sha256": "sha256"}[method]
    return hmac.new(secret.encode(), joined.encode(), algorithm).hexdigest().upper()


def sign(call: Call, account: Account, now: datetime) -> Call:
    """Adds the system parameters and the signature to a call's form."""
    params = dict(call.form or {})
    params |= {
        "app_key": account.text("app_key"),
        "session": account.text("session"),
        "timestamp": local(now),
        "v": "2.0",
        "format": "json",
        "sign_method": account.text("sign_method"),
    }
    params["sign"] = sign_text(params, account.text("app_secret"), account.text("sign_method"))
    return replace(call, form=params)


def probe(account: Account) -> Call:
    """The seller's own name."""
    return _call(account, "taobao.user.seller.get", {"fields": "nick"})


def probed(answer: Answer) -> str | None:
    """What the platform refuses, None for nothing: a wrong signature is answered with 200 too."""
    try:
        _result(answer)
    except PullFailed as failed:
        return failed.message
    return None


def _call(account: Account, method: str, params: Mapping[str, str]) -> Call:
    form = {"method": method, **params}
    return Call("POST", account.endpoints["api"], form=form, token=False, idempotent=True)


def _trades(account: Account, cursor: Cursor, now: datetime) -> Pulling:
    """Trades by time of change, from the last page to the first, so that what changes meanwhile is not skipped."""
    for begin, end in _windows(account, cursor, now):
        yield from _pages(
            account,
            "trades",
            "taobao.trades.sold.increment.get",
            {"fields": _FIELDS, "start_modified": local(begin), "end_modified": local(end)},
            end,
        )


def _refunds(account: Account, cursor: Cursor, now: datetime) -> Pulling:
    """Refunds by time of change."""
    for begin, end in _windows(account, cursor, now):
        yield from _pages(
            account,
            "refunds",
            "taobao.refunds.receive.get",
            {"fields": _REFUND_FIELDS, "start_modified": local(begin), "end_modified": local(end)},
            end,
        )


def _pages(account: Account, name: str, method: str, params: Mapping[str, str], end: datetime) -> Pulling:
    """All pages of a window; the cursor moves when the window is complete.

    What changes meanwhile leaves the window, and what stood behind it moves up: so the first page, which says how many
    there are, is asked for again at the end.
    """
    answer = yield _call(account, method, {**params, "page_no": "1", "page_size": str(_SIZE)})
    total = _result(answer, account).get("total_results")
    last = max(1, -(-int(total) // _SIZE)) if isinstance(total, int) else 1
    for page in range(last, 0, -1) if last > 1 else ():
        answer = yield _call(account, method, {**params, "page_no": str(page), "page_size": str(_SIZE)})
        _result(answer, account)
        assert answer is not None
        if page > 1:
            yield Page(name, answer.body)
    assert answer is not None
    yield Page(name, answer.body, {"since": end.isoformat()})


def _windows(account: Account, cursor: Cursor, now: datetime) -> Any:
    return windows(
        cursor,
        now,
        size=timedelta(hours=12),
        lag=timedelta(seconds=int(account.get("lag_seconds", 60))),
        first=timedelta(days=int(account.get("first_days", 30))),
        overlap=timedelta(minutes=5),
    )


def _result(answer: Answer | None, account: Account | None = None) -> dict[str, Any]:
    """The member ``…_response`` of an answer. Raises PullFailed with the platform's code."""
    body = answer.json() if answer is not None else None
    error = part(body, "error_response")
    if error:
        code = error.get("code")
        ended = _SESSION_CODES if account is None else account.get("session_codes", _SESSION_CODES)
        message = f"the platform answered code {code} {text(error.get('sub_code'))}".strip()
        raise PullFailed(message, code=str(code), retry=str(code) not in ended)
    if isinstance(body, dict):
        for name, value in body.items():
            if name.endswith("_response") and isinstance(value, dict):
                return value
    raise PullFailed("the platform's answer has no response in it")


STREAMS = {
    "trades": Stream("trades", {"zh": "订单", "en": "Trades"}, _trades, every=300),
    "refunds": Stream("refunds", {"zh": "退款", "en": "Refunds"}, _refunds, every=600),
}


def read(push: Push) -> Decoded:
    """Pages of trades and of refunds."""
    found = Gathering()
    try:
        content = msgspec.json.decode(push.body)
    except _UNREADABLE as error:
        found.refuse("taobao.unreadable", f"not readable as JSON: {error}", push.body)
        return found.decoded()
    members = content.items() if isinstance(content, dict) else ()
    result = next((value for name, value in members if name.endswith("_response")), None)
    if not isinstance(result, dict):
        found.refuse("taobao.shape", "the answer has no response in it", push.body)
        return found.decoded()
    for trade in parts(result, "trades", "trade"):
        tell(found, _snapshot(push, trade))
    for refund in parts(result, "refunds", "refund"):
        _refund(found, push, refund)
    return found.decoded()


def _snapshot(push: Push, trade: dict[str, Any]) -> Snapshot:
    order, status = text(trade.get("tid_str")) or text(trade.get("tid")), text(trade.get("status"))
    ended = beijing(trade.get("end_time"))
    fields = {
        "amount": yuan(trade.get("payment")),
        "discount": yuan(trade.get("discount_fee")),
        "shipping": yuan(trade.get("post_fee")),
        "order_status": status,
        "quantity": trade.get("num") if isinstance(trade.get("num"), int) else None,
        "receiver_name": text(trade.get("receiver_name")),
        "receiver_phone": hidden_phone(trade.get("receiver_mobile")),
        "province": text(trade.get("receiver_state")),
        "city": text(trade.get("receiver_city")),
        "district": text(trade.get("receiver_district")),
        "address": text(trade.get("receiver_address")),
        "items": [
            {
                "product_id": text(line.get("outer_iid")) or text(line.get("num_iid")),
                "sku_id": text(line.get("outer_sku_id")) or text(line.get("sku_id")),
                "platform_item_id": text(line.get("num_iid")),
                "name": text(line.get("title")),
                "quantity": line.get("num"),
                "price": yuan(line.get("price")),
                "amount": yuan(line.get("divide_order_fee") or line.get("payment") or line.get("total_fee")),
                "discount": yuan(line.get("discount_fee")),
            }
            for line in parts(trade, "orders", "order")
        ],
        # For parcels and service messages within its week only; no identifier of a person.
        "taobao_oaid": text(trade.get("oaid")),
    }
    return Snapshot(
        order,
        _ids(push, trade, order),
        {name: value for name, value in fields.items() if value not in ("", None, [])},
        {"nickname": text(trade.get("buyer_nick")), "masked_phone": hidden_phone(trade.get("receiver_mobile"))},
        placed=beijing(trade.get("created")),
        paid=beijing(trade.get("pay_time")),
        shipped=beijing(trade.get("consign_time")),
        completed=ended if status == "TRADE_FINISHED" else None,
        cancelled=(ended or beijing(trade.get("modified"))) if status in _CANCELLED else None,
    )


def _refund(found: Gathering, push: Push, refund: dict[str, Any]) -> None:
    order, number = text(refund.get("tid")), text(refund.get("refund_id"))
    done = text(refund.get("status")) == "SUCCESS"
    if not order or not number:
        found.refuse("taobao.refund", "a refund without its number or its trade", msgspec.json.encode(refund))
        return
    found.add(
        "event",
        "order_refunded" if done else "return_requested",
        _ids(push, refund, order),
        time=beijing(refund.get("modified" if done else "created")) or None,
        message_id=f"{number}:{'refunded' if done else 'requested'}",
        fields={
            "order_id": order,
            "refund_id": number,
            "amount": yuan(refund.get("refund_fee")),
            "reason": text(refund.get("reason")),
        },
    )


def _ids(push: Push, one: dict[str, Any], order: str) -> list[tuple[str, str, str]]:
    """buyer_open_uid is of the app, ouid of the shop, omid of the brand's membership; none of them is a phone."""
    found = [
        ("omid", push.scope("omid", "member_scope"), text(one.get("omid"))),
        ("ouid", push.scope("ouid", "shop"), text(one.get("ouid"))),
        ("buyer_open_uid", push.scope("buyer_open_uid", "app_key"), text(one.get("buyer_open_uid"))),
    ]
    return order_ids([one for one in found if one[2]], push.scope("order_no"), order)


def local(at: datetime) -> str:
    """The platform's wall clock: Beijing time without a zone."""
    return at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")


_ORDER = (
    "order_id", "amount", "discount", "shipping", "items", "quantity", "order_status", "receiver_name",
    "receiver_phone", "province", "city", "district", "address",
)  # fmt: skip


_QUOTAS = (Quota(name="calls", title={"zh": "接口调用频率", "en": "Calls"}, count=40, seconds=1, unverified=True),)


def manifest(name: str, title: Title) -> Manifest:
    """The manifest of a shop on Taobao or Tmall."""
    return Manifest(
        name=name,
        title=title,
        ways=("pull", "file"),
        endpoints={"api": "https://gw.api.taobao.com/router/rest"},
        identifiers=(
            Identifies(
                type="buyer_open_uid",
                scope="app_key",
                of={"zh": "每个买家（同一应用）", "en": "every buyer, of one app"},
            ),
            Identifies(type="ouid", scope="shop", of={"zh": "每个买家（同一店铺）", "en": "every buyer, of one shop"}),
            Identifies(
                type="omid", scope="member_scope", of={"zh": "会员通会员", "en": "members of the brand's programme"}
            ),
            Identifies(type="order_no", scope="touchpoint", of={"zh": "每个订单", "en": "every order"}),
        ),
        signals=(
            Signal(event="order_placed", fields=_ORDER, source="pull"),
            Signal(event="order_paid", fields=_ORDER, source="pull"),
            Signal(event="order_shipped", fields=("order_id", "items"), source="pull"),
            Signal(event="order_completed", fields=("order_id", "amount"), source="pull"),
            Signal(event="order_cancelled", fields=("order_id", "amount"), source="pull"),
            Signal(event="return_requested", fields=("order_id", "refund_id", "amount", "reason"), source="pull"),
            Signal(event="order_refunded", fields=("order_id", "refund_id", "amount", "reason"), source="pull"),
        ),
        settings=(
            Setting(name="app_key", kind="text", title={"zh": "App Key", "en": "App key"}, required=True),
            Setting(name="app_secret", kind="secret", title={"zh": "App Secret", "en": "App secret"}, required=True),
            Setting(
                name="session",
                kind="secret",
                title={"zh": "店铺授权（session）", "en": "Session of the shop"},
                required=True,
            ),
            Setting(
                name="shop",
                kind="text",
                title={"zh": "店铺标识（ouid 的范围）", "en": "Name of the shop (scope of ouid)"},
                help={"zh": "默认为触点名称", "en": "The touchpoint's name by default"},
            ),
            Setting(
                name="member_scope",
                kind="text",
                title={"zh": "会员通范围（omid 的范围）", "en": "Membership (scope of omid)"},
                help={
                    "zh": "同一品牌多家店铺填写相同的值",
                    "en": "The same for all shops of one brand; the touchpoint's name by default",
                },
            ),
            Setting(
                name="sign_method",
                kind="choice",
                title={"zh": "签名算法", "en": "Signature"},
                default="hmac-sha256",
                options={
                    "hmac-sha256": {"zh": "HMAC-SHA256", "en": "HMAC-SHA256"},
                    "hmac": {"zh": "HMAC-MD5", "en": "HMAC-MD5"},
                    "md5": {"zh": "MD5", "en": "MD5"},
                },
            ),
            Setting(
                name="first_days",
                kind="integer",
                title={"zh": "首次拉取天数", "en": "Days of the first fetch"},
                default=30,
            ),
            Setting(
                name="lag_seconds",
                kind="integer",
                title={"zh": "拉取滞后（秒）", "en": "Seconds lists lag"},
                default=60,
            ),
            Setting(
                name="session_codes",
                kind="texts",
                title={"zh": "表示店铺授权失效的返回码", "en": "Answers that say the session has ended"},
                default=_SESSION_CODES,
                noted=False,
                unverified=True,
            ),
            *adjustable(quotas=_QUOTAS),
        ),
        quotas=_QUOTAS,
        instructions={
            "zh": "在淘宝开放平台创建应用并由店铺授权；买家手机号为脱敏或加密，不会作为手机号使用；"
            "也可以直接导入平台导出的订单 CSV。",
            "en": "Make an application on the open platform and let the shop authorise it. Buyers' numbers are masked "
            "or encrypted and never taken for phone numbers. Exported order files can be imported as well.",
        },
    )
