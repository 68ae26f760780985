"""Marketplaces: pages of orders as Tmall, JD and Xiaohongshu answer them, with masked and encrypted contacts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

TRADES, REFUNDS, ORDERS, ORDER_DETAIL, AFTER_SALES = "trades", "refunds", "orders", "order_detail", "after_sales"
"""The names of the calls whose answers are kept."""


def _page(value: Any) -> bytes:
    return msgspec.json.encode(value)


def tmall(trades: Iterable[dict[str, Any]]) -> bytes:
    """An answer of taobao.trades.sold.increment.get."""
    listed = list(trades)
    return _page(
        {
            "trades_sold_increment_get_response": {
                "total_results": len(listed), "has_next": False, "trades": {"trade": listed}, "request_id": "demo",
            }
        }
    )  # fmt: skip


def tmall_refunds(refunds: Iterable[dict[str, Any]]) -> bytes:
    """An answer of taobao.refunds.receive.get."""
    listed = list(refunds)
    return _page({"refunds_receive_get_response": {"total_results": len(listed), "refunds": {"refund": listed}}})


def tmall_refund(
    refund: str, tid: int, open_uid: str, ouid: str, fee: str, reason: str, created: str, modified: str
) -> dict[str, Any]:
    """One refund that was paid out."""
    return {
        "refund_id": refund, "tid": tid, "oid": tid, "buyer_open_uid": open_uid, "ouid": ouid, "status": "SUCCESS",
        "refund_fee": fee, "reason": reason, "created": created, "modified": modified,
    }  # fmt: skip


def tmall_trade(
    tid: int,
    status: str,
    created: str,
    paid: str | None,
    modified: str,
    ended: str | None,
    open_uid: str,
    ouid: str,
    omid: str | None,
    oaid: str,
    name: str,
    mobile: str,
    region: tuple[str, str, str],
    address: str,
    lines: list[dict[str, Any]],
    total: str,
    payment: str,
    discount: str,
    post: str,
    nick: str,
) -> dict[str, Any]:
    """One trade; receiver and nick are masked, amounts are texts in yuan."""
    found: dict[str, Any] = {
        "tid": tid, "tid_str": str(tid), "status": status, "type": "fixed", "created": created, "modified": modified,
        "buyer_nick": nick, "buyer_open_uid": open_uid, "ouid": ouid, "oaid": oaid, "receiver_name": name,
        "receiver_mobile": mobile, "receiver_state": region[0], "receiver_city": region[1],
        "receiver_district": region[2], "receiver_address": address, "total_fee": total, "payment": payment,
        "discount_fee": discount, "post_fee": post, "num": sum(one["num"] for one in lines),
        "trade_from": "WAP,WAP", "orders": {"order": lines},
    }  # fmt: skip
    if omid is not None:
        found["omid"] = omid
    if paid is not None:
        found["pay_time"] = paid
    if ended is not None:
        found["end_time"] = ended
    return found


def jd(orders: Iterable[dict[str, Any]]) -> bytes:
    """An answer of jingdong.pop.order.search."""
    listed = list(orders)
    return _page(
        {
            "jingdong_pop_order_search_responce": {
                "code": "0",
                "searchorderinfo_result": {
                    "apiResult": {"success": True, "numOfOrders": len(listed)}, "orderTotal": len(listed),
                    "orderInfoList": listed,
                },
            }
        }
    )  # fmt: skip


def jd_refunds(refunds: Iterable[dict[str, Any]]) -> bytes:
    """An answer of jingdong.pop.afs.soa.refundapply.queryPageList."""
    listed = list(refunds)
    result = {"success": True, "totalCount": len(listed), "result": listed}
    return _page({"jingdong_pop_afs_soa_refundapply_queryPageList_responce": {"code": "0", "queryResult": result}})


def jd_refund(refund: int, order: str, buyer: str, fee: str, reason: str, applied: str, checked: str) -> dict[str, Any]:
    """One refund that was granted."""
    return {
        "id": refund, "orderId": order, "open_id_buyer": buyer, "status": 3, "applyRefundSum": fee, "reason": reason,
        "applyTime": applied, "checkTime": checked,
    }  # fmt: skip


def jd_order(
    order: str,
    state: str,
    created: str,
    paid: str,
    modified: str,
    ended: str,
    buyer: str,
    name: str,
    mobile: str,
    region: tuple[str, str, str],
    address: str,
    lines: list[dict[str, Any]],
    total: str,
    payment: str,
    discount: str,
    freight: str,
) -> dict[str, Any]:
    """One order; the consignee is masked."""
    return {
        "orderId": order, "orderState": state, "orderStateRemark": "", "orderStartTime": created,
        "paymentConfirmTime": paid, "orderEndTime": ended, "modified": modified, "open_id_buyer": buyer,
        "orderTotalPrice": total, "orderPayment": payment, "orderSellerPrice": payment, "sellerDiscount": discount,
        "freightPrice": freight, "payType": "4-在线支付", "venderId": "demo",
        "consigneeInfo": {
            "fullname": name, "mobile": mobile, "telephone": mobile, "province": region[0], "city": region[1],
            "county": region[2], "fullAddress": address,
        },
        "itemInfoList": lines,
    }  # fmt: skip


def xhs_order(
    order: str,
    status: int,
    created: int,
    paid: int,
    updated: int,
    finished: int,
    address_id: str,
    region: tuple[str, str, str],
    lines: list[dict[str, Any]],
    payment: int,
    shipping: int,
    seller: str,
) -> bytes:
    """An answer of order.getOrderDetail: amounts in fen, times in milliseconds, no buyer."""
    return _page(
        {
            "success": True, "error_code": 0,
            "data": {
                "orderId": order, "orderType": 1, "orderStatus": status, "orderAfterSalesStatus": 1,
                "cancelStatus": 0, "createdTime": created, "paidTime": paid, "updateTime": updated,
                "finishTime": finished, "cancelTime": 0, "receiverProvinceName": region[0],
                "receiverCityName": region[1], "receiverDistrictName": region[2], "openAddressId": address_id,
                "totalPayAmount": payment, "totalShippingFree": shipping, "merchantActualReceiveAmount": payment,
                "sellerId": seller, "shopName": "棉屿母婴（虚构）", "skuList": lines,
            },
        }
    )  # fmt: skip


def xhs_refunds(rows: Iterable[tuple[str, str, str, str, int]]) -> bytes:
    """An answer of afterSale.listAfterSaleInfos. Rows: return, order, yuan, reason, milliseconds."""
    listed = [
        {
            "returnsId": one, "orderId": order, "returnType": 1, "status": 4, "refundStatus": 2,
            "expectedRefundAmountYuan": yuan, "refundAmountYuan": yuan, "reasonNameZh": reason, "createTime": at,
            "updateTime": at,
        }
        for one, order, yuan, reason, at in rows
    ]  # fmt: skip
    data = {"total": len(listed), "haveMore": False, "afterSaleInfos": listed}
    return _page({"success": True, "error_code": 0, "data": data})
