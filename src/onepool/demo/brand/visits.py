"""Visits of a day to mini program, app and site: who comes when, sees and puts into the cart what, and orders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from onepool.demo.brand.catalogue import Catalogue
from onepool.demo.brand.orders import Orders
from onepool.demo.brand.places import SHOPS
from onepool.demo.brand.plan import DAY
from onepool.demo.brand.scene import Scene
from onepool.demo.people.arrays import F64, I64, Bools, Chance

VIEWS = 6
STEPS = 20
"""More steps than a visit has."""

OPENING, LOGIN, ORDER = 1, 2, 4
"""What else happens in a visit."""


@dataclass(slots=True)
class Visits:
    """One entry per visit. ``viewed``: products, shape (n, VIEWS), the first ``views`` of them; ``steps``: ms from the
    start to each step, shape (n, STEPS). ``order``: place in the day's orders, -1. ``flags``: see above."""

    person: I64
    time: I64
    viewed: I64
    views: I64
    carts: I64
    searches: Bools
    keyword: I64
    order: I64
    flags: I64
    steps: I64
    spoiled: Bools
    """Something in this visit breaks the standard."""
    odd: Bools
    """Something in this visit is written oddly, but can be read."""

    @property
    def size(self) -> int:
        return int(self.person.size)


@dataclass(frozen=True)
class Shelf:
    """The catalogue as plain lists, for loops over visits."""

    product: list[str]
    name: list[str]
    category: list[str]
    price: list[int]

    @classmethod
    def of(cls, goods: Catalogue) -> Shelf:
        return cls(goods.product.tolist(), goods.name.tolist(), goods.category.tolist(), goods.price.tolist())


def draw_visits(
    chance: Chance, scene: Scene, shop: str, day: int, busy: float, orders: Orders, active: Bools, factor: F64
) -> Visits:
    """The visits of a day to one of mini program, app and site: openings, orders, and people who just look."""
    customers = scene.customers
    start, end = day * DAY, (day + 1) * DAY
    opened = customers.opened[shop]
    new = np.flatnonzero((opened >= start) & (opened < end))
    joins = np.flatnonzero(
        (customers.member >= start) & (customers.member < end) & ~customers.in_store & (shop == SHOPS[0])
    )
    buys = np.flatnonzero(orders.shop == SHOPS.index(shop))
    rate = customers.visits * np.sqrt(busy * factor)
    looks = np.flatnonzero(active & (opened < start) & (chance.random(opened.size) < 1 - np.exp(-rate)))
    # Who opens the account and joins within the same quarter of an hour does both in one visit.
    at_once = customers.member[new] - opened[new] < 900
    joins = joins[customers.member[joins] - opened[joins] >= 900]
    person = np.concatenate([new, joins, orders.person[buys], looks])
    time = np.concatenate(
        [opened[new], customers.member[joins], orders.time[buys], scene.moments(chance, day, looks.size)]
    )
    size = person.size
    flags = np.zeros(size, np.int64)
    flags[: new.size] = OPENING + LOGIN * (at_once & (shop == SHOPS[0]) & ~customers.in_store[new])
    flags[new.size : new.size + joins.size] = LOGIN
    order = np.full(size, -1, np.int64)
    order[new.size + joins.size : new.size + joins.size + buys.size] = buys
    flags[order >= 0] |= ORDER
    stage = customers.stage(person, start)
    sums = scene.goods.on_sale(day, customers.plan.days)
    viewed = np.stack([scene.goods.draw(chance, sums, stage) for _ in range(VIEWS)], axis=1)
    bought = order >= 0
    viewed[bought, 0] = orders.product[order[bought], 0]
    views = np.minimum(1 + chance.poisson(2.0, size), VIEWS)
    gaps = np.exp(chance.normal(9.2, 0.8, (size, STEPS))).astype(np.int64) + 600  # some ten seconds each
    steps = np.concatenate([np.zeros((size, 1), np.int64), np.cumsum(gaps, axis=1)[:, :-1]], axis=1)
    rates = customers.rates
    return Visits(
        person=person,
        time=time,
        viewed=viewed,
        views=views,
        carts=np.where(order >= 0, 1, chance.random(size) < scene.customers.rates.abandoned).astype(np.int64),
        searches=chance.random(size) < 0.18,
        keyword=chance.integers(0, len(scene.goods.keywords), size),
        order=order,
        flags=flags,
        steps=steps,
        spoiled=chance.random(size) < rates.dirty * 4,
        odd=chance.random(size) < rates.odd * 4,
    )
