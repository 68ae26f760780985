"""The side of TOP, the open platform of Taobao and Tmall: signatures, sessions, trades and refunds page by page.

https://api.1688.com/doc2/detail.htm?articleId=101617 . Codes: 7 too many calls, 22 method, 25 signature, 27 session, 29
app key, 31 timestamp, 41 arguments (7, 25 and 27 as the facts of the platform say, unverified).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar, Final

from onepool.sandbox.doubles.orders import Order, Refund, Shop, local, masked, masked_phone, read_local, yuan
from onepool.sandbox.wire import Asked, Told, told
from onepool.sandbox.world import Person

_SKEW: Final = timedelta(minutes=10)
_PAGE: Final = 100
_WINDOW: Final = timedelta(days=1)


class Taobao(Shop):
    channel: ClassVar[str] = "taobao"

    def claims(self, asked: Asked) -> bool:
        return self._given(asked).get("app_key") == self.account.text("app_key")

    @classmethod
    def stranger(cls, asked: Asked) -> Told:
        return _error(29, "Invalid app Key", asked.form.get("method", ""))

    def busy(self) -> Told:
        return _error(15, "Remote service error", "busy", "isp.top-remote-connection-error")

    def limited(self, what: str) -> Told | None:
        return _error(7, "App Call Limited", what, "accesscontrol.limited-by-app-access-count")

    @staticmethod
    def _given(asked: Asked) -> dict[str, str]:
        return {**asked.args, **asked.form}

    def answer(self, asked: Asked) -> Told:
        given = self._given(asked)
        method = given.get("method", "")
        sign = given.pop("sign", "")
        if given.get("v") != "2.0":
            return _error(33 if "v" in given else 34, "Invalid version", method)
        stamp = read_local(given.get("timestamp"))
        if stamp is None or abs(self.stage.wall.now() - stamp) > _SKEW:
            return _error(31, "Invalid timestamp", method)
        wanted = _signature(given, self.account.text("app_secret"))
        if wanted is None:
            return _error(41, "Invalid arguments:sign_method", method)
        if not hmac.compare_digest(sign.encode(), wanted.encode()):
            return _error(25, "Invalid signature", method)
        if given.get("session") != self.account.text("session"):
            return _error(27, "Invalid session", method, "invalid-sessionkey")
        if method == "taobao.trades.sold.increment.get":
            return self._trades(given)
        if method == "taobao.refunds.receive.get":
            return self._refunds(given)
        if method == "taobao.user.seller.get":
            return told({"user_seller_get_response": {"user": {"nick": "沙盒店铺"}, "request_id": "s"}}, what=method)
        return _error(22, "Invalid method", method)

    def _trades(self, given: Mapping[str, str]) -> Told:
        method = given["method"]
        span = _span(given)
        page = _page(given)
        if span is None or page is None or "fields" not in given:
            return _error(41, "Invalid arguments", method, "isv.invalid-parameter")
        if span[1] - span[0] > _WINDOW:
            return _error(41, "Invalid arguments:time interval over 1 day", method, "isv.invalid-parameter")
        rows = self.between(*span)
        found = [self._trade(one) for one in rows[page[0] : page[0] + page[1]]]
        answer = {"total_results": len(rows), "has_next": page[0] + page[1] < len(rows), "trades": {"trade": found}}
        return told({"trades_sold_increment_get_response": {**answer, "request_id": "sandbox"}}, what=method)

    def _refunds(self, given: Mapping[str, str]) -> Told:
        method = given["method"]
        span, page = _span(given), _page(given)
        if span is None or page is None or "fields" not in given:
            return _error(41, "Invalid arguments", method, "isv.invalid-parameter")
        rows = self.refunds_between(*span)
        found = [self._refund_written(one) for one in rows[page[0] : page[0] + page[1]]]
        answer = {"total_results": len(rows), "refunds": {"refund": found}, "request_id": "sandbox"}
        return told({"refunds_receive_get_response": answer}, what=method)

    def order_number(self, place: int) -> str:
        return str(self.stage.seconds * 1_000_000_000 + self.stage.chance.whole(0, 899, "shop", self._shop) * 1_000_000
                   + place)  # fmt: skip

    @property
    def _shop(self) -> str:
        return self.account.text("shop") or self.account.touchpoint

    def _ids(self, person: Person) -> dict[str, str]:
        world = self.world
        found = {
            "buyer_open_uid": world.id_of(person, "buyer_open_uid", self.account.text("app_key")),
            "ouid": world.id_of(person, "ouid", self._shop),
        }
        if self.stage.chance.happens(0.4, "member", self.account.text("member_scope"), person.key):
            found["omid"] = world.id_of(person, "omid", self.account.text("member_scope") or self.account.touchpoint)
        return found

    def _trade(self, order: Order) -> dict[str, Any]:
        person = order.buyer
        province, city, district = person.place
        found: dict[str, Any] = {
            "tid": int(order.number), "tid_str": order.number, "type": "fixed", "status": _status(order),
            "created": local(order.created), "modified": local(order.updated), "payment": yuan(order.payment),
            "total_fee": yuan(order.total), "discount_fee": yuan(order.discount), "post_fee": yuan(order.shipping),
            "num": sum(one[3] for one in order.lines), "buyer_nick": masked(person.name),
            # Differs by shop, by application and after a week: no identity.
            "oaid": self.stage.chance.text(40, "oaid", self._shop, person.key, f"{order.created:%G%V}"),
            "receiver_name": masked(person.name), "receiver_mobile": masked_phone(person.phone),
            "receiver_state": province, "receiver_city": city, "receiver_district": district,
            "receiver_address": "虚**路*号", "trade_from": "WAP,WAP",
            "orders": {"order": [
                {"oid": int(order.number), "num_iid": int(product), "sku_id": product, "outer_iid": f"MY{product}",
                 "outer_sku_id": f"MY{product}-1", "title": name, "num": count,
                 "price": yuan(price), "total_fee": yuan(price * count), "payment": yuan(price * count),
                 "divide_order_fee": yuan(price * count), "discount_fee": "0.00"}
                for product, name, price, count in order.lines
            ]},
            **self._ids(person),
        }  # fmt: skip
        times = {"pay_time": order.paid, "consign_time": order.shipped, "end_time": order.finished or order.closed}
        return found | {name: local(at) for name, at in times.items() if at is not None}

    def _refund_written(self, refund: Refund) -> dict[str, Any]:
        return {
            "refund_id": refund.number, "tid": int(refund.order.number), "oid": int(refund.order.number),
            "status": "SUCCESS" if refund.done else "WAIT_SELLER_AGREE", "refund_fee": yuan(refund.amount),
            "reason": refund.reason, "created": local(refund.created), "modified": local(refund.updated),
            **{name: value for name, value in self._ids(refund.order.buyer).items() if name != "omid"},
        }  # fmt: skip


class Tmall(Taobao):
    channel: ClassVar[str] = "tmall"


def _signature(given: Mapping[str, str], secret: str) -> str | None:
    text = "".join(f"{name}{value}" for name, value in sorted(given.items()))
    kind = given.get("sign_method", "md5")
    if kind == "md5":
        return hashlib.md5(f"{secret}{text}{secret}".encode(), usedforsecurity=False).hexdigest().upper()
    algorithm = {"hmac": hashlib.md5, "hmac-sha256": hashlib.sha256}.get(kind)
    return None if algorithm is None else hmac.new(secret.encode(), text.encode(), algorithm).hexdigest().upper()


def _span(given: Mapping[str, str]) -> Any:
    since, until = read_local(given.get("start_modified")), read_local(given.get("end_modified"))
    return None if since is None or until is None or since > until else (since, until)


def _page(given: Mapping[str, str]) -> tuple[int, int] | None:
    """(first row, rows)."""
    number, size = given.get("page_no", "1"), given.get("page_size", "40")
    if not number.isdigit() or not size.isdigit() or int(number) < 1 or not 1 <= int(size) <= _PAGE:
        return None
    return (int(number) - 1) * int(size), int(size)


def _status(order: Order) -> str:
    if order.closed is not None:
        return "TRADE_CLOSED" if order.paid is not None else "TRADE_CLOSED_BY_TAOBAO"
    if order.finished is not None:
        return "TRADE_FINISHED"
    if order.shipped is not None:
        return "WAIT_BUYER_CONFIRM_GOODS"
    return "WAIT_SELLER_SEND_GOODS" if order.paid is not None else "WAIT_BUYER_PAY"


def _error(code: int, message: str, what: str, sub: str = "") -> Told:
    error: dict[str, Any] = {"code": code, "msg": message, "request_id": "sandbox"}
    if sub:
        error |= {"sub_code": sub, "sub_msg": message}
    return told({"error_response": error}, code, what=what)
