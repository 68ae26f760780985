"""Orders of mini program, app and site, as the brand's own shop server tells them with Segment's library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from onepool.demo.brand import ids
from onepool.demo.brand.browse_sensors import app_user
from onepool.demo.brand.browse_web import signs_up
from onepool.demo.brand.campaigns import Campaign
from onepool.demo.brand.emit.segment import iso
from onepool.demo.brand.orders import COUPON_OFF, Orders
from onepool.demo.brand.places import APP, MINI, MINI_APPID, WEB
from onepool.demo.brand.privacy import hides, privacy_numbers
from onepool.demo.brand.scene import Made, Scene
from onepool.demo.brand.telling import Told, own_number, told
from onepool.demo.people.arrays import I64, Bools, Chance

PREFIX = {MINI: "M", APP: "A", WEB: "W"}
_LIBRARY = {"name": "analytics-python", "version": "2.4.0"}


class Code(NamedTuple):
    """A coupon that an order is paid with: its batch, its code, the campaign that gave it, what it takes off (fen)."""

    coupon: str
    code: str
    campaign: str
    off: int


def coupon_code(campaign: int, person: int) -> str:
    """The code of a person's coupon of a campaign."""
    return f"{campaign + 1:03d}{person:09d}"


def say_own_orders(
    chance: Chance,
    scene: Scene,
    made: Made,
    shop: str,
    orders: Orders,
    placed: I64,
    campaigns: list[Campaign],
    codes: Mapping[int, Code] | None = None,
) -> None:
    """Placed, paid or cancelled, and coupons redeemed. ``placed``: ms at which each order was placed; ``codes``: by an
    order's number, the coupon of a journey that it was paid with.
    """
    if not orders.size:
        return
    way = {MINI: scene.ways.mini_shop, APP: scene.ways.app_shop, WEB: scene.ways.web_shop}[shop]
    buyers = _buyers(chance, scene, shop, orders)
    scene.shown.plant("privacy_number", shop, sum("hidden" in one for one in buyers))
    said, at = [], []
    for order, buyer, ms, paid in zip(
        told(chance, scene, orders), buyers, placed.tolist(), orders.paid.tolist(), strict=True
    ):
        number = own_number(PREFIX[shop], order.number)
        body = _order(scene, order, number)
        if "hidden" in buyer:
            body["receiver_phone"] = buyer["phone"]
        events = [_event("order_placed", f"srv-{number}-placed", ms, buyer, body)]
        done = ms + 20_000 + order.number % 40_000
        if paid:
            events.append(_event("Order Completed", f"srv-{number}-paid", done, buyer, body))
            used = (codes or {}).get(order.number)
            if used is None and order.coupon >= 0:
                campaign = campaigns[order.coupon]
                used = Code(campaign.coupon, coupon_code(order.coupon, order.person), campaign.code, COUPON_OFF)
            if used is not None:
                coupon = {
                    "coupon_id": used.coupon, "coupon_code": used.code, "campaign": used.campaign, "order_id": number,
                    "discount": used.off / 100, "currency": "CNY",
                }  # fmt: skip
                events.append(_event("coupon_redeemed", f"srv-{number}-coupon", done + 5, buyer, coupon))
        else:
            done = ms + 1_800_000
            gone = {"order_id": number, "total": order.amount / 100, "currency": "CNY", "reason": "超时未支付"}
            events.append(_event("Order Cancelled", f"srv-{number}-cancelled", done, buyer, gone))
        said.append(events)
        at.append(done + 700)
    made.add(way, at, said)


def say_own_refunds(chance: Chance, scene: Scene, made: Made, shop: str, orders: Orders, times: I64) -> None:
    """What is given back, at these seconds."""
    if not orders.size:
        return
    way = {MINI: scene.ways.mini_shop, APP: scene.ways.app_shop, WEB: scene.ways.web_shop}[shop]
    at = ((scene.start + times) * 1000).tolist()
    said = []
    for number, fen, buyer, ms in zip(
        orders.number.tolist(), orders.refunded.tolist(), _buyers(chance, scene, shop, orders), at, strict=True
    ):
        order = own_number(PREFIX[shop], number)
        body = {
            "order_id": order, "refund_id": f"R{order}", "refund_amount": fen / 100, "currency": "CNY",
            "reason": _REASONS[number % len(_REASONS)],
        }  # fmt: skip
        said.append([_event("Order Refunded", f"srv-{order}-refund", ms, buyer, body)])
    made.add(way, [ms + 900 for ms in at], said)


