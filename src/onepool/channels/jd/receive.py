"""Pages of orders and refunds of JD. Consignees are encrypted or masked: never a phone."""

from __future__ import annotations

from typing import Any

import msgspec

from onepool.channels.base import Decoded, Gathering, Push
from onepool.channels.base.commerce import Snapshot, beijing, hidden_phone, order_ids, part, parts, tell, text, yuan
from onepool.channels.jd.pull import listed, result_of

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_NEVER = "0001-01-01 00:00:00"
_REFUNDED = "3"


def read(push: Push) -> Decoded:
    """Pages of orders and of refunds."""
    found = Gathering()
    try:
        content = msgspec.json.decode(push.body)
    except _UNREADABLE as error:
        found.refuse("jd.unreadable", f"not readable as JSON: {error}", push.body)
        return found.decoded()
    result = result_of(content)
    if not result:
        found.refuse("jd.shape", "the answer has no response in it", push.body)
        return found.decoded()
    for one in listed(result):
        if push.call == "refunds":
            _refund(found, push, one)
        else:
            tell(found, _snapshot(push, one))
    return found.decoded()


def _snapshot(push: Push, order: dict[str, Any]) -> Snapshot:
    number, state = text(order.get("orderId")), text(order.get("orderState"))
    receiver = part(order, "consigneeInfo")
    fields = {
        "amount": yuan(order.get("orderPayment")),
        "discount": yuan(order.get("sellerDiscount")),
        "shipping": yuan(order.get("freightPrice")),
        "payment_method": text(order.get("payType")),
        "order_status": state,
        "receiver_name": text(receiver.get("fullname")),
        "receiver_phone": hidden_phone(receiver.get("mobile") or receiver.get("telephone")),
        "province": text(receiver.get("province")),
        "city": text(receiver.get("city")),
        "district": text(receiver.get("county")),
        "address": text(receiver.get("fullAddress")),
        "items": [
            {
                "product_id": text(line.get("productNo")) or text(line.get("wareId")),
                "sku_id": text(line.get("outerSkuId")) or text(line.get("skuId")),
                "platform_item_id": text(line.get("wareId")),
                "name": text(line.get("skuName")),
                "quantity": _number(line.get("itemTotal")),
                "price": yuan(line.get("jdPrice")),
            }
            for line in parts(order, "itemInfoList")
        ],
    }
    ended = _time(order.get("orderEndTime")) or _time(order.get("modified"))
    return Snapshot(
        number,
        order_ids(_buyer(push, order), push.scope("order_no"), number),
        {name: value for name, value in fields.items() if value not in ("", None, [])},
        {"masked_phone": hidden_phone(receiver.get("mobile"))},
        placed=_time(order.get("orderStartTime")),
        paid=_time(order.get("paymentConfirmTime")),
        completed=ended if state == "FINISHED_L" else None,
        cancelled=ended if state == "TRADE_CANCELED" else None,
    )


def _refund(found: Gathering, push: Push, refund: dict[str, Any]) -> None:
    order, number = text(refund.get("orderId")), text(refund.get("id"))
    if not order or not number:
        found.refuse("jd.refund", "a refund without its number or its order", msgspec.json.encode(refund))
        return
    done = text(refund.get("status")) == _REFUNDED
    found.add(
        "event",
        "order_refunded" if done else "return_requested",
        order_ids(_buyer(push, refund), push.scope("order_no"), order),
        time=_time(refund.get("checkTime" if done else "applyTime")) or None,
        message_id=f"{number}:{'refunded' if done else 'requested'}",
        fields={
            "order_id": order,
            "refund_id": number,
            "amount": yuan(refund.get("applyRefundSum")),
            "reason": text(refund.get("reason")),
        },
    )


def _buyer(push: Push, one: dict[str, Any]) -> list[tuple[str, str, str]]:
    value = text(one.get(str(push.settings.get("buyer_field") or "open_id_buyer")))
    return [("jd_open_id", push.scope("jd_open_id", "app_key"), value)] if value else []


def _time(value: Any) -> str:
    return "" if text(value) == _NEVER else beijing(value)


def _number(value: Any) -> int | None:
    found = text(value)
    return int(found) if found.isdigit() and len(found) < 10 else None
