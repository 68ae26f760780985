"""Orders at Youzan, as messages: the buyer's phone is a cipher, masked, or plain, the same in all of an order's."""

from __future__ import annotations

import base64
import hashlib

import numpy as np

from onepool.demo.brand.emit import youzan as yz
from onepool.demo.brand.emit.segment import china
from onepool.demo.brand.orders import Orders
from onepool.demo.brand.places import OA, YOUZAN
from onepool.demo.brand.scene import Made, Scene
from onepool.demo.brand.telling import CLOSED, FINISHED, PAID, REFUNDED, told, yuan
from onepool.demo.people.arrays import I64, Chance
from onepool.demo.people.population import NEVER


def _cipher(text: str) -> str:
    """The same text has the same cipher in one shop."""
    digest = hashlib.blake2b(text.encode(), digest_size=24, person=b"demo-youzan-shop").digest()
    return f"$yz0${base64.b64encode(digest).decode()}$1$"


def say_youzan(chance: Chance, scene: Scene, made: Made, step: str, orders: Orders, times: I64) -> None:
    """One step of these orders, at these seconds of the world."""
    customers, person = scene.customers, orders.person
    goods, rates = scene.goods, customers.rates
    at = (scene.start + times).tolist()
    scene.shown.saw("youzan", person, times)
    # Of the account's own followers the shop knows the openid.
    fans = (customers.opened[OA][person] <= orders.time) & (person % 2 == 0)
    scene.shown.saw("oa", person, times, fans)
    # How the phone is shown depends on the order, and is the same in all of its messages.
    fate = (orders.number * 2654435761 % 1000) / 1000
    sealed = fate < rates.encrypted
    masked = ~sealed & (fate < rates.encrypted + (1 - rates.encrypted) * 0.25)
    plain = ~sealed & ~masked
    tenure = customers.phones.chains.at(customers.phones.chains.slot_of_person[person], np.maximum(orders.time, 0))
    scene.shown.saw_phone(tenure, times, plain)
    numbers = customers.phones.number[tenure].tolist()
    yz_ids, openids = scene.ids(YOUZAN, person).tolist(), scene.ids(OA, person).tolist()
    member = (customers.member[person] < NEVER).tolist()
    nicknames = scene.nicknames(person).tolist()
    said, sent = [], []
    for place, order in enumerate(told(chance, scene, orders)):
        tid = f"E{china(order.created)[:10].replace('-', '')}{order.number:017d}"
        now = china(at[place])
        sent.append(at[place] * 1000 + 800)
        if step == REFUNDED:
            body = yz.refund(yz_ids[place], f"2{order.number:018d}", tid, yuan(order.refunded), now, "七天无理由")
            said.append(("trade_refund_RefundSuccess", tid, at[place], body))
            continue
        phone = _cipher(str(numbers[place])) if sealed[place] else str(numbers[place])
        if masked[place]:
            phone = f"{phone[:3]}****{phone[-4:]}"
        buyer = {
            "outer_user_id": openids[place] if fans[place] else "", "buyer_phone": phone,
            "fans_type": 1 if fans[place] else 9, "buyer_id": 1_200_000_000 + order.person,
            "fans_id": 800_000_000 + order.person, "fans_nickname": nicknames[place], "yz_open_id": yz_ids[place],
        }  # fmt: skip
        address = {
            "receiver_name": _cipher(order.receiver_name) if sealed[place] else order.receiver_name,
            "receiver_tel": phone if sealed[place] else order.masked_phone, "delivery_province": order.region[0],
            "delivery_city": order.region[1], "delivery_district": order.region[2],
            "delivery_address": order.masked_address, "address_extra": "{\"areaCode\":\"\"}", "self_fetch_info": "",
        }  # fmt: skip
        lines = [
            {
                "oid": f"{order.number}{number:02d}", "item_id": 450_000_000 + product,
                "outer_item_id": goods.product[product], "sku_id": 0, "outer_sku_id": goods.sku[product],
                "title": goods.name[product], "num": quantity, "price": yuan(price), "discount_price": yuan(price),
                "total_fee": yuan(price * quantity), "payment": yuan(paid), "points_price": "0", "is_present": False,
                "sku_properties_name": "[]", "buyer_messages": "", "alias": f"2x{product}", "pic_path": "",
            }
            for number, (product, quantity, price, paid) in enumerate(order.lines)
        ]  # fmt: skip
        kind, status = _YOUZAN[step]
        message = yz.trade(
            tid, status, china(order.created), "" if step == CLOSED else china(order.created + 35), now,
            now if step == FINISHED else "", buyer, address, lines, yuan(order.listed), yuan(order.shipping),
            yuan(order.amount), yuan(order.discount), member=member[place],
        )  # fmt: skip
        said.append((kind, tid, at[place], message))
    made.add(scene.ways.youzan, sent, said)


_YOUZAN = {
    PAID: ("trade_TradePaid", "WAIT_SELLER_SEND_GOODS"),
    FINISHED: ("trade_TradeSuccess", "TRADE_SUCCESS"),
    CLOSED: ("trade_TradeClose", "TRADE_CLOSED"),
}
