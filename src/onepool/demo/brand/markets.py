"""Orders at Tmall, JD, Xiaohongshu and Youzan: paid, finished, closed, given back, as each platform tells it."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import numpy as np

from onepool.demo.brand.emit import markets as pages
from onepool.demo.brand.emit import youzan as yz
from onepool.demo.brand.emit.segment import china
from onepool.demo.brand.orders import Orders
from onepool.demo.brand.places import JD, OA, TMALL, XHS, XHS_SELLER, YOUZAN
from onepool.demo.brand.scene import Made, Scene
from onepool.demo.brand.telling import Told, told, yuan
from onepool.demo.people.arrays import I64, Chance
from onepool.demo.people.population import NEVER

PAID, FINISHED, CLOSED, REFUNDED = "paid", "finished", "closed", "refunded"
STEPS = (PAID, FINISHED, CLOSED, REFUNDED)

_TMALL = {
    PAID: "WAIT_SELLER_SEND_GOODS",
    FINISHED: "TRADE_FINISHED",
    CLOSED: "TRADE_CLOSED_BY_TAOBAO",
    REFUNDED: "TRADE_CLOSED",
}
_JD = {PAID: "WAIT_SELLER_STOCK_OUT", FINISHED: "FINISHED_L", CLOSED: "TRADE_CANCELED", REFUNDED: "TRADE_CANCELED"}
_XHS = {PAID: 4, FINISHED: 7, CLOSED: 9, REFUNDED: 7}
_WEEK = 7 * 86_400

Gathered = dict[str, list[tuple[int, Any]]]
"""By touchpoint: (second since 1970, row of a page)."""


def say_market_orders(
    chance: Chance, scene: Scene, made: Made, gathered: Gathered, shop: str, step: str, orders: Orders, times: I64
) -> None:
    """One step of these orders, at these seconds of the world."""
    if not orders.size:
        return
    at = (scene.start + times).tolist()
    if shop == TMALL:
        rows = _tmall(chance, scene, step, orders, at)
    elif shop == JD:
        rows = _jd(chance, scene, step, orders, at)
    elif shop == XHS:
        _xhs(chance, scene, made, step, orders, at)
        return
    else:
        _youzan(chance, scene, made, step, orders, times)
        return
    gathered.setdefault(shop, []).extend(zip(at, rows, strict=True))


def say_pages(scene: Scene, made: Made, gathered: Gathered) -> None:
    """The pages that are pulled every hour, with at most 100 orders each."""
    for shop, listed in gathered.items():
        listed.sort(key=lambda one: one[0])
        way, call, write = (
            (scene.ways.tmall, pages.TMALL_CALL, pages.tmall)
            if shop == TMALL
            else (scene.ways.jd, pages.JD_CALL, pages.jd)
        )
        hours: dict[int, list[Any]] = {}
        for second, row in listed:
            hours.setdefault(second // 3600, []).append(row)
        for hour, rows in hours.items():
            for number, first in enumerate(range(0, len(rows), 100)):
                at = ((hour + 1) * 3600 + 20 + number) * 1000
                made.one(way, at, (call, write(rows[first : first + 100])))


def _tmall(chance: Chance, scene: Scene, step: str, orders: Orders, at: list[int]) -> list[dict[str, Any]]:
    customers, person, goods = scene.customers, orders.person, scene.goods
    seconds = np.array(at) - scene.start
    scene.shown.saw("tmall", person, seconds)
    scene.shown.saw("ouid", person, seconds)
    member = customers.omid[person]
    scene.shown.saw("omid", person, seconds, member)
    uid, ouid, omid = (scene.ids(kind, person).tolist() for kind in (TMALL, "ouid", "omid"))
    found = []
    for place, order in enumerate(told(chance, scene, orders)):
        week = order.created // _WEEK
        lines = [
            {
                "oid": 3_300_000_000_000_000_000 + order.number * 10 + number, "title": goods.name[product],
                "outer_iid": goods.product[product], "num_iid": 680_000_000_000 + product,
                "outer_sku_id": goods.sku[product], "num": quantity, "price": yuan(price), "payment": yuan(paid),
                "divide_order_fee": yuan(paid), "total_fee": yuan(price * quantity),
                "discount_fee": yuan(price * quantity - paid), "status": _TMALL[step],
                "refund_status": "SUCCESS" if step == REFUNDED and number == 0 else "NO_REFUND",
            }
            for number, (product, quantity, price, paid) in enumerate(order.lines)
        ]  # fmt: skip
        trade = pages.tmall_trade(
            3_300_000_000_000_000_000 + order.number * 10, _TMALL[step], china(order.created),
            None if step == CLOSED else china(order.created + 40), china(at[place]),
            china(at[place]) if step != PAID else None, uid[place], ouid[place],
            omid[place] if member[place] else None, f"1oa{order.person * 7919 % 10**9:09d}{week}", order.masked_name,
            order.masked_phone, order.region, order.masked_address, lines, yuan(order.listed), yuan(order.amount),
            yuan(order.discount), yuan(order.shipping), f"{uid[place][7]}**",
        )  # fmt: skip
        if step == REFUNDED:
            trade["refund_fee"] = yuan(order.refunded)
        found.append(trade)
    return found


def _jd(chance: Chance, scene: Scene, step: str, orders: Orders, at: list[int]) -> list[dict[str, Any]]:
    goods = scene.goods
    scene.shown.saw("jd", orders.person, np.array(at) - scene.start)
    buyers = scene.ids(JD, orders.person).tolist()
    found = []
    for place, order in enumerate(told(chance, scene, orders)):
        lines = [
            {
                "skuId": str(100_000_000 + product), "outerSkuId": goods.sku[product], "skuName": goods.name[product],
                "productNo": goods.product[product], "wareId": str(200_000_000 + product), "jdPrice": yuan(price),
                "itemTotal": str(quantity), "giftPoint": "0",
            }
            for product, quantity, price, _ in order.lines
        ]  # fmt: skip
        found.append(
            pages.jd_order(
                str(300_000_000_000 + order.number), _JD[step], china(order.created),
                "" if step == CLOSED else china(order.created + 40), china(at[place]),
                china(at[place]) if step != PAID else "", buyers[place], order.masked_name, order.masked_phone,
                order.region, order.masked_address, lines, yuan(order.listed), yuan(order.amount),
                yuan(order.discount), yuan(order.shipping),
            )
        )  # fmt: skip
    return found


def _xhs(chance: Chance, scene: Scene, made: Made, step: str, orders: Orders, at: list[int]) -> None:
    goods = scene.goods
    refunds: dict[int, list[tuple[str, str, str, str, int]]] = {}
    said, times = [], []
    for place, order in enumerate(told(chance, scene, orders)):
        number, now = f"P7{order.number:017d}", at[place] * 1000
        if step == REFUNDED:
            hour = at[place] // 1800
            refunds.setdefault(hour, []).append((f"R{number[1:]}", number, yuan(order.refunded), "七天无理由", now))
            continue
        lines = [
            {
                "skuId": f"60{product:020x}", "skuName": goods.name[product], "erpcode": goods.product[product],
                "barcode": goods.sku[product], "skuQuantity": quantity, "totalPaidAmount": paid,
                "pricePerSku": paid // quantity, "totalMerchantDiscount": price * quantity - paid, "skuTag": 0,
            }
            for product, quantity, price, paid in order.lines
        ]  # fmt: skip
        created = order.created * 1000
        body = pages.xhs_order(
            number, _XHS[step], created, 0 if step == CLOSED else created + 30_000, now,
            now if step == FINISHED else 0, _address(order),
            order.region, lines, order.amount, order.shipping, XHS_SELLER,
        )  # fmt: skip
        # Updates are asked for every half hour.
        times.append((at[place] // 1800 + 1) * 1_800_000 + 9_000)
        said.append((pages.XHS_CALL, body))
    made.add(scene.ways.xhs, times, said)
    for half_hour, rows in refunds.items():
        made.one(scene.ways.xhs, (half_hour + 1) * 1_800_000 + 12_000, (pages.XHS_REFUNDS, pages.xhs_refunds(rows)))


def _address(order: Told) -> str:
    """The platform's digest of an address."""
    return hashlib.md5((order.address + order.receiver_phone).encode(), usedforsecurity=False).hexdigest()


def _cipher(text: str) -> str:
    """The same text has the same cipher in one shop."""
    digest = hashlib.blake2b(text.encode(), digest_size=24, person=b"demo-youzan-shop").digest()
    return f"$yz0${base64.b64encode(digest).decode()}$1$"


def _youzan(chance: Chance, scene: Scene, made: Made, step: str, orders: Orders, times: I64) -> None:
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
