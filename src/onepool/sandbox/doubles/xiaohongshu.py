"""Xiaohongshu's side (ark): one address, signatures over the system parameters, orders in fen, after-sales in yuan.

Codes (unverified): 60101 signature, 60102 timestamp, 60103 application, 60111 token, 60121 arguments.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final

from onepool.sandbox.doubles.orders import Order, Refund, Shop, milliseconds, yuan
from onepool.sandbox.pushing import Outgoing
from onepool.sandbox.wire import Asked, Told, told

_PATH: Final = "ark/open_api/v3/common_controller"
_SKEW: Final = 600
_CREATED_WINDOW: Final = timedelta(hours=24)
_UPDATED_WINDOW: Final = timedelta(minutes=30)
_PAGES, _SIZE = 100, 100


class Xiaohongshu(Shop):
    channel: ClassVar[str] = "xiaohongshu"

    def claims(self, asked: Asked) -> bool:
        return asked.object.get("appId") == self.account.text("app_id")

    @classmethod
    def stranger(cls, asked: Asked) -> Told:
        return _error(60103, "应用不存在", str(asked.object.get("method", "")))

    def busy(self) -> Told:
        return _error(50000, "系统繁忙", "busy")

    def limited(self, what: str) -> Told | None:
        return _error(60131, "调用过于频繁", what)

    def answer(self, asked: Asked) -> Told:
        if asked.path.strip("/") != _PATH or asked.method != "POST":
            return super().answer(asked)
        given = asked.object
        method, stamp = str(given.get("method", "")), str(given.get("timestamp", ""))
        if not stamp.isdigit() or abs(self.stage.wall.now().timestamp() - int(stamp)) > _SKEW:
            return _error(60102, "时间戳有误", method)
        text = f"{method}?appId={given['appId']}&timestamp={stamp}&version={given.get('version')}"
        wanted = _md5(text + self.account.text("app_secret"))
        if not hmac.compare_digest(str(given.get("sign", "")).encode(), wanted.encode()):
            return _error(60101, "签名有误", method)
        if given.get("accessToken", "") != self.account.text("access_token"):
            return _error(60111, "accessToken 无效", method)
        if method == "order.getOrderList":
            return self._list(given)
        if method == "order.getOrderDetail":
            return self._detail(given)
        if method == "afterSale.listAfterSaleInfos":
            return self._after_sales(given)
        if method == "common.getCategories":
            return _good({"categoryV3s": []}, method)
        return _error(60104, "接口不存在", method)

    def _list(self, given: Mapping[str, Any]) -> Told:
        method = "order.getOrderList"
        unit = 1000 if self.account.text("window_unit") == "ms" else 1
        span = _span(given, unit, _CREATED_WINDOW if given.get("timeType") == 1 else _UPDATED_WINDOW)
        page = _page(given)
        if span is None or page is None:
            return _error(60121, "时间范围或分页有误", method)
        if given.get("timeType") == 1:
            rows = [one for one in self.orders.values() if span[0] <= one.created <= span[1]]
        else:
            rows = self.between(*span)
        begin, size = page
        listed = [
            {"orderId": one.number, "orderStatus": _status(one), "createdTime": milliseconds(one.created),
             "updateTime": milliseconds(one.updated)}
            for one in rows[begin : begin + size]
        ]  # fmt: skip
        pages = max(1, -(-len(rows) // size))
        data = {"total": len(rows), "pageNo": begin // size + 1, "pageSize": size, "maxPageNo": pages}
        return _good({**data, "orderList": listed}, method)

    def _detail(self, given: Mapping[str, Any]) -> Told:
        order = self.orders.get(str(given.get("orderId")))
        if order is None:
            return _error(60122, "订单不存在", "order.getOrderDetail")
        return _good(self._written(order), "order.getOrderDetail")

    def _after_sales(self, given: Mapping[str, Any]) -> Told:
        method = "afterSale.listAfterSaleInfos"
        span, page = _span(given, 1000, _UPDATED_WINDOW), _page(given)
        if span is None or page is None:
            return _error(60121, "时间范围或分页有误", method)
        rows, (begin, size) = self.refunds_between(*span), page
        listed = [_refund_written(one) for one in rows[begin : begin + size]]
        data = {"total": len(rows), "haveMore": begin + size < len(rows), "afterSaleInfos": listed}
        return _good(data, method)

    def order_number(self, place: int) -> str:
        return f"P{self.stage.seconds}{place:06d}"

    def refund_number(self, place: int) -> str:
        return f"R{self.stage.seconds}{place:05d}"

    def _written(self, order: Order) -> dict[str, Any]:
        province, city, district = order.buyer.place
        return {
            "orderId": order.number, "orderType": 1, "orderStatus": _status(order), "orderAfterSalesStatus": 1,
            "cancelStatus": 0, "createdTime": milliseconds(order.created), "paidTime": milliseconds(order.paid),
            "deliveryTime": milliseconds(order.shipped), "finishTime": milliseconds(order.finished),
            "cancelTime": milliseconds(order.closed), "updateTime": milliseconds(order.updated),
            "receiverProvinceName": province, "receiverCityName": city, "receiverDistrictName": district,
            # A digest of the address: parcels of one address look alike, people do not follow from it.
            "openAddressId": self.stage.chance.text(32, "address", order.buyer.key),
            "totalPayAmount": order.payment, "totalShippingFree": order.shipping,
            "merchantActualReceiveAmount": order.payment, "sellerId": "sandbox", "shopName": "沙盒店铺（虚构）",
            "skuList": [
                {"skuId": product, "itemId": product, "erpcode": f"MY{product}-1", "skuName": name,
                 "skuQuantity": count, "totalPaidAmount": price * count}
                for product, name, price, count in order.lines
            ],
        }  # fmt: skip

    # Pushes ---------------------------------------------------------------------------------------------------------

    def changed(self, order: Order, step: str) -> None:
        del step
        data = {
            "orderId": order.number, "packageId": order.number, "orderStatus": _status(order),
            "updateTime": milliseconds(order.updated), "packageStatus": _status(order),
        }  # fmt: skip
        self._push("msg_fulfillment_status_change", data)

    def refunded(self, refund: Refund) -> None:
        data = {"orderId": refund.order.number, "returnsId": refund.number, "updateTime": milliseconds(refund.updated)}
        self._push("msg_after_sale_create", data)

    def _push(self, tag: str, data: Mapping[str, Any]) -> None:
        body = json.dumps([{"msgTag": tag, "sellerId": "sandbox", "data": json.dumps(data, ensure_ascii=False)}])
        self.repeat(body.encode(), tag)

    def repeat(self, content: bytes, content_type: str) -> None:
        app, secret = self.account.text("app_id"), self.account.text("app_secret")
        path = self.account.text("push_path") or f"/hooks/{self.account.touchpoint}"

        def sign(wall: datetime) -> Outgoing:
            stamp = str(int(wall.timestamp()))  # two pushes of one second have the same signature
            signed = _md5(f"{path}?app-key={app}&timestamp={stamp}{secret}")
            headers = {"content-type": "application/json", "app-key": app, "timestamp": stamp, "sign": signed}
            return Outgoing(self.account.touchpoint, headers=headers, body=content)

        self.stage.push(self.account, content_type, sign, good=_taken)


def _refund_written(refund: Refund) -> dict[str, Any]:
    return {
        "returnsId": refund.number, "orderId": refund.order.number, "returnType": 1, "status": 4 if refund.done else 1,
        "refundStatus": 2 if refund.done else 1, "expectedRefundAmountYuan": yuan(refund.amount),
        "refundAmountYuan": yuan(refund.amount) if refund.done else "0", "reasonNameZh": refund.reason,
        "createTime": milliseconds(refund.created), "updateTime": milliseconds(refund.updated),
    }  # fmt: skip


def _status(order: Order) -> int:
    if order.closed is not None:
        return 9
    if order.finished is not None:
        return 7
    if order.shipped is not None:
        return 6
    return 4 if order.paid is not None else 1


def _span(given: Mapping[str, Any], unit: int, longest: timedelta) -> Any:
    since, until = given.get("startTime"), given.get("endTime")
    if not isinstance(since, int) or not isinstance(until, int) or since > until:
        return None
    try:
        found = [datetime.fromtimestamp(one / unit, UTC) for one in (since, until)]
    except (ValueError, OverflowError, OSError):
        return None
    return None if found[1] - found[0] > longest else tuple(found)


def _page(given: Mapping[str, Any]) -> tuple[int, int] | None:
    number, size = given.get("pageNo", 1), given.get("pageSize", 50)
    if not isinstance(number, int) or not isinstance(size, int) or not 1 <= number <= _PAGES or not 1 <= size <= _SIZE:
        return None
    return (number - 1) * size, size


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _good(data: Any, what: str) -> Told:
    return told({"success": True, "error_code": 0, "error_msg": "", "data": data}, what=what)


def _error(code: int, words: str, what: str) -> Told:
    return told({"success": False, "error_code": code, "error_msg": words, "data": None}, code, what=what)


def _taken(status: int, body: bytes) -> bool:
    try:
        answer = json.loads(body)
    except ValueError:
        return False
    return status == 200 and isinstance(answer, dict) and answer.get("success") is True
