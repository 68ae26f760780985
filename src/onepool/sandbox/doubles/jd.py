"""JD's side: signatures, orders and refunds page by page. https://help.jd.com/jos/question-580.html

Codes of the gateway (unverified): 2 too many calls, 11 method, 12 signature, 15 timestamp, 19 access_token, 21 app_key.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from onepool.sandbox.doubles.orders import Order, Refund, Shop, local, masked, masked_phone, read_local, yuan
from onepool.sandbox.wire import Asked, Told, told

_SKEW: Final = timedelta(minutes=10)
_PAGE: Final = 100
_APPLICATIONS: Final = 50
_NEVER: Final = "0001-01-01 00:00:00"


class Jd(Shop):
    channel: ClassVar[str] = "jd"

    def claims(self, asked: Asked) -> bool:
        return asked.form.get("app_key") == self.account.text("app_key")

    @classmethod
    def stranger(cls, asked: Asked) -> Told:
        return _error(21, "无效app_key", asked.form.get("method", ""))

    def busy(self) -> Told:
        return _error(1, "服务不可用", "busy")

    def limited(self, what: str) -> Told | None:
        return _error(2, "限制时间内调用次数超限", what)

    def answer(self, asked: Asked) -> Told:
        given = asked.form
        method, sign = given.get("method", ""), given.pop("sign", "")
        stamp = read_local(given.get("timestamp"))
        if stamp is None or abs(self.stage.wall.now() - stamp) > _SKEW:
            return _error(15, "非法的时间戳参数", method)
        secret = self.account.text("app_secret")
        joined = "".join(name + value for name, value in sorted(given.items()))
        wanted = hashlib.md5(f"{secret}{joined}{secret}".encode(), usedforsecurity=False).hexdigest().upper()
        if not hmac.compare_digest(sign.encode(), wanted.encode()):
            return _error(12, "无效签名", method)
        if given.get("access_token") != self.account.text("access_token"):
            return _error(19, "无效access_token", method)
        try:
            business = json.loads(given.get("360buy_param_json", "{}"))
        except ValueError:
            return _error(43, "业务参数不是 JSON", method)
        if method == "jingdong.pop.order.search":
            return self._search(method, business)
        if method == self.account.text("refunds_method"):
            return self._applications(method, business)
        if method == "jingdong.seller.vender.info.get":
            return _good(method, {"jos_result_vender_dto": {"vender_id": 1, "shop_name": "沙盒店铺"}})
        return _error(11, "不存在的方法名", method)

    def _search(self, method: str, business: Mapping[str, Any]) -> Told:
        page = _page(business, "page", "page_size", _PAGE)
        span = read_local(business.get("start_date")), read_local(business.get("end_date"))
        states = str(business.get("order_state", "")).split(",")
        if page is None or span[0] is None or span[1] is None or not states[0]:
            failed = {"apiResult": {"success": False, "errorCode": "400"}}
            return _good(method, {"searchorderinfo_result": failed}, "400")
        changed = business.get("dateType") == 0
        found = self.between(span[0], span[1]) if changed else self.orders.values()
        rows = [one for one in found if _state(one) in states and (changed or _within(one.created, *span))]
        begin, size = page
        listed = [self._order_written(one) for one in rows[begin : begin + size]]
        result = {"apiResult": {"success": True}, "orderTotal": len(rows), "orderInfoList": listed}
        return _good(method, {"searchorderinfo_result": result})

    def _applications(self, method: str, business: Mapping[str, Any]) -> Told:
        page = _page(business, "pageIndex", "pageSize", _APPLICATIONS)
        asked = [
            read_local(business.get(f"{kind}Time{end}")) for kind in ("apply", "check") for end in ("Start", "End")
        ]
        if page is None or asked == [None] * 4:
            return _good(method, {"queryResult": {"success": False, "errorCode": 400}}, "400")
        found = [one for one in self.refunds.values() if _within(one.created, *asked[:2])]
        # One that nobody has looked at has no time of check.
        checked = [one for one in found if asked[2:] == [None, None] or (one.done and _within(one.updated, *asked[2:]))]
        rows = sorted(checked, key=lambda one: (one.updated, one.number))
        begin, size = page
        listed = [self._refund_written(one) for one in rows[begin : begin + size]]
        return _good(method, {"queryResult": {"success": True, "totalCount": len(rows), "result": listed}})

    def order_number(self, place: int) -> str:
        shop = self.stage.chance.whole(0, 999, "shop", self.account.touchpoint)
        return str(280_000_000_000 + shop * 1_000_000 + place)

    def refund_number(self, place: int) -> str:
        return str(90_000_000 + place)

    def _buyer(self, order: Order) -> dict[str, str]:
        field = self.account.text("buyer_field") or "open_id_buyer"
        return {field: self.world.id_of(order.buyer, "jd_open_id", self.account.text("app_key"))}

    def _order_written(self, order: Order) -> dict[str, Any]:
        person = order.buyer
        province, city, district = person.place
        ended = order.finished or order.closed
        return {
            "orderId": order.number, "orderState": _state(order), "orderStartTime": local(order.created),
            "paymentConfirmTime": local(order.paid) or _NEVER, "orderEndTime": local(ended) or _NEVER,
            "modified": local(order.updated), "orderTotalPrice": yuan(order.total + order.shipping),
            "orderPayment": yuan(order.payment), "orderSellerPrice": yuan(order.payment),
            "sellerDiscount": yuan(order.discount), "freightPrice": yuan(order.shipping), "payType": "4-在线支付",
            "consigneeInfo": {
                "fullname": masked(person.name), "mobile": masked_phone(person.phone),
                "telephone": masked_phone(person.phone), "province": province, "city": city, "county": district,
                "fullAddress": "虚**路*号",
            },
            "itemInfoList": [
                {"skuId": product, "wareId": product, "outerSkuId": f"MY{product}-1", "productNo": f"MY{product}",
                 "skuName": name, "itemTotal": str(count), "jdPrice": yuan(price)}
                for product, name, price, count in order.lines
            ],
            **self._buyer(order),
        }  # fmt: skip

    def _refund_written(self, refund: Refund) -> dict[str, Any]:
        return {
            "id": int(refund.number), "orderId": refund.order.number, "applyRefundSum": yuan(refund.amount),
            "status": 3 if refund.done else 0, "reason": refund.reason, "applyTime": local(refund.created),
            "checkTime": local(refund.updated) if refund.done else _NEVER, **self._buyer(refund.order),
        }  # fmt: skip


def _state(order: Order) -> str:
    if order.closed is not None:
        return "TRADE_CANCELED"
    if order.finished is not None:
        return "FINISHED_L"
    if order.shipped is not None:
        return "WAIT_GOODS_RECEIVE_CONFIRM"
    return "WAIT_SELLER_STOCK_OUT" if order.paid is not None else "NOT_PAY"


def _within(at: datetime, since: datetime | None, until: datetime | None) -> bool:
    return (since is None or since <= at) and (until is None or at <= until)


def _page(business: Mapping[str, Any], page: str, length: str, most: int) -> tuple[int, int] | None:
    number, size = business.get(page, 1), business.get(length, 20)
    if not isinstance(number, int) or not isinstance(size, int) or number < 1 or not 1 <= size <= most:
        return None
    return (number - 1) * size, size


def _good(method: str, result: Mapping[str, Any], code: str = "0") -> Told:
    # So spelled by the platform.
    return told({f"{method.replace('.', '_')}_responce": {"code": code, **result}}, code, what=method)


def _error(code: int, words: str, what: str) -> Told:
    return told({"error_response": {"code": str(code), "zh_desc": words, "en_desc": words}}, code, what=what)
