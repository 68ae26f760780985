"""The brand's last week with its journey on: what happens is played a part of a day at a time, the journey's runs
go on, messages go out, and those who got one click and buy.

Runs, gate, claims and receipts are the real ones, at the story's time. Only the platforms' answers are made here, and
what people do with a message: that is the effect which the report of the journey has to find.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
from sqlalchemy import select

from onepool import sending
from onepool.clock import FakeClock, from_micros
from onepool.collect.links import Finder
from onepool.demo.brand.beside import large_ticks
from onepool.demo.brand.emit import oa, receipts
from onepool.demo.brand.emit.segment import china
from onepool.demo.brand.life import Life
from onepool.demo.brand.orders import FREE_FROM, LINES, PER_DAY, SHIPPING, Orders
from onepool.demo.brand.own_shops import Code, say_own_orders
from onepool.demo.brand.places import MINI, OA, SMS, WECOM
from onepool.demo.brand.plan import DAY
from onepool.demo.brand.platforms import Called, Platforms, luck
from onepool.demo.brand.play import Played, play
from onepool.demo.brand.sending import Delivery, Made, Sending
from onepool.demo.people import noise
from onepool.demo.people.arrays import chance_of
from onepool.state.journeys import runs
from onepool.state.outbox import sends
from onepool.tick import Worker
from onepool.workspace import Workspace, open_workspace

DAYS: Final = 7
MINUTES: Final = (10 * 60, 20 * 60)
"""When on each day (in Beijing) the journey is carried on and what is due goes out. A tick costs much the same for few
records and for many, so there are few."""

_ARRIVES: Final = {OA: 0.97, SMS: 0.965, WECOM: 1.0}
_CLICKS: Final = {OA: 0.34, SMS: 0.2, WECOM: 0.42}
_BUYS: Final = 0.5
"""Of those who click: they use the coupon."""
_OUT: Final = 0.01
"""Text messages that are answered with R."""
_COUPON, _CAMPAIGN, _OFF = "CPN_CART_20", "cart_recall", 2_000
_LINK: Final = re.compile(r"/l/([0-9A-Za-z_-]+)")
_PHONE_HEADERS: Final = (
    (b"user-agent", b"Mozilla/5.0 (Linux; Android 15; V2338A) AppleWebKit/537.36 Mobile MicroMessenger/8.0.55"),
)
_MINUTE: Final = 60_000
_STEP: Final = 60 * _MINUTE
_MILLION: Final = 1_000_000


def _large_steps(workspace: Workspace) -> None:
    """Lets runs go on at whole hours: messages go out twice a day, so that nobody could tell."""
    journeys = workspace.settings.journeys.model_copy(update={"quantum_milliseconds": _STEP})
    workspace.settings = workspace.settings.model_copy(update={"journeys": journeys})


class Ahead:
    """Sendings in order of time, taken up to an instant at a time."""

    def __init__(self, sendings: Iterator[Sending]) -> None:
        self._rest = sendings
        self._next: Sending | None = next(sendings, None)

    def until(self, at: int) -> Iterator[Sending]:
        """Those before an instant (milliseconds since 1970)."""
        while self._next is not None and self._next.at < at:
            yield self._next
            self._next = next(self._rest, None)


class _Opened:
    """A short link that somebody opens."""

    def thing(self, said: Any, at: int) -> Delivery:
        del at
        return Delivery("GET", f"/l/{said}", b"", _PHONE_HEADERS, b"")


@dataclass
class Reaching:
    """Carries the journey on. ``begin``, ``end``: milliseconds since 1970; ``life``: whose people get the messages."""

    root: Path
    life: Life
    begin: int
    end: int
    played: Played = field(default_factory=Played)
    _mine: list[Sending] = field(default_factory=list)
    _bought: int = 0
    _used: set[str] = field(default_factory=set)

    def run(self, ahead: Ahead, published: Callable[[Any], None], told: Callable[[int], None] | None = None) -> None:
        """Everything up to the end. ``published``: is given the workspace at ``begin``; ``told``: days so far."""
        clock = FakeClock(from_micros(self.begin * 1000))
        workspace = open_workspace(self.root, clock)
        large_ticks(workspace)
        _large_steps(workspace)
        platforms = Platforms(clock)
        worker, senders = Worker(workspace), sending.senders(workspace, platforms)
        try:
            worker.drain()
            published(workspace)
            for bound in self._moments():
                now = sorted([*ahead.until(bound), *self._due(bound)], key=lambda one: (one.at, one.place))
                links = Finder(lambda: workspace.state, clock)
                self.played.add(play(workspace, now, links=links))
                clock.set(from_micros(bound * 1000))
                worker.drain()
                while senders.step():
                    worker.drain()
                    clock.advance(timedelta(seconds=1))
                worker.drain()
                self._answer(workspace, platforms)
                if told is not None:
                    told(int((bound - self.begin) // (DAY * 1000)))
        finally:
            senders.close()
            worker.close()
            workspace.close()

    def _moments(self) -> Iterator[int]:
        for day in range(self.begin, self.end, DAY * 1000):
            yield from (day + minute * _MINUTE for minute in MINUTES)
        yield self.end

    def _due(self, bound: int) -> list[Sending]:
        found = [one for one in self._mine if one.at < bound]
        self._mine = [one for one in self._mine if one.at >= bound]
        return found

    # what comes of messages

    def _answer(self, workspace: Any, platforms: Platforms) -> None:
        """The platforms' receipts of what was taken, and what the people do."""
        taken, platforms.taken = sorted(platforms.taken, key=lambda one: one.message.key), []
        if not taken:
            return
        made = Made()
        known = self._people(taken[0].at)
        carts = self._carts(workspace, [int(one.message.key, 16) for one in taken])
        buys: list[tuple[int, int, int, str]] = []
        for one in taken:
            key, at = one.message.key, one.at // 1000
            arrives = luck(key, 10) < _ARRIVES[one.touchpoint]
            self._receipt(made, one, at, arrives=arrives)
            person = next((known[to] for to in one.message.to.values() if to in known), None)
            if not arrives or person is None or luck(key, 11) >= _CLICKS[one.touchpoint]:
                continue
            clicked = at + int((2 + 600 * luck(key, 12) ** 4) * _MINUTE)
            link = _LINK.search(json.dumps(dict(one.message.content), ensure_ascii=False, default=str))
            if link is not None:
                made.one(_Opened(), clicked, link[1])
            product, code = carts.get(int(key, 16), ("", ""))
            if code and product and code not in self._used and luck(key, 13) < _BUYS:
                self._used.add(code)
                buys.append((clicked + int((3 + 40 * luck(key, 14)) * _MINUTE), person, int(product[2:]) - 1, code))
        self._buy(made, sorted(buys))
        self._mine += [one for one in made.sendings if one.at < self.end]

    def _receipt(self, made: Made, one: Called, at: int, *, arrives: bool) -> None:
        second, ways = at // 1000, self.life.scene.ways
        if one.touchpoint == OA:
            status = "success" if arrives else "failed:user block"
            result = oa.template_result(one.message.to["openid"], second + 1, int(one.provider_id), status)
            made.one(ways.oa, at + 2_000, result)
        elif one.touchpoint == SMS:
            phone = one.message.to["phone"].removeprefix("+86")
            wait = 3 + int(60 * luck(one.message.key, 15))
            told = receipts.report(
                phone, china(second), china(second + wait), one.provider_id, one.message.key, delivered=arrives
            )
            made.one(ways.sms, at + wait * 1000 + 500, ("report", [told]))
            if arrives and luck(one.message.key, 16) < _OUT:
                reply = receipts.reply(phone, china(second + 300), "R", one.provider_id)
                made.one(ways.sms, at + 300_500, ("up", [reply]))

    def _buy(self, made: Made, buys: list[tuple[int, int, int, str]]) -> None:
        """Orders of the mini program with the coupon: when (ms), who, what, code."""
        if not buys:
            return
        scene, size = self.life.scene, len(buys)
        when, who, what = (np.array([one[place] for one in buys], np.int64) for place in range(3))
        time = when // 1000 - scene.start
        first = np.zeros((size, LINES), np.int64)
        product, quantity, paid_for = first.copy(), first.copy(), first.copy()
        price = scene.goods.price[what]
        product[:, 0], quantity[:, 0], paid_for[:, 0] = what, 1, price - _OFF
        shipping = np.where(price - _OFF >= FREE_FROM, 0, SHIPPING)
        # Beyond the numbers of the day's other orders.
        number = time // DAY * PER_DAY + PER_DAY // 2 + self._bought + np.arange(size)
        self._bought += size
        orders = Orders(
            number=number, person=who, time=time, shop=np.zeros(size, np.int64), product=product, quantity=quantity,
            paid_for=paid_for, listed=price, amount=price - _OFF + shipping, shipping=shipping,
            coupon=np.full(size, -1, np.int64), receiver=who, paid=np.ones(size, bool),
            refunded=np.zeros(size, np.int64),
        )  # fmt: skip
        chance = chance_of(scene.seed, 970, self._bought)
        codes = {one: Code(_COUPON, buy[3], _CAMPAIGN, _OFF) for one, buy in zip(number.tolist(), buys, strict=True)}
        say_own_orders(chance, scene, made, MINI, orders, when, [], codes)

    def _people(self, at: int) -> dict[str, int]:
        """Whom addresses belong to at a time (microseconds since 1970): places of the persons."""
        scene = self.life.scene
        customers = scene.customers
        everybody = np.arange(customers.size)
        tenure = customers.phones.chains.at(
            customers.phones.chains.slot_of_person[everybody],
            np.full(customers.size, at // _MILLION - scene.start, np.int64),
        )
        found: dict[str, int] = {}
        for texts in (
            [f"+86{one}" for one in noise.phone_texts(customers.phones.number[tenure]).tolist()],
            scene.ids(WECOM, everybody).tolist(), scene.ids(OA, everybody).tolist(),
        ):  # fmt: skip
            found |= dict(zip(texts, everybody.tolist(), strict=True))
        return found

    @staticmethod
    def _carts(workspace: Any, numbers: list[int]) -> dict[int, tuple[str, str]]:
        """By message: the product that its run began with and the coupon's code; while that was not used."""
        found: dict[int, tuple[str, str]] = {}
        with workspace.state.read() as connection:
            for first in range(0, len(numbers), 500):
                part = sends.c.send_id.in_(numbers[first : first + 500])
                query = select(sends.c.send_id, runs.c.trigger, runs.c.vars).join(runs, runs.c.run_id == sends.c.run_id)
                for row in connection.execute(query.where(part)):
                    product = json.loads(row.trigger or "{}").get("product_id", "")
                    code = json.loads(row.vars or "{}").get("coupon_code", "")
                    found[row.send_id] = (str(product), str(code))
        return found