_REASONS = ("不合适", "七天无理由", "尺码不对", "宝宝过敏", "商品破损", "买多了")


def _buyers(chance: Chance, scene: Scene, shop: str, orders: Orders) -> list[dict[str, Any]]:
    """Who ordered, as the shop's server knows it; a guest of the site leaves a phone only."""
    customers, person = scene.customers, orders.person
    if shop == WEB:
        account = signs_up(person)
        scene.shown.saw("site_user", person, orders.time, account)
        return _or_guests(chance, scene, shop, orders, account, ids.site_users(person).tolist())
    users = ids.web_users(person).tolist()
    if shop == APP:
        signed = app_user(person)
        scene.shown.saw("user", person, orders.time, signed)
        return _or_guests(chance, scene, shop, orders, signed, users)
    known = (customers.member[person] <= orders.time) & ~customers.in_store[person]
    scene.shown.saw("user", person, orders.time, known)
    scene.shown.saw("mini", person, orders.time)
    rows = zip(known.tolist(), users, scene.ids(MINI, person).tolist(), strict=True)
    return [{"userId": user if has else None, "openid": openid} for has, user, openid in rows]


def _or_guests(
    chance: Chance, scene: Scene, shop: str, orders: Orders, account: Bools, users: list[str]
) -> list[dict[str, Any]]:
    """Buyers with an account by their user ids. Guests leave their phone, or a privacy number: of these the shop knows
    the device alone."""
    person = orders.person
    phones, shows = scene.typed_phones(chance, person, orders.time)
    hidden = ~account & hides(orders.number, scene.customers.rates.guest_privacy)
    scene.see_phones(np.where(account | hidden, -1, shows), orders.time)
    found: list[dict[str, Any]] = [
        {"userId": user} if has else {"phone": phone}
        for has, user, phone in zip(account.tolist(), users, phones.tolist(), strict=True)
    ]
    rows = np.flatnonzero(hidden)
    tenure = scene.customers.device(person[rows], orders.time[rows])
    kind, first = ("cookie", scene.shown.cookie) if shop == WEB else ("app_device", scene.shown.app)
    np.minimum.at(first, tenure, orders.time[rows])
    devices = scene.ids(kind, tenure).tolist()
    for row, number, device in zip(rows.tolist(), privacy_numbers(orders.number[rows]).tolist(), devices, strict=True):
        found[row] = {"phone": number, "hidden": True, "anonymousId" if shop == WEB else "android_id": device}
    return found


def _event(name: str, message: str, ms: int, buyer: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    context: dict[str, Any] = {"library": _LIBRARY}
    if "openid" in buyer:
        context["externalIds"] = [
            {"id": buyer["openid"], "type": f"openid@{MINI_APPID}", "collection": "users", "encoding": "none"}
        ]
    if "phone" in buyer:
        properties = {**properties, "phone": buyer["phone"]}
        context["externalIds"] = [{"id": buyer["phone"], "type": "phone", "collection": "users", "encoding": "none"}]
    if "android_id" in buyer:
        device = {"id": buyer["android_id"], "type": "android_id", "collection": "users", "encoding": "none"}
        context["externalIds"].append(device)
    return {
        "type": "track", "event": name, "messageId": message, "timestamp": iso(ms),
        "anonymousId": buyer.get("anonymousId"),
        "userId": buyer.get("userId"), "integrations": {}, "context": context, "properties": properties,
    }  # fmt: skip


def _order(scene: Scene, order: Told, number: str) -> dict[str, Any]:
    goods = scene.goods
    return {
        "order_id": number,
        "total": order.amount / 100,
        "shipping": order.shipping / 100,
        "discount": order.discount / 100,
        "currency": "CNY",
        "products": [
            {
                "product_id": goods.product[product], "sku": goods.sku[product], "name": goods.name[product],
                "category": goods.category[product], "price": price / 100, "quantity": quantity, "amount": paid / 100,
            }
            for product, quantity, price, paid in order.lines
        ],
        "receiver_name": order.receiver_name,
        "receiver_phone": order.receiver_phone,
        "province": order.region[0],
        "city": order.region[1],
        "district": order.region[2],
        "address": order.address,
    }  # fmt: skip
