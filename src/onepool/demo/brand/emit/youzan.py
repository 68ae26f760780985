"""Youzan: trade messages (URL-encoded JSON in JSON, signed with md5), with plain, masked and encrypted contacts."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import quote_plus

from onepool.demo.brand.places import YOUZAN, YOUZAN_CLIENT, YOUZAN_SHOP
from onepool.demo.brand.sending import Delivery

_HEADERS = ((b"content-type", b"application/json;charset=UTF-8"), (b"user-agent", b"Apache-HttpClient/4.5"))


class TradePush:
    """What is said is (type, trade, version, message): a trade message."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def thing(self, said: Any, at: int) -> Delivery:
        del at
        kind, trade, version, message = said
        text = quote_plus(json.dumps(message, ensure_ascii=False, separators=(",", ":")))
        sign = hashlib.md5((YOUZAN_CLIENT + text + self._secret).encode(), usedforsecurity=False).hexdigest()
        body = json.dumps(
            {
                "client_id": YOUZAN_CLIENT, "id": trade, "kdt_id": YOUZAN_SHOP, "kdt_name": "棉屿母婴（虚构）",
                "mode": 1,
                "msg": text, "msg_id": f"{trade}-{kind}-{version}", "sendCount": 0, "sign": sign,
                "status": _STATUS[kind], "test": False, "type": kind, "version": version,
            },
            ensure_ascii=False, separators=(",", ":"),
        )  # fmt: skip
        return Delivery("POST", f"/hooks/{YOUZAN}", b"", _HEADERS, body.encode())


_STATUS = {
    "trade_TradeCreate": "WAIT_BUYER_PAY",
    "trade_TradePaid": "TRADE_PAID",
    "trade_TradeSuccess": "TRADE_SUCCESS",
    "trade_TradeClose": "TRADE_CLOSED",
    "trade_refund_RefundSuccess": "REFUND_SUCCESS",
}
KINDS = tuple(_STATUS)


def trade(
    tid: str,
    status: str,
    created: str,
    paid: str,
    updated: str,
    finished: str,
    buyer: dict[str, Any],
    address: dict[str, Any],
    lines: list[dict[str, Any]],
    total: str,
    shipping: str,
    payment: str,
    discount: str,
    *,
    member: bool,
) -> dict[str, Any]:
    """The trade as `youzan.trade.get` gives it. Amounts are texts in yuan, missing times empty texts."""
    return {
        "delivery_order": [],
        "order_promotion": {"order_discount_fee": discount, "adjust_fee": "0.00", "order": []},
        "refund_order": [],
        "full_order_info": {
            "order_info": {
                "tid": tid, "status": status, "status_str": "", "created": created, "pay_time": paid,
                "update_time": updated, "success_time": finished, "type": 0, "pay_type": 10,
                "pay_type_str": "WEIXIN_DAIXIAO", "express_type": 0, "refund_state": 0, "close_type": 0,
                "is_retail_order": False, "order_tags": {"is_member": member, "is_payed": bool(paid)},
                "order_extra": {"is_from_cart": "true"},
            },
            "buyer_info": buyer,
            "address_info": address,
            "pay_info": {
                "total_fee": total, "post_fee": shipping, "payment": payment, "outer_transactions": [],
                "transaction": [], "phase_payments": [],
            },
            "remark_info": {"buyer_message": "", "trade_memo": None, "star": None},
            "source_info": {
                "is_offline_order": False, "book_key": "", "source": {"platform": "wx", "wx_entrance": "direct_buy"},
            },
            "orders": lines,
        },
    }  # fmt: skip


def refund(buyer: str, refund_id: str, tid: str, fee: str, updated: str, reason: str) -> dict[str, Any]:
    """What a refund message says."""
    return {
        "refund_id": refund_id, "yz_open_id": buyer, "tid": tid, "kdt_id": YOUZAN_SHOP, "refunded_fee": fee,
        "refund_reason": reason,
        "refund_type": "REFUND_AND_RETURN", "refund_state": 60, "update_time": updated,
    }  # fmt: skip
