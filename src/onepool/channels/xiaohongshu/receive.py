"""Messages and pages of Xiaohongshu: orders in fen and milliseconds, after-sales in yuan."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from typing import Any

import msgspec

from onepool.channels.base import Account, Decoded, Gathering, Keep, Push, Refused, Reply, Request, json_reply
from onepool.channels.base.commerce import Snapshot, fen, order_ids, parts, step_id, tell, text, yuan
from onepool.channels.xiaohongshu.pull import unwrapped

_ANSWER = {"success": True, "error_code": 0, "error_msg": ""}
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_SENT, _DONE, _CLOSED, _CANCELLED = 6, 7, 8, 9
_SHIPPED = frozenset({5, 6, 7})
_STEPS = {_SENT: "order_shipped", _DONE: "order_completed", _CLOSED: "order_cancelled", _CANCELLED: "order_cancelled"}
_BETWEEN = frozenset({1, 2, 3, 4, 5, 10})
"""States of which a message says no more than the fetch: placed, paid, at customs, to send, sent in part, exchanged."""
_STATUS = "msg_fulfillment_status_change"
_KNOWN = frozenset(
    {
        "msg_fulfillment_receiver_change",
        "msg_fulfillment_seller_remark_change",
        "msg_fulfillment_delivery_time_change",
    }
)
"""Messages about the shop's own work on an order: nothing that its buyer did."""
_AFTER_SALES = "msg_after_sale_"
_REFUNDED = 2
_SAME_SECOND = 120.0
"""Seconds after its time within which other messages of the same second are taken."""


def check(request: Request, account: Account, now: datetime) -> Reply:
    """MD5 of the callback's path, application, query, time and secret, as a third party describes it."""
    if request.method != "POST":
        raise Refused(405, "method", "messages come with POST")
    if account.text("push_sign") == "off":
        return json_reply(_ANSWER)
    if not account.text("app_id") or not account.text("app_secret"):
        raise Refused(403, "not-configured", "this touchpoint has no app_id or no app_secret yet")
    path = account.text("push_path") or f"/hooks/{account.touchpoint}"
    query = f"{request.query}&" if request.query else ""
    stamp = request.headers.get("timestamp", "")
    joined = f"{path}?app-key={account.text('app_id')}&{query}timestamp={stamp}{account.text('app_secret')}"
    wanted = hashlib.md5(joined.encode("utf-8", "replace")).hexdigest()  # noqa: S324 the platform's algorithm
    if not hmac.compare_digest(request.headers.get("sign", "").lower().encode("utf-8", "replace"), wanted.encode()):
        raise Refused(403, "signature", "the signature is missing or wrong")
    signed = _fresh(stamp, int(account.get("timestamp_skew", 900)), now)
    try:
        content = msgspec.json.decode(request.body)
    except _UNREADABLE as error:
        raise Refused(400, "malformed", "the body is not JSON") from error
    if not isinstance(content, list):
        raise Refused(400, "malformed", "the body is not a list of messages")
    # The signature covers the time but not the body, and two messages of one second have the same: others are taken
    # for a short while only, so that a kept signature carries nothing later.
    return Reply(
        body=msgspec.json.encode(_ANSWER),
        content_type="application/json",
        keep=Keep(),
        once=f"{stamp} {wanted}",
        others=_SAME_SECOND,
        signed=signed,
    )


def _fresh(stamp: str, skew: int, now: datetime) -> float | None:
    """The time that was signed, None where it can't be read and need not be. The unit is not documented: seconds or ms.

    A kept signature must not carry messages for ever: raises Refused where the time is too far off.
    """
    if not stamp.isascii() or not stamp.isdigit() or len(stamp) > 14:
        if skew <= 0:
            return None
        raise Refused(403, "stale", "the message has no timestamp")
    seconds = int(stamp) / (1000 if len(stamp) > 11 else 1)
    if skew > 0 and abs(now.timestamp() - seconds) > skew:
        raise Refused(403, "stale", f"the message's time is more than {skew} seconds off; look at both clocks")
    return seconds


def read(push: Push) -> Decoded:
    """Order details, after-sales and messages about the state of orders."""
    found = Gathering()
    try:
        content = msgspec.json.decode(push.body)
    except _UNREADABLE as error:
        found.refuse("xiaohongshu.unreadable", f"not readable as JSON: {error}", push.body)
        return found.decoded()
    if push.kind == "hook":
        for one in content if isinstance(content, list) else []:
            _message(found, push, one)
        return found.decoded()
    if push.call == "window":
        return found.decoded()
    data = unwrapped(content)
    if data is None:
        found.refuse("xiaohongshu.shape", "the answer has no data in it", push.body)
    elif push.call == "after_sales":
        for one in parts(data, "afterSaleInfos") or parts(data, "afterSaleBasicInfos"):
            _after_sale(found, push, one)
    else:
        _order(found, push, data)
    return found.decoded()


