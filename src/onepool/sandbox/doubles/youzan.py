"""Youzan's side: a token for the shop, orders and customers page by page, tags and coupons, signed messages."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Final
from urllib.parse import quote_plus

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from onepool.channels.base import Account
from onepool.sandbox.doubles.orders import Order, Refund, Shop, local, masked_phone, read_local, yuan
from onepool.sandbox.pushing import Outgoing
from onepool.sandbox.stage import Stage
from onepool.sandbox.tokens import Tokens
from onepool.sandbox.wire import Asked, Told, items, told
from onepool.sandbox.world import Person

_PAGE: Final = 100
_VECTOR: Final = b"0102030405060708"
_TYPES: Final = {
    "placed": "trade_TradeCreate",
    "paid": "trade_TradePaid",
    "shipped": "trade_TradeSellerShip",
    "finished": "trade_TradeSuccess",
    "closed": "trade_TradeClose",
}


class Youzan(Shop):
    channel: ClassVar[str] = "youzan"

    def __init__(self, account: Account, stage: Stage) -> None:
        super().__init__(account, stage)
        self.client = account.text("client_id")
        self.secret = account.text("client_secret")
        self.shop = account.text("kdt_id")
        self.tokens = Tokens(f"youzan.{self.client}", self.behaviour.token_seconds, stage.clock, stage.chance)
        self.people: dict[str, Person] = {}
        self.tags: dict[str, list[str]] = {}
        self.coupons: dict[str, list[str]] = {}
        self._pushed = 0

    def begin(self) -> None:
        for person in self.world.of(self.account.touchpoint, self.channel):
            self.buyer(person)
        super().begin()

    def claims(self, asked: Asked) -> bool:
        token = asked.args.get("access_token", "")
        return self.tokens.knows(token) or asked.object.get("client_id") == self.client

    @classmethod
    def stranger(cls, asked: Asked) -> Told:
        if asked.path.strip("/") == "auth/token":
            return told({"success": False, "code": 41001, "data": None, "message": "client_id 不存在"}, 41001)
        return _gateway(4203, "token not exist", asked.path)

    def busy(self) -> Told:
        return _gateway(50_000, "system busy", "busy")

    def limited(self, what: str) -> Told | None:
        return Told(b"", status=429, content_type="text/plain", code="429", what=what)

    def answer(self, asked: Asked) -> Told:
        path, body = asked.path.strip("/"), asked.object
        if path == "auth/token":
            return self._token(body)
        standing = self.tokens.standing(asked.args.get("access_token", ""))
        if standing != "good":
            return _gateway(4203 if standing == "unknown" else 4202, "token invalid", path)
        api = path.removeprefix("api/")
        if not isinstance(asked.json, dict):
            return _gateway(4001, "body is no JSON", api)
        calls: dict[str, Callable[[Mapping[str, Any]], Told]] = {
            self.account.text("orders_api"): self._orders,
            self.account.text("customers_api"): self._customers,
            self.account.text("tag_add_api"): lambda given: self._tags(given, adding=True),
            self.account.text("tag_remove_api"): lambda given: self._tags(given, adding=False),
            self.account.text("coupon_api"): self._coupon,
            "youzan.shop.get/3.0.0": self._about,
        }
        take = calls.get(api)
        return _gateway(4005, "api not exist", api) if take is None else take(body)

    def _token(self, body: Mapping[str, Any]) -> Told:
        given = (body.get("client_secret"), body.get("authorize_type"), str(body.get("grant_id")))
        if given != (self.secret, "silent", self.shop):
            return told({"success": False, "code": 41002, "data": None, "message": "授权信息有误"}, 41002, what="token")
        token, seconds = self.tokens.lasting()
        data = {
            "access_token": token, "expires": (self.stage.seconds + seconds) * 1000, "scope": "trade storage",
            "authority_id": self.shop, "refresh_token": None,
        }  # fmt: skip
        return _good(data, "token")

    def _about(self, body: Mapping[str, Any]) -> Told:
        del body
        return _good({"kdt_id": int(self.shop), "name": "沙盒店铺（虚构）"}, "shop")

    def _orders(self, body: Mapping[str, Any]) -> Told:
        what = "orders"
        since, until = read_local(body.get("start_update")), read_local(body.get("end_update"))
        if since is None or until is None or since > until:
            return _bad(50_001, "start_update 与 end_update 有误", what)
        page = _page(body)
        if page is None:
            return _bad(50_002, "分页参数有误", what)
        rows = self.between(since, until)
        begin, size = page
        listed = [self._written(one) for one in rows[begin : begin + size]]
        return _good({"total_results": len(rows), "full_order_info_list": listed}, what)

    def _customers(self, body: Mapping[str, Any]) -> Told:
        page = _page(body)
        if page is None:
            return _bad(50_002, "分页参数有误", "customers")
        begin, size = page
        rows = [
            {"yz_open_id": buyer, "mobile": person.phone, "nick_name": person.name, "gender": person.gender,
             "points": self.stage.chance.whole(0, 5_000, "points", buyer)}
            for buyer, person in list(self.people.items())[begin : begin + size]
        ]  # fmt: skip
        return _good({"total": len(self.people), "record_list": rows}, "customers")

    def _tags(self, body: Mapping[str, Any], *, adding: bool) -> Told:
        what, buyer = "tag.add" if adding else "tag.delete", str(body.get("yz_open_id"))
        names = [str(one.get("tag_name")) for one in items(body.get("tags"))]
        self._know(buyer)
        if buyer not in self.people or not names:
            return _bad(50_010, "客户不存在" if buyer not in self.people else "标签为空", what, to=(buyer,))
        kept = [one for one in self.tags.get(buyer, []) if one not in names]
        self.tags[buyer] = kept + names if adding else kept
        return _good({"is_success": True}, what, to=(buyer,), accepted=True)

    def _coupon(self, body: Mapping[str, Any]) -> Told:
        what, buyer, group = "coupon", str(body.get("yz_open_id")), str(body.get("coupon_group_id") or "")
        self._know(buyer)
        if buyer not in self.people or not group:
            return _bad(50_010, "客户或优惠券不存在", what, to=(buyer,))
        self.coupons.setdefault(buyer, []).append(group)
        self.stage.reach(self.account, self.people[buyer], buyer, "coupon", "", {"coupon_group_id": group})
        return _good({"coupon_id": len(self.coupons[buyer])}, what, to=(buyer,), accepted=True)

    def buyer(self, person: Person) -> str:
        """What Youzan calls somebody; known from now on."""
        found = self.world.id_of(person, "yz_open_id", "")
        self.people.setdefault(found, person)
        return found

    def _know(self, buyer: str) -> None:
        person = None if buyer in self.people else self.world.stranger("yz_open_id", "", buyer)
        if person is not None:
            self.people[buyer] = person

    # Orders ---------------------------------------------------------------------------------------------------------

    def order_number(self, place: int) -> str:
        stamp = self.stage.clock.now().astimezone(UTC).strftime("%Y%m%d%H%M%S")
        return f"E{stamp}{self.shop[-4:]}{place:06d}"

    def refund_number(self, place: int) -> str:
        return f"R{self.stage.seconds}{place:04d}"

    def _written(self, order: Order) -> dict[str, Any]:
        person = order.buyer
        own = bool(self.account.text("appid"))
        buyer = {
            "outer_user_id": self.world.id_of(person, "openid", self.account.text("appid")) if own else "",
            "buyer_phone": person.phone, "fans_type": 1 if own else 9, "buyer_id": 1, "fans_nickname": person.name,
            "yz_open_id": self.buyer(person),
        }  # fmt: skip
        province, city, district = person.place
        return {
            "delivery_order": [],
            "order_promotion": {"order_discount_fee": yuan(order.discount), "adjust_fee": "0.00", "order": []},
            "refund_order": [
                {"refund_id": one.number, "refund_fee": yuan(one.amount), "refund_state": 60 if one.done else 1}
                for one in self.refunds.values() if one.order is order
            ],
            "full_order_info": {
                "order_info": {
                    "tid": order.number, "status": _status(order), "created": local(order.created),
                    "pay_time": local(order.paid), "consign_time": local(order.shipped),
                    "success_time": local(order.finished), "update_time": local(order.updated), "type": 0,
                    "pay_type_str": "WEIXIN_DAIXIAO", "order_tags": {"is_payed": order.paid is not None},
                },
                "buyer_info": buyer,
                "address_info": {
                    "receiver_name": person.name, "receiver_tel": masked_phone(person.phone),
                    "delivery_province": province, "delivery_city": city, "delivery_district": district,
                    "delivery_address": "虚构路 1 号",
                },
                "pay_info": {
                    "total_fee": yuan(order.total), "post_fee": yuan(order.shipping), "payment": yuan(order.payment),
                },
                "remark_info": {"buyer_message": "", "trade_memo": None, "star": None},
                "source_info": {"is_offline_order": False, "source": {"platform": "wx", "wx_entrance": "direct_buy"}},
                "orders": [
                    {"oid": f"{order.number}{place}", "item_id": int(product), "outer_item_id": f"MY{product}",
                     "sku_id": 0, "outer_sku_id": f"MY{product}-1", "title": name,
                     "num": count, "price": yuan(price), "payment": yuan(price * count)}
                    for place, (product, name, price, count) in enumerate(order.lines)
                ],
            },
        }  # fmt: skip

    # Pushes ---------------------------------------------------------------------------------------------------------

    def changed(self, order: Order, step: str) -> None:
        self._push(_TYPES[step], order.number, _status(order), self._written(order))

    def refunded(self, refund: Refund) -> None:
        kind = "trade_refund_RefundSuccess" if refund.done else "trade_refund_BuyerCreated"
        name = "refunded_fee" if refund.done else "refund_fee"
        content = {
            "tid": refund.order.number, "refund_id": refund.number, name: yuan(refund.amount),
            "refund_state": 60 if refund.done else 1, "update_time": local(refund.updated),
            "refund_reason": refund.reason, "yz_open_id": self.buyer(refund.order.buyer), "kdt_id": int(self.shop),
        }  # fmt: skip
        self._push(kind, refund.number, "", content)

    def _push(self, kind: str, number: str, status: str, content: Mapping[str, Any]) -> None:
        self._pushed += 1
        self.push_message(kind, number, status, json.dumps(content, ensure_ascii=False), self._pushed)

    def push_message(self, kind: str, number: str, status: str, content: str, version: int | str) -> None:
        """A message of that type, signed."""
        message = quote_plus(_sealed(content, self.secret) if self.account.get("encrypted_push") else content)

        def sign(wall: datetime) -> Outgoing:
            del wall
            joined = f"{self.client}{message}{self.secret}".encode()
            envelope = {
                "client_id": self.client, "id": number, "kdt_id": int(self.shop), "mode": 1, "msg": message,
                "sendCount": 0, "sign": hashlib.md5(joined, usedforsecurity=False).hexdigest(), "status": status,
                "test": False, "type": kind, "version": version,
            }  # fmt: skip
            headers = {"content-type": "application/json;charset=UTF-8"}
            return Outgoing(self.account.touchpoint, headers=headers, body=json.dumps(envelope).encode())

        self.stage.push(self.account, kind, sign, good=_taken)

    def repeat(self, content: bytes, content_type: str) -> None:
        """As the newer gateway signs: over the whole body, in a header (unverified)."""
        joined = self.client.encode() + content + self.secret.encode()
        signed = hashlib.md5(joined, usedforsecurity=False).hexdigest()
        headers = {"content-type": content_type, "event-sign": signed, "client-id": self.client}
        outgoing = Outgoing(self.account.touchpoint, headers=headers, body=content)

        def sign(wall: datetime) -> Outgoing:
            del wall
            return outgoing

        self.stage.push(self.account, "repeated", sign, good=_taken)


def _sealed(content: str, secret: str) -> str:
    """Messages of accounts that chose it are encrypted: AES-128-CBC under the secret's first 16 letters."""
    padder = padding.PKCS7(128).padder()
    padded = padder.update(content.encode()) + padder.finalize()
    encryptor = Cipher(algorithms.AES(secret[:16].encode()), modes.CBC(_VECTOR)).encryptor()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def _status(order: Order) -> str:
    if order.closed is not None:
        return "TRADE_CLOSED"
    if order.finished is not None:
        return "TRADE_SUCCESS"
    if order.shipped is not None:
        return "WAIT_BUYER_CONFIRM_GOODS"
    return "TRADE_PAID" if order.paid is not None else "WAIT_BUYER_PAY"


def _page(body: Mapping[str, Any]) -> tuple[int, int] | None:
    """(first row, rows) of a page; None where the numbers are not allowed."""
    number, size = body.get("page_no", 1), body.get("page_size", 20)
    if not isinstance(number, int) or not isinstance(size, int) or number < 1 or not 1 <= size <= _PAGE:
        return None
    return (number - 1) * size, size


def _good(data: Any, what: str, **more: Any) -> Told:
    answer = {"success": True, "code": 200, "data": data, "message": "successful", "requestId": "sandbox"}
    return told(answer, 200, what=what, **more)


def _bad(code: int, message: str, what: str, **more: Any) -> Told:
    return told({"success": False, "code": code, "data": None, "message": message}, code, what=what, **more)


def _gateway(code: int, message: str, what: str) -> Told:
    return told({"gw_err_resp": {"err_code": code, "err_msg": message, "trace_id": "sandbox"}}, code, what=what)


def _taken(status: int, body: bytes) -> bool:
    """Youzan wants 200 and ``code`` 0."""
    try:
        answer = json.loads(body)
    except ValueError:
        return False
    return status == 200 and isinstance(answer, dict) and answer.get("code") == 0
