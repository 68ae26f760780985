"""Orders of a shop as every platform keeps them; each double writes them in its own words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from onepool.channels.base import Account
from onepool.sandbox.doubles.base import Double, text_of
from onepool.sandbox.errors import ActError
from onepool.sandbox.stage import Stage
from onepool.sandbox.world import Person

ZONE: Final = ZoneInfo("Asia/Shanghai")

PRODUCTS: Final = (
    ("100101", "超薄纸尿裤 M 码 48 片", 9_900), ("100102", "棉柔巾 100 抽 6 包", 5_990),
    ("100103", "婴儿洗衣液 2 升", 4_500), ("100104", "2 段奶粉 800 克", 26_800),
    ("100105", "宝宝面霜 50 克", 7_800), ("100106", "孕妈洗护套装", 15_900),
)  # fmt: skip
"""Made up: number, name, price in fen."""


@dataclass
class Order:
    """Amounts in fen; times None: not yet."""

    number: str
    buyer: Person
    lines: list[tuple[str, str, int, int]]
    """Product, name, price, quantity."""
    shipping: int
    discount: int
    created: datetime
    updated: datetime
    paid: datetime | None = None
    shipped: datetime | None = None
    finished: datetime | None = None
    closed: datetime | None = None

    @property
    def total(self) -> int:
        return sum(price * count for _, _, price, count in self.lines)

    @property
    def payment(self) -> int:
        return self.total + self.shipping - self.discount


@dataclass
class Refund:
    number: str
    order: Order
    amount: int
    reason: str
    created: datetime
    updated: datetime
    done: bool = False


class Shop(Double):
    """A shop. Subclasses give orders their numbers, tell of changes where the platform does, and answer calls."""

    def __init__(self, account: Account, stage: Stage) -> None:
        super().__init__(account, stage)
        self.orders: dict[str, Order] = {}
        self.refunds: dict[str, Refund] = {}

    def order_number(self, place: int) -> str:
        """The number of the order that is the ``place``-th."""
        raise NotImplementedError

    def refund_number(self, place: int) -> str:
        """The number of a refund."""
        return f"{place + 1}"

    def changed(self, order: Order, step: str) -> None:
        """An order was placed, paid, shipped, finished or closed; push it where the platform does."""

    def refunded(self, refund: Refund) -> None:
        """A refund was asked for or paid."""

    def begin(self) -> None:
        buying, chance, now = self.stage.scenario.buying, self.stage.chance, self.stage.clock.now()
        plans: list[tuple[datetime, Person, int]] = []
        for person in self.world.of(self.account.touchpoint, self.channel):
            key = (self.account.touchpoint, person.key)
            for place in range(chance.whole(buying.each[0], buying.each[1], "orders", *key)):
                plans.append((now - timedelta(days=buying.days * chance.of("when", *key, place)), person, place))
        for at, person, place in sorted(plans, key=lambda one: one[0]):
            name = (self.account.touchpoint, person.key, place)
            order = self._placed(person, at, name)
            if not chance.happens(buying.paid, "paid", *name):
                self._step(order, "closed", min(now, at + timedelta(minutes=30)))
                continue
            self._step(order, "paid", min(now, at + timedelta(minutes=2)))
            if chance.happens(buying.finished, "finished", *name):
                self._step(order, "shipped", min(now, at + timedelta(hours=8)))
                self._step(order, "finished", min(now, at + timedelta(days=2)))
            if chance.happens(buying.refunded, "refunded", *name):
                self._refund(order, order.payment, "不想要了", min(now, at + timedelta(hours=1)), done=True)

    def between(self, since: datetime, until: datetime) -> list[Order]:
        """Orders by time of their last change, the oldest first."""
        found = [one for one in self.orders.values() if since <= one.updated <= until]
        return sorted(found, key=lambda one: (one.updated, one.number))

    def refunds_between(self, since: datetime, until: datetime) -> list[Refund]:
        """Refunds by time of their last change."""
        found = [one for one in self.refunds.values() if since <= one.updated <= until]
        return sorted(found, key=lambda one: (one.updated, one.number))

    # Acts -----------------------------------------------------------------------------------------------------------

    def act_order(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """Places an order; ``pay`` true: and pays at once."""
        order = self._placed(person, self.stage.clock.now(), (self.account.touchpoint, person.key, len(self.orders)))
        self.changed(order, "placed")
        if given.get("pay") in (True, "true", "1", 1):
            self._step(order, "paid", self.stage.clock.now())
            self.changed(order, "paid")
        return {"order": order.number, "payment": order.payment / 100}

    def act_pay(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """Pays the latest order, or ``order``."""
        return self._stepped(person, given, "paid", lambda one: one.paid is None and one.closed is None)

    def act_ship(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """The shop ships the order."""
        return self._stepped(person, given, "shipped", lambda one: one.paid is not None and one.shipped is None)

    def act_finish(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """Confirms that it arrived."""
        return self._stepped(person, given, "finished", lambda one: one.shipped is not None and one.finished is None)

    def act_cancel(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """Cancels the order."""
        return self._stepped(person, given, "closed", lambda one: one.finished is None and one.closed is None)

    def act_refund(self, person: Person, given: Mapping[str, Any]) -> dict[str, Any]:
        """Asks for money back (``amount`` in yuan, else all of it); ``done`` false: it is not paid yet."""
        order = self._order(person, given, lambda one: one.paid is not None)
        try:
            amount = round(float(given.get("amount", order.payment / 100)) * 100)
        except (TypeError, ValueError) as error:
            raise ActError("amount is a number in yuan") from error
        done = given.get("done", True) in (True, "true", "1", 1)
        refund = self._refund(order, amount, text_of(given, "reason", "不想要了"), self.stage.clock.now(), done=done)
        self.refunded(refund)
        return {"order": order.number, "refund": refund.number}

    def _placed(self, person: Person, at: datetime, name: tuple[object, ...]) -> Order:
        chance = self.stage.chance
        count = chance.whole(1, 3, "lines", *name)
        begin = chance.whole(0, len(PRODUCTS) - 1, "product", *name)
        lines = [
            (*PRODUCTS[(begin + place) % len(PRODUCTS)], chance.whole(1, 3, "quantity", *name, place))
            for place in range(count)
        ]
        discount = chance.pick((0, 0, 500, 2_000), "discount", *name)
        order = Order(
            self.order_number(len(self.orders)), person, lines, chance.pick((0, 0, 800), "post", *name), discount,
            at.replace(microsecond=0), at.replace(microsecond=0),
        )  # fmt: skip
        self.orders[order.number] = order
        return order

    @staticmethod
    def _step(order: Order, step: str, at: datetime) -> None:
        at = max(at.replace(microsecond=0), order.updated)
        setattr(order, step, at)
        order.updated = at

    def _refund(self, order: Order, amount: int, reason: str, at: datetime, *, done: bool) -> Refund:
        at = at.replace(microsecond=0)
        refund = Refund(self.refund_number(len(self.refunds)), order, amount, reason, at, at, done)
        self.refunds[refund.number] = refund
        order.updated = max(order.updated, at)
        return refund

    def _stepped(
        self, person: Person, given: Mapping[str, Any], step: str, fits: Callable[[Order], bool]
    ) -> dict[str, Any]:
        order = self._order(person, given, fits)
        self._step(order, step, self.stage.clock.now())
        self.changed(order, step)
        return {"order": order.number}

    def _order(self, person: Person, given: Mapping[str, Any], fits: Callable[[Order], bool]) -> Order:
        number = text_of(given, "order")
        found = [one for one in self.orders.values() if (one.number == number if number else one.buyer is person)]
        found = [one for one in found if fits(one)]
        if not found:
            raise ActError("there is no such order to do this with", where=number or person.key)
        return found[-1]


def yuan(fen: int) -> str:
    """An amount as text in yuan."""
    return f"{fen / 100:.2f}"


def local(at: datetime | None) -> str:
    """The wall clock of Beijing; empty for what is not yet."""
    return at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S") if at is not None else ""


def read_local(value: Any) -> datetime | None:
    """An instant from the wall clock of Beijing; None for what is none."""
    try:
        return datetime.strptime(str(value), "%Y-%m-%d %H:%M:%S").replace(tzinfo=ZONE)
    except ValueError:
        return None


def milliseconds(at: datetime | None) -> int:
    """Milliseconds since 1970; 0 for what is not yet."""
    return int(at.timestamp() * 1000) if at is not None else 0


def masked(name: str) -> str:
    """A name of which marketplaces show the first letter."""
    return name[:1] + "*" * max(1, len(name) - 1)


def masked_phone(phone: str) -> str:
    """A number of which they show both ends."""
    return f"{phone[:3]}****{phone[-4:]}"
