"""Orders of a day as columns: who buys what where, for how much, with which coupon, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from onepool.demo.brand.places import SHOPS
from onepool.demo.brand.plan import DAY
from onepool.demo.brand.scene import Scene
from onepool.demo.people.arrays import F64, I64, Bools, Chance, weighted

LINES = 4
_LINES = np.array([0.52, 0.27, 0.14, 0.07])
_QUANTITY = np.array([0.7, 0.2, 0.1])
SHIPPING = 800
FREE_FROM = 9_900
COUPON_OFF = 3_000
COUPON_FROM = 19_900
PER_DAY = 10_000_000
"""Orders are numbered by day: ``day * PER_DAY`` and on."""


@dataclass(slots=True)
class Orders:
    """One entry per order; amounts in fen, times in seconds from the start. ``shop``: place in SHOPS.

    ``product``, ``quantity``, ``paid_for``: shape (n, LINES), quantity 0 where there is no line; ``paid_for`` is what
    was paid for the line. ``coupon``: the campaign whose coupon was used, -1. ``receiver``: the person that gets it.
    """

    number: I64
    person: I64
    time: I64
    shop: I64
    product: I64
    quantity: I64
    paid_for: I64
    listed: I64
    """What the lines cost by their prices."""
    amount: I64
    """What was paid, with shipping."""
    shipping: I64
    coupon: I64
    receiver: I64
    paid: Bools
    refunded: I64
    """What is given back; 0 for nothing."""

    @property
    def size(self) -> int:
        return int(self.number.size)

    @property
    def discount(self) -> I64:
        return self.listed + self.shipping - self.amount

    def taken(self, places: I64 | Bools) -> Orders:
        """The orders at these places."""
        return Orders(*(getattr(self, one.name)[places] for one in fields(self)))


def together(parts: list[Orders]) -> Orders:
    """Orders of several days as one."""
    return Orders(*(np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(Orders)))


def draw_orders(
    chance: Chance, scene: Scene, day: int, rate: F64, holds: I64, number_from: int | None = None
) -> Orders:
    """The orders of a day. ``rate``: by person, how many to expect; ``holds``: the campaign of a coupon held, -1.

    ``number_from``: the number of the first; by default from the day.
    """
    customers, catalogue, start = scene.customers, scene.goods, day * DAY
    # More than one a day is rare enough to be left out.
    person = np.flatnonzero(chance.random(rate.size) < 1 - np.exp(-rate))
    time = scene.moments(chance, day, person.size)
    opened = np.stack([customers.opened[shop][person] for shop in SHOPS], axis=1)
    wishes = np.where(opened <= time[:, None], customers.shops[person], 0.0)
    able = wishes.sum(axis=1) > 0
    person, time, wishes = person[able], time[able], wishes[able]
    bounds = np.cumsum(wishes / wishes.sum(axis=1, keepdims=True), axis=1)
    shop = np.minimum((chance.random(person.size)[:, None] > bounds).sum(axis=1), len(SHOPS) - 1)
    size = person.size
    stage = customers.stage(person, start)
    sums = catalogue.on_sale(day, customers.plan.days)
    product = np.stack([catalogue.draw(chance, sums, stage) for _ in range(LINES)], axis=1)
    count = weighted(chance, _LINES, size) + 1
    quantity = np.stack([weighted(chance, _QUANTITY, size) + 1 for _ in range(LINES)], axis=1)
    quantity = np.where(np.arange(LINES)[None, :] < count[:, None], quantity, 0)
    # The same product twice in one order is one line.
    for line in range(1, LINES):
        same = (product[:, :line] == product[:, line : line + 1]).any(axis=1)
        quantity[same, line] = 0
    gross = catalogue.price[product] * quantity
    off = np.where(chance.random(size) < 0.45, chance.integers(3, 22, size), 0)
    paid_for = gross - gross * off[:, None] // 100
    used = (holds[person] >= 0) & (paid_for.sum(axis=1) >= COUPON_FROM)
    used &= chance.random(size) < customers.rates.coupon_used * 2
    paid_for[:, 0] -= np.where(used, np.minimum(COUPON_OFF, paid_for[:, 0] - 100), 0)
    shipping = np.where(paid_for.sum(axis=1) >= FREE_FROM, 0, SHIPPING)
    shipping = np.where(np.array([name == "store" for name in SHOPS])[shop], 0, shipping)
    amount = paid_for.sum(axis=1) + shipping
    relative = customers.people.relative(chance, person)
    other = (chance.random(size) < customers.rates.receiver_other) & (relative >= 0)
    gone = chance.random(size) < customers.rates.refunded
    partly = chance.random(size) < 0.4
    back = np.where(partly, paid_for[:, 0], amount - shipping)
    order = np.argsort(time, kind="stable")
    made = Orders(
        number=np.arange(size),
        person=person,
        time=time,
        shop=shop.astype(np.int64),
        product=product,
        quantity=quantity,
        paid_for=paid_for,
        listed=gross.sum(axis=1),
        amount=amount,
        shipping=shipping,
        coupon=np.where(used, holds[person], -1),
        receiver=np.where(other, relative, person),
        paid=chance.random(size) >= customers.rates.unpaid,
        refunded=np.where(gone, back, 0),
    ).taken(order)
    made.number = (day * PER_DAY if number_from is None else number_from) + np.arange(size)
    made.refunded[~made.paid] = 0
    return made
