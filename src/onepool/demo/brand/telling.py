"""Orders as rows that the shops' payloads are written from: numbers, lines, receivers, buyers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from onepool.demo.brand.orders import Orders
from onepool.demo.brand.privacy import privacy_numbers
from onepool.demo.brand.scene import Scene
from onepool.demo.people import noise
from onepool.demo.people.arrays import I64, Chance

PAID, FINISHED, CLOSED, REFUNDED = "paid", "finished", "closed", "refunded"
"""What becomes of an order."""

Line = tuple[int, int, int, int]
"""Product, quantity, price of one, paid for all (fen)."""


@dataclass(slots=True)
class Told:
    """One order as a shop knows it. Times in seconds since 1970, amounts in fen."""

    number: int
    person: int
    created: int
    lines: list[Line]
    listed: int
    amount: int
    shipping: int
    discount: int
    refunded: int
    coupon: int
    receiver_name: str
    receiver_phone: str
    masked_name: str
    masked_phone: str
    privacy_number: str
    region: tuple[str, str, str]
    address: str
    masked_address: str


def told(chance: Chance, scene: Scene, orders: Orders) -> Iterator[Told]:
    """The orders, with receivers as they are typed."""
    customers = scene.customers
    people = customers.people
    receiver = orders.receiver
    tenure = customers.tenure(chance, receiver, orders.time)
    number = customers.phones.number[tenure]
    homes = people.home_at(receiver, orders.time)
    addresses, hidden = noise.addresses(chance, customers.noise, homes)
    province, city, district = scene.regions(receiver, orders.time)
    names, masked_names = scene.typed_names(chance, receiver), noise.masked_names(people.name[receiver])
    price = scene.goods.price
    lines = [
        [(p, q, int(price[p]), paid) for p, q, paid in zip(ps, qs, paids, strict=True) if q]
        for ps, qs, paids in zip(
            orders.product.tolist(), orders.quantity.tolist(), orders.paid_for.tolist(), strict=True
        )
    ]
    rows = zip(
        orders.number.tolist(), orders.person.tolist(), (scene.start + orders.time).tolist(), lines,
        orders.listed.tolist(), orders.amount.tolist(), orders.shipping.tolist(), orders.discount.tolist(),
        orders.refunded.tolist(), orders.coupon.tolist(), names.tolist(), noise.phone_texts(number).tolist(),
        masked_names.tolist(), noise.masked_phones(number).tolist(), privacy_numbers(orders.number).tolist(),
        zip(province.tolist(), city.tolist(), district.tolist(), strict=True), addresses.tolist(), hidden.tolist(),
        strict=True,
    )  # fmt: skip
    return (Told(*row) for row in rows)


def yuan(fen: int) -> str:
    """An amount as text in yuan."""
    return f"{fen // 100}.{fen % 100:02d}"


def own_number(prefix: str, number: int) -> str:
    """The number of an order of the brand's own shops."""
    return f"{prefix}{number:011d}"


def days_later(chance: Chance, times: I64, low: float, high: float) -> I64:
    """Some days after these seconds."""
    return times + (chance.uniform(low, high, times.size) * 86_400).astype(np.int64)