def _order(found: Gathering, push: Push, order: dict[str, Any]) -> None:
    number, said = text(order.get("orderId")), text(order.get("orderStatus"))
    status = int(said) if said.isdecimal() and len(said) < 4 else None
    fields = {
        "amount": fen(order.get("totalPayAmount")),
        "shipping": fen(order.get("totalShippingFree")),
        "order_status": said,
        "province": text(order.get("receiverProvinceName")),
        "city": text(order.get("receiverCityName")),
        "district": text(order.get("receiverDistrictName")),
        # A digest of the address, not of a person.
        "open_address_id": text(order.get("openAddressId")),
        "items": [
            {
                "product_id": text(line.get("erpcode")) or text(line.get("itemId") or line.get("skuId")),
                "platform_item_id": text(line.get("itemId") or line.get("skuId")),
                "sku_id": text(line.get("skuId")),
                "name": text(line.get("skuName")),
                "quantity": line.get("skuQuantity"),
                "amount": fen(line.get("totalPaidAmount")),
            }
            for line in parts(order, "skuList")
        ],
    }
    updated = _at(order.get("updateTime"))
    ids = [("xhs_open_id", push.scope("xhs_open_id", "app_id"), text(order.get("userOpenId")))]
    tell(
        found,
        Snapshot(
            number,
            order_ids([one for one in ids if one[2]], push.scope("order_no"), number),
            {name: value for name, value in fields.items() if value not in ("", None, [])},
            placed=_at(order.get("createdTime")),
            paid=_at(order.get("paidTime")),
            shipped=_at(order.get("deliveryTime")) if status in _SHIPPED else None,
            completed=(_at(order.get("finishTime")) or updated) if status == _DONE else None,
            cancelled=(_at(order.get("cancelTime")) or updated) if status in (_CLOSED, _CANCELLED) else None,
        ),
    )


def _after_sale(found: Gathering, push: Push, one: dict[str, Any]) -> None:
    order, number = text(one.get("orderId")), text(one.get("returnsId"))
    if not order or not number:
        found.refuse("xiaohongshu.refund", "a return without its number or its order", msgspec.json.encode(one))
        return
    done = one.get("refundStatus") == _REFUNDED
    amount = one.get("refundAmountYuan") if done else one.get("expectedRefundAmountYuan")
    found.add(
        "event",
        "order_refunded" if done else "return_requested",
        order_ids([], push.scope("order_no"), order),
        time=_at(one.get("updateTime" if done else "createTime")),
        message_id=f"{number}:{'refunded' if done else 'requested'}",
        fields={
            "order_id": order,
            "refund_id": number,
            "amount": yuan(amount),
            "reason": text(one.get("reasonNameZh")),
        },
    )


def _message(found: Gathering, push: Push, one: Any) -> None:
    """A state that changed, where it is a step of the order that needs no more words.

    What was paid and for what stands in the order and the after-sale, which the next fetch brings: messages that only
    point there say nothing, and stay in the log as they came. What is not known is kept as an event of its own name.
    """
    if not isinstance(one, dict):
        found.refuse("xiaohongshu.message", "a message is an object", msgspec.json.encode(one))
        return
    tag = text(one.get("msgTag"))
    try:
        data = msgspec.json.decode(one.get("data", "")) if isinstance(one.get("data"), str) else one.get("data")
    except (*_UNREADABLE, UnicodeEncodeError):
        data = None
    if not isinstance(data, dict):
        found.refuse("xiaohongshu.message", f"message {tag}: `data` is not JSON", msgspec.json.encode(one))
        return
    order, status = text(data.get("orderId")), data.get("orderStatus")
    # Messages about the shop's goods concern nobody.
    if not order or _only_points(tag, status):
        return
    at, ids = _at(data.get("updateTime")), order_ids([], push.scope("order_no"), order)
    event = _STEPS.get(status) if tag == _STATUS and isinstance(status, int) else None
    if event is not None:
        found.add("event", event, ids, time=at, message_id=step_id(order, event), fields={"order_id": order})
    else:
        found.add("event", f"xiaohongshu.{tag}", ids, time=at, message_id=f"{order}:{tag}:{status}:{at}", fields=data)


def _only_points(tag: str, status: Any) -> bool:
    """Whether a message tells nothing but that the order or the after-sale is to be looked at again."""
    if tag == _STATUS:
        return isinstance(status, int) and not isinstance(status, bool) and status in _BETWEEN
    return tag in _KNOWN or tag.startswith(_AFTER_SALES)


def _at(value: Any) -> int | None:
    """Milliseconds; 0 is written for "not yet"."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
