"""Orders at Tmall, JD and Xiaohongshu: paid, finished, closed, given back (Youzan: youzan_shop)."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from onepool.demo.brand.emit import markets as pages
from onepool.demo.brand.emit.segment import china
from onepool.demo.brand.orders import Orders
from onepool.demo.brand.places import JD, TMALL, XHS, XHS_SELLER, YOUZAN
from onepool.demo.brand.privacy import hides
from onepool.demo.brand.scene import Made, Scene
from onepool.demo.brand.telling import CLOSED, FINISHED, PAID, REFUNDED, Told, told, yuan
from onepool.demo.brand.youzan_shop import say_youzan
from onepool.demo.people.arrays import I64, Chance

_TMALL = {PAID: "WAIT_SELLER_SEND_GOODS", FINISHED: "TRADE_FINISHED", CLOSED: "TRADE_CLOSED_BY_TAOBAO"}
_JD = {PAID: "WAIT_SELLER_STOCK_OUT", FINISHED: "FINISHED_L", CLOSED: "TRADE_CANCELED"}
_XHS = {PAID: 4, FINISHED: 7, CLOSED: 9}
_WEEK = 7 * 86_400

_PAGE = 50
_REASON = "七天无理由"

Gathered = dict[tuple[str, str], list[tuple[int, Any]]]
"""By touchpoint and call: (second since 1970, row of a page)."""


def say_market_orders(
    chance: Chance, scene: Scene, made: Made, gathered: Gathered, shop: str, step: str, orders: Orders, times: I64
) -> None:
    """One step of these orders, at these seconds of the world."""
    if not orders.size:
        return
    at = (scene.start + times).tolist()
    if shop == XHS:
        _xhs(chance, scene, made, step, orders, at)
    elif shop == YOUZAN:
        say_youzan(chance, scene, made, step, orders, times)
    elif step == REFUNDED:
        rows = (_tmall_refunds if shop == TMALL else _jd_refunds)(scene, orders, at)
        gathered.setdefault((shop, pages.REFUNDS), []).extend(zip(at, rows, strict=True))
    else:
        rows = (_tmall if shop == TMALL else _jd)(chance, scene, step, orders, at)
        call = pages.TRADES if shop == TMALL else pages.ORDERS
        gathered.setdefault((shop, call), []).extend(zip(at, rows, strict=True))


def say_pages(scene: Scene, made: Made, gathered: Gathered) -> None:
    """The pages that are pulled every hour, with at most 50 orders each."""
    ways = {TMALL: scene.ways.tmall, JD: scene.ways.jd}
    writers = {
        (TMALL, pages.TRADES): pages.tmall,
        (TMALL, pages.REFUNDS): pages.tmall_refunds,
        (JD, pages.ORDERS): pages.jd,
        (JD, pages.REFUNDS): pages.jd_refunds,
    }
    for (shop, call), listed in gathered.items():
        listed.sort(key=lambda one: one[0])
        hours: dict[int, list[Any]] = {}
        for second, row in listed:
            hours.setdefault(second // 3600, []).append(row)
        for hour, rows in hours.items():
            for number, first in enumerate(range(0, len(rows), _PAGE)):
                at = ((hour + 1) * 3600 + 20 + number) * 1000
                made.one(ways[shop], at, (call, writers[shop, call](rows[first : first + _PAGE])))


def _tmall_refunds(scene: Scene, orders: Orders, at: list[int]) -> list[dict[str, Any]]:
    uid, ouid = scene.ids(TMALL, orders.person).tolist(), scene.ids("ouid", orders.person).tolist()
    return [
        pages.tmall_refund(
            f"9{number:017d}", _tid(number), uid[place], ouid[place], yuan(fee), _REASON, china(at[place] - 86_400),
            china(at[place]),
        )
        for place, (number, fee) in enumerate(zip(orders.number.tolist(), orders.refunded.tolist(), strict=True))
    ]  # fmt: skip


def _jd_refunds(scene: Scene, orders: Orders, at: list[int]) -> list[dict[str, Any]]:
    buyers = scene.ids(JD, orders.person).tolist()
    return [
        pages.jd_refund(
            5_000_000_000 + number, _jd_number(number), buyers[place], yuan(fee), _REASON, china(at[place] - 86_400),
            china(at[place]),
        )
        for place, (number, fee) in enumerate(zip(orders.number.tolist(), orders.refunded.tolist(), strict=True))
    ]  # fmt: skip


def _hidden(scene: Scene, shop: str, step: str, orders: Orders) -> list[bool]:
    """Which orders have a privacy number; each is counted once."""
    found = hides(orders.number, scene.customers.rates.privacy_number)
    if step in (PAID, CLOSED):
        scene.shown.plant("privacy_number", shop, int(found.sum()))
    told_of: list[bool] = found.tolist()
    return told_of


def _tid(number: int) -> int:
    return 3_300_000_000_000_000_000 + number * 10


def _jd_number(number: int) -> str:
    return str(300_000_000_000 + number)


def _tmall(chance: Chance, scene: Scene, step: str, orders: Orders, at: list[int]) -> list[dict[str, Any]]:
    customers, person, goods = scene.customers, orders.person, scene.goods
    seconds = np.array(at) - scene.start
    scene.shown.saw("tmall", person, seconds)
    scene.shown.saw("ouid", person, seconds)
    member = customers.omid[person]
    scene.shown.saw("omid", person, seconds, member)
    uid, ouid, omid = (scene.ids(kind, person).tolist() for kind in (TMALL, "ouid", "omid"))
    hidden = _hidden(scene, TMALL, step, orders)
    found = []
    for place, order in enumerate(told(chance, scene, orders)):
        week = order.created // _WEEK
        lines = [
            {
                "oid": _tid(order.number) + number, "title": goods.name[product],
                "outer_iid": goods.product[product], "num_iid": 680_000_000_000 + product,
                "outer_sku_id": goods.sku[product], "num": quantity, "price": yuan(price), "payment": yuan(paid),
                "divide_order_fee": yuan(paid), "total_fee": yuan(price * quantity),
                "discount_fee": yuan(price * quantity - paid), "status": _TMALL[step],
                "refund_status": "NO_REFUND",
            }
            for number, (product, quantity, price, paid) in enumerate(order.lines)
        ]  # fmt: skip
        trade = pages.tmall_trade(
            _tid(order.number), _TMALL[step], china(order.created),
            None if step == CLOSED else china(order.created + 40), china(at[place]),
            china(at[place]) if step != PAID else None, uid[place], ouid[place],
            omid[place] if member[place] else None, f"1oa{order.person * 7919 % 10**9:09d}{week}", order.masked_name,
            order.privacy_number if hidden[place] else order.masked_phone, order.region, order.masked_address, lines,
            yuan(order.listed), yuan(order.amount),
            yuan(order.discount), yuan(order.shipping), f"{uid[place][7]}**",
        )  # fmt: skip
        found.append(trade)
    return found


def _jd(chance: Chance, scene: Scene, step: str, orders: Orders, at: list[int]) -> list[dict[str, Any]]:
    goods = scene.goods
    scene.shown.saw("jd", orders.person, np.array(at) - scene.start)
    buyers = scene.ids(JD, orders.person).tolist()
    hidden = _hidden(scene, JD, step, orders)
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
                _jd_number(order.number), _JD[step], china(order.created),
                "" if step == CLOSED else china(order.created + 40), china(at[place]),
                china(at[place]) if step != PAID else "", buyers[place], order.masked_name,
                order.privacy_number if hidden[place] else order.masked_phone,
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
        said.append((pages.ORDER_DETAIL, body))
    made.add(scene.ways.xhs, times, said)
    for half_hour, rows in refunds.items():
        made.one(scene.ways.xhs, (half_hour + 1) * 1_800_000 + 12_000, (pages.AFTER_SALES, pages.xhs_refunds(rows)))


def _address(order: Told) -> str:
    """The platform's digest of an address."""
    return hashlib.md5((order.address + order.receiver_phone).encode(), usedforsecurity=False).hexdigest()
